"""Where each key of a TOML document stands; tomllib does not tell, and messages need it.

This only places messages: the values come from tomllib, which also decides what is valid. On a
document that is not valid the scanner stops where it no longer understands, and what it has found
up to there is what is known.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys from the root on; a number is a place in an array, counted from 0."""

BLANK = re.compile(r"[ \t]*")
BETWEEN = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")  # between statements, and inside arrays
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
QUOTED_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'")
# Three quotes first; up to two more quotes may stand directly before the closing three.
TEXT = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
OTHER = re.compile(r"[^,\]}#\n]+")  # numbers, booleans, dates (which may contain one blank)


@dataclass(frozen=True, slots=True)
class Spot:
    """One key. Offsets count characters from 0.

    Attributes:
        key: where the key's own word begins.
        value: where its value begins; for a table, its opening bracket.
    """

    path: Path
    key: int
    value: int


def line_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column of a character, both counted from 1, a Chinese character being one."""
    start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - start + 1


def spots(text: str) -> Iterator[Spot]:
    """Yield every key and array item in the order of the document, repeated ones too."""
    try:
        yield from _Scanner(text).document()
    except (_Lost, RecursionError):
        return


def positions(text: str) -> Mapping[Path, Spot]:
    """Find the first spot of every path."""
    found: dict[Path, Spot] = {}
    for spot in spots(text):
        found.setdefault(spot.path, spot)
    return found


class _Lost(Exception):
    """Not the TOML that was expected here."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._last: dict[Path, int] = {}  # arrays of tables: index of the newest table

    def document(self) -> Iterator[Spot]:
        table: Path = ()
        while True:
            self._skip(BETWEEN)
            if self._at == len(self._text):
                return
            if self._text.startswith("[", self._at):
                opening = self._at
                double = self._text.startswith("[[", opening)
                self._at += 2 if double else 1
                for spot in self._header(opening, double):
                    table = spot.path
                    yield spot
            else:
                yield from self._pair(table)

    def _header(self, opening: int, double: bool) -> Iterator[Spot]:
        parts = list(self._key())
        path: Path = ()
        for word, key in parts[:-1]:
            path = self._newest((*path, word))
            yield Spot(path, key, opening)
        word, key = parts[-1]
        path = (*path, word)
        if double:
            yield Spot(path, key, opening)
            self._last[path] = self._last.get(path, -1) + 1
            path = (*path, self._last[path])
        yield Spot(path, key, opening)
        self._expect("]]" if double else "]")

    def _pair(self, table: Path) -> Iterator[Spot]:
        parts = list(self._key())
        self._expect("=")
        self._skip(BLANK)
        path = table
        for word, key in parts[:-1]:
            path = self._newest((*path, word))
            yield Spot(path, key, self._at)
        path = (*path, parts[-1][0])
        yield Spot(path, parts[-1][1], self._at)
        yield from self._value(path)

    def _value(self, path: Path) -> Iterator[Spot]:
        match self._text[self._at : self._at + 1]:
            case "[":
                yield from self._array(path)
            case "{":
                yield from self._inline(path)
            case '"' | "'":
                self._take(TEXT)
            case _:
                self._take(OTHER)

    def _array(self, path: Path) -> Iterator[Spot]:
        self._at += 1
        index = 0
        while True:
            self._skip(BETWEEN)
            if self._passes("]"):
                return
            yield Spot((*path, index), self._at, self._at)
            yield from self._value((*path, index))
            self._skip(BETWEEN)
            if not self._passes(","):
                self._expect("]")
                return
            index += 1

    def _inline(self, path: Path) -> Iterator[Spot]:
        self._at += 1
        while True:
            self._skip(BETWEEN)
            if self._passes("}"):
                return
            yield from self._pair(path)
            self._skip(BETWEEN)
            if not self._passes(","):
                self._expect("}")
                return

    def _key(self) -> Iterator[tuple[str, int]]:
        while True:
            self._skip(BLANK)
            begin = self._at
            quoted = self._text[begin : begin + 1] in ("'", '"')
            word = self._take(QUOTED_KEY if quoted else BARE_KEY)
            yield (_unquoted(word) if quoted else word), begin
            self._skip(BLANK)
            if not self._passes("."):
                return

    def _newest(self, path: Path) -> Path:
        """Step into the newest table where the path is an array of tables."""
        return (*path, self._last[path]) if path in self._last else path

    def _passes(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        if not self._passes(mark):
            raise _Lost

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            raise _Lost
        self._at = match.end()
        return match.group()

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at


def _unquoted(word: str) -> str:
    try:
        return str(tomllib.loads(f"word = {word}")["word"])
    except ValueError:
        raise _Lost from None
