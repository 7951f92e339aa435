"""Once a day at an hour of the day, whatever the clock does.

A day is a local date. Its evaluation is due from the hour on, and done once: the dates done are
remembered, so a clock that is set back does not repeat one, and a clock that is set forward gives
the day that it is set to, not those in between, which nobody has lived through. An hour that the
clocks skip comes as much later; of an hour that they go through twice the first counts.

Everything here is a function of what it is given. A caller asks `is_due` whenever it likes, or asks
`due` for the moment, again after each step of the wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

REMEMBERED = 32  # runs of dates: each begins with a step of the clock to where none was done


@dataclass(frozen=True, slots=True)
class Appointment:
    """When: an IANA zone, and the local hour, 0 or more and below 24."""

    zone: str
    hour: float


@dataclass(frozen=True, slots=True)
class Done:
    """Dates that are done, as runs of ordinals (first, last), the latest extended run last."""

    runs: tuple[tuple[int, int], ...] = ()

    def has(self, day: int) -> bool:
        """Whether that date is done."""
        return any(first <= day <= last for first, last in self.runs)


NOTHING = Done()


def is_due(when: Appointment, done: Done, wall: float) -> bool:
    """Whether today's evaluation is still to be done, and its hour has come."""
    today = _today(when, wall)
    return not done.has(today) and wall >= _moment(when, today)


def due(when: Appointment, done: Done, mono: float, wall: float) -> float:
    """Monotonic second at which the next evaluation is due, as the clock goes now; maybe past.

    Args:
        when: the hour.
        done: the dates done.
        mono: monotonic seconds of any moment.
        wall: wall seconds of the same moment, by the clock as it goes now.
    """
    day = _today(when, wall)
    while done.has(day):
        day += 1
    return mono + (_moment(when, day) - wall)


def do(when: Appointment, done: Done, wall: float) -> Done:
    """Take today's evaluation as done."""
    today = _today(when, wall)
    if done.has(today):
        return done
    first = last = today
    others = []
    for run in done.runs:
        if run[1] == today - 1:
            first = run[0]
        elif run[0] == today + 1:
            last = run[1]
        else:
            others.append(run)
    return Done((*others, (first, last))[-REMEMBERED:])


def _today(when: Appointment, wall: float) -> int:
    return datetime.fromtimestamp(wall, ZoneInfo(when.zone)).toordinal()


def _moment(when: Appointment, day: int) -> float:
    """Wall seconds of the hour on that date."""
    second = timedelta(seconds=round(when.hour * 3600))
    local = datetime.combine(date.fromordinal(day), time()) + second
    return local.replace(tzinfo=ZoneInfo(when.zone)).timestamp()
