"""A queue on disk as the deciding thread sees it: the newest part in memory, the rest lent.

What comes in live is sent from here and never read back from the disk. Only what was left by an
earlier run, or outgrew the memory during an outage, is fetched; `take` then gives None, and again
once the answer is there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from agent.events import Event
from agent.keeper import Keeper
from agent.keeping import Lent
from agent.sent import SentMark
from drivers.reading import Reading

PATIENCE_S = 0.3  # what a disk may delay an event by; a healthy card syncs in 5 to 50 ms
MOST_EVENTS = 500
MOST_READINGS = 4000
MOST_FOUND = 128  # answers that are kept; more places than that are never asked for in turn
TIDY = 64  # acknowledged items that may stay in memory

Item = TypeVar("Item", Event, Reading)


class Window(Generic[Item]):
    """What events and readings share.

    Args:
        last: sequence of the newest item on disk at the start.
        most: items kept in memory, give or take.
    """

    def __init__(self, last: int, most: int) -> None:
        self._gone = last  # up to here, what is unacknowledged is on disk only
        self._most = most
        self._items: list[Item] = []
        self._done: set[int] = set()
        self._asked: dict[int, int] = {}  # above what, and what was gone then
        self._failed: list[int] = []
        self._found: dict[int, list[Item]] = {}
        self._done_since: set[int] = set()  # while something is asked for
        self._empty: tuple[int, int] | None = None  # between these two nothing waits

    def take(self, after: int, limit: int) -> Sequence[Item] | None:
        """Give the oldest unacknowledged items above a sequence, in order.

        Returns:
            None where that is not known yet: they are on their way from the disk, or to it.
        """
        if after < self._gone and not self._is_empty(after):
            if after in self._found:
                return self._found[after][:limit]
            if after not in self._asked:
                self._asked[after] = self._gone
                self._lend(after, limit)
            return None
        found: list[Item] = []
        for item in self._items[bisect_right(self._items, after, key=self._place) :]:
            if self._place(item) in self._done:
                continue
            if len(found) >= limit:
                break
            if not self._is_ready(item):
                return found or None
            found.append(item)
        return found

    def answer(self, lent: Lent) -> None:
        """Take in what the keeper lends."""
        if lent.items is None:  # asking again at once would keep a failing disk busy
            self._failed.append(lent.after)
            return
        gone = self._asked.pop(lent.after)
        found = [item for item in lent.items if self._place(item) not in self._done_since]
        if found:
            self._found[lent.after] = found
            if len(self._found) > MOST_FOUND:
                del self._found[next(iter(self._found))]
        elif not lent.items:
            self._empty = lent.after, gone
        if not self._asked:
            self._done_since.clear()

    def nudge(self) -> None:
        """Let what the disk could not answer be asked again."""
        for after in self._failed:
            del self._asked[after]
        self._failed.clear()

    def acknowledge(self, sequences: Sequence[int]) -> None:
        """Have done with items: the platform has them."""
        self._forget(sequences)
        done = set(sequences)
        left = {a: [i for i in f if self._place(i) not in done] for a, f in self._found.items()}
        self._found = {after: items for after, items in left.items() if items}
        if self._asked:
            self._done_since |= done
        self._done.update(sequence for sequence in sequences if sequence > self._gone)
        if len(self._done) >= TIDY:
            self._tidy()

    def _add(self, items: Sequence[Item]) -> None:
        self._items += items
        if len(self._items) > 2 * self._most:
            self._tidy()
            self._let_go(len(self._items) - self._most)

    def _tidy(self) -> None:
        self._items = [item for item in self._items if self._place(item) not in self._done]
        self._done.clear()

    def _let_go(self, count: int) -> None:
        """Leave the oldest to the disk, as far as they are there."""
        stay = next(
            (n for n, item in enumerate(self._items[: max(count, 0)]) if not self._is_stored(item)),
            max(count, 0),
        )
        if stay:
            self._gone = self._place(self._items[stay - 1])
            del self._items[:stay]

    def _is_empty(self, after: int) -> bool:
        return self._empty is not None and self._empty[0] <= after and self._gone <= self._empty[1]

    def _place(self, item: Item) -> int:
        raise NotImplementedError

    def _is_ready(self, item: Item) -> bool:
        """Whether it may be given already."""
        del item
        return True

    def _is_stored(self, item: Item) -> bool:
        """Whether the disk has it."""
        del item
        return True

    def _lend(self, after: int, limit: int) -> None:
        raise NotImplementedError

    def _forget(self, sequences: Sequence[int]) -> None:
        raise NotImplementedError


class EventWindow(Window[Event]):
    """The outbox. An event is given once it is on disk, or the disk has had its time.

    Args:
        now: monotonic seconds.
        mark: told of the events that are given before the disk has them, first.
    """

    def __init__(self, keeper: Keeper, last: int, now: Callable[[], float], mark: SentMark) -> None:
        super().__init__(last, MOST_EVENTS)
        self._keeper = keeper
        self._now = now
        self._mark = mark
        self._looked = 0.0
        self._unsaved: dict[int, tuple[Event, float]] = {}

    @property
    def not_before(self) -> float | None:
        """When the next event that is not on disk will be given all the same; None for none."""
        untils = (until for _, until in self._unsaved.values())
        return next((until for until in untils if until > self._looked), None)

    @property
    def unsaved(self) -> int:
        """How many events are in memory only."""
        return len(self._unsaved)

    def put(self, events: Sequence[Event]) -> None:
        """Take in what was handed to the keeper."""
        until = self._now() + PATIENCE_S
        self._unsaved |= {event.sequence: (event, until) for event in events}
        self._add(events)

    def kept(self, sequence: int) -> list[Event]:
        """Note that events up to this one are on disk; return those that were not before."""
        saved = [event for event, _ in self._unsaved.values() if event.sequence <= sequence]
        for event in saved:
            del self._unsaved[event.sequence]
        return saved

    def acknowledge(self, sequences: Sequence[int]) -> None:
        """Have done with events: the platform has them."""
        super().acknowledge(sequences)
        for sequence in sequences:
            self._unsaved.pop(sequence, None)

    def _place(self, item: Event) -> int:
        return item.sequence

    def _is_ready(self, item: Event) -> bool:
        self._looked = self._now()
        if item.sequence not in self._unsaved:
            return True
        _, until = self._unsaved[item.sequence]
        if until > self._looked:
            return False
        self._mark.reach(item.sequence)
        return True

    def _is_stored(self, item: Event) -> bool:
        return item.sequence not in self._unsaved

    def _lend(self, after: int, limit: int) -> None:
        self._keeper.lend_events(after, limit)

    def _forget(self, sequences: Sequence[int]) -> None:
        self._keeper.acknowledge_events(sequences)


class ReadingWindow(Window[Reading]):
    """The buffer of readings. They need not be synced before they are sent."""

    def __init__(self, keeper: Keeper, last: int) -> None:
        super().__init__(last, MOST_READINGS)
        self._keeper = keeper

    def put(self, readings: Sequence[Reading]) -> None:
        """Take in what was handed to the keeper."""
        self._add(readings)

    def _place(self, item: Reading) -> int:
        return item.stamp.sequence

    def _lend(self, after: int, limit: int) -> None:
        self._keeper.lend_readings(after, limit)

    def _forget(self, sequences: Sequence[int]) -> None:
        self._keeper.acknowledge_readings(sequences)
