"""Discharge: water that comes out of an outfall without rain, and all that is not told as that."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import MONDAY, Player, level, site, steps

from agent.detectors import Setup
from agent.detectors.discharge import Config, State, start, step
from agent.detectors.rolling import HOURS_MOST, Rolling
from agent.events import Finding, Gap
from agent.plain import from_plain, to_plain
from agent.site import Profile, Role, Sensor, Site
from drivers.base import Traits
from drivers.reading import GOOD, Grade, Quality, Quantity, Reading, Stamp

KIND = "outfall.discharge"
DAY, HOUR = 86400.0, 3600.0
LEVEL = level("outfall-level", Role.OUTFALL)
SONDE = Sensor(
    "sonde", "water_quality", Role.OUTFALL, Traits((Quantity.CONDUCTIVITY_US_CM,), 1.0, 900.0)
)
BOTH = site(Profile.OUTFALL, LEVEL, SONDE)
ALONE = site(Profile.OUTFALL, LEVEL)
Course = Callable[[float], float]


def dry(hours: float) -> float:
    """The level without a discharge, in mm at an hour after midnight: a trickle that is 20 mm deep."""
    return 20 + 8 * math.sin(hours * math.tau / 24)


def calm(hours: float) -> float:
    """Conductivity in uS/cm, with a day's swing."""
    return 430 + 15 * math.sin(hours * math.tau / 24)


def spill(rise_mm: float, from_h: float, until_h: float, under: Course = dry) -> Course:
    """The level with water let in, that takes a quarter of an hour to rise and to fall."""

    def course(hours: float) -> float:
        share = min(1.0, (hours - from_h) * 4, (until_h - hours) * 4)
        return under(hours) + rise_mm * max(0.0, share)

    return course


def thinned(from_h: float, until_h: float, share: float = 0.7) -> Course:
    """Conductivity under rain."""
    return lambda hours: calm(hours) * (share if from_h <= hours < until_h else 1.0)


def watch(
    of: Site, hours: float, depth: Course, conductivity: Course = calm, pace_s: float = 300.0
) -> Player:
    player, noise = Player(of), random.Random(3)
    for n in range(int(hours * HOUR / pace_s)):
        t = n * pace_s / HOUR
        at = MONDAY + n * pace_s
        if "sonde" in of.sensors:
            player.play(at, "sonde", conductivity(t) * noise.gauss(1, 0.005))
        player.play(at, "outfall-level", round(2700 - depth(t) - noise.gauss(0, 1)))
    return player


def told(player: Player) -> list[tuple[str, str]]:
    return steps(player.events, KIND)


def data(player: Player, index: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = [e for e in player.events if e.kind == KIND][index].payload["data"]
    return found


@pytest.mark.parametrize("pace_s", [60.0, 300.0, 900.0, 3600.0])
def test_a_discharge_without_rain_is_told_and_ends(pace_s: float) -> None:
    """At any pace: yellow and likely, the end when the level is back."""
    player = watch(BOTH, 48, spill(120, 30, 36), pace_s=pace_s)
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]
    raised, cleared = data(player), data(player, 1)
    assert raised["certainty"] == "likely"
    assert raised["evidence"]["weather"] == "dry"
    assert cleared["evidence"]["reason"] == "level"
    assert cleared["evidence"]["peak_rise_mm"] == pytest.approx(120, abs=15)
    first = next(e for e in player.events if e.kind == KIND)
    assert 600 <= first.mono - MONDAY - 30 * HOUR <= max(1800, 2 * pace_s)


def test_what_comes_in_a_maintenance_window_is_told_after_it() -> None:
    """A pump that is tried is over by then; one that goes on has its ten minutes from there on."""
    window = ((MONDAY + 29 * HOUR, MONDAY + 33 * HOUR),)
    of = replace(BOTH, maintenance=window)
    assert told(watch(of, 48, spill(120, 30, 32.5))) == []
    player = watch(of, 48, spill(120, 30, 36))
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]
    first = next(e for e in player.events if e.kind == KIND)
    assert 600 <= first.mono - MONDAY - 33 * HOUR <= 1800


