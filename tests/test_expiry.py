"""The device's own certificate is looked at once a day, by a clock that can be trusted."""

from __future__ import annotations

import queue

import pytest
from sites import MONDAY

from agent.expiry import HOUR, Expiry, Left
from drivers.reading import Stamp

WAIT_S = 5.0


def stamp(wall: float, *, synced: bool = True) -> Stamp:
    return Stamp("test", 1000.0, wall, synced, 0)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (None, ""),
        (31.0, ""),
        (29.9, "within 30 days"),
        (6.9, "within 7 days"),
        (-0.1, "has expired"),
    ],
)
def test_what_is_told_depends_on_the_days_that_are_left(days: float | None, words: str) -> None:
    """Nothing before 30 days, and from then on the nearest of the limits."""
    reason = Left(days).reason
    assert words in reason
    assert bool(reason) == bool(words)


def test_it_is_looked_at_once_a_day_from_ten_in_the_morning() -> None:
    """Of all seconds of a week seven are chosen; a clock that is not synchronised is not asked."""
    asked: list[float] = []
    heard: queue.SimpleQueue[Left] = queue.SimpleQueue()

    def days_left(wall: float) -> float:
        asked.append(wall)
        return 20.0

    expiry = Expiry("Asia/Shanghai", days_left, heard.put)
    for minute in range(7 * 1440):
        wall = MONDAY + 60.0 * minute
        expiry.look(stamp(wall, synced=False))
        before = len(asked)
        expiry.look(stamp(wall))
        if minute % 1440 == HOUR * 60:
            assert heard.get(timeout=WAIT_S) == Left(20.0)
        assert len(asked) - before == (minute % 1440 == HOUR * 60)
    assert heard.empty()
