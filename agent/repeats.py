"""How often a message may be logged: pure, with the time handed in.

A message is known by its logger and its template, so that a value in it does not make it new. The
first ten of a minute are logged; what more comes is counted, and summed up when the minute is over.
While it goes on, the windows double up to ten minutes and show one line each: a fault that lasts a
day makes some 300 lines of a million. A window in which nothing was held back ends it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

FIRST, FURTHER = 10, 1  # lines shown in the first window, and in one that follows
WINDOW_S, LONGEST_S = 60.0, 600.0
KEYS = 500  # templates at a time; more can only be text that was put together by hand


@dataclass(frozen=True, slots=True)
class Held:
    """What was held back of one message.

    Attributes:
        text: the last of it.
        count: how many.
        span_s: in how many seconds.
    """

    logger: str
    level: int
    text: str
    count: int
    span_s: float


@dataclass(slots=True)
class _Window:
    begun: float
    length_s: float
    left: int
    logger: str = ""
    level: int = 0
    text: str = ""
    held: int = 0


class Repeats:
    """Counts messages in windows of time."""

    def __init__(self) -> None:
        self._windows: dict[Hashable, _Window] = {}

    def admit(self, template: str, logger: str, level: int, text: str, now: float) -> bool:
        """Say whether to log it; if not, it is counted. Call `due` first."""
        key: Hashable = (logger, template)
        if key not in self._windows and len(self._windows) >= KEYS:
            key = "more than can be told apart"
        window = self._windows.setdefault(key, _Window(now, WINDOW_S, FIRST))
        if window.left > 0:
            window.left -= 1
            return True
        window.logger, window.level, window.text = logger, level, text
        window.held += 1
        return False

    def due(self, now: float) -> list[Held]:
        """Take the sums of the windows that are over."""
        sums = []
        for key, window in list(self._windows.items()):
            if now - window.begun < window.length_s:
                continue
            if window.held:
                sums.append(_sum(window, now))
                length_s = min(2 * window.length_s, LONGEST_S)
                self._windows[key] = _Window(now, length_s, FURTHER)
            else:
                self._windows.pop(key, None)
        return sums

    def all(self, now: float) -> list[Held]:
        """Take the sums of all windows, at the end."""
        sums = [_sum(window, now) for window in self._windows.values() if window.held]
        self._windows.clear()
        return sums


def _sum(window: _Window, now: float) -> Held:
    return Held(window.logger, window.level, window.text, window.held, now - window.begun)
