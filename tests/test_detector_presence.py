"""Whether the resident is at home, and which sensors are believed."""

from __future__ import annotations

import pytest
from routine import at, passing, stirring
from sites import Player, home, site, two_state

from agent.detectors import Setup, patience
from agent.detectors.habits import Silences, cell
from agent.detectors.levels import Doubt
from agent.detectors.presence import Home, Place, Sign
from agent.events import Activity
from agent.site import Profile, Role
from drivers.reading import Quantity, SensorState, SensorStatus, Stamp


def seen(player: Player) -> Home:
    state = player.pipeline.sights["presence"].state
    assert isinstance(state, Home)
    return state


def gone_out() -> Player:
    """Noon: somebody has closed the door behind him a quarter of an hour ago."""
    player = Player(home())
    player.play(at(11), "front-door", 0)
    player.play_all(stirring(11.5, 11.6, "living-pir", 30))
    player.play_all(passing(11.75, out=True))
    player.until(at(12.0))
    return player


def test_a_closed_door_and_ten_quiet_minutes_are_an_empty_home() -> None:
    """Not before, and since the moment of the closing."""
    player = Player(home())
    player.play(at(11), "front-door", 0)
    player.play_all(stirring(11.5, 11.6, "living-pir", 30))
    player.play_all(passing(11.75, out=True))
    player.until(at(11.75) + 599)
    assert seen(player).place is Place.AWAKE
    player.until(at(11.75) + 601)
    assert (seen(player).place, seen(player).since) == (Place.MAYBE_AWAY, at(11.75))
    player.until(at(12.5))
    assert seen(player).place is Place.AWAY


def test_a_movement_that_begins_after_the_door_has_closed_is_somebody_inside() -> None:
    """A parcel taken in, or a collapse by the door: the home is not called empty."""
    player = Player(home())
    player.play(at(11), "front-door", 0)
    player.play_all(passing(11.75, out=True))
    player.play_all([(at(11.75) + 6, "entry-pir", 1), (at(11.75) + 9, "entry-pir", 0)])
    player.until(at(13.0))
    assert seen(player).place is Place.AWAKE


def test_a_movement_at_the_door_without_the_door_is_somebody_inside() -> None:
    """The contact has not moved for hours."""
    player = Player(home())
    player.play_all(stirring(11.5, 11.6, "living-pir", 30))
    player.play_all([(at(12), "entry-pir", 1), (at(12) + 3, "entry-pir", 0)])
    player.until(at(13.0))
    assert seen(player).place is Place.AWAKE


@pytest.mark.parametrize("sensor", ["bedroom-pir", "entry-pir"])
def test_a_stray_report_brings_nobody_home(sensor: str) -> None:
    """One pulse in an empty home, inside or at the door."""
    player = gone_out()
    player.play_all([(at(12.5), sensor, 1), (at(12.5) + 2, sensor, 0)])
    assert seen(player).is_out


def test_the_door_brings_somebody_home_at_once() -> None:
    """And the outing is written down with both its ends."""
    player = gone_out()
    player.play_all(passing(13.5, out=False))
    assert (seen(player).place, seen(player).is_out) == (Place.AWAKE, False)
    assert player.pipeline.activities == [
        Activity("outing", at(11.75), at(11.75) + 600, at(13.5), at(13.5))
    ]


@pytest.mark.parametrize("sensors", [("bedroom-pir", "living-pir"), ("living-pir",) * 3])
def test_two_rooms_or_three_reports_are_somebody_who_never_left(sensors: tuple[str, ...]) -> None:
    """No outing is written down."""
    player = gone_out()
    for n, sensor in enumerate(sensors):
        player.play_all([(at(12.5) + 60 * n, sensor, 1), (at(12.5) + 60 * n + 2, sensor, 0)])
    assert not seen(player).is_out
    assert not player.pipeline.activities


def test_a_sensor_told_at_1_for_half_an_hour_is_stuck_until_it_moves() -> None:
    """A fault while it lasts, and no proof of life: stillness comes all the same."""
    player = Player(home())
    player.play_all(stirring(12, 12.1, "living-pir", 30))
    for n in range(4 * 120):
        player.play(at(12.2) + 30 * n, "bedroom-pir", 1)
    assert seen(player).doubts == {"bedroom-pir": Doubt.STUCK}
    told = [(e.kind, e.payload["data"]["evidence"]["reason"]) for e in player.events]
    assert told == [("monitoring.degraded", "dark"), ("sensor.fault", "stuck")]
    player.until(at(16.5))
    assert player.events[-1].kind == "home.stillness"
    player.play(at(16.6), "bedroom-pir", 0)
    player.play(at(16.61), "bedroom-pir", 1)
    assert seen(player).doubts == {}
    assert player.events[-2].payload["type"] == "street-agent.alarm.restored.v1"


def test_a_chattering_sensor_is_told_and_hides_nobody() -> None:
    """Thirty changes a minute for hours: a fault after some minutes, stillness an hour late at most."""
    player = Player(home())
    player.play_all(stirring(12, 12.1, "living-pir", 30))
    for n in range(5 * 1800):
        player.play(at(12.1) + 2 * n, "bedroom-pir", (n + 1) % 2)
    faults = [e for e in player.events if e.kind == "sensor.fault"]
    assert [e.payload["data"]["evidence"]["reason"] for e in faults] == ["chatter"]
    assert faults[0].mono < at(12.1) + 10 * 60
    still = [e for e in player.events if e.kind == "home.stillness"]
    assert still
    assert still[0].mono < at(12.1) + 5 * 3600