def test_without_a_conductivity_nobody_knows_the_weather() -> None:
    """Then the rise is for information, to be verified."""
    player = watch(ALONE, 48, spill(120, 30, 36))
    assert told(player) == [("raised", "blue"), ("cleared", "blue")]
    assert data(player)["certainty"] == "possible"
    assert data(player)["text"]["zh"].startswith("【待核实】")
    assert data(player)["evidence"]["weather"] == "unknown"


def test_what_rain_brings_is_not_told() -> None:
    """Neither at its height, nor when the conductivity is back before the level is."""
    assert not told(watch(BOTH, 60, spill(300, 30, 40), thinned(29.9, 36)))


def test_rain_that_thins_the_water_later_ends_the_alarm() -> None:
    """And it does not begin anew while the level is high."""
    player = watch(BOTH, 60, spill(300, 30, 44), thinned(32, 36))
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]
    assert data(player, 1)["evidence"]["reason"] == "rain"
    assert "应为降雨所致" in data(player, 1)["text"]["zh"]


def test_after_rain_a_discharge_is_told_again() -> None:
    """The rain's latch goes with its water."""

    def depth(hours: float) -> float:
        return spill(300, 30, 36)(hours) + spill(150, 44, 48)(hours) - dry(hours)

    player = watch(BOTH, 60, depth, thinned(30, 36))
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]


def test_sewage_raises_the_conductivity_and_is_no_rain() -> None:
    """Only thinner water is rain."""
    player = watch(BOTH, 48, spill(120, 30, 36), lambda h: calm(h) + 300 * (30 <= h < 36))
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]


def test_blue_becomes_yellow_once_the_weather_is_known() -> None:
    """The conductivity comes back from a long silence while the level is high."""
    player, noise = Player(BOTH), random.Random(5)
    for n in range(40 * 12):
        t, at = n / 12, MONDAY + n * 300.0
        if not 26 <= t < 32:
            player.play(at, "sonde", calm(t) + noise.gauss(0, 2))
        player.play(at, "outfall-level", round(2700 - spill(120, 30, 36)(t)))
    assert told(player) == [("raised", "blue"), ("updated", "yellow"), ("cleared", "yellow")]
    assert data(player, 1)["certainty"] == "likely"


def test_the_first_day_is_silent() -> None:
    """Nothing is usual before 24 hours are known."""
    assert not told(watch(BOTH, 24, spill(300, 12, 18)))


def test_a_tide_is_not_told() -> None:
    """Where the level comes and goes by itself, its spread is the tide."""
    assert not told(watch(BOTH, 10 * 24, lambda h: 500 + 400 * math.sin(h * math.tau / 12.4)))


def test_a_discharge_every_night_is_told_every_night() -> None:
    """Two hours a day do not become usual."""

    def nightly(hours: float) -> float:
        return spill(120, 2, 4, dry)(hours % 24)

    assert told(watch(BOTH, 6 * 24, nightly)).count(("raised", "yellow")) == 5


def test_one_that_runs_half_of_the_time_is_usual() -> None:
    """What is always there is not told."""
    player = watch(BOTH, 8 * 24, lambda hours: dry(hours) + 120 * (hours % 8 < 4))
    assert not told(player)


def test_a_level_that_stays_high_for_a_day_is_usual_from_then_on() -> None:
    """The alarm is closed and says why; the new level is learned, and a rise above it is told."""
    player = watch(BOTH, 110, lambda h: spill(120, 30, 200)(h) + spill(120, 90, 96)(h) - dry(h))
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")] * 2
    assert data(player, 1)["evidence"]["reason"] == "lasting"
    assert data(player, 2)["evidence"]["usual_mm"] == pytest.approx(140, abs=8)


