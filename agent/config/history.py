"""What became of each configuration of a site: lines that are only ever added, and their sum. Pure.

A line says what was done to a revision. The file in force and the trial under way are not told by
lines but seen: a power cut between a change and its line leaves a true picture all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

SHOWN = 10


class Deed(StrEnum):
    """What was done to a revision."""

    FOUND = "found"  # it was in force, and `apply` had not put it there
    EDITED = "edited"  # likewise, in the middle of a trial of another one
    APPLIED = "applied"
    CONFIRMED = "confirmed"
    RETURNED = "returned"  # the revision before it is in force again


class State(StrEnum):
    """How a revision stands."""

    ON_TRIAL = "on-trial"
    IN_FORCE = "in-force"
    EDITED_IN_FORCE = "edited-in-force"
    EDITED = "edited"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    UNCONFIRMED = "unconfirmed"  # applied, and replaced or broken off before it was confirmed
    KEPT = "kept"  # its line is lost


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was done.

    Attributes:
        digest: SHA-256 of the revision's text.
        at: seconds since 1970 UTC, right only where `is_synced`.
        who: a user's name and from where, or the program's.
        why: as given by who did it, or why a revision was returned.
    """

    number: int
    digest: str
    deed: Deed
    at: float
    is_synced: bool
    who: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Row:
    """A revision as `street-agent config history` shows it.

    Attributes:
        at: None where nothing is known of it; likewise the rest.
        returned: why it was returned; empty where it was not.
    """

    number: int
    state: State
    at: float | None
    is_synced: bool
    who: str
    why: str
    returned: str


def line_from_json(document: Any) -> Line:
    """Read what `to_json` gave. Raise ValueError."""
    try:
        return Line(
            int(document["number"]),
            str(document["digest"]),
            Deed(document["deed"]),
            float(document["at"]),
            bool(document["is_synced"]),
            str(document["who"]),
            str(document["why"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no line of a history: {error}") from error


def previous(lines: Sequence[Line], kept: Mapping[int, str], in_force: str) -> int | None:
    """The revision that was in force for good before the one that is; None if none is kept.

    `kept` has the digest of each revision that is kept, `in_force` is that of the file in force.
    """
    lasting = [
        line.number
        for line in lines
        if line.deed in {Deed.FOUND, Deed.CONFIRMED}
        and kept.get(line.number) == line.digest != in_force
    ]
    if lasting:
        return lasting[-1]
    told = {line.number for line in lines}  # a history that is lost tells of none
    untold = [number for number, its in kept.items() if number not in told and its != in_force]
    return max(untold, default=None)


def rows(
    lines: Sequence[Line], kept: Mapping[int, str], in_force: str, on_trial: int | None
) -> list[Row]:
    """The last revisions, the newest first."""
    numbers = sorted({line.number for line in lines} | set(kept), reverse=True)[:SHOWN]
    return [
        _row(number, [line for line in lines if line.number == number], kept, in_force, on_trial)
        for number in numbers
    ]


def _row(
    number: int,
    lines: Sequence[Line],
    kept: Mapping[int, str],
    in_force: str,
    on_trial: int | None,
) -> Row:
    last = lines[-1].deed if lines else None
    is_in_force = kept.get(number) == in_force
    state = _state(last, is_in_force=is_in_force, is_on_trial=number == on_trial)
    began = next((line for line in reversed(lines) if _puts_in_force(line.deed)), None)
    returned = lines[-1].why if last is Deed.RETURNED and not is_in_force else ""
    if began is None:
        return Row(number, state, None, False, "", "", returned)  # noqa: FBT003
    return Row(number, state, began.at, began.is_synced, began.who, began.why, returned)


def _puts_in_force(deed: Deed) -> bool:
    return deed in {Deed.FOUND, Deed.EDITED, Deed.APPLIED}


def _state(last: Deed | None, *, is_in_force: bool, is_on_trial: bool) -> State:
    if is_in_force and is_on_trial:
        return State.ON_TRIAL
    if is_in_force:
        return State.EDITED_IN_FORCE if last is Deed.EDITED else State.IN_FORCE
    match last:
        case Deed.RETURNED:
            return State.RETURNED
        case Deed.EDITED:
            return State.EDITED
        case Deed.FOUND | Deed.CONFIRMED:
            return State.CONFIRMED
        case Deed.APPLIED:
            return State.UNCONFIRMED
        case None:
            return State.KEPT
