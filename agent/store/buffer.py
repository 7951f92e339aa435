"""Readings and whatever else came in, in order, until they are sent and no restart needs them.

A document's id is its sequence. Keys are short, since there are millions: `b` boot, `m` mono, `w`
wall, `u` wall not synchronised; a reading has `s` sensor, `q` quantity, `v` value, and where it is
not simply good `g` grade and `r` reasons; a sensor's state has `s`, `t` status and `r` reason; a
state of the device `p` part, `r` reason and `f` facts; a gap `a` since, `n` where its length is not
known, and `e` where events may have been given out that the disk does not know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import Any

from agent.errors import StorageFull
from agent.events import DeviceState, Gap, Input
from agent.store.damage import Damage
from agent.store.files import failure
from agent.store.journal import Journal, to_json
from agent.store.segment import stored
from drivers.reading import (
    GOOD,
    Grade,
    Quality,
    Quantity,
    Reading,
    SensorState,
    SensorStatus,
    Stamp,
)

TABLE = "inputs"


@dataclass(frozen=True, slots=True)
class Thinned:
    """What was dropped because there was no room.

    Attributes:
        count: readings that were not sent.
        first_wall: wall time of the first of them.
        last_wall: wall time of the last of them.
        needed: inputs that a restart would have run again. It lacks them until there is a snapshot
            that knows them: save one soon.
    """

    count: int = 0
    first_wall: float = 0.0
    last_wall: float = 0.0
    needed: int = 0

    def join(self, other: Thinned) -> Thinned:
        """Both as one."""
        if not (self.count and other.count):
            needed = self.needed + other.needed
            return replace(self if self.count else other, needed=needed)
        return Thinned(
            self.count + other.count,
            min(self.first_wall, other.first_wall),
            max(self.last_wall, other.last_wall),
            self.needed + other.needed,
        )


class Buffer:
    """The journal of inputs. One thread uses it.

    Args:
        folder: its own; made if it does not exist.
        bound_bytes: most that segments may take; beyond it the oldest goes whole.
        group: most items that a power cut may take: so many are appended between two syncs.
        history: segments of 2,000 items at most that stay when all is sent and no restart needs it.
    """

    def __init__(self, folder: Path, bound_bytes: int, group: int = 32, history: int = 0) -> None:
        self._journal = Journal(folder)
        self._table = self._journal.table(TABLE)
        self._spool = self._table.spool
        self._spool.keep_from = 0
        self._spool.history = history
        self._bound_bytes = bound_bytes
        self._group = group
        self._begun = 0
        self._thinned = Thinned()

    @property
    def keep_from(self) -> int:
        """Inputs from this sequence on stay on disk although acknowledged; 0 at first: all stay.

        A restart runs them again: the sequence after that of the oldest snapshot that may be used.
        """
        return self._spool.keep_from

    @keep_from.setter
    def keep_from(self, sequence: int) -> None:
        self._spool.keep_from = sequence

    @property
    def last_sequence(self) -> int:
        """Sequence of the newest input ever taken in; 0 if there was none."""
        return self._spool.next_id - 1

    @property
    def waiting(self) -> int:
        """How many inputs are not acknowledged; those that are no readings count until passed."""
        return len(self._table)

    @property
    def unsynced(self) -> int:
        """How many inputs a power cut would take."""
        return self._spool.unsynced

    @property
    def size_bytes(self) -> int:
        """What the segments take on disk."""
        return self._spool.size_bytes

    @property
    def damage(self) -> Damage:
        """What was found wrong since it was opened."""
        return self._table.damage

    @property
    def thinned(self) -> Thinned:
        """What was dropped since it was opened."""
        return self._thinned

    def append(self, item: Input) -> None:
        """Write an input; it survives the death of the process from here on.

        Raises:
            ValueError: its sequence is not above `last_sequence`.
            StorageError: it was not stored, or a sync failed; StorageFull: nothing is left to drop.
        """
        self.extend((item,))

    def extend(self, items: Sequence[Input]) -> None:
        """Write inputs, in one go: what costs the time is the write, not the input.

        Raises:
            ValueError: a sequence is not above the one before it.
            StorageError: those above `last_sequence` were not stored, or a sync failed;
                StorageFull: nothing is left to drop.
        """
        documents = [(item.stamp.sequence, encode(item)) for item in items]
        while True:
            try:
                self._table.insert_encoded(documents)
                break
            except StorageFull:
                documents = [pair for pair in documents if pair[0] > self.last_sequence]
                if not self.thin():
                    raise
        if self._spool.begun != self._begun:
            self._begun = self._spool.begun
            while self.size_bytes > self._bound_bytes and self.thin():
                pass
        if self.unsynced >= self._group:
            self.sync()

    def prepare(self) -> bool:
        """Make the next segment ahead, if it is missing, when nothing else is to be done.

        Returns:
            Whether it is there; if the disk refuses, all goes on without it.
        """
        return self._spool.prepare()

    def sync(self) -> None:
        """Make all inputs last through a power cut. Raise StorageError."""
        self._table.sync()

    def take(self, after: int, limit: int) -> list[Reading]:
        """Give the oldest unacknowledged readings above a sequence, in order.

        Other inputs that it passes are not for sending, and are acknowledged.
        """
        readings: list[Reading] = []
        passed: list[int] = []
        for item in self._items(after, removed=False):
            if isinstance(item, Reading):
                readings.append(item)
                if len(readings) >= limit:
                    break
            else:
                passed.append(item.stamp.sequence)
        if passed:
            self.acknowledge(passed)
        return readings

    def acknowledge(self, sequences: Collection[int]) -> None:
        """Have done with inputs: they are not taken again."""
        self._table.remove(doc_ids=sequences)

    def since(self, sequence: int) -> Iterator[Input]:
        """Give every input above a sequence still on disk, acknowledged or not, in order."""
        return self._items(sequence, removed=True)

    def reap(self) -> None:
        """Delete segments that are acknowledged and not kept; `acknowledge` does so too."""
        self._spool.reap()

    def thin(self) -> bool:
        """Drop the oldest segment and count the readings in it; False if only one is left.

        What a restart needs is the newest, so that it goes only when nothing else is left.
        """
        begin = self._spool.first_id
        waited = self._spool.drop_oldest()
        if waited is None:
            return False
        needed = max(0, self._spool.first_id - max(begin, self.keep_from))
        documents = [json.loads(payload) for _, payload in waited]
        walls = [document["w"] for document in documents if "v" in document]
        first, last = (walls[0], walls[-1]) if walls else (0.0, 0.0)
        self._thinned = self._thinned.join(Thinned(len(walls), first, last, needed))
        return True

    def erase(self) -> int:
        """Delete all inputs, sent or not; give how many were not. Raise StorageError."""
        return self._spool.erase()

    def close(self) -> None:
        """Sync and close. Raise StorageError."""
        self._journal.close()

    def _items(self, after: int, removed: bool) -> Iterator[Input]:
        for sequence, document, payload in self._table.following(after, removed):
            try:
                item = from_document(document, sequence)
            except (KeyError, TypeError, ValueError):  # as of a later release
                self._spool.condemn(sequence, payload)
            else:
                yield item


def recorded(folder: Path, since: int) -> Iterator[Input]:
    """Give the inputs above a sequence from a buffer's folder that an agent may be using.

    Nothing is changed, and what cannot be read is passed over. Raise StorageError.
    """
    try:
        for sequence, payload in stored(folder / TABLE, since):
            try:
                yield from_document(json.loads(payload), sequence)
            except (KeyError, TypeError, ValueError):
                continue
    except OSError as error:
        raise failure(error, folder / TABLE) from error


def encode(item: Input) -> bytes:
    """Spell an input as it is stored.

    A plain reading, of which there are millions, is spelled here: three times as fast as the
    general encoder, with the same result.
    """
    stamp = item.stamp
    if isinstance(item, Reading) and item.quality is GOOD and stamp.synced:
        value, mono, wall = item.value, stamp.mono, stamp.wall
        if isinstance(value, float) and math.isfinite(value + mono + wall):
            head, tail = _head(item.sensor, item.quantity), _tail(stamp.boot)
            return f'{head}{value!r},"m":{mono!r},"w":{wall!r}{tail}'.encode()
    return to_json(to_document(item))


@lru_cache(256)
def _head(sensor: str, quantity: Quantity) -> str:
    return f'{{"s":{quoted(sensor)},"q":"{quantity.value}","v":'


@lru_cache(16)
def _tail(boot: str) -> str:
    return f',"b":{quoted(boot)}}}'


def to_document(item: Input) -> dict[str, Any]:
    """Shorten an input."""
    document: dict[str, Any]
    match item:
        case Reading():
            document = {"s": item.sensor, "q": item.quantity, "v": item.value}
            if item.quality != GOOD:
                document["g"] = item.quality.grade
                document["r"] = item.quality.reasons
        case SensorState():
            document = {"s": item.sensor, "t": item.status, "r": item.reason}
        case DeviceState():
            document = {"p": item.part, "r": item.reason}
            if item.facts:
                document["f"] = dict(item.facts)
        case Gap():
            document = {"a": item.since}
            if not item.is_known:
                document["n"] = 1
            if item.given:
                document["e"] = item.given
    stamp = item.stamp
    document["m"] = stamp.mono
    document["w"] = stamp.wall
    document["b"] = stamp.boot
    if not stamp.synced:
        document["u"] = 1
    return document


def from_document(document: Mapping[str, Any], sequence: int) -> Input:
    """Build the input again. Raise KeyError, TypeError or ValueError if it is not one."""
    stamp = Stamp(document["b"], document["m"], document["w"], "u" not in document, sequence)
    if "v" in document:
        quality = GOOD
        if "g" in document:
            quality = Quality(Grade(document["g"]), tuple(document["r"]))
        return Reading(document["s"], Quantity(document["q"]), document["v"], stamp, quality)
    if "t" in document:
        return SensorState(document["s"], SensorStatus(document["t"]), document["r"], stamp)
    if "p" in document:
        return DeviceState(document["p"], document["r"], stamp, document.get("f", {}))
    return Gap(document["a"], stamp, "n" not in document, document.get("e", 0))
