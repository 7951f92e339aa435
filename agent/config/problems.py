"""What is wrong with a configuration: each problem with its place, all of them together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from agent.config.positions import BARE_KEY, Path, Spot, line_column, positions
from agent.config.wording import meant, printable, suggestion

MOST = 100  # problems shown of one file


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Attributes:
        line: from 1 on; 0 where the file could not even be read.
        column: counts characters from 1 on; 0 like `line`.
        key: such as `sensor.pin`; empty where no key is concerned.
        is_warning: whether the configuration can be used all the same.
    """

    file: str
    line: int
    column: int
    key: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        words = [place, "warning" if self.is_warning else "", self.key, self.message]
        return ": ".join(word for word in words if word)


def label(path: Path) -> str:
    """Spell a path as one would in the file, without the places in arrays."""
    words = [word for word in path if isinstance(word, str)]
    return ".".join(
        word if BARE_KEY.fullmatch(word) else json.dumps(word, ensure_ascii=False) for word in words
    )


class Report:
    """Collects the problems of one document."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._found: list[_Finding] = []
        self._missing: dict[Path, _Finding] = {}
        self._meant: set[Path] = set()

    @property
    def is_fatal(self) -> bool:
        """Whether one of them is more than a warning."""
        return any(not finding.is_warning for finding in self._all())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems in the order of the document, not more than anybody would read."""
        findings = sorted(self._all(), key=lambda finding: finding.offset)
        shown = [self._placed(finding) for finding in findings[:MOST]]
        if more := len(findings) - len(shown):
            shown.append(Problem(self.file, 0, 0, "", f"{more} more problems"))
        return tuple(shown)

    def unknown(self, path: Path, options: Iterable[str], what: str = "key") -> None:
        """Report a key that does not belong there."""
        word, options = str(path[-1]), list(options)
        if near := meant(word, options):
            self._meant.add((*path[:-1], near))
        message = f"unknown {what}; {suggestion(word, options)}"
        self._found.append(_Finding(self._offset(path, at_key=True), label(path), message))

    def missing(self, path: Path, message: str) -> None:
        """Report a key that is not there, unless an unknown one was probably meant to be it."""
        self._missing[path] = _Finding(self._offset(path), label(path), message)

    def value(self, path: Path, message: str) -> None:
        """Report something wrong with the value behind a key, or with a whole table."""
        self._found.append(_Finding(self._offset(path), label(path), message))

    def warn(self, path: Path, message: str) -> None:
        """Report a value that is doubtful, but can be used."""
        self._found.append(_Finding(self._offset(path), label(path), message, is_warning=True))

    def text_at(self, offset: int, message: str, key: str = "") -> None:
        """Report something wrong at a character of the document."""
        self._found.append(_Finding(offset, key, message))

    def file_itself(self, message: str) -> None:
        """Report that there is no document to speak of."""
        self._found.append(_Finding(-1, "", message))

    def has(self, path: Path) -> bool:
        """Whether the document has a key or table."""
        return path in self._spots

    def line(self, path: Path) -> int:
        """Line of a key, or of what encloses it."""
        return line_column(self.text, self._offset(path, at_key=True))[0]

    def _all(self) -> list[_Finding]:
        missing = [found for path, found in self._missing.items() if path not in self._meant]
        return [*self._found, *missing]

    def _placed(self, finding: _Finding) -> Problem:
        line, column = line_column(self.text, finding.offset) if finding.offset >= 0 else (0, 0)
        key, message = printable(finding.key), printable(finding.message)
        return Problem(self.file, line, column, key, message, is_warning=finding.is_warning)

    def _offset(self, path: Path, *, at_key: bool = False) -> int:
        known = path
        while known and known not in self._spots:
            known = known[:-1]
        if not known:
            return 0
        spot = self._spots[known]
        return spot.key if at_key and known == path else spot.value

    @cached_property
    def _spots(self) -> Mapping[Path, Spot]:
        return positions(self.text)


@dataclass(frozen=True, slots=True)
class _Finding:
    offset: int  # in the text; -1 = the file as a whole
    key: str
    message: str
    is_warning: bool = False
