"""Whether the resident is alone, and which movements are a pet's."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from agent.detectors.company import (
    CROWD_LEAST,
    HOLD_S,
    MOST_S,
    REST_S,
    STEPS_KNOWN,
    Company,
    are_apart,
    most_visits,
    unlearn,
    visited,
)
from agent.detectors.pets import BUSY_FOR_S, Pet, heard
from agent.detectors.walks import Walks, awaiting, blind, never_seen, passed, seeing, visit
from agent.plain import from_plain, to_plain
from drivers.reading import Quantity, Reading, Stamp

HOUR_S = 3600.0
NOON = 1000 * 24 * HOUR_S + 12 * HOUR_S
STEP_S, WEEKS_S = 60.0, 14 * 24 * HOUR_S
ROOMS = ("bedroom", "hall", "kitchen")  # one after the other: the hall lies between the two


def known_walks() -> Walks:
    """Somebody who always crosses the hall."""
    walks, now = Walks(), 0.0
    for _ in range(300):
        for name in ("bedroom", "hall", "kitchen", "hall"):
            walks = visit(walks, name, now + STEP_S, now)
            now += STEP_S
    return walks


WALKS = known_walks()
TOPS = (40,) * 14


def meet(company: Company, when: float, one: str = "bedroom", other: str = "kitchen") -> Company:
    """Two sensors see somebody at once."""
    return visited(company, WALKS, when, other, one)


def crowd(company: Company, begin: float, count: int, over_s: float = HOUR_S) -> Company:
    """So many visits, one after the other."""
    for n in range(count):
        company = visited(company, WALKS, begin + n * over_s / count, ROOMS[n % 3], "")
    return company


def test_two_rooms_at_once_that_are_not_adjacent_are_two_people_the_third_time() -> None:
    """Twice happens by chance; and the third time counts within half an hour only."""
    twice = meet(meet(Company(), NOON), NOON + 300)
    assert not twice.is_here(NOON + 300)
    assert meet(twice, NOON + 600).is_here(NOON + 600)
    assert not meet(twice, NOON + 2000).is_here(NOON + 2000)


@pytest.mark.parametrize(
    ("one", "other"), [("bedroom", "hall"), ("hall", "kitchen"), ("x", "hall")]
)
def test_rooms_that_she_walks_between_or_that_are_new_tell_nothing(one: str, other: str) -> None:
    """She is quick there herself, or nobody knows yet."""
    company = Company()
    for n in range(20):
        company = meet(company, NOON + 60 * n, one, other)
    assert not company.is_here(NOON + 1200)


def walked(*rounds: tuple[int, tuple[str, ...]]) -> Walks:
    """Somebody who has gone so many times around."""
    walks, now = Walks(), 0.0
    for count, names in rounds:
        for name in names * count:
            walks = visit(walks, name, now + STEP_S, now)
            now += STEP_S
    return walks


TO_AND_FRO, STRAIGHT = ("bedroom", "hall", "kitchen", "hall"), ("bedroom", "kitchen", "hall")


@pytest.mark.parametrize(
    ("walks", "apart"),
    [
        (walked((100, TO_AND_FRO)), True),
        (walked((99, TO_AND_FRO)), False),  # fewer than a hundred steps from either
        (walked((99, TO_AND_FRO), (1, STRAIGHT)), True),  # once in a hundred
        (walked((98, TO_AND_FRO), (2, STRAIGHT)), False),
        (walked((150, STRAIGHT)), False),  # one way only
        (walked((150, ("bedroom", "hall"))), False),  # never in the kitchen
    ],
)
def test_rooms_are_apart_where_she_never_walks_straight_either_way(
    walks: Walks, *, apart: bool
) -> None:
    """Whichever is asked for first."""
    assert are_apart(walks, "bedroom", "kitchen") is apart
    assert are_apart(walks, "kitchen", "bedroom") is apart


def test_an_hour_with_twice_the_visits_of_the_busiest_is_a_crowd() -> None:
    """Of an ordinary day's busiest; one more than that tells it."""
    alone = crowd(Company(tops=TOPS), NOON, 80)
    assert not alone.is_here(NOON + HOUR_S)
    assert crowd(Company(tops=TOPS), NOON, 82).is_here(NOON + HOUR_S)


def test_a_crowd_is_unknown_in_the_first_week_and_small_numbers_are_none() -> None:
    """Six busiest hours are too few; and a quiet home may have a busy hour."""
    assert most_visits(Company(tops=(40,) * 6)) == float("inf")
    assert most_visits(Company(tops=(3,) * 7)) == CROWD_LEAST


def test_what_is_ordinary_is_learned_alone() -> None:
    """A visitor's hour is not the day's busiest; days count when they are over."""
    company = Company()
    for number in range(8):
        company = crowd(company, NOON + number * 24 * HOUR_S, 20)
    assert company.tops == (20,) * 7
    company = crowd(company, NOON + 8 * 24 * HOUR_S, 100)
    assert company.is_here(NOON + 8 * 24 * HOUR_S + HOUR_S)
    assert company.top <= most_visits(company) + 1  # the visit that told


def test_company_is_believed_for_an_hour_and_half_a_day_at_most() -> None:
    """Then it takes half a day until it is believed anew, whatever speaks for it."""
    company, when = Company(tops=TOPS), NOON
    spans: list[float] = []
    while when < NOON + MOST_S + REST_S + 2 * HOUR_S:
        company = meet(company, when)
        spans += [when] if company.is_here(when) else []
        when += 120
    assert spans[0] == NOON + 240
    quiet = [b for a, b in pairwise(spans) if b - a > 120]
    (again,) = quiet
    assert again - spans[0] == pytest.approx(MOST_S + REST_S, abs=240)
    once = meet(meet(meet(Company(), NOON), NOON), NOON)
    assert once.is_here(NOON + HOLD_S - 1)
    assert not once.is_here(NOON + HOLD_S)


