"""How the resident walks from sensor to sensor, and which sensor may have gone blind.

A lens that is covered or a wire that is cut looks like nobody being there. What it cannot hide is
that the walks change: who went to the kitchen by way of the hall seems to get there without it, and
who went to bed seems to stand in the bathroom until the morning. A visit is a sign of another
sensor than the one before, or of the same one after ten minutes without any. Counted are the steps
from each sensor to the next, by how long nothing was heard (less than 10 min, 45 min, 3 h, or
more), and the stays at each: where somebody went from there, by the time since the last sign
elsewhere. For a step from a to b after a time t, a sensor k in between is suspected by the
logarithm of P(a to b, k blind) / P(a to b), which is

    (p[a,b,t] + p[a,k] q[k,b,t]) / (1 - p[a,k] q[k,a,short]) / p[a,b,t],

with p of steps and q of stays; and a itself, which may have gone blind under somebody who stayed
there, by that of q[a,b,t] / p[a,b,t] from 45 min on. These are added up since the sensor's last
sign (Page's cumulative sum, Biometrika 41, 1954), 6 at most for one step. A third counts of a
return within seconds, which is somebody who stands where two lenses see him; and of the door's
sensors no step below 0.25, which would only say that nobody has gone out of late.

The sum rises between the signs of a healthy sensor, too: how high it ever has, losing half in 1,400
visits, is known of each. It may be blind once the sum is half as much again and 6 more, in the
bedroom 30 % and 4 more, and 8 at the least (elsewhere 20 in the first 2,000 visits), if no sum of
another is a quarter higher. It is under suspicion from half of that on. While one is called blind
it takes twice as much for another, as walks past a blind sensor look odd to all; and so it does for
any where a pet lives, which is now in one room and she in another. Or, which finds
sensors that are seldom used, once others have seen somebody come two and a half times as often, and
sixty times more, as ever between two signs of its own; at the door five times as often, for who is
ill stays at home.

Nothing of this is said in the first week. A sensor that has never shown anything was never walked
past: of a motion sensor that is told after 24 hours in which others saw somebody, and of a door's
contact after 100, or after 24 when somebody has passed the entry, nothing was heard for 45 minutes
and the next sign was at the entry again, three times. Whoever fits sensors walks past all of them.
An empty home does not count, as nobody walks there, nor do visitors (see company.py); a movement
that may be a pet's is no visit, but shows that the sensor is not blind.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

STAY_S = 600.0  # without a sign from anywhere: then the next is a visit, even of the same sensor
LONG_S, NIGHT_S = 2700.0, 10_800.0
LONG = 2  # index of what lasts at least LONG_S
KNOWN, ENOUGH, ENOUGH_S, MOST_STEP, PRIOR = 500, 1000, 7 * 86_400.0, 6.0, 0.5
FLICKER_S, FLICKER = 5.0, 0.3
TELLING = 0.25  # at the door: less only says that nobody has gone out of late
FACTOR, MORE, KEEN_FACTOR, KEEN_MORE = 1.5, 6.0, 1.3, 4.0
LEAST, YOUNG_LEAST, WELL_KNOWN = 8.0, 20.0, 2000
MUCH = 2.0  # more is asked while another is called blind or a pet walks, which explain a great deal
RIVAL = 0.8  # of the sums of several the highest explains most
SUSPECT, RELAX, MOST_GROWTH = 0.5, 0.9995, 1.25
SELDOM_FACTOR, SELDOM_DOOR_FACTOR, SELDOM_MORE, MISSED = 2.5, 5.0, 60, 3
MOST_STEPS = 1000.0  # from one sensor; beyond it all are halved, so that new ways replace old ones
NEVER_H, NEVER_DOOR_H, OUTINGS = 24, 100, 3

Times = tuple[float, float, float, float]
NONE: Times = (0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Row:
    """Where somebody went from one sensor.

    Attributes:
        total: how often in all.
        to: how often to each, by how long nothing was heard.
    """

    total: float = 0.0
    to: Mapping[str, Times] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Walks:
    """All that is counted, by sensor; monotonic seconds.

    Attributes:
        visits: how many there have been.
        began: when the first was.
        hours: in how many hours there were some.
        hour: number of the last of these.
        at: where the last one was; empty before the first.
        came_from: the sensor before it.
        left: the last sign of that one; None where nobody knows.
        last: number of the last visit of each sensor.
        awaited: of sensors without a visit, how many of the hours had been when they were new.
        missed: the most visits between two of its own, the highest first.
        steps: from each sensor.
        stays: at each sensor, by the time since the last sign elsewhere.
        proof: what speaks for its being blind.
        peaks: the most that ever spoke for it while it was well.
    """

    visits: int = 0
    began: float = 0.0
    hours: int = 0
    hour: int = -1
    at: str = ""
    came_from: str = ""
    left: float | None = None
    last: Mapping[str, int] = field(default_factory=dict)
    awaited: Mapping[str, int] = field(default_factory=dict)
    missed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    steps: Mapping[str, Row] = field(default_factory=dict)
    stays: Mapping[str, Row] = field(default_factory=dict)
    proof: Mapping[str, float] = field(default_factory=dict)
    peaks: Mapping[str, float] = field(default_factory=dict)


def visit(
    walks: Walks, name: str, at: float, before: float | None, door: frozenset[str] = frozenset()
) -> Walks:
    """Take in a visit.

    Args:
        walks: what is counted.
        name: the sensor.
        at: monotonic second of the visit.
        before: that of the last sign from anywhere; None where the home was empty since, or unseen.
        door: sensors that see nobody while the resident stays at home.
    """
    number, hour = walks.visits + 1, int(at // 3600)
    proof, steps, stays = walks.proof, walks.steps, walks.stays
    if before is not None and walks.at:
        time = _time(at - before)
        if number > KNOWN:
            is_flicker = name == walks.came_from and at - before < FLICKER_S
            proof = _proof(walks, name, time, FLICKER if is_flicker else 1.0, door)
        steps = _count(steps, walks.at, name, time)
        if name != walks.at and walks.left is not None:
            stays = _count(stays, walks.at, name, _time(at - walks.left))
    came_from, left = walks.came_from, walks.left  # a stay at the door's contact is an outing
    if name != walks.at:
        came_from, left = walks.at, before
    return Walks(
        number, walks.began if walks.visits else at, walks.hours + (hour != walks.hour), hour, name,
        came_from, left, {**walks.last, name: number}, walks.awaited, _missed(walks, name), steps,
        stays, {**proof, name: 0.0}, _peaks(walks, name, proof.get(name, 0.0)),
    )  # fmt: skip


def seeing(walks: Walks, name: str) -> Walks:
    """Take in that a sensor shows something: whoever that is, a pet even, it is not blind."""
    return replace(
        walks, last={**walks.last, name: walks.visits}, missed=_missed(walks, name),
        proof={**walks.proof, name: 0.0}, peaks=_peaks(walks, name, walks.proof.get(name, 0.0)),
    )  # fmt: skip


def passed(walks: Walks, name: str) -> Walks:
    """Take in that a sensor sees somebody who need not be the resident: no step, but no blindness.

    What company.py says; the sensors that see nobody have missed nothing, and nobody knows how long
    she has stayed where she is.
    """
    return replace(seeing(walks, name), at=name, came_from="", left=None)


def awaiting(walks: Walks, sensors: Collection[str]) -> Walks:
    """Note sensors of which there has been no visit yet, so that they have their time from now."""
    new = [s for s in sensors if s not in walks.last and s not in walks.awaited]
    if not new:
        return walks
    return replace(walks, awaited={**walks.awaited, **dict.fromkeys(new, walks.hours)})


def blind(
    walks: Walks,
    at: float,
    keen: frozenset[str] = frozenset(),
    door: frozenset[str] = frozenset(),
    others: Collection[str] = (),
    *,
    pets: bool = False,
) -> Iterator[str]:
    """Sensors that may be.

    Args:
        walks: what is counted.
        at: monotonic second.
        keen: the sensors of which it matters most.
        door: those that see nobody while the resident stays at home.
        others: those that have been called blind already.
        pets: whether a pet may be taken for the resident, who then seems to walk as she never does.
    """
    if walks.visits < ENOUGH or at < walks.began + ENOUGH_S:
        return
    best = max(proof for name, proof in walks.proof.items() if name not in others)
    for sensor, last in walks.last.items():
        is_best = walks.proof.get(sensor, 0.0) >= RIVAL * best
        if is_best and _ratio(walks, sensor, keen) >= (MUCH if others or pets else 1.0):
            yield sensor
            continue
        most = walks.missed.get(sensor, ())
        if walks.visits >= WELL_KNOWN and len(most) == MISSED:
            factor = SELDOM_DOOR_FACTOR if sensor in door else SELDOM_FACTOR
            if walks.visits - last > factor * most[0] + SELDOM_MORE:
                yield sensor


def suspected(walks: Walks, at: float, keen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Sensors of which half of what it takes is known."""
    if walks.visits < ENOUGH or at < walks.began + ENOUGH_S:
        return
    yield from (name for name in walks.last if _ratio(walks, name, keen) >= SUSPECT)


