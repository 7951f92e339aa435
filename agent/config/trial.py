"""A configuration on trial: until somebody confirms it, the one before it waits to come back. Pure.

Theory of operation. `apply` notes the trial on disk before it changes anything; from then on there
is either a person who confirms, or the old configuration comes back: by `apply` itself, or by a
run of `return-if-due`, which systemd starts every 30 s and at boot. That run sees no more than the
note, the file in force and the time, and decides:

| the file in force | stage   | time      | what `return-if-due` does                              |
|-------------------|---------|-----------|--------------------------------------------------------|
| the old one       | any     | any       | finishes a change or a return that died on its way     |
| any other         | trying  | any       | returns: who tried it died before it was found healthy |
| any other         | healthy | not yet   | waits, and notes how long the trial has lasted         |
| any other         | healthy | has come  | returns                                                |

No clock that can be set decides by itself. Within a boot, the kernel's seconds since boot count.
After a reboot these begin anew: what was noted before counts on, with the longest time that can lie
between two notes added, so that a device that crashes again and again still comes back. How long it
was without power only the wall clock knows; it is asked where it was synchronised at both ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from agent.config.gate import Baseline

NOTED_EVERY_S = 30.0  # the period of street-agent-return.timer
RETURN_S = 30.0  # a return begins so early that the device is connected again by the deadline


class Stage(StrEnum):
    """How far a trial has come."""

    TRYING = "trying"
    HEALTHY = "healthy"


class Step(StrEnum):
    """What `return-if-due` has to do."""

    FINISH = "finish"
    RETURN = "return"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time on every clock there is.

    Attributes:
        boot: id of this boot of the kernel.
        mono: seconds since boot.
        wall: seconds since 1970 UTC, right only where `is_synced`.
    """

    boot: str
    mono: float
    wall: float
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Pending:
    """A trial.

    Attributes:
        number: the revision on trial.
        digest: SHA-256 of its text.
        back_to: the revision that comes back.
        back_digest: SHA-256 of that text.
        confirm_s: how long there is to confirm.
        began: when the trial began.
        boot: the boot in which was noted how long it had lasted.
        mono: seconds since that boot, then.
        spent_s: how long it had lasted, then.
        before: how the agent was before the trial.
    """

    number: int
    digest: str
    back_to: int
    back_digest: str
    who: str
    why: str
    stage: Stage
    confirm_s: float
    began: Moment
    boot: str
    mono: float
    spent_s: float
    before: Baseline

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        values = asdict(self)
        values["before"]["reading"] = sorted(self.before.reading)
        return values


def from_json(document: Any) -> Pending:
    """Read what `to_json` gave. Raise ValueError."""
    try:
        began: Mapping[str, Any] = document["began"]
        before: Mapping[str, Any] = document["before"]
        return Pending(
            int(document["number"]),
            str(document["digest"]),
            int(document["back_to"]),
            str(document["back_digest"]),
            str(document["who"]),
            str(document["why"]),
            Stage(document["stage"]),
            float(document["confirm_s"]),
            Moment(
                str(began["boot"]),
                float(began["mono"]),
                float(began["wall"]),
                bool(began["is_synced"]),
            ),
            str(document["boot"]),
            float(document["mono"]),
            float(document["spent_s"]),
            Baseline(frozenset(map(str, before["reading"])), bool(before["is_linked"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no trial: {error}") from error


def lasted_s(pending: Pending, now: Moment) -> float:
    """How long a trial has lasted; after a reboot rather too long than too short."""
    if now.boot == pending.boot:
        return pending.spent_s + max(now.mono - pending.mono, 0.0)
    powered = pending.spent_s + NOTED_EVERY_S + now.mono
    if pending.began.is_synced and now.is_synced:
        return max(powered, now.wall - pending.began.wall)
    return powered


def remaining_s(pending: Pending, now: Moment) -> float:
    """How long there still is to confirm; 0 once it is over, and the return begins."""
    return max(pending.confirm_s - RETURN_S - lasted_s(pending, now), 0.0)


def noted(pending: Pending, now: Moment) -> Pending:
    """The trial with a note of how long it has lasted by now."""
    return replace(pending, boot=now.boot, mono=now.mono, spent_s=lasted_s(pending, now))


def next_step(pending: Pending, in_force: str, now: Moment) -> Step:
    """Decide, for a trial that nobody is at work on.

    `in_force` is the SHA-256 of the file in force.
    """
    if in_force == pending.back_digest:
        return Step.FINISH
    if pending.stage is Stage.TRYING or not remaining_s(pending, now):
        return Step.RETURN
    return Step.WAIT
