"""Meals, by the kitchen's movements alone: what counts as one, and what is told of a slot without."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from routine import at
from sites import home, street

from agent.detectors import Setup
from agent.detectors.company import Company
from agent.detectors.levels import Doubt
from agent.detectors.meals import (
    Best,
    Config,
    State,
    days_used,
    due,
    is_habit,
    start,
    step,
    subjects,
    unlearn,
)
from agent.detectors.presence import Home, Place, Sign
from agent.events import Activity, ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

BLUE, YELLOW, ORANGE = WarningLevel.BLUE, WarningLevel.YELLOW, WarningLevel.ORANGE
TENS = (10,) * 7  # a week of ordinary meals
AWAKE = Home(Place.AWAKE, is_sign=True)
KNOWN = {"breakfast": TENS, "lunch": TENS, "dinner": TENS}


def mono(hour: float) -> float:
    """Monotonic second of an hour since the first midnight; `at` gives the wall's."""
    return at(hour) - 1_000_000


def stamp(moment: float) -> Stamp:
    """Of a monotonic second."""
    return Stamp("test", moment, moment + 1_000_000, synced=True, sequence=1)


class Person:
    """A kitchen, and where its resident is; eaten at half past nine in the evening before."""

    def __init__(self, state: State | None = None, **limits: int) -> None:
        self.setup = Setup(Config(**limits), home(), "home", frozenset(limits))
        self.state = state or State(scores=KNOWN, eaten=mono(-2.5), cooked=mono(-3))
        self.seen = AWAKE
        self.said: list[Finding] = []
        self.journal: list[Activity] = []

    def take(self, now: Any) -> Person:
        self.state, found = step(self.setup, self.state, now, self.seen)
        self.said += [f for f in found if isinstance(f, Finding)]
        self.journal += [f for f in found if isinstance(f, Activity)]
        return self

    def tick(self, *hours: float) -> Person:
        for hour in hours:
            self.take(Tick(stamp(mono(hour))))
        return self

    def hear(
        self, hour: float, sensor: str = "kitchen-pir", value: float = 1.0, **other: Any
    ) -> Person:
        quantity = other.get("quantity", self.setup.site.sensors[sensor].traits.quantities[0])
        return self.take(Reading(sensor, quantity, value, stamp(mono(hour))))

    def cooks(self, hour: float, count: int, over_h: float = 0.5) -> Person:
        for n in range(count):
            self.hear(hour + over_h * n / count)
        return self

    def sees(self, **seen: Any) -> Person:
        self.seen = replace(self.seen, **seen)
        return self

    @property
    def told(self) -> list[tuple[str, WarningLevel | None]]:
        return [(str(f.evidence["reason"]), f.level) for f in self.said]


def test_the_home_is_watched_where_the_kitchen_sees_people_move() -> None:
    """A smoke alarm there does not."""
    whole = home()
    assert set(subjects(whole)) == {"home"}
    assert {"kitchen-pir", "front-door", "living-pir"} <= set(subjects(whole)["home"])
    bare = {n: s for n, s in whole.sensors.items() if n != "kitchen-pir"}
    assert subjects(replace(whole, sensors=bare)) == {}
    assert subjects(street()) == {}
    assert start(Person().setup, 5.0) == State(eaten=5.0, cooked=5.0)


def test_limits_have_limits() -> None:
    """Both ends are allowed, and what is outside is named."""
    assert (Config(twice=2).twice, Config(twice=6).twice) == (2, 6)
    for value in (1, 7):
        with pytest.raises(ValueError, match=f"^twice: {value} is outside 2 to 6$"):
            Config(twice=value)


@pytest.mark.parametrize(
    ("hour", "slot", "ends"),
    [
        (4.99, "", 0),
        (5.0, "breakfast", 10.5),
        (5 - 1 / 3600, "breakfast", 10.5),  # a tick a second early is meant for the turn
        (10.4, "breakfast", 10.5),
        (10.5, "lunch", 15.5),
        (15.5, "dinner", 21.5),
        (21.4, "dinner", 21.5),
        (21.5, "", 0),
    ],
)
def test_a_day_has_three_slots(hour: float, slot: str, ends: float) -> None:
    """From five to half past nine in the evening."""
    person = Person().tick(hour)
    assert person.state.slot == slot
    if slot:
        assert due(person.setup, person.state, person.seen) == pytest.approx(mono(ends))


