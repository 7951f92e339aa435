"""What waits to be sent: latest values, events, readings. On the deciding thread, without a clock.

Events and readings stay on disk until they are acknowledged. Here are only places in them (cursors)
and the little that is under way; `rewind` forgets all of it, and after the next LinkUp everything
unacknowledged comes again in its order. Consumers drop what they have had by id or `seq`.
"""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.events import FAULTS, Event, WarningLevel
from agent.uplink.wire import Message, Wire
from drivers.reading import Reading

FETCH = 50  # events taken from disk at once
MOST_HURRIED = 100
URGENT = (WarningLevel.ORANGE.word, WarningLevel.RED.word)
LOOKS = 8  # batches looked through in one go for a reading that may be sent

# A batch of readings that takes longer than SLOW_S to be acknowledged is halved the next time, for
# an event has to queue behind it in the socket: at 20 kbit/s 500 readings would be 20 s.
SLOW_S, QUICK_S = 2.0, 0.5
SMALLEST = 10


class EventQueue(Protocol):
    """The outbox, as the uplink sees it."""

    def take(self, after: int, limit: int) -> Sequence[Event] | None:
        """The oldest unacknowledged beyond `after`, in order; None = not known yet, ask again."""

    def acknowledge(self, sequences: Sequence[int]) -> None:
        """Forget these: the platform has them."""


class ReadingQueue(Protocol):
    """The buffer of readings, as the uplink sees it."""

    def take(self, after: int, limit: int) -> Sequence[Reading] | None:
        """The oldest unacknowledged beyond `after`, in order; None = not known yet, ask again."""

    def acknowledge(self, sequences: Sequence[int]) -> None:
        """Forget these: the platform has them."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message, and what it carries.

    Attributes:
        key: what it belongs to within its source: topic or sensor.
        sequences: to be acknowledged once the broker has it.
        is_repeat: whether it was handed over before.
    """

    message: Message
    key: str
    sequences: tuple[int, ...] = ()
    is_repeat: bool = False


class Source(Protocol):
    """Something that parcels come from."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, apart from what was refused for as long as this link lasts."""

    def next(self, now: float, mono: float) -> Parcel | None:
        """The next parcel that may be sent; it is under way until one of the following.

        Args:
            now: seconds that pauses are counted in.
            mono: monotonic seconds of the agent's time.
        """

    def accepted(self, parcel: Parcel) -> None:
        """The broker has it."""

    def refused(self, parcel: Parcel, until: float) -> None:
        """The broker has not taken it: not again before then; infinite = not on this link."""

    def rewind(self, max_packet: int | None) -> None:
        """Begin anew with the oldest; the next link takes packets of that size."""


class Slots:
    """The latest message of each topic. Retained ones are sent again after every LinkUp."""

    def __init__(self) -> None:
        self._retained: dict[str, Message] = {}
        self._waiting: dict[str, Message] = {}
        self._not_before: dict[str, float] = {}

    def post(self, message: Message) -> None:
        """Replace what is waiting on that topic."""
        if message.retain:
            self._retained[message.topic] = message
        self._waiting[message.topic] = message

    @property
    def is_empty(self) -> bool:
        """Whether no message waits that may still be sent on this link."""
        return all(self._not_before.get(topic) == math.inf for topic in self._waiting)

    def next(self, now: float, mono: float) -> Parcel | None:
        """Whatever has waited longest."""
        del mono
        for topic in self._waiting:
            if self._not_before.get(topic, now) <= now:
                return Parcel(self._waiting.pop(topic), topic)
        return None

    def accepted(self, parcel: Parcel) -> None:
        """Nothing is kept."""
        self._not_before.pop(parcel.key, None)

    def refused(self, parcel: Parcel, until: float) -> None:
        """Wait, unless a newer one waits already."""
        self._not_before[parcel.key] = until
        self._waiting.setdefault(parcel.key, parcel.message)

    def rewind(self, max_packet: int | None) -> None:
        """Put up all retained ones again."""
        del max_packet
        self._not_before.clear()
        self._waiting = {**self._retained, **self._waiting}