def test_a_rise_that_stands_halfway_for_hours_is_the_river() -> None:
    """Water that is let in comes within three hours; once the river is back, a spill is told."""

    def river(hours: float) -> float:
        return dry(hours) + 120 * max(0.0, min(1.0, (hours - 30) / 24, (74 - hours) / 6))

    assert not told(watch(BOTH, 80, river))
    after = watch(BOTH, 100, spill(300, 90, 96, river))
    assert told(after) == [("raised", "yellow"), ("cleared", "yellow")]


def test_a_level_that_is_high_after_a_pause_is_told() -> None:
    """What happened while nothing was measured was not slow."""
    player = Player(BOTH)
    for n in range(40 * 12):
        t, at = n / 12, MONDAY + n * 300.0
        if not 26 <= t < 32:
            player.play(at, "sonde", calm(t))
            player.play(at, "outfall-level", round(2700 - spill(120, 30, 36)(t)))
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]


def test_short_swells_and_small_ones_are_not_told() -> None:
    """Less than ten minutes, or less than the limit."""
    assert not told(watch(BOTH, 48, lambda h: dry(h) + 120 * (30 <= h < 30.15), pace_s=60.0))
    assert not told(watch(BOTH, 48, spill(35, 30, 36)))


@pytest.mark.parametrize(
    ("rise_mm", "configured", "source"),
    [(200, {"rise_mm"}, None), (100, {"rise_mm"}, "config"), (50, (), "default"),
     (20, {"rise_mm"}, "learned")],
)  # fmt: skip
def test_a_configured_limit_counts_and_is_named(
    rise_mm: float, configured: set[str], source: str | None
) -> None:
    """Where the level moves by more of itself than the limit, that is the limit, and named."""
    setup = Setup(Config(rise_mm=rise_mm), BOTH, "outfall-level", frozenset(configured))
    state, sources = start(setup, MONDAY), []
    for n in range(34 * 12):
        depth = spill(150, 30, 36)(n / 12)
        state, found = step(setup, state, reading(n, MONDAY + n * 300, "outfall-level", -depth))
        sources += [f.evidence["limit_source"] for f in found if isinstance(f, Finding)]
    assert sources == ([source] if source else [])


@pytest.mark.parametrize("rise_mm", [19, 3001, math.nan])
def test_a_limit_that_makes_no_sense_is_refused(rise_mm: float) -> None:
    """With its key and what is allowed."""
    with pytest.raises(ValueError, match=r"rise_mm: .* is outside 20 to 3000"):
        Config(rise_mm=rise_mm)


def test_error_codes_neither_tell_nor_end() -> None:
    """No echo (5000 and more) is no level, while the water is usual or high."""

    def depth(hours: float) -> float:
        return -2400 if 26 <= hours < 28 or 32 <= hours < 34 else spill(120, 30, 36)(hours)

    player = watch(BOTH, 48, depth)
    assert told(player) == [("raised", "yellow"), ("cleared", "yellow")]


def test_a_jump_that_water_cannot_make_is_to_be_verified() -> None:
    """Something may have come to lie in the beam."""
    player = watch(BOTH, 40, lambda h: dry(h) + 800 * (h >= 30), pace_s=60)
    assert told(player) == [("raised", "yellow")]
    assert data(player)["certainty"] == "possible"
    assert data(player)["evidence"]["reason"] == "jump"


def test_a_probe_in_the_air_tells_no_weather() -> None:
    """Below 5 uS/cm it measures no water: neither rain nor dry."""
    player = watch(BOTH, 48, spill(120, 30, 36), lambda h: calm(h) if h < 26 else 1.0)
    assert told(player)[0] == ("raised", "blue")


