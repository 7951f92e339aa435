"""The one queue: everything that any thread has to say to the deciding thread.

What is journalled (readings, changes of sensors and of the device) is stamped here, under one lock
with its place in the queue, so that the order of stamps is the order of the queue. Nothing else
crosses between threads.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent.clock import Clock
from agent.events import DeviceState, Gap, Tick
from drivers.base import Emit
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

BATCH = 256  # messages that are decided between two looks at disk and uplink


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish: flush everything and end."""

    reason: str


class Inbox:
    """Stamps and queues; safe from any thread and from signal handlers (`post` only).

    Args:
        sequence: number of the last input of earlier runs.
    """

    def __init__(self, clock: Clock, sequence: int = 0) -> None:
        self._clock = clock
        self._sequence = sequence
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

    def gap(self, since: float | None) -> None:
        """Tell that the agent did not run until now; None = it has never run before."""
        is_known = since is None or self._clock.pause_known
        self._put(lambda stamp: Gap(stamp.mono if since is None else since, stamp, is_known))

    def tick(self) -> None:
        """Let time pass."""
        with self._lock:
            self._queue.put(Tick(self._stamp(self._sequence)))

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
            item = make(self._stamp(self._sequence + 1))
            self._sequence += 1
            self._queue.put(item)

    def _stamp(self, sequence: int) -> Stamp:
        clock = self._clock
        return Stamp(clock.boot, clock.mono(), clock.wall(), clock.is_synced(), sequence)
