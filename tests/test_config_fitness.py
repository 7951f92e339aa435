"""Configurations that are valid and cannot work as people would expect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import MONDAY, level, limits, site, two_state
from wrong_configs import HOME

from agent.config import installation as rule
from agent.config.fitness import of_limits, of_tables
from agent.config.installation import Advice, of_site
from agent.config.load import examine, load
from agent.config.rules import USUAL_ROLES
from agent.detectors import detectors, levels, outing, patience, presence
from agent.site import Profile, Role, Sensor, Site
from drivers.base import Traits
from drivers.reading import Quantity, Reading, Stamp

BED = two_state("bedroom-pir", Role.BEDROOM, Quantity.MOTION)
BATH = two_state("bathroom-pir", Role.BATHROOM, Quantity.MOTION)
KITCHEN = two_state("kitchen-pir", Role.KITCHEN, Quantity.MOTION)
ENTRY = two_state("entry-pir", Role.ENTRY, Quantity.MOTION)
DOOR = two_state("front-door", Role.FRONT_DOOR, Quantity.CONTACT)
SMOKE = two_state("smoke", Role.KITCHEN, Quantity.SMOKE)
CORD = two_state("cord", Role.BATHROOM, Quantity.HELP)
FIT = (BED, BATH, KITCHEN, ENTRY, DOOR, SMOKE, CORD)

BED_RADAR = replace(BED, traits=Traits((Quantity.PRESENCE,), 0.0, 180.0))  # on a serial line
BED_2 = replace(BED, name="bedroom-radar")
HALL = replace(ENTRY, name="hall-pir", role=Role.HALL)
ASIDE = replace(DOOR, name="aside", role=Role.ENTRY)
DOOR_MOTION = replace(ENTRY, name="door-pir", role=Role.FRONT_DOOR)
CABINET = two_state("cabinet-door", Role.CABINET, Quantity.CONTACT)
FRIDGE = two_state("fridge-door", Role.KITCHEN, Quantity.CONTACT)
FLOAT = two_state("float", Role.BATHROOM, Quantity.WET)
BUZZER = two_state("buzzer", Role.BEDROOM, Quantity.BUZZER)
ANSWER = two_state("answer", Role.BEDROOM, Quantity.ANSWER)
ROAD_FLOAT = two_state("road-float", Role.ROADSIDE, Quantity.WET)

PIPE = level("pipe-level", Role.OUTFALL)
SONDE = Sensor(
    "sonde", "water_quality", Role.OUTFALL, Traits((Quantity.CONDUCTIVITY_US_CM,), 1.0, 900.0)
)

OF_HOMES = detectors().keys() - {
    "waterlogging",
    "bad_echoes",
    "discharge",
    "pollution",
    "bad_probe",
}


def home(*sensors: Sensor) -> Site:
    return site(Profile.HOME, *sensors)


def fit(*more: Sensor, without: Sensor | None = None) -> Site:
    return home(*(sensor for sensor in FIT if sensor is not without), *more)


def idle(of: Site) -> set[str]:
    """Detectors of homes that have nothing to watch there."""
    return {name for name in OF_HOMES if not detectors()[name].subjects(of)}


def street(*sensors: Sensor) -> Site:
    return site(Profile.STREET, *sensors)


BARE_LEVEL = replace(level(), traits=replace(level().traits, is_compensated=False))
SHADE = Sensor(
    "shade", "air_temperature", Role.ROADSIDE, Traits((Quantity.AIR_TEMP_DEGC,), 60.0, 600.0)
)


# rule, a site that it warns of, the key, words that say what does not work and what mends it
WARNED: list[tuple[Callable[[Site], Iterator[Advice]], Site, str, tuple[str, ...]]] = [
    (rule.no_room, home(ENTRY, DOOR, SMOKE, CORD), "sensor", ("in any room", "mount a pir")),
    (rule.blind_rooms, fit(without=BED), "sensor", ("bedroom", "sleep is not", "mount a pir")),
    (rule.blind_rooms, fit(without=BATH), "sensor", ("bathroom", "not after 90 min", "mount")),
    (rule.blind_rooms, fit(without=KITCHEN), "sensor", ("kitchen", "meals are not", "mount")),
    (rule.one_room, home(BED, BED_2, ENTRY, DOOR), "sensor 0 role", ("bedroom", "each room")),
    (rule.lone_bedroom_eye, home(DOOR, BED, BATH), "sensor 1 role", ("bedroom-pir", "a second")),
    (rule.no_door_contact, home(BED, BATH), "sensor", ("nobody counts as out", "door_contact")),
    (rule.no_door_contact, fit(without=DOOR), "sensor 3 role", ("entry-pir", "door_contact")),
    (
        rule.no_door_contact,
        fit(ASIDE, without=DOOR),
        "sensor 6 role",
        ("beside the door", 'set role = "front-door"'),
    ),
    (rule.unseen_entry, fit(without=ENTRY), "sensor 3 role", ("behind the door", "mount a pir")),
    (
        rule.radar_with_a_pet,
        replace(home(BATH, BED_RADAR), pets=True),
        "sensor 1 driver",
        ("bedroom-pir takes a pet", "mount a pir"),
    ),
    (rule.no_smoke_alarm, fit(without=SMOKE), "sensor", ("a fire is not told", "smoke_alarm")),
    (rule.no_help_button, fit(without=CORD), "sensor", ("nobody can call", "help_button")),
    (rule.unused_sensors, fit(CABINET), "sensor 7 role", ("cabinet-door", "set the role")),
    (rule.unused_sensors, fit(FLOAT), "sensor 7 driver", ("uses float", "remove it")),
    (rule.no_level, street(ROAD_FLOAT), "sensor", ("waterlogging is not watched", "water_level")),
    (rule.lone_level, street(level()), "sensor 0 role", ("road-level", "float_switch")),
    (
        rule.unseen_weather,
        site(Profile.OUTFALL, CABINET, PIPE),
        "sensor 1 role",
        ("pipe-level", "to be verified", "conductivity_us_cm"),
    ),
    (rule.warm_air, street(BARE_LEVEL), "sensor 0 model", ("warm air", "air_temperature")),
]
# rule, a site of which it has nothing to say though others may
FINE: list[tuple[Callable[[Site], Iterator[Advice]], Site]] = [
    (rule.unseen_weather, site(Profile.OUTFALL, PIPE, SONDE)),
    (rule.unseen_weather, site(Profile.OUTFALL, SONDE)),
    (rule.unseen_weather, site(Profile.OUTFALL)),
    (rule.no_room, home(BED)),
    (rule.blind_rooms, home(BED, BATH, KITCHEN)),
    (rule.one_room, home(BED, BATH)),
    (rule.lone_bedroom_eye, home(BED, BATH, KITCHEN)),
    (rule.lone_bedroom_eye, home(BED, BED_2)),
    (rule.lone_bedroom_eye, home(BED_RADAR, BATH)),
    (rule.lone_bedroom_eye, home(BATH)),
    (rule.no_door_contact, home(BED, DOOR)),
    (rule.no_door_contact, home(BED, DOOR, ASIDE)),
    (rule.unseen_entry, home(BED, DOOR, ENTRY)),
    (rule.unseen_entry, home(BED, DOOR, HALL)),
    (rule.unseen_entry, home(BED, DOOR, DOOR_MOTION)),
    (rule.unseen_entry, home(BED)),
    (rule.radar_with_a_pet, home(BED_RADAR)),
    (rule.radar_with_a_pet, replace(home(BED), pets=True)),
    (rule.no_smoke_alarm, home(SMOKE)),
    (rule.no_help_button, home(CORD)),
    (rule.unused_sensors, fit(FRIDGE)),
    (rule.unused_sensors, fit(BUZZER, ANSWER)),
    (rule.unused_sensors, fit(replace(CABINET, role=Role.OUTFALL))),  # unusual, which is told
    (rule.no_level, street(level())),
    (rule.lone_level, street(level(), ROAD_FLOAT)),
    (rule.warm_air, street(level())),
    (rule.warm_air, street(BARE_LEVEL, SHADE)),
    (rule.lone_level, street(level(), level("road-level-2"))),
]


@pytest.mark.parametrize(("judge", "of", "key", "words"), WARNED)
def test_warned(
    judge: Callable[[Site], Iterator[Advice]], of: Site, key: str, words: tuple[str, ...]
) -> None:
    """A rule says of its sensor what will not work and what mends it, and says so with the rest."""
    (advice,) = judge(of)
    assert " ".join(str(part) for part in advice.path) == key
    for word in words:
        assert word in advice.message
    assert advice in of_site(of)


@pytest.mark.parametrize(("judge", "of"), FINE)
def test_fine(judge: Callable[[Site], Iterator[Advice]], of: Site) -> None:
    """A rule keeps silent where what it asks for is there."""
    assert list(judge(of)) == []


def test_every_rule_is_tried() -> None:
    """Each rule has a site that it warns of and one that it does not."""
    rules = {*rule.UNWATCHED, *rule.WATCHED, *rule.STREET, *rule.OUTFALL}
    assert {judge for judge, *_ in WARNED} == rules
    assert {judge for judge, _ in FINE} == rules


def test_fit_home() -> None:
    """Seven sensors are enough for a home."""
    assert of_site(fit()) == ()


@pytest.mark.parametrize("sensor", FIT, ids=lambda sensor: sensor.name)
def test_each_sensor_counts(sensor: Sensor) -> None:
    """None of the seven can be missing without a word."""
    assert of_site(fit(without=sensor))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(USUAL_ROLES[Profile.HOME])),
            st.sampled_from(
                [
                    Quantity.MOTION,
                    Quantity.PRESENCE,
                    Quantity.CONTACT,
                    Quantity.SMOKE,
                    Quantity.HELP,
                ]
            ),
        ),
        max_size=4,
    ),
    st.sets(st.sampled_from([sensor.name for sensor in FIT]), max_size=3),
)
def test_a_home_without_a_warning_has_work_for_every_detector(
    more: list[tuple[Role, Quantity]], missing: set[str]
) -> None:
    """Whatever is mounted: no warning, no detector of homes without a subject."""
    kept = (sensor for sensor in FIT if sensor.name not in missing)
    added = (two_state(f"s-{i}", role, quantity) for i, (role, quantity) in enumerate(more))
    of = home(*kept, *added)
    assert of_site(of) or not idle(of)


def test_so_has_every_part_of_the_fit_home() -> None:
    """The same for each of the 128 homes that the seven sensors can make."""
    homes = [home(*kept) for number in range(8) for kept in combinations(FIT, number)]
    assert len(homes) == 128
    assert not [list(of.sensors) for of in homes if idle(of) and not of_site(of)]


@pytest.mark.parametrize(("other", "is_noticed"), [((BATH,), False), ((BATH, KITCHEN), True)])
def test_two_others_notice_a_dead_bedroom_sensor(
    other: tuple[Sensor, ...], is_noticed: bool
) -> None:
    """What the rule of the lone bedroom sensor rests on: one other sees no visits by itself."""
    of = home(BED, *other)
    known = presence.plan(of)
    assert known is not None
    seen = presence.start(known, MONDAY)
    walks = list(of.sensors) * 1100
    walks += [sensor.name for sensor in other] * 200  # the bedroom's wire is cut
    for number, name in enumerate(walks):
        for value in (1.0, 0.0):
            at = MONDAY + 240 * number + 4 * (1 - value)
            stamp = Stamp("test", at, at, synced=True, sequence=number)
            seen = presence.step(known, seen, Reading(name, Quantity.MOTION, value, stamp))
    assert seen.doubts == ({BED.name: levels.Doubt.BLIND} if is_noticed else {})
    assert bool(list(rule.lone_bedroom_eye(of))) is not is_noticed


@pytest.mark.parametrize(
    ("of", "table", "is_warned"),
    [
        (fit(), "waterlogging", True),
        (fit(), "meals", False),
        (home(BED), "meals", False),  # its missing sensor is told
        (street(level()), "meals", True),
        (street(level()), "waterlogging", False),
        (street(ROAD_FLOAT), "waterlogging", False),  # its missing sensor is told
        (site(Profile.OUTFALL, level(role=Role.OUTFALL)), "waterlogging", True),
        (site(Profile.OUTFALL, level()), "waterlogging", False),
        (site(Profile.OUTFALL, level()), "discharge", True),
        (site(Profile.OUTFALL, level(role=Role.OUTFALL)), "discharge", False),
        (home(BED), "discharge", True),
        (site(Profile.OUTFALL, level()), "silence", False),
    ],
)
def test_tables(of: Site, table: str, is_warned: bool) -> None:
    """A detector that is configured for nothing is named, unless a rule of sensors has done so."""
    found = list(of_tables(of, [table]))
    assert [advice.path for advice in found] == [("detector", table)] * is_warned
    assert all("remove the table" in advice.message for advice in found)
    assert detectors()[table].subjects(of) or is_warned or of_site(of)


@pytest.mark.parametrize(
    ("out", "key"),
    [
        (outing.Config(), ""),
        (outing.Config(night_from_h=5, night_until_h=5), "night_until_h"),
        (outing.Config(night_from_h=5, night_until_h=23), "night_until_h"),
        (outing.Config(night_from_h=0, night_until_h=6), ""),
        (outing.Config(night_from_h=22, night_until_h=0), ""),
        (outing.Config(absent_h=24), "absent_h"),
        (outing.Config(absent_h=23.5), ""),
    ],
)
def test_limits_of_outing(out: outing.Config, key: str) -> None:
    """Limits of outings that defeat each other are named."""
    found = list(of_limits(fit(), limits(outing=out)))
    assert [advice.path for advice in found] == ([("detector", "outing", key)] if key else [])


@pytest.mark.parametrize(("awake_h", "is_warned"), [(1.5, True), (1.6, False)])
def test_limits_of_stillness(awake_h: float, is_warned: bool) -> None:
    """A ceiling as low as the limit of wet rooms takes their milder alarm away."""
    given = limits(stillness=patience.Config(awake_h=awake_h))
    found = [advice.path for advice in of_limits(fit(), given)]
    assert found == [("detector", "stillness", "awake_h")] * is_warned


def test_limits_elsewhere() -> None:
    """A home's limits do not matter in a street."""
    given = limits(outing=outing.Config(absent_h=24))
    assert not list(of_limits(street(level()), given))


def test_the_daemon_does_not_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only `check` judges: a mistake in a rule keeps no agent from starting."""
    file = tmp_path / "site.toml"
    file.write_text(HOME, encoding="utf-8")
    monkeypatch.setattr("agent.config.load.judge", Mock(side_effect=AssertionError))
    assert load(file).site.sensors
    with pytest.raises(AssertionError):
        examine(file)
