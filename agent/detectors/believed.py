"""How far the readings of a level sensor can be believed: hours counted, and what they come to.

| doubt    | begins                                            | ends                        |
|----------|---------------------------------------------------|-----------------------------|
| no_echo  | 20 bad readings in a row over 20 min, or 2 of 5   | a share under 1 in 5 for 2 h|
|          | in the last 2 h                                   |                             |
| unsteady | 6 breaks from minute to minute in 24 h, 48 of one   | at most 1 in the last 6 h   |
|          | that is read every few seconds                    |                             |
| stuck    | the same millimetre for 16 h                      | it changes                  |
| drift    | more than 40 mm off for 6 h, come slowly          | less than 40 mm off for 2 h |
| blocked  | what came by a leap has stood for 2 h             | it is gone                  |

A break is a rise or a fall that water cannot make. A street never drains by 60 mm between two
readings that are no more than 200 s apart: of 678
published floods the fastest fell 51 mm a minute at the 95th percentile, 96 at the 99th. A second
echo, a branch and an obstacle fall by more, again and again. Recorded healthy posts have five such
breaks in a month at most, the sick ones from 65 up; in between lies a tidal street with waves. The
longest time for which a healthy post gave the same millimetre was 10.6 h.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

HOUR_S = 3600.0
HOURS = 24
NEAR_S = 200.0  # readings further apart tell nothing of what was in between
FALL_MM = 60.0
UNSTEADY, STEADY_SHARE, STEADY_H = 6, 0.2, 6
DOUBTFUL = 4  # breaks in 24 h from which on a warning needs more to be believed
DENSE, DENSE_MORE = 4000, 8.0  # readings in 24 h; who looks more often sees more people pass
SHARE_H, SHARE, WELL_SHARE, FEWEST = 2, 0.4, 0.2, 20
IN_A_ROW, IN_A_ROW_S = 20, 1200.0
STUCK_S = 16 * HOUR_S
OFF_MM, OFF_S, BACK_S = 40.0, 6 * HOUR_S, 2 * HOUR_S
CREPT_S = 3 * HOUR_S  # from dry to 40 mm: no published flood of over 50 mm took longer
BLOCKED_S = 2 * HOUR_S


class Doubt(StrEnum):
    """Why a level sensor is not believed."""

    NO_ECHO = "no_echo"
    UNSTEADY = "unsteady"
    STUCK = "stuck"
    DRIFT = "drift"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour's readings: since when, how many, how many bad, how many breaks."""

    since: float
    count: int = 0
    bad: int = 0
    breaks: int = 0


@dataclass(frozen=True, slots=True)
class Trust:
    """What a sensor's readings have come to.

    Attributes:
        hours: the last 24 at most, the newest last.
        broken: breaks in them.
        bad_row: bad readings in a row.
        bad_since: monotonic second of the first of them.
        value: the last value that was not bad.
        same_since: monotonic second since when it is the same.
        off_since: since when the depth is more than 40 mm off dry; None where it is not.
        on_since: since when it is not; None where it is.
        dry_at: when the depth was last within 20 mm of dry.
        crept: whether it got off so slowly that it is no water.
        leapt_at: when it came by a leap that water cannot make, and still stands; None for none.
        doubt: None while it is believed.
    """

    hours: tuple[Hour, ...] = ()
    broken: int = 0
    bad_row: int = 0
    bad_since: float = 0.0
    value: float | None = None
    same_since: float = 0.0
    off_since: float | None = None
    on_since: float | None = None
    dry_at: float | None = None
    crept: bool = False
    leapt_at: float | None = None
    doubt: Doubt | None = None

    @property
    def is_strained(self) -> bool:
        """Whether a warning needs more than the usual to be believed."""
        return self.doubt is not None or self.crept or _is_often(self, DOUBTFUL)


def count(trust: Trust, at: float, *, is_bad: bool, is_break: bool) -> Trust:
    """Take a reading into its hour."""
    row = trust.bad_row + 1 if is_bad else 0
    since = at if row == 1 else trust.bad_since
    hours, broken = tally(trust, at, is_bad=is_bad, is_break=is_break)
    return replace(trust, hours=hours, broken=broken, bad_row=row, bad_since=since)


def tally(trust: Trust, at: float, *, is_bad: bool, is_break: bool) -> tuple[tuple[Hour, ...], int]:
    """The hours with one reading more, without those that a day has passed since; their breaks."""
    hours, broken = trust.hours, trust.broken
    if not hours or at >= hours[-1].since + HOUR_S:
        begun = (*(h for h in hours if h.since > at - (HOURS + 1) * HOUR_S), Hour(at))
        hours = begun[-HOURS:]
        broken = sum(hour.breaks for hour in hours)
    last = hours[-1]
    last = Hour(last.since, last.count + 1, last.bad + is_bad, last.breaks + is_break)
    return (*hours[:-1], last), broken + is_break


def judge(trust: Trust, at: float) -> Trust:
    """Begin to doubt, or to believe again."""
    doubt = None if trust.doubt is None else _still(trust, at)
    doubt = doubt or _begins(trust, at)
    return trust if doubt is trust.doubt else replace(trust, doubt=doubt)


def _begins(trust: Trust, at: float) -> Doubt | None:
    if _share(trust) >= SHARE or (trust.bad_row >= IN_A_ROW and at - trust.bad_since >= IN_A_ROW_S):
        return Doubt.NO_ECHO
    if _is_often(trust, UNSTEADY) and _is_restless(trust):
        return Doubt.UNSTEADY
    if trust.value is not None and at - trust.same_since >= STUCK_S:
        return Doubt.STUCK
    if trust.crept and trust.off_since is not None and at - trust.off_since >= OFF_S:
        return Doubt.DRIFT
    if trust.leapt_at is not None and at - trust.leapt_at >= BLOCKED_S:
        return Doubt.BLOCKED
    return None


def _still(trust: Trust, at: float) -> Doubt | None:
    """The doubt there is, if it has not ended."""
    match trust.doubt:
        case Doubt.NO_ECHO:
            holds = trust.bad_row > 0 or _share(trust, 1) >= WELL_SHARE
        case Doubt.UNSTEADY:
            holds = _is_restless(trust)
        case Doubt.STUCK:
            holds = at - trust.same_since >= STUCK_S
        case Doubt.DRIFT:
            holds = trust.on_since is None or at - trust.on_since < BACK_S
        case Doubt.BLOCKED:
            holds = trust.leapt_at is not None
        case _:
            return None
    return trust.doubt if holds else None


def _is_often(trust: Trust, few: int) -> bool:
    """Whether there were so many breaks in a day, or more where readings are dense."""
    return trust.broken >= few and trust.broken >= few * _more(trust)


def _is_restless(trust: Trust) -> bool:
    """Whether breaks go on."""
    lately = sum(hour.breaks for hour in trust.hours[-STEADY_H:])
    return lately > STEADY_SHARE * UNSTEADY * _more(trust)


def _more(trust: Trust) -> float:
    """How many times more breaks a sensor may have that is read more often than once a minute."""
    is_dense = sum(hour.count for hour in trust.hours) >= DENSE / HOURS * len(trust.hours)
    return DENSE_MORE if is_dense else 1.0


def _share(trust: Trust, fewest: int = FEWEST) -> float:
    """Share of bad readings in the last two hours; 0 where there are too few."""
    recent = trust.hours[-SHARE_H:]
    bad = sum([hour.bad for hour in recent])
    if not bad:
        return 0.0
    total = sum([hour.count for hour in recent])
    return bad / total if total >= fewest else 0.0
