"""What is seen of water: the tracked zero, the day's sag, warm air, objects, witnesses, faults."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from sites import MONDAY, Player, level, site, steps, street

from agent.detectors.believed import Doubt
from agent.detectors.echoes import Echo, Echoes
from agent.events import Gap
from agent.site import Profile, Role, Sensor, Site
from drivers.base import Traits
from drivers.reading import Quantity, Stamp

HOUR_S, DAY_S = 3600.0, 86400.0
MOUNT_MM = 2700.0
FAULT = "sensor.fault"


def echoes(player: Player) -> Echoes:
    state = player.pipeline.sights["echoes"].state
    assert isinstance(state, Echoes)
    return state


def echo(player: Player) -> Echo:
    return echoes(player).of["road-level"]


def rows(
    depth: Callable[[float], float], hours: float, pace_s: float = 60.0, since: float = 0.0
) -> Iterable[tuple[float, str, float]]:
    """Distances from hour `since` on, `depth` being a function of the hour, with 1 mm of ripple."""
    for n in range(int(hours * HOUR_S / pace_s)):
        hour = since + n * pace_s / HOUR_S
        yield MONDAY + hour * HOUR_S, "road-level", round(MOUNT_MM - depth(hour)) + n % 2


def heard(depth: Callable[[float], float], hours: float, pace_s: float = 60.0) -> Player:
    player = Player(street())
    player.play_all(rows(depth, hours, pace_s))
    return player


def faults(player: Player) -> list[tuple[str, str, float]]:
    """Verb, reason and hour of each report about a sensor."""
    return [
        (
            event.payload["type"].split(".")[2],
            event.payload["data"]["evidence"].get("reason", ""),
            (event.mono - MONDAY) / HOUR_S,
        )
        for event in player.events
        if event.kind == FAULT
    ]


def test_the_zero_follows_dry_ground_by_5_mm_a_day() -> None:
    """Ground that lies 30 mm nearer is the zero after a week, and not before."""
    player, zeros = Player(street()), []
    for day in range(9):
        player.play_all(rows(lambda _: 30.0, 24, 600.0, day * 24))
        zeros.append(echo(player).zero.mm)
    assert all(0 <= b - a <= 5.01 for a, b in itertools.pairwise(zeros))
    assert zeros[0] == 0
    assert 14 <= zeros[3] <= 15.1
    assert zeros[8] == pytest.approx(29.5, abs=1)


def test_within_the_days_swing_the_zero_is_no_change_of_the_ground() -> None:
    """15 mm towards the sensor are not taken off; what is further is, and what is below."""
    zero = Echo().zero
    assert replace(zero, mm=14.0).counted_mm == 0
    assert replace(zero, mm=22.0).counted_mm == 7
    assert replace(zero, mm=-9.0).counted_mm == -9


def test_the_zero_takes_in_no_water() -> None:
    """Two days of standing water leave it as it was, and twelve hours after."""
    flood = lambda hour: min(max(hour - 48, 0) * 150, 60) if hour < 96 else 0.0  # noqa: E731
    player = heard(flood, 48.2, 300.0)
    before = echo(player).zero
    assert before.medians
    player.play_all(rows(flood, 59.7, 300.0, 48.2))
    assert echo(player).zero.mm == before.mm
    assert echo(player).zero.medians == before.medians
    player.play_all(rows(flood, 2, 300.0, 107.9))
    assert echo(player).zero.medians != before.medians


def test_beyond_60_mm_it_is_a_post_that_has_tilted() -> None:
    """Ground that comes nearer for weeks is followed so far, then told as drift."""
    player = heard(lambda hour: hour * 4 / 24, 30 * 24, 600.0)
    assert echo(player).zero.mm == 60
    assert [(verb, reason) for verb, reason, _ in faults(player)] == [("fault", "drift")]
    assert 20 * 24 < faults(player)[0][2] < 24 * 24


def test_what_the_sun_takes_off_is_added() -> None:
    """Dry ground that reads 20 mm far for half an hour is dry ground."""
    player = heard(lambda _: -20.0, 0.6)
    assert echo(player).sag.mm == pytest.approx(-20, abs=1)
    assert echo(player).depth_mm == pytest.approx(0, abs=1)


def test_no_more_than_30_mm_are_added() -> None:
    """Further off, the ground itself has gone."""
    assert echo(heard(lambda _: -38.0, 0.6)).sag.mm == -30


def test_dry_ground_that_reads_near_is_no_sag() -> None:
    """A sag is never above none: it would hide water."""
    assert echo(heard(lambda _: 15.0, 1)).sag.mm == 0


def test_the_sag_fades_in_four_hours_of_rain() -> None:
    """Rain cools the sensor: what is added then is less and less."""
    player = heard(lambda hour: -20.0 if hour < 1 else 100.0, 1.1)
    sag, since = echo(player).sag, echo(player).sag.at
    assert sag.now(since + 60) == sag.mm
    assert sag.now(since + 60 + 2 * HOUR_S) == pytest.approx(sag.mm / 2)
    assert sag.now(since + 60 + 4 * HOUR_S) == 0
    assert sag.now(since + DAY_S) == 0


def weather_street(*, is_compensated: bool) -> Site:
    post = level()
    bare = replace(post, traits=replace(post.traits, is_compensated=is_compensated))
    traits = Traits((Quantity.AIR_TEMP_DEGC,), 60.0, 900.0)
    return site(Profile.STREET, bare, Sensor("air", "air_temperature", Role.ROADSIDE, traits))


@pytest.mark.parametrize(
    ("is_compensated", "air_degc", "later_s", "depth_mm"),
    [
        (False, 35.0, 60.0, -2.0),
        (False, 35.0, 3600.0, -2.0),
        (False, 35.0, 3601.0, 65.0),  # too old to tell
        (False, 99.0, 60.0, 65.0),  # no air is so hot
        (True, 35.0, 60.0, 65.0),
    ],
)
def test_a_bare_part_reads_short_in_the_heat(
    is_compensated: bool, air_degc: float, later_s: float, depth_mm: float
) -> None:
    """Sound is faster by 0.17 % a degree over 20; 35 degC take 67 mm off 2.7 m."""
    player = Player(weather_street(is_compensated=is_compensated))
    player.play(MONDAY, "air", air_degc)
    player.play(MONDAY + later_s, "road-level", 2635.0)
    assert echo(player).depth_mm == pytest.approx(depth_mm, abs=0.5)


def test_a_second_echo_is_unsteady_and_ends() -> None:
    """One in four 90 mm nearer is told within hours, and over within eight hours of the repair."""
    echo_at = lambda hour: 90.0 if hour < 30 and math.sin(hour * 997) > 0.7 else 0.0  # noqa: E731
    player = heard(echo_at, 40)
    (fault, ended) = faults(player)
    assert fault[:2] == ("fault", "unsteady")
    assert fault[2] < 2
    assert ended[0] == "restored"
    assert 30 < ended[2] < 38


def test_a_sensor_that_is_stuck_is_told_until_it_moves() -> None:
    """The same millimetre for sixteen hours."""
    player = Player(street())
    player.play_all((MONDAY + 60 * n, "road-level", 2700.0) for n in range(20 * 60))
    player.play(MONDAY + 20 * HOUR_S, "road-level", 2701.0)
    assert faults(player) == [("fault", "stuck", 16.0), ("restored", "", 20.0)]


def test_a_slow_drift_is_told_and_ends_two_hours_after_it_is_back() -> None:
    """2.5 mm an hour are no water: never a confirmed warning."""
    player = heard(lambda hour: max(hour - 24, 0) * 2.5 if hour < 72 else 0.0, 80)
    (fault, ended) = faults(player)
    assert fault[:2] == ("fault", "drift")
    assert fault[2] < 24 + 120 / 2.5
    assert 74 <= ended[2] < 74.1
    sure = [e.payload["data"]["certainty"] for e in player.events if e.kind != FAULT]
    assert set(sure) <= {"possible"}


def test_what_stands_in_the_beam_for_two_hours_blocks_it() -> None:
    """A bin is told, and its end when it is taken away."""
    player = heard(lambda hour: 800.0 if 5 <= hour < 9 else 0.0, 12)
    (fault, ended) = faults(player)
    assert fault[:2] == ("fault", "blocked")
    assert 7 <= fault[2] < 7.2
    assert 9 <= ended[2] < 9.1


@pytest.mark.parametrize("code", [5000.0, 9999.0, 0.0, 300.0, 270.0, 106.0])
def test_codes_are_told_within_half_an_hour(code: float) -> None:
    """No echo, the blind zone and other units: twenty in a row."""
    player = heard(lambda _: 0.0, 3)
    player.play_all((MONDAY + 60 * n, "road-level", code) for n in range(3 * 60, 6 * 60))
    player.play_all(rows(lambda _: 0.0, 3, since=6))
    (fault, ended) = faults(player)
    assert fault[:2] == ("fault", "no_echo")
    assert fault[2] < 3.5
    assert 6 < ended[2] < 9


def test_passing_cars_and_a_day_of_sun_are_no_fault() -> None:
    """What a healthy post sees."""

    def healthy(hour: float) -> float:
        sun = -12 * max(math.sin((hour - 6) / 12 * math.pi), 0)
        return 1400.0 if round(hour * 60) % 1009 == 500 else sun

    assert not faults(heard(healthy, 72))


def test_a_flood_is_no_fault() -> None:
    """600 mm up in 40 minutes, down in two hours."""
    flood = lambda hour: max(min((hour - 5) * 900, 600, (9 - hour) * 300), 0)  # noqa: E731
    assert not faults(heard(flood, 12))


def test_after_a_gap_nobody_knows_how_the_water_moved() -> None:
    """What comes next is no leap, and what was read is no row."""
    player = heard(lambda _: 0.0, 1)
    stamp = Stamp("test", MONDAY + 3 * HOUR_S, MONDAY + 3 * HOUR_S, synced=True, sequence=9999)
    player.pipeline.take(Gap(MONDAY + HOUR_S, stamp))
    assert echo(player).depth_mm is None
    assert echo(player).minute == ()
    player.play(MONDAY + 3 * HOUR_S + 1, "road-level", 2400.0)
    assert not echo(player).is_leap


def test_a_leap_is_a_rise_that_water_cannot_make() -> None:
    """Over 60 mm at once, 96 in a minute, 500 within the hour, 800 beyond."""

    def is_leap(rise_mm: float, after_s: float) -> bool:
        player = heard(lambda _: 0.0, 0.1, 10.0)
        at = echo(player).good_at + after_s
        player.play(at, "road-level", MOUNT_MM - rise_mm)
        return echo(player).is_leap

    assert not is_leap(58, 20)
    assert is_leap(64, 20)
    assert not is_leap(94, 60)
    assert is_leap(98, 60)
    assert not is_leap(498, 1800)
    assert is_leap(503, 1800)
    assert not is_leap(798, 4000)
    assert is_leap(803, 4000)


def wet(depth_mm: float | None, at: float, doubt: Doubt | None = None) -> Echo:
    return Echo(at=at, is_good=True, depth_mm=depth_mm, trust=replace(Echo().trust, doubt=doubt))


def test_a_float_that_is_wet_is_a_witness_and_one_that_is_dry_is_none() -> None:
    """It tells of water by another way."""
    assert Echoes(floats={"float": (True, 0.0)}).witness("road-level", 150, 60.0) == "float"
    assert not Echoes(floats={"float": (False, 0.0)}).witness("road-level", 150, 60.0)


def test_another_level_sensor_is_a_witness_when_it_sees_half_as_much() -> None:
    """Lately, and only while it is believed; nobody is a witness to himself."""

    def of(other: Echo) -> str:
        both = {"road-level": wet(300, 1000.0), "other": other}
        return Echoes(both).witness("road-level", 150, 1000.0)

    assert of(wet(75, 1000.0)) == "other"
    assert not of(wet(74, 1000.0))
    assert of(wet(75, 100.0)) == "other"
    assert not of(wet(75, 99.0))
    assert not of(wet(75, 1000.0, Doubt.UNSTEADY))
    assert not of(replace(wet(75, 1000.0), is_good=False))
    assert not of(wet(None, 1000.0))


def test_faults_have_a_level_and_name_the_sensor() -> None:
    """Who mends it has to find it."""
    player = heard(lambda hour: 800.0 if hour >= 1 else 0.0, 4)
    (event,) = [e for e in player.events if e.kind == FAULT]
    assert steps([event]) == [("fault", "yellow")]
    assert event.payload["data"]["sensors"] == ["road-level"]
    assert "road-level" in event.payload["data"]["text"]["zh"]
    assert "/readings" not in event.payload["data"]["text"]["zh"]