def never_seen(
    walks: Walks, moving: Collection[str], contacts: Collection[str], entry: Iterable[str]
) -> Iterator[str]:
    """Sensors that have not shown anything since the first, and should have.

    Args:
        walks: what is counted.
        moving: sensors that see people move.
        contacts: those of the front door.
        entry: sensors that see people at the front door.
    """
    for name, since in walks.awaited.items():
        hours = walks.hours - since
        if name in walks.last or hours < NEVER_H:
            continue
        is_missed = hours >= NEVER_DOOR_H or _outings(walks, entry) >= OUTINGS
        if name in moving or (name in contacts and is_missed):
            yield name


def limit(walks: Walks, name: str, *, is_keen: bool) -> float:
    """How much has to speak for a sensor's being blind."""
    peak = walks.peaks.get(name, 0.0)
    if is_keen:
        return max(LEAST, KEEN_FACTOR * peak + KEEN_MORE)
    least = LEAST if walks.visits >= WELL_KNOWN else YOUNG_LEAST
    return max(least, FACTOR * peak + MORE)


def _peaks(walks: Walks, name: str, spoke: float) -> Mapping[str, float]:
    """The most that ever spoke for each sensor's being blind, as one shows that it is not."""
    if walks.visits < KNOWN or spoke <= 0:
        return walks.peaks
    most = MOST_GROWTH * limit(walks, name, is_keen=False)  # a blind week is not taken for usual
    peak = max(min(spoke, most), RELAX * walks.peaks.get(name, 0.0))
    return {**walks.peaks, name: peak}


