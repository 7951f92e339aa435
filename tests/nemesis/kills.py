"""Killed at every Nth fsync, rename and write of a scripted run (A2)."""

from __future__ import annotations

import random

import tracer
import verdicts
from outcome import Outcome
from rig import Rig
from street import Street

SPEED = 400.0
PAUSE_S = 0.05
SENSORS = 4
SCRIPT = 8  # events on disk; then the run ends by SIGTERM
SCRIPT_S = 15.0
MOST = 2000  # no script has so many calls; a bound for a run that never survives


EVERY = ("fsync", "fdatasync", "rename")
MANY = ("pwrite64", "write")


def syncs(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Every N of fsync, fdatasync and rename."""
    del is_long
    return _walk(rig, draw, EVERY)


def writes(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Every N of pwrite64 and write."""
    del is_long
    return _walk(rig, draw, MANY)


def _walk(rig: Rig, draw: random.Random, kinds: tuple[str, ...]) -> Outcome:
    reason = tracer.why_not()
    if reason:
        return Outcome(not_run=reason)
    street = Street(rig, draw, SENSORS, PAUSE_S)
    whole, notes = Outcome(), []
    for calls in kinds:
        number = 1
        while number < MOST:
            died, failures = _killed_at(street, calls, number)
            whole.failures += failures
            if not died:
                break
            number += 1
        else:
            whole.failures.append(f"{calls}: no run survived up to N = {MOST}")
        notes.append(f"{calls}: every N, {number - 1} kills")
        whole.injections += number - 1
    whole.note = "; ".join(notes)
    return whole


def _killed_at(street: Street, calls: str, number: int) -> tuple[bool, list[str]]:
    """Run the script and kill it at that call, start it again, let it deliver: whether it died."""
    rig = street.rig
    site = f"kill-{calls}-{number}"
    config, state = street.site(site), rig.name("state")
    wrapper = tracer.inject(calls, f"signal=KILL:when={number}")
    first = rig.agent(config, state, SPEED, wrapper)
    first.wait_acks(SCRIPT, SCRIPT_S)
    if first.is_running:
        first.stop()
    died = first.join() != 0
    second = rig.agent(config, state, SPEED)
    failures = []
    if second.wait_ready() is None:
        failures.append(f"{site}: does not start again: {list(second.log)[-3:]}")
    ids = verdicts.acknowledged([first])
    verdicts.drained(street.consumer, set(ids))
    second.stop()
    ids += verdicts.acknowledged([second])
    failures += verdicts.judge(street, ids, site=site, parts=("storage",))
    return died, failures + verdicts.crashed([first, second])
