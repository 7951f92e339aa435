"""What decides, under clocks that are set, stop, and go on for years; and zones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import MONDAY, home, limits, steps, street

from agent.clock import ManualClock
from agent.events import Event, Gap, Tick
from agent.inbox import FROZEN_S, Inbox
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.site import Site
from drivers.reading import Quantity, Reading, Stamp

HOUR, DAY, YEAR = 3600.0, 86400.0, 365.25 * 86400.0
REPLAYS = Path(__file__).parent / "replays"


class Device:
    """A pipeline fed by stamps of two clocks that go apart."""

    def __init__(self, of: Site, mono: float = 5000.0, wall: float = MONDAY) -> None:
        self.pipeline = Pipeline(of, limits())
        self.events: list[Event] = []
        self.mono, self.wall, self.synced, self.boot = mono, wall, True, "b1"
        self.sequence = 0

    def pass_(self, seconds: float) -> None:
        self.mono += seconds
        self.wall += seconds

    def stamp(self) -> Stamp:
        self.sequence += 1
        return Stamp(self.boot, self.mono, self.wall, self.synced, self.sequence)

    def read(self, sensor: str, value: float) -> None:
        quantity = self.pipeline.site.sensors[sensor].traits.quantities[0]
        self.events += self.pipeline.take(Reading(sensor, quantity, value, self.stamp()))[1]

    def move(self, sensor: str) -> None:
        self.read(sensor, 1)
        self.pass_(4)
        self.read(sensor, 0)

    def quiet(self, hours: float, sensor: str = "smoke") -> None:
        """Nobody moves; a sensor repeats its level, as they all do."""
        for _ in range(round(hours * 60)):
            self.pass_(60)
            self.read(sensor, 0)

    def still(self) -> list[Event]:
        return [event for event in self.events if event.kind == "home.stillness"]

    def gap(self, since: float, *, is_known: bool = True) -> None:
        self.events += self.pipeline.take(Gap(since, self.stamp(), is_known))[1]


def told(event: Event) -> dict[str, Any]:
    return {"time": event.payload["time"], **event.payload["data"]}


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


STEPS = [10 * YEAR, -3 * YEAR, -56 * YEAR, 11 * HOUR, -30.0]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_of_the_clock_is_no_alarm_and_misses_no_deadline(
    step: float, record_property: Callable[[str, object], None]
) -> None:
    """Stillness comes 4 h of real time after the last sign, to the second; numbers stay in order."""
    record_property("injections", 1)
    device = Device(home())
    device.pass_(12 * HOUR)
    device.move("living-pir")
    moved_at = device.mono
    device.quiet(2)
    device.wall += step
    device.quiet(1.95)
    assert not device.events
    device.quiet(0.2)
    assert steps(device.still()) == [("raised", "orange")]
    assert device.still()[0].mono == moved_at + 4 * HOUR
    data = told(device.still()[0])
    assert seconds(data["time"]) - seconds(data["onset"]) == pytest.approx(4 * HOUR, abs=0.01)
    assert [event.sequence for event in device.events] == list(range(1, len(device.events) + 1))


def test_the_hours_of_sleep_follow_the_clock() -> None:
    """Set from a wrong noon to the right night while the resident sleeps: 8 h, not 4 h."""
    device = Device(home(), wall=MONDAY + 12 * HOUR)
    device.move("bedroom-pir")
    device.quiet(1)
    device.wall += 10.5 * HOUR  # it is 23:30
    device.quiet(6.5)
    assert not device.still()
    device.quiet(1)
    assert told(device.still()[0])["evidence"]["limit_name"] == "bed_h"


def test_the_hours_of_waking_follow_the_clock() -> None:
    """Set from a wrong night to the right noon: 4 h, and the alarm that is late comes at once."""
    device = Device(home(), wall=MONDAY + 23 * HOUR)
    device.move("bedroom-pir")
    device.quiet(5)
    assert not device.still()
    device.wall += 13 * HOUR
    device.quiet(0.05)
    assert told(device.still()[0])["evidence"]["limit_name"] == "awake_h"


def test_a_missing_clock_wakes_no_sleeper() -> None:
    """Where no clock has told the time of day since the boot, the bedroom has 8 h at any hour."""
    device = Device(home(), wall=MONDAY + 12 * HOUR)
    device.synced = False
    device.move("bedroom-pir")
    device.quiet(7.9)
    assert not device.still()
    device.quiet(0.2)
    assert told(device.still()[0])["evidence"]["limit_name"] == "bed_h"


def test_a_clock_that_lost_its_server_still_tells_the_hour() -> None:
    """Synchronised once in this boot, it goes on; only another boot has to ask again."""
    device = Device(home(), wall=MONDAY + 12 * HOUR)
    device.move("living-pir")
    device.synced = False
    device.pass_(60)
    device.move("bedroom-pir")
    device.quiet(4.1)
    assert told(device.still()[0])["evidence"]["limit_name"] == "awake_h"


def test_no_onset_of_1970_is_told_with_a_synchronised_clock() -> None:
    """An alarm that began before the first synchronisation: its onset follows, its id stays."""
    device = Device(home(), wall=0.0)
    device.synced = False
    device.read("cord", 1)
    device.pass_(60)
    device.read("cord", 0)
    device.pass_(1)
    device.synced, device.wall = True, MONDAY + 61
    device.read("cord", 1)
    first, second = (told(event) for event in device.events)
    assert (first["clock"], first["onset"]) == ("unsynced", "1970-01-01T00:00:00.000Z")
    assert second["clock"] == "synced"
    assert seconds(second["onset"]) == pytest.approx(MONDAY, abs=0.01)
    assert first["alarm"] == second["alarm"]
    device.wall += 10 * YEAR
    device.read("cord", 0)
    device.pass_(1)
    device.read("cord", 1)
    assert told(device.events[-1])["onset"] == second["onset"]


def test_an_alarm_that_outlives_the_boot_keeps_its_onset() -> None:
    """What a good clock told is not moved by a boot without one, and the event says whose it is."""
    device = Device(home())
    device.read("cord", 1)
    onset = told(device.events[0])["onset"]
    device.pass_(HOUR)
    device.boot, device.synced, device.wall = "b2", False, 0.0
    device.gap(5000.0, is_known=False)
    device.read("cord", 0)
    device.pass_(1)
    device.read("cord", 1)
    event = device.events[-1]
    assert (told(event)["onset"], event.payload["onsetboot"]) == (onset, "b1")
    assert "onsetboot" not in device.events[0].payload


def test_a_clock_that_says_the_same_time_twice_gives_two_ids() -> None:
    """Two boots at 1970, the same alarm at the same second: two alarms."""
    found = []
    for boot, mono in (("b1", 100.0), ("b2", 900.0)):
        device = Device(home(), mono=mono, wall=0.0)
        device.boot, device.synced = boot, False
        device.read("smoke", 1)
        found.append(device.events[0])
    assert found[0].payload["time"] == found[1].payload["time"]
    assert found[0].id != found[1].id


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(0.01, 9000),
            st.sampled_from(list(home().sensors)),
            st.integers(0, 1),
            st.sampled_from([0.0, 0.0, 0.0, -3 * YEAR, 10 * YEAR, 7200.0, -1.0]),
            st.booleans(),
        ),
        max_size=40,
    ),
    st.integers(0, 40),
)
def test_restarts_between_steps_change_nothing(
    rows: list[tuple[float, str, int, float, bool]], cut: int
) -> None:
    """State to JSON and back anywhere among steps of the clock: the same events, byte for byte."""

    def lived(at: int) -> list[str]:
        device = Device(home(), wall=MONDAY + 40 * YEAR)
        for n, (pause, sensor, value, step, synced) in enumerate(rows):
            if n == at:
                document = json.loads(json.dumps(remember(device.pipeline)))
                device.pipeline = Pipeline(home(), limits())
                assert recall(device.pipeline, document) == []
            device.pass_(pause)
            device.wall, device.synced = device.wall + step, synced
            device.read(sensor, value)
        return [json.dumps(event.payload) for event in device.events]

    assert lived(cut) == lived(-1)


def test_after_a_gap_of_unknown_length_stillness_starts_anew() -> None:
    """The count says 20 s, but it may have been three days: no stale alarm, and none is lost."""
    device = Device(home(), wall=MONDAY + 12 * HOUR)
    device.move("living-pir")
    device.quiet(3.9)
    since = device.mono
    device.pass_(20)
    device.boot, device.synced, device.wall = "b2", False, 0.0
    device.gap(since, is_known=False)
    device.quiet(3.9)
    assert not device.still()
    device.quiet(0.2)
    assert steps(device.still()) == [("raised", "orange")]


def frozen(inbox: Inbox) -> list[object]:
    return inbox.batch(0.0)


def test_a_freeze_of_an_hour_is_a_gap_before_what_comes_after_it(
    record_property: Callable[[str, object], None],
) -> None:
    """Whichever thread wakes first, with a reading or a tick: gap first, numbers without a hole."""
    record_property("injections", 2)
    for wake in ("reading", "tick"):
        clock = ManualClock()
        inbox = Inbox(clock, 7, FROZEN_S)
        inbox.tick()
        clock.advance(HOUR)
        if wake == "tick":
            inbox.tick()
        inbox.emitter("cord")(Quantity.HELP, 1.0)
        items = frozen(inbox)
        numbers = [(type(item).__name__, item.stamp.sequence) for item in items]  # type: ignore[attr-defined]
        ticked = [("Tick", 8)] if wake == "tick" else []
        assert numbers == [("Tick", 7), ("Gap", 8), *ticked, ("Reading", 9)]
        gap = items[1]
        assert isinstance(gap, Gap)
        assert (gap.since, gap.length_s) == (1000.0, HOUR)


def test_a_busy_inbox_is_not_frozen() -> None:
    """Anything that is stamped counts, and so do ticks: no gap in a day of either."""
    clock = ManualClock()
    inbox = Inbox(clock, 0, FROZEN_S)
    for n in range(4000):
        clock.advance(FROZEN_S - 1)
        if n % 2:
            inbox.tick()
        else:
            inbox.emitter("cord")(Quantity.HELP, 0.0)
    found: list[object] = []
    while items := inbox.batch(0.0):
        found += items
    assert not [item for item in found if isinstance(item, Gap)]


def test_waking_up_is_no_burst_of_stale_alarms(
    record_property: Callable[[str, object], None],
) -> None:
    """Frozen for a day, with every deadline passed: nothing is told; counting starts from evidence."""
    record_property("injections", 1)
    clock = ManualClock(mono=5000.0, wall=MONDAY + 12 * HOUR)
    inbox, pipeline = Inbox(clock, 0, FROZEN_S), Pipeline(home(), limits())
    events: list[Event] = []

    def live(seconds_: float) -> None:
        for _ in range(round(seconds_ / 20)):
            clock.advance(20)
            for sensor in pipeline.site.sensors.values():
                inbox.emitter(sensor.name)(sensor.traits.quantities[0], 0.0)
            inbox.tick()
            take()

    def take() -> None:
        while items := inbox.batch(0.0):
            for item in items:
                if isinstance(item, Tick):
                    events.extend(pipeline.advance(item.stamp.mono))
                else:
                    events.extend(pipeline.take(item)[1])  # type: ignore[arg-type]

    inbox.emitter("living-pir")(Quantity.MOTION, 1.0)
    live(3 * HOUR)
    clock.advance(DAY)
    inbox.tick()
    take()
    assert not events
    live(3.9 * HOUR)
    assert not events
    live(0.2 * HOUR)
    assert steps(events) == [("raised", "orange")]


class Setting(ManualClock):
    """A clock that is set between two looks at it."""

    def wall(self) -> float:
        wall = super().wall()
        self.synced = not self.synced
        return wall


@pytest.mark.parametrize("synced", [True, False])
def test_a_time_that_is_read_while_the_clock_is_set_is_not_trusted(*, synced: bool) -> None:
    """Neither the last of the old clock nor the first of the new one is called synchronised."""
    clock = Setting()
    clock.synced = synced
    inbox = Inbox(clock)
    inbox.tick()
    (tick,) = inbox.batch(0.0)
    assert isinstance(tick, Tick)
    assert not tick.stamp.synced


FAR = {
    "29 February": datetime(2028, 2, 28, 16, tzinfo=UTC).timestamp(),
    "2038": 2**31 - 12 * HOUR,
    "2106": 2**32 - 12 * HOUR,
    "leap second": datetime(2016, 12, 31, 12, tzinfo=UTC).timestamp(),
}
LONG = {"49.7 days": 2**32 / 1000 - HOUR, "497 days": 2**32 / 100 - HOUR, "30 years": 30 * YEAR}


def flood(device: Device) -> list[tuple[str, str]]:
    for minute in range(180):
        device.pass_(60)
        device.read("road-level", 2700.0 - max(0.0, min(12 * (minute - 10), 12 * (120 - minute))))
    return steps(device.events)


def day(device: Device) -> list[tuple[str, str]]:
    device.move("living-pir")
    for _ in range(26 * 60):
        device.pass_(60)
        device.read("smoke", 0)
    device.move("living-pir")
    return steps(device.still())


@pytest.mark.parametrize("wall", FAR.values(), ids=FAR)
def test_no_date_changes_what_is_concluded(wall: float) -> None:
    """A flood and a still day over each of them: what any other day gives, in the order of time."""
    for of, live in ((street(), flood), (home(), day)):
        device, ordinary = Device(of, wall=wall), Device(of)
        assert live(device) == live(ordinary)
        assert device.events
        times = [event.payload["time"] for event in device.events]
        assert times == sorted(times)
        assert all(told(event)["evidence"].get("for_s", 0) >= 0 for event in device.events)


@pytest.mark.parametrize("mono", LONG.values(), ids=LONG)
def test_no_uptime_changes_what_is_concluded(mono: float) -> None:
    """The count goes past where 32 bits of ms or jiffies end, and on for years."""
    for of, live in ((street(), flood), (home(), day)):
        device, ordinary = Device(of, mono=mono), Device(of)
        assert live(device) == live(ordinary)
        assert ids(device.events) == ids(ordinary.events)


def ids(events: Iterable[Event]) -> list[str]:
    return [event.id for event in events]


def test_a_leap_second_is_no_step() -> None:
    """The kernel repeats a second: detectors are not told, and no duration is negative."""
    device, straight = Device(street()), Device(street())
    for n in range(180):
        for one in (device, straight):
            one.pass_(60)
        if n == 60:
            device.wall -= 1
        for one in (device, straight):
            one.read("road-level", 2700.0 - max(0.0, 12.0 * (n - 10)))
    assert steps(device.events) == steps(straight.events)
    assert all(told(event)["evidence"]["for_s"] >= 0 for event in device.events)


@pytest.mark.parametrize("zone", ["", "Nowhere/Else", ":/etc/passwd", "CST6CDT,M3.2.0,M11.1.0"])
def test_the_environments_zone_has_no_effect(zone: str, tmp_path: Path) -> None:
    """Local times are the site's: a TZ that is unset, invalid or another changes no byte."""
    case = REPLAYS / "smoke-local-time"
    out = tmp_path / "events.jsonl"
    environment = {**os.environ, "TZ": zone}
    if not zone:
        del environment["TZ"]
    subprocess.run(
        [sys.executable, "-m", "agent", "replay", "--config", str(case / "config.toml"),
         str(case / "readings.csv"), "--events", str(out)],
        env=environment, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert out.read_text() == (case / "events.jsonl").read_text()


def test_a_device_without_zone_data_is_found_by_check(tmp_path: Path) -> None:
    """Not when the first night comes: the configuration is refused, with the key."""
    config = tmp_path / "site.toml"
    text = (REPLAYS / "cord-pulled" / "config.toml").read_text()
    config.write_text(text)
    no_tzdata = "import sys; sys.modules['tzdata'] = None; from agent.cli import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{no_tzdata}sys.exit(main(['check', {str(config)!r}]))"],
        env={**os.environ, "PYTHONTZPATH": str(tmp_path)},
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4
    assert "timezone" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_sites_with_and_without_summer_time_keep_their_hours() -> None:
    """Asleep at 22:00 local over the change of clocks both ways: never an alarm before 10 h."""
    for zone, moment in (
        ("Europe/Berlin", "2026-03-28T21:00:00+00:00"),
        ("Europe/Berlin", "2026-10-24T20:00:00+00:00"),
        ("Asia/Shanghai", "2026-10-24T14:00:00+00:00"),
    ):
        device = Device(replace(home(), timezone=zone), wall=seconds(moment))
        device.move("bedroom-pir")
        device.quiet(7.9)
        assert not device.still()
        device.quiet(0.2)
        assert told(device.still()[0])["evidence"]["limit_name"] == "bed_h"
