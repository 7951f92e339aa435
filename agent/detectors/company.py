"""Whether the resident is alone: what visitors do must not be taken for hers.

More than one person is about where two sensors see somebody within five seconds of each other,
three times in half an hour, between which she never walks: of at least a hundred steps from either
to another, hardly one in a hundred led straight to the other. Or where an hour has more than twice
as many visits (see walks.py) as the busiest hour of an ordinary day, and thirty at least; ordinary
is the median of the last fourteen days, of which seven have to be known.

It is believed for an hour after the last such evidence, and for twelve hours on end at most: after
that for twelve hours nothing speaks for it, so that neither a sensor that has been moved nor people
who have come to stay keep the agent from learning for ever. Meanwhile nothing is learned, no sensor
is suspected of being blind, and stillness is told one level lower for four hours at most.

In the recorded month of somebody who lives alone the busiest hour of a day has about 60 visits, and
sensors between which nobody walks saw somebody within five seconds of each other twice; company was
believed on one day of thirty, for 2.7 h. In six simulated months it was for 1 % of the hours, most
of them with a visitor or a cleaner. No visitors were recorded: what they do is reasoned.

Deliberately keeps silent about a visitor who sits with the resident, or walks where she walks and
no more often; about the first half hour of any visit; about who is there on more days than not,
which is how this home is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from agent.detectors.walks import NONE, Row, Walks

QUICK_S = 5.0
APART, APART_IN_S = 3, 1800.0
STEPS_KNOWN, NEVER = 100.0, 0.01
SLICE_S, SLICES = 600.0, 6
DAY_S = 86_400.0
DAYS, ENOUGH = 14, 7
CROWD, CROWD_LEAST = 2.0, 30.0
HOLD_S, MOST_S, REST_S = 3600.0, 12 * 3600.0, 12 * 3600.0


@dataclass(frozen=True, slots=True)
class Company:
    """All that is counted; times in monotonic seconds.

    Attributes:
        number: of the present ten minutes.
        visits: how many there were in each of the last hour's ten minutes, the newest last.
        day: number of the present day.
        top: the most in an hour of it, alone.
        tops: those of the last days.
        apart: when two sensors last saw somebody that one person cannot have been.
        since: when somebody came.
        until: until when that is believed.
    """

    number: int = 0
    visits: tuple[int, ...] = (0,)
    day: int = 0
    top: int = 0
    tops: tuple[int, ...] = ()
    apart: tuple[float, ...] = ()
    since: float = 0.0
    until: float = 0.0

    def is_here(self, at: float) -> bool:
        """Whether somebody else may be about at a moment, or has been since."""
        return at < self.until


def visited(company: Company, walks: Walks, at: float, sensor: str, other: str) -> Company:
    """Take in that somebody has come to a sensor.

    Args:
        company: what is known.
        walks: how the resident walks.
        at: monotonic second.
        sensor: where somebody is seen.
        other: the sensor that has begun to see somebody just before; empty for none.
    """
    company = _counted(company, at)
    is_apart = bool(other) and are_apart(walks, other, sensor)
    if is_apart:
        apart = tuple(moment for moment in company.apart if at - moment <= APART_IN_S)
        company = replace(company, apart=(*apart, at)[-APART:])
    if sum(company.visits) > most_visits(company) or (is_apart and len(company.apart) == APART):
        return _believed(company, at)
    return company


def are_apart(walks: Walks, one: str, other: str) -> bool:
    """Whether the resident is known never to walk straight from one sensor to the other."""
    return _never(walks, one, other) and _never(walks, other, one)


def most_visits(company: Company) -> float:
    """More than that in an hour are not one person's; infinite while too little is known."""
    if len(company.tops) < ENOUGH:
        return float("inf")
    return max(CROWD_LEAST, CROWD * median(company.tops))


def unlearn(company: Company) -> Company:
    """Who is here, with nothing known of the person."""
    return Company(company.number, day=company.day, since=company.since, until=company.until)


def _never(walks: Walks, one: str, other: str) -> bool:
    row = walks.steps.get(one, Row())
    total = row.total - sum(row.to.get(one, NONE))  # who stayed there has not left it
    return total >= STEPS_KNOWN and sum(row.to.get(other, NONE)) <= NEVER * total


def _counted(company: Company, at: float) -> Company:
    number, day = int(at // SLICE_S), int(at // DAY_S)
    top, tops = company.top, company.tops
    if day != company.day:
        tops = (*tops, top)[-DAYS:] if top else tops
        top = 0
    passed = min(number - company.number, SLICES)
    slices = (*company.visits, *(0,) * passed)[-SLICES:]
    visits = (*slices[:-1], slices[-1] + 1)
    if not company.is_here(at):
        top = max(top, sum(visits))
    return Company(number, visits, day, top, tops, company.apart, company.since, company.until)


def _believed(company: Company, at: float) -> Company:
    """Believed for a while, but neither for ever nor again at once."""
    ends = company.since + MOST_S
    if company.is_here(at):
        return replace(company, until=min(at + HOLD_S, ends))
    if company.until == ends and at < ends + REST_S:
        return company
    return replace(company, since=at, until=at + HOLD_S)
