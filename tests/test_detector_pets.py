"""Which movements are more than a pet's, report by report."""

from __future__ import annotations

import pytest

from agent.detectors.pets import BUSY_FOR_S, Pet, heard
from drivers.reading import Quantity, Reading, Stamp

NOON = 40_000.0


def report(
    pet: Pet,
    moment: float,
    value: float = 1.0,
    quantity: Quantity = Quantity.MOTION,
    sensor: str = "kitchen",
) -> tuple[Pet, bool]:
    """Of a sensor at a monotonic second, and whether it is hers."""
    stamp = Stamp("test", moment, moment + 1_000_000, synced=True, sequence=1)
    return heard(pet, Reading(sensor, quantity, value, stamp))


def reports(pet: Pet, *moments: float, sensor: str = "kitchen") -> tuple[Pet, list[bool]]:
    """Movements at these seconds after noon."""
    found = []
    for moment in moments:
        pet, is_hers = report(pet, NOON + moment, sensor=sensor)
        found.append(is_hers)
    return pet, found


BUSY = Pet(busy=NOON)


def test_the_third_report_within_two_minutes_is_hers() -> None:
    """Each one after it too, as long as three are so near."""
    assert reports(BUSY, 0, 60, 120)[1] == [False, False, True]
    assert reports(BUSY, 0, 60, 120.1)[1] == [False, False, False]
    assert reports(BUSY, 0, 60, 120, 180, 300)[1] == [False, False, True, True, False]


@pytest.mark.parametrize("quantity", [Quantity.MOTION, Quantity.PRESENCE])
def test_a_radar_sees_the_pet_as_well(quantity: Quantity) -> None:
    """One report is weak."""
    pet, is_hers = report(BUSY, NOON + 5, quantity=quantity)
    assert (is_hers, pet.weak, pet.busy) == (False, NOON + 5, NOON)
    assert pet.reports == {"kitchen": (NOON + 5,)}


@pytest.mark.parametrize("quantity", [Quantity.CONTACT, Quantity.HELP])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_the_contact_and_the_button_are_no_pets(quantity: Quantity, value: float) -> None:
    """At once; and then somebody is about, for twelve hours."""
    before = Pet({"hall": (1.0,)}, None, 7.0)
    pet, is_hers = report(before, NOON, value, quantity)
    assert is_hers
    assert pet == Pet({"hall": (1.0,)}, NOON, 7.0)


def test_reports_of_two_sensors_do_not_add_up() -> None:
    """Three rooms are three steps of a cat; what each has seen stays known."""
    pet, _ = reports(BUSY, 0, 10)
    pet, found = reports(pet, 20, 30, sensor="hall")
    assert found == [False, False]
    assert pet.reports == {"kitchen": (NOON, NOON + 10), "hall": (NOON + 20, NOON + 30)}
    assert reports(pet, 40)[1] == [True]


def test_the_end_of_a_pulse_is_no_report() -> None:
    """It is hers where three have been, and else weak."""
    pet, _ = reports(BUSY, 0, 10)
    pet, is_hers = report(pet, NOON + 20, 0.0)
    assert (is_hers, pet.weak, len(pet.reports["kitchen"])) == (False, NOON + 20, 2)
    pet, _ = reports(pet, 30)
    pet, is_hers = report(pet, NOON + 33, 0.0)
    assert (is_hers, pet.weak, len(pet.reports["kitchen"])) == (True, NOON + 20, 3)
    assert report(BUSY, NOON, 0.0)[0].reports == {"kitchen": ()}


@pytest.mark.parametrize(("since", "hers"), [(BUSY_FOR_S, True), (BUSY_FOR_S + 0.1, False)])
def test_three_reports_are_hers_for_twelve_hours_after_she_was_busy(
    since: float, *, hers: bool
) -> None:
    """Then they may be the pet's."""
    assert BUSY_FOR_S == 12 * 3600
    pet, found = reports(Pet(busy=NOON + 60 - since), 0, 30, 60)
    assert found[-1] is hers
    assert pet.weak == NOON + (30 if hers else 60)


def test_nobody_who_never_was_busy_is_seen() -> None:
    """Nor is a pet that is new."""
    assert reports(Pet(), *range(0, 270, 30))[1] == [False] * 9
    assert Pet() == Pet({}, None, 0.0)


@pytest.mark.parametrize(
    ("moments", "busy"),
    [
        (range(0, 300, 30), True),  # ten
        (range(0, 270, 30), False),  # nine
        ([0, *range(360, 601, 30)], True),  # ten in ten minutes
        ([-0.1, *range(360, 601, 30)], False),
    ],
)
def test_ten_reports_in_ten_minutes_are_more_than_a_pet_does(
    moments: list[float], *, busy: bool
) -> None:
    """Of one sensor; from then on she is about."""
    pet, found = reports(Pet(), *moments)
    assert (pet.busy, found[-1]) == ((NOON + moments[-1], True) if busy else (None, False))


def test_the_last_ten_reports_of_ten_minutes_are_kept() -> None:
    """No more: a home of years has no more than that."""
    pet, _ = reports(Pet(), *range(0, 600, 20))
    assert pet.reports["kitchen"] == tuple(NOON + m for m in range(400, 600, 20))
    pet, _ = reports(pet, 1100.0)
    assert pet.reports["kitchen"] == tuple(NOON + m for m in (*range(500, 600, 20), 1100))
    pet, _ = report(pet, NOON + 9000, 0.0)
    assert len(pet.reports["kitchen"]) == 6  # the end of a pulse forgets nothing


def test_reports_kept_from_before_make_nobody_busy_later() -> None:
    """The end of a pulse long after ten reports is not being busy."""
    pet, _ = reports(Pet(), *range(0, 300, 30))
    assert report(pet, NOON + 600, 0.0)[0].busy == NOON + 600
    assert report(pet, NOON + 601, 0.0)[0].busy == NOON + 270
