"""Doubles for tests of the uplink: queues in memory, a session that only writes down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Generic, TypeVar

from agent.events import Event
from agent.uplink.wire import Message
from drivers.reading import Reading

Item = TypeVar("Item", Event, Reading)


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
        self._mids: defaultdict[int, int] = defaultdict(int)

    def publish(self, message: Message, link: int) -> int | None:
        if link != self.link:
            return None
        self._mids[link] += 1
        self.sent.append((self._mids[link], message))
        return self._mids[link]

    @property
    def topics(self) -> list[str]:
        """Last part of each topic sent, in order."""
        return [message.topic.rpartition("/")[2] for _, message in self.sent]
