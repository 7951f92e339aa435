"""The table of events: it is what the command writes, and nothing that can be told is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from event_table import examples, table

from agent import detectors
from agent.events import Kind
from agent.width import columns

TABLE = Path(__file__).parents[1] / "docs" / "events.md"
KINDS = {"stillness": "home.stillness", "outing": "home.outing", "sleep": "home.sleep",
         "meals": "home.meals"}  # fmt: skip
LATER = {Kind.POLLUTION, Kind.DISCHARGE, Kind.INTRUSION, Kind.HAZARD}  # no detector tells them yet
REST, MOST = 30, 40
"""Characters of a Chinese sentence without its place, and of the place: one text message."""


def reasons(name: str) -> list[str]:
    """First cells of the table in a detector's docstring."""
    text = (Path(detectors.__file__).parent / f"{name}.py").read_text()
    rows = re.findall(r"^\| (\w+) +\|", text.split('"""')[1], re.MULTILINE)
    return [row for row in dict.fromkeys(rows) if row not in {"reason", "limit"}]


def test_the_table_is_what_the_command_writes() -> None:
    """`make docs/events.md` writes it anew."""
    assert TABLE.read_text() == table()


@pytest.mark.parametrize("name", KINDS)
def test_every_reason_of_a_docstring_occurs(name: str) -> None:
    """With an example from a replay."""
    told = {reason for kind, reason, *_ in examples() if kind == KINDS[name]}
    assert len(reasons(name)) > 2
    assert set(reasons(name)) <= told


def test_every_kind_is_raised_and_ended() -> None:
    """Each that a detector can tell has both ends of its life in the table."""
    steps = {(kind, step) for kind, _, step, _ in examples()}
    for kind in set(Kind) - LATER:
        assert {(kind, "raised"), (kind, "fault")} & steps
        assert {(kind, "cleared"), (kind, "restored")} & steps


def test_the_table_fits_a_terminal() -> None:
    """80 columns, where a Chinese character takes two."""
    rows = [line for line in table().splitlines() if line.startswith("|")]
    assert {columns(row) for row in rows} == {79}


@pytest.mark.parametrize("key", [key for key in examples() if key[0].startswith("home.")], ids=str)
def test_a_sentence_is_one_text_message_without_code_words(key: tuple[str, ...]) -> None:
    """At most 70 characters for a place of 40, no figure of more than one decimal, no latin word."""
    place = "广州市黄埔区萝岗街某小区"
    zh = examples()[key][0].removeprefix(place)
    assert len(zh) <= REST
    if "removed" not in key:  # a sensor that is gone has nothing but its name
        assert not re.search(r"[A-Za-z_]", zh)
