"""How often a level is told: seldom while the place is dry and calm, at once when the water moves.

A street floods a few times a year, within minutes. So a level is told every `idle_s`; at once where
it has moved by 10 mm since it was last told, or where there is water at all; and then every
`rising_s`, until neither has happened for 15 min. Healthy sensors scatter by 1 mm, the worst of
those recorded by 4; the steepest published floods rise 41 mm/min (95 %), that is 10 mm in 15 s.
"""

from __future__ import annotations

MOVED_MM = 10.0
WET_MM = 30.0  # above the swing of a healthy zero, 9 to 26 mm a day, which is towards dry besides
CALM_S = 900.0


class Pace:
    """Says which levels are told; it has no clock.

    Args:
        idle_s: pause between levels while it is calm; 0 = every level is told.
        rising_s: pause while it is not.
    """

    def __init__(self, idle_s: float, rising_s: float) -> None:
        self._idle_s = idle_s
        self._rising_s = rising_s
        self._told_at: float | None = None
        self._told_mm: float | None = None
        self._calm_at = 0.0

    def tells(self, now: float, mm: float | None, *, is_wet: bool) -> bool:
        """Whether this level is told; if so, the next is compared with it.

        Args:
            now: monotonic seconds.
            mm: the level, upwards or downwards; None where the sensor sees none.
            is_wet: whether there is water at all.
        """
        if self._told_at is None:
            self._calm_at = now
        told_mm = self._told_mm
        moved = mm is not None and told_mm is not None and abs(mm - told_mm) >= MOVED_MM
        was_calm = now >= self._calm_at
        pause_s = self._idle_s if was_calm else self._rising_s
        if moved or is_wet:
            self._calm_at = now + CALM_S
            pause_s = 0.0 if was_calm else pause_s
        if self._told_at is not None and now - self._told_at < pause_s:
            return False
        self._told_at = now
        self._told_mm = self._told_mm if mm is None else mm
        return True
