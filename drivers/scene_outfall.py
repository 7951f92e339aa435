"""An outfall that never existed: what a water-quality probe reads there.

A pure function of (seed, script, start hour, second): a small urban river whose oxygen, acidity and
warmth follow the sun, with a probe's noise. The demo adds an hour of domestic sewage: oxygen down,
ammonia nitrogen, conductivity and turbidity up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import cos, pi

from drivers.reading import Quantity
from drivers.scene_home import chance


@dataclass(frozen=True, slots=True)
class Water:
    """How one quantity behaves.

    Attributes:
        mean, swing: daily mean, and how far above it the day's highest value lies.
        peak_h: local hour of the highest value.
        noise: standard deviation of a reading.
        sewage: what undiluted sewage would add.
        digits: decimals that the probe reports.
    """

    mean: float
    swing: float
    peak_h: float
    noise: float
    sewage: float
    digits: int


WATERS: Mapping[Quantity, Water] = {
    Quantity.PH: Water(7.3, 0.15, 15, 0.01, -0.4, 2),
    Quantity.DISSOLVED_OXYGEN_MG_L: Water(6.2, 1.0, 15, 0.05, -4.7, 2),
    Quantity.CONDUCTIVITY_US_CM: Water(430, 15, 6, 2, 380, 0),
    Quantity.TURBIDITY_NTU: Water(14, 2, 10, 0.6, 75, 1),
    Quantity.AMMONIA_N_MG_L: Water(0.5, 0.1, 8, 0.02, 9.5, 2),
    Quantity.WATER_TEMP_DEGC: Water(21, 1.2, 16, 0.03, 1.5, 2),
}

SILENT = (90 * 60.0, 150 * 60.0)  # the demo's probe says nothing
SPILL = (180 * 60.0, 260 * 60.0)  # the demo's sewage, rising and falling for 15 min
RAMP_S = 900.0


@dataclass(frozen=True, slots=True)
class Outfall:
    """One outfall.

    Attributes:
        seed: the probe's noise.
        is_demo: begin with the story of the demo.
        start_h: local hour of day at second 0.
    """

    seed: int
    is_demo: bool
    start_h: float

    def is_silent(self, t: float) -> bool:
        """Whether the probe does not answer at second t."""
        return self.is_demo and SILENT[0] <= t < SILENT[1]

    def values(self, t: float) -> dict[Quantity, float]:
        """Everything that the probe reads at second t."""
        luck = chance(self.seed, "probe", t)
        hour = self.start_h + t / 3600
        sewage = self._sewage(t)
        found = {}
        for quantity, water in WATERS.items():
            value = water.mean + water.swing * cos(2 * pi * (hour - water.peak_h) / 24)
            value += water.sewage * sewage + luck.gauss(0, water.noise)
            found[quantity] = round(max(value, 0.0), water.digits)
        return found

    def _sewage(self, t: float) -> float:
        """Share of sewage at the probe, 0 to 1."""
        if not self.is_demo:
            return 0.0
        since, until = SPILL
        return max(0.0, min(1.0, (t - since) / RAMP_S, (until - t) / RAMP_S))
