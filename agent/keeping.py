"""What the deciding thread asks of the keeper, and what the keeper tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from agent.events import Event, Input
from agent.store.buffer import Thinned
from agent.store.diary import Numbered


class Queue(Enum):
    """One of the two queues on disk."""

    EVENTS = "events"
    READINGS = "readings"


@dataclass(frozen=True, slots=True)
class Batch:
    """Inputs, and the events and activities that came of them."""

    inputs: Sequence[Input]
    events: Sequence[Event]
    activities: Sequence[Numbered] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """The platform has these."""

    queue: Queue
    sequences: Sequence[int]


@dataclass(frozen=True, slots=True)
class Lend:
    """Give the oldest unacknowledged items."""

    queue: Queue
    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Put this in place; it knows all inputs up to a sequence."""

    document: Mapping[str, Any]
    sequence: int


@dataclass(frozen=True, slots=True)
class Count:
    """Tell the Stock."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Events up to this sequence are stored.

    Attributes:
        lasts: on disk; False where memory stands in for it.
    """

    sequence: int
    lasts: bool = True


@dataclass(frozen=True, slots=True)
class Lent:
    """An answer to Lend.

    Attributes:
        items: unacknowledged ones above `after`, in order; None = the disk could not be read.
    """

    queue: Queue
    after: int
    items: Sequence[Any] | None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A change in what the disk does.

    Attributes:
        part: storage, or storage.readings where only those are not kept.
        reason: empty = well again.
    """

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stock:
    """What is stored, and what became of the rest since the agent started."""

    events_waiting: int
    readings_waiting: int
    readings_bytes: int
    damaged: int
    damaged_files: int
    thinned: Thinned


News = Kept | Lent | Trouble | Stock
"""What the keeper tells the deciding thread."""