def test_an_outfall_without_a_level_sensor_is_not_watched() -> None:
    """Nothing rises where nothing measures."""
    player = Player(site(Profile.OUTFALL, SONDE))
    assert not player.play(MONDAY, "sonde", 400)
    assert not Player(site(Profile.OUTFALL, level())).events


def test_evidence_suffices_to_recompute_the_decision() -> None:
    """Level from the raw reading, rise, limit, time, thinness: each is there, and they agree."""
    found = data(watch(BOTH, 48, spill(120, 30, 36)))
    evidence = found["evidence"]
    depth = 2700 - evidence["raw"]["distance_mm"]
    assert depth == found["value"]["value"]
    assert depth - evidence["usual_mm"] == pytest.approx(evidence["rise_mm"])
    assert evidence["limit"] == max(50, round(6 * evidence["spread_mm"], 1))
    assert evidence["rise_mm"] >= evidence["limit"]
    assert evidence["for_s"] >= 600
    assert evidence["readings"] >= 2
    value, usual = evidence["conductivity"]["sonde"]
    assert value > 0.9 * usual
    assert found["sensors"] == ["outfall-level", "sonde"]


SETUP = Setup(Config(), BOTH, "outfall-level")


def reading(n: int, at: float, sensor: str, value: float, quality: Quality = GOOD) -> Reading:
    quantity = BOTH.sensors[sensor].traits.quantities[0]
    return Reading(sensor, quantity, value, Stamp("test", at, at, synced=True, sequence=n), quality)


def fed(state: State, rows: list[Reading]) -> tuple[State, list[Finding]]:
    found: list[Finding] = []
    for row in rows:
        state, conclusions = step(SETUP, state, row)
        found += [c for c in conclusions if isinstance(c, Finding)]
    return state, found


def course(pace_s: float = 900.0) -> list[Reading]:
    rows = []
    for n in range(int(60 * HOUR / pace_s)):
        t, at = n * pace_s / HOUR, MONDAY + n * pace_s
        rows.append(reading(2 * n, at, "sonde", thinned(50, 54)(t)))
        depth = spill(120, 30, 36)(t) + spill(200, 49, 55)(t) - dry(t)
        rows.append(reading(2 * n + 1, at, "outfall-level", round(2700 - depth)))
    return rows


@given(st.integers(0, 479))
@settings(max_examples=25, deadline=None)
def test_a_restart_changes_nothing(cut: int) -> None:
    """The state goes through JSON anywhere, and the same is told."""
    rows = course()
    whole = fed(start(SETUP, MONDAY), rows)
    state, before = fed(start(SETUP, MONDAY), rows[:cut])
    state, after = fed(from_plain(State, json.loads(json.dumps(to_plain(state)))), rows[cut:])
    assert (state, before + after) == whole
    assert len(whole[1]) == 4


@given(st.floats(0, 2000))
@settings(max_examples=25, deadline=None)
def test_more_water_is_never_told_less(more_mm: float) -> None:
    """Whatever is told of a rise of 120 mm is told of a higher one."""
    rows = []
    for n in range(34 * 12):
        t, at = n / 12, MONDAY + n * 300.0
        rows.append(reading(2 * n, at, "sonde", calm(t)))
        depth = spill(120 + more_mm, 30, 36)(t)
        rows.append(reading(2 * n + 1, at, "outfall-level", 2700 - depth))
    assert [f.level and f.level.word for f in fed(start(SETUP, MONDAY), rows)[1]] == ["yellow"]


def test_suspect_readings_only_delay() -> None:
    """They neither count towards an alarm nor end one."""
    doubtful = Quality(Grade.SUSPECT, ("rate",))
    rows = [reading(n, MONDAY + n * 300.0, "outfall-level", 2680, GOOD) for n in range(12 * 26)]
    state, found = fed(start(SETUP, MONDAY), rows)
    at = MONDAY + 26 * HOUR
    state, found = fed(
        state, [reading(n, at + n * 300, "outfall-level", 2400, doubtful) for n in range(10)]
    )
    assert not found
    state, found = fed(
        state, [reading(n, at + 3000 + n * 300, "outfall-level", 2400) for n in range(4)]
    )
    assert len(found) == 1
    state, found = fed(
        state, [reading(n, at + 6000 + n * 300, "outfall-level", 2680, doubtful) for n in range(9)]
    )
    assert not found
    assert state.told


