"""Standards of water: classes, black and odorous water, discharge limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.detectors.standards import (
    BLACK,
    CLASSES,
    GENERAL,
    MUNICIPAL,
    SURFACE,
    Discharge,
    Grade,
    Limit,
    WaterClass,
    class_of,
    exceeded,
    grade_of,
    limits,
)
from drivers.reading import Quantity

PH, OXYGEN = Quantity.PH, Quantity.DISSOLVED_OXYGEN_MG_L
AMMONIA, COD, ORP = Quantity.AMMONIA_N_MG_L, Quantity.COD_MG_L, Quantity.ORP_MV


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({OXYGEN: 7.5, AMMONIA: 0.15, COD: 15, PH: 7}, "I"),
        ({OXYGEN: 7.4}, "II"),
        ({OXYGEN: 6, AMMONIA: 0.51}, "III"),
        ({OXYGEN: 9, COD: 20.1}, "IV"),
        ({OXYGEN: 2}, "V"),
        ({OXYGEN: 1.9}, "beyond V"),
        ({OXYGEN: 9, PH: 9.1}, "beyond V"),
        ({PH: 5.9}, "beyond V"),
        ({AMMONIA: 2.1}, "beyond V"),
    ],
)
def test_the_worst_reading_decides_the_class(values: dict[Quantity, float], expected: str) -> None:
    """One reading beyond a class is enough to miss it; on the limit it is met."""
    assert class_of(values) == expected


def test_water_of_which_nothing_that_counts_is_known_has_no_class() -> None:
    """Conductivity and turbidity have no class."""
    assert class_of({}) is None
    assert class_of({Quantity.CONDUCTIVITY_US_CM: 9000, Quantity.TURBIDITY_NTU: 900}) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({OXYGEN: 2.0, ORP: 50, AMMONIA: 8}, None),
        ({OXYGEN: 1.9}, Grade.LIGHT),
        ({ORP: 49}, Grade.LIGHT),
        ({AMMONIA: 8.1}, Grade.LIGHT),
        ({OXYGEN: 6, AMMONIA: 15.1}, Grade.HEAVY),
        ({OXYGEN: 0.1}, Grade.HEAVY),
        ({ORP: -201}, Grade.HEAVY),
        ({PH: 3, COD: 900}, None),  # the guide does not speak of them
        ({}, None),
    ],
)
def test_black_and_odorous_water(values: dict[Quantity, float], expected: Grade | None) -> None:
    """Lightly and heavily, by the worst of oxygen, redox potential and ammonia nitrogen."""
    assert grade_of(values) is expected


@pytest.mark.parametrize(
    ("target", "cod", "ammonia"),
    [
        (Discharge.MUNICIPAL_1A, 50, 5),
        (Discharge.MUNICIPAL_1B, 60, 8),
        (Discharge.MUNICIPAL_2, 100, 25),
        (Discharge.MUNICIPAL_3, 120, None),
        (Discharge.GENERAL_1, 100, 15),
        (Discharge.GENERAL_2, 150, 25),
        (Discharge.GENERAL_3, 500, None),
    ],
)
def test_discharge_limits(target: Discharge, cod: float, ammonia: float | None) -> None:
    """COD and ammonia nitrogen by standard and grade; acidity always 6 to 9."""
    found = limits(target)
    assert (found[PH].low, found[PH].high) == (6, 9)
    assert found[COD].high == cod
    assert (found[AMMONIA].high if AMMONIA in found else None) == ammonia


@pytest.mark.parametrize(("water_degc", "most"), [(None, 5), (12.1, 5), (12, 8), (3, 8)])
def test_cold_sewage_works_may_let_out_more_ammonia(water_degc: float | None, most: float) -> None:
    """The number in brackets counts from 12 degC down; unknown warmth counts as warm."""
    assert limits(Discharge.MUNICIPAL_1A, water_degc)[AMMONIA].high == most
    assert limits(Discharge.GENERAL_1, water_degc)[AMMONIA].high == 15


def test_no_class_is_beyond_v() -> None:
    """A site cannot be held to it."""
    assert limits(WaterClass.BEYOND) == {}
    assert WaterClass.BEYOND not in CLASSES


@pytest.mark.parametrize("better", list(CLASSES)[:-1])
def test_a_better_class_allows_no_more(better: WaterClass) -> None:
    """Every limit is as strict as that of the next class, or stricter."""
    worse = list(WaterClass)[better.rank + 1]
    for quantity, limit in limits(better).items():
        other = limits(worse)[quantity]
        if limit.low is not None and other.low is not None:
            assert limit.low >= other.low
        if limit.high is not None and other.high is not None:
            assert limit.high <= other.high


@given(st.dictionaries(st.sampled_from([PH, OXYGEN, AMMONIA, COD]), st.floats(0, 100), min_size=1))
def test_a_class_is_the_best_one_kept_to(values: dict[Quantity, float]) -> None:
    """Nothing is exceeded in it, something is in the class above it."""
    found = class_of(values)
    assert found is not None
    assert not exceeded(limits(found), values)
    if found.rank:
        assert exceeded(limits(list(WaterClass)[found.rank - 1]), values)


def test_what_was_not_measured_is_not_exceeded() -> None:
    """Only what is there is judged, and the limit is handed back with it."""
    found = exceeded(limits(WaterClass.III), {OXYGEN: 4.0, ORP: -300})
    assert found == {OXYGEN: Limit(5.0, None, SURFACE)}


def test_every_number_names_where_it_was_read() -> None:
    """Those from memory say so by naming no reprint."""
    assert all(source.read for source in (SURFACE, BLACK, MUNICIPAL))
    assert not GENERAL.read
    for target in (*CLASSES, *Discharge):
        assert all(limit.source.document for limit in limits(target).values())
