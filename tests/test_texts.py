"""What people read, where no replay shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sites import home

from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.texts import Told, detail, sentence
from agent.texts.faults import PART

YELLOW = WarningLevel.YELLOW


def told(kind: Kind, subject: str, level: WarningLevel | None, **evidence: Any) -> Told:
    finding = Finding(kind, subject, level, 0.0, sensors=(subject,), evidence=evidence)
    return Told(finding, home(), "", YELLOW, None)


@pytest.mark.parametrize("part", PART)
def test_a_fault_of_the_device_is_told_in_words(part: str) -> None:
    """No name of the program's own is in the sentence that people forward."""
    for level in (YELLOW, None):
        text = sentence(told(Kind.DEVICE_FAULT, part, level, cause="x"))
        assert not any(c.isascii() and c.isalpha() for c in text["zh"])
        assert "." not in text["en"].replace(". Everything", "").rstrip(".")


def test_nothing_is_said_of_data_that_never_came() -> None:
    """A sensor that cannot be opened has no last data; its cause is told."""
    never = told(Kind.SENSOR_FAULT, "cord", YELLOW, reason="lost", cause="no port", for_s=0)
    assert detail(never) == {"zh": "原因：no port", "en": "Cause: no port"}
    later = told(Kind.SENSOR_FAULT, "cord", YELLOW, reason="lost", cause="no port", for_s=60)
    assert detail(later) == {
        "zh": "最后数据在60秒前。原因：no port",
        "en": "Last heard 60 s ago. Cause: no port",
    }


@pytest.mark.parametrize(
    ("sensor", "place"),
    [("front-door", "at the front door"), ("kitchen-pir", "in the kitchen"),
     ("gone", "in the home")],
)  # fmt: skip
def test_a_last_sign_has_its_place(sensor: str, place: str) -> None:
    """At a door, in a room, and somewhere where the sensor is no longer installed."""
    still = told(Kind.STILLNESS, sensor, YELLOW, limit=240, last_sensor=sensor, for_s=14400,
                 reason="ceiling", days_learned=0, longest_min=0)  # fmt: skip
    assert f"Last movement {place};" in detail(still)["en"]


def test_a_call_that_timed_out_does_not_read_as_answered() -> None:
    """The sentence asks whether somebody has gone there."""
    text = sentence(told(Kind.HELP, "cord", None, reason="timeout"))
    assert "自动关闭，请确认已有人处理" in text["zh"]
    assert "has timed out" in text["en"]


def test_what_is_only_possible_says_so_first() -> None:
    """待核实 stands before everything else, in both languages."""
    smoke = told(Kind.SMOKE, "smoke", WarningLevel.RED)
    doubted = replace(smoke, finding=replace(smoke.finding, certainty=Certainty.POSSIBLE))
    assert sentence(doubted)["zh"].startswith("【待核实】")
    assert sentence(doubted)["en"].startswith("[To be verified on site] Smoke alarm")
