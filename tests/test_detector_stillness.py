"""Stillness, by what is perceived alone: when it is told, at what level, and what is learned."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from routine import at
from sites import home, street

from agent.detectors import Setup
from agent.detectors.company import Company
from agent.detectors.habits import Silences
from agent.detectors.levels import Doubt
from agent.detectors.patience import Config, State
from agent.detectors.pets import Pet
from agent.detectors.presence import Home, Place, Sign
from agent.detectors.stillness import beside, due, start, step, subjects, unlearn
from agent.events import ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

YELLOW, ORANGE, RED = WarningLevel.YELLOW, WarningLevel.ORANGE, WarningLevel.RED
TODAY = date(2026, 9, 22).toordinal()  # the local day of hours 0 to 24
STUCK = {"living-pir": Doubt.STUCK}


def mono(hour: float) -> float:
    """Monotonic second of an hour since the first midnight; `at` gives the wall's."""
    return at(hour) - 1_000_000


def stamp(moment: float) -> Stamp:
    """Of a monotonic second."""
    return Stamp("test", moment, moment + 1_000_000, synced=True, sequence=1)


def known(days: int = 14, silences: dict[str, float] | None = None, **other: Any) -> State:
    """Somebody of whom these silences in minutes are known."""
    lengths = {name: ((minutes, TODAY),) for name, minutes in (silences or {}).items()}
    return State(**{"silences": Silences(lengths), "days": days, "day": TODAY, **other})


class Person:
    """A home of which its signs of life are known; its clocks differ."""

    def __init__(self, state: State = State(), **limits: float) -> None:  # noqa: B008
        self.setup = Setup(Config(**limits), home(), "home", frozenset(limits))
        self.state, self.seen = state, Home(Place.AWAKE, reason="sign")
        self.said: list[Finding] = []

    def take(self, now: Any) -> Person:
        self.state, found = step(self.setup, self.state, now, self.seen)
        self.said += [f for f in found if isinstance(f, Finding)]
        return self

    def moves(self, hour: float, sensor: str = "living-pir") -> Person:
        """A sign of life."""
        fresh = Sign(mono(hour), at(hour), sensor)
        self.seen = replace(self.seen, before=self.seen.sign, sign=fresh, is_sign=True)
        return self.take(Reading(sensor, Quantity.MOTION, 1.0, stamp(mono(hour))))

    def until(self, hour: float) -> Person:
        """Time passes as the detector asks for it."""
        self.seen = replace(self.seen, is_sign=False)
        for _ in range(500):
            moment = due(self.setup, self.state, self.seen)
            if moment is None or moment > mono(hour) + 0.001:
                return self
            self.take(Tick(stamp(moment)))
        raise AssertionError("it asks for ever")

    def sees(self, **seen: Any) -> Person:
        self.seen = replace(self.seen, **seen)
        return self

    @property
    def due(self) -> float | None:
        """Hours since the first midnight."""
        moment = due(self.setup, self.state, self.seen)
        return None if moment is None else (moment - mono(0)) / 3600

    @property
    def told(self) -> list[tuple[float, WarningLevel | None]]:
        """When by the hour, and what; it is told with the length of the silence."""
        return [
            (round((f.onset - mono(0) + f.evidence.get("for_s", 0)) / 3600, 3), f.level)
            for f in self.said
        ]


def test_the_home_is_watched_where_a_room_sees_people_move() -> None:
    """Not a street."""
    assert set(subjects(home())) == {"home"}
    assert {"living-pir", "front-door"} <= set(subjects(home())["home"])
    assert subjects(street()) == {}
    assert start(Person().setup, 5.0) == State()
    assert Person().due is None


