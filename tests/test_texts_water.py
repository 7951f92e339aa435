"""What people read of water on the road."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sites import street

from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.site import Place
from agent.texts import Told, detail, sentence
from agent.texts.water import DOUBT
from drivers.reading import Quantity

BLUE, YELLOW, ORANGE, RED = WarningLevel
POSSIBLE, LIKELY = Certainty.POSSIBLE, Certainty.LIKELY
RED_SENTENCE = "广州市黄埔区萝岗街下中路内涝红色预警，请提醒市民及时绕行。"
LIMIT = {BLUE: 100.0, YELLOW: 150.0, ORANGE: 270.0, RED: 400.0}


def told(
    level: WarningLevel | None,
    was: WarningLevel | None = None,
    mm: float = 420.0,
    certainty: Certainty = Certainty.OBSERVED,
    **evidence: Any,
) -> Told:
    facts = {"reason": "depth", "for_s": 130, "limit": LIMIT.get(level or BLUE, 30.0),
             "limit_source": "default", "trend": "rising", "peak_mm": mm, **evidence}  # fmt: skip
    finding = Finding(Kind.WATERLOGGING, "road-level", level, 0.0, ("road-level",), certainty,
                      (Quantity.DEPTH_MM, mm), facts)  # fmt: skip
    return Told(finding, street(), "updated", level or was or BLUE, was, certainty=certainty)


def test_red_is_the_sentence_that_officers_forward_to_the_letter() -> None:
    """Raised at once, risen from orange, and likely as deep as that."""
    for case in (told(RED), told(RED, ORANGE), told(RED, ORANGE, certainty=LIKELY)):
        assert sentence(case)["zh"] == RED_SENTENCE


def test_the_detail_has_depth_trend_rate_and_limit() -> None:
    """In both languages."""
    case = told(RED, ORANGE, rate_mm_min=12.4)
    assert detail(case)["zh"] == (
        "积水约42厘米，水位上涨（每分钟1.2厘米），已达红色限值40厘米（默认），持续2分钟。"
    )
    assert detail(case)["en"] == (
        "Depth about 42 cm, rising by 1.2 cm a minute; at or above the red limit of 40 cm"
        " (default) for 2 min."
    )


def test_what_the_detector_does_not_know_is_left_out() -> None:
    """Neither a trend nor a limit is invented."""
    bare = replace(told(RED).finding, evidence={"reason": "depth"})
    assert detail(replace(told(RED), finding=bare)) == {
        "zh": "积水约42厘米。",
        "en": "Depth about 42 cm.",
    }


def test_a_fall_names_the_level_it_falls_to_and_the_peak() -> None:
    """And what it was lowered from."""
    case = told(ORANGE, RED, mm=290, trend="falling", peak_mm=480, for_s=300)
    assert sentence(case)["zh"].endswith("内涝预警降为橙色，请提醒市民继续注意绕行。")
    assert detail(case)["zh"] == (
        "积水约29厘米，水位回落，低于红色解除线，持续5分钟；最深时约48厘米。"
    )


def test_an_all_clear_asks_for_a_safe_road() -> None:
    """With the greatest depth of the flood."""
    case = told(None, BLUE, mm=10, peak_mm=480, limit=30, for_s=900)
    assert sentence(case)["zh"].endswith("内涝预警解除，请确认路面安全后恢复通行。")
    assert detail(case)["zh"] == "积水已低于3厘米，持续15分钟；最深时约48厘米。"


def test_an_unverified_one_that_goes_by_is_not_told_as_a_flood_that_is_over() -> None:
    """Nobody knows that there was water, so no depth of a flood is named either."""
    case = told(None, RED, mm=10, certainty=POSSIBLE, limit=30, peak_mm=1300)
    assert "疑似内涝读数已恢复正常" in sentence(case)["zh"]
    assert "待核实】" not in sentence(case)["zh"]
    assert "130" not in detail(case)["zh"]


@pytest.mark.parametrize("doubt", [*DOUBT, "of_a_later_release", ""])
def test_what_is_only_possible_says_why_and_what_to_do_and_sends_nobody_round(doubt: str) -> None:
    """Whatever the detector's word is; none of its words stands in a text."""
    case = told(RED, certainty=POSSIBLE, doubt=doubt, mm=1300)
    zh, en = sentence(case)["zh"], sentence(case)["en"]
    assert zh == "【待核实】广州市黄埔区萝岗街下中路疑似内涝（红色），请派人到场核实。"
    assert en.startswith("[To be verified on site] Possible waterlogging, level red: ")
    assert "绕行" not in zh
    assert "请到场查看有无积水" in detail(case)["zh"]
    assert "Please look whether there is water" in detail(case)["en"]
    assert "_" not in detail(case)["zh"] + detail(case)["en"]


