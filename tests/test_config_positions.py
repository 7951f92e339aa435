"""Where the keys of a TOML document stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.positions import line_column, positions, spots

DOCUMENT = '''\
# [not.a.table]
title = "a # b = c"  # x = 1
"quoted \\u00e9.key" = 1
'literal.key' = { a.b = 1, "c d" = [1, { e = 2 }] }
a . b . "c" = 07:32:00
text = """
[fake]
key = "quote \\""" and two""\\
"""""
raw = \'\'\'
[[fake]]
\'\'\'\'\'
when = 1979-05-27 07:32:00
list = [ # ]
  "]", \'[\',  # [x]
  [[1], []], {x = "}"},
]
[ table . "sub.table" ]
k = -inf
[[many]]
n = 1
[many.own]
n = 2
[[many.more]]
[[many]]
n = 3
[[many.more]]
n = 4
[[many.more]]
'''


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every key and array item that tomllib sees."""
    match value:
        case dict():
            items = list(value.items())
        case list():
            items = list(enumerate(value))
        case _:
            return
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


def assert_all_found(text: str) -> None:
    document = tomllib.loads(text)
    found = positions(text)
    assert set(found) == set(paths(document))
    lines = text.split("\n")
    for path, spot in found.items():
        line, column = line_column(text, spot.key)
        rest = lines[line - 1][column - 1 :]
        word = path[-1]
        if isinstance(word, str):
            quoted = rest[:1] in ("'", '"')
            assert quoted or rest.startswith(word)
            value: Any = document
            for part in path:
                value = value[part]
            if isinstance(value, int | float):
                line, column = line_column(text, spot.value)
                number = re.match(r"[-\w.]+", lines[line - 1][column - 1 :])
                assert number is not None
                assert tomllib.loads(f"v = {number[0]}")["v"] == value


def test_all_kinds_of_keys() -> None:
    """Every key of a document with all that TOML has is found, and nothing in text or comments."""
    document = DOCUMENT.replace("k = -inf", "k = 5")
    assert_all_found(document)


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("title",), (2, 1), (2, 9)),
        (("literal.key", "c d", 1, "e"), (4, 42), (4, 46)),
        (("a", "b", "c"), (5, 9), (5, 15)),
        (("list", 2), (16, 3), (16, 3)),
        (("table", "sub.table"), (18, 11), (18, 1)),
        (("many", 0, "own", "n"), (23, 1), (23, 5)),
        (("many", 1), (25, 3), (25, 1)),
        (("many", 1, "more", 1), (29, 8), (29, 1)),
    ],
)
def test_place(path: tuple[str | int, ...], key: tuple[int, int], value: tuple[int, int]) -> None:
    """A key's place is that of its own word, a value's that of its first character."""
    spot = positions(DOCUMENT)[path]
    assert line_column(DOCUMENT, spot.key) == key
    assert line_column(DOCUMENT, spot.value) == value


def test_chinese_character_is_one_column() -> None:
    """Columns count characters, not bytes."""
    text = 'place = { zh = "萝岗街", en = 1 }'
    assert line_column(text, positions(text)["place", "en"].value) == (1, 28)


def basic(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


bare_keys = st.text("abcdefgh-_019", min_size=1, max_size=4)
quoted_keys = st.text("ab .#=[]{}'\\\n\"é路", max_size=5)
scalars = (
    st.integers(-999, 999).map(str)
    | st.booleans().map(lambda value: str(value).lower())
    | st.sampled_from(["1.5", "2026-11-01", "1979-05-27 07:32:00Z", "'a # ]'", '"""x\n[y]\n"""'])
    | st.text("ab .#=[]{}\\\n\"'é路", max_size=8).map(basic)
)


def unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    return {tomllib.loads(f"{key} = 0").popitem()[0]: f"{key} = {item}" for key, item in pairs}


keys = bare_keys | quoted_keys.map(basic)
blanks = st.sampled_from(["", " ", "  ", "\t"])


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = st.tuples(
        st.lists(inner, max_size=3), st.sampled_from(["", "\n", " # ]\n  ", "\n\n"])
    ).map(lambda made: f"[{made[1]}" + f",{made[1]}".join(made[0]) + f"{made[1]}]")
    tables = st.lists(st.tuples(keys, inner), max_size=3).map(
        lambda pairs: "{ " + ", ".join(unique(pairs).values()) + " }"
    )
    return lists | tables


values = st.recursive(scalars, nested, max_leaves=6)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A TOML document; not all of them are valid."""
    lines = []
    for _ in range(draw(st.integers(1, 8))):
        name = ".".join(draw(st.lists(keys, min_size=1, max_size=3)))
        blank = draw(blanks)
        match draw(st.integers(0, 4)):
            case 0:
                lines.append(f"{blank}[{blank}{name}{blank}] # [c]")
            case 1:
                lines.append(f"[[{blank}{name}]]")
            case _:
                lines.append(f"{name}{blank}={blank}{draw(values)}{blank}# d = 1")
    return draw(st.sampled_from(["\n", "\n\n"])).join(lines)


def is_valid(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


@given(documents().filter(is_valid))
def test_every_key_is_found(text: str) -> None:
    """Whatever tomllib reads, its keys are exactly those found, each on a line that has it."""
    assert_all_found(text)


@given(st.text() | st.text("ab.=[]{}'\"#\n\\ ,1"))
def test_any_text_ends(text: str) -> None:
    """What is no TOML is scanned as far as it goes, and never raises."""
    assert all(0 <= spot.key <= spot.value or spot.value >= 0 for spot in spots(text))