def test_the_ceiling_is_told_to_the_second() -> None:
    """Four hours; an hour later, as the ceiling has passed, it is red, and then nothing more."""
    person = Person().moves(12).until(15.999)
    assert person.told == []
    person.until(16)
    assert person.told == [(16, ORANGE)]
    found = person.said[0]
    assert (found.kind, found.subject, found.onset) == (Kind.STILLNESS, "home", mono(12))
    assert found.sensors == ("living-pir",)
    assert found.evidence == {
        "reason": "ceiling", "limit": 240, "unit": "min", "limit_name": "awake_h",
        "limit_source": "default", "for_s": 14_400, "days_learned": 0, "longest_min": 0,
        "last_sensor": "living-pir", "last_room": "living", "presence": "home_awake", "bed": False,
        "doubts": {}, "compare": "fixed ceiling",
    }  # fmt: skip
    assert person.until(16.999).told == [(16, ORANGE)]
    person.until(17)
    assert person.told == [(16, ORANGE), (17, RED)]
    assert person.said[1].evidence["reason"] == "ceiling"
    assert person.said[1].evidence["limit"] == 240
    assert person.due is None
    person.take(Tick(stamp(mono(20))))
    assert len(person.said) == 2


def test_the_next_sign_of_life_ends_it() -> None:
    """Where it came from; then counting starts anew."""
    person = Person().moves(12).until(17).moves(18, "kitchen-pir")
    over = person.said[2]
    assert (over.kind, over.subject, over.level) == (Kind.STILLNESS, "home", None)
    assert (over.onset, over.sensors, over.evidence) == (mono(18), ("kitchen-pir",), {})
    assert person.state.level is None
    assert person.due == 18.5
    assert person.until(22).told[3:] == [(19.5, YELLOW), (22, ORANGE)]


def test_what_is_usual_is_told_before_the_ceiling_and_red_at_the_ceiling() -> None:
    """A hundred minutes, a tenth and half an hour more: 140."""
    person = Person(known(silences={"living-pir/24": 100.0})).moves(12).until(17)
    assert person.told == [(14.333, ORANGE), (16, RED)]
    assert person.said[0].evidence["reason"] == "line"
    assert person.said[0].evidence["limit"] == 140.0
    assert person.said[0].evidence["limit_source"] == "learned"
    assert person.said[0].evidence["longest_min"] == 100
    assert person.said[0].evidence["days_learned"] == 14
    config = Person(awake_h=3.0).moves(12).until(17)
    assert config.told == [(15, ORANGE), (16, RED)]
    assert config.said[1].evidence["limit_source"] == "config"


@pytest.mark.parametrize(
    ("silences", "begin", "sensor", "raised", "red"),
    [
        ({"living-pir/24": 150.0}, 12, "living-pir", 15.25, 16.25),  # an hour later at least
        ({"living-pir/24": 100.0}, 12, "living-pir", 14.333, 16),  # not before the ceiling
        ({"bed/4": 120.0}, 22, "bedroom-pir", 24.533, 30),  # that of the bed
    ],
)
def test_an_orange_alarm_turns_red_at_the_ceiling_and_not_within_the_hour(
    silences: dict[str, float], begin: float, sensor: str, raised: float, red: float
) -> None:
    """Asked for at that moment; an earlier look says nothing."""
    person = Person(known(silences=silences)).moves(begin, sensor).until(raised + 0.001)
    assert person.told == [(raised, ORANGE)]
    assert person.due == pytest.approx(red)
    person.take(Tick(stamp(mono(red - 0.1))))
    assert len(person.said) == 1
    assert person.until(red).told[1:] == [(red, RED)]


def test_in_bed_the_ceiling_is_that_of_the_bed() -> None:
    """From ten to six; of a nap that of the day, until it is night."""
    night = Person().moves(22, "bedroom-pir").sees(place=Place.BED).until(32)
    assert night.told == [(30, ORANGE), (31, RED)]
    assert night.said[0].evidence["bed"] is True
    assert night.said[0].evidence["limit_name"] == "bed_h"
    assert night.said[0].evidence["last_room"] == "bedroom"
    nap = Person().moves(17.5, "bedroom-pir").until(26)
    assert nap.told == [(25.5, ORANGE)]
    assert Person(bed_h=9.0).moves(22, "bedroom-pir").until(31).told == [(31, ORANGE)]


def test_an_earlier_half_hour_of_the_night_has_its_own_limit() -> None:
    """Known for two o'clock alone, it holds from half past midnight to four: 152 minutes."""
    person = Person(known(silences={"bed/4": 120.0})).moves(22, "bedroom-pir").until(30)
    assert person.told == [(24.533, ORANGE), (30, RED)]


