from __future__ import annotations

from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.base import PortError, load
from drivers.reading import TWO_STATE, Quantity
from drivers.scene_home import DAY_S, Place, Stay, Stir
from drivers.scene_incidents import moved
from drivers.scene_life import DEMO, furnish, life
from drivers.scene_street import flood
from drivers.simulated import DRIVER, QUANTITIES, Config, Part

MOTION = tuple(part for part in QUANTITIES if part.endswith("-motion"))
HOUR_S = 3600


def played(config: Config, hours: float) -> dict[float, dict[Quantity, float]]:
    """What a sensor emits, by second of its scene."""
    driver = DRIVER.build(config)
    now: dict[Quantity, float] = {}
    driver.open(now.__setitem__)
    found = {}
    for step in range(int(hours * HOUR_S / config.step)):
        now.clear()
        driver.poll()
        found[step * config.step] = dict(now)
    return found


def levels(config: Config, hours: float) -> dict[float, float | None]:
    """The first quantity at every step, a level held until the next report of it."""
    quantity, held = QUANTITIES[config.part][0], None
    found: dict[float, float | None] = {}
    for at, emitted in played(config, hours).items():
        held = emitted.get(quantity, held)
        found[at] = held
    return found


def times(config: Config, hours: float, value: float = 1) -> list[float]:
    return [at for at, level in levels(config, hours).items() if level == value]


def test_the_agent_finds_it_by_name() -> None:
    """`driver = "simulated"` leads to this file, and each part has its quantities."""
    assert load("simulated") is DRIVER
    assert set(get_args(Part)) == set(QUANTITIES)


@pytest.mark.parametrize("part", get_args(Part))
def test_same_seed_same_readings(part: Part) -> None:
    """The same seed gives the same readings, another seed others where luck has a part."""
    once = played(Config(part, seed=7), 30)
    assert once == played(Config(part, seed=7), 30)
    if part in {*MOTION, "road-level", "sonde"}:
        assert once != played(Config(part, seed=8), 30)


@pytest.mark.parametrize(("seed", "start_h", "script"), [(1, 0.0, "plain"), (2, 13.5, "demo")])
def test_sensors_of_one_home_agree(seed: int, start_h: float, script: str) -> None:
    """A sensor is at 1 only within a minute of a stay in its room, or of one who crosses it."""
    kwargs = {"seed": seed, "start_h": start_h, "script": script}
    story = tuple(moved(stay, start_h * HOUR_S) for stay in DEMO) if script == "demo" else ()
    home = furnish(seed, story=story)
    for part in MOTION:
        seen = times(Config(part, **kwargs), 36)
        assert seen
        for at in seen:
            day, second = divmod(start_h * HOUR_S + at, DAY_S)
            people = life(home, int(day))
            stays = [s for s in (*people.resident, *people.guest) if near(s, second)]
            rooms = {stay.place.value for stay in stays}
            assert rooms & {part.removesuffix("-motion"), "out"} or (
                part == "living-motion" and len(rooms) > 1
            )


def near(stay: Stay, second: float) -> bool:
    return stay.since - 60 <= second <= stay.until + 60


def test_door_opens_at_leaving_and_returning() -> None:
    """The door opens where somebody leaves, comes home or answers it, past the entry; else never."""
    for seed in (1, 2, 3):
        home, hours = furnish(seed), 24 * 4
        door = times(Config("front-door", seed=seed, start_h=0.0), hours)
        entry = times(Config("entry-motion", seed=seed, start_h=0.0), hours)
        for at in door:
            assert any(abs(at - seen) <= 60 for seen in entry)
        passings = [
            day * DAY_S + after.since
            for day in range(4)
            for before, after in pairwise(life(home, day).resident)
            if (before.place is Place.OUT) != (after.place is Place.OUT)
            or after.stir is Stir.AT_DOOR
        ]
        assert len(passings) >= 4
        for moment in passings:
            assert any(abs(at - moment) <= 30 for at in door)
        for at in door:
            assert any(-30 <= at - moment <= 180 for moment in passings)


def test_levels_are_repeated_every_minute() -> None:
    """A quiet part repeats its level each minute, so that a cut wire looks different."""
    reports = [at for at, emitted in played(Config("smoke"), 1).items() if emitted]
    assert reports == [minute * 60 for minute in range(60)]


def test_motion_reports_both_edges() -> None:
    """Every change of a motion sensor is reported when it happens, and reopening reports anew."""
    values = [e[Quantity.MOTION] for e in played(Config("kitchen-motion"), 24).values() if e]
    assert {(0.0, 1.0), (1.0, 0.0)} <= set(pairwise(values))
    driver = DRIVER.build(Config("kitchen-motion", script="demo"))
    seen: list[float] = []
    for _ in range(2):
        driver.open(lambda _quantity, value: seen.append(value))
        driver.poll()
        driver.close()
        driver.close()
    assert len(seen) == 2
    with pytest.raises(PortError):
        driver.poll()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_floods_rise_as_water_does(seed: int) -> None:
    """Floods rise without a fall, never faster than water can (250 mm/min), and drain to nothing."""
    for day in range(40):
        corners = flood(seed, day)
        if not corners:
            continue
        depths = [mm for _, mm in corners]
        top = depths.index(max(depths))
        assert depths[: top + 1] == sorted(depths[: top + 1])
        assert depths[top:] == sorted(depths[top:], reverse=True)
        assert (depths[0], depths[-1]) == (0, 0)
        for (since, low), (until, high) in pairwise(corners):
            assert until > since
            assert (high - low) * 60 / (until - since) < 250


