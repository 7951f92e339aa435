"""Levels of a home's sensors: which report is a sign of life, and which sensor is not believed.

A motion sensor that stands at 1 for ten minutes is no proof of life (pulses last 2 to 9 s, and the
longest in a recorded month 8 min); told again at 1 after half an hour, it is stuck. A lost edge
looks the same where levels are not told again, so there it takes six hours. One that changes more
than twenty times a minute for five minutes on end chatters (recorded cooking: four minutes at
most), until it has been calm for as long. A suspect sensor proves neither life nor stillness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.reading import Quantity, Reading

MOVES = frozenset({Quantity.MOTION, Quantity.PRESENCE})
REPEAT_S = 120.0  # a level repeated within this time is a repeat, not a new movement
HELD_S, STUCK_S, UNTOLD_S = 600.0, 1800.0, 6 * 3600.0
CHATTER_PER_MIN, CHATTER_MIN = 20, 5


class Doubt(StrEnum):
    """Why a sensor is not believed."""

    STUCK = "stuck"
    CHATTER = "chatter"
    BLIND = "blind"
    DOWN = "down"  # its driver says so, or the silence detector's own rule


@dataclass(frozen=True, slots=True)
class Line:
    """The level of one sensor.

    Attributes:
        value: 0 or 1.
        since: monotonic seconds since when it has it.
        heard: monotonic seconds when it was last reported.
        minute: number of the minute of the last change.
        changes: how many there were in that minute.
        busy: in how many minutes before it, on end, there were too many.
    """

    value: float
    since: float
    heard: float
    minute: int = 0
    changes: int = 0
    busy: int = 0


def levelled(line: Line | None, now: Reading) -> Line:
    """The level after a reading, and how often it has changed of late."""
    at, value = now.stamp.mono, now.value
    minute = int(at // 60)
    if line is None:
        return Line(value, at, at, minute)
    if value == line.value:
        since = line.since if at - line.heard <= REPEAT_S or value else at
        return Line(value, since, at, line.minute, line.changes, line.busy)
    if minute == line.minute:
        return Line(value, at, at, minute, line.changes + 1, line.busy)
    was_busy = line.changes > CHATTER_PER_MIN and minute == line.minute + 1
    return Line(value, at, at, minute, 1, line.busy + 1 if was_busy else 0)


def doubts_of(
    doubts: Mapping[str, Doubt], now: Reading, line: Line | None, fresh: Line
) -> Mapping[str, Doubt]:
    """What is held against the sensor that has just reported."""
    name, doubt = now.sensor, doubts.get(now.sensor)
    if doubt is Doubt.CHATTER:
        is_calm = fresh.busy == 0 and fresh.changes <= CHATTER_PER_MIN
        rested = line is not None and now.stamp.mono - line.heard >= 60 * CHATTER_MIN
        if not (is_calm and (rested or line is None)):
            return doubts
    elif now.quantity is Quantity.MOTION and now.value and now.stamp.mono - fresh.since >= STUCK_S:
        return doubts if doubt is Doubt.STUCK else {**doubts, name: Doubt.STUCK}
    elif fresh.busy >= CHATTER_MIN and now.quantity in MOVES:
        return {**doubts, name: Doubt.CHATTER}
    elif doubt is None or (doubt is Doubt.STUCK and now.value):
        return doubts
    elif doubt is Doubt.BLIND and (line is None or line.value == now.value):
        return doubts  # told again at 0 it shows that its wire is whole, and no more
    return {sensor: why for sensor, why in doubts.items() if sensor != name}


def is_sign(now: Reading, line: Line | None, fresh: Line) -> bool:
    """Whether a reading tells that somebody moved; the level before it, and after."""
    if line is None:  # the first report says how things stand, not that something moved
        return bool(now.value) and now.quantity is not Quantity.CONTACT
    if line.value != now.value:
        # What ends a pulse that was far too long is the sensor's doing, not the resident's.
        return bool(now.value) or now.quantity not in MOVES or now.stamp.mono - line.since < HELD_S
    return now.quantity in MOVES and now.value == 1 and now.stamp.mono - fresh.since <= HELD_S
