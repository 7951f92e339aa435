"""What people read, where no replay shows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sites import home

from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.texts import Told, detail, plain, sentence
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


def test_who_does_not_get_up_is_told_as_that() -> None:
    """A silence of two hours would alarm nobody; the bed that was not left does."""
    late = told(Kind.STILLNESS, "bedroom-pir", WarningLevel.ORANGE, limit=120,
                last_sensor="bedroom-pir", for_s=7200, reason="not_up", days_learned=16,
                longest_min=0)  # fmt: skip
    assert "今早未见起床，橙色预警" in sentence(late)["zh"]
    assert "nobody has been seen to get up" in sentence(late)["en"]
    assert "卧室，2小时前" in detail(late)["zh"]


@pytest.mark.parametrize("level", [YELLOW, WarningLevel.ORANGE, WarningLevel.RED])
@pytest.mark.parametrize("reason", ["line", "not_up"])
@pytest.mark.parametrize("hours", [1.5, 4.5, 16.5])
def test_who_is_still_is_one_text_message(level: WarningLevel, reason: str, hours: float) -> None:
    """70 characters with a place of 40, for the longest stillness; red also with 无应答 before it."""
    still = told(Kind.STILLNESS, "home", level, reason=reason, for_s=hours * 3600)
    place = replace(still.site.place, zh="区" * 40)
    still = replace(still, site=replace(still.site, place=place))
    assert len(sentence(still)["zh"]) <= 70
    if level is WarningLevel.RED:
        asked = {**still.evidence, "question": {"outcome": "unanswered"}}
        text = sentence(replace(still, finding=replace(still.finding, evidence=asked)))["zh"]
        assert text.startswith("【无应答】区")
        assert len(text) <= 70


def test_a_bed_that_was_left_at_night_has_its_time() -> None:
    """45 minutes are not called an hour."""
    up = told(Kind.SLEEP, "home", WarningLevel.BLUE, reason="up_at_night", for_s=2700, limit=45,
              nights_learned=9)  # fmt: skip
    assert "已离床45分钟" in sentence(up)["zh"]
    assert "out of bed for 45 min" in sentence(up)["en"]


@pytest.mark.parametrize(("source", "is_usual"), [("learned", True), ("default", False)])
def test_only_what_is_learned_is_compared_with_what_is_usual(source: str, is_usual: bool) -> None:
    """On the first days nobody knows how long this person stays out."""
    out = told(Kind.OUTING, "home", YELLOW, reason="absent_long", for_s=43200, limit=720,
               limit_source=source, left_by="door", outings_learned=2)  # fmt: skip
    assert ("久于平时" in sentence(out)["zh"]) == is_usual
    assert ("longer than usual" in sentence(out)["en"]) == is_usual


def test_who_came_home_is_not_said() -> None:
    """The door tells that somebody came; it may be a daughter who looks after an alarm."""
    back = sentence(told(Kind.OUTING, "home", None, reason="returned"))
    assert "已有人回到家中" in back["zh"]
    assert "somebody has come home" in back["en"]
    inside = sentence(told(Kind.OUTING, "home", None, reason="moved_inside"))
    assert "家中有人活动" in inside["zh"]


def test_missed_meals_are_counted() -> None:
    """Four in a row are not called two."""
    missed = told(Kind.MEALS, "home", YELLOW, reason="missed_twice", slot="dinner", missed=4,
                  score=0, limit=8.3, days_learned=16)  # fmt: skip
    assert "连续4餐未吃" in sentence(missed)["zh"]
    assert "4 meals in a row" in sentence(missed)["en"]
    assert "不足9次" in detail(missed)["zh"]


def test_what_is_only_possible_says_so_first() -> None:
    """待核实 stands before everything else, in both languages."""
    smoke = told(Kind.SMOKE, "smoke", WarningLevel.RED)
    doubted = replace(smoke, finding=replace(smoke.finding, certainty=Certainty.POSSIBLE))
    assert sentence(doubted)["zh"].startswith("【待核实】")
    assert sentence(doubted)["en"].startswith("[To be verified on site] Smoke alarm")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("level", [*WarningLevel, None])
def test_everything_can_be_told_without_evidence(kind: Kind, level: WarningLevel | None) -> None:
    """In a text message's length; a trial and doubt stand first, as ever."""
    bare = told(kind, "x", level)
    text = plain(bare)
    assert ("级别" in text["zh"]) == ("level" in text["en"]) == (level is not None)
    assert "核实" in text["zh"]
    assert len(text["zh"]) - len(bare.site.place.zh) <= 30
    assert plain(replace(bare, is_test=True))["zh"] == f"【测试】{text['zh']}"
    doubted = replace(bare.finding, certainty=Certainty.POSSIBLE)
    assert plain(replace(bare, finding=doubted))["en"].startswith("[To be") == (level is not None)