def test_bathroom_and_kitchen_are_yellow_first() -> None:
    """The second longest and a quarter more; orange by what holds anywhere."""
    state = known(silences={"kitchen": 40.0, "kitchen-pir/24": 100.0})
    person = Person(state).moves(12, "kitchen-pir").until(16.5)
    assert person.told == [(12.833, YELLOW), (13.5, ORANGE), (16, RED)]
    assert [f.evidence["reason"] for f in person.said] == ["room", "room", "ceiling"]
    assert person.said[0].evidence["limit"] == 50
    assert person.said[0].evidence["compare"] == "longest in 14 days here: 40 min"
    assert Person().moves(12, "kitchen-pir").until(16).told == [(13.5, YELLOW), (16, ORANGE)]


@pytest.mark.parametrize(
    ("silences", "reason", "compare"),
    [
        ({"living-pir/24": 100.4}, "line", "here at this time of day: 100 min"),
        ({"living-pir/0": 150.0}, "day", "here at any time of day: 150 min"),
        ({"kitchen-pir/24": 150.0}, "hour", "elsewhere at this time of day: 150 min"),
    ],
)
def test_what_it_is_compared_with_is_said(
    silences: dict[str, float], reason: str, compare: str
) -> None:
    """The longest of all days, and where."""
    person = Person(known(silences=silences)).moves(12).until(15)
    assert person.said[0].evidence["reason"] == reason
    assert person.said[0].evidence["compare"] == f"longest in 14 days {compare}"


def test_who_is_not_up_is_told_at_that_hour() -> None:
    """An hour after the latest rising of seven; asked for with a second to spare."""
    state = known(risings=(7.5, *(7.0,) * 6))
    person = Person(state).moves(27, "bedroom-pir").until(33)
    assert person.told == [(32.5, ORANGE)]
    assert person.said[0].evidence["reason"] == "not_up"
    assert person.said[0].evidence["compare"] == "latest rising in 7 days: 7.5 h"
    assert person.said[0].evidence["for_s"] == pytest.approx(5.5 * 3600, abs=2)


def test_that_hour_is_looked_at_between_half_hours_too() -> None:
    """Twenty-four minutes past eight."""
    state = known(risings=(7.4, *(7.0,) * 6))
    person = Person(state).moves(27, "bedroom-pir").until(32.39)
    assert person.due == pytest.approx(32.4 + 1 / 3600)
    assert person.until(32.41).told == [(32.4, ORANGE)]


def test_whoever_is_out_is_not_still() -> None:
    """Nothing is asked for, and a tick says nothing."""
    person = Person().moves(12).sees(place=Place.AWAY)
    assert person.due is None
    person.take(Tick(stamp(mono(20))))
    assert person.said == []


def test_a_reading_that_is_no_sign_changes_nothing() -> None:
    """Nor does what a driver reports."""
    person = Person().moves(12).until(16).sees(is_sign=False)
    before = person.state
    person.take(Reading("living-pir", Quantity.MOTION, 0.0, stamp(mono(16.1))))
    person.take(SensorState("living-pir", SensorStatus.LOST, "gone", stamp(mono(16.2))))
    assert (person.state, len(person.said)) == (before, 1)


def test_the_first_look_is_after_half_an_hour() -> None:
    """No limit is lower. Then at each half-hour, since limits go by the hour."""
    person = Person().moves(12.1)
    assert person.due == pytest.approx(12.6)
    person.until(12.6)
    assert person.due == pytest.approx(13.0)
    person.until(13.0)
    assert person.due == pytest.approx(13.5)
    person.until(15.6)
    assert person.due == pytest.approx(16.0)
    person.until(16.0)
    assert person.due == pytest.approx(16.1)
    person.moves(16.05)
    assert person.due == pytest.approx(16.55)


@pytest.mark.parametrize(
    ("length_s", "told"), [(120, 16.0), (121, 16.25), (3600, 16.25), (3601, 16.25)]
)
def test_after_a_gap_nothing_is_concluded_for_half_an_hour(length_s: float, told: float) -> None:
    """Of more than two minutes; from then on the last sign counts again."""
    person = Person().moves(12)
    end = mono(15.75)
    person.take(Gap(end - length_s, stamp(end)))
    assert person.state.is_trusted is (length_s <= 120)
    person.until(told - 0.001)
    assert person.said == []
    person.until(told)
    assert person.told == [(told, ORANGE)]


