"""One time for a recording made while the wall clock was set: the count of monotonic time, dated.

A line of `buffer export` carries both clocks. A replay has one, which may not go back; so it takes
the monotonic one, and adds for each boot what the wall clock said beyond it when it was last
synchronised. That dates what came before a step, or before the first synchronisation, as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Both clocks of one line.

    Attributes:
        is_good: whether the wall clock was synchronised.
    """

    boot: str
    mono: float
    wall: float
    is_good: bool


def offsets(marks: Iterable[Mark | None]) -> Mapping[str, float]:
    """What is to be added to monotonic seconds, by boot; it never falls from one to the next.

    A boot that was never synchronised goes on with what the one before it has, and before the first
    synchronised boot with that one's; where no clock ever was, the wall clock is taken as it is.
    None stands for a line that does not carry both clocks: then there is nothing to be counted by.
    """
    good: dict[str, float | None] = {}
    as_told: float | None = None
    for mark in marks:
        if mark is None:
            return {}
        offset = mark.wall - mark.mono
        as_told = offset if as_told is None else as_told
        if mark.is_good:
            good[mark.boot] = offset
        else:
            good.setdefault(mark.boot, None)
    known = [offset for offset in good.values() if offset is not None]
    latest = known[0] if known else as_told or 0.0
    found = {}
    for boot, own in good.items():
        latest = latest if own is None else max(latest, own)
        found[boot] = latest
    return found
