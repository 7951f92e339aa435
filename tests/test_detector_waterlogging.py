"""Waterlogging: levels, persistence, hysteresis, objects, the sentence."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import MONDAY, PLACE, Player, level, site, steps, street, two_state

from agent.detectors.waterlogging import Config
from agent.pipeline.memory import recall, remember
from agent.site import Profile, Role, Site
from drivers.reading import Quantity

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


SLOW_FLOOD = ramp((0, 0), (30, 0), (90, 480), (100, 480), (160, 0), (220, 0))
RED_FLOOD = ramp((0, 0), (30, 0), (70, 480), (80, 480), (140, 0), (200, 0))


def test_a_flood_is_one_alarm_that_rises_falls_level_by_level_and_is_cleared() -> None:
    """One alarm a flood: up through four levels, down one at a time, one all-clear."""
    player = flood(SLOW_FLOOD)
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
    assert {event.payload["data"]["certainty"] for event in player.events} == {"observed"}


def test_water_that_rises_quickly_is_told_one_level_ahead_and_then_as_observed() -> None:
    """12 mm a minute: each level comes as likely, by its rate, and again when it is reached."""
    told = [
        (d["level"], d["certainty"], d["evidence"]["reason"])
        for d in (event.payload["data"] for event in flood(RED_FLOOD).events)
    ]
    assert told[:7] == [
        ("blue", "observed", "depth"),
        ("yellow", "likely", "rate"),
        ("yellow", "observed", "depth"),
        ("orange", "likely", "rate"),
        ("orange", "observed", "depth"),
        ("red", "likely", "rate"),
        ("red", "observed", "depth"),
    ]


def test_red_is_told_ahead_only_from_orange_on() -> None:
    """Nobody is told of 400 mm before 270 have been measured."""
    for event in flood(RED_FLOOD).events:
        data = event.payload["data"]
        if (data["level"], data["certainty"]) == ("red", "likely"):
            assert data["value"]["value"] >= 270


@pytest.mark.parametrize(
    ("mm_min", "is_told"),
    [(9.0, False), (9.5, False), (10.0, True), (11.0, True)],
)
def test_ten_millimetres_a_minute_are_told_ahead(mm_min: float, is_told: bool) -> None:
    """The median flood's fastest step is 13."""
    depths = [*([0.0] * 5), *(mm_min * n for n in range(16))]
    levels = [event.payload["data"]["certainty"] for event in flood(depths).events]
    assert ("likely" in levels) == is_told


def test_water_that_stands_still_is_not_told_ahead() -> None:
    """A rise that has ended says nothing about the next ten minutes."""
    assert steps(flood([0, 0, 60, 120, *([120] * 30)]).events) == [("raised", "blue")]


def test_the_red_sentence_is_the_one_that_officers_forward() -> None:
    """The seed sentence comes out exactly."""
    events = (event.payload["data"] for event in flood(RED_FLOOD).events)
    red = next(e for e in events if (e["level"], e["certainty"]) == ("red", "observed"))
    assert red["text"]["zh"] == "广州市黄埔区萝岗街下中路内涝红色预警，请提醒市民及时绕行。"
    assert red["text"]["en"].startswith(f"Red waterlogging warning: {PLACE.en}")


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
    player = flood([*ramp((0, 0), (20, 140)), *([140, 152, 151, 148] * 30)])
    assert steps(player.events) == [("raised", "blue"), ("updated", "yellow")]


def test_error_codes_neither_warn_nor_clear() -> None:
    """No echo (5000) and the blind zone (300) are no depth, however long they last."""
    player = flood([0, 60, 120, 120, 120, *([-2300] * 40), *([2400] * 40)])
    assert steps(player.events, KIND)[0] == ("raised", "blue")
    assert set(steps(player.events, KIND)[1:]) == {("updated", "blue")}


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
    assert "cleared" not in [verb for verb, _ in steps(player.events, KIND)]


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