def test_a_gap_makes_the_day_worthless() -> None:
    """Also its rising; the limit that was looked for is looked for anew after an hour unseen."""
    state = known(rising=7.0, of=mono(12), check_at=mono(13))
    short = Person(state).moves(12).take(Gap(mono(12), stamp(mono(13))))
    assert (short.state.rising, short.state.is_trusted, short.state.of) == (None, False, mono(12))
    assert short.state.not_before == mono(13.5)
    long = Person(state).moves(12).take(Gap(mono(12), stamp(mono(13.1))))
    assert (long.state.of, long.state.not_before) == (-1.0, pytest.approx(mono(13.6)))
    assert long.due == pytest.approx(13.6)
    none = Person(state).moves(12).take(Gap(mono(12), stamp(mono(12) + 120)))
    assert none.state == state
    unknown = Person(state).moves(12).take(Gap(mono(12), stamp(mono(12.1)), is_known=False))
    assert unknown.state.of == -1.0


def test_a_clock_that_is_set_has_the_limit_looked_for_anew() -> None:
    """Nothing else."""
    person = Person().moves(12).until(12.5)
    before = person.state
    person.take(ClockStep(3600.0, stamp(mono(12.6))))
    assert person.state == replace(before, of=-1.0)


def test_beside_somebody_else_it_is_yellow_for_four_hours() -> None:
    """Or until the ceiling, which is four hours awake and more in bed."""
    guest = Company(until=mono(12.5))
    state = known(silences={"living-pir/24": 100.0})
    person = Person(state).moves(12).sees(company=guest).until(17)
    assert person.told == [(14.333, YELLOW), (16, ORANGE), (17, RED)]
    assert person.said[0].evidence["beside"] == "company"
    bed = Person(known(silences={"bed/46": 30.0, "bed/4": 30.0}))
    bed.sees(company=Company(until=mono(23))).moves(22, "bedroom-pir").until(27)
    assert bed.told == [(24, YELLOW), (26, ORANGE)]
    short = Person(state, awake_h=3.0).moves(12).sees(company=guest).until(16)
    assert short.told == [(14.333, YELLOW), (15, ORANGE), (16, RED)]
    left = Person(state).moves(12.6).sees(company=guest).until(16)
    assert left.told[0][1] is ORANGE
    assert "beside" not in left.said[0].evidence


def test_beside_a_pet_it_is_yellow_for_an_hour_and_until_the_ceiling() -> None:
    """One that may have moved since."""
    state = known(silences={"living-pir/24": 100.0})
    person = Person(state).moves(12).sees(pet=Pet(weak=mono(12) + 1)).until(18)
    assert person.told == [(14.333, YELLOW), (16, ORANGE), (17, RED)]
    assert person.said[0].evidence["beside"] == "pet"
    late = Person().moves(12).sees(pet=Pet(weak=mono(12) + 1)).until(18)
    assert late.told == [(16, YELLOW), (17, ORANGE), (18, RED)]
    bed = Person(known(silences={"bed/4": 120.0})).moves(22, "bedroom-pir")
    assert bed.sees(pet=Pet(weak=mono(23))).until(30).told == [(24.533, YELLOW), (30, ORANGE)]
    before = Person().moves(12).sees(pet=Pet(weak=mono(12))).until(16)
    assert before.told == [(16, ORANGE)]


def test_who_may_have_moved_beside_her() -> None:
    """The pet since the sign, or company at it; the pet first."""
    last = Sign(mono(12), at(12), "living-pir")
    guest, cat = Company(until=mono(12.1)), Pet(weak=mono(12.1))
    assert beside(Home(), last) == ""
    assert beside(Home(company=guest), last) == "company"
    assert beside(Home(company=Company(until=mono(12))), last) == ""
    assert beside(Home(pet=cat), last) == "pet"
    assert beside(Home(pet=cat, company=guest), last) == "pet"


def ready(**other: Any) -> Person:
    """Of whom nothing is known, at noon of a day that can be believed so far."""
    return Person(known(**other)).moves(12)