def test_after_a_gap_the_ten_minutes_begin_anew() -> None:
    """Nobody knows what the level did meanwhile."""
    rows = [reading(n, MONDAY + n * 300.0, "outfall-level", 2680) for n in range(12 * 26)]
    state, _ = fed(start(SETUP, MONDAY), rows)
    at = MONDAY + 26 * HOUR
    state, found = fed(state, [reading(0, at, "outfall-level", 2500)])
    gap = Gap(at, Stamp("test", at + 900, at + 900, synced=True, sequence=1))
    state = step(SETUP, state, gap)[0]
    state, found = fed(state, [reading(2, at + 900, "outfall-level", 2500)])
    assert not found
    assert fed(state, [reading(3, at + 1500, "outfall-level", 2500)])[1]


def test_what_is_remembered_is_bounded() -> None:
    """A month at one reading a minute leaves three days of hours and one hour of samples."""
    rolling = Rolling()
    for n in range(30 * 1440):
        rolling = rolling.plus(n * 60.0, float(n % 7))
    assert len(rolling.hours) == HOURS_MOST
    assert len(rolling.samples) <= 12


def test_what_is_usual_is_the_median_at_any_pace() -> None:
    """A minute or an hour between readings: the same to within a day's swing."""
    for pace_s in (10.0, 60.0, 900.0, 3600.0):
        rolling = Rolling()
        for n in range(int(50 * HOUR / pace_s)):
            rolling = rolling.plus(n * pace_s, dry(n * pace_s / HOUR))
        assert rolling.usual == pytest.approx(20, abs=3)
        assert 2 < rolling.spread < 12


def test_hours_of_long_ago_do_not_count() -> None:
    """After a week without readings, nothing is usual any more."""
    rolling = Rolling()
    for n in range(30 * 12):
        rolling = rolling.plus(n * 300.0, 20.0)
    assert rolling.usual == 20.0
    later = 30 * HOUR + 8 * DAY
    for n in range(14):
        rolling = rolling.plus(later + n * 300.0, 500.0)
    assert rolling.usual is None


def calm_day(hours: float = 26) -> State:
    """What is remembered after a day of a level of 20 mm and a conductivity of 430 uS/cm."""
    rows = []
    for n in range(int(hours * 12)):
        rows.append(reading(2 * n, MONDAY + n * 300.0, "sonde", 430))
        rows.append(reading(2 * n + 1, MONDAY + n * 300.0, "outfall-level", 2680))
    return fed(start(SETUP, MONDAY), rows)[0]


def levels(since_h: float, *depths_mm: float) -> list[Reading]:
    """Levels every five minutes from an hour on."""
    at = MONDAY + since_h * HOUR
    return [
        reading(n, at + n * 300.0, "outfall-level", 2700 - mm) for n, mm in enumerate(depths_mm)
    ]


@pytest.mark.parametrize(("rise_mm", "is_told"), [(70, False), (200, True)])
def test_where_the_level_moves_more_it_takes_more(rise_mm: float, is_told: bool) -> None:
    """Six spreads: 130 mm where the day's swing is 21 mm up and down."""
    restless = watch(
        BOTH, 48, spill(rise_mm, 30, 36, lambda h: 60 + 21 * math.sin(h * math.tau / 24))
    )
    assert bool(told(restless)) is is_told


