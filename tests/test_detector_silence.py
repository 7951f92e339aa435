"""Silence of a sensor, by its own reports alone: when it is told, of what limit, and when it ends."""

from __future__ import annotations

from typing import Any

import pytest
from sites import home, level, site, two_state

from agent.detectors import Setup
from agent.detectors.levels import Doubt
from agent.detectors.presence import Home
from agent.detectors.silence import Config, State, due, start, step, subjects, unlearn
from agent.events import ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Profile, Role, Sensor
from drivers.base import Traits
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

BEGIN = 50_000.0
PROBE = Sensor(
    "probe", "probe", Role.OUTFALL, Traits((Quantity.PH, Quantity.TURBIDITY_NTU), 0.0, 900.0)
)
PIR = two_state("pir", Role.HALL, Quantity.MOTION)  # told again every half-minute; 90 s are normal


def stamp(moment: float) -> Stamp:
    return Stamp("test", moment, moment + 1_000_000, synced=True, sequence=1)


class Line:
    """One sensor, heard since the beginning; seconds count from there."""

    def __init__(self, sensor: Sensor, seen: Home | None = None) -> None:
        place = Profile.HOME if sensor.role is Role.HALL else Profile.OUTFALL
        self.setup = Setup(Config(), site(place, sensor), sensor.name)
        self.state, self.seen = start(self.setup, BEGIN), seen
        self.said: list[Finding] = []

    def take(self, now: Any) -> Line:
        self.state, found = step(self.setup, self.state, now, self.seen)
        self.said += [f for f in found if isinstance(f, Finding)]
        return self

    def hear(self, after: float, value: float = 7.0, quantity: Quantity | None = None) -> Line:
        name = self.setup.subject
        first = self.setup.sensor.traits.quantities[0]
        return self.take(Reading(name, quantity or first, value, stamp(BEGIN + after)))

    def tick(self, after: float) -> Line:
        return self.take(Tick(stamp(BEGIN + after)))

    def fails(self, after: float, status: SensorStatus, reason: str = "port gone") -> Line:
        return self.take(SensorState(self.setup.subject, status, reason, stamp(BEGIN + after)))

    @property
    def due(self) -> float | None:
        """Seconds after the beginning."""
        moment = due(self.setup, self.state, self.seen)
        return None if moment is None else moment - BEGIN

    @property
    def told(self) -> list[tuple[str, WarningLevel | None]]:
        return [(str(f.evidence.get("reason", "")), f.level) for f in self.said]


def paced(every: float, count: int) -> Line:
    """A probe that has reported at this pace; the last time at `every * count`."""
    line = Line(PROBE)
    for n in range(count + 1):
        line.hear(every * n)
    return line


def doubtful(doubt: Doubt, name: str = "pir") -> Line:
    return Line(PIR, Home(doubts={name: doubt}))


def test_each_sensor_is_watched_by_itself() -> None:
    """Whatever it measures."""
    assert subjects(home())["smoke"] == ("smoke",)
    assert set(subjects(home())) == set(home().sensors)
    assert start(Line(level()).setup, 5.0) == State(5.0)


def test_a_sensor_of_unknown_pace_has_the_time_its_driver_calls_normal() -> None:
    """Not a second less; then it is told, with what it rests on."""
    line = Line(PROBE)
    assert line.due == 900
    assert line.tick(899.9).told == []
    line.tick(900)
    assert line.told == [("silent", WarningLevel.YELLOW)]
    found = line.said[0]
    assert (found.kind, found.subject, found.onset) == (Kind.SENSOR_FAULT, "probe", BEGIN + 900)
    assert found.sensors == ("probe",)
    assert found.evidence == {
        "reason": "silent", "cause": "", "for_s": 900, "limit": 900.0, "unit": "s",
        "limit_source": "default",
    }  # fmt: skip
    assert line.due is None
    assert line.tick(2000).told == [("silent", WarningLevel.YELLOW)]


def test_the_next_reading_ends_it() -> None:
    """As of when it began; and the time counts from that reading."""
    line = Line(PROBE).tick(900).hear(1000)
    assert line.told[1:] == [("", None)]
    over = line.said[1]
    assert (over.kind, over.subject, over.onset) == (Kind.SENSOR_FAULT, "probe", BEGIN + 900)
    assert line.due == 1900
    assert len(line.hear(1001).said) == 2


