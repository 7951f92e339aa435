"""Bytes of a file into a TOML document, or one problem that says where it stops being one."""

from __future__ import annotations

import math
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

from agent.config.positions import Path, line_column, spots
from agent.config.problems import Report, label
from agent.config.wording import found, quoted

LARGEST = 1024 * 1024  # bytes; the largest site there is needs some 20 KiB
DEEPEST = 16  # the deepest key that there is has four parts
PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
REPEATED = ("Cannot overwrite", "Cannot declare", "Duplicate inline table key")
# What Chinese input methods and word processors put where TOML wants ASCII.
LOOKALIKES = dict(zip("“”„＂‘’＇＝［］【】｛｝，．＃", '""""\'\'\'=[][]{},.#', strict=True))
BLANKS = {"\u3000": "a Chinese space", "\u00a0": "a no-break space"}


def contents(path: File) -> bytes:
    """Read a file, or as much as shows that it is too large. Raise OSError."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def parsed(data: bytes, file: str) -> tuple[dict[str, Any] | None, Report]:
    """Parse a document; None where the report says why there is none."""
    text, report = _decoded(data, file)
    if text is None:
        return None, report
    # tomllib's memory grows with the square of a key's parts: 300 KiB of `a.a.a` take it all.
    if deep := next((spot for spot in spots(text) if len(spot.path) > DEEPEST), None):
        report.text_at(deep.key, f"nested too deeply, allowed: {DEEPEST} levels")
        return None, report
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        _report_syntax(report, str(error))
        return None, report
    except ValueError:  # Python's own limit on what int() reads
        many = re.search(r"\d{4000}", text)
        report.text_at(many.start() if many else 0, "not TOML: a number of thousands of digits")
        return None, report
    if not document:
        report.text_at(0, "the file is empty; a configuration begins with [site]")
        return None, report
    for path, message in _unusable(document, ()):
        report.value(path, message)
    return (None if report.is_fatal else document), report


def _decoded(data: bytes, file: str) -> tuple[str | None, Report]:
    if len(data) > LARGEST:
        report = Report(file, "")
        report.text_at(0, "larger than 1 MiB; a configuration has a few KiB")
        return None, report
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        report = Report(file, "")
        report.text_at(0, "UTF-16; allowed: UTF-8")
        return None, report
    data = data.removeprefix(b"\xef\xbb\xbf")  # Windows' Notepad puts it there
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        report = Report(file, data[: error.start].decode())
        message = f"found byte {data[error.start]:#04x}, allowed: UTF-8 (the file may be GBK)"
        report.text_at(error.start, message)
        return None, report
    text = text.replace("\r\n", "\n")  # as tomllib counts
    report = Report(file, text)
    if "\0" in text:
        report.text_at(text.index("\0"), "found a zero byte: the file is damaged")
        return None, report
    return text, report


def _report_syntax(report: Report, error: str) -> None:
    text = report.text
    place = PLACE.search(error)
    reason = error[: place.start()] if place else error
    offset = len(text)
    if place and place[1]:
        begins = [0, *(match.end() for match in re.finditer("\n", text))]
        offset = begins[int(place[1]) - 1] + int(place[2]) - 1
    if reason.startswith(REPEATED) and (twice := _repeated(report, offset)):
        report.text_at(*twice)
        return
    here = text[offset : offset + 1]
    if here in LOOKALIKES:
        message = f"not TOML: found {here}, allowed: {LOOKALIKES[here]}"
    elif here in BLANKS:
        message = f"not TOML: found {BLANKS[here]}, allowed: an ordinary one"
    elif offset >= len(text.rstrip()):
        message = f"not TOML: {_lower(reason)}: the file ends too early"
    elif reason == "Invalid value":
        rest = re.split(r"\s*[\n#]", text[offset:], maxsplit=1)[0]
        message = (
            f'not TOML: found {rest[:20] or "nothing"}, allowed: text in "quotes", a number, true'
        )
    elif here == "\n" and reason.startswith("Illegal character"):
        message = "not TOML: the line ends before the closing quote"
    else:
        message = f"not TOML: {_lower(reason)}"
    report.text_at(min(offset, len(text.rstrip())), message)


def _repeated(report: Report, offset: int) -> tuple[int, str, str] | None:
    """Find the key that was set a second time before the parser stopped."""
    first: dict[Path, int] = {}
    last: tuple[int, str, str] | None = None
    for spot in spots(report.text):
        if spot.key >= offset:
            break
        if spot.path in first and (not last or spot.key > last[0]):
            line, _ = line_column(report.text, first[spot.path])
            last = (spot.key, f"set twice, first in line {line}", label(spot.path))
        first.setdefault(spot.path, spot.key)
    return last


def _lower(reason: str) -> str:
    return reason[:1].lower() + reason[1:]


def _unusable(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Find values that TOML lets in and that are good for nothing here."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _unusable(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _unusable(item, (*path, index))
        case float() if not math.isfinite(value):
            yield path, f"found {value}, allowed: a number"
        case int() if abs(value) >= 2**63:
            yield path, f"found {found(value)}, allowed: a smaller one"
        case str() if any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in value):
            yield path, f"found {quoted(value)}, allowed: text without control characters"
