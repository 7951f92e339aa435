"""How a problem is put into words: what was found, what is allowed, what was probably meant."""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

LONGEST = 40  # characters of a found value that are shown


def found(value: object) -> str:
    """Show a value as it stands in TOML, shortened, with its kind: `"17" (text)`."""
    match value:
        case bool():
            return f"{str(value).lower()} (true/false)"
        case int() if abs(value) >= 2**63:
            return "a number of more than 64 bits"
        case int() | float():
            return f"{value} (number)"
        case str():
            return f"{quoted(value)} (text)"
        case datetime() | time():
            return f"{value} (time)"
        case date():
            return f"{value} (date)"
        case dict():
            return "a table"
        case _:
            return "a list"


def quoted(text: str) -> str:
    """Show text in quotes, shortened."""
    short = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return f'"{printable(short)}"'


def printable(text: str) -> str:
    """Escape what could upset a terminal or break a line in two."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def allowed(hint: Any) -> str:
    """Say what a type hint lets in."""
    hint = bare(hint)
    plain = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: 'text in "quotes"',
        date: "a date such as 2026-11-01",
    }
    if hint in plain:
        return plain[hint]
    if options := choices(hint):
        return ", ".join(options)
    if get_origin(hint) is tuple:
        return f"a list: {allowed(get_args(hint)[0])}"
    if is_dataclass(hint):
        return f"a table of {', '.join(field.name for field in fields(hint))}"
    return "a table"


def choices(hint: Any) -> list[str]:
    """List the words that a closed set has; empty where the hint is none."""
    hint = bare(hint)
    if get_origin(hint) is Literal:
        return [str(option) for option in get_args(hint)]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [str(member.value) for member in hint]
    return []


def bare(hint: Any) -> Any:
    """Take "or None" off a hint: TOML has no null, a key is there or it is not."""
    if get_origin(hint) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        return kinds[0] if len(kinds) == 1 else hint
    return hint


def hint_at(hint: Any, path: Iterable[str | int]) -> Any:
    """Find the type hint of a key inside a dataclass; Any where there is none."""
    for part in path:
        hint = bare(hint)
        args, kind = get_args(hint), hint
        if is_dataclass(hint):
            hint = _hints(kind).get(str(part), Any)
        elif get_origin(hint) is tuple and args:
            index = 0 if len(args) == 1 or args[1:] == (...,) else int(part)
            hint = args[index] if index < len(args) else Any
        else:
            hint = args[1] if len(args) == 2 else Any
    return bare(hint)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def meant(word: str, options: Iterable[str]) -> str | None:
    """Guess which option was probably meant."""
    known = {_plain(option): option for option in options}
    near = difflib.get_close_matches(_plain(word)[:LONGEST], known, n=1, cutoff=0.6)
    return known[near[0]] if near else None


def suggestion(word: str, options: Iterable[str]) -> str:
    """Say `did you mean "..."?`, or what is allowed where nothing is near."""
    options = list(options)
    near = meant(word, options)
    return f'did you mean "{near}"?' if near else f"allowed: {', '.join(options)}"


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