def lengths(person: Person) -> dict[str, float]:
    return {name: found[0][0] for name, found in person.state.silences.longest.items()}


def test_a_silence_awake_is_learned_of_the_sensor_and_of_the_room() -> None:
    """When it has ended, of the half-hour in which it began."""
    person = ready().moves(13.1, "kitchen-pir")
    assert lengths(person) == {"living-pir/24": 66.0, "living": 66.0}
    assert person.state.silences.longest["living"] == ((66.0, TODAY),)


@pytest.mark.parametrize(("minutes", "count"), [(5.0, 2), (4.9, 0)])
def test_less_than_five_minutes_teach_nothing(minutes: float, count: int) -> None:
    """They are no silence."""
    assert len(lengths(ready().moves(12 + minutes / 60))) == count


def test_no_more_is_learned_than_half_again_the_limit() -> None:
    """Of four hours: the limit it leads to is six."""
    assert lengths(ready().moves(20))["living"] == pytest.approx((360 - 30) / 1.1, abs=0.1)


def test_a_night_is_learned_by_each_half_hour_it_reached_into() -> None:
    """With the length it had at its end; no room, no sensor."""
    person = Person(known()).moves(23.25, "bedroom-pir").moves(25.1)
    assert lengths(person) == {"bed/46": 15.0, "bed/47": 45.0, "bed/0": 75.0, "bed/1": 105.0,
                               "bed/2": 111.0}  # fmt: skip
    capped = Person(known(bed_seen=None), bed_h=4.0).moves(22, "bedroom-pir").moves(30)
    assert max(lengths(capped).values()) == pytest.approx((360 - 30) / 1.1, abs=0.1)


def test_a_nap_that_lasts_into_the_night_is_both() -> None:
    """Of the night only the half-hours of sleep, with the whole length."""
    person = Person(known()).moves(20.25, "bedroom-pir").moves(21.75)
    assert lengths(person) == {
        "bedroom-pir/40": 90.0, "bedroom": 90.0, "bed/42": 75.0, "bed/43": 90.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "seen",
    [
        {"doubts": STUCK},
        {"boot": "second"},
        {"place": Place.AWAY},
        {"company": Company(until=mono(12.5))},
        {"since": mono(12.5), "reason": "returned"},
    ],
)
def test_a_silence_that_cannot_be_believed_teaches_nothing(seen: dict[str, Any]) -> None:
    """A doubtful sensor, no clock, an empty home, company, or a return in the midst of it."""
    assert lengths(ready().sees(**seen).moves(13)) == {}


def test_a_silence_since_a_return_is_learned() -> None:
    """Also one in whose course the place was seen to change by a sign alone."""
    assert len(lengths(ready().sees(since=mono(12), reason="returned").moves(13))) == 2
    assert len(lengths(ready().sees(since=mono(13), reason="sign").moves(13))) == 2


def test_on_a_day_not_trusted_and_after_a_gap_nothing_is_learned() -> None:
    """The silence has to have begun after the half-hour."""
    assert lengths(ready(is_trusted=False).moves(13)) == {}
    assert lengths(ready(not_before=mono(12.1)).moves(13)) == {}
    assert len(lengths(ready(not_before=mono(12)).moves(13))) == 2


def test_a_silence_after_a_sensor_that_is_gone_teaches_nothing() -> None:
    """The site no longer has it."""
    assert lengths(Person(known()).moves(12, "gone").moves(13)) == {}


@pytest.mark.parametrize(
    ("state", "days"),
    [
        (known(7), 8),
        (known(7, is_trusted=False), 7),
    ],
)
def test_days_that_could_be_believed_are_counted_when_they_are_over(
    state: State, days: int
) -> None:
    """At the first sign of the next that ends a silence; the first is none yet."""
    person = Person(state).moves(23).moves(24.5)
    assert (person.state.days, person.state.day) == (days, TODAY + 1)
    assert person.state.is_trusted
    assert person.moves(24.6).state.days == person.state.days


def test_the_first_sign_of_all_begins_the_first_day() -> None:
    """By the local calendar."""
    person = Person().moves(12)
    assert (person.state.day, person.state.days, person.state.is_trusted) == (TODAY, 0, True)
    doubtful = Person().sees(doubts=STUCK).moves(12)
    assert not doubtful.state.is_trusted
    assert Person(known(7, day=0)).moves(12).state.days == 7
    assert not Person().sees(boot="second").moves(12).state.is_trusted


