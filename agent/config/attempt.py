"""What a change of the configuration works with: the device's edges, orders, and how it ended."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from agent.config.gate import Baseline, Standing, Verdict, Watch, verdict
from agent.config.history import Deed, Line
from agent.config.revisions import Revisions, digest
from agent.config.trial import Moment
from agent.errors import ServiceError, StorageError

PATIENCE_S = 60.0  # from a restart until every sensor has been opened and has read
LOOK_EVERY_S = 1.0


class Restarts(Protocol):
    """The service that runs the agent (agent/service.py)."""

    def restart(self) -> None:
        """Have it started anew. Raise ServiceError."""

    def is_active(self) -> bool:
        """Whether it runs. Raise ServiceError."""


@dataclass(frozen=True, slots=True)
class Device:
    """The edges of a device.

    Attributes:
        who: on whose behalf this is done.
    """

    revisions: Revisions
    service: Restarts
    watch: Watch
    now: Callable[[], Moment]
    sleep: Callable[[float], None]
    who: str


@dataclass(frozen=True, slots=True)
class Order:
    """How a configuration is to be tried.

    Attributes:
        confirm_s: how long there is to confirm it; 0 = it lasts if nothing is worse, the uplink
            included, once the agent is ready.
        why: in the words of who does it.
    """

    confirm_s: float
    why: str = ""


class Reason(StrEnum):
    """Why a configuration is returned."""

    UNCONFIRMED = "unconfirmed"  # nobody confirmed it in time
    WORSE = "worse"
    INTERRUPTED = "interrupted"  # who tried it died before it was found healthy
    ASKED = "asked"
    DAMAGED = "damaged"  # the note of the trial cannot be read


class Ending(StrEnum):
    """How a command ended."""

    UNCHANGED = "unchanged"
    LASTS = "lasts"
    ON_TRIAL = "on-trial"
    RETURNED = "returned"
    NOTHING = "nothing"  # no trial is under way
    EDITED = "edited"  # the file in force is not the one on trial
    NOT_HEALTHY = "not-healthy"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Attributes:
        number: the revision concerned; 0 = none.
        back_to: what is in force again, or would be.
        is_restarted: whether the agent was restarted; None = that was not the question.
        worse: what got worse, or what else is the reason.
        waits_for: what has time until the deadline.
        remaining_s: until then.
        edited: the number under which a file edited by hand is kept; 0 = none was.
        troubles: what did not work out besides, for the technician.
    """

    ending: Ending
    number: int = 0
    back_to: int = 0
    is_restarted: bool | None = None
    worse: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    remaining_s: float = 0.0
    edited: int = 0
    reason: Reason | None = None
    troubles: tuple[str, ...] = ()


def same_to_agent(one: bytes, other: bytes) -> bool:
    """Whether two texts differ in comments and blanks at most.

    Their representations are compared: in Python `1 == 1.0 == True`, in a configuration not.
    """
    try:
        return repr(tomllib.loads(_plain(one))) == repr(tomllib.loads(_plain(other)))
    except (ValueError, RecursionError):
        return one == other


def has_read(device: Device, data: bytes, standing: Standing | None, on_disk: bytes) -> bool:
    """Whether the running agent has read a configuration that is the same to it.

    Where it says nothing, it is taken to have read what is on disk.
    """
    if standing is None:
        return same_to_agent(data, on_disk)
    texts = {digest(text): text for text in (on_disk, data)}
    for number, its in device.revisions.kept().items():
        if its == standing.digest and its not in texts:
            texts[its] = device.revisions.text(number)
    read = texts.get(standing.digest)
    return read is not None and same_to_agent(data, read)


def settle(
    device: Device, its_digest: str, before: Baseline, patience_s: float = PATIENCE_S
) -> Verdict:
    """Wait until nothing is worse than before, or for as long as that may take."""
    deadline = device.now().mono + patience_s
    try:
        while True:
            standing = device.watch.look()
            found = verdict(standing, its_digest, before)
            if not (found.worse or found.uplink):
                return found
            if device.now().mono >= deadline:
                return found if standing else Verdict((_silence(device),))
            device.sleep(LOOK_EVERY_S)
    except KeyboardInterrupt:
        return Verdict(("interrupted at the keyboard",))


def record(device: Device, number: int, its_digest: str, deed: Deed, why: str = "") -> None:
    """Add a line to the history. Raise StorageError."""
    now = device.now()
    line = Line(number, its_digest, deed, now.wall, now.is_synced, device.who, why)
    device.revisions.record(line)


def attempted(action: Callable[[], object]) -> tuple[str, ...]:
    """Do something that the rest does not depend on; what went wrong."""
    try:
        action()
    except (StorageError, ServiceError) as error:
        return (str(error),)
    return ()


def _silence(device: Device) -> str:
    try:
        is_active = device.service.is_active()
    except ServiceError as error:
        return f"the agent does not answer; {error}"
    return f"the agent {'runs, but does not answer' if is_active else 'is not running'}"


def _plain(data: bytes) -> str:
    return data.removeprefix(b"\xef\xbb\xbf").decode()
