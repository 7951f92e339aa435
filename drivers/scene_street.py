"""A street that never existed: how deep the water stands there, and what a sensor makes of it.

A pure function of (seed, script, start hour, second). Figures are those of recorded street floods:
steepest rise 13 mm/min in the median and 28 at p90, never 250; onset 43 min, drain 57 min; echoes
that scatter by 1.5 mm; a zero that the sun on the housing swings by 16 mm a day towards dry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import cos, exp, log, pi

from drivers.scene_home import DAY_S, chance

NOISE_MM, SWING_MM = 1.5, 16.0
NO_ECHO_MM, BLIND_MM = 5000.0, 300.0  # HRXL-MaxSonar-WR: "nothing in range" and "too near"
NO_ECHO_ODDS = 0.005
FLOOD_ODDS = 0.06  # a day; about two floods a month

Profile = tuple[tuple[float, float], ...]
"""Corners (second, mm) of a flood, joined by straight lines."""

# The demo's floods (minutes, mm): through all four warnings, and a smaller one at 5 h.
DEMO: tuple[Profile, ...] = tuple(
    tuple((minute * 60.0, float(mm)) for minute, mm in corners)
    for corners in (
        ((10, 0), (25, 100), (30, 150), (40, 270), (55, 400), (70, 520), (80, 520), (105, 200),
         (130, 50), (150, 0)),
        ((300, 0), (320, 120), (335, 190), (350, 190), (375, 70), (400, 0)),
    )
)  # fmt: skip
DEMO_END_S = 400 * 60.0


@dataclass(frozen=True, slots=True)
class Street:
    """One low point.

    Attributes:
        seed: its weather.
        is_demo: begin with the floods of the demo.
        start_h: local hour of day at second 0.
    """

    seed: int
    is_demo: bool
    start_h: float

    def depth_mm(self, t: float) -> float:
        """Water above the ground under the sensor at second t."""
        day = (self.start_h * 3600 + t) // DAY_S
        floods = list(DEMO) if self.is_demo else []
        for flood in (self._flood(day - 1), self._flood(day)):
            if flood and not (self.is_demo and flood[0][0] < DEMO_END_S):
                floods.append(flood)
        return max((_along(flood, t) for flood in floods), default=0.0)

    def distance_mm(self, t: float, mount_height_mm: float) -> float:
        """What an ultrasonic sensor at that height reports at second t, error codes included."""
        luck = chance(self.seed, "echo", t)
        if luck.random() < NO_ECHO_ODDS:
            return NO_ECHO_MM
        hour = self.start_h + t / 3600
        swing = SWING_MM / 2 * (1 - cos(2 * pi * (hour - 2) / 24))  # most at 14:00
        echo = mount_height_mm - self.depth_mm(t) + swing + luck.gauss(0, NOISE_MM)
        return float(round(max(echo, BLIND_MM)))

    def _flood(self, day: float) -> Profile:
        """The flood that begins on that day, in seconds of the scene; empty on most days."""
        midnight = day * DAY_S - self.start_h * 3600
        return tuple((midnight + at, mm) for at, mm in flood(self.seed, day))


@lru_cache(maxsize=16)
def flood(seed: int, day: float) -> Profile:
    """Corners of a day's flood in seconds of that day; empty on most days."""
    luck = chance(seed, "flood", day)
    if luck.random() >= FLOOD_ODDS:
        return ()

    def spread(median: float, p90: float, most: float) -> float:
        return min(median * exp(luck.gauss(0, log(p90 / median) / 1.2816)), most)

    peak = max(40.0, spread(120, 320, 600))
    steepest = max(2.0, spread(13, 28, 120))  # mm/min
    corners = [(luck.uniform(0, DAY_S), 0.0)]
    for share, speed in ((0.2, 0.5), (0.8, 1.0), (1.0, 0.5)):
        minutes = (share * peak - corners[-1][1]) / (speed * steepest)
        corners.append((corners[-1][0] + minutes * 60, share * peak))
    corners.append((corners[-1][0] + luck.uniform(5, 60) * 60, peak))
    drain = max(600.0, spread(57, 120, 600) * 60)
    for share, part in ((0.45, 0.3), (0.15, 0.6), (0.0, 1.0)):
        corners.append((corners[4][0] + part * drain, share * peak))
    return tuple(corners)


def _along(flood: Profile, t: float) -> float:
    for (since, low), (until, high) in pairwise(flood):
        if since <= t < until:
            return low + (high - low) * (t - since) / (until - since)
    return 0.0
