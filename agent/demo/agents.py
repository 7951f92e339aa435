"""The demo's agents: the real daemon, once for each site."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

from agent.demo.child import Child
from agent.demo.sites import SITES, write
from agent.errors import StreetAgentError
from agent.store.layout import OUTBOX
from agent.store.outbox import Outbox


class Agents:
    """Starts the daemons and looks into their stores afterwards.

    Args:
        folder: for their configurations, states and logs.
        speed: how much faster than real time they run.
    """

    def __init__(self, folder: Path, broker_url: str, speed: float, now: datetime) -> None:
        self._files = write(folder, broker_url, now)
        self._speed = speed
        self._children: list[Child] = []

    def start(self) -> None:
        """Start one for each site."""
        for file in self._files:
            command = [sys.executable, "-m", "agent", "run", "--config", str(file)]
            command += ["--state", str(_state(file)), "--speed", f"{self._speed:g}"]
            self._children.append(Child(command, file.with_suffix(".log")))

    def check(self) -> None:
        """Raise StreetAgentError where one has ended by itself."""
        for site, child in zip(SITES, self._children, strict=True):
            if not child.is_running:
                raise StreetAgentError(f"the agent of {site.id} has ended:\n{child.last_words()}")

    def end(self) -> None:
        """End all of them, at the same time; harmless when they have ended."""
        for child in self._children:
            child.ask_to_end()
        for child in self._children:
            child.end()

    def raised(self) -> int:
        """How many events they have put on disk, by their own stores. They must have ended."""
        return sum(Outbox(_state(file) / OUTBOX).last_sequence for file in self._files)


def _state(file: Path) -> Path:
    return file.with_suffix("")
