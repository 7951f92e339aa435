"""Sleep, by signs of life alone: when a night begins and ends, and what of it is unusual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from routine import at
from sites import home

from agent.detectors import Setup
from agent.detectors.company import Company
from agent.detectors.levels import Doubt
from agent.detectors.presence import Home, Sign
from agent.detectors.sleep import Config, Night, State, due, start, step, subjects, unlearn
from agent.events import Activity, ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role
from drivers.reading import Quantity, Reading, Stamp

BLUE, YELLOW = WarningLevel.BLUE, WarningLevel.YELLOW
BED, LIVING, KITCHEN = "bedroom-pir", "living-pir", "kitchen-pir"
USUAL = (Night(23.0, 7.0, 8.0, 1),) * 7  # up at seven, out of bed once
MIN = 1 / 60


class Sleeper:
    """A home of which signs of life are told; hours count from the first midnight."""

    def __init__(self, nights: tuple[Night, ...] = (), **limits: float) -> None:
        self.setup = Setup(Config(**limits), home(), "home", frozenset(limits))
        self.state = State(nights=nights)
        self.doubts: Mapping[str, Doubt] = {}
        self.boot = ""
        self.company = Company()
        self.said: list[Finding] = []
        self.journal: list[Activity] = []

    def take(self, now: Any, sign: Sign | None = None) -> None:
        seen = Home(sign=sign, is_sign=sign is not None, doubts=self.doubts, boot=self.boot,
                    company=self.company)  # fmt: skip
        self.state, found = step(self.setup, self.state, now, seen)
        self.said += [f for f in found if isinstance(f, Finding)]
        self.journal += [f for f in found if isinstance(f, Activity)]

    def due(self) -> float | None:
        return due(self.setup, self.state, Home(doubts=self.doubts, boot=self.boot))

    def until(self, hour: float) -> Sleeper:
        """Time passes as the detector asks for it."""
        for _ in range(50):
            moment = self.due()
            if moment is None or moment > mono(hour):
                return self
            self.take(Tick(stamp(moment)))
        raise AssertionError("it asks for the same moment again and again")

    def moves(self, sensor: str, *hours: float) -> Sleeper:
        for hour in hours:
            self.until(hour)
            moment = mono(hour)
            self.take(
                Reading(sensor, Quantity.MOTION, 1, stamp(moment)), Sign(moment, at(hour), sensor)
            )
        return self

    def sleeps(self, hour: float) -> Sleeper:
        """Goes to bed, and lies still a quarter of an hour later."""
        return self.moves(BED, hour, hour + 0.1, hour + 0.25).until(hour + 1)

    def leaves_bed(self, hour: float) -> Sleeper:
        """By two sensors of other rooms."""
        return self.moves(LIVING, hour).moves(KITCHEN, hour + MIN / 2)

    def exits(self, hour: float) -> Sleeper:
        """Six minutes, and asleep again."""
        return self.leaves_bed(hour).moves(BED, hour + 0.1).until(hour + 0.5)

    def gets_up(self, hour: float) -> Sleeper:
        return self.leaves_bed(hour).moves(LIVING, hour + 0.4).until(hour + 1)

    @property
    def told(self) -> list[tuple[str, WarningLevel | None]]:
        return [(str(f.evidence.get("reason", "")), f.level) for f in self.said]


def mono(hour: float) -> float:
    """Monotonic second of an hour since the first midnight; `at` gives the wall's."""
    return at(hour) - 1_000_000


def stamp(moment: float) -> Stamp:
    """Of a monotonic second."""
    return Stamp("test", moment, moment + 1_000_000, synced=True, sequence=1)


def test_the_home_is_watched_where_the_bedroom_is() -> None:
    """Without a sensor there nobody knows of a night."""
    whole = home()
    assert {BED, LIVING} <= set(subjects(whole)["home"])
    left = {n: s for n, s in whole.sensors.items() if s.role is not Role.BEDROOM}
    assert subjects(replace(whole, sensors=left)) == {}
    assert subjects(replace(whole, sensors={})) == {}
    assert start(Sleeper().setup, 5.0) == State(watched=5.0)


