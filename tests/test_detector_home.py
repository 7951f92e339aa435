"""Smoke, help, stillness and silence in a home."""

from __future__ import annotations

from dataclasses import replace

from sites import MONDAY, Player, home, level, site, steps

from agent.events import Gap
from agent.site import Profile, Role, Sensor
from drivers.base import Traits
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

HOUR = 3600.0


def at(hour: float) -> float:
    return MONDAY + hour * HOUR


def moved(player: Player, hour: float, sensor: str = "living-pir") -> None:
    player.play(at(hour), sensor, 1)
    player.play(at(hour) + 4, sensor, 0)


def stamp(hour: float, sequence: int = 9999) -> Stamp:
    return Stamp("test", at(hour), at(hour), synced=True, sequence=sequence)


def test_smoke_is_red_at_the_first_reading_and_ends_with_it() -> None:
    """Smoke goes straight through, both ways."""
    player = Player(home())
    player.play_all([(at(1), "smoke", 0), (at(2), "smoke", 1), (at(2.1), "smoke", 0)])
    assert steps(player.events, "home.smoke") == [("raised", "red"), ("cleared", "red")]


def test_a_button_already_pressed_at_the_start_is_a_call() -> None:
    """A press during a reboot is not lost."""
    player = Player(home())
    player.play(at(1), "cord", 1)
    assert steps(player.events, "home.help") == [("raised", "red")]


def test_further_presses_are_counted_in_one_alarm() -> None:
    """One call, each press an update with the count."""
    player = Player(home())
    for i in range(5):
        player.play(at(1) + 2 * i, "cord", 1)
        player.play(at(1) + 2 * i + 0.5, "cord", 0)
    calls = [event for event in player.events if event.kind == "home.help"]
    assert [event.payload["data"]["evidence"]["count"] for event in calls] == [1, 2, 3, 4, 5]
    assert len({event.payload["subject"] for event in calls}) == 1


def test_a_call_stays_open_after_release_and_closes_after_a_day() -> None:
    """Letting the button go does not withdraw the call."""
    player = Player(home())
    player.play_all([(at(1), "cord", 1), (at(1) + 1, "cord", 0)])
    player.until(at(24.9))
    assert steps(player.events, "home.help") == [("raised", "red")]
    player.until(at(25.1))
    assert steps(player.events, "home.help")[-1] == ("cleared", "red")


def test_stillness_awake_after_four_hours_and_ended_by_the_next_movement() -> None:
    """Awake ceiling 4 h, told at exactly its time."""
    player = Player(home())
    moved(player, 12)
    player.until(at(15.99))
    assert not player.events
    player.until(at(17))
    assert steps(player.events) == [("raised", "orange")]
    assert player.events[0].mono == at(12) + 4 + 4 * HOUR
    moved(player, 17)
    assert steps(player.events) == [("raised", "orange"), ("cleared", "orange")]


def test_an_alarm_that_nobody_answers_for_an_hour_turns_red() -> None:
    """Past the ceiling for an hour: somebody has to go there."""
    player = Player(home())
    moved(player, 12)
    player.until(at(16.9))
    assert steps(player.events) == [("raised", "orange")]
    player.until(at(20))
    assert steps(player.events) == [("raised", "orange"), ("updated", "red")]


def test_in_the_bathroom_a_look_is_asked_for_first() -> None:
    """An hour and a half in bathroom or kitchen is yellow, long before the ceiling."""
    player = Player(home())
    moved(player, 12, "kitchen-pir")
    player.until(at(13.6))
    assert steps(player.events) == [("raised", "yellow")]
    player.until(at(16.1))
    assert steps(player.events) == [("raised", "yellow"), ("updated", "orange")]


def test_stillness_in_bed_at_night_waits_eight_hours() -> None:
    """A sleeper is not woken: bedroom at 22:00 gives 8 h."""
    player = Player(home())
    moved(player, 22, "bedroom-pir")
    player.until(at(29.9))
    assert not player.events
    player.until(at(30.1))
    assert player.events[0].payload["data"]["evidence"]["limit_name"] == "bed_h"


def test_who_went_out_at_noon_is_missed_at_midnight_and_not_called_still() -> None:
    """After the door nobody is still; twelve hours are too long while nothing is learned."""
    player = Player(home())
    moved(player, 11, "living-pir")
    moved(player, 12, "entry-pir")
    player.play_all([(at(12.01), "front-door", 0), (at(12.02), "front-door", 1)])
    player.play(at(12.03), "front-door", 0)
    player.until(at(23.9))
    assert not player.events
    player.until(at(24.1))
    assert steps(player.events) == [("raised", "yellow")]
    assert player.events[0].payload["data"]["evidence"]["reason"] == "absent_long"
    player.play(at(25), "front-door", 1)
    assert steps(player.events) == [("raised", "yellow"), ("cleared", "yellow")]


def test_a_repeated_level_is_no_sign_of_life() -> None:
    """A still home whose sensors re-emit 0 every 30 s is still."""
    player = Player(home())
    moved(player, 12)
    for i in range(1, 4 * 120 + 10):
        player.play(at(12) + 4 + 30 * i, "living-pir", 0)
    assert steps(player.events, "home.stillness") == [("raised", "orange")]


def test_a_sensor_stuck_at_one_is_no_proof_of_life() -> None:
    """Held at 1 for hours, it delays the alarm by ten minutes at most."""
    player = Player(home())
    for i in range(5 * 120):
        player.play(at(12) + 30 * i, "living-pir", 1)
    still = [event for event in player.events if event.kind == "home.stillness"]
    assert still
    assert at(16) < still[0].mono <= at(16) + 600


