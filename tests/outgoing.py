"""Doubles for tests of the uplink: queues in memory, a session that only writes down."""

from __future__ import annotations

import contextlib
import queue
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from agent.events import Event
from agent.site import Place, Profile, Site
from agent.uplink.delivery import Delivery
from agent.uplink.link import LinkMessage
from agent.uplink.session import Session
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Message, Presence, Wire
from drivers.reading import Reading

Item = TypeVar("Item", Event, Reading)
Found = TypeVar("Found")

TICK_S = 0.05


def place(item: Event | Reading) -> int:
    return item.sequence if isinstance(item, Event) else item.stamp.sequence


class Waiting(Generic[Item]):
    """What outbox and buffer are to the uplink; outlives any Delivery, as a disk does."""

    def __init__(self, *items: Item) -> None:
        self.items: dict[int, Item] = {}
        self.put(*items)

    def put(self, *items: Item) -> None:
        self.items |= {place(item): item for item in items}

    def take(self, after: int, limit: int) -> Sequence[Item]:
        return [self.items[n] for n in sorted(self.items) if n > after][:limit]

    def acknowledge(self, sequences: Sequence[int]) -> None:
        for sequence in sequences:
            self.items.pop(sequence, None)


class Recorder:
    """A session without a network: `publish` numbers messages as paho does, per link."""

    def __init__(self) -> None:
        self.link: int | None = None
        self.sent: list[tuple[int, Message]] = []
        self.given_up: list[str] = []
        self._mids: defaultdict[int, int] = defaultdict(int)

    def publish(self, message: Message, link: int) -> int | None:
        if link != self.link:
            return None
        self._mids[link] += 1
        self.sent.append((self._mids[link], message))
        return self._mids[link]

    def give_up(self, link: int, reason: str) -> None:
        if link == self.link:
            self.link = None
            self.given_up.append(reason)

    @property
    def topics(self) -> list[str]:
        """Last part of each topic sent, in order."""
        return [message.topic.rpartition("/")[2] for _, message in self.sent]


class News:
    """The agent's queue in a test: keeps what the session puts, and waits for what is to come."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[LinkMessage] = queue.SimpleQueue()
        self.put = self._queue.put

    def next(self, timeout_s: float = 15.0) -> LinkMessage:
        """Whatever comes next."""
        return self._queue.get(timeout=timeout_s)

    def until(self, kind: type[Found], timeout_s: float = 15.0) -> Found:
        """The next of that kind; others are dropped."""
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            if isinstance(message, kind):
                return message

    @property
    def is_empty(self) -> bool:
        return self._queue.empty()


class Agent:
    """Session and Delivery as the deciding thread runs them, on the thread of the test."""

    def __init__(
        self,
        settings: UplinkSettings,
        events: Waiting[Event] | None = None,
        readings: Waiting[Reading] | None = None,
        **session: Any,
    ) -> None:
        place = Place("黄埔区萝岗街下中路", "Xiazhong Road")
        site = Site("gz-hp-0001", Profile.STREET, "Asia/Shanghai", place, "440112-07-03", {})
        self.wire = Wire(site, settings)
        self.news = News()
        self.events = events or Waiting()
        self.session = Session(
            settings, "agent-1", self.wire.state(Presence.LOST), self.news.put, **session
        )
        self.delivery = Delivery(self.wire, self.session, self.events, readings)
        self.session.start()

    def run(self, is_done: Callable[[], bool], timeout_s: float = 15.0) -> list[LinkMessage]:
        """Decide until that is so; return what came of the link."""
        deadline = time.monotonic() + timeout_s
        found = []
        while not is_done():
            assert time.monotonic() < deadline, f"not done after {timeout_s:g} s"
            with contextlib.suppress(queue.Empty):  # a tick
                found.append(self.news.next(TICK_S))
                self.delivery.handle(found[-1], time.monotonic())
            self.delivery.pump(time.monotonic(), 2000.0)
        return found

    def run_until(self, kind: type[Found]) -> Found:
        """Decide until a message of that kind has been; return it."""
        found: list[object] = []
        handle = self.delivery.handle

        def watch(message: LinkMessage, now: float) -> None:
            found.append(message)
            handle(message, now)

        self.delivery.handle = watch  # type: ignore[method-assign] - a test may look on
        self.run(lambda: any(isinstance(message, kind) for message in found))
        self.delivery.handle = handle  # type: ignore[method-assign]
        return next(message for message in found if isinstance(message, kind))

    def stop(self) -> float:
        """Say good-bye; return how long that took."""
        start = time.monotonic()
        self.session.stop(self.wire.state(Presence.STOPPED), 2.0)
        return time.monotonic() - start
