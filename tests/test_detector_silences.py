"""What is learned of silences: the three longest of a name, each losing half in a year."""

from __future__ import annotations

import pytest

from agent.detectors.habits import Silences, around, bin_of, cell

DAY = 700_000


def learned(*lengths: float, name: str = "kitchen", day: int = DAY) -> Silences:
    silences = Silences()
    for length in lengths:
        silences = silences.learn({name: length}, day)
    return silences


def test_three_stay_the_longest_first() -> None:
    """The shortest of four is forgotten, whenever it came; the tenth of a minute stays."""
    silences = learned(20.04, 50.0, 10.0, 40.06)
    assert silences.longest["kitchen"] == ((50.0, DAY), (40.1, DAY), (20.0, DAY))


def test_names_are_learned_apart() -> None:
    """What is usual in the kitchen says nothing of the bath, and what was known stays."""
    silences = learned(30.0).learn({"bathroom": 70.0, "hall": 20.0}, DAY)
    assert silences.minutes(["kitchen"], DAY) == 30.0
    assert silences.minutes(["kitchen", "bathroom", "hall"], DAY) == 70.0
    assert silences.minutes(["attic"], DAY) == 0.0


def test_half_is_lost_in_a_year() -> None:
    """Of the longest, and of the second."""
    silences = learned(100.0, 60.0)
    assert silences.minutes(["kitchen"], DAY + 346) == pytest.approx(50.0, abs=0.1)
    assert silences.second("kitchen", DAY + 346) == pytest.approx(30.0, abs=0.1)
    assert silences.minutes(["kitchen"], DAY + 1) == pytest.approx(99.8)
    assert silences.second("kitchen", DAY + 1) == pytest.approx(59.88)


def test_a_clock_that_goes_back_makes_nothing_longer() -> None:
    """A day before the one of the silence counts as the same day."""
    silences = learned(100.0, 60.0)
    assert silences.minutes(["kitchen"], DAY - 9) == 100.0
    assert silences.second("kitchen", DAY - 9) == 60.0


def test_what_is_long_ago_gives_way() -> None:
    """A year on, 60 minutes of today are more than 100 of then; on the next day they are not."""
    old = learned(100.0, 90.0, 80.0)
    assert old.learn({"kitchen": 60.0}, DAY + 365).longest["kitchen"][0] == (60.0, DAY + 365)
    assert old.learn({"kitchen": 60.0}, DAY + 1).longest["kitchen"] == old.longest["kitchen"]
    back = old.learn({"kitchen": 85.0}, DAY - 400).longest["kitchen"]
    assert [length for length, _ in back] == [100.0, 90.0, 85.0]


def test_the_second_longest_is_the_longest_where_there_is_one() -> None:
    """And nothing where there is none, whichever came first."""
    assert learned(30.0).second("kitchen", DAY) == 30.0
    assert learned(30.0, 50.0, 40.0).second("kitchen", DAY) == 40.0
    assert learned(30.0).second("attic", DAY) == 0.0
    aged = learned(50.0).learn({"kitchen": 45.0}, DAY + 100).learn({"kitchen": 10.0}, DAY + 100)
    assert aged.second("kitchen", DAY + 100) == pytest.approx(50.0 * 0.998**100)


def test_a_day_has_48_half_hours_in_a_ring() -> None:
    """Neighbours of the first are the last; an hour of 24 is the first again."""
    assert [bin_of(h) for h in (0.0, 0.49, 0.5, 12.5, 23.99, 24.0)] == [0, 0, 1, 25, 47, 0]
    assert around("bed", 47, 2) == ["bed/45", "bed/46", "bed/47", "bed/0", "bed/1"]
    assert cell("bed", 37) == "bed/37"
