"""The disk's own thread: keeps what was decided, in order, and lends it back.

The deciding thread never waits for a disk: a worn card may take seconds for what it promises to
sync. It hands over, and hears through the agent's queue what is safe. Each turn takes everything
that was handed over meanwhile: inputs are written; if events came of them, inputs and then events
are synced, all in one go; then come acknowledgements, what is lent back, and what can wait.

A disk that refuses loses nothing that memory can hold: inputs and events are put again every second
until they are on disk, and are lent from here meanwhile. Where memory does not suffice, the oldest
readings go, and are counted with what the buffer has thinned.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

from agent.errors import StorageFull
from agent.events import Event, Input
from agent.keeping import (
    Batch,
    Count,
    Done,
    Kept,
    Lend,
    Lent,
    News,
    Queue,
    Snapshot,
    Stock,
    Trouble,
)
from agent.recovery import Store, keep
from agent.store.buffer import Thinned
from agent.store.diary import Numbered
from drivers.reading import Reading

log = logging.getLogger(__name__)

SYNC_S, SYNC_ITEMS = 1.0, 32  # readings that a power cut may take
RETRY_S = 1.0
UNREADY_S = 30.0  # until room is asked for again where the disk has none
MOST_INPUTS = 50_000  # handed over and not taken up: 25 MB, or an hour and a half at 10 a second
MOST_LIVED = 1000  # activities that wait in memory for it
MOST_UNWRITTEN = 20_000  # readings that wait in memory for a disk that refuses


class Keeper:
    """Owns the store from `start` on. Its public methods belong to the deciding thread.

    Args:
        store: as recovery has left it.
        post: takes News; the agent's queue.
        now: monotonic seconds.

    Attributes:
        progress: when its thread last finished a step.
    """

    def __init__(
        self,
        store: Store,
        post: Callable[[News], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.progress = now()
        self._store = store
        self._post = post
        self._now = now
        self._requests: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._handed = self._taken_up = 0  # inputs; each is counted up by one thread
        self._done_readings: list[int] = []
        self._unwritten: list[Input] = []
        self._done_early: set[int] = set()  # readings that the platform has and the disk has not
        self._given_up = Thinned()
        self._pending: list[Event] = []
        self._lived: list[Numbered] = []
        self._rewrite_at = self._retry_at = self._sync_at = self._prepare_at = 0.0
        self._note_at = 0.0
        self._told: dict[str, str] = {}  # empty: what an earlier run has told is ended too
        self._busy_since: float | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether its thread runs."""
        return self._thread.is_alive()

    @property
    def held_s(self) -> float:
        """How long the disk has not answered; 0 where nothing is asked of it."""
        since = self._busy_since
        return 0.0 if since is None else self._now() - since

    def keep(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event],
        activities: Sequence[Numbered] = (),
    ) -> int:
        """Hand over inputs, and the events and activities that came of them.

        Returns:
            How many readings were dropped, because the disk is too far behind.
        """
        kept = inputs
        if self._handed - self._taken_up > MOST_INPUTS:
            kept = [item for item in inputs if not isinstance(item, Reading)]
        self._handed += len(kept)
        self._requests.put(Batch(kept, events, activities))
        self.flush()
        return len(inputs) - len(kept)

    def acknowledge_events(self, sequences: Sequence[int]) -> None:
        """Have done with events: the platform has them."""
        self._requests.put(Done(Queue.EVENTS, sequences))

    def acknowledge_readings(self, sequences: Sequence[int]) -> None:
        """Have done with readings; `flush` carries it out, as nothing depends on it."""
        self._done_readings += sequences

    def flush(self) -> None:
        """Pass on what was acknowledged: together with new inputs, or once a second."""
        if self._done_readings:
            self._requests.put(Done(Queue.READINGS, self._done_readings))
            self._done_readings = []

    def lend_events(self, after: int, limit: int) -> None:
        """Ask for the oldest unacknowledged ones; Lent answers."""
        self._requests.put(Lend(Queue.EVENTS, after, limit))

    def lend_readings(self, after: int, limit: int) -> None:
        """Ask for the oldest unacknowledged ones; Lent answers."""
        self.flush()
        self._requests.put(Lend(Queue.READINGS, after, limit))

    def snapshot(self, document: Mapping[str, Any], sequence: int) -> None:
        """Put a snapshot in place that knows all inputs up to a sequence, and tell the Stock."""
        self.flush()
        self._requests.put(Snapshot(document, sequence))

    def count(self) -> None:
        """Ask for the Stock."""
        self._requests.put(Count())

    def stop(self, timeout_s: float) -> bool:
        """Finish what was handed over, and close; False if that takes longer."""
        self._requests.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def turn(self, wait_s: float) -> None:
        """Wait for something, do it, and whatever is due."""
        requests = self._taken(wait_s)
        self._busy_since = self._now()
        for request in requests:
            if isinstance(request, Batch):
                self._take_up(request)
        self._write()
        self._commit()
        self._note()  # before a snapshot that knows of it
        for request in requests:
            self._serve(request)
        self._sync()
        self._prepare()
        self._busy_since = None
        self.progress = self._now()

    def _run(self) -> None:
        while not self._stopping:
            self.turn(SYNC_S)
        self._rewrite_at = self._retry_at = self._sync_at = self._note_at = 0.0
        self._write()
        self._commit()
        with self._watched():
            self._store.buffer.close()
        self._note()
        with self._watched():
            self._store.outbox.close()
        with self._watched():
            self._store.diary.close()

    def _taken(self, wait_s: float) -> list[object]:
        """Everything that was handed over."""
        found: list[object] = []
        try:
            found.append(self._requests.get(timeout=wait_s))
            while True:
                found.append(self._requests.get_nowait())
        except queue.Empty:
            return found

    def _take_up(self, batch: Batch) -> None:
        self._unwritten += batch.inputs
        self._taken_up += len(batch.inputs)
        self._pending += batch.events
        self._lived += batch.activities

    def _write(self) -> None:
        """Write inputs; what cannot be written waits in memory, as far as there is room."""
        if not self._unwritten or self._now() < self._rewrite_at:
            return
        buffer = self._store.buffer
        trouble = ""
        try:
            buffer.extend(self._unwritten)
        except OSError as error:
            trouble = _cause(error)
            self._rewrite_at = self._now() + RETRY_S
        written = buffer.last_sequence
        self._unwritten = [item for item in self._unwritten if item.stamp.sequence > written]
        done = {sequence for sequence in self._done_early if sequence <= written}
        if done:
            self._done_early -= done
            with self._watched():
                buffer.acknowledge(sorted(done))
        self._give_up()
        self._tell("storage.readings", trouble)

    def _give_up(self) -> None:
        """Drop the oldest readings that memory has no room for, and count those not sent yet."""
        excess = len(self._unwritten) - MOST_UNWRITTEN
        if excess <= 0:
            return
        oldest = [item for item in self._unwritten if isinstance(item, Reading)][:excess]
        gone = {item.stamp.sequence for item in oldest}
        self._unwritten = [item for item in self._unwritten if item.stamp.sequence not in gone]
        lost = [item.stamp.wall for item in oldest if item.stamp.sequence not in self._done_early]
        self._done_early -= gone
        if lost:
            self._given_up = self._given_up.join(Thinned(len(lost), lost[0], lost[-1]))

    def _commit(self) -> None:
        """Put inputs, then events on disk; what cannot be put is tried again."""
        if not self._pending or self._now() < self._retry_at:
            return
        try:
            self._store.buffer.sync()
            self._store.outbox.put(self._pending)
        except OSError as error:
            self._retry_at = self._now() + RETRY_S
            self._tell("storage", _cause(error))
            if isinstance(error, StorageFull):
                with self._watched():
                    self._store.buffer.thin()
            return
        last = self._pending[-1].sequence
        self._pending.clear()
        self._retry_at = 0.0
        self._tell("storage", "")
        self._post(Kept(last, lasts=not self._store.is_memory))

    def _note(self) -> None:
        """Put on disk what a resident did; what cannot be put is tried again, the newest of it."""
        if not self._lived or self._now() < self._note_at:
            return
        self._note_at = self._now() + RETRY_S
        del self._lived[:-MOST_LIVED]
        with self._watched("storage.diary"):
            self._store.diary.put(self._lived)
            self._lived.clear()
            self._note_at = 0.0
            self._tell("storage.diary", "")

    def _serve(self, request: object) -> None:
        match request:
            case Done(queue=Queue.EVENTS):
                with self._watched():
                    self._forget(request.sequences)
            case Done():
                with self._watched():
                    self._forget_readings(request.sequences)
            case Lend():
                self._lend(request)
            case Snapshot():
                self._keep_snapshot(request)
            case Count():
                self._post(self._stock())
            case None:
                self._stopping = True

    def _forget(self, sequences: Sequence[int]) -> None:
        """An event that the platform has before the disk need not go to the disk any more."""
        done = set(sequences)
        early = {event.sequence for event in self._pending} & done
        if early:
            self._pending = [event for event in self._pending if event.sequence not in early]
        self._store.outbox.acknowledge(sorted(done - early))

    def _forget_readings(self, sequences: Sequence[int]) -> None:
        written = self._store.buffer.last_sequence
        self._done_early.update(s for s in sequences if s > written)
        self._store.buffer.acknowledge([s for s in sequences if s <= written])

    def _lend(self, request: Lend) -> None:
        items: Sequence[Any] | None = None
        is_events = request.queue is Queue.EVENTS
        queue_on_disk = self._store.outbox if is_events else self._store.buffer
        with self._watched("storage.lent"):  # a part of its own: what is written may be well
            items = queue_on_disk.take(request.after, request.limit)
            if not is_events:
                items = [*items, *self._waiting(request.after, request.limit - len(items))]
            self._tell("storage.lent", "")
        self._post(Lent(request.queue, request.after, items))

    def _waiting(self, after: int, limit: int) -> list[Reading]:
        """Readings above a sequence that are to be sent and not on disk yet: the newest."""
        found = (
            item
            for item in self._unwritten
            if isinstance(item, Reading)
            and item.stamp.sequence > after
            and item.stamp.sequence not in self._done_early
        )
        return list(islice(found, limit))

    def _keep_snapshot(self, request: Snapshot) -> None:
        if not self._pending:  # one that knows of events not on disk yet would lose them
            with self._watched():
                keep(self._store, request.document, request.sequence)
        self._post(self._stock())

    def _sync(self) -> None:
        """Sync plain readings, not too often."""
        unsynced = self._store.buffer.unsynced
        if unsynced >= SYNC_ITEMS or (unsynced and self._now() >= self._sync_at):
            self._sync_at = self._now() + SYNC_S
            with self._watched():
                self._store.buffer.sync()
                # The platform may have had all events from memory: this is well again all the same.
                if self._retry_at and not self._pending:
                    self._retry_at = 0.0
                    self._tell("storage", "")

    def _prepare(self) -> None:
        """Make room ahead while nothing else is to be done."""
        if self._requests.empty() and self._now() >= self._prepare_at:
            is_ready = self._store.outbox.prepare() and self._store.buffer.prepare()
            self._prepare_at = self._now() + (SYNC_S if is_ready else UNREADY_S)

    def _stock(self) -> Stock:
        buffer, outbox, diary = self._store.buffer, self._store.outbox, self._store.diary
        return Stock(
            events_waiting=outbox.waiting,
            readings_waiting=buffer.waiting + len(self._unwritten) - len(self._done_early),
            readings_bytes=buffer.size_bytes,
            damaged=buffer.damage.count + outbox.damage.count + diary.damage.count,
            damaged_files=buffer.damage.files
            + outbox.damage.files
            + diary.damage.files
            + len(self._store.snapshots.damaged),
            thinned=buffer.thinned.join(self._given_up),
        )

    @contextmanager
    def _watched(self, part: str = "storage") -> Iterator[None]:
        """Report a failing disk, and go on."""
        try:
            yield
        except OSError as error:
            self._tell(part, _cause(error))

    def _tell(self, part: str, reason: str) -> None:
        """Report a change once."""
        if reason != self._told.get(part):
            self._told[part] = reason
            self._post(Trouble(part, reason))


def _cause(error: OSError) -> str:
    """What the operating system says. The file's name changes with every attempt: it is no news."""
    source = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return source.strerror or str(error)
