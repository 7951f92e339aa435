"""The agent's own parts in this process, put together as app.py does, under a clock moved by hand.

Without a process of its own a month passes in a minute. The disk's thread works when it is asked to
(`turn`), until `go_online` lets it and the session's thread run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.clock import ManualClock
from agent.detectors import detectors
from agent.events import Event, Input
from agent.expiry import Expiry
from agent.health import Health, ServiceManager
from agent.inbox import Inbox
from agent.keeper import Keeper
from agent.loop import Loop
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store, go_on
from agent.roll import Roll, Run
from agent.sent import SentMark
from agent.site import Site
from agent.store.buffer import Buffer
from agent.store.diary import Diary, Numbered
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from agent.uplink.delivery import Delivery
from agent.uplink.session import Session
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Presence, Wire
from agent.window import EventWindow, ReadingWindow
from drivers.reading import Reading

WAIT_S = 0.02


class Inside:
    """One run of the agent on a folder; another one on the same folder is a restart.

    Attributes:
        events: all that were concluded, in order.
        readings: how many were taken in.
        others: sequences of inputs that are no readings.
        last: sequence of the newest input.
        first: sequence of the oldest one of this run.
        before: sequences of all inputs of earlier runs.
    """

    def __init__(
        self, site: Site, folder: Path, clock: ManualClock, port: int, bound_bytes: int
    ) -> None:
        self.events: list[Event] = []
        self.readings = 0
        self.others: set[int] = set()
        self.clock = clock
        self.sensors = site.sensors
        store = Store(
            Buffer(folder / "readings", bound_bytes),
            Outbox(folder / "outbox"),
            Snapshots(folder / "snapshots"),
            Diary(folder / "diary"),
        )
        limits = {name: (one.config(), frozenset[str]()) for name, one in detectors().items()}
        pipeline = Pipeline(site, limits)
        mark = SentMark(folder / "sent")
        recovered = go_on(pipeline, clock, store, mark.number)
        self.first, self.last = recovered.sequence + 1, recovered.sequence
        self.before: list[range] = []
        self.inbox = Inbox(clock, recovered.sequence)
        settings = UplinkSettings((f"mqtt://127.0.0.1:{port}",), insecure=True, readings=True)
        self.wire = Wire(site, settings)
        self.session = Session(
            settings, f"street-agent-{site.id}", self.wire.state(Presence.LOST), self.inbox.post
        )
        self.store = store
        self.keeper = Keeper(store, self.inbox.post, clock.mono)
        events = EventWindow(self.keeper, store.outbox.last_sequence, clock.mono, mark)
        readings = ReadingWindow(self.keeper, store.buffer.last_sequence)
        self.delivery = Delivery(self.wire, self.session, events, readings)
        self.loop = Loop(
            roll=Roll(site, Run("", "", ""), lambda _: None, clock.mono()),
            inbox=self.inbox, pipeline=pipeline, keeper=self.keeper, events=events,
            readings=readings, delivery=self.delivery, wire=self.wire, clock=clock,
            health=Health(ServiceManager(), []),
            expiry=Expiry(site.timezone, lambda _: None, self.inbox.post),
            recovered=recovered, tick_s=1.0, now=clock.mono,
        )  # fmt: skip
        self._note_what_is_kept()
        self.inbox.gap(recovered.alive_until, recovered.given)

    def turn(self) -> None:
        """Decide and keep what is there."""
        while True:
            self.loop.turn(0.0)
            self.keeper.turn(0.0)
            if not self.inbox.waiting:
                return

    def go_online(self) -> None:
        """Let the other threads run; from here on the clock goes as fast as the machine's."""
        self.keeper.start()
        self.session.start()

    def run(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Decide until that is so; say whether it came to be."""
        then = time.monotonic()
        end = then + timeout_s
        while not is_done():
            now = time.monotonic()
            if now > end:
                return False
            self.clock.advance(now - then)
            then = now
            self.loop.turn(WAIT_S)
        return True

    @property
    def numbers(self) -> list[range]:
        """Sequences of all inputs, of earlier runs too."""
        return [*self.before, range(self.first, self.last + 1)]

    def stop(self) -> None:
        """As on SIGTERM."""
        if not self.keeper.is_alive:
            self.keeper.start()
        self.loop.finish()
        self.session.stop(self.wire.state(Presence.STOPPED), 1.0)

    def _note_what_is_kept(self) -> None:
        keep = self.keeper.keep

        def note(
            inputs: Sequence[Input], events: Sequence[Event], activities: Sequence[Numbered]
        ) -> int:
            self.events += events
            for item in inputs:
                if isinstance(item, Reading):
                    self.readings += 1
                else:
                    self.others.add(item.stamp.sequence)
                self.last = item.stamp.sequence
            return keep(inputs, events, activities)

        self.keeper.keep = note  # type: ignore[method-assign]  # a trial may look on
