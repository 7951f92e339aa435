"""The terminal: lines that stay, above a few that are redrawn in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

CLEAR_LINE, HIDE, SHOW = "\x1b[2K", "\x1b[?25l", "\x1b[?25h"
NO_WRAP, WRAP = "\x1b[?7l", "\x1b[?7h"


class Screen:
    """Writes to a terminal, or line by line to anything else.

    Args:
        is_live: whether lines may be redrawn.
    """

    def __init__(self, out: TextIO, *, is_live: bool) -> None:
        self.is_live = is_live
        self._out = out
        self._drawn = 0
        if is_live:
            out.write(HIDE)

    def say(self, lines: Sequence[str]) -> None:
        """Print lines that stay; what was drawn live is gone until it is drawn again."""
        self._write(self._wiped() + "".join(f"{line}\n" for line in lines))

    def draw(self, lines: Sequence[str]) -> None:
        """Redraw the live lines, each no wider than the terminal."""
        if not self.is_live:
            return
        text = self._wiped() + NO_WRAP + "".join(f"{line}\n" for line in lines) + WRAP
        self._drawn = len(lines)
        self._write(text)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self.is_live:
            self._write(self._wiped() + SHOW)

    def _wiped(self) -> str:
        if not self._drawn:
            return ""
        # Line by line: tmux keeps a copy of a whole screen that is cleared at once.
        up = f"\x1b[{self._drawn}A"
        wiped = up + "\r" + f"{CLEAR_LINE}\n" * self._drawn + up
        self._drawn = 0
        return wiped

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
