"""What the service manager hears: READY, WATCHDOG fed by evidence, STATUS (sd_notify(3))."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

STUCK_S = 30.0  # a poll waits a few seconds at most; a thread without progress for longer hangs


class ServiceManager:
    """Talks to systemd where there is one; silent elsewhere."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")

    def notify(self, *lines: str) -> None:
        """Send state lines such as READY=1; an unreachable manager is no reason to fail."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.settimeout(0)
                out.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.debug("service manager not reached error=%s", error)


class Health:
    """Feeds the watchdog only while every thread that must move has moved.

    The deciding thread calls `beat`, which is the evidence that it moves itself.

    Args:
        progress: name and a function giving the `time.monotonic()` of the last progress, for each.
    """

    def __init__(
        self,
        manager: ServiceManager,
        progress: Sequence[tuple[str, Callable[[], float]]],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manager = manager
        self._progress = progress
        self._now = now
        self._stuck: list[str] = []

    def ready(self) -> None:
        """Say that the agent is sensing."""
        self._manager.notify("READY=1", f"STATUS=sensing, {len(self._progress)} threads")

    def beat(self) -> None:
        """Feed the watchdog, unless a thread hangs: then only name it, and let systemd restart."""
        now = self._now()
        stuck = [name for name, last in self._progress if now - last() > STUCK_S]
        if stuck and stuck != self._stuck:
            log.error("no progress threads=%s", ",".join(stuck))
        self._stuck = stuck
        if not stuck:
            self._manager.notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the agent is ending."""
        self._manager.notify("STOPPING=1")
