"""Waterlogging: levels, persistence, hysteresis, objects, the sentence."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import MONDAY, PLACE, Player, steps, street

from agent.detectors.waterlogging import Config

KIND = "street.waterlogging"


def flood(depths_mm: list[float], pace_s: float = 60.0, low_point_mm: float = 0) -> Player:
    player = Player(street(low_point_mm))
    rows = [(MONDAY + i * pace_s, "road-level", 2700 - d) for i, d in enumerate(depths_mm)]
    player.play_all(rows)
    return player


def ramp(*corners: tuple[int, float]) -> list[float]:
    """Depths once a minute, straight between (minute, mm) corners."""
    depths = []
    for (m0, d0), (m1, d1) in itertools.pairwise(corners):
        depths += [d0 + (d1 - d0) * i / (m1 - m0) for i in range(m1 - m0)]
    return depths


RED_FLOOD = ramp((0, 0), (30, 0), (70, 480), (80, 480), (140, 0), (200, 0))


def test_a_flood_is_one_alarm_that_rises_falls_level_by_level_and_is_cleared() -> None:
    """One alarm a flood: up through four levels, down one at a time, one all-clear."""
    player = flood(RED_FLOOD)
    assert steps(player.events) == [
        ("raised", "blue"),
        ("updated", "yellow"),
        ("updated", "orange"),
        ("updated", "red"),
        ("updated", "orange"),
        ("updated", "yellow"),
        ("updated", "blue"),
        ("cleared", "blue"),
    ]
    assert len({event.payload["subject"] for event in player.events}) == 1
    assert [event.payload["data"]["rev"] for event in player.events] == list(range(1, 9))


def test_the_red_sentence_is_the_one_that_officers_forward() -> None:
    """The seed sentence comes out exactly."""
    red = next(e for e in flood(RED_FLOOD).events if e.payload["data"]["level"] == "red")
    assert (
        red.payload["data"]["text"]["zh"]
        == "广州市黄埔区萝岗街下中路内涝红色预警，请提醒市民及时绕行。"
    )
    assert red.payload["data"]["text"]["en"].startswith(f"Red waterlogging warning: {PLACE.en}")


def test_every_chinese_sentence_fits_one_text_message() -> None:
    """At most 70 characters."""
    for event in flood(RED_FLOOD).events:
        assert 0 < len(event.payload["data"]["text"]["zh"]) <= 70


def test_water_rising_faster_than_a_level_takes_is_told_at_its_level_at_once() -> None:
    """Levels are skipped on the way up when the water skips them."""
    player = flood(ramp((0, 0), (5, 0), (7, 440), (20, 440)))
    assert steps(player.events)[-1] == ("updated", "red")
    assert len(player.events) <= 3


def test_two_readings_a_minute_apart_are_enough_and_one_is_not() -> None:
    """A single reading never warns."""
    assert not flood([0, 0, 120, 0, 0]).events
    assert steps(flood([0, 0, 55, 110, 112]).events) == [("raised", "blue")]


def test_at_fast_sampling_three_readings_over_half_a_minute_are_enough() -> None:
    """At 10 s the warning comes 30 s after the crossing."""
    depths = [0.0, 30, 60, 90, 110, 112, 114, 116, 118]
    player = flood(depths, pace_s=10.0)
    assert steps(player.events) == [("raised", "blue")]
    assert player.events[0].mono == MONDAY + 70


def test_water_about_a_threshold_does_not_flap() -> None:
    """Hysteresis: around 150 mm there is one update to yellow and none back."""
    player = flood([0, 50, 100, *([140, 160, 151, 148] * 30)])
    assert steps(player.events) == [("raised", "blue"), ("updated", "yellow")]


def test_error_codes_neither_warn_nor_clear() -> None:
    """No echo (5000) and the blind zone (300) are no depth, however long they last."""
    player = flood([0, 60, 120, 120, 120, *([-2300] * 40), *([2400] * 40)])
    assert steps(player.events) == [("raised", "blue")]


def test_a_jump_that_water_cannot_make_is_to_be_verified_never_observed() -> None:
    """A car or a bin under the sensor gives `possible`, with 待核实 before the sentence."""
    player = flood([0] * 10 + [1000] * 15)
    data = player.events[0].payload["data"]
    assert data["certainty"] == "possible"
    assert data["text"]["zh"].startswith("【待核实】")
    assert {event.payload["data"]["certainty"] for event in player.events} == {"possible"}


def test_the_lowest_point_counts_once_there_is_water_under_the_sensor() -> None:
    """A dry road stays dry although its lowest point lies 200 mm lower."""
    assert not flood([0, 1, -3, 5, 0, 2], low_point_mm=200).events
    events = flood([0, 40, 60, 60, 60], low_point_mm=200).events
    assert events[-1].payload["data"]["value"] == {"quantity": "depth_mm", "value": 260}


def test_evidence_names_limit_source_and_duration() -> None:
    """Enough to see why: limit, where it came from, for how long."""
    evidence = flood([0, 60, 120, 121, 122]).events[0].payload["data"]["evidence"]
    assert (evidence["reason"], evidence["limit"], evidence["limit_source"]) == (
        "depth",
        100,
        "default",
    )
    assert evidence["for_s"] == 60


def test_two_dry_readings_far_apart_are_no_all_clear() -> None:
    """With nothing good in between, nobody knows what the water did."""
    player = flood([0, 60, 120, 120, 0, *([-2300] * 16), 0])
    assert steps(player.events) == [("raised", "blue")]


@pytest.mark.parametrize(
    ("given_mm", "complaint"),
    [
        ({"yellow_mm": 90.0}, "yellow_mm: 90 is not above blue_mm = 100"),
        ({"red_mm": 9000.0}, "red_mm: 9000 is outside 30 to 3000"),
        ({"clear_mm": 100.0}, "clear_mm: 100 is not between 0 and blue_mm"),
    ],
)
def test_thresholds_out_of_order_are_refused(given_mm: dict[str, float], complaint: str) -> None:
    """The message names the key and what is allowed."""
    with pytest.raises(ValueError, match=complaint):
        Config(**given_mm)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.floats(0, 500), min_size=3, max_size=12),
    st.floats(0, 60),
)
def test_deeper_water_never_lowers_the_level(corners: list[float], more_mm: float) -> None:
    """The same flood, deeper throughout, is at least at the same level at every moment."""
    depths: list[float] = ramp(*((i * 10, d) for i, d in enumerate(corners)))

    def levels(of: list[float]) -> list[int]:
        player, seen = Player(street()), []
        now = 0
        for i, depth in enumerate(of):
            for event in player.play(MONDAY + 60 * i, "road-level", 2700 - depth):
                data = event.payload["data"]
                now = 0 if data["condition"] == "cleared" else _rank(data["level"])
            seen.append(now)
        return seen

    shallow, deep = levels(depths), levels([d + more_mm for d in depths])
    assert all(b >= a for a, b in zip(shallow, deep, strict=True))


def _rank(word: str) -> int:
    return ["blue", "yellow", "orange", "red"].index(word) + 1
