"""The thread of one sensor: opens its driver, polls it, and opens it again when it fails.

Whatever a driver raises ends neither the thread nor the agent: the sensor is reported lost and
opened again, with growing pauses. A driver that hangs, in `close` too, cannot be ended from
outside: `mend` reports the sensor, and the watchdog has the whole agent restarted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from agent.inbox import Inbox, Why
from drivers.base import DeviceSilent, Driver, DriverError, Switchable, Timed
from drivers.reading import SensorStatus

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0  # real seconds at any --speed: hardware has its own time
HELD_S = 60.0  # open for so long, the next failure is a new one, with short pauses again
SLICE_S = 1.0  # a pause is waited in slices, so that progress stays visible


class Worker:
    """Runs one driver on a thread of its own.

    Args:
        build: makes the driver.
        poll_s: pause between polls, in real seconds; 0 where a poll waits by itself. With --speed
            the caller shortens it, as what the driver shows goes faster too.

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
        self._is_on = False
        self._inbox = inbox
        self._stopping = threading.Event()
        self._telling = threading.Lock()
        self._told: SensorStatus | None = None
        self._reason = ""
        self._thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs, or was asked to end."""
        return self._stopping.is_set() or (self._thread is not None and self._thread.is_alive())

    def start(self) -> None:
        """Begin to read. Where the system has no thread to spare, `mend` tries again."""
        self.progress = time.monotonic()
        thread = threading.Thread(target=self._run, name=f"sensor-{self.sensor}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # "can't start new thread"
            self._tell(SensorStatus.LOST, f"no thread for the driver: {error}")
        else:
            self._thread = thread

    def switch(self, *, is_on: bool) -> None:
        """Have the driver of an output on or off, from its next poll on; from any thread."""
        self._is_on = is_on

    def mend(self) -> None:
        """Report the sensor whose thread hangs; replace a thread that has ended."""
        if self.is_alive:
            self._tell(SensorStatus.LOST, "the driver hangs")
            return
        if self._thread is not None:
            self._tell(SensorStatus.LOST, "the driver's thread has ended")
        self.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the thread to end; being a daemon, a hung one ends with the process."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._serve()
            if time.monotonic() - begun > HELD_S:
                pause_s = FIRST_PAUSE_S
            self._wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _serve(self) -> None:
        """Open and poll until something fails, and report what; report first, as close may hang."""
        driver = None
        try:
            driver = self._build()
            driver.open(self._inbox.emitter(self.sensor))
            while not self._stopping.is_set():
                self._tell(SensorStatus.STARTING, "")  # again after it hung and was reported
                if isinstance(driver, Switchable):
                    driver.switch(is_on=self._is_on)
                if isinstance(driver, Timed):
                    driver.tell_time(time.monotonic())
                driver.poll()
                self._wait(self._poll_s)
        except DeviceSilent as error:
            self._tell(SensorStatus.SILENT, str(error))
        except DriverError as error:
            self._tell(SensorStatus.LOST, str(error))
        except BaseException as error:  # SystemExit too: a library's exit() would end the thread
            log.debug("driver crashed sensor=%s", self.sensor, exc_info=True)
            self._tell(SensorStatus.LOST, _crash(error))
        if driver is not None:
            self._close(driver)

    def _close(self, driver: Driver) -> None:
        try:
            driver.close()
        except BaseException as error:
            log.debug("close failed sensor=%s", self.sensor, exc_info=True)
            self._tell(SensorStatus.LOST, _crash(error))

    def _tell(self, status: SensorStatus, reason: str) -> None:
        """Report a change once; further attempts are no news, nor is what a stop brings about."""
        with self._telling:
            if self._stopping.is_set():
                return
            if status is self._told:
                self._go_on(reason)
                return
            if status is SensorStatus.STARTING:
                log.info("sensor open sensor=%s", self.sensor)
            else:
                log.warning(
                    "sensor down sensor=%s status=%s reason=%s", self.sensor, status, reason
                )
            self._inbox.sensor_state(self.sensor, status, reason)
            self._told, self._reason = status, reason

    def _go_on(self, reason: str) -> None:
        """Say why it is still down, where that is another reason, to people here."""
        if reason and reason != self._reason:
            log.warning("sensor still down sensor=%s reason=%s", self.sensor, reason)
            self._inbox.post(Why(self.sensor, reason))
            self._reason = reason

    def _wait(self, seconds: float) -> None:
        self.progress = time.monotonic()
        left = seconds
        while left > 0 and not self._stopping.wait(min(left, SLICE_S)):
            left -= SLICE_S
            self.progress = time.monotonic()


def _crash(error: BaseException) -> str:
    return f"driver failed: {type(error).__name__}: {error}".removesuffix(": ")
