"""The time of day of a moment, in the home's own zone."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo


def is_night(zone: str, wall: float, from_h: float, until_h: float) -> bool:
    """Whether a moment's local hour lies between two, over midnight if need be."""
    local = hour(zone, wall)
    return from_h <= local < until_h if from_h <= until_h else local >= from_h or local < until_h


def hour(zone: str, wall: float) -> float:
    """The local hour of day of a moment, with its fraction."""
    local = datetime.fromtimestamp(wall, zone_of(zone))
    return local.hour + local.minute / 60 + local.second / 3600


def next_at(zone: str, wall: float, local_h: float) -> float:
    """Wall second of the first moment after `wall` at which the clocks show a local hour.

    Days on which the clocks are set have 23 or 25 hours. An hour that they skip comes as much
    later; of an hour that they go through twice the first counts.
    """
    day = datetime.fromtimestamp(wall, zone_of(zone)).date()
    for days in range(3):
        clock = datetime.combine(day, time()) + timedelta(days=days, hours=local_h)
        moment = clock.replace(tzinfo=zone_of(zone)).timestamp()
        if moment > wall:
            return moment
    raise ValueError(f"no {local_h} h after {wall} in {zone}")


@cache
def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name."""
    return ZoneInfo(name)
