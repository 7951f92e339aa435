"""Quality of a reading: good, suspect or bad, and why. Labels annotate; values are never rewritten.

After QARTOD's tests (US IOOS, Manual for Real-Time Quality Control): gross range, rate of change,
flat line. The rate is taken against the last good reading, so that an object in the beam stays
suspect until water could have risen that far; the limit grows with the time passed.

| test | says | when |
| --- | --- | --- |
| range | bad | not a number, or outside what the part or the quantity can be: an error code |
| rate | suspect | further from the last good reading than nature moves in that time |
| flat | suspect | the same value to the last digit for hours |
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from drivers.base import Traits
from drivers.reading import GOOD, TWO_STATE, Grade, Quality, Quantity, Reading

# What each quantity can be at all in fresh water and waste water, or in the street.
POSSIBLE: dict[Quantity, tuple[float, float]] = {
    Quantity.DISTANCE_MM: (1, 20_000),
    Quantity.DEPTH_MM: (-500, 20_000),
    Quantity.AIR_TEMP_DEGC: (-50, 70),
    Quantity.WATER_TEMP_DEGC: (-5, 50),
    Quantity.PH: (0, 14),
    Quantity.DISSOLVED_OXYGEN_MG_L: (0, 20),
    Quantity.CONDUCTIVITY_US_CM: (0, 100_000),
    Quantity.TURBIDITY_NTU: (0, 4000),
    Quantity.AMMONIA_N_MG_L: (0, 1000),
    Quantity.ORP_MV: (-1500, 1500),
    Quantity.COD_MG_L: (0, 20_000),
    Quantity.CHLORINE_MG_L: (0, 20),
}
# Largest step that is always possible, and the fastest change per second beyond it. Of 2,256
# published street floods the fastest rose 222 mm/min; 4 mm/s = 240 mm/min.
FASTEST: dict[Quantity, tuple[float, float]] = {
    Quantity.DISTANCE_MM: (60.0, 4.0),
    Quantity.DEPTH_MM: (60.0, 4.0),
}
# Water is never the same to the last digit for so long; a dry road, measured in whole mm, is.
FLAT_S: dict[Quantity, float] = {
    Quantity.PH: 6 * 3600.0,
    Quantity.DISSOLVED_OXYGEN_MG_L: 6 * 3600.0,
    Quantity.CONDUCTIVITY_US_CM: 6 * 3600.0,
    Quantity.ORP_MV: 6 * 3600.0,
}

RANGE = Quality(Grade.BAD, ("range",))
RATE = Quality(Grade.SUSPECT, ("rate",))
FLAT = Quality(Grade.SUSPECT, ("flat",))
NOT_A_NUMBER = Quality(Grade.BAD, ("not_a_number",))


@dataclass(frozen=True, slots=True)
class Track:
    """What is remembered of one quantity of one sensor.

    Attributes:
        good: value and monotonic seconds of the last good reading; None before the first.
        value: the last value in range.
        since: monotonic seconds since when it has not changed.
    """

    good: tuple[float, float] | None = None
    value: float | None = None
    since: float = 0.0


def limits(traits: Traits, quantity: Quantity) -> tuple[float, float]:
    """Lowest and highest value that counts: the part's own range within the quantity's."""
    low, high = POSSIBLE.get(quantity, (0.0, 1.0))
    own_low, own_high = traits.valid.get(quantity, (low, high))
    return max(low, own_low), min(high, own_high)


def judge(bounds: tuple[float, float], track: Track, reading: Reading) -> tuple[Track, Quality]:
    """Judge one reading of a quantity that is not two-state; `bounds` as `limits` gives them."""
    value, at = reading.value, reading.stamp.mono
    if not bounds[0] <= value <= bounds[1]:
        return track, NOT_A_NUMBER if math.isnan(value) else RANGE
    since = track.since if value == track.value else at
    flat_s = FLAT_S.get(reading.quantity)
    if flat_s is not None and at - since >= flat_s:
        return Track(track.good, value, since), FLAT
    fastest = FASTEST.get(reading.quantity)
    if fastest is not None and track.good is not None:
        step, per_s = fastest
        if abs(value - track.good[0]) > max(step, per_s * (at - track.good[1])):
            return Track(track.good, value, since), RATE
    return Track((value, at), value, since), GOOD


def is_judged(quantity: Quantity) -> bool:
    """Whether these tests apply; two-state quantities are debounced instead."""
    return quantity not in TWO_STATE
