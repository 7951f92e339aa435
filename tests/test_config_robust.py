"""Whatever stands in the file, the answer is a configuration or a list of problems."""

from __future__ import annotations

import re
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wrong_configs import HOME, SENSOR, said

from agent.config.load import parse
from agent.errors import ConfigError

GOOD = HOME.encode()
PLACED = re.compile(r"site\.toml:(\d+):(\d+): \S")


def assert_placed(text: bytes) -> None:
    """Problems have places that exist in the document."""
    lines = text.count(b"\n") + 1
    for message in said(text):
        place = PLACED.match(message)
        assert place or re.fullmatch(r"site\.toml: \d+ more problems", message), message
        assert not place or int(place[1]) <= lines


@pytest.mark.parametrize("cut", range(len(GOOD)))
def test_truncated(cut: int) -> None:
    """A file cut off at any byte is refused with a place, or is a whole configuration."""
    assert_placed(GOOD[:cut])


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3))
def test_flipped(at: int, instead: bytes) -> None:
    """A file with one byte replaced, left out or doubled never ends in a traceback."""
    assert_placed(GOOD[:at] + instead + GOOD[at + 1 :])


@given(st.binary() | st.text().map(str.encode) | st.text("[]=.\"'{}#\n ab1").map(str.encode))
def test_random(text: bytes) -> None:
    """Random bytes and random TOML-like text never end in a traceback."""
    assert_placed(text)


anything = st.recursive(
    st.sampled_from(
        ["1", "-1", "9999999999999999999999", "1e999", "nan", "true", '""', '"x"', "2026-11-01"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda item: f"{{ a = {item}, zh = {item} }}")
    ),
    max_leaves=4,
)
LINES = [index for index, line in enumerate(HOME.splitlines()) if " = " in line]


@given(st.sampled_from(LINES), anything)
def test_any_value_at_any_key(line: int, value: str) -> None:
    """Any TOML value at any key is either right, or refused in the line where it stands."""
    lines = HOME.splitlines()
    lines[line] = f"{lines[line].partition(' = ')[0]} = {value}"
    text = "\n".join(lines)
    tomllib.loads(text)
    assert_placed(text.encode())


def test_ten_thousand_sensors() -> None:
    """10,000 sensors are refused within seconds, in one line."""
    text = GOOD + SENSOR.encode() * 5_000
    begin = time.monotonic()
    assert said(text) == ["site.toml:11:1: sensor: 10002 sensors, allowed: at most 64"]
    assert time.monotonic() - begin < 10


def test_many_problems_are_summed_up() -> None:
    """Nobody has to read more than 100 problems."""
    text = GOOD + b"[store]\n" + b"".join(b"k%d = 1\n" % n for n in range(250))
    problems = said(text)
    assert len(problems) == 101
    assert problems[-1] == "site.toml: 150 more problems"


def test_byte_order_mark_and_windows_lines() -> None:
    """A file from a Windows editor is read, and its problems are placed as in the editor."""
    windows = b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n")
    assert parse(windows, "site.toml").site.id == "gz-hp-0001"
    assert said(windows.replace(b"pin = 17", b"pin = 40")) == [
        "site.toml:15:7: sensor.pin: 40 is outside 0 to 27 (BCM numbers)"
    ]


def test_secret_is_never_repeated() -> None:
    """A password in a broker's address is in no message, however wrong the address is."""
    for address in (
        "mqtt://me:geheim@",
        "mqtts://me:geheim@host:99999",
        "me:geheim@[",
        "x://:geheim@h",
    ):
        with pytest.raises(ConfigError) as refused:
            parse(GOOD.replace(b"mqtts://broker.example:8883", address.encode()), "site.toml")
        assert "geheim" not in str(refused.value)