def test_company_is_kept_as_plain_values_and_forgets_the_person() -> None:
    """As a snapshot has it; who is here stays, how busy she is does not."""
    company = crowd(Company(tops=TOPS), NOON, 90)
    assert from_plain(Company, to_plain(company)) == company
    kept = unlearn(company)
    assert (kept.number, kept.day) == (company.number, company.day)
    assert (kept.since, kept.until, kept.tops, kept.top) == (company.since, company.until, (), 0)


def test_steps_in_company_are_nobodys_and_make_no_sensor_blind() -> None:
    """Not one is counted, the sensors that see somebody are well, and the others are not blamed."""
    walks = steps = WALKS
    for n in range(300):
        name = ROOMS[1 + n % 2]
        walks = passed(walks, name)
        steps = visit(steps, name, WEEKS_S + n * STEP_S, WEEKS_S + (n - 1) * STEP_S)
    assert list(blind(steps, 2 * WEEKS_S)) == ["bedroom"]  # as those of one person are
    assert list(blind(seeing(steps, "bedroom"), 2 * WEEKS_S)) == []  # a pet has been seen there
    assert (walks.visits, walks.steps, walks.stays) == (WALKS.visits, WALKS.steps, WALKS.stays)
    assert list(blind(walks, 2 * WEEKS_S)) == []


def test_a_sensor_that_has_seen_only_the_pet_has_shown_something() -> None:
    """However long she is not seen there."""
    walks = awaiting(Walks(), ("larder",))
    for n in range(30):
        walks = visit(walks, "hall", n * HOUR_S, None)
    assert list(never_seen(walks, ("larder",), (), ())) == ["larder"]
    assert list(never_seen(seeing(walks, "larder"), ("larder",), (), ())) == []


def test_where_a_pet_walks_twice_as_much_has_to_speak_for_it() -> None:
    """For who is in one room may seem to be in another the next moment."""
    walks, told = WALKS, []
    for n in range(300):
        moment = WEEKS_S + n * STEP_S
        walks = visit(walks, ROOMS[1 + n % 2], moment, moment - STEP_S)
        told.append(
            [list(blind(walks, moment, pets=pets)) == ["bedroom"] for pets in (False, True)]
        )
    alone, beside = ([row[n] for row in told].index(True) for n in (0, 1))
    assert 1.5 * alone < beside


def test_no_stay_is_counted_that_began_in_company() -> None:
    """How long she has been where she is when they leave, nobody knows; the step from there is."""
    left = visit(passed(WALKS, "kitchen"), "hall", WEEKS_S + STEP_S, WEEKS_S)
    assert left.stays == WALKS.stays
    assert left.steps["kitchen"].total == WALKS.steps["kitchen"].total + 1


def test_who_is_in_company_before_anything_is_known_has_a_first_week_all_the_same() -> None:
    """It begins with the first visit, not with theirs."""
    assert visit(passed(Walks(), "hall"), "kitchen", NOON, NOON - STEP_S).began == NOON


def test_who_moves_where_she_is_makes_no_room_seldom_left_for_another() -> None:
    """Of the bedroom's signs most follow one of its own, ten minutes before."""
    walks, now = Walks(), 0.0
    for n in range(600):
        for name in ("bedroom", "bedroom", "bedroom", "bath" if n % 30 == 0 else "hall"):
            walks = visit(walks, name, now + 600, now)
            now += 600
        walks = visit(walks, "bath", now + 600, now)
        now += 600
    assert walks.steps["bedroom"].total > STEPS_KNOWN
    assert not are_apart(walks, "bedroom", "bath")


def moved(when: float, value: float = 1.0, sensor: str = "living") -> Reading:
    return Reading(
        sensor, Quantity.MOTION, value, Stamp("test", when, when, synced=True, sequence=1)
    )


def reports(pet: Pet, begin: float, count: int, every_s: float, sensor: str = "") -> list[bool]:
    """Whether each of so many movements is hers."""
    found = []
    for n in range(count):
        pet, is_hers = heard(pet, moved(begin + n * every_s, sensor=sensor or "living"))
        found.append(is_hers)
    return found


def test_three_reports_of_one_sensor_within_two_minutes_are_hers() -> None:
    """The third, and not those of several sensors; a fall of the level is no report."""
    known = Pet(busy=NOON)
    assert reports(known, NOON, 4, 60) == [False, False, True, True]
    assert reports(known, NOON, 4, 61) == [False] * 4
    for n, room in enumerate(("a", "b", "c", "a", "b", "c")):
        known, is_hers = heard(known, moved(NOON + 10 * n, sensor=room))
        assert not is_hers
    pet, _ = heard(heard(Pet(busy=NOON), moved(NOON))[0], moved(NOON + 9))
    assert not heard(pet, moved(NOON + 10, 0.0))[1]
    assert pet.weak == NOON + 9


def test_a_pet_that_plays_is_taken_for_her_for_half_a_day() -> None:
    """After that three reports are hers no more, until ten within ten minutes are."""
    late = NOON + BUSY_FOR_S
    assert reports(Pet(busy=NOON), late - 300, 3, 30)[-1]
    assert not reports(Pet(busy=NOON), late + 1, 3, 30)[-1]
    assert reports(Pet(busy=NOON), late + 1, 10, 50) == [False] * 9 + [True]
    contact = replace(moved(late + 1), quantity=Quantity.CONTACT)
    pet, is_hers = heard(Pet(busy=NOON), contact)
    assert is_hers
    assert reports(pet, late + 60, 3, 30)[-1]
