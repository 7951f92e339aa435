"""The thread of one sensor: opens its driver, polls it, and opens it again when it fails."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from agent.inbox import Inbox
from drivers.base import DeviceSilent, Driver, DriverError
from drivers.reading import SensorStatus

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
HELD_S = 60.0  # open for so long, the next failure is a new one, with short pauses again
SLICE_S = 1.0  # a pause is waited in slices, so that progress stays visible


class Worker:
    """Runs one driver on a thread of its own.

    Args:
        build: makes the driver.
        poll_s: pause between polls, in real seconds; 0 where a poll waits by itself.

    Attributes:
        progress: `time.monotonic()` of the last sign that the thread is alive.
    """

    def __init__(
        self, sensor: str, build: Callable[[], Driver], poll_s: float, inbox: Inbox
    ) -> None:
        self.sensor = sensor
        self.progress = time.monotonic()
        self._build = build
        self._poll_s = poll_s
        self._inbox = inbox
        self._stopping = threading.Event()
        self._told: SensorStatus | None = None
        self._thread = threading.Thread(target=self._run, name=f"sensor-{sensor}", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end; being a daemon, a hung one ends with the process."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            begun = time.monotonic()
            status, reason = self._serve()
            if self._stopping.is_set():
                return
            if time.monotonic() - begun > HELD_S:
                pause_s = FIRST_PAUSE_S
            self._tell(status, reason)
            self._wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _serve(self) -> tuple[SensorStatus, str]:
        """Open and poll until something fails; return what and why."""
        try:
            with contextlib.closing(self._build()) as driver:
                driver.open(self._inbox.emitter(self.sensor))
                self._tell(SensorStatus.STARTING, "")
                while not self._stopping.is_set():
                    driver.poll()
                    self._wait(self._poll_s)
        except DeviceSilent as error:
            return SensorStatus.SILENT, str(error)
        except DriverError as error:
            return SensorStatus.LOST, str(error)
        except Exception as error:
            log.debug("driver crashed sensor=%s", self.sensor, exc_info=True)
            return SensorStatus.LOST, f"driver failed: {type(error).__name__}: {error}"
        return SensorStatus.LOST, "stopped"

    def _tell(self, status: SensorStatus, reason: str) -> None:
        """Report a change once; the pauses between attempts are no news."""
        if status is self._told:
            return
        self._told = status
        if status is SensorStatus.STARTING:
            log.info("sensor open sensor=%s", self.sensor)
        else:
            log.warning("sensor down sensor=%s status=%s reason=%s", self.sensor, status, reason)
        self._inbox.sensor_state(self.sensor, status, reason)

    def _wait(self, seconds: float) -> None:
        self.progress = time.monotonic()
        left = seconds
        while left > 0 and not self._stopping.wait(min(left, SLICE_S)):
            left -= SLICE_S
            self.progress = time.monotonic()