@pytest.mark.parametrize(
    ("every", "count", "limit"),
    [(10.0, 9, 900.0), (10.0, 10, 300.0), (1.0, 10, 60.0), (2.5, 10, 75.0), (40.0, 10, 900.0)],
)
def test_thirty_pauses_are_silence(every: float, count: int, limit: float) -> None:
    """Once ten are known; a minute at least, and at most what the driver calls normal."""
    line = paced(every, count)
    assert line.due == pytest.approx(every * count + limit)
    assert line.tick(every * count + limit - 0.1).told == []
    line.tick(every * count + limit)
    assert line.said[0].evidence["limit"] == limit
    source = "default" if limit == 900 else "learned"
    assert line.said[0].evidence["limit_source"] == source
    assert line.said[0].evidence["for_s"] == round(limit)


def test_one_long_pause_is_remembered_for_a_while() -> None:
    """It loses a fiftieth with each reading, down to the pace."""
    line = paced(5.0, 10).hear(70.0).hear(75.0)
    assert line.state.pause_s == pytest.approx(20 * 0.98)
    assert line.due == pytest.approx(75 + 30 * 20 * 0.98)
    for n in range(100):
        line.hear(80.0 + 5 * n)
    assert line.state.pause_s == pytest.approx(5.0)


def test_what_a_probe_measures_beside_is_no_pace_but_a_sign_of_life() -> None:
    """Turbidity comes along with pH: the pause is that between two of pH."""
    line = Line(PROBE)
    for n in range(11):
        line.hear(10.0 * n).hear(10.0 * n + 1, quantity=Quantity.TURBIDITY_NTU)
    assert (line.state.pause_s, line.state.pauses) == (10.0, 10)
    assert line.due == 101 + 300
    assert line.hear(150, quantity=Quantity.TURBIDITY_NTU).due == 150 + 300


def test_a_sensor_that_was_lost_paused_for_no_reason_of_its_own() -> None:
    """The time without its port is none of its pauses; a silence it kept is one."""
    line = paced(5.0, 10).fails(60, SensorStatus.LOST).hear(160)
    assert (line.state.pause_s, line.state.lead) == (5.0, BEGIN + 160)
    assert line.due == 160 + 150
    silent = paced(5.0, 10).fails(60, SensorStatus.SILENT).hear(150)
    assert silent.state.pause_s == 100


@pytest.mark.parametrize(
    ("status", "told"),
    [(SensorStatus.LOST, True), (SensorStatus.SILENT, True), (SensorStatus.STARTING, False)],
)
def test_what_the_driver_reports_is_told_with_its_cause(
    status: SensorStatus, *, told: bool
) -> None:
    """At once, and once; a start is no fault."""
    line = paced(5.0, 10).fails(80, status)
    assert line.told == ([(status.value, WarningLevel.YELLOW)] if told else [])
    if told:
        assert line.said[0].onset == BEGIN + 80
        assert line.said[0].evidence == {
            "reason": status.value, "cause": "port gone", "for_s": 30, "limit": 150.0,
            "unit": "s", "limit_source": "learned",
        }  # fmt: skip
        assert line.fails(90, SensorStatus.LOST, "again").state.reason == status.value
        assert len(line.said) == 1
        assert line.hear(95).said[1].onset == BEGIN + 80


def test_after_a_gap_every_sensor_has_its_whole_time_again() -> None:
    """And the gap is no pause; what was learned and told stays."""
    line = paced(5.0, 10)
    line.take(Gap(BEGIN + 50, stamp(BEGIN + 450)))
    assert line.due == 450 + 150
    assert line.hear(460).state.pause_s == 5.0
    line.take(ClockStep(3600.0, stamp(BEGIN + 461)))
    assert line.due == 460 + 150
    lost = paced(5.0, 10).fails(60, SensorStatus.LOST)
    lost.take(Gap(BEGIN + 60, stamp(BEGIN + 450)))
    assert (lost.state.reason, lost.due) == ("lost", None)


def repeated(*moments: float, value: float = 0.0) -> Line:
    """A motion sensor that told its level at these moments."""
    line = Line(PIR)
    for moment in moments:
        line.hear(moment, value)
    return line


