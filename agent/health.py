"""What the service manager hears: READY, WATCHDOG fed by evidence, STATUS (sd_notify(3)).

| what a thread does     | what follows                                                           |
|------------------------|------------------------------------------------------------------------|
| moves                  | WATCHDOG=1 once a second                                               |
| hangs for its patience | named in log and STATUS, reported by `mend`; no WATCHDOG=1, so that    |
|                        | systemd kills and restarts the agent                                   |
| has ended, with `mend` | replaced; reported for as long as that fails, while the rest goes on   |
| has ended, without     | ThreadDied: the agent ends, and systemd starts it anew                 |
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.errors import ThreadDied

log = logging.getLogger(__name__)

PATIENCE_S = 30.0  # a poll waits a few seconds at most; a thread without progress for longer hangs


class ServiceManager:
    """Talks to systemd where there is one; silent elsewhere."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        # Opened once: a process that has run out of descriptors must still feed its watchdog.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if address else None

    def notify(self, *lines: str) -> None:
        """Send state lines such as READY=1; an unreachable manager is no reason to fail."""
        if self._socket is None:
            return
        try:
            self._socket.sendto("\n".join(lines).encode(), socket.MSG_DONTWAIT, self._address)
        except OSError as error:
            log.debug("service manager not reached error=%s", error)


@dataclass(frozen=True, slots=True)
class Watched:
    """A thread that must move.

    Attributes:
        progress: gives the `time.monotonic()` of its last progress; later than now is allowed.
        is_alive: False once it has ended without having been asked to.
        patience_s: without progress for longer, it hangs.
        mend: reports a thread that hangs and replaces one that has ended, on the deciding thread;
            called every second until all is well again. None = nobody can.
    """

    name: str
    progress: Callable[[], float]
    is_alive: Callable[[], bool]
    patience_s: float = PATIENCE_S
    mend: Callable[[], None] | None = None


class Health:
    """Feeds the watchdog only while every thread that must move has moved.

    The deciding thread calls `beat`, which is the evidence that it moves itself.
    """

    def __init__(
        self,
        manager: ServiceManager,
        watched: Sequence[Watched],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._manager = manager
        self._watched = watched
        self._now = now
        self._stuck: list[str] = []
        self._status = "sensing"

    def ready(self) -> None:
        """Say that the agent is sensing."""
        self._manager.notify("READY=1", f"STATUS={self._status}")

    def say(self, text: str) -> None:
        """Refresh the line that `systemctl status` shows; a thread that hangs is shown before."""
        text = " ".join(text.split())
        if text != self._status:
            self._status = text
            if not self._stuck:
                self._manager.notify(f"STATUS={text}")

    def beat(self) -> None:
        """Feed the watchdog, unless a thread hangs: then only name it, and let systemd restart.

        Raises:
            ThreadDied: a thread has ended that nobody can replace.
        """
        dead = [one for one in self._watched if not one.is_alive()]
        lost = [one.name for one in dead if one.mend is None]
        if lost:
            raise ThreadDied(f"thread ended by itself: {', '.join(lost)}")
        now = self._now()
        stuck = [
            one
            for one in self._watched
            if one not in dead and now - one.progress() > one.patience_s
        ]
        for one in [*dead, *stuck]:
            if one.mend is not None:
                one.mend()
        self._tell([one.name for one in stuck])

    def stopping(self) -> None:
        """Say that the agent is ending."""
        self._manager.notify("STOPPING=1")

    def _tell(self, stuck: list[str]) -> None:
        names = ", ".join(stuck)
        if stuck:
            if stuck != self._stuck:
                log.error("no progress, waiting for a restart by systemd threads=%s", names)
                self._manager.notify(f"STATUS=no progress: {names}")
        elif self._stuck:
            log.info("progress again threads=%s", ", ".join(self._stuck))
            self._manager.notify("WATCHDOG=1", f"STATUS={self._status}")
        else:
            self._manager.notify("WATCHDOG=1")
        self._stuck = stuck
