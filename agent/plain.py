"""Frozen dataclasses <-> plain JSON values, by their type hints: how states are kept.

Covers what states are made of: dataclasses, tuples, mappings with text keys, enums, numbers, text,
booleans and None. A state from another release that does not fit raises ValueError.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints


def to_plain(value: Any) -> Any:
    """Turn a state into JSON values."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    return value


def from_plain(hint: Any, plain: Any) -> Any:
    """Turn JSON values back into what the type hint says. Raise ValueError if they do not fit."""
    origin, args = get_origin(hint), get_args(hint)
    match plain:
        case dict() if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return _dataclass(hint, plain)
        case dict() if origin is not None and issubclass(origin, Mapping):
            return {key: from_plain(args[1], item) for key, item in plain.items()}
        case list() if origin is tuple:
            hints = (args[0],) * len(plain) if args[1:] == (...,) else args
            if len(hints) != len(plain):
                raise ValueError(f"{len(plain)} items where {len(hints)} belong")
            return tuple(map(from_plain, hints, plain))
        case _ if origin in (Union, types.UnionType):
            return _either(args, plain)
        case int() if hint is float and not isinstance(plain, bool):
            return float(plain)
        case _ if hint is Any or (isinstance(hint, type) and type(plain) is hint):
            return plain
        case _ if isinstance(hint, type) and issubclass(hint, Enum):
            return hint(plain)
    raise ValueError(f"{plain!r} is not {hint}")


def _either(hints: tuple[Any, ...], plain: Any) -> Any:
    for hint in hints:
        if hint is type(None):
            if plain is None:
                return None
            continue
        try:
            return from_plain(hint, plain)
        except ValueError:
            continue
    raise ValueError(f"{plain!r} is none of {hints}")


def _dataclass(kind: Any, plain: dict[str, Any]) -> Any:
    hints = _hints(kind)
    if set(plain) != set(hints):
        raise ValueError(f"{kind.__name__} has {sorted(hints)}, not {sorted(plain)}")
    return kind(**{name: from_plain(hints[name], plain[name]) for name in hints})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind)}
