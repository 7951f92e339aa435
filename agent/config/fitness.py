"""Whether a valid configuration can do what the people at its site expect of it.

This only advises. The daemon never asks: a home without a smoke alarm is watched as well as it can
be, and no rule here may keep it from starting.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from agent.config.installation import Advice, of_site
from agent.config.problems import Report
from agent.config.tables import Limits
from agent.detectors import detectors, outing, patience
from agent.detectors.hours import is_night
from agent.site import Profile, Site

NEEDS = {
    "alarm": "a smoke_alarm or a help_button",
    "coverage": "a pir or presence_radar in a room",
    "discharge": 'a water_level with role = "outfall"',
    "meals": "a pir or presence_radar in the kitchen",
    "outing": 'a door_contact with role = "front-door"',
    "sleep": "a pir or presence_radar in the bedroom",
    "stillness": "a pir or presence_radar in a room",
    "waterlogging": 'a water_level with role = "roadside"',
}
OF_STREETS, OF_OUTFALLS = frozenset({"waterlogging"}), frozenset({"discharge"})
TOLD = {Profile.HOME: NEEDS.keys() - OF_STREETS - OF_OUTFALLS, Profile.STREET: OF_STREETS}
NOON_S = 43_200.0
NIGHT = "set both, such as 23 and 5"


def judge(site: Site, limits: Limits, report: Report) -> None:
    """Warn of all that a valid configuration cannot do."""
    tables = [name for name in detectors() if report.has(("detector", name))]
    for advice in (*of_site(site), *of_tables(site, tables), *of_limits(site, limits)):
        report.warn(advice.path, advice.message)


def of_tables(site: Site, tables: Collection[str]) -> Iterator[Advice]:
    """Detectors that are configured and watch nothing.

    Of those that are meant for such a site the rules of its sensors have told.
    """
    told = TOLD.get(site.profile, frozenset())
    for name in tables:
        if name not in told and not detectors()[name].subjects(site):
            need = NEEDS.get(name, "a sensor of another kind")
            yield Advice(
                ("detector", name),
                f"watches nothing in this {site.profile}: it needs {need}; remove the table",
            )


def of_limits(site: Site, limits: Limits) -> Iterator[Advice]:
    """Limits of a home that are allowed one by one and defeat each other."""
    if site.profile is not Profile.HOME:
        return
    out, still = limits["outing"][0], limits["stillness"][0]
    assert isinstance(out, outing.Config)
    assert isinstance(still, patience.Config)
    begin, end = out.night_from_h, out.night_until_h
    if begin == end:
        yield Advice(
            ("detector", "outing", "night_until_h"),
            f"{end:g} is night_from_h: no hour is night, and leaving at night is not told; {NIGHT}",
        )
    elif is_night("UTC", NOON_S, begin, end):
        yield Advice(
            ("detector", "outing", "night_until_h"),
            f"noon is night between {begin:g} and {end:g}: leaving by day is told; {NIGHT}",
        )
    if out.absent_h * 3600 >= outing.DAY_S:
        yield Advice(
            ("detector", "outing", "absent_h"),
            f"{out.absent_h:g} h away is a journey: until outings are learned, no absence is too "
            "long; set less, such as 12",
        )
    if still.awake_h * 60 <= patience.WET_CEILING_MIN:
        yield Advice(
            ("detector", "stillness", "awake_h"),
            f"{still.awake_h:g} h is not above the {patience.WET_CEILING_MIN:g} min of bathroom "
            "and kitchen: their milder alarm never comes first; set more, such as 4",
        )