def test_the_level_sees_real_water_and_real_noise() -> None:
    """In a dry month the level stays within its noise and daily swing; error codes come rarely."""
    config = Config("road-level", seed=3)
    distances = list(levels(config, 24).values())
    echoes = [d for d in distances if d != 5000]
    assert 0 < len(distances) - len(echoes) < 0.02 * len(distances)
    assert 2690 <= min(echoes) < max(echoes) <= 2730


def test_the_float_follows_the_same_water() -> None:
    """The float is wet when the level sensor beside it sees about 100 mm."""
    wet = set(times(Config("float", script="demo"), 8))
    for at, distance in levels(Config("road-level", script="demo"), 8).items():
        if distance != 5000 and abs(2700 - distance - 100) > 30:
            assert (at in wet) == (2700 - distance > 100)


@pytest.mark.parametrize(("mm", "minute"), [(100, 25), (150, 30), (270, 40), (400, 55), (500, 68)])
def test_demo_water_passes_the_thresholds(mm: float, minute: float) -> None:
    """The demo's water passes each warning level within three minutes of its promise."""
    level = levels(Config("road-level", script="demo"), 2)
    first = next(at for at, distance in level.items() if 2700 - distance >= mm)
    assert abs(first / 60 - minute) <= 3


def test_demo_water_goes_and_comes_again() -> None:
    """The demo's street is dry until 10 min and from 150 min, and a smaller flood comes at 5 h."""
    level = levels(Config("road-level", script="demo"), 8)
    depth = {at / 60: 2700 - d for at, d in level.items() if d != 5000}
    assert max(mm for at, mm in depth.items() if at < 10 or 150 <= at < 300) < 20
    assert 480 <= max(depth.values()) <= 525
    assert 160 <= max(mm for at, mm in depth.items() if at > 150) <= 195
    assert max(mm for at, mm in depth.items() if at > 400) < 20


def test_demo_resident() -> None:
    """The demo's resident calls for help, collapses after an hour, and gets up after six."""
    seen = {part: times(Config(part, script="demo"), 8) for part in MOTION}
    moves = sorted(at for part in MOTION for at in seen[part])
    assert max(b - a for a, b in pairwise(moves) if b < 3600) < 300
    before = [at for at in moves if at < 5 * HOUR_S]
    assert 58 * 60 <= before[-1] < 3600
    assert before[-1] in seen["living-motion"]
    assert 6 * HOUR_S <= next(at for at in moves if at > 3600) < 6.1 * HOUR_S
    assert not times(Config("front-door", script="demo"), 6.5)
    assert times(Config("help", script="demo"), 12) == [1200]
    assert times(Config("smoke", script="demo"), 12) == [27000 + 10 * n for n in range(6)]
    assert not times(Config("help"), 12)


def test_demo_outfall() -> None:
    """The demo's probe is silent from 90 to 150 min, then reads an hour of sewage, then is well."""
    found = played(Config("sonde", script="demo"), 8)
    silent = [at / 60 for at, emitted in found.items() if not emitted]
    assert silent == [float(minute) for minute in range(90, 150)]
    oxygen = {at / 60: e[Quantity.DISSOLVED_OXYGEN_MG_L] for at, e in found.items() if e}
    ammonia = {at / 60: e[Quantity.AMMONIA_N_MG_L] for at, e in found.items() if e}
    for minute in (10, 80, 160, 300):
        assert oxygen[minute] > 5
        assert ammonia[minute] < 1
    assert oxygen[220] < 2.5
    assert ammonia[220] > 8


@pytest.mark.parametrize("part", get_args(Part))
def test_traits(part: Part) -> None:
    """The agent polls once a step and calls five missed repeats silence."""
    config = Config(part)
    traits = DRIVER.traits(config)
    assert traits.quantities == QUANTITIES[part]
    assert traits.poll_s == config.step == (60 if part == "sonde" else 10)
    assert traits.silent_after_s == 300
    assert traits.claims == ()
    assert (traits.mount_height_mm is None) == (part != "road-level")
    assert traits.settle is None
    assert not traits.valid or TWO_STATE.isdisjoint(traits.valid)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"step_s": 0.5}, "step_s: 0.5 is outside 1 to 10"),
        ({"step_s": 11}, "step_s: 11 is outside 1 to 10"),
        ({"start_h": 25}, "start_h: 25 is outside 0 to 24"),
        ({"mount_height_mm": 100}, "mount_height_mm: 100 is outside 500 to 4900"),
        ({"low_point_mm": -1}, "low_point_mm: -1 is outside 0 to 2000"),
        ({"incidents": "fall@3"}, "incidents: 'fall@3': no kind 'fall'; there are collapse, "),
    ],
)
def test_config_is_checked(wrong: dict[str, float], message: str) -> None:
    """A value that makes no sense is refused with what is allowed."""
    with pytest.raises(ValueError, match=message):
        Config("road-level", **wrong)