def levels(depths: list[float], pace_s: float = 60.0) -> list[int]:
    """The alarm's level after each reading; 0 for none."""
    player, seen, now = Player(street()), [], 0
    for i, depth in enumerate(depths):
        for event in player.play(MONDAY + pace_s * i, "road-level", round(2700 - depth)):
            data = event.payload["data"]
            if event.kind == KIND:
                now = 0 if data["condition"] == "cleared" else _rank(data["level"])
        seen.append(now)
    return seen


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.sampled_from(range(0, 501, 50)), min_size=2, max_size=8),
    st.integers(0, 19),
)
def test_deeper_water_never_lowers_the_level(corners: list[int], more_mm: int) -> None:
    """The same flood, deeper throughout, is at least at the same level at every moment.

    It is slow enough that nothing is told ahead of it: what is told ahead a minute earlier is taken
    back a minute earlier.
    """
    depths = ramp(*((i * 60, float(d)) for i, d in enumerate([0, *corners])))
    shallow, deep = levels(depths), levels([d + more_mm for d in depths])
    assert all(b >= a for a, b in zip(shallow, deep, strict=True))


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 600)), min_size=1, max_size=12))
def test_water_that_stands_is_warned_of_however_it_came(stands: list[tuple[int, int]]) -> None:
    """Good readings at a threshold for four minutes, and the level is no lower.

    Whether it is observed or to be verified depends on the way it came; silence never does.
    """
    depths = [0.0] * 20 + [float(mm) for minutes, mm in stands for _ in range(minutes)]
    player = Player(street())
    now, row = 0, [0, 0, 0, 0]
    for i, depth in enumerate(depths):
        distance = 2700 - depth
        at = MONDAY + 60 * i
        for event in player.play(at, "road-level", distance):
            data = event.payload["data"]
            if event.kind == KIND:
                now = 0 if data["condition"] == "cleared" else _rank(data["level"])
        is_good = player.pipeline.sights["echoes"].state.of["road-level"].is_good
        for n, threshold in enumerate((100, 150, 270, 400)):
            row[n] = 0 if depth < threshold else row[n] + is_good
            assert row[n] < 5 or now > n


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(-30, 600)), min_size=2, max_size=10),
    st.integers(1, 200),
)
def test_a_restart_at_any_point_changes_nothing(stands: list[tuple[int, int]], cut: int) -> None:
    """What is remembered goes through JSON and comes back; the events are the same."""
    depths = [mm for minutes, mm in stands for _ in range(minutes)]
    rows = [(MONDAY + 60 * i, "road-level", 2700.0 - d) for i, d in enumerate(depths)]
    whole = Player(street())
    whole.play_all(rows)
    first, second = Player(street()), Player(street())
    first.play_all(rows[:cut])
    kept = json.loads(json.dumps(remember(first.pipeline)))
    assert recall(second.pipeline, kept) == []
    second._sequence = len(rows[:cut])
    second.play_all(rows[cut:])
    both = [event.payload for event in (*first.events, *second.events)]
    assert both == [event.payload for event in whole.events]
    assert remember(second.pipeline) == remember(whole.pipeline)


def told(player: Player) -> list[tuple[str, str, str]]:
    """Level, certainty and doubt of each warning."""
    return [
        (d["level"], d["certainty"], d["evidence"].get("doubt", ""))
        for d in (event.payload["data"] for event in player.events if event.kind == KIND)
    ]


def test_water_that_is_there_after_a_pause_is_likely() -> None:
    """Nobody saw how it came; it is told without delay."""
    player = flood([0] * 10)
    rows = [(MONDAY + 3600 + 60 * n, "road-level", 2580.0) for n in range(5)]
    player.play_all(rows)
    assert told(player) == [("blue", "likely", "")]


def test_what_creeps_up_over_hours_is_no_water_until_it_is_verified() -> None:
    """A post that tilts by 5 mm an hour."""
    player = flood(ramp((0, 0), (60, 0), (60 + 28 * 60, 140)))
    assert told(player)[0] == ("blue", "possible", "drift")


def test_readings_that_scatter_like_wet_grass_are_possible() -> None:
    """Every other one 25 mm higher."""
    swaying = [d for n in range(16) for d in (8 * n, 8 * n + 25)]
    player = flood([0, 0, 0, *swaying])
    assert told(player)[0] == ("blue", "possible", "unsteady")


def test_a_sensor_that_falls_again_and_again_is_not_believed() -> None:
    """A second echo in four of every sixteen minutes: to be verified, whatever it stands at."""
    player = flood([0, 0, 0, 0, *(([0] * 12 + [80] * 4) * 8), 0, *([170] * 8)])
    assert told(player)[0][1:] == ("possible", "object")


def test_a_rise_in_steps_is_observed_on_a_sensor_that_is_not_believed() -> None:
    """A branch in the morning does not hide the flood of the evening."""
    depths = [0, 0, 0, *(([0] * 12 + [130]) * 12), *ramp((0, 0), (40, 160)), *([160] * 5)]
    assert ("yellow", "observed", "") in told(flood(depths))


def witnessed_street() -> Site:
    wet = two_state("float", Role.ROADSIDE, Quantity.WET)
    return site(Profile.STREET, level(), level("other-level"), wet)


def leap(player: Player, minutes: int = 15) -> list[tuple[str, str, str]]:
    rows = [(MONDAY + 60 * n, "road-level", 2700.0) for n in range(10)]
    rows += [(MONDAY + 60 * n, "road-level", 2500.0) for n in range(10, 10 + minutes)]
    player.play_all(rows)
    return told(player)


