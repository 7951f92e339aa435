"""Going on where the agent was: the last snapshot, and what was journalled since, run again.

Running inputs again gives the events that they gave before, with the same ids and sequence numbers;
the outbox skips those it has. It cannot have one whose inputs are missing, because inputs are
synced before the events they led to. So nothing concluded is lost and nothing is concluded twice,
wherever the agent was stopped.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.clock import Clock
from agent.events import Event
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.store.buffer import Buffer
from agent.store.diary import Diary, Numbered
from agent.store.outbox import Outbox, renumbered
from agent.store.snapshots import Snapshots

log = logging.getLogger(__name__)

NAME = "pipeline"
UNWRITTEN = 200_000  # inputs that may have been sent from memory and never written: left out


@dataclass(slots=True)
class Store:
    """What is kept on disk.

    Attributes:
        is_memory: whether it stands in for a disk that is of no use: nothing in it lasts.
        snapshot_sequence: number of the last input that the newest snapshot knows.
    """

    buffer: Buffer
    outbox: Outbox
    snapshots: Snapshots
    diary: Diary
    is_memory: bool = False
    snapshot_sequence: int = 0


@dataclass(frozen=True, slots=True)
class Recovered:
    """Where the agent goes on.

    Attributes:
        alive_until: monotonic second of the last thing that it knew; None on its first start.
        sequence: number that no input has had yet, nor any below the last of the earlier run.
        events: concluded again, and not on disk yet.
        activities: concluded again, on disk or not.
        given: as the Gap has it that tells of this start.
    """

    alive_until: float | None
    sequence: int
    events: tuple[Event, ...] = ()
    activities: tuple[Numbered, ...] = ()
    given: int = 0


def compose(pipeline: Pipeline, clock: Clock) -> dict[str, Any]:
    """Put together what a snapshot holds."""
    return {"pipeline": remember(pipeline), "clock": clock.remember()}


def keep(store: Store, document: Mapping[str, Any], sequence: int) -> None:
    """Write a snapshot; inputs up to the one before it are no longer needed for going on.

    The older one is kept too, for a newer one that turns out damaged; so are the inputs since.

    Args:
        store: where.
        document: as composed.
        sequence: number of the last input that it knows.
    """
    store.buffer.sync()
    store.snapshots.save(NAME, document)
    store.buffer.keep_from = store.snapshot_sequence + 1
    store.snapshot_sequence = sequence
    store.buffer.reap()


def go_on(pipeline: Pipeline, clock: Clock, store: Store, unsaved: int = 0) -> Recovered:
    """Bring a fresh pipeline and clock to where the agent was.

    Args:
        pipeline: fresh.
        clock: fresh.
        store: as it was found.
        unsaved: number of the newest event that was sent before the disk had it; 0 = none was.
    """
    snapshot = store.snapshots.load(NAME) or {}
    _recall(pipeline, snapshot.get("pipeline"))
    begun = pipeline.last.sequence if pipeline.last else 0
    store.buffer.keep_from = 0  # the snapshot before this one may still be needed
    store.snapshot_sequence = begun
    events: list[Event] = []
    for item in store.buffer.since(begun):
        events += pipeline.take(item)[1]
    last_mono = store.outbox.last_mono
    if last_mono is not None and store.outbox.last_sequence > pipeline.ledger.sequence:
        events += pipeline.advance(math.nextafter(last_mono, math.inf))
    activities = tuple(pipeline.numbered())
    pipeline.lived = max(pipeline.lived, store.diary.last_number)  # a snapshot may be lost
    new, given = _new(events, pipeline.ledger.sequence, store.outbox)
    given = max(given, unsaved if unsaved > pipeline.ledger.sequence else 0)
    if given:
        log.warning("leaving out numbers of events that the disk does not know up_to=%d", given)
    if pipeline.last is None:
        return Recovered(None, store.buffer.last_sequence, given=given)
    sequence = max(store.buffer.last_sequence, pipeline.last.sequence) + UNWRITTEN
    alive_until = max(pipeline.reached, last_mono or 0.0)
    wall = pipeline.last.wall + (alive_until - pipeline.last.mono)
    clock.carry_on(snapshot.get("clock") or {}, alive_until, wall)
    log.info("going on inputs_run_again=%d open_alarms=%d", pipeline.last.sequence - begun,
             len(pipeline.ledger.alarms))  # fmt: skip
    return Recovered(alive_until, sequence, new, activities, given)


def _recall(pipeline: Pipeline, document: dict[str, Any] | None) -> None:
    if document is None:
        return
    try:
        misfits = recall(pipeline, document)
    except (ValueError, KeyError, TypeError) as error:
        log.error("snapshot not usable, starting with what is journalled error=%s", error)
        return
    if misfits:
        log.warning("states of another release start anew detectors=%s", ",".join(misfits))


def _new(events: list[Event], concluded: int, outbox: Outbox) -> tuple[tuple[Event, ...], int]:
    """Find the events that are not on disk, under numbers that nobody has seen.

    Where inputs or snapshots were lost, numbers may have been given out differently before. Alarms
    have then been told under revisions that are not known here, and none of those may be given to
    something else.

    Args:
        events: concluded again.
        concluded: number of the newest of all that are known.
        outbox: what is on disk.

    Returns:
        The events, and up to where numbers are in doubt; 0 = they are not.
    """
    last = outbox.last_sequence
    new = [event for event in events if event.sequence > last]
    clashing = outbox.missing(events)
    if clashing:
        log.error("events concluded again under other numbers count=%d", len(clashing))
        new = [renumbered(e, n) for n, e in enumerate([*clashing, *new], start=last + 1)]
        return tuple(new), max(new[-1].sequence, concluded + 1)
    if last > concluded:
        log.error("events on disk that the journal does not explain count=%d", last - concluded)
        return tuple(new), last
    return tuple(new), 0