def test_the_limit_has_limits() -> None:
    """A quarter of an hour to six hours."""
    assert (Config(0.25).late_h, Config(6).late_h) == (0.25, 6)
    for value in (0.2, 6.1):
        with pytest.raises(ValueError, match=f"^late_h: {value} is outside 0.25 to 6$"):
            Config(value)


def test_a_night_is_written_down_with_when_it_was_known() -> None:
    """In bed at eleven, known after twenty minutes of silence; up at seven, known 45 minutes on."""
    sleeper = Sleeper().sleeps(23.0).gets_up(31.0)
    assert sleeper.journal == [
        Activity("sleep", at(23.0), at(23.25) + 1200, at(31.0), at(31.0) + 2700)
    ]
    assert sleeper.state.nights == (Night(23.0, 7.0, 8.0, 0),)
    assert sleeper.state.asleep is None
    assert sleeper.said == []


def test_an_exit_from_bed_lies_between_two_silences() -> None:
    """Out at three, back after six minutes, and known when it is still again."""
    sleeper = Sleeper().sleeps(23.0).exits(27.0).exits(29.0)
    assert sleeper.journal == [
        Activity("bed_exit", at(h), at(h), at(h + 0.1), at(h + 0.1) + 1200) for h in (27.0, 29.0)
    ]
    sleeper.gets_up(31.0)
    assert sleeper.state.nights[0].exits == 2
    assert (sleeper.state.exits, sleeper.state.ended) == (0, mono(31.0))


def test_one_report_of_one_other_sensor_is_no_exit() -> None:
    """The bed may be seen from next door; two of the same a minute apart are one."""
    sleeper = Sleeper().sleeps(23.0)
    sleeper.moves(LIVING, 27.0).moves(LIVING, 27.0 + 0.9 * MIN).moves(BED, 27.1).until(28.0)
    sleeper.moves(LIVING, 28.0).moves(LIVING, 28.0 + 6 * MIN).moves(BED, 28.2).until(29.0)
    assert sleeper.journal == []
    sleeper.moves(LIVING, 29.0).moves(LIVING, 29.0 + MIN).moves(BED, 29.1).until(30.0)
    assert [a.activity for a in sleeper.journal] == ["bed_exit"]


@pytest.mark.parametrize(("back_min", "nights"), [(44.0, 0), (46.0, 1)])
def test_45_minutes_out_of_bed_end_the_night(back_min: float, nights: int) -> None:
    """Who is back before and sleeps on has not got up."""
    sleeper = Sleeper().sleeps(23.0).leaves_bed(29.0).moves(BED, 29 + back_min * MIN).until(31.0)
    assert len([a for a in sleeper.journal if a.activity == "sleep"]) == nights


def test_who_comes_back_and_does_not_sleep_has_got_up_when_she_left() -> None:
    """She makes the bed: without a silence of twenty minutes the night ended with the leaving."""
    sleeper = Sleeper().sleeps(23.0).leaves_bed(31.0).moves(BED, 31.2, 31.4, 31.6)
    sleeper.moves(LIVING, 31.7).moves(KITCHEN, 31.71).moves(LIVING, 31.9).until(33.0)
    assert [(a.start, a.end) for a in sleeper.journal] == [(at(23.0), at(31.0))]


@pytest.mark.parametrize(
    ("hours", "lines", "nights"), [(0.9, 0, 0), (1.1, 1, 0), (2.9, 1, 0), (3.0, 1, 1)]
)
def test_a_night_has_three_hours_and_a_line_one(hours: float, lines: int, nights: int) -> None:
    """What is shorter is a nap, or nothing."""
    sleeper = Sleeper().sleeps(23.0).gets_up(23.0 + hours)
    assert (len(sleeper.journal), len(sleeper.state.nights)) == (lines, nights)