def test_each_doubt_reads_differently() -> None:
    """A technician takes other tools for each."""
    texts = {detail(told(RED, certainty=POSSIBLE, doubt=doubt))["zh"] for doubt in (*DOUBT, "")}
    assert len(texts) == len(DOUBT) + 1


def test_a_level_held_without_data_says_so() -> None:
    """First thing in the sentence; the depth is told as that of before."""
    case = told(ORANGE, ORANGE, mm=300, stale_s=720)
    assert sentence(case)["zh"] == (
        "【数据中断】广州市黄埔区萝岗街下中路内涝橙色预警，请提醒市民及时绕行。"
    )
    assert sentence(case)["en"].startswith("[No data, level held] Orange waterlogging warning")
    assert detail(case)["zh"] == (
        "已12分钟无有效数据，维持橙色；中断前积水约30厘米，水位上涨。请到场查看水情和设备。"
    )


def test_a_level_held_without_data_has_the_peak_where_no_depth_is_told() -> None:
    """Nothing is told as no water; doubt stays with it."""
    case = told(ORANGE, ORANGE, mm=310, stale_s=600, certainty=POSSIBLE)
    case = replace(case, finding=replace(case.finding, value=None))
    assert sentence(case)["zh"] == (
        "【待核实】【数据中断】广州市黄埔区萝岗街下中路疑似内涝（橙色），请派人到场核实。"
    )
    assert "中断前最深时约31厘米" in detail(case)["zh"]


def test_a_level_that_is_only_expected_says_so() -> None:
    """The water has not reached it; its rate says why."""
    case = told(ORANGE, YELLOW, mm=200, certainty=LIKELY, rate_mm_min=15)
    assert sentence(case)["zh"].startswith("【预计】广州市")
    assert sentence(case)["en"].startswith("[Expected] Orange waterlogging warning")
    assert detail(case)["zh"] == (
        "积水约20厘米，水位上涨（每分钟1.5厘米），预计10分钟内达到橙色限值27厘米（默认）。"
    )


def test_a_level_told_by_its_rate_is_expected_although_the_water_is_just_there() -> None:
    """It has not stood there for long enough, so no duration is claimed."""
    case = told(RED, ORANGE, mm=404, certainty=LIKELY, rate_mm_min=47, reason="rate", for_s=300)
    assert sentence(case)["zh"] == f"【预计】{RED_SENTENCE}"
    assert "持续" not in detail(case)["zh"]


@pytest.mark.parametrize("is_test", [False, True])
@pytest.mark.parametrize("source", ["config", "default"])
@pytest.mark.parametrize("certainty", Certainty)
@pytest.mark.parametrize("level", [*WarningLevel, None])
def test_every_text_is_one_text_message(
    level: WarningLevel | None, certainty: Certainty, source: str, is_test: bool
) -> None:
    """At most 70 characters for a place of 20, with the longest figures."""
    for doubt in (*DOUBT, ""):
        for was in (None, RED):
            for stale_s in (0, 59 * 60):
                case = told(
                    level, was, mm=1234.0, certainty=certainty, doubt=doubt, stale_s=stale_s,
                    rate_mm_min=123.4, limit=1235.0, limit_source=source, for_s=5940,
                    peak_mm=1234.0,
                )  # fmt: skip
                place = replace(case.site, place=Place("区" * 20, "Road"))
                case = replace(case, site=place, is_test=is_test)
                assert len(sentence(case)["zh"]) <= 70
                assert len(detail(case)["zh"]) <= 70, detail(case)["zh"]
