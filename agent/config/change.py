"""Try a configuration, make it last, go back to one before: each under the lock, each to its end.

`apply` keeps the old text and the new one as revisions, tells the history, notes the trial, and
only then replaces the file (agent/config/trial.py has what follows if it dies). It restarts the
agent if that will read something else, and waits until nothing is worse than before; otherwise the
old configuration comes back at once. A trial on top of a trial goes back to where the first began.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from agent.config.attempt import (
    PATIENCE_S,
    Device,
    Ending,
    Order,
    Outcome,
    Reason,
    attempted,
    has_read,
    record,
    same_to_agent,
    settle,
)
from agent.config.gate import Baseline, Standing, Verdict, baseline, verdict
from agent.config.going_back import go_back, keep_edited
from agent.config.history import Deed, previous
from agent.config.load import parse
from agent.config.revisions import digest
from agent.config.trial import Pending, Stage, noted, remaining_s
from agent.errors import ConfigError, ServiceError, StorageError, StreetAgentError

TRYING_S = 300.0  # for a trial without a deadline of its own: longer than it can take
BY_HAND = "edited by hand"
UNREAD = (
    "the agent runs with another configuration than this file: edited in place, it was not tried."
    " Put the old text back, edit a copy and apply that"
)


def apply(device: Device, data: bytes, order: Order) -> Outcome:
    """Put a valid configuration into force.

    Raises:
        StorageError: the disk did not take it; the old one is in force.
        StreetAgentError: another command is at it.
    """
    revisions = device.revisions
    with revisions.locked():
        pending, old = revisions.pending(), revisions.in_force()
        standing = device.watch.look()
        is_edited = pending is not None and digest(old) != pending.digest
        run = None if pending else _run_instead(device, old, standing)
        if data == old and not (is_edited or run):
            return _unchanged(device, pending, old, standing)
        if pending and digest(data) == pending.back_digest:
            return go_back(device, pending, Reason.ASKED)
        edited = _keep_old(device, pending, old)
        back_to = pending.back_to if pending else (data == old and run) or _good(device, old)
        back = revisions.text(back_to)
        number = revisions.keep(data)
        record(device, number, digest(data), Deed.APPLIED, order.why)
        needs_restart = not has_read(device, data, standing, old)
        before = pending.before if pending else baseline(standing)
        trial = _trial(device, order, (number, data), (back_to, back), before)
        _replace(device, pending, trial, (old, data, back))
        found = _tried(device, trial) if needs_restart else Verdict()
        lasts = not order.confirm_s or same_to_agent(data, back)
        worse = (*found.worse, *(found.uplink if lasts else ()))
        if worse:
            outcome = go_back(device, trial, Reason.WORSE, worse)
        elif lasts:
            outcome = _make_last(device, trial)
        else:
            outcome = _on_trial(device, trial, found.uplink)
        return replace(
            outcome, is_restarted=needs_restart or bool(outcome.is_restarted),
            edited=outcome.edited or edited,
        )  # fmt: skip


def confirm(device: Device, *, anyway: bool) -> Outcome:
    """Make the configuration on trial last, unless something is worse than before the trial.

    With `anyway` it lasts all the same.
    """
    revisions = device.revisions
    with revisions.locked():
        pending, text = revisions.pending(), revisions.in_force_if_any()
        if pending is None:
            return _nothing(device, text)
        if digest(text) == pending.back_digest:
            return go_back(device, pending, Reason.INTERRUPTED)
        left_s = remaining_s(pending, device.now())
        if digest(text) != pending.digest:
            return Outcome(
                Ending.EDITED, pending.number, pending.back_to, remaining_s=left_s,
                edited=keep_edited(device, pending, text),
            )  # fmt: skip
        standing = device.watch.look()
        is_read = standing and has_read(device, text, standing, text)
        its_digest = standing.digest if standing and is_read else pending.digest
        found = verdict(standing, its_digest, pending.before)
        worse = (*found.worse, *found.uplink)
        if worse and not anyway:
            return Outcome(
                Ending.NOT_HEALTHY, pending.number, pending.back_to, worse=worse, remaining_s=left_s
            )
        return replace(_make_last(device, pending), worse=worse)


def give_up(device: Device) -> Outcome:
    """End the trial under way, and go back."""
    with device.revisions.locked():
        pending = device.revisions.pending()
        if pending is None:
            return _nothing(device, device.revisions.in_force_if_any())
        return go_back(device, pending, Reason.ASKED)


def earlier(device: Device, number: int | None) -> int:
    """The revision that is meant: the one before, or one by its number. Raise StreetAgentError."""
    kept = device.revisions.kept()
    if number is None:
        in_force = digest(device.revisions.in_force())
        found = previous(device.revisions.lines(), kept, in_force)
        if found is None:
            raise StreetAgentError("no configuration before this one is kept")
        return found
    if number not in kept:
        known = ", ".join(map(str, kept)) or "none"
        raise StreetAgentError(f"revision {number} is not kept; kept: {known}")
    return number


def _unchanged(
    device: Device, pending: Pending | None, old: bytes, standing: Standing | None
) -> Outcome:
    number = device.revisions.find(old) or 0
    if pending is None:
        is_read = standing is None or has_read(device, old, standing, old)
        return Outcome(Ending.UNCHANGED, number, troubles=() if is_read else (UNREAD,))
    left_s = remaining_s(pending, device.now())
    return Outcome(Ending.UNCHANGED, number, pending.back_to, remaining_s=left_s)


def _run_instead(device: Device, old: bytes, standing: Standing | None) -> int | None:
    """The revision that the agent runs with, where the file was edited in place after it."""
    if standing is None or has_read(device, old, standing, old):
        return None
    kept = device.revisions.kept()
    return next((number for number, its in kept.items() if its == standing.digest), None)


def _nothing(device: Device, text: bytes) -> Outcome:
    """No trial is under way; it is told if the last one was returned."""
    last = device.revisions.lines()[-1:]
    number = device.revisions.find(text) or 0
    if last and last[0].deed is Deed.RETURNED:
        return Outcome(Ending.NOTHING, last[0].number, number, worse=(last[0].why,))
    return Outcome(Ending.NOTHING, number)


def _keep_old(device: Device, pending: Pending | None, old: bytes) -> int:
    """Keep the file in force; its number if it was edited by hand, else 0."""
    revisions = device.revisions
    if pending:
        return keep_edited(device, pending, old)
    if revisions.find(old) is not None:
        return 0
    is_first = not revisions.kept()
    number = revisions.keep(old)
    record(device, number, digest(old), Deed.FOUND, "" if is_first else BY_HAND)
    return 0 if is_first else number


def _good(device: Device, old: bytes) -> int:
    """The revision to go back to: the one in force, unless an edit by hand has made it invalid."""
    revisions = device.revisions
    number = revisions.keep(old)
    try:
        parse(old, str(revisions.site))
    except ConfigError:
        return previous(revisions.lines(), revisions.kept(), digest(old)) or number
    return number


def _trial(
    device: Device,
    order: Order,
    tried: tuple[int, bytes],
    back: tuple[int, bytes],
    before: Baseline,
) -> Pending:
    now = device.now()
    return Pending(
        tried[0], digest(tried[1]), back[0], digest(back[1]), device.who, order.why, Stage.TRYING,
        order.confirm_s or TRYING_S, now, now.boot, now.mono, 0.0, before,
    )  # fmt: skip


def _replace(
    device: Device, earlier_trial: Pending | None, trial: Pending, texts: tuple[bytes, bytes, bytes]
) -> None:
    """Note the trial, then replace the file; where that fails all is as it was."""
    revisions = device.revisions
    old, data, back = texts
    try:
        revisions.prepare_return(back)
        revisions.write_pending(trial)
        revisions.put_in_force(data)
    except StorageError:
        with suppress(StorageError):  # a note that stays is seen to by the next run
            if revisions.in_force_if_any() != old:  # renamed, and then not synced
                revisions.put_in_force(old)
            if earlier_trial:
                revisions.write_pending(earlier_trial)
            else:
                revisions.end_trial()
        raise


def _tried(device: Device, trial: Pending) -> Verdict:
    try:
        device.service.restart()
    except ServiceError as error:
        return Verdict((str(error),))
    return settle(device, trial.digest, trial.before, min(PATIENCE_S, trial.confirm_s / 3))


def _on_trial(device: Device, trial: Pending, waits_for: Sequence[str]) -> Outcome:
    now = device.now()
    try:
        device.revisions.write_pending(noted(replace(trial, stage=Stage.HEALTHY), now))
    except StorageError as error:
        return go_back(device, trial, Reason.WORSE, (str(error),))
    return Outcome(
        Ending.ON_TRIAL, trial.number, trial.back_to, waits_for=tuple(waits_for),
        remaining_s=remaining_s(trial, now), troubles=_pruned(device, trial),
    )  # fmt: skip


def _make_last(device: Device, trial: Pending) -> Outcome:
    """End the trial: from here on the configuration lasts, whatever fails below."""
    device.revisions.end_trial()
    troubles = attempted(lambda: record(device, trial.number, trial.digest, Deed.CONFIRMED))
    return Outcome(
        Ending.LASTS, trial.number, trial.back_to, troubles=(*troubles, *_pruned(device, trial))
    )


def _pruned(device: Device, trial: Pending) -> tuple[str, ...]:
    return attempted(lambda: device.revisions.prune({trial.number, trial.back_to}))