def test_a_float_that_is_wet_makes_a_leap_an_observation() -> None:
    """Two ways of measuring agree: it is water."""
    player = Player(witnessed_street())
    player.play(MONDAY - 5, "float", 1.0)
    assert leap(player) == [("yellow", "observed", "")]


def test_a_float_that_is_dry_leaves_a_leap_to_be_verified() -> None:
    """It is no witness."""
    player = Player(witnessed_street())
    player.play(MONDAY - 5, "float", 0.0)
    assert leap(player) == [("yellow", "possible", "object")]


def test_a_float_that_gets_wet_later_confirms_what_was_possible() -> None:
    """One more message, of the same alarm."""
    player = Player(witnessed_street())
    leap(player)
    player.play(MONDAY + 1501, "float", 1.0)
    player.play(MONDAY + 1560, "road-level", 2500.0)
    assert told(player) == [("yellow", "possible", "object"), ("yellow", "observed", "")]
    assert player.events[-1].payload["data"]["evidence"]["witness"] == "float"


def test_another_level_sensor_that_sees_water_is_a_witness() -> None:
    """Half the depth is enough: it stands elsewhere."""
    player = Player(witnessed_street())
    player.play_all((MONDAY - 600 + 60 * n, "other-level", 2700.0 - 12 * n) for n in range(9))
    assert leap(player, 8) == [("yellow", "observed", "")]


def test_data_lost_in_a_flood_hold_the_level_and_are_told_once() -> None:
    """After ten minutes, with how long; never lifted; and again when it is back."""
    player = flood(ramp((0, 0), (30, 160), (40, 160)))
    before = len(player.events)
    player.until(MONDAY + 39 * 60 + 599)
    assert len(player.events) == before
    player.until(MONDAY + 39 * 60 + 601)
    (lost,) = player.events[before:]
    assert lost.payload["data"]["level"] == "yellow"
    assert lost.payload["data"]["evidence"]["stale_s"] == 600
    player.until(MONDAY + 12 * 3600)
    assert len([event for event in player.events if event.kind == KIND]) == before + 1
    back = MONDAY + 12 * 3600 + 60
    player.play_all((back + 60 * n, "road-level", 2540.0) for n in range(15))
    last = [event for event in player.events if event.kind == KIND][-1].payload["data"]
    assert (last["level"], last["evidence"]["stale_s"]) == ("yellow", 0)


def test_a_possible_warning_by_a_sick_sensor_is_held_for_six_hours() -> None:
    """A branch in the wind is one message, not forty."""
    depths = [0, 0, 0, *(([0] * 12 + [300] * 8) * 20)]
    kept = [e for e in flood(depths).events if e.kind == KIND]
    assert steps(kept)[0][0] == "raised"
    assert "cleared" not in [verb for verb, _ in steps(kept)]


@pytest.mark.parametrize(("dry_min", "is_told"), [(30, True), (5, False)])
def test_water_that_comes_under_a_held_warning_is_told(dry_min: int, is_told: bool) -> None:
    """Once what stood in the beam has been away for a quarter of an hour: nobody knows before."""
    branches = [0, 0, 0, *(([0] * 12 + [1300] * 8) * 6)]
    depths = [*branches, *([0] * dry_min), *ramp((0, 0), (40, 200)), *([200] * 10)]
    found = told(flood(depths))
    assert found[0] == ("red", "possible", "object")
    assert (("yellow", "observed", "") in found) is is_told


def test_blue_water_under_a_held_warning_is_no_news() -> None:
    """Somebody has been sent there for more."""
    branches = [0, 0, 0, *(([0] * 12 + [1300] * 8) * 6)]
    found = told(flood([*branches, *([0] * 30), *ramp((0, 0), (40, 120)), *([120] * 10)]))
    assert {level for level, _, _ in found} == {"red"}


def test_evidence_has_what_the_decision_rests_on() -> None:
    """The last readings as they came, how far back, and how good; the zero and the mounting."""
    evidence = flood([*([0] * 40), 60, 120, 121, 122]).events[0].payload["data"]["evidence"]
    assert len(evidence["recent"]) == 30
    assert evidence["recent"][-1] == [0.0, 2579, "good"]
    assert evidence["recent"][-2] == [60.0, 2580, "good"]
    assert (evidence["mount_height_mm"], evidence["low_point_mm"]) == (2700, 0)
    assert (evidence["zero_mm"], evidence["sag_mm"], evidence["doubt"]) == (0, 0, "")


def _rank(word: str) -> int:
    return ["blue", "yellow", "orange", "red"].index(word) + 1
