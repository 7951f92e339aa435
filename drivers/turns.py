"""A lock that is taken in the order in which it was asked for; Python's own has no order."""

from __future__ import annotations

import threading


class Turns:
    """Use as `with turns:`; threads that wait are served first come, first served."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._next = self._serving = 0

    def __enter__(self) -> None:
        with self._changed:
            turn, self._next = self._next, self._next + 1
            self._changed.wait_for(lambda: self._serving == turn)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._serving += 1
            self._changed.notify_all()
