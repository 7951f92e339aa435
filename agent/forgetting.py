"""Erasing what is known of a person from a state folder, so that no start can learn it again.

The order is what makes it safe to stop at any moment, and to be done again:

1. what is journalled is run, as at a start: everything is known that can be learned from it;
2. events that came of that are put on disk;
3. the snapshot without the person is put in place: from here on a start knows nothing of him, for
   that snapshot knows the last input, and nothing before it is run again;
4. so is the one before it, which would be taken where the newer one is damaged;
5. inputs are deleted, then the diary, then events that are done with, then what was set aside
   as damaged.

Before 3 all is as it was. Files are deleted, not overwritten: a card keeps no promise about that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.clock import Clock
from agent.errors import StorageError
from agent.pipeline.alarms import leap
from agent.pipeline.memory import recall
from agent.pipeline.pipeline import Pipeline
from agent.pipeline.unlearning import unlearn
from agent.recovery import NAME, Store, compose, go_on
from agent.store.files import remove_set_aside


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased, and what stays.

    Attributes:
        unsent: inputs that the platform has not had; only a site that sends readings misses them.
        activities: lines on what the resident did.
        events: events that the platform has had, or has refused.
        damaged: files that had been set aside.
        waiting: events that stay until the platform has them.
        alarms: open alarms, which stay.
        sequence: number of the newest event ever; the next one has a higher one.
    """

    unsent: int
    activities: int
    events: int
    damaged: int
    waiting: int
    alarms: int
    sequence: int


def check(pipeline: Pipeline, store: Store) -> None:
    """See whether the snapshot can be gone on from; else its alarms and numbers would be lost.

    Args:
        pipeline: one of its own: it is of no use afterwards.
        store: as it was found.

    Raises:
        StorageError: it cannot; nothing is changed.
    """
    document = store.snapshots.load(NAME)
    if document is None:
        return
    try:
        recall(pipeline, document["pipeline"])
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(f"the snapshot is of no use here, nothing is erased: {error}") from error


def forget(pipeline: Pipeline, clock: Clock, store: Store, folder: Path, unsaved: int) -> Erased:
    """Erase the person. Raise StorageError: then it is to be done again.

    Args:
        pipeline: fresh.
        clock: fresh.
        store: as it was found, and checked.
        folder: where it lives.
        unsaved: number of the newest event that was sent before the disk had it; 0 = none was.
    """
    recovered = go_on(pipeline, clock, store, unsaved)
    store.outbox.put(recovered.events)
    if recovered.given and pipeline.last is not None:
        pipeline.ledger = leap(pipeline.ledger, pipeline.last.mono, recovered.given)
    unlearn(pipeline)
    document = compose(pipeline, clock)
    for _ in ("the newest", "the one before it"):
        store.snapshots.save(NAME, document)
    unsent = store.buffer.erase()
    activities = store.diary.erase()
    events = store.outbox.scrub()
    damaged = remove_set_aside(folder)
    sequence = max(store.outbox.last_sequence, pipeline.ledger.sequence)
    alarms = len(pipeline.ledger.alarms)
    return Erased(unsent, activities, events, damaged, store.outbox.waiting, alarms, sequence)