@pytest.mark.parametrize(
    ("hour", "next_h"),
    [(2.0, 5.0), (7.0, 10.5), (12.0, 15.5), (22.0, 29.0), (4.9999, 5.0)],
)
def test_without_a_slot_the_next_one_is_waited_for(hour: float, next_h: float) -> None:
    """From the last sign on, a second late; before the first nothing is waited for."""
    person = Person()
    assert due(person.setup, person.state, AWAKE) is None
    seen = replace(AWAKE, sign=Sign(mono(hour), at(hour), "living-pir"))
    assert due(person.setup, person.state, seen) == pytest.approx(mono(next_h) + 1, abs=0.01)


def test_after_a_slot_the_next_is_waited_for_from_its_end() -> None:
    """Not again from the sign, which was long before."""
    person = Person().sees(sign=Sign(mono(4), at(4), "living-pir"))
    person.state = replace(person.state, ends=mono(21.5))
    assert due(person.setup, person.state, person.seen) == pytest.approx(mono(29) + 1, abs=0.01)


def test_a_meal_is_written_down_when_its_slot_has_ended() -> None:
    """When it began and ended, when it was sure, when that is told, and which it was."""
    person = Person().tick(5).cooks(7.0, 10).tick(10.4999)
    assert person.journal == []
    person.tick(10.5)
    (meal,) = person.journal
    sure = at(7.0 + 0.5 * 3 / 10)  # the fourth: a third of ten is more than three
    last = at(7.0 + 0.5 * 9 / 10)
    assert meal == Activity(
        "meal", at(7.0), pytest.approx(sure), pytest.approx(last), at(10.5), "breakfast"
    )
    assert person.said == []
    assert person.state.scores["breakfast"] == (*TENS, 10)
    assert person.state.scores["lunch"] == TENS
    assert (person.state.missed, person.state.eaten) == (0, mono(10.5))
    assert person.state.slot == "lunch"
    assert (person.state.decided, person.state.best, person.state.minutes) == (None, Best(), ())
    assert person.state.is_sound


@pytest.mark.parametrize(
    ("scores", "count", "eaten"),
    [
        ((), 3, True),
        ((), 2, False),
        ((10,) * 7, 4, True),  # a third of ten
        ((10,) * 7, 3, False),
        ((40,) * 5 + (12,) * 3, 8, True),  # a fifth of forty; a third of twelve is four
        ((40,) * 5 + (12,) * 3, 7, False),
        ((0,) * 3 + (10,) * 4, 4, True),  # days without a meal do not lower it
        ((2, 2, 2), 3, True),
        ((3,) * 7, 2, False),
        ((3,) * 3 + (12,) * 4, 3, True),  # three are a meal, and the lowest of them
    ],
)
def test_how_busy_the_kitchen_is_at_a_meal(
    scores: tuple[int, ...], count: int, *, eaten: bool
) -> None:
    """A fifth of the usual and a third of what nine days of ten reach, and three at least."""
    person = Person(State(scores={"breakfast": scores}, eaten=mono(-1))).tick(5)
    person.cooks(7.0, count).tick(10.5)
    assert len(person.journal) == eaten


def test_nine_days_of_ten_reach_it() -> None:
    """Of twenty days the two lowest are not asked."""
    scores = (30,) * 18 + (3,) * 2
    for count, eaten in ((10, 1), (9, 0)):
        person = Person(State(scores={"breakfast": scores}, eaten=mono(-1))).tick(5)
        assert len(person.cooks(7.0, count).tick(10.5).journal) == eaten


