"""What people read of an outfall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sites import level, site

from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.site import Profile, Role
from agent.texts import Told, detail, outfall, sentence
from drivers.reading import UNITS, Quantity

OUTFALL = site(Profile.OUTFALL, level("outfall-level", Role.OUTFALL))
SEWAGE: dict[str, Any] = {
    "source": "sewage",
    "why": ["do_low", "cond_up", "turb_up"],
    "channels": {
        "dissolved_oxygen_mg_l": [1.2, 6.1],
        "conductivity_us_cm": [812, 430],
        "turbidity_ntu": [95.5, None],
    },
    "class": "light",
    "for_s": 900,
}
RISE: dict[str, Any] = {
    "reason": "level",
    "weather": "dry",
    "rise_mm": 123.4,
    "limit": 50,
    "limit_source": "default",
    "for_s": 900,
    "conductivity": {"sonde": [426.1, 430]},
}
END: dict[str, Any] = {"for_s": 7200, "peak_rise_mm": 140, "conductivity": {}}


def told(
    kind: Kind,
    now: WarningLevel | None,
    evidence: dict[str, Any],
    was: WarningLevel | None = None,
    certainty: Certainty = Certainty.OBSERVED,
) -> Told:
    finding = Finding(kind, "sonde", now, 0.0, ("sonde",), certainty, evidence=evidence)
    return Told(finding, OUTFALL, "", now or WarningLevel.YELLOW, was)


def test_sewage_is_told_with_its_likely_source_and_figures() -> None:
    """The sentence says how soon somebody goes there; the detail what was measured, and why."""
    orange = told(Kind.POLLUTION, WarningLevel.ORANGE, SEWAGE)
    place = OUTFALL.place
    assert sentence(orange) == {
        "zh": f"{place.zh}水质橙色预警：疑似生活污水，请立即核查。",
        "en": f"Orange pollution warning, probably domestic sewage: {place.en}. "
        "Please check on site now.",
    }
    assert detail(orange) == {
        "zh": "溶解氧1.2 mg/L（平时6.1），电导率812 µS/cm（平时430），浊度95.5 NTU；已持续15分钟；"
        "按所测项目相当于轻度黑臭；依据：溶解氧偏低、电导率升高、浊度升高。",
        "en": "Oxygen 1.2 mg/L (usual 6.1), conductivity 812 µS/cm (usual 430), "
        "turbidity 95.5 NTU; for 15 min; by what is measured lightly black and odorous; "
        "because: little oxygen, conductivity up, turbidity up.",
    }


def test_storm_runoff_is_for_information() -> None:
    """At blue nobody is sent there."""
    text = sentence(told(Kind.POLLUTION, WarningLevel.BLUE, {**SEWAGE, "source": "storm_runoff"}))
    assert text["zh"].endswith("水质蓝色预警：雨水径流，供参考。")
    assert text["en"].endswith("For information.")


def test_a_lowered_warning_says_so_and_the_end_names_no_source() -> None:
    """Down a level, and over."""
    lower = told(Kind.POLLUTION, WarningLevel.YELLOW, SEWAGE, was=WarningLevel.ORANGE)
    assert "水质预警降为黄色" in sentence(lower)["zh"]
    assert "Pollution warning lowered to yellow" in sentence(lower)["en"]
    end = told(Kind.POLLUTION, None, SEWAGE, was=WarningLevel.YELLOW)
    assert sentence(end)["zh"].endswith("污染预警解除。")
    well = told(Kind.POLLUTION, None, {"reason": "well", "source": "sewage", "for_s": 1800})
    assert detail(well) == {"zh": "已恢复30分钟。", "en": "As usual for 30 min."}
    assert "依据" not in detail(end)["zh"]


def test_a_doubtful_warning_begins_with_to_be_verified() -> None:
    """By the mark that all sentences share."""
    doubtful = told(Kind.POLLUTION, WarningLevel.YELLOW, SEWAGE, certainty=Certainty.POSSIBLE)
    assert sentence(doubtful)["zh"].startswith("【待核实】")


@pytest.mark.parametrize("evidence", [{}, {"source": "moon", "why": ["odd"], "class": "VI"},
                                      {"channels": {"odd": [1, 2]}}])  # fmt: skip
def test_unknown_words_are_told_as_they_are(evidence: dict[str, Any]) -> None:
    """A newer rule's word never costs the warning."""
    odd = told(Kind.POLLUTION, WarningLevel.YELLOW, evidence)
    assert "来源不明" in sentence(odd)["zh"]
    assert bool(detail(odd)["zh"]) is bool(evidence)