def test_one_doubt_makes_a_day_worthless_and_the_next_begins_anew() -> None:
    """Whatever follows on it."""
    person = ready().sees(doubts=STUCK).moves(13).sees(doubts={}).moves(14)
    assert not person.state.is_trusted
    assert person.moves(24.5).state.is_trusted
    assert person.state.days == 14


@pytest.mark.parametrize(
    ("slept", "up", "rising"),
    [
        (22.0, 31.25, 7.25),
        (22.0, 27.98, None),
        (22.0, 28.0, 4.0),
        (22.0, 34.99, pytest.approx(10.983, abs=0.01)),
        (22.0, 35.0, None),
        (31.0, 31.0 + 20 / 60, pytest.approx(7.333, abs=0.01)),
        (31.0, 31.0 + 19.9 / 60, None),
    ],
)
def test_the_end_of_twenty_minutes_in_bed_is_a_rising(
    slept: float, up: float, rising: float | None
) -> None:
    """Between four and eleven."""
    person = Person(known()).moves(slept, "bedroom-pir").moves(up)
    assert person.state.rising == rising


def test_only_from_bed_and_alone_somebody_rises() -> None:
    """No other room, no other person."""
    assert Person(known()).moves(26).moves(31).state.rising is None
    guest = Company(until=mono(26.1))
    person = Person(known()).sees(company=guest).moves(26, "bedroom-pir").moves(31)
    assert person.state.rising is None


def test_the_last_rising_of_a_day_is_kept_when_it_is_over() -> None:
    """If it could be believed; those of three weeks stay."""
    state = known(risings=(6.0,) * 21, rising=7.0)
    assert Person(state).moves(23).moves(25).state.risings == (*(6.0,) * 20, 7.0)
    assert Person(state).moves(23).moves(25).state.rising is None
    doubtful = replace(state, is_trusted=False)
    assert Person(doubtful).moves(23).moves(25).state.risings == (6.0,) * 21
    assert Person(replace(state, rising=None)).moves(23).moves(25).state.risings == (6.0,) * 21


def test_when_the_bedroom_was_last_heard_is_known_to_the_minute() -> None:
    """And a sign there ends what was unseen."""
    person = Person(known(got_up_unseen=True)).moves(22, "bedroom-pir")
    assert (person.state.bed_seen, person.state.got_up_unseen) == (mono(22), False)
    person.moves(22 + 60 / 3600, "bedroom-pir")
    assert person.state.bed_seen == mono(22)
    person.moves(22 + 61 / 3600, "bedroom-pir")
    assert person.state.bed_seen == pytest.approx(mono(22) + 61)


@pytest.mark.parametrize(
    ("slept", "minutes", "sensor", "unseen"),
    [
        (23.0, 10.1, "living-pir", True),
        (23.0, 10.0, "living-pir", False),
        (23.0, 60.0, "bedroom-pir", False),
        (14.0, 60.0, "living-pir", False),
    ],
)
def test_who_is_seen_elsewhere_straight_from_bed_got_up_unseen(
    slept: float, minutes: float, sensor: str, *, unseen: bool
) -> None:
    """After more than ten minutes; until the bedroom is heard again."""
    person = Person(known()).moves(slept, "bedroom-pir").moves(slept + minutes / 60, sensor)
    assert person.state.got_up_unseen is unseen
    person.moves(slept + minutes / 60 + 0.1, "kitchen-pir")
    assert person.state.got_up_unseen is unseen
    assert not person.moves(slept + 3, "bedroom-pir").state.got_up_unseen


def test_who_is_forgotten_is_still_as_still() -> None:
    """What was learned goes; what is told, and since when, stays."""
    state = known(20, {"living": 30.0}, risings=(7.0,), rising=7.0, is_trusted=False,
                  level=ORANGE, raised=5.0, of=4.0, bed_seen=3.0)  # fmt: skip
    assert unlearn(state) == State(level=ORANGE, raised=5.0, of=4.0, bed_seen=3.0)
