"""In a home with a pet: which movements are more than the pet's.

A sensor that sees people sees a cat or a dog as well. A pet passes by; a person does something
where she is. So where `[site] pets = true` says that there is one, a movement is a sign of life
only with the third report of one sensor within two minutes, and only while some sensor has given
ten within ten minutes, or the door's contact or the help button has been used, in the last twelve
hours: a pet that plays now and then hides nobody for longer. A level that is told again at 1, as
drivers do every half-minute, is a report too: so counts who moves for a minute before a sensor that
holds its level. The contact and the button are no pet's, ever. That a sign comes from another room
than the one before proves nothing: a pet walks as she does.

What is less than that is a weak movement: hers perhaps, or the pet's. It ends no stillness, but
after one a stillness is told at yellow first, and at orange once that has stood for an hour and the
ceiling has passed.

All this is reasoned, as no pet was recorded. What it costs the resident was measured: in the month
of somebody who lives alone, and without a pet, three reports of four stay signs of life, there were
never more than 5.7 h between ten reports in ten minutes and the next, or the door, and stillness is
told without cause at yellow five times instead of once, at orange never.

Deliberately keeps silent for twelve hours about a pet that plays before a sensor for longer than it
takes to pass, and for as long as it goes on about one that plays for minutes on end, which is taken
for her: then it is a kitchen that nobody uses that is told, after two days. Of the resident,
getting up at night and meals with few movements may be missed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.detectors.levels import MOVES
from drivers.reading import Reading

REPORTS, WITHIN_S = 3, 120.0
BUSY, BUSY_IN_S, BUSY_FOR_S = 10, 600.0, 12 * 3600.0


@dataclass(frozen=True, slots=True)
class Pet:
    """What may be its doing; monotonic seconds.

    Attributes:
        reports: the last movements that each sensor reported.
        busy: when somebody was last as busy as no pet is; None before the first time.
        weak: the last movement that may have been the pet's.
    """

    reports: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    busy: float | None = None
    weak: float = 0.0


def heard(pet: Pet, now: Reading) -> tuple[Pet, bool]:
    """Take in what would be a sign of life, and tell whether it is hers."""
    at, name = now.stamp.mono, now.sensor
    if now.quantity not in MOVES:
        return replace(pet, busy=at), True
    recent, busy = pet.reports.get(name, ()), pet.busy
    if now.value:
        recent = (*(moment for moment in recent if at - moment <= BUSY_IN_S), at)[-BUSY:]
    if len(recent) == BUSY and at - recent[0] <= BUSY_IN_S:
        busy = at
    is_more = len(recent) >= REPORTS and at - recent[-REPORTS] <= WITHIN_S
    is_hers = is_more and busy is not None and at - busy <= BUSY_FOR_S
    return Pet({**pet.reports, name: recent}, busy, pet.weak if is_hers else at), is_hers
