"""`street-agent events export`: events as JSON lines, or as CAP 1.2 messages in XML.

They are those that a device still has stored, delivered ones too until their segment is erased, or
those of a file that `replay --events` has written. It changes nothing and takes no lock, so that it
can run beside the agent.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from agent.cap_xml import messages
from agent.cli.places import DEFAULT_STATE
from agent.errors import RecordingError, StorageError
from agent.events import Kind
from agent.store.layout import OUTBOX
from agent.store.outbox import recorded

UNITS_S = {"m": 60, "h": 3600, "d": 86400}
Payload = Mapping[str, Any]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    text = "print events as JSON lines, or as CAP 1.2 messages, oldest first"
    export = actions.add_parser("export", help=text, description=text)
    source = export.add_mutually_exclusive_group()
    source.add_argument(
        "--state", type=Path, default=DEFAULT_STATE, metavar="FOLDER",
        help="the agent's state folder (default: %(default)s)",
    )  # fmt: skip
    source.add_argument(
        "--from", dest="file", metavar="FILE",
        help="a file of events, as replay --events writes it; - = stdin",
    )  # fmt: skip
    export.add_argument(
        "--since", type=since, default=0.0, metavar="TIME",
        help="only events from this time on: 2d, 12h or 30m ago, or 2026-11-23T08:00:00+08:00",
    )  # fmt: skip
    export.add_argument(
        "--kind", action="append", choices=[kind.value for kind in Kind], metavar="KIND",
        help="only this kind, such as street.waterlogging; may be given several times",
    )  # fmt: skip
    export.add_argument(
        "--cap", action="store_true",
        help="as CAP 1.2 messages, one XML document a line; only water has them",
    )  # fmt: skip
    export.add_argument(
        "--sender", default="", metavar="NAME",
        help="with --cap: the sender, such as water@district.example (default: street-agent.SITE)",
    )  # fmt: skip
    export.add_argument(
        "--exercise", action="store_true", help="with --cap: status Exercise instead of Actual"
    )
    export.add_argument(
        "--out", type=Path, metavar="PATH",
        help="write to this file; with --cap into this folder, one file a message",
    )  # fmt: skip


def since(text: str) -> float:
    """Seconds since 1970 of a time, or of so long ago. Raise argparse's error."""
    ago = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if ago:
        return time.time() - int(ago[1]) * UNITS_S[ago[2]]
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise argparse.ArgumentTypeError(
        f"{text!r} is neither an age such as 2d, 12h or 30m, nor an ISO 8601 time with offset"
        " such as 2026-11-23T08:00:00+08:00"
    )


def run(args: argparse.Namespace) -> int:
    """Print what is asked for, and say on stderr how many there were."""

    def is_asked(payload: Payload) -> bool:
        at = datetime.fromisoformat(payload["time"]).timestamp()
        return at >= args.since and (not args.kind or payload["data"]["kind"] in args.kind)

    payloads = _of_file(args.file) if args.file else _of_device(args.state)
    if args.cap:
        return _cap(args, payloads, is_asked)
    lines = [json.dumps(p, ensure_ascii=False, separators=(",", ":"))
             for p in payloads if is_asked(p)]  # fmt: skip
    _print(lines, args.out)
    print(_counted(len(lines), "event"), file=sys.stderr)
    return 0


def _cap(
    args: argparse.Namespace, payloads: Iterable[Payload], is_asked: Callable[[Payload], bool]
) -> int:
    """All are looked at, since a message refers to those before the asked ones too."""
    known = list(payloads)
    found = [
        message
        for message in messages(known, args.sender, is_exercise=args.exercise)
        if is_asked(message.payload)
    ]
    if args.out is None:
        _print([message.text(is_indented=False) for message in found], None)
    else:
        _write_each(args.out, {_file(m.name): m.text(is_indented=True) for m in found})
    without = sum(is_asked(payload) and not payload["data"].get("cap") for payload in known)
    rest = f"; {_counted(without, 'event')} without CAP fields left out" if without else ""
    print(f"{_counted(len(found), 'message')}{rest}", file=sys.stderr)
    return 0


def _of_device(folder: Path) -> Iterator[Payload]:
    """Events of a state folder. Raise StorageError."""
    try:
        yield from recorded(folder / OUTBOX)
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            raise StorageError(f"{error}; is {folder} an agent's state folder?") from error
        raise


def _of_file(name: str) -> list[Payload]:
    """Events of a file, in their order. Raise RecordingError naming file and line."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise RecordingError(f"{name}: {error.strerror}") from error
    found = []
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            payload = json.loads(line)
            datetime.fromisoformat(payload["time"]).timestamp()
            Kind(payload["data"]["kind"])
            list(messages([payload]))  # what it would take to tell it
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RecordingError(
                f"{name}:{number}: not an event, as replay --events writes it: {_what(error)}"
            ) from error
        found.append(payload)
    return found


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _file(name: str) -> str:
    """A file's name, which leads nowhere else whatever the identifier is."""
    return f"{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.xml"


def _what(error: Exception) -> str:
    return f"no {error}" if isinstance(error, KeyError) else str(error)


def _print(lines: list[str], path: Path | None) -> None:
    if path is None:
        _all(lines, sys.stdout)
        return
    try:
        with path.open("w", encoding="utf-8") as file:
            _all(lines, file)
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error


def _all(lines: list[str], file: TextIO) -> None:
    for line in lines:
        print(line, file=file)


def _write_each(folder: Path, files: Mapping[str, str]) -> None:
    """Make the folder and write them. Raise StorageError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{error.filename or folder}: {error.strerror}") from error
