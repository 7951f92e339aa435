"""How the resident walks from sensor to sensor, and which sensor may have gone blind.

A lens that is covered or a wire that is cut looks like nobody being there. What it cannot hide is
that the walks change: who went to the kitchen by way of the hall seems to get there without it. A
visit is a sign of another sensor than the one before; counted are the steps from each sensor to the
next. For a step from a to b, a sensor k in between is suspected by the logarithm of

    P(a to b, k blind) / P(a to b) = (p[a,b] + p[a,k] p[k,b]) / (1 - p[a,k] p[k,a]) / p[a,b],

added up since its last sign and never below zero (Page's cumulative sum, Biometrika 41, 1954). It
may be blind once that reaches 20, one step counting 3 at most, and a tenth and fifteen visits more
than ever have been missed. Or, which finds sensors that are seldom used, once others have seen
somebody come two and a half times as often, and sixty times more, as ever between two signs of its
own.

Neither sleep nor an empty home counts, as there are no visits. On a recorded month and on forty
simulated weeks no healthy sensor was suspected; the recorded bedroom was found after 10 h (median).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

ENOUGH, PROOF, MOST_STEP, PRIOR = 1000, 20.0, 3.0, 0.5
MORE_THAN_EVER, AND_MORE = 1.1, 15
SELDOM_ENOUGH, SELDOM_FACTOR, SELDOM_MORE, MISSED = 2000, 2.5, 60, 3
MOST_STEPS = 1000.0  # from one sensor; beyond it all are halved, so that new ways replace old ones

Steps = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Walks:
    """All that is counted, by sensor.

    Attributes:
        visits: how many there have been.
        at: where the last one was; empty before the first.
        last: number of the last visit of each sensor.
        missed: the most visits between two of its own, the highest first.
        steps: how often each sensor came after each.
        proof: what speaks for its being blind.
    """

    visits: int = 0
    at: str = ""
    last: Mapping[str, int] = field(default_factory=dict)
    missed: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    steps: Mapping[str, Steps] = field(default_factory=dict)
    proof: Mapping[str, float] = field(default_factory=dict)


def visit(walks: Walks, name: str) -> Walks:
    """Take in that somebody has come to another sensor than the one before."""
    number = walks.visits + 1
    proof = _proof(walks, name) if number > ENOUGH else walks.proof
    missed, count = walks.missed, number - walks.last.get(name, number) - 1
    if count > 0:
        ranked = sorted((*missed.get(name, ()), count), reverse=True)
        missed = {**missed, name: tuple(ranked[:MISSED])}
    return Walks(
        number, name, {**walks.last, name: number}, missed,
        _count(walks.steps, walks.at, name) if walks.at else walks.steps, {**proof, name: 0.0},
    )  # fmt: skip


def passed(walks: Walks, name: str) -> Walks:
    """Take in that a sensor sees somebody who need not be the resident: no step, but no blindness.

    What company.py says; the sensors that see nobody have missed nothing.
    """
    return replace(
        walks, at=name, last={**walks.last, name: walks.visits}, proof={**walks.proof, name: 0.0}
    )


def blind(walks: Walks) -> Iterator[str]:
    """Sensors that may be."""
    if walks.visits < ENOUGH:
        return
    for sensor, last in walks.last.items():
        most = walks.missed.get(sensor, ())
        missed = walks.visits - last
        if not most or missed <= MORE_THAN_EVER * most[0] + AND_MORE:
            continue
        is_seldom = walks.visits >= SELDOM_ENOUGH and len(most) == MISSED
        is_long = missed > SELDOM_FACTOR * most[0] + SELDOM_MORE
        if walks.proof.get(sensor, 0.0) >= PROOF or (is_seldom and is_long):
            yield sensor


def _count(steps: Mapping[str, Steps], before: str, name: str) -> Mapping[str, Steps]:
    row = dict(steps.get(before, {}))
    row[name] = row.get(name, 0.0) + 1.0
    if sum(row.values()) > MOST_STEPS:
        row = {sensor: count / 2 for sensor, count in row.items()}
    return {**steps, before: row}


def _proof(walks: Walks, name: str) -> dict[str, float]:
    """What speaks for each sensor's being blind, after a step from where the last visit was."""
    steps, a, proof = walks.steps, walks.at, dict(walks.proof)
    share = PRIOR / len(walks.last)
    row: Steps = steps.get(a, {})
    total = sum(row.values()) + PRIOR
    direct = (row.get(name, 0.0) + share) / total
    for k in walks.last:
        if k in (a, name):
            continue
        to_k = (row.get(k, 0.0) + share) / total
        onward = steps.get(k, {})
        from_k = sum(onward.values()) + PRIOR
        by_k = to_k * (onward.get(name, 0.0) + share) / from_k
        back = to_k * (onward.get(a, 0.0) + share) / from_k
        step = math.log((direct + by_k) / (1.0 - back) / direct)
        proof[k] = max(0.0, proof.get(k, 0.0) + min(MOST_STEP, step))
    return proof
