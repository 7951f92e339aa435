"""Rain, told by how thin it makes the water.

Rain is soft: it lowers the conductivity of whatever it falls into. Sewage and trade effluent raise
it. Several probes may stand at a site; where one is thinned, it rains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.detectors.rolling import Rolling
from drivers.reading import Grade, Quantity, Reading

CONDUCTIVITY = Quantity.CONDUCTIVITY_US_CM
THINNED = 0.9  # of the usual conductivity; its daily swing is a few per cent
AIR_US_CM = 5.0  # below rain: the probe hangs in the air
FRESH_S = 7200.0  # an older conductivity says nothing of the weather
RAIN, DRY, UNKNOWN = "rain", "dry", "unknown"


@dataclass(frozen=True, slots=True)
class Water:
    """The conductivity of one probe: what it usually is, and its last value, in uS/cm."""

    rolling: Rolling
    at: float = 0.0
    value: float = 0.0


Waters = Mapping[str, Water]
"""By the probe's name."""


def follow(waters: Waters, now: Reading, *, learns: bool) -> Waters:
    """Take in a conductivity; unless it `learns`, what is usual stands still.

    The same object comes back where the reading changes nothing.
    """
    if now.quality.grade is not Grade.GOOD or now.value < AIR_US_CM:
        return waters
    at = now.stamp.mono
    was = waters.get(now.sensor, Water(Rolling()))
    if learns and not was.rolling.wants(at):
        return waters
    rolling = was.rolling.plus(at, now.value) if learns else was.rolling
    return {**waters, now.sensor: Water(rolling, at, now.value)}


def weather(waters: Waters, at: float) -> str:
    """Rain, dry, or unknown."""
    shares = [value / usual for value, usual in figures(waters, at).values()]
    if not shares:
        return UNKNOWN
    return RAIN if min(shares) <= THINNED else DRY


def figures(waters: Waters, at: float) -> dict[str, Any]:
    """Value and usual value of each probe that tells the weather, by its name, in uS/cm."""
    return {
        name: [round(water.value, 1), round(water.rolling.usual, 1)]
        for name, water in waters.items()
        if water.rolling.usual and at - water.at <= FRESH_S
    }