class Events:
    """Events in their order. One that is refused is passed over, not forgotten.

    An alarm that begins at orange or red overtakes all that waits (`hurry`). What happens to it
    later does not: of one alarm everything comes in order.

    Attributes:
        is_awaited: whether the next ones are on their way from the disk, or to it.
    """

    def __init__(self, wire: Wire, queue: EventQueue) -> None:
        self._wire = wire
        self._queue = queue
        self._cursor = 0
        self._highest = 0
        self._ready: deque[Event] = deque()
        self._again: list[tuple[float, int]] = []  # heap of times and sequences
        self._hurried: dict[int, Event] = {}
        self._ahead: set[int] = set()  # hurried ones that this link was given
        self.is_awaited = False

    @property
    def is_empty(self) -> bool:
        """Whether all are sent, or refused for as long as this link lasts."""
        if self._ready or self._again or self._hurried.keys() - self._ahead:
            return False
        waiting = self._queue.take(self._cursor, 1)
        return waiting is not None and all(event.sequence in self._ahead for event in waiting)

    def hurry(self, events: Iterable[Event]) -> None:
        """Let those among new events overtake that somebody has to act on at once."""
        for event in events:
            if is_urgent(event):
                self._hurried[event.sequence] = event
        while len(self._hurried) > MOST_HURRIED:
            del self._hurried[next(iter(self._hurried))]

    def next_urgent(self, mono: float) -> Parcel | None:
        """The oldest one that may overtake and that the disk has, or has had its time for."""
        for sequence in [s for s in self._hurried if s not in self._ahead]:
            found = self._queue.take(sequence - 1, 1)
            if found is None:
                continue
            event = self._hurried[sequence]
            if list(found) == [event]:
                self._ahead.add(sequence)
                return self._parcel(event, mono)
            del self._hurried[sequence]  # sent and answered in its turn
        return None

    def next(self, now: float, mono: float) -> Parcel | None:
        """The oldest one not sent yet; else one that may be tried again."""
        event = self._fresh() or self._due(now)
        return None if event is None else self._parcel(event, mono)

    def accepted(self, parcel: Parcel) -> None:
        """Only now may it go from the disk."""
        self._hurried.pop(parcel.sequences[0], None)
        self._queue.acknowledge(parcel.sequences)

    def refused(self, parcel: Parcel, until: float) -> None:
        """It stays on disk; one refused for this link comes again with the rewind."""
        self._hurried.pop(parcel.sequences[0], None)
        if until < math.inf:
            heapq.heappush(self._again, (until, parcel.sequences[0]))

    def rewind(self, max_packet: int | None) -> None:
        """Begin with the oldest unacknowledged one."""
        del max_packet
        self._cursor = 0
        self._ready.clear()
        self._again.clear()
        self._ahead.clear()

    def _parcel(self, event: Event, mono: float) -> Parcel:
        is_repeat = event.sequence <= self._highest
        self._highest = max(self._highest, event.sequence)
        return Parcel(self._wire.event(event, mono), event.id, (event.sequence,), is_repeat)

    def _fresh(self) -> Event | None:
        while True:
            if not self._ready:
                taken = self._queue.take(self._cursor, FETCH)
                self.is_awaited = taken is None
                self._ready.extend(taken or ())
            if not self._ready:
                return None
            event = self._ready.popleft()
            self._cursor = event.sequence
            if event.sequence not in self._ahead:
                return event

    def _due(self, now: float) -> Event | None:
        while self._again and self._again[0][0] <= now:
            sequence = self._again[0][1]
            found = self._queue.take(sequence - 1, 1)
            if found is None:
                return None
            heapq.heappop(self._again)
            for event in found:
                if event.sequence == sequence:
                    return event
        return None


