"""Back to the configuration before: asked for, because something got worse, or because it is due.

In this order: keep a file that somebody has edited meanwhile, replace the file, tell the history,
restart, end the trial. Whatever a power cut leaves of it, the next run of `return-if-due` finishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from agent.config.attempt import (
    Device,
    Ending,
    Outcome,
    Reason,
    attempted,
    has_read,
    record,
    settle,
)
from agent.config.history import Deed
from agent.config.revisions import Busy, digest
from agent.config.trial import (
    NOTED_EVERY_S,
    Pending,
    Stage,
    Step,
    next_step,
    noted,
    remaining_s,
)
from agent.errors import StorageDamaged, StorageError


def go_back(device: Device, pending: Pending, reason: Reason, worse: Sequence[str] = ()) -> Outcome:
    """Put the old configuration into force again, under the lock.

    Raises:
        StorageError: it could not be put back; the trial goes on, and the next run tries again.
    """
    now_in_force = device.revisions.in_force_if_any()
    try:
        edited = keep_edited(device, pending, now_in_force)
    except StorageError:  # no room, say
        edited = device.revisions.keep_in_force()
    if digest(now_in_force) != pending.back_digest:
        device.revisions.put_back(pending)
    old = device.revisions.in_force()
    troubles = attempted(lambda: _tell(device, pending, reason, worse))
    standing = device.watch.look()  # a silent agent may have given up over the new one
    needs_restart = standing is None or not has_read(device, old, standing, old)
    if needs_restart:
        unable = attempted(device.service.restart)
        if unable:  # the trial is not over: the next run restarts
            return _returned(pending, reason, worse, edited, (*troubles, *unable))
    troubles += attempted(device.revisions.end_trial)
    if needs_restart:
        after = settle(device, pending.back_digest, pending.before)
        troubles += (*after.worse, *after.uplink)
    return _returned(pending, reason, worse, edited, troubles, is_restarted=needs_restart)


def return_if_due(device: Device) -> Outcome | None:
    """Go back if that is due, or will be before the next run; None = nothing was to be done.

    Raises:
        StorageError: it is due and did not work.
    """
    while True:
        try:
            with device.revisions.locked():
                outcome, wait_s = _due(device)
        except Busy:  # somebody is at it; should they die, the next run sees to it
            return None
        if wait_s is None or wait_s > NOTED_EVERY_S:
            return outcome
        device.sleep(wait_s)


def keep_edited(device: Device, pending: Pending, text: bytes) -> int:
    """Keep a file in force that is neither on trial nor the old one; its number, 0 = it is.

    Raises:
        StorageError: the disk does not take it.
    """
    revisions = device.revisions
    if not text or digest(text) in {pending.digest, pending.back_digest}:
        return 0
    known = revisions.find(text)
    if known is not None:
        return known
    number = revisions.keep(text)
    with suppress(StorageError):
        record(device, number, digest(text), Deed.EDITED)
    return number


def _due(device: Device) -> tuple[Outcome | None, float | None]:
    """One look at the trial under way; the second is how long there is still to wait."""
    try:
        pending = device.revisions.pending()
    except StorageDamaged as error:
        return _without_note(device, str(error)), None
    if pending is None:
        return None, None
    now = device.now()
    text = device.revisions.in_force_if_any()
    match next_step(pending, digest(text), now):
        case Step.WAIT:
            attempted(lambda: keep_edited(device, pending, text))
            attempted(lambda: device.revisions.write_pending(noted(pending, now)))
            return None, remaining_s(pending, now)
        case Step.FINISH:
            return go_back(device, pending, Reason.INTERRUPTED), None
        case Step.RETURN if pending.stage is Stage.TRYING:
            return go_back(device, pending, Reason.INTERRUPTED), None
        case Step.RETURN:
            return go_back(device, pending, Reason.UNCONFIRMED), None


def _without_note(device: Device, error: str) -> Outcome:
    """Nobody knows any more what was on trial since when: what stands ready comes back at once."""
    revisions = device.revisions
    tried = revisions.in_force()
    number = revisions.keep(tried)
    is_back = revisions.put_back_spare()
    troubles: tuple[str, ...] = (error,)
    if is_back:
        troubles += attempted(
            lambda: record(device, number, digest(tried), Deed.RETURNED, Reason.DAMAGED)
        )
        troubles += attempted(device.service.restart)
    revisions.set_pending_aside()
    back_to = revisions.find(revisions.in_force()) or 0
    ending = Ending.RETURNED if is_back else Ending.NOTHING
    return Outcome(
        ending, number, back_to, is_restarted=is_back, reason=Reason.DAMAGED, troubles=troubles
    )


def _tell(device: Device, pending: Pending, reason: Reason, worse: Sequence[str]) -> None:
    """Say it in the history, once."""
    told = [line for line in device.revisions.lines() if line.number == pending.number]
    if not told or told[-1].deed is not Deed.RETURNED:
        why = ": ".join([reason.value, "; ".join(worse)]) if worse else reason.value
        record(device, pending.number, pending.digest, Deed.RETURNED, why)


def _returned(
    pending: Pending,
    reason: Reason,
    worse: Sequence[str],
    edited: int,
    troubles: Sequence[str],
    *,
    is_restarted: bool = False,
) -> Outcome:
    return Outcome(
        Ending.RETURNED, pending.number, pending.back_to, is_restarted, tuple(worse),
        edited=edited, reason=reason, troubles=tuple(troubles),
    )  # fmt: skip