@pytest.mark.parametrize(
    ("hour", "nights"), [(13.0, 0), (17.9, 0), (18.0, 1), (29.9, 1), (30.1, 0)]
)
def test_a_sleep_by_day_is_no_night(hour: float, nights: int) -> None:
    """Nights begin between six in the evening and six in the morning; naps are written down."""
    sleeper = Sleeper().sleeps(hour).gets_up(hour + 4)
    assert (len(sleeper.journal), len(sleeper.state.nights)) == (1, nights)


def test_a_night_after_midnight_counts_on() -> None:
    """Half past one is 25.5, so that nights can be compared."""
    assert Sleeper().sleeps(25.5).gets_up(32.0).state.nights == (Night(25.5, 8.0, 6.5, 0),)


def test_the_rest_of_a_night_is_no_night_of_its_own() -> None:
    """Up from two to four and asleep again: the second part teaches nothing."""
    sleeper = Sleeper().sleeps(22.0).gets_up(26.0).sleeps(28.0).gets_up(32.0)
    assert [n.length_h for n in sleeper.state.nights] == [4.0]
    assert len(sleeper.journal) == 2


def test_a_night_of_which_nobody_saw_the_beginning_teaches_nothing() -> None:
    """The agent started when she was in bed."""
    sleeper = Sleeper()
    sleeper.state = State(watched=mono(23.0))
    sleeper.sleeps(23.1).gets_up(31.0)
    assert (len(sleeper.journal), sleeper.state.nights) == (1, ())


def test_three_weeks_are_remembered() -> None:
    """The oldest night goes."""
    sleeper = Sleeper(USUAL * 3).sleeps(23.5).gets_up(31.0)
    assert len(sleeper.state.nights) == 21
    assert sleeper.state.nights[-1].onset_h == 23.5


@pytest.mark.parametrize(
    ("up", "exits", "reason"),
    [
        (29.41, (), ""), (29.38, (), "short_night"),
        (31.9, (), ""), (32.0, (27.0, 28.0), ""), (32.0, (26.0, 27.0, 28.0), "restless"),
    ],
)  # fmt: skip
def test_what_is_unusual_of_a_night_is_told_when_it_is_over(
    up: float, exits: tuple[float, ...], reason: str
) -> None:
    """Shorter than 0.8 of the shortest, or two exits more than ever."""
    sleeper = Sleeper(USUAL, late_h=6.0).sleeps(23.0)
    for hour in exits:
        sleeper.exits(hour)
    sleeper.gets_up(up)
    assert sleeper.told == ([(reason, BLUE)] if reason else [])


def test_the_evidence_of_each() -> None:
    """Limit, unit, and what it rests on."""
    short = Sleeper(USUAL).sleeps(23.0).gets_up(29.25).said[0]
    assert (short.kind, short.subject, short.sensors) == (Kind.SLEEP, "home", (BED,))
    assert short.onset == mono(29.25) + 2700
    assert short.evidence == {
        "reason": "short_night", "limit": pytest.approx(6.4), "unit": "h", "for_s": 22_500,
        "exits": 0, "nights_learned": 7, "limit_source": "learned",
    }  # fmt: skip
    long = Sleeper(USUAL, late_h=6.0).sleeps(21.0).gets_up(31.0).said[0]
    assert (long.level, long.evidence["reason"], long.evidence["unit"]) == (BLUE, "long_night", "h")
    assert long.evidence["limit"] == pytest.approx(9.6)
    restless = Sleeper(USUAL).sleeps(23.0)
    for hour in (25.0, 26.0, 27.0):
        restless.exits(hour)
    found = restless.gets_up(31.0).said[0].evidence
    assert (found["limit"], found["unit"], found["exits"]) == (3, "exits", 3)


