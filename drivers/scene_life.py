"""A home that never existed: what happens in it on a day, by habit, by plan and by incident.

A pure function of (home, day): the pile of an ordinary day, what the week brings, what is planted,
and the demo's story on top of all that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from drivers.scene_home import DAY_S, EVER, Place, Stay, Stir, flat, pile
from drivers.scene_incidents import (
    ALONE,
    Incident,
    frailty,
    guest,
    hungry,
    moved,
    parse,
    settle,
    stays,
    weekly,
)

# The story of the demo, in seconds since its start: active for an hour, a collapse in the living
# room (by day the 4 h ceiling holds there), on the feet again after 6 h, then a day like any other.
DEMO = (
    Stay(0, 900, Place.KITCHEN),
    Stay(900, 2100, Place.LIVING),
    Stay(2100, 2400, Place.BATHROOM),
    Stay(2400, 3000, Place.KITCHEN),
    Stay(3000, 3600, Place.LIVING),
    Stay(3600, 21600, Place.LIVING, Stir.STILL),
    Stay(21600, 22200, Place.LIVING),
    Stay(22200, 23400, Place.KITCHEN),
)
HELP = (1200.0, 1210.0)
SMOKE_TEST = (27000.0, 27060.0)


@dataclass(frozen=True, slots=True)
class Home:
    """One home; `furnish` makes one from text.

    Attributes:
        seed: its resident's habits and luck.
        incidents: what is planted, settled.
        story: what the resident does whatever the day, in seconds after the midnight of day 0.
    """

    seed: int
    incidents: tuple[Incident, ...] = ()
    story: tuple[Stay, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """Where people are on one day, in seconds of it, without gap or overlap; guest: if any."""

    resident: tuple[Stay, ...]
    guest: tuple[Stay, ...]


def furnish(seed: int, incidents: str = "", story: tuple[Stay, ...] = ()) -> Home:
    """Make a home. Raise ValueError for incidents that cannot be read."""
    return Home(seed, settle(seed, parse(incidents)), story)


def truth(home: Home, days: int) -> list[Incident]:
    """What is out of the ordinary in so many days, in order."""
    found = [i for i in home.incidents if i.since < days * DAY_S]
    found += [i for day in range(days) for i in weekly(home.seed, day) if _can_be(home, i)]
    return sorted(found, key=lambda i: (i.since, i.name))


@lru_cache(maxsize=8)
def life(home: Home, day: int) -> Life:
    """Everything that people do on a day."""
    midnight = day * DAY_S
    events = [
        i
        for i in (*weekly(home.seed, day), *home.incidents)
        if i.overlaps(midnight - 3600, midnight + DAY_S + 3600) and _can_be(home, i)
    ]
    extra = [s for i in events for s in stays(home.seed, i)]
    visits = [s for i in events if i.kind == "visitor" for s in guest(home.seed, i)]
    today = pile(home.seed, day, frailty(home.incidents, day))
    resident = flat([*today, *(moved(s, -midnight) for s in (*extra, *home.story))])
    for incident in events:
        if incident.kind == "missed-meals":
            since, until = incident.since - midnight, incident.until - midnight
            resident = tuple(
                s
                for stay in resident
                for s in (hungry(stay) if since <= stay.since < until else (stay,))
            )
    outside = Stay(-EVER, EVER, Place.OUT)
    return Life(resident, flat([outside, *(moved(s, -midnight) for s in visits)]) if visits else ())


def _can_be(home: Home, incident: Incident) -> bool:
    """Nobody visits who is not let in, and nobody cleans then."""
    if incident.kind not in ("visitor", "cleaning"):
        return True
    since, until = incident.since - 900, incident.until + 900
    others = [i for i in home.incidents if i.kind in ALONE and i.overlaps(since, until)]
    return not others and not any(s.since < until and s.until > since for s in home.story)