def test_water_that_comes_and_goes_is_one_discharge() -> None:
    """A moment at the usual level is no end, nor is a level about halfway."""
    state, found = fed(calm_day(), levels(26, *[140] * 4, 20, *[140] * 3))
    assert [f.level and f.level.word for f in found] == ["yellow"]
    state, found = fed(state, levels(27, *[44, 44, 46] * 8))
    assert not found
    assert [f.level for f in fed(state, levels(29, *[44] * 4))[1]] == [None]


def test_a_level_is_usual_only_after_a_whole_day() -> None:
    """Not after half of one."""
    state, found = fed(calm_day(), levels(26, *[140] * 300))
    assert [f.evidence["for_s"] for f in found if f.level is None] == [86400]
    assert state.rolling.usual is None


def test_water_may_stand_halfway_for_two_hours() -> None:
    """It is let in all the same."""
    assert fed(calm_day(), levels(26, *[50] * 24, *[140] * 4))[1]
    assert not fed(calm_day(), levels(26, *[50] * 48, *[140] * 4))[1]


def test_the_first_water_after_the_first_day_is_told() -> None:
    """At the very reading after which something is usual."""
    state, rows = start(SETUP, MONDAY), levels(0, *[20] * 400)
    while state.rolling.usual is None:
        state = fed(state, [rows.pop(0)])[0]
    assert fed(state, levels((rows[0].stamp.mono - MONDAY) / HOUR, *[140] * 4))[1]


def test_a_jump_that_has_passed_is_forgotten() -> None:
    """One that stood for a moment, and one that stood for a few minutes."""
    doubtful = Quality(Grade.SUSPECT, ("rate",))
    jump = reading(0, MONDAY + 26 * HOUR, "outfall-level", 1900, doubtful)
    for stood in ([20], [800, 20]):
        found = fed(calm_day(), [jump, *levels(26.1, *stood), *levels(27, *[140] * 4)])[1]
        assert [f.evidence["reason"] for f in found] == ["level"], stood


def test_one_thinned_probe_is_rain() -> None:
    """Though another shows nothing of it."""
    second = Sensor("downstream", SONDE.driver, Role.OUTFALL, SONDE.traits)
    player = Player(site(Profile.OUTFALL, LEVEL, SONDE, second))
    for n in range(40 * 12):
        t, at = n / 12, MONDAY + n * 300.0
        player.play(at, "sonde", thinned(30, 36)(t) + n % 2)
        player.play(at, "downstream", calm(t) + n % 2)
        player.play(at, "outfall-level", round(2700 - spill(120, 30, 36)(t)))
    assert not told(player)


def test_what_the_conductivity_is_in_high_water_is_not_usual() -> None:
    """It is learned while the level is."""
    state = fed(calm_day(), levels(26, 140))[0]
    later = [reading(n, MONDAY + (27 + n) * HOUR, "sonde", 900) for n in range(9)]
    assert fed(state, later)[0].waters["sonde"].rolling is state.waters["sonde"].rolling
    back = fed(state, levels(26.1, 20))[0]
    assert fed(back, later)[0].waters["sonde"].rolling.hours[-1][1] == 900


def test_a_doubtful_conductivity_tells_no_weather() -> None:
    """One that has been the same for hours is neither rain nor dry."""
    flat = Quality(Grade.SUSPECT, ("flat",))
    low = reading(0, MONDAY + 26 * HOUR, "sonde", 200, flat)
    assert fed(calm_day(), [low, *levels(26, *[140] * 4)])[1][0].evidence["weather"] == "dry"


def test_one_thin_reading_between_two_levels_is_rain_until_the_level_is_back() -> None:
    """The rise is not told anew as a discharge."""
    state, found = fed(calm_day(), levels(26, *[140] * 4))
    at = MONDAY + 26.4 * HOUR
    shower = [reading(0, at, "sonde", 300), reading(1, at + 60, "sonde", 430)]
    state, found = fed(state, [*shower, *levels(26.5, *[140] * 9)])
    assert [f.evidence["reason"] for f in found] == ["rain"]