def is_urgent(event: Event) -> bool:
    """Whether an alarm begins that somebody has to go out for."""
    data = event.payload["data"]
    return data["rev"] == 1 and data["level"] in URGENT and event.kind not in FAULTS


class Readings:
    """Readings in packs, one sensor each; one pack of a sensor is under way at a time.

    That keeps the order per sensor even where a pack is refused and sent later. A batch is taken
    from disk, sent, and the next one taken when all of it has been answered.
    """

    def __init__(self, wire: Wire, queue: ReadingQueue) -> None:
        self._wire = wire
        self._queue = queue
        self._most = self._size = wire.pack
        self._max_packet: int | None = None
        self._cursor = 0
        self._highest: dict[str, int] = {}
        self._batch: dict[str, list[Reading]] = {}
        self._under_way: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._since: float | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all are sent, or refused for as long as this link lasts."""
        if self._batch or self._under_way or self._queue.take(self._cursor, 1) != []:
            return False
        return all(until == math.inf for until in self._not_before.values())

    def next(self, now: float, mono: float) -> Parcel | None:
        """A pack of a sensor of which none is under way."""
        for _ in range(LOOKS):
            if self._batch or self._under_way or not self._refill(now):
                break
        for sensor, readings in self._batch.items():
            if sensor not in self._under_way:
                return self._pack(sensor, readings, mono)
        return None

    def accepted(self, parcel: Parcel) -> None:
        """Only now may they go from the disk."""
        self._under_way.discard(parcel.key)
        self._queue.acknowledge(parcel.sequences)

    def refused(self, parcel: Parcel, until: float) -> None:
        """Leave out the sensor until then."""
        self._under_way.discard(parcel.key)
        self._batch.pop(parcel.key, None)
        self._not_before[parcel.key] = until

    def rewind(self, max_packet: int | None) -> None:
        """Begin with the oldest unacknowledged one."""
        self._max_packet = max_packet
        self._cursor = 0
        self._batch.clear()
        self._under_way.clear()
        self._not_before.clear()
        self._since = None

    def shrink(self) -> None:
        """Make packs half as large for good: the broker seems to hang up over them."""
        self._most = max(1, self._size // 2)
        self._size = self._most

    def _refill(self, now: float) -> bool:
        """Take the next batch; False = there is none."""
        if self._since is not None:
            took = now - self._since
            if took > SLOW_S:
                self._size = max(min(SMALLEST, self._most), self._size // 2)
            elif took < QUICK_S:
                self._size = min(self._most, self._size * 2)
        due = [sensor for sensor, until in self._not_before.items() if until <= now]
        for sensor in due:
            del self._not_before[sensor]
            self._cursor = 0  # what lies behind it is acknowledged, or left out still
        taken = self._queue.take(self._cursor, self._size)
        if not taken:  # on its way from the disk perhaps
            self._since = None
            return False
        self._cursor = taken[-1].stamp.sequence
        for reading in taken:
            if reading.sensor not in self._not_before:
                self._batch.setdefault(reading.sensor, []).append(reading)
        self._since = now if self._batch else None
        return True

    def _pack(self, sensor: str, readings: list[Reading], mono: float) -> Parcel:
        count = len(readings)
        message = self._wire.readings(sensor, readings, mono)
        while self._max_packet and message.packet_bytes > self._max_packet and count > 1:
            # Records differ little in length: aim a little below what the ratio says.
            count = max(1, int(count * 0.9 * self._max_packet / message.packet_bytes))
            message = self._wire.readings(sensor, readings[:count], mono)
        if count == len(readings):
            del self._batch[sensor]
        else:
            self._batch[sensor] = readings[count:]
        sequences = tuple(reading.stamp.sequence for reading in readings[:count])
        is_repeat = sequences[0] <= self._highest.get(sensor, 0)
        self._highest[sensor] = max(sequences[-1], self._highest.get(sensor, 0))
        self._under_way.add(sensor)
        return Parcel(message, sensor, sequences, is_repeat)
