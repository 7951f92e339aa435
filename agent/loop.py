"""The deciding thread: takes from the queue, decides, keeps on disk, hands to the uplink.

Each turn: everything that is waiting goes through the pipeline and into the buffer; if events came
of it, inputs and then events are synced to disk; only then is anything handed to the uplink. What
can wait (syncing plain readings, snapshots) comes last.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict

from agent.clock import Clock
from agent.device import Device
from agent.errors import StorageFull
from agent.events import DeviceState, Event, Gap, Tick
from agent.health import Health
from agent.inbox import BATCH, Inbox, Stop
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store, keep
from agent.uplink.delivery import Delivery
from agent.uplink.link import Acked, LinkDown, LinkUp
from agent.uplink.wire import Wire
from drivers.reading import Reading, SensorState

log = logging.getLogger(__name__)

SYNC_S, SYNC_ITEMS = 1.0, 32  # readings that a power cut may take
MISSED_S = 10.0  # until the next snapshot, where an input could not be journalled
SNAPSHOT_S, SNAPSHOT_ITEMS = 300.0, 20_000  # inputs to run again after a restart: half a second
HEALTH_S = 60.0
RETRY_S = 1.0
FLUSH_S, FLUSH_TURNS = 1.0, 20  # for the last PUBACKs when the agent is stopped


class Loop:
    """Owns everything that decides; runs on the main thread.

    Args:
        tick_s: real seconds between two looks at the clock.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        pipeline: Pipeline,
        store: Store,
        delivery: Delivery,
        wire: Wire,
        clock: Clock,
        health: Health,
        tick_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._pipeline = pipeline
        self._store = store
        self._delivery = delivery
        self._wire = wire
        self._clock = clock
        self._health = health
        self._tick_s = tick_s
        self._now = now
        self._events: list[Event] = []
        self._stop: Stop | None = None
        self._told_alarms: object = None
        self._device = Device(inbox, pipeline)
        self._inputs = 0
        self._inputs_kept = 0
        self._next = dict.fromkeys(("tick", "sync", "snapshot", "health", "retry"), 0.0)

    def run(self) -> str:
        """Decide until a Stop comes; return its reason."""
        while self._stop is None:
            self.turn(self._next["tick"] - self._now())
        log.info("stopping reason=%s", self._stop.reason)
        return self._stop.reason

    def turn(self, wait_s: float) -> None:
        """Wait for something, decide it, and send what may be sent."""
        for item in self._inbox.batch(max(wait_s, 0.0)):
            self._handle(item)
        self._commit()
        self._tell_alarms()
        with self._device.storage_watched():
            self._delivery.pump(self._clock.mono())
        self._house_keeping()

    def finish(self) -> None:
        """Decide what is still waiting, keep everything, and give the last PUBACKs a moment."""
        for _ in range(1 + self._inbox.waiting // BATCH):
            self.turn(0.0)
        for _ in range(FLUSH_TURNS):
            if self._delivery.is_idle:
                break
            self.turn(FLUSH_S / FLUSH_TURNS)
        self._next["retry"] = 0.0
        self._commit()
        self._snapshot(self._now())

    def _handle(self, item: object) -> None:
        match item:
            case Reading() | SensorState() | DeviceState() | Gap():
                self._inputs += 1
                checked, events = self._pipeline.take(item)
                self._append(checked)
                self._events += events
            case Tick():
                self._events += self._pipeline.advance(item.stamp.mono)
            case LinkUp() | LinkDown() | Acked():
                self._device.watch_link(item)
                with self._device.storage_watched():
                    self._delivery.handle(item)
                self._device.watch_refusals(self._delivery.take_refusals())
            case Stop():
                self._stop = item
            case _:
                raise TypeError(f"nobody handles {item!r}")

    def _append(self, item: Reading | SensorState | DeviceState | Gap) -> None:
        try:
            self._store.buffer.append(item)
        except OSError as error:
            # A restart cannot run it again, so a snapshot has to know it.
            self._next["snapshot"] = min(self._next["snapshot"], self._now() + MISSED_S)
            self._device.tell("storage.readings", str(error))
        else:
            self._device.tell("storage.readings", "")

    def _commit(self) -> None:
        """Put inputs, then events on disk; what cannot be written is tried again."""
        if not self._events or self._now() < self._next["retry"]:
            return
        try:
            self._store.buffer.sync()
            self._store.outbox.put(self._events)
        except OSError as error:
            self._next["retry"] = self._now() + RETRY_S
            self._device.tell("storage", str(error))
            if isinstance(error, StorageFull):
                self._store.buffer.thin()
            return
        for event in self._events:
            data = event.payload["data"]
            log.info("event id=%s kind=%s level=%s type=%s", event.id, event.kind, data["level"],
                     event.payload["type"].split(".")[2])  # fmt: skip
        self._events.clear()
        self._device.tell("storage", "")

    def _tell_alarms(self) -> None:
        alarms = self._pipeline.ledger.alarms
        if alarms is not self._told_alarms:
            self._told_alarms = alarms
            self._delivery.post(self._wire.alarms(_open_alarms(self._pipeline)))

    def _house_keeping(self) -> None:
        now = self._now()
        buffer = self._store.buffer
        if buffer.unsynced >= SYNC_ITEMS or (buffer.unsynced and now >= self._next["sync"]):
            self._next["sync"] = now + SYNC_S
            with self._device.storage_watched():
                buffer.sync()
        if now >= self._next["tick"] and self._stop is None:  # drivers that stop are not silent
            self._next["tick"] = now + self._tick_s
            self._inbox.tick()
            self._health.beat()
        if self._inputs - self._inputs_kept >= SNAPSHOT_ITEMS or now >= self._next["snapshot"]:
            self._snapshot(now)
        if now >= self._next["health"]:
            self._next["health"] = now + HEALTH_S
            self._delivery.post(self._wire.health(self._counters()))

    def _snapshot(self, now: float) -> None:
        if self._events:  # a snapshot that knows of events not on disk yet would lose them
            return
        self._next["snapshot"] = now + SNAPSHOT_S
        self._inputs_kept = self._inputs
        with self._device.storage_watched():
            keep(self._pipeline, self._clock, self._store)
            self._store.buffer.reap()
        self._device.watch_store(self._store, readings_are_sent=self._wire.sends_readings)

    def _counters(self) -> dict[str, object]:
        return {
            "inputs": self._inputs,
            "events": self._pipeline.ledger.sequence,
            "open_alarms": len(self._pipeline.ledger.alarms),
            "events_waiting": self._store.outbox.waiting,
            "readings_waiting": self._store.buffer.waiting,
            "buffer_bytes": self._store.buffer.size_bytes,
            "clock_synced": self._clock.is_synced(),
            "messages": asdict(self._delivery.counters),
        }


def _open_alarms(pipeline: Pipeline) -> list[dict[str, object]]:
    return [
        {
            "alarm": alarm.id,
            "rev": alarm.rev,
            "kind": key.partition("/")[0],
            "level": alarm.level.word,
            "certainty": alarm.certainty.value,
            "onset": alarm.onset,
            "sensors": list(alarm.sensors),
        }
        for key, alarm in pipeline.ledger.alarms.items()
    ]
