"""The one queue: everything that any thread has to say to the deciding thread.

What is journalled (readings, changes of sensors and of the device) is stamped here, under one lock
with its place in the queue, so that the order of stamps is the order of the queue. Nothing else
crosses between threads.

The monotonic clock goes on while the machine is suspended or the process is frozen, and ticks come
every second. So a stamp that lies far after the one before it means that nothing was watched in
between: a `Gap` is queued first, and no deadline that passed in it is judged as if it had been.
"""

from __future__ import annotations

import contextlib
import math
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from agent.clock import Clock
from agent.events import DeviceState, Gap, Tick
from drivers.base import Emit
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

BATCH = 256  # messages that are decided between two looks at disk and uplink
FROZEN_S = 30.0  # real seconds without a stamp; a deciding thread under load is never so late


@dataclass(frozen=True, slots=True)
class Why:
    """A sensor is still down, for another reason than was told: no input, and not journalled."""

    sensor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish: flush everything and end."""

    reason: str


class Inbox:
    """Stamps and queues; safe from any thread and from signal handlers (`post` only).

    Args:
        sequence: number of the last input of earlier runs.
        frozen_s: seconds of agent time between two stamps that are a gap.
    """

    def __init__(self, clock: Clock, sequence: int = 0, frozen_s: float = math.inf) -> None:
        self._clock = clock
        self._sequence = sequence
        self._frozen_s = frozen_s
        self._stamped_at: float | None = None
        self._lock = threading.Lock()
        self._queue: queue.SimpleQueue[object] = queue.SimpleQueue()

    def emitter(self, sensor: str) -> Emit:
        """The `emit` of one sensor's driver."""

        def emit(quantity: Quantity, value: float) -> None:
            self._put(lambda stamp: Reading(sensor, quantity, float(value), stamp))

        return emit

    def sensor_state(self, sensor: str, status: SensorStatus, reason: str) -> None:
        """Tell of a change in a sensor's connection."""
        self._put(lambda stamp: SensorState(sensor, status, reason, stamp))

    def device_state(
        self, part: str, reason: str, facts: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Tell of a change in a part of the device; an empty reason = well again."""
        self._put(lambda stamp: DeviceState(part, reason, stamp, facts))

    def gap(self, since: float | None, given: int = 0) -> None:
        """Tell that the agent did not run until now; None = it has never run before.

        Args:
            since: monotonic second until which it ran.
            given: as a Gap has it.
        """
        is_known = since is None or self._clock.pause_known
        self._put(lambda stamp: Gap(stamp.mono if since is None else since, stamp, is_known, given))

    def tick(self) -> None:
        """Let time pass."""
        with self._lock:
            stamp = self._stamp(self._sequence)
            self._queue.put(Tick(self._after_freeze(stamp)))

    def post(self, message: object) -> None:
        """Queue something that is not journalled: news of the link, Stop."""
        self._queue.put(message)

    @property
    def waiting(self) -> int:
        """How many messages are queued."""
        return self._queue.qsize()

    def batch(self, timeout_s: float, most: int = BATCH) -> list[object]:
        """Wait for something, then take what is there; empty after the time-out."""
        found: list[object] = []
        with contextlib.suppress(queue.Empty):
            found.append(self._queue.get(timeout=timeout_s))
            while len(found) < most:
                found.append(self._queue.get_nowait())
        return found

    def _put(self, make: Callable[[Stamp], object]) -> None:
        with self._lock:
            item = make(self._after_freeze(self._stamp(self._sequence + 1)))
            self._sequence += 1
            self._queue.put(item)

    def _after_freeze(self, stamp: Stamp) -> Stamp:
        """Queue a gap if nothing was stamped for long; return the stamp of what comes after it."""
        before, self._stamped_at = self._stamped_at, stamp.mono
        if before is None or stamp.mono - before <= self._frozen_s:
            return stamp
        self._sequence += 1
        self._queue.put(Gap(before, replace(stamp, sequence=self._sequence)))
        return replace(stamp, sequence=stamp.sequence + 1)

    def _stamp(self, sequence: int) -> Stamp:
        clock = self._clock
        # Asked before and after: what is read while the clock is being set is not to be trusted.
        was_synced, mono, wall = clock.is_synced(), clock.mono(), clock.wall()
        return Stamp(clock.boot, mono, wall, was_synced and clock.is_synced(), sequence)