@pytest.mark.parametrize(
    ("moments", "limit"),
    [
        ((10, 40, 70, 100), True),  # three repeats
        ((10, 40, 70), False),
        ((10, 15, 20, 25), True),  # five seconds are enough
        ((10, 14.9, 19.8, 24.7), False),  # what is faster triggers again
        ((10, 100, 190, 280), True),
        ((10, 101, 192, 283), False),  # longer than is normal
        ((10, 40, 70, 160.1, 190, 220), False),  # not in a row
    ],
)
def test_a_level_told_three_times_again_must_go_on(
    moments: tuple[float, ...], *, limit: bool
) -> None:
    """Until then a quiet sensor is no dead one."""
    line = repeated(*moments)
    assert line.due == (moments[-1] + 90 if limit else None)
    line.tick(moments[-1] + 89.9)
    assert line.told == []
    line.tick(moments[-1] + 90)
    assert line.told == ([("silent", WarningLevel.YELLOW)] if limit else [])


def test_a_change_is_no_repeat() -> None:
    """Counting starts anew; once the three are known, changes do not matter."""
    line = repeated(10, 40, 70).hear(100, 1).hear(130, 1).hear(160, 1)
    assert (line.state.repeats, line.due) == (2, None)
    line.hear(190, 1).hear(191, 0)
    assert (line.state.repeats, line.due) == (3, 191 + 90)


def test_a_fault_without_a_limit_says_none() -> None:
    """A motion sensor of which only changes are known is lost."""
    line = repeated(10).fails(40, SensorStatus.LOST)
    assert line.said[0].evidence["limit"] is None
    assert line.said[0].evidence["limit_source"] == "default"


def test_a_sensor_that_may_be_quiet_for_ever_is_never_overdue() -> None:
    """Its driver says so; what it repeats does not change it."""
    for quantity in (Quantity.MOTION, Quantity.DISTANCE_MM):
        line = Line(Sensor("any", "any", Role.HALL, Traits((quantity,), 0.0, None)))
        for n in range(12):
            line.hear(30.0 * n, 0.0)
        assert (line.due, line.tick(90_000).said) == (None, [])


@pytest.mark.parametrize("doubt", [Doubt.STUCK, Doubt.CHATTER])
def test_a_sensor_that_means_nothing_is_told_once_until_it_does(doubt: Doubt) -> None:
    """With a reading or with the time; readings meanwhile end nothing."""
    line = doubtful(doubt).hear(10, 1)
    assert line.told == [(doubt.value, WarningLevel.YELLOW)]
    assert line.said[0].evidence["cause"] == ""
    assert line.said[0].evidence["for_s"] == 0
    line.hear(20, 1).tick(25)
    assert (len(line.said), line.state.onset, line.state.heard) == (1, BEGIN + 10, BEGIN + 20)
    line.seen = Home()
    assert line.hear(30, 0).told[1:] == [("", None)]
    assert line.said[1].onset == BEGIN + 10
    by_time = doubtful(doubt).tick(40)
    assert by_time.told == [(doubt.value, WarningLevel.YELLOW)]
    assert (by_time.said[0].onset, by_time.said[0].evidence["for_s"]) == (BEGIN + 40, 40)
    assert by_time.said[0].evidence["cause"] == ""


@pytest.mark.parametrize(
    ("doubt", "name"), [(Doubt.BLIND, "pir"), (Doubt.DOWN, "pir"), (Doubt.STUCK, "other")]
)
def test_what_others_tell_is_not_told_here(doubt: Doubt, name: str) -> None:
    """Blindness has its own event, a fault is told already, and another sensor is another."""
    line = doubtful(doubt, name).hear(10, 1).tick(40)
    assert line.said == []


def test_who_is_forgotten_leaves_no_pace() -> None:
    """Whether the sensor is well and repeats its level stays known."""
    line = paced(5.0, 10).fails(60, SensorStatus.LOST)
    kept = unlearn(line.state)
    assert (kept.lead, kept.pause_s, kept.pauses) == (None, 0.0, 0)
    assert (kept.reason, kept.onset, kept.heard) == ("lost", BEGIN + 60, BEGIN + 50)