def test_a_pulse_that_does_not_end_is_no_sign_of_life() -> None:
    """It begins a minute after a collapse and stays: stillness counts from the collapse."""
    player = Player(home())
    player.play_all(stirring(12, 12.1, "living-pir", 30))
    last = player.pipeline.sights["presence"].state.sign
    player.play(at(12.1) + 60, "bedroom-pir", 1)
    player.until(at(12.1) + 60 + 601)
    assert seen(player).sign == last
    player.until(at(16.5))
    still = [e for e in player.events if e.kind == "home.stillness"]
    assert still[0].mono == last.mono + 4 * 3600


def visits(player: Player, first: int, count: int, *sensors: str) -> None:
    """Somebody walks to and fro between these, five minutes each."""
    for n in range(first, first + count):
        sensor = sensors[n % len(sensors)]
        player.play_all([(at(1) + 300 * n, sensor, 1), (at(1) + 300 * n + 3, sensor, 0)])


def test_a_sensor_past_which_everybody_walks_may_be_blind_and_is_told() -> None:
    """Twice as many visits as ever, and sixty: monitoring is degraded until it sees again."""
    player = Player(home())
    player.play_all([(at(1) - 10, "front-door", 0), (at(1) - 5, "front-door", 1)])
    three = ("living-pir", "kitchen-pir", "living-pir", "entry-pir", "living-pir", "kitchen-pir",
             "living-pir", "bedroom-pir")  # fmt: skip
    visits(player, 0, 2100, *three)
    assert not [e for e in player.events if e.kind == "monitoring.degraded"]
    visits(player, 2100, 90, "living-pir", "kitchen-pir")
    degraded = [e.payload["data"] for e in player.events if e.kind == "monitoring.degraded"]
    assert [(d["level"], d["evidence"]["reason"]) for d in degraded][:1] == [("yellow", "blind")]
    assert "bedroom-pir" in degraded[-1]["sensors"]
    player.play(at(200), "bedroom-pir", 0)  # told again: its wire is whole
    assert seen(player).doubts["bedroom-pir"] is Doubt.BLIND
    player.play(at(200.1), "bedroom-pir", 1)
    assert "bedroom-pir" not in seen(player).doubts


def test_without_the_bedroom_nobody_is_seen_well_enough() -> None:
    """Its only sensor unplugged: degraded at once, and over when it is back."""
    player = Player(home())
    player.play_all(stirring(12, 12.1, "bedroom-pir", 30))
    lost = SensorState("bedroom-pir", SensorStatus.LOST, "unplugged", last_stamp(player))
    player.events += player.pipeline.take(lost)[1]
    assert [e.kind for e in player.events] == ["monitoring.degraded", "sensor.fault"]
    player.play_all(stirring(12.2, 12.21, "bedroom-pir", 30))
    assert seen(player).doubts == {}
    words = [e.payload["data"]["text"]["en"] for e in player.events if e.kind.startswith("mon")]
    assert words[-1].endswith("monitoring is complete again.")


def last_stamp(player: Player) -> Stamp:
    stamp = player.pipeline.last
    assert stamp is not None
    return stamp


def test_a_sensor_that_was_dead_from_the_first_day_is_told() -> None:
    """A day's hours in which others saw somebody: degraded, and it names the study's sensor."""
    of = home()
    more = two_state("study-pir", Role.WORK, Quantity.MOTION)
    player = Player(site(Profile.HOME, *of.sensors.values(), more))
    visits(player, 0, 12 * 23, "living-pir", "bedroom-pir", "kitchen-pir", "entry-pir")
    assert not player.events
    visits(player, 12 * 23, 24, "living-pir", "bedroom-pir", "kitchen-pir", "entry-pir")
    told = [e.payload["data"] for e in player.events if e.kind == "monitoring.degraded"]
    assert [d["sensors"] for d in told] == [["study-pir"]]
    assert told[0]["level"] == "yellow"


def test_a_suspected_sensor_makes_stillness_patient_before_it_is_named() -> None:
    """What is usual is yellow while a room may be unseen; the ceiling stays."""
    setup: Setup[patience.Config] = Setup(patience.Config(), home(), "home")
    longest = {cell("living-pir", 24): ((30.0, 20),), "living": ((30.0, 20),)}
    state = patience.State(silences=Silences(longest), days=20, day=20, bed_seen=at(12))
    sign = Sign(at(12), at(12), "living-pir")
    for seen, orange, yellow in (
        (Home(), 90, None),
        (Home(suspects=("kitchen-pir",)), 240, 90),
        (Home(doubts={"kitchen-pir": Doubt.BLIND}), 240, 90),
        (Home(doubts={"kitchen-pir": Doubt.DOWN}), 240, 90),
        (Home(doubts={"kitchen-pir": Doubt.STUCK}), 90, None),
        (Home(suspects=("front-door",)), 240, 90),
    ):
        limit = patience.limit_of(setup, state, sign, seen, at(13))
        mild = patience.milder_limit_of(setup, state, sign, seen, at(13))
        assert limit.minutes == orange
        assert (None if mild is None else mild.minutes) == yellow