def test_a_discharge_is_told_with_its_rise() -> None:
    """Centimetres in the sentence; limit and conductivity in the detail."""
    yellow = told(Kind.DISCHARGE, WarningLevel.YELLOW, RISE)
    assert sentence(yellow) == {
        "zh": f"{OUTFALL.place.zh}无雨排水黄色预警：水位升12厘米，请今日内核查。",
        "en": f"Yellow warning of a discharge without rain: {OUTFALL.place.en}. "
        "The level has risen by 12 cm. Please check on site today.",
    }
    assert detail(yellow) == {
        "zh": "高于平时水位已15分钟，上升超过5厘米（默认）；电导率426.1 µS/cm（平时430）。",
        "en": "For 15 min more than 5 cm (default) above the usual level; "
        "conductivity 426.1 µS/cm (usual 430).",
    }


def test_nothing_is_said_of_rain_that_nobody_can_see() -> None:
    """Without a conductivity the sentence says that the weather is unknown."""
    blue = told(Kind.DISCHARGE, WarningLevel.BLUE, {**RISE, "weather": "unknown"})
    assert "是否降雨未知" in sentence(blue)["zh"]
    assert "无雨" not in sentence(blue)["zh"]
    assert "not known" in sentence(blue)["en"]


@pytest.mark.parametrize(
    ("limit_source", "words"),
    [("config", "现场设定"), ("default", "默认"), ("learned", "近日波动")],
)
def test_the_limit_says_where_it_is_from(limit_source: str, words: str) -> None:
    """Set for the site, the default, or from how the level moves there."""
    assert (
        words
        in detail(
            told(Kind.DISCHARGE, WarningLevel.YELLOW, {**RISE, "limit_source": limit_source})
        )["zh"]
    )


def test_a_jump_says_that_it_may_be_an_object() -> None:
    """In the detail; the sentence has its mark."""
    jump = told(Kind.DISCHARGE, WarningLevel.YELLOW, {**RISE, "reason": "jump"})
    assert "遮挡物" in detail(jump)["zh"]
    assert "an object" in detail(jump)["en"]


@pytest.mark.parametrize(
    ("reason", "words"), [("level", "水位已回落"), ("rain", "降雨"), ("lasting", "视为常态")]
)
def test_each_end_of_a_discharge_has_its_reason(reason: str, words: str) -> None:
    """The water is back, it was rain, or it has stayed."""
    end = told(Kind.DISCHARGE, None, {**END, "reason": reason})
    assert words in sentence(end)["zh"]
    assert detail(end)["zh"] == "历时2小时，最高上升14厘米。"


@pytest.mark.parametrize("mm", [50, 55.2, 99, 100, 1234, 3000])
def test_a_rise_reads_as_people_say_it(mm: float) -> None:
    """To half a centimetre where it is small, to whole ones above."""
    text = sentence(told(Kind.DISCHARGE, WarningLevel.YELLOW, {**RISE, "rise_mm": mm}))["zh"]
    expected = {50: "5", 55.2: "5.5", 99: "10", 100: "10", 1234: "123", 3000: "300"}[mm]
    assert f"水位升{expected}厘米" in text


@pytest.mark.parametrize("now", [*WarningLevel, None])
@pytest.mark.parametrize(
    ("kind", "evidence"),
    [
        *((Kind.POLLUTION, {**SEWAGE, "source": source}) for source in outfall.SOURCE),
        *(
            (Kind.DISCHARGE, {**RISE, **END, "rise_mm": 3000, "weather": weather, "reason": reason})
            for weather in ("dry", "unknown")
            for reason in ("level", "jump", "rain", "lasting")
        ),
    ],
)
@pytest.mark.parametrize("was", [None, WarningLevel.RED])
def test_every_sentence_is_one_text_message(
    now: WarningLevel | None, kind: Kind, evidence: dict[str, Any], was: WarningLevel | None
) -> None:
    """70 characters for a place of 40, also with 待核实 before it."""
    longest = told(kind, now, evidence, was, Certainty.POSSIBLE)
    place = replace(longest.site.place, zh="区" * 40)
    longest = replace(longest, site=replace(longest.site, place=place))
    assert len(sentence(longest)["zh"]) <= 70
    assert sentence(longest)["en"].endswith(".")


def test_every_quantity_of_a_probe_has_a_name_and_its_unit() -> None:
    """None is told by the program's own word."""
    symbols = {"Cel": "°C", "uS/cm": "µS/cm", "pH": ""}
    for quantity, (_, _, unit) in outfall.CHANNEL.items():
        symbol = UNITS[Quantity(quantity)]
        assert unit == symbols.get(symbol, symbol)
    water = {q for q in Quantity if UNITS[q] != "/"}
    assert outfall.CHANNEL.keys() == water - {Quantity.DISTANCE_MM, Quantity.AIR_TEMP_DEGC}