def test_the_shortest_the_longest_and_the_most_exits_count() -> None:
    """Of nights that differ."""
    nights = (Night(23.0, 7.0, 8.0, 0),) * 5 + (Night(23.0, 5.0, 6.0, 2), Night(23.0, 9.0, 10.0, 0))
    assert Sleeper(nights).sleeps(23.0).gets_up(28.5).told == []
    assert Sleeper(nights, late_h=6.0).sleeps(20.0).gets_up(31.9).told == []
    assert Sleeper(nights).sleeps(23.0).exits(25.0).exits(26.0).exits(27.0).gets_up(31.0).told == []


def test_seven_nights_have_to_be_known() -> None:
    """Before, nothing is told, however the night was."""
    assert Sleeper(USUAL[:6]).sleeps(23.0).gets_up(27.0).told == []
    assert Sleeper(USUAL[:6]).sleeps(23.0).until(40.0).told == []


def test_still_in_bed_an_hour_after_the_latest_rising() -> None:
    """Of the last weeks, to the second; getting up ends it, and the long night is told then."""
    nights = (*USUAL, Night(23.0, 7.5, 8.5, 0))
    sleeper = Sleeper(nights).sleeps(23.0).until(32.49)
    assert sleeper.told == []
    sleeper.until(32.5)
    assert sleeper.told == [("late_rising", YELLOW)]
    assert sleeper.said[0].onset == mono(32.5)
    assert sleeper.said[0].evidence == {
        "reason": "late_rising", "limit": 8.5, "unit": "h", "limit_source": "learned",
        "nights_learned": 8, "for_s": 34_200,
    }  # fmt: skip
    sleeper.gets_up(33.5)
    assert sleeper.told[1:] == [("up", None), ("long_night", BLUE)]
    up = sleeper.said[1]
    assert (up.kind, up.subject, up.onset) == (Kind.SLEEP, "home", mono(33.5) + 2700)


def test_still_in_bed_in_the_evening_is_still_late() -> None:
    """The day's end is no end of it: somebody has not got up. It ends when he does."""
    sleeper = Sleeper(USUAL).sleeps(23.0).until(47.0)
    assert sleeper.told == [("late_rising", YELLOW)]
    sleeper.gets_up(47.5)
    assert sleeper.told[1:3] == [("up", None), ("long_night", BLUE)]


def test_the_configured_hours_count_for_late_rising() -> None:
    """A quarter of an hour after the latest."""
    assert Sleeper(USUAL, late_h=0.25).sleeps(23.0).until(31.25).told == [("late_rising", YELLOW)]


def test_who_naps_by_day_is_late_for_nothing() -> None:
    """A sleep that begins at two in the afternoon has no rising."""
    assert Sleeper(USUAL).sleeps(14.0).until(60.0).told == []


def test_what_was_told_of_a_night_ends_with_the_evening() -> None:
    """At six, where nothing ended it before."""
    sleeper = Sleeper(USUAL).sleeps(23.0).gets_up(28.5)
    sleeper.until(41.99)
    assert sleeper.told == [("short_night", BLUE)]
    sleeper.until(42.0)
    assert sleeper.told[1:] == [("", None)]
    assert (sleeper.said[1].subject, sleeper.said[1].onset) == ("home", mono(42.0))
    assert sleeper.due() is None


def test_up_after_midnight_and_not_back_is_told_before_five() -> None:
    """45 minutes; asleep again ends it, and the night's first part is no short night."""
    sleeper = Sleeper(USUAL).sleeps(23.0).leaves_bed(26.0).until(26.74)
    assert sleeper.told == []
    sleeper.until(26.75)
    assert sleeper.told == [("up_at_night", BLUE)]
    assert sleeper.said[0].evidence == {
        "reason": "up_at_night", "limit": 45, "unit": "min", "limit_source": "default",
        "for_s": 2700, "nights_learned": 7,
    }  # fmt: skip
    sleeper.sleeps(27.0)
    assert sleeper.told[1:] == [("", None)]
    back = sleeper.said[1]
    assert (back.kind, back.subject, back.onset) == (Kind.SLEEP, "home", mono(27.25) + 1200)
    assert len(sleeper.state.nights) == 7


