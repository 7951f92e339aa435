"""The deciding thread: takes from the queue, decides, hands to disk and uplink. It never waits.

Each turn: everything that is waiting goes through the pipeline; inputs and events are handed to the
keeper, which puts them on disk; events go to the uplink once they are there, or once the disk has
had its time. Housekeeping comes last.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Protocol

from agent.clock import Clock
from agent.device import Device
from agent.events import DeviceState, Event, Gap, Input, Tick
from agent.expiry import Expiry, Left
from agent.health import Health
from agent.inbox import BATCH, Inbox, Stop, Why
from agent.keeper import Keeper
from agent.keeping import Kept, Lent, News, Queue, Stock, Trouble
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Recovered, compose
from agent.roll import Roll
from agent.store.diary import Numbered
from agent.uplink.delivery import Delivery
from agent.uplink.link import Acked, LinkDown, LinkUp
from agent.uplink.wire import Wire
from agent.window import EventWindow, ReadingWindow
from drivers.reading import Reading, SensorState

log = logging.getLogger(__name__)

MISSED_S = 10.0  # between snapshots while inputs cannot be journalled
SNAPSHOT_S, SNAPSHOT_ITEMS = 300.0, 20_000  # inputs to run again after a restart: half a second
STOCK_S = 10.0
HEALTH_S = 60.0
FLUSH_S, FLUSH_TURNS = 1.0, 20  # for the last PUBACKs when the agent is stopped
CLOSE_S = 1.5  # for the disk when the agent is stopped


class Switch(Protocol):
    """Has an output on or off from now on; returns at once, and may be told the same again."""

    def __call__(self, *, is_on: bool) -> None:
        """Tell it."""


class Loop:
    """Owns everything that decides; runs on the main thread.

    Args:
        recovered: what the restart has concluded again.
        readings: where readings wait for the uplink; None where they are not sent.
        tick_s: real seconds between two looks at the clock.
        buzzers: what is switched on while the home is asked.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        pipeline: Pipeline,
        keeper: Keeper,
        events: EventWindow,
        readings: ReadingWindow | None,
        delivery: Delivery,
        wire: Wire,
        clock: Clock,
        health: Health,
        expiry: Expiry,
        recovered: Recovered,
        roll: Roll,
        tick_s: float,
        buzzers: Sequence[Switch] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inbox = inbox
        self._pipeline = pipeline
        self._keeper = keeper
        self._event_window = events
        self._reading_window = readings
        self._delivery = delivery
        self._wire = wire
        self._clock = clock
        self._expiry = expiry
        self._health = health
        self._roll = roll
        self._tick_s = tick_s
        self._buzzers = buzzers
        self._now = now
        self._inputs: list[Input] = []
        self._events: list[Event] = list(recovered.events)
        self._activities: list[Numbered] = list(recovered.activities)
        self._stop: Stop | None = None
        self._told_alarms: object = None
        self._device = Device(inbox, pipeline)
        self._stock: Stock | None = None
        self._count = self._count_kept = 0
        self._next = dict.fromkeys(("tick", "snapshot", "stock", "health"), 0.0)

    def run(self) -> str:
        """Decide until a Stop comes; return its reason."""
        while self._stop is None:
            self.turn(self._wait_s())
        log.info("stopping reason=%s", self._stop.reason)
        return self._stop.reason

    def turn(self, wait_s: float) -> None:
        """Wait for something, decide it, and send what may be sent."""
        for item in self._inbox.batch(max(wait_s, 0.0)):
            self._roll.hear(item, self._now())
            self._handle(item)
        self._switch()
        self._hand_over()
        self._tell_alarms()
        self._delivery.pump(self._now(), self._clock.mono())
        self._house_keeping()

    def finish(self) -> None:
        """Decide what is still waiting, keep everything, and give the last PUBACKs a moment."""
        for _ in range(1 + self._inbox.waiting // BATCH):
            self.turn(0.0)
        for _ in range(FLUSH_TURNS):
            if self._delivery.is_idle and not self._event_window.unsaved:
                break
            self.turn(FLUSH_S / FLUSH_TURNS)
        self._snapshot()
        if not self._keeper.stop(CLOSE_S):
            log.error("the disk has not finished unsaved_events=%d", self._event_window.unsaved)

    def _wait_s(self) -> float:
        """Until the next tick, or until an event has waited for the disk for long enough."""
        now = self._now()
        patience_ends = self._event_window.not_before
        wait_s = self._next["tick"] - now
        return wait_s if patience_ends is None else min(wait_s, patience_ends - now)

    def _handle(self, item: object) -> None:
        match item:
            case Reading() | SensorState() | DeviceState() | Gap():
                self._wire.watch_clock(item.stamp)
                checked, events = self._pipeline.take(item)
                self._inputs.append(checked)
                self._events += events
            case Tick():
                self._wire.watch_clock(item.stamp)
                self._expiry.look(item.stamp)
                self._events += self._pipeline.advance(item.stamp.mono)
            case Left():
                self._device.tell("uplink.certificate", item.reason)
            case LinkUp() | LinkDown() | Acked():
                self._device.watch_link(item, self._now())
                self._delivery.handle(item, self._now())
                self._device.watch_refusals(self._delivery.take_refusals())
            case Kept() | Lent() | Trouble() | Stock():
                self._hear(item)
            case Why():
                pass  # the roll has it
            case Stop():
                self._stop = item
            case _:
                raise TypeError(f"nobody handles {item!r}")

    def _hear(self, news: News) -> None:
        """Take in what the keeper says."""
        match news:
            case Kept():
                self._log(self._event_window.kept(news.sequence), lasts=news.lasts)
            case Lent(queue=Queue.EVENTS):
                self._event_window.answer(news)
            case Lent():
                if self._reading_window is not None:
                    self._reading_window.answer(news)
            case Trouble():
                if not (news.reason and self._device.is_told(news.part)):  # another word for it
                    self._device.tell(news.part, news.reason)
                # An input that was not journalled cannot be run again: a snapshot has to know it.
                self._next["snapshot"] = min(self._next["snapshot"], self._now() + MISSED_S)
            case Stock():
                self._stock = news
                self._device.watch_stock(news, readings_are_sent=self._wire.sends_readings)

    def _switch(self) -> None:
        """Say what is, not what has changed: so it is right after a restart too."""
        for switch in self._buzzers:
            switch(is_on=self._pipeline.is_asking)

    def _hand_over(self) -> None:
        self._activities += self._pipeline.numbered()
        inputs, events, activities = self._inputs, self._events, self._activities
        if not inputs and not events and not activities:
            return
        self._inputs, self._events, self._activities = [], [], []
        self._count += len(inputs)
        dropped = self._keeper.keep(inputs, events, activities)
        if dropped:
            self._device.count_dropped(dropped)
        if self._reading_window is not None:
            self._reading_window.put([item for item in inputs if isinstance(item, Reading)])
        if events:
            self._event_window.put(events)
            self._delivery.hurry(events)

    def _log(self, events: list[Event], *, lasts: bool) -> None:
        """Say that events are on disk: from here on, nothing loses them."""
        for event in events:
            data = event.payload["data"]
            step = event.payload["type"].split(".")[2]
            log.info(
                "%s id=%s kind=%s level=%s type=%s",
                "event" if lasts else "event in memory only",
                event.id,
                event.kind,
                data["level"],
                step,
                extra={"always": True},
            )

    def _tell_alarms(self) -> None:
        alarms = self._pipeline.ledger.alarms
        if alarms is not self._told_alarms:
            self._told_alarms = alarms
            self._delivery.post(self._wire.alarms(_open_alarms(self._pipeline)))

    def _house_keeping(self) -> None:
        now = self._now()
        if now >= self._next["tick"] and self._stop is None:  # drivers that stop are not silent
            self._next["tick"] = now + self._tick_s
            self._inbox.tick()
            self._health.beat()
            self._keeper.flush()
            self._device.watch_disk(self._keeper.held_s)
            self._device.watch_peace(now)
            self._health.say(self._status())
            self._stand(now)
            self._event_window.nudge()
            if self._reading_window is not None:
                self._reading_window.nudge()
        if self._count - self._count_kept >= SNAPSHOT_ITEMS or now >= self._next["snapshot"]:
            self._snapshot()
        if now >= self._next["stock"]:
            self._next["stock"] = now + STOCK_S
            self._keeper.count()
        if now >= self._next["health"]:
            self._next["health"] = now + HEALTH_S
            self._delivery.post(self._wire.health(self._counters()))

    def _snapshot(self) -> None:
        interval_s = MISSED_S if self._device.is_told("storage.readings") else SNAPSHOT_S
        self._next["snapshot"] = self._now() + interval_s
        self._count_kept = self._count
        last = self._pipeline.last
        self._keeper.snapshot(compose(self._pipeline, self._clock), last.sequence if last else 0)

    def _status(self) -> str:
        """One line for `systemctl status`."""
        link = "linked" if self._delivery.is_linked else "no link"
        waiting = self._stock.events_waiting if self._stock else 0
        return f"{len(self._pipeline.ledger.alarms)} open alarms, {link}, {waiting} events waiting"

    def _stand(self, now: float) -> None:
        """Lay down how all stands, for whoever asks on this device."""
        self._roll.lay(
            now,
            alarms=_open_alarms(self._pipeline),
            faults=self._device.faults,
            stock=self._stock,
            delivered=self._delivery.counters.acknowledged,
            is_synced=self._clock.is_synced(),
        )

    def _counters(self) -> dict[str, object]:
        stock = self._stock
        return {
            "inputs": self._count,
            "events": self._pipeline.ledger.sequence,
            "open_alarms": len(self._pipeline.ledger.alarms),
            "events_waiting": stock.events_waiting if stock else 0,
            "readings_waiting": stock.readings_waiting if stock else 0,
            "buffer_bytes": stock.readings_bytes if stock else 0,
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
