"""In a home with a pet: which movements are more than the pet's.

A sensor that sees people sees a cat or a dog as well. A pet passes by; a person does something
where she is. So where `[site] pets = true` says that there is one, a movement is a sign of life
only with the third report of one sensor within two minutes. A level that is told again at 1, as
drivers do every half-minute, is a report too: so counts who moves for a minute before a sensor that
holds its level. The door's contact and the help button are no pet's, ever. That a sign comes from
another room than the one before proves nothing: a pet walks as she does.

All this is reasoned, as no pet was recorded. What it costs the resident was measured: in the month
of somebody who lives alone three reports of four stay signs of life, the longest silence becomes
293 min instead of 270 beside an outing, and 13 silences instead of 7 are longer than four hours.

What is less than that is a weak movement: hers perhaps, or the pet's. It ends no stillness, but
after one a stillness is told at yellow first, and at orange once that has stood for an hour and the
ceiling has passed.

Deliberately keeps silent about a pet that plays before a sensor for longer than it takes to pass,
which is taken for her: then it is a kitchen that nobody uses that is told, after two days. Of the
resident, getting up at night and meals with few movements may be missed.
"""

from __future__ import annotations

from collections.abc import Mapping

REPORTS, WITHIN_S = 3, 120.0

Reports = Mapping[str, tuple[float, ...]]
"""Monotonic seconds of the last movements that each sensor reported."""


def reported(reports: Reports, sensor: str, at: float) -> Reports:
    """Take in that a sensor reports a movement."""
    recent = tuple(moment for moment in reports.get(sensor, ()) if at - moment <= WITHIN_S)
    return {**reports, sensor: (*recent, at)[-REPORTS:]}


def is_more(reports: Reports, sensor: str, at: float) -> bool:
    """Whether the last reports of a sensor are more than a pet makes."""
    recent = reports.get(sensor, ())
    return len(recent) == REPORTS and at - recent[0] <= WITHIN_S
