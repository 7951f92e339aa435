"""One table of the document into one frozen dataclass, through pydantic.

pydantic is strict, and strict about JSON: there a list is what a tuple is made of and a word what
an enum is made of, as in TOML, while text never becomes a number. Dates are all that JSON does not
have; they are compared with the type hints here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, make_dataclass
from datetime import date, time
from enum import Enum, auto
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pydantic import TypeAdapter, ValidationError

from agent.config.positions import Path
from agent.config.problems import Report
from agent.config.tables import STRICT
from agent.config.wording import allowed, choices, found, hint_at, meant, quoted

T = TypeVar("T")
MOST = 1000  # problems of one table that are put into words


def names(kind: type[Any]) -> list[str]:
    """List the keys of a table."""
    return [field.name for field in fields(kind)]


def required(kind: type[Any]) -> list[str]:
    """List the keys that a table must have."""
    return [f.name for f in fields(kind) if f.default is f.default_factory is MISSING]


def read(kind: type[T], raw: Mapping[str, Any], path: Path, report: Report) -> T | None:
    """Make the dataclass, or report every problem.

    A class checks its values in `__post_init__`, one ValueError at a time: what is wrong is
    reported and left out, and the rest is tried again, so that one run names everything. A reason
    that rests on a key that was left out is not reported: it may be wrong itself.

    Args:
        kind: a dataclass with `__pydantic_config__` as in STRICT.
        raw: the table as tomllib gave it.
        path: where it stands.
        report: takes the problems.
    """
    value: T | None
    value, faults = _attempt(kind, raw)
    left = dict(raw)
    dropped: set[str | int] = set()
    while faults:
        wrong = {fault.path[0] for fault in faults if fault.path}
        left = {key: item for key, item in left.items() if key not in wrong}
        for fault in faults:
            place = path + fault.path
            match fault.sort:
                case _Sort.UNKNOWN:
                    report.unknown(place, names(hint_at(kind, fault.path[:-1])))
                case _Sort.MISSING:
                    report.missing(place, fault.message + _range(kind, left, fault.path))
                case _Sort.MISMATCH:
                    report.value(place, fault.message + _range(kind, left, fault.path))
                case _Sort.REASON if not dropped & {*fault.path, *_words(fault.message)}:
                    is_default = fault.path and fault.path[0] not in raw
                    report.value(place, ("its default " if is_default else "") + fault.message)
        if wrong <= dropped:
            break
        dropped |= wrong
        faults = _reasons(kind, left)
    return value


class _Sort(Enum):
    UNKNOWN = auto()
    MISSING = auto()
    MISMATCH = auto()  # not of the key's type
    REASON = auto()  # what the class's own check said


@dataclass(frozen=True, slots=True)
class _Fault:
    sort: _Sort
    path: Path
    message: str = ""


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _attempt(kind: Any, raw: Mapping[str, Any]) -> tuple[Any, list[_Fault]]:
    faults = [_mismatch(kind, raw, path) for path in _misplaced_dates(kind, raw, ())]
    try:
        value = _adapter(kind).validate_json(json.dumps(raw, default=str))
    except ValidationError as error:
        known = {fault.path for fault in faults}
        others = [_fault(kind, raw, detail) for detail in error.errors(include_url=False)[:MOST]]
        return None, faults + [fault for fault in others if fault.path not in known]
    return (None if faults else value), faults


@cache
def _partial(kind: Any) -> Any:
    """Make a class with the same checks in which no key is required."""
    hints = get_type_hints(kind)
    optional: list[Any] = [(name, hints[name] | None, None) for name in required(kind)]
    own = {"__pydantic_config__": STRICT, "__module__": kind.__module__}
    return make_dataclass(kind.__name__, optional, bases=(kind,), frozen=True, namespace=own)


def _reasons(kind: Any, raw: Mapping[str, Any]) -> list[_Fault]:
    """Ask a class's own check about an incomplete table."""
    try:
        _, faults = _attempt(_partial(kind), raw)
    except (AttributeError, TypeError, LookupError):
        return []  # it came upon a key that is not there
    return [fault for fault in faults if fault.sort is _Sort.REASON]


def _fault(kind: Any, raw: Mapping[str, Any], detail: Any) -> _Fault:
    path: Path = detail["loc"]
    match detail["type"]:
        case "unexpected_keyword_argument":
            return _Fault(_Sort.UNKNOWN, path)
        case "missing":
            return _Fault(_Sort.MISSING, path, f"missing; allowed: {allowed(hint_at(kind, path))}")
        case "value_error":
            message = str(detail["ctx"]["error"])
            key, _, reason = message.partition(": ")
            if key in names(hint_at(kind, path)):
                return _Fault(_Sort.REASON, (*path, key), reason)
            return _Fault(_Sort.REASON, path, message)
        case _:
            return _mismatch(kind, raw, path)


def _mismatch(kind: Any, raw: Mapping[str, Any], path: Path) -> _Fault:
    value: Any = raw
    for part in path:
        value = value[part]
    hint = hint_at(kind, path)
    options = choices(hint)
    if isinstance(value, str) and options:
        near = meant(value, options)
        guess = f'; did you mean "{near}"?' if near else ","
        message = f"found {quoted(value)}{guess} allowed: {allowed(hint)}"
    else:
        message = f"found {found(value)}, allowed: {allowed(hint)}"
    return _Fault(_Sort.MISMATCH, path, message)


def _range(kind: Any, raw: Mapping[str, Any], path: Path) -> str:
    """Learn a number's range from the one place that knows it: the class's own check."""
    if len(path) != 1 or hint_at(kind, path) not in (int, float):
        return ""
    absurd = _reasons(kind, {**raw, str(path[0]): -(10**9)})
    texts = [fault.message for fault in absurd if fault.path == path]
    return " " + texts[0].partition(" outside ")[2] if texts and " outside " in texts[0] else ""


def _misplaced_dates(kind: Any, value: Any, path: Path) -> Iterator[Path]:
    """Find dates where text belongs and text where dates belong."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _misplaced_dates(kind, item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _misplaced_dates(kind, item, (*path, index))
        case date() | time() | str():
            hint = hint_at(kind, path)
            fits = type(value) is date if hint is date else isinstance(value, str)
            if hint is not Any and not fits:
                yield path


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)