def _missed(walks: Walks, name: str) -> Mapping[str, tuple[int, ...]]:
    """The most visits that each sensor has missed, as one shows something."""
    count = walks.visits - walks.last.get(name, walks.visits)
    if not count:
        return walks.missed
    ranked = sorted((*walks.missed.get(name, ()), count), reverse=True)
    return {**walks.missed, name: tuple(ranked[:MISSED])}


def _ratio(walks: Walks, name: str, keen: frozenset[str]) -> float:
    proof = walks.proof.get(name, 0.0)
    if proof < SUSPECT * LEAST or name not in walks.peaks:
        return 0.0
    return proof / limit(walks, name, is_keen=name in keen)


def _outings(walks: Walks, entry: Iterable[str]) -> float:
    rows = ((walks.steps.get(name, Row()), name) for name in entry)
    return sum(sum(row.to.get(name, NONE)[LONG:]) for row, name in rows)


def _time(length_s: float) -> int:
    """How long nothing was heard, as an index of `Times`."""
    if length_s < STAY_S:
        return 0
    return 1 if length_s < LONG_S else LONG if length_s < NIGHT_S else 3


def _count(rows: Mapping[str, Row], before: str, name: str, time: int) -> Mapping[str, Row]:
    row = rows.get(before) or Row()
    old = row.to.get(name, NONE)
    a, b, c, d = (count + (n == time) for n, count in enumerate(old))
    to: dict[str, Times] = {**row.to, name: (a, b, c, d)}
    total = row.total + 1.0
    if total > MOST_STEPS:
        to = {sensor: (a / 2, b / 2, c / 2, d / 2) for sensor, (a, b, c, d) in to.items()}
        total /= 2
    return {**rows, before: Row(total, to)}


def _proof(
    walks: Walks, name: str, time: int, weight: float, door: frozenset[str]
) -> dict[str, float]:
    """What speaks for each sensor's being blind, after a step from where the last visit was."""
    stays, a, proof = walks.stays, walks.at, dict(walks.proof)
    prior = PRIOR / len(walks.last)
    share = prior / len(NONE)
    row = walks.steps.get(a) or Row()
    total = row.total + PRIOR
    direct = (row.to.get(name, NONE)[time] + share) / total
    for k in walks.last:
        if k == name:
            continue
        stay = stays.get(k) or Row()
        by_k = (stay.to.get(name, NONE)[time] + share) / (stay.total + PRIOR)
        if k == a:
            gone = math.log(by_k / direct) if time >= LONG else 0.0
            proof[k] = min(MOST_STEP, max(0.0, gone))
            continue
        to_k = (sum(row.to.get(k, NONE)) + prior) / total
        back = to_k * (stay.to.get(a, NONE)[0] + share) / (stay.total + PRIOR)
        step = math.log((direct + to_k * by_k) / (1.0 - back) / direct)
        if step >= TELLING or k not in door:
            proof[k] = proof.get(k, 0.0) + weight * min(MOST_STEP, step)
    return proof
