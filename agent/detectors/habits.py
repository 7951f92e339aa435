"""What is learned of silences: how long they usually last, by half-hour of the day and by room.

A silence is learned when it has ended. Awake, it enters the half-hour in which it began, by the
sensor that was heard last: what is usual depends on where somebody has sat down, and when. In bed
it enters every half-hour that it reached into, with the length it had at the end of that half-hour:
there the question is how long nothing has been heard by now. Of each half-hour and each room the
three longest stay, and lose half in a year: one odd evening does not set the limit for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

BINS = 48
BIN_S = 1800.0
KEPT = 3
DECAY = 0.998  # a day: half in a year

Longest = tuple[tuple[float, int], ...]
"""Minutes and the ordinal of the local day, the longest first."""


@dataclass(frozen=True, slots=True)
class Silences:
    """Longest silences by name: a `cell` such as `bed/37`, or a room such as `kitchen`."""

    longest: Mapping[str, Longest] = field(default_factory=dict)

    def minutes(self, names: Iterable[str], today: int) -> float:
        """The longest of several, decayed; 0 where nothing is known."""
        return max(
            (
                length * DECAY ** max(0, today - day)
                for name in names
                for length, day in self.longest.get(name, ())
            ),
            default=0.0,
        )

    def second(self, name: str, today: int) -> float:
        """The second longest, decayed; the longest where there is one only."""
        known = [
            length * DECAY ** max(0, today - day) for length, day in self.longest.get(name, ())
        ]
        return sorted(known, reverse=True)[min(1, len(known) - 1)] if known else 0.0

    def learn(self, lengths: Mapping[str, float], today: int) -> Silences:
        """Take in silences in minutes, by name."""
        longest = dict(self.longest)
        for name, length in lengths.items():
            both = (*longest.get(name, ()), (round(length, 1), today))
            ranked = sorted(both, key=lambda p: -p[0] * DECAY ** max(0, today - p[1]))
            longest[name] = tuple(ranked[:KEPT])
        return Silences(longest)


def bin_of(local_h: float) -> int:
    """The half-hour of a local hour."""
    return int(local_h * 2) % BINS


def cell(where: str, number: int) -> str:
    """The name of a half-hour, in bed or after a sensor."""
    return f"{where}/{number}"


def around(where: str, number: int, reach: int) -> list[str]:
    """Names of a half-hour and its neighbours."""
    return [cell(where, (number + k) % BINS) for k in range(-reach, reach + 1)]