@pytest.mark.parametrize(
    ("hour", "known", "doubted", "told"),
    [
        (28.2, 7, False, True), (28.3, 7, False, False), (26.0, 6, False, False),
        (26.0, 7, True, False), (24.01, 7, False, True),
    ],
)  # fmt: skip
def test_when_being_up_at_night_is_not_told(
    hour: float, known: int, *, doubted: bool, told: bool
) -> None:
    """From five on, too early in the learning, or beside a sensor that is not believed."""
    sleeper = Sleeper(USUAL[:known]).sleeps(21.0)
    sleeper.doubts = {LIVING: Doubt.STUCK} if doubted else {}
    sleeper.leaves_bed(hour).until(hour + 0.8)
    assert (("up_at_night", BLUE) in sleeper.told) is told


@pytest.mark.parametrize("what", ["doubt", "clock"])
def test_where_nothing_is_believed_nothing_is_told_nor_learned(what: str) -> None:
    """A bedroom's sensor in doubt, or no clock that has told the time."""
    sleeper = Sleeper(USUAL)
    sleeper.doubts = {BED: Doubt.BLIND} if what == "doubt" else {}
    sleeper.boot = "second" if what == "clock" else ""
    sleeper.sleeps(23.0).until(36.0).gets_up(36.0)
    assert sleeper.told == []
    assert (len(sleeper.journal), len(sleeper.state.nights)) == (1, 7)


def test_a_pause_of_the_agent_for_an_hour_makes_the_sleeper_unknown() -> None:
    """What was learned and what is told stay; a shorter one changes nothing."""
    sleeper = Sleeper(USUAL).sleeps(23.0).until(32.0)
    before = sleeper.state
    sleeper.take(Gap(mono(32.0), stamp(mono(33.0))))
    assert sleeper.state == before
    sleeper.take(Gap(mono(33.0), stamp(mono(34.1))))
    assert sleeper.state == State(nights=USUAL, told="late_rising", watched=mono(34.1))


def test_a_clock_that_is_set_moves_what_is_remembered_by_the_wall() -> None:
    """How long the sleep has lasted stays; when it began moves."""
    sleeper = Sleeper().sleeps(23.0).leaves_bed(27.0)
    before = sleeper.state
    sleeper.take(ClockStep(3600.0, stamp(mono(27.05))))
    after = sleeper.state
    assert after.asleep == (mono(23.0), at(24.0))
    assert after.entered == (mono(23.0), at(24.0))
    assert after.last == (mono(23.25), at(24.25))
    assert after.left == (mono(27.0), at(28.0))
    assert after.asleep_decided == before.asleep_decided + 3600
    assert after.away is not None
    assert after.away.since == (mono(27.0), at(28.0))
    sleeper.moves(BED, 27.1)
    sleeper.take(ClockStep(-60.0, stamp(mono(27.11))))
    assert sleeper.state.back == (mono(27.1), at(27.1) - 60)
    assert sleeper.said == []


def test_who_is_forgotten_sleeps_on() -> None:
    """The nights go, the sleep under way stays."""
    sleeper = Sleeper(USUAL).sleeps(23.0)
    assert unlearn(sleeper.state) == replace(sleeper.state, nights=())


@pytest.mark.parametrize(("until", "learned"), [(23.0, 1), (23.01, 0)])
def test_nothing_is_learned_of_a_night_that_began_in_company(until: float, learned: int) -> None:
    """The silence may have been somebody else's; it is written down all the same."""
    sleeper = Sleeper()
    sleeper.company = Company(until=mono(until))
    sleeper.sleeps(23.0).gets_up(31.0)
    assert (len(sleeper.state.nights), len(sleeper.journal)) == (learned, 1)