def test_nothing_is_concluded_for_half_an_hour_after_a_gap() -> None:
    """After a 30 min outage the person has time to be seen."""
    player = Player(home())
    moved(player, 12)
    player.pipeline.take(Gap(at(15.8), stamp(16.3)))
    player.until(at(16.7))
    assert not steps(player.events, "home.stillness")
    player.until(at(16.9))
    assert steps(player.events, "home.stillness") == [("raised", "orange")]


def test_a_long_gap_starts_the_clock_anew() -> None:
    """After a day without the agent nobody knows when the last sign was."""
    player = Player(home())
    moved(player, 12)
    player.pipeline.take(Gap(at(12.5), stamp(36)))
    player.until(at(39.9))
    assert not steps(player.events, "home.stillness")
    player.until(at(40.1))
    assert steps(player.events, "home.stillness") == [("raised", "orange")]


def test_edges_alone_never_make_a_silent_sensor() -> None:
    """A quiet door in a recording of edges is no dead door."""
    player = Player(home())
    player.play_all([(at(1), "front-door", 1), (at(1.01), "front-door", 0)])
    player.until(at(4))
    assert not steps(player.events, "sensor.fault")


def test_a_sensor_that_stops_repeating_its_level_is_a_fault_and_then_restored() -> None:
    """Known to repeat, silent for three polls: a fault, and an end of it."""
    player = Player(home())
    for i in range(5):
        player.play(at(1) + 30 * i, "smoke", 0)
    player.until(at(2))
    player.play(at(2.1), "smoke", 0)
    assert steps(player.events, "sensor.fault") == [("fault", "yellow"), ("restored", "yellow")]
    assert player.events[0].payload["data"]["sensors"] == ["smoke"]


def test_a_lost_port_is_a_fault_at_once_and_told_once() -> None:
    """Failed attempts to open it again are no news."""
    player = Player(site(Profile.STREET, level()))
    player.play(at(1), "road-level", 2700)
    for i in range(4):
        lost = SensorState("road-level", SensorStatus.LOST, "unplugged", stamp(1.01, 10 + i))
        player.events += player.pipeline.take(lost)[1]
    assert steps(player.events) == [("fault", "yellow")]
    assert player.events[0].payload["data"]["evidence"]["cause"] == "unplugged"


def test_after_a_gap_every_sensor_has_its_whole_time_again() -> None:
    """The agent's own pause is not the sensors' silence."""
    player = Player(site(Profile.STREET, level()))
    player.play(at(1), "road-level", 2700)
    player.events += player.pipeline.take(Gap(at(1.01), stamp(9)))[1]
    player.until(at(9.2))
    assert not player.events
    player.until(at(9.3))
    assert steps(player.events) == [("fault", "yellow")]


def test_a_sensor_that_measures_every_second_is_missed_within_a_minute() -> None:
    """Its own pace counts, not the longest pause that its driver knows of."""
    player = Player(site(Profile.STREET, level()))
    player.play_all([(at(1) + i, "road-level", 2700) for i in range(100)])
    player.until(at(1) + 99 + 59)
    assert not player.events
    player.until(at(1) + 99 + 61)
    assert steps(player.events) == [("fault", "yellow")]
    assert player.events[0].payload["data"]["evidence"]["limit_source"] == "learned"


def test_a_sensor_that_slows_down_on_purpose_is_not_silent() -> None:
    """Hours at its fast pace do not make its slow one a fault, whatever that is; silence is one."""
    slow = replace(level(), traits=replace(level().traits, idle_s=300.0))
    player = Player(site(Profile.STREET, slow))
    player.play_all([(at(1) + 5 * i, "road-level", 2600) for i in range(720)])
    player.play_all([(at(2) + 300 * i, "road-level", 2700) for i in range(1, 20)])
    assert not [event for event in player.events if event.kind == "sensor.fault"]
    player.until(at(5))
    assert steps(player.events, "sensor.fault") == [("fault", "yellow")]


def test_the_quantities_of_a_probe_are_one_pace() -> None:
    """Six values a minute in one burst are a reading a minute, not six quick ones."""
    quantities = (Quantity.PH, Quantity.TURBIDITY_NTU, Quantity.ORP_MV)
    probe = Sensor("sonde", "water_quality", Role.OUTFALL, Traits(quantities, 30.0, 7200.0))
    player = Player(site(Profile.OUTFALL, probe))
    for minute in range(60):
        for i, quantity in enumerate(quantities):
            at_s = at(1) + 60 * minute + i
            stamped = Stamp("test", at_s, at_s, synced=True, sequence=3 * minute + i + 1)
            reading = Reading("sonde", quantity, 7.0 + minute / 100, stamped)
            player.events += player.pipeline.take(reading)[1]
    assert not player.events
    player.until(at(2) + 31 * 60)
    assert steps(player.events) == [("fault", "yellow")]


def test_a_sensor_that_talks_in_bursts_is_called_silent_once_at_most() -> None:
    """The pause that led to a fault is learned when it ends."""
    player = Player(site(Profile.STREET, level()))
    for cycle in range(50):
        player.play_all([(at(1) + 135 * cycle + i, "road-level", 2700) for i in range(12)])
    assert steps(player.events) == [("fault", "yellow"), ("restored", "yellow")]


def test_what_a_failed_sensor_fails_of_is_no_news() -> None:
    """Silent, then unplugged, then silent again is one fault."""
    player = Player(site(Profile.STREET, level()))
    player.play(at(1), "road-level", 2700)
    for i, status in enumerate([SensorStatus.SILENT, SensorStatus.LOST] * 10):
        state = SensorState("road-level", status, "nothing", stamp(1.01 + i / 100, 10 + i))
        player.events += player.pipeline.take(state)[1]
    assert steps(player.events) == [("fault", "yellow")]