def test_the_busiest_forty_minutes_count() -> None:
    """Not what is spread over the morning; of one minute every movement counts."""
    spread = Person().tick(5).cooks(6.0, 9, over_h=4.0).tick(10.5)
    assert (spread.journal, spread.state.scores["breakfast"][-1]) == ([], 2)
    exact = Person().tick(5).hear(7.0).hear(7 + 39 / 60).hear(7 + 40 / 60)
    assert exact.state.best == Best(2, at(7.0), at(7 + 39 / 60))
    dense = Person().tick(5).hear(7.0).hear(7.001).hear(7.002).hear(7.02)
    assert dense.state.minutes == ((int(at(7) // 60), 3), (int(at(7) // 60) + 1, 1))
    assert dense.state.best == Best(4, at(7.0), pytest.approx(at(7.02)))
    assert dense.state.decided == pytest.approx(at(7.02))
    later = dense.hear(7.03)
    assert later.state.decided == pytest.approx(at(7.02))
    assert later.state.minutes == ((int(at(7) // 60), 3), (int(at(7) // 60) + 1, 2))


def test_a_new_home_learns_from_its_first_slot() -> None:
    """Nothing is missed there yet; the end of a slot counts as the last meal only if there was one."""
    person = Person(State(eaten=mono(4), cooked=mono(4))).tick(5).cooks(7.0, 3).tick(10.5, 15.5)
    assert person.state.scores == {"breakfast": (3,), "lunch": (0,)}
    assert (person.said, person.state.eaten, len(person.journal)) == ([], mono(10.5), 1)


@pytest.mark.parametrize(
    ("sensor", "value", "seen", "cooked"),
    [
        ("kitchen-pir", 1, {}, True),
        ("kitchen-pir", 0, {}, False),
        ("kitchen-pir", 1, {"is_sign": False}, False),
        ("smoke", 1, {}, False),
        ("living-pir", 1, {}, False),
    ],
)
def test_only_somebody_who_moves_in_the_kitchen_cooks(
    sensor: str, value: float, seen: dict[str, Any], *, cooked: bool
) -> None:
    """No end of a pulse, no stray, no alarm, no other room."""
    person = Person().tick(5).sees(**seen).hear(7.0, sensor, value)
    assert (person.state.best.score, person.state.cooked == mono(7.0)) == (cooked, cooked)


def test_a_movement_in_another_room_leaves_all_as_it_was() -> None:
    """Before the first slot too; in the kitchen one begins with it."""
    person = Person().hear(7.0, "living-pir")
    assert person.state.slot == ""
    person.hear(7.1)
    assert (person.state.slot, person.state.best.score, person.state.is_sound) == (
        "breakfast",
        1,
        False,
    )
    night = Person().hear(2.0)
    assert (night.state.slot, night.state.cooked, night.state.best) == ("", mono(2.0), Best())


def test_a_slot_without_a_meal_is_told_when_it_has_ended() -> None:
    """Blue, and with all it rests on."""
    person = Person().tick(5).cooks(7.0, 2).tick(10.5)
    assert person.told == [("missed", BLUE)]
    found = person.said[0]
    assert (found.kind, found.subject, found.onset) == (Kind.MEALS, "home", mono(10.5))
    assert found.sensors == ("kitchen-pir",)
    assert found.evidence == {
        "reason": "missed", "slot": "breakfast", "score": 2, "limit": 3.3,
        "unit": "sightings in 40 min", "limit_source": "learned", "days_learned": 7, "missed": 1,
        "for_s": 13 * 3600, "kitchen_seen": True,
    }  # fmt: skip
    assert (person.state.missed, person.state.told) == (1, "missed")
    assert person.state.scores["breakfast"] == (*TENS, 2)


def test_the_next_meal_ends_it() -> None:
    """When its slot has ended, with which it was."""
    person = Person().tick(5, 10.5).cooks(12, 10).tick(15.5)
    assert person.told == [("missed", BLUE), ("eaten", None)]
    over = person.said[1]
    assert (over.kind, over.subject, over.onset) == (Kind.MEALS, "home", mono(15.5))
    assert over.evidence == {"reason": "eaten", "slot": "lunch"}
    assert (person.state.told, person.state.missed, len(person.journal)) == ("", 0, 1)


@pytest.mark.parametrize(("twice", "told"), [(2, "missed_twice"), (3, "missed")])
def test_two_in_a_row_are_yellow(twice: int, told: str) -> None:
    """Or as many as are configured."""
    person = Person(twice=twice).tick(5, 10.5, 15.5)
    assert person.told == [("missed", BLUE), (told, YELLOW if twice == 2 else BLUE)]
    assert person.said[1].evidence["missed"] == 2


@pytest.mark.parametrize(
    ("cooked", "level", "kitchen"), [(0.0, ORANGE, True), (-60.0, YELLOW, False)]
)
def test_two_days_without_a_meal_are_urgent(
    cooked: float, level: WarningLevel, *, kitchen: bool
) -> None:
    """Unless the kitchen has seen nobody at all, for then its sensor may be dead."""
    state = State(scores=KNOWN, eaten=mono(-37.5), cooked=mono(cooked), missed=6, told="missed")
    person = Person(state).tick(5, 10.5)
    assert person.told == [("not_eating", level)]
    assert person.said[0].evidence["kitchen_seen"] is kitchen
    assert person.said[0].evidence["missed"] == 7
    early = Person(replace(state, eaten=mono(-37.5) + 61)).tick(5, 10.5)
    assert early.told == [("missed_twice", YELLOW)]
    exact = Person(replace(state, eaten=mono(-37.5) + 60)).tick(5, 10.5)
    assert exact.told == [("not_eating", level)]


@pytest.mark.parametrize(
    ("scores", "told"),
    [(TENS, True), ((10,) * 6, False), ((10,) * 7 + (0,) * 3, True), ((10,) * 6 + (2,) * 4, False)],
)
def test_what_is_no_habit_is_not_missed(scores: tuple[int, ...], *, told: bool) -> None:
    """Seven days known, and the slot used on seven of ten."""
    assert is_habit(scores) is told
    person = Person(State(scores={"breakfast": scores}, eaten=mono(-1))).tick(5, 10.5)
    assert len(person.said) == told
    assert person.state.scores["breakfast"] == (*scores, 0)


def test_three_sightings_are_a_day_used() -> None:
    """Two are a glass of water."""
    assert days_used((3, 2, 0, 30)) == 2


def test_the_scores_of_four_weeks_stay() -> None:
    """The oldest gives way."""
    person = Person(State(scores={"breakfast": (9,) * 28}, eaten=mono(-1)))
    person.tick(5).cooks(7, 10).tick(10.5)
    assert person.state.scores["breakfast"] == (9,) * 27 + (10,)


@pytest.mark.parametrize(
    "seen",
    [
        {"doubts": {"kitchen-pir": Doubt.STUCK}},
        {"boot": "second"},
        {"company": Company(until=mono(9))},
    ],
)
def test_a_slot_that_cannot_be_believed_says_nothing(seen: dict[str, Any]) -> None:
    """The kitchen's sensor, the clock, or a visitor; the next slot is judged anew."""
    person = Person().tick(5).sees(**seen).hear(8.0).sees(doubts={}, boot="", company=Company())
    person.tick(10.5)
    assert (person.said, person.state.scores) == ([], KNOWN)
    assert person.tick(15.5).told == [("missed", BLUE)]


def test_a_meal_counts_all_the_same() -> None:
    """It is written down, but nothing is learned of it."""
    person = Person().tick(5).sees(doubts={"kitchen-pir": Doubt.CHATTER}).cooks(7, 10).tick(10.5)
    assert (len(person.journal), person.state.scores) == (1, KNOWN)


def test_a_doubtful_sensor_elsewhere_does_not_matter() -> None:
    """Only the kitchen is asked."""
    person = Person().sees(doubts={"living-pir": Doubt.STUCK}).tick(5, 10.5)
    assert person.told == [("missed", BLUE)]


@pytest.mark.parametrize(("hour", "told"), [(5.24, True), (5.26, False)])
def test_a_slot_entered_late_was_not_watched(hour: float, *, told: bool) -> None:
    """A quarter of an hour is still in time."""
    assert len(Person().tick(hour, 10.5).said) == told


@pytest.mark.parametrize(
    ("left", "back", "told"),
    [(5.5, 9.3, True), (5.5, 9.4, False), (4.0, 8.84, True), (4.0, 8.86, False)],
)
def test_who_was_out_for_most_of_a_slot_missed_no_meal(
    left: float, back: float, *, told: bool
) -> None:
    """70 % of its five and a half hours; what lies before it does not count."""
    person = Person().tick(5)
    person.sees(place=Place.AWAY, since=mono(left)).hear(6.0, "front-door", 0)
    assert person.state.out_since == max(mono(left), mono(5))
    person.hear(6.5, "living-pir")
    person.sees(place=Place.AWAKE, since=mono(back)).hear(back, "front-door", 1)
    assert person.state.out_since is None
    assert person.state.out_s == pytest.approx((back - max(left, 5.0)) * 3600)
    person.tick(10.5)
    assert len(person.said) == told
    assert (person.state.scores == KNOWN) is not told
    assert (person.state.eaten == mono(10.5)) is not told
    assert (person.state.out_since, person.state.out_s) == (None, 0.0)


@pytest.mark.parametrize(("left", "told"), [(6.7, True), (6.6, False)])
def test_who_is_still_out_at_the_end_counts_as_out_until_then(left: float, *, told: bool) -> None:
    """And the next slot begins out."""
    person = Person().tick(5).sees(place=Place.AWAY, since=mono(left)).tick(left + 0.3, 10.5)
    assert len(person.said) == told
    assert person.state.out_since == mono(10.5)


def test_two_absences_add_up() -> None:
    """Two hours each."""
    person = Person().tick(5)
    for hour in (5.5, 8.0):
        person.sees(place=Place.AWAY, since=mono(hour)).tick(hour + 0.3)
        person.sees(place=Place.AWAKE, since=mono(hour + 2)).tick(hour + 2.01)
    assert person.state.out_s == pytest.approx(4 * 3600)
    assert person.tick(10.5).said == []


@pytest.mark.parametrize(("slot_h", "missed"), [((5, 10.5), 1), ((15.5, 21.5), 0)])
def test_a_slot_spent_out_parts_days_but_not_the_slots_of_one(
    slot_h: tuple[float, float], missed: int
) -> None:
    """Two on one day count together, whatever lies between."""
    state = State(scores=KNOWN, missed=1, eaten=mono(-1))
    person = Person(state).sees(place=Place.AWAY, since=mono(0)).tick(*slot_h)
    assert (person.said, person.state.missed) == ([], missed)
    assert person.state.scores == KNOWN


@pytest.mark.parametrize(("length_h", "lost"), [(0.5, False), (0.501, True)])
def test_half_an_hour_unseen_makes_a_slot_unsound(length_h: float, *, lost: bool) -> None:
    """So does a clock that is set; what is known stays."""
    person = Person().tick(5).take(Gap(mono(7), stamp(mono(7 + length_h))))
    assert (person.state.slot, person.state.is_sound) == (
        ("", False) if lost else ("breakfast", True)
    )
    clock = Person().tick(5).take(ClockStep(60.0, stamp(mono(7))))
    assert (clock.state.slot, clock.state.is_sound) == ("", False)
    assert clock.tick(8, 10.5).said == []
    assert clock.state.scores == KNOWN


def test_what_a_driver_reports_changes_nothing() -> None:
    """The perception hears it."""
    person = Person().tick(5)
    before = person.state
    person.take(SensorState("kitchen-pir", SensorStatus.LOST, "gone", stamp(mono(6))))
    assert (person.state, person.said) == (before, [])


def test_presence_is_movement_too() -> None:
    """A radar in the kitchen."""
    whole = home()
    radar = replace(whole.sensors["kitchen-pir"], traits=replace(
        whole.sensors["kitchen-pir"].traits, quantities=(Quantity.PRESENCE,)))  # fmt: skip
    person = Person()
    person.setup = replace(
        person.setup, site=replace(whole, sensors={**whole.sensors, "kitchen-pir": radar})
    )
    assert radar.role is Role.KITCHEN
    assert person.tick(5).cooks(7, 5).state.best.score == 5
    smoke = person.hear(8.0, "kitchen-pir", quantity=Quantity.SMOKE)
    assert smoke.state.best.score == 5


def test_who_is_forgotten_has_no_habits() -> None:
    """The slot under way stays."""
    person = Person().tick(5).cooks(7, 3)
    assert unlearn(person.state) == replace(person.state, scores={})
