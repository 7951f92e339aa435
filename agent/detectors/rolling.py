"""What a measured value usually is: the median of its last hours, and how far they stray from it.

Limits that are learned in one season fail in the next; these roll along. At most one value in five
minutes is kept, an hour becomes its median, and the last three days of hours count: bounded, and
the same at any pace from seconds to an hour. Whoever follows a value leaves out what is unusual.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

SAMPLE_S, HOUR_S = 300.0, 3600.0
HOURS_MOST = 72
HOURS_LEAST = 24  # a day's swing has been seen
OLDEST_S = 7 * 86400.0
TO_SIGMA = 1.4826  # median distance to standard deviation, of a normal distribution


@dataclass(frozen=True, slots=True)
class Rolling:
    """One value.

    Attributes:
        hours: end in monotonic seconds and median of each hour that counts, the newest last.
        samples: values of the hour that is under way.
        begun: monotonic second of its first sample.
        sampled: monotonic second of the last sample; None before the first.
        usual: median of the hours; None while fewer than 24 are known.
        spread: standard deviation of the hours about it, from their median distance.
    """

    hours: tuple[tuple[float, float], ...] = ()
    samples: tuple[float, ...] = ()
    begun: float = 0.0
    sampled: float | None = None
    usual: float | None = None
    spread: float = 0.0

    def wants(self, at: float) -> bool:
        """Whether a value at this monotonic second would be kept."""
        return self.sampled is None or at - self.sampled >= SAMPLE_S

    def plus(self, at: float, value: float) -> Rolling:
        """Follow one more value."""
        if not self.wants(at):
            return self
        if not self.samples:
            return Rolling(self.hours, (value,), at, at, self.usual, self.spread)
        if at - self.begun < HOUR_S:
            samples = (*self.samples, value)
            return Rolling(self.hours, samples, self.begun, at, self.usual, self.spread)
        whole = (self.begun + HOUR_S, median(self.samples))
        hours = tuple(h for h in (*self.hours, whole)[-HOURS_MOST:] if at - h[0] <= OLDEST_S)
        if len(hours) < HOURS_LEAST:
            return Rolling(hours, (value,), at, at)
        usual = median(v for _, v in hours)
        spread = TO_SIGMA * median(abs(v - usual) for _, v in hours)
        return Rolling(hours, (value,), at, at, usual, spread)
