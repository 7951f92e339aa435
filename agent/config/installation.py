"""What the sensors of a site leave unseen, though each of them is right: pure rules of the site.

A rule yields what will not work and what mends it. The reasons are the detectors' own. In a home
of which none has anything to say, each of the home's detectors has something to watch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agent.config.positions import Path
from agent.config.rules import USUAL_ROLES
from agent.detectors import detectors
from agent.detectors.dilution import CONDUCTIVITY
from agent.detectors.echoes import DEPTHS
from agent.detectors.levels import MOVES
from agent.detectors.patience import WET_CEILING_MIN
from agent.detectors.presence import DOOR, ROOMS, SIGNS, plan
from agent.site import Profile, Role, Sensor, Site
from drivers.reading import Quantity

WITNESSES = 2
ASKING = frozenset({Quantity.ANSWER, Quantity.BUZZER})
EYE = "a pir or presence_radar"
CONTACT = 'mount a door_contact, role = "front-door"'
UNSEEN = {
    Role.BEDROOM: "sleep is not watched, and a night's sleep is told as stillness after awake_h",
    Role.BATHROOM: f"a fall there is told after awake_h, not after {WET_CEILING_MIN:g} min",
    Role.KITCHEN: "meals are not watched, and a fall there is told after awake_h, not after "
    f"{WET_CEILING_MIN:g} min",
}


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that will not work.

    Attributes:
        path: the key, table or sensor that it is about; ("sensor",) where a sensor is missing.
        message: what will not work, and what mends it.
    """

    path: Path
    message: str


Rule = Callable[[Site], Iterator[Advice]]


def of_site(site: Site) -> tuple[Advice, ...]:
    """What all rules have to say of a site."""
    rules: tuple[Rule, ...] = ()
    if site.profile is Profile.HOME:
        rules = UNWATCHED if plan(site) is None else WATCHED
    elif site.profile is Profile.STREET:
        rules = STREET
    elif site.profile is Profile.OUTFALL:
        rules = OUTFALL
    return tuple(advice for rule in rules for advice in rule(site))


def no_room(site: Site) -> Iterator[Advice]:
    """Without a sensor that sees people move, no detector but for smoke and help has a subject."""
    if plan(site) is None:
        yield Advice(
            ("sensor",),
            "no motion or presence sensor in any room: stillness, outings, sleep and meals are not "
            f"watched; mount {EYE} in bedroom, bathroom, kitchen and hall, and a door_contact",
        )


def blind_rooms(site: Site) -> Iterator[Advice]:
    """Rooms that a rule needs.

    Only a sign from the bedroom puts somebody to bed: without one, a night is a stillness awake
    where the last sign came from. The short limit counts from a sign in bathroom or kitchen itself,
    and meals are counted in the kitchen alone.
    """
    for role, what in UNSEEN.items():
        if not _eyes(site, role):
            yield Advice(
                ("sensor",),
                f'no motion or presence sensor in the {role}: {what}; mount {EYE}, role = "{role}"',
            )


def one_room(site: Site) -> Iterator[Advice]:
    """Whoever is in another room gives no sign: that is a stillness in the one that is seen."""
    eyes = _eyes(site, *ROOMS)
    if len({eye.role for eye in eyes}) == 1:
        yield Advice(
            _at(site, eyes[0], "role"),
            f'only "{eyes[0].role}" is seen: hours in another room are told as stillness there; '
            f"mount {EYE} in each room that is lived in",
        )


def lone_bedroom_eye(site: Site) -> Iterator[Advice]:
    """A bedroom that rests on one PIR whose failure nothing would notice.

    Stillness has the limits of the bed after a sign from the bedroom alone. A PIR on a pin whose
    wire is cut or whose lens is covered goes on telling 0, as in an empty room: neither its driver
    nor the silence detector knows better, and coverage tells only what presence doubts. Presence
    suspects a sensor that misses many more visits than ever, and a visit is a sign from another
    sensor than the one before: with the bedroom dark, two others have to take turns. With one other
    there are no more visits, and no suspicion ever. Then nights are told as stillness awake until a
    week is learned, and afterwards nothing is told at night until long after the usual rising.

    A second sensor in the bedroom carries on instead, and a radar on a serial line that fails falls
    silent, which is told. Door contacts are no witnesses here: they are heard a few times a day,
    and a suspicion would take weeks.
    """
    bedroom = _eyes(site, Role.BEDROOM)
    others = [eye for eye in _eyes(site, *ROOMS, *DOOR) if eye not in bedroom]
    if len(bedroom) != 1 or len(others) >= WITNESSES or not bedroom[0].traits.poll_s:
        return
    yield Advice(
        _at(site, bedroom[0], "role"),
        f"nothing notices when {bedroom[0].name} fails: then nights bring false alarms, or a fall "
        "at night is told in the morning; mount a second one in the bedroom, or more in other "
        "rooms",
    )


def no_door_contact(site: Site) -> Iterator[Advice]:
    """Without a contact, an outing is a guess from the last sign, or is never known."""
    if _contacts(site, Role.FRONT_DOOR):
        return
    if found := _contacts(site, Role.ENTRY):
        yield Advice(
            _at(site, found[0], "role"),
            f'"{found[0].role}" is beside the door: any opening counts as going out, and an open '
            'door is not told; set role = "front-door"',
        )
    elif found := _signs(site, *DOOR):
        yield Advice(
            _at(site, found[0], "role"),
            f"without a contact on the front door, who is last heard by {found[0].name} counts as "
            f"out, even fallen there; {CONTACT}",
        )
    else:
        yield Advice(
            ("sensor",),
            "no contact on the front door: nobody counts as out, so an outing beyond awake_h is "
            f"told as stillness; {CONTACT}",
        )


def unseen_entry(site: Site) -> Iterator[Advice]:
    """Only a movement behind the door, after it, tells a visitor or a fall from an outing."""
    contacts = _contacts(site, Role.FRONT_DOOR)
    if contacts and not _eyes(site, Role.ENTRY, Role.FRONT_DOOR, Role.HALL):
        yield Advice(
            _at(site, contacts[0], "role"),
            "nothing sees motion behind the door: who opens it and falls there counts as out; "
            'mount a pir, role = "entry" or "hall"',
        )


def radar_with_a_pet(site: Site) -> Iterator[Advice]:
    """A radar reports a pet that lies before it again and again, as it does a person who sits."""
    for eye in _eyes(site, *ROOMS, *DOOR) if site.pets else ():
        if Quantity.PRESENCE in eye.traits.quantities:
            yield Advice(
                _at(site, eye, "driver"),
                f"{eye.name} takes a pet that lies before it for the resident, and that may hide a "
                "fall; mount a pir there, out of the pet's reach, or see that it cannot get in",
            )


def no_smoke_alarm(site: Site) -> Iterator[Advice]:
    """Smoke is told by its own alarm alone."""
    if not _telling(site, Quantity.SMOKE):
        yield Advice(
            ("sensor",),
            "no smoke alarm: a fire is not told; mount a smoke_alarm in or near the kitchen",
        )


def no_help_button(site: Site) -> Iterator[Advice]:
    """Whoever has fallen and is awake should not have to wait for stillness."""
    if not _telling(site, Quantity.HELP):
        yield Advice(
            ("sensor",),
            "no help button: nobody can call; mount a help_button, such as a cord in the bathroom "
            "that reaches the floor",
        )


def unused_sensors(site: Site) -> Iterator[Advice]:
    """Sensors that no detector listens to, but for the one that tells when they fall silent.

    Of a role that is unusual at such a site is told where sensors are read; of a buzzer or an
    answer button without the other, where the question is.
    """
    used = {
        name
        for detector, judgement in detectors().items()
        if detector != "silence"
        for names in judgement.subjects(site).values()
        for name in names
    }
    for sensor in site.sensors.values():
        if sensor.name in used or sensor.role not in USUAL_ROLES[site.profile]:
            continue
        if ASKING & set(sensor.traits.quantities):
            continue
        if SIGNS & set(sensor.traits.quantities):
            key, mend = "role", "set the role of the room that it watches, or remove it"
        else:
            key, mend = "driver", "remove it"
        yield Advice(
            _at(site, sensor, key),
            f"no rule for a {site.profile} uses {sensor.name}: only its silence is told; {mend}",
        )


def no_level(site: Site) -> Iterator[Advice]:
    """A street is watched by the depth of its water."""
    if not _levels(site):
        yield Advice(
            ("sensor",),
            "nothing measures the water: waterlogging is not watched; mount a water_level, "
            'role = "roadside"',
        )


def lone_level(site: Site) -> Iterator[Advice]:
    """Ultrasound takes a parked car for water; a float beside it does not."""
    levels = _levels(site)
    if len(levels) == 1 and not _telling(site, Quantity.WET):
        yield Advice(
            _at(site, levels[0], "role"),
            f"{levels[0].name} has no witness: water, a parked car and a failure look alike from "
            'afar; mount a float_switch, role = "roadside"',
        )


def unseen_weather(site: Site) -> Iterator[Advice]:
    """Rain and a discharge both raise the level; only rain makes the water thinner."""
    levels = [s for s in _telling(site, *DEPTHS) if s.role is Role.OUTFALL]
    probes = [s for s in _telling(site, CONDUCTIVITY) if s.role is Role.OUTFALL]
    if levels and not probes:
        yield Advice(
            _at(site, levels[0], "role"),
            f"beside {levels[0].name} nothing tells rain: a rise is only for information, to be "
            f"verified; mount a water_quality with {CONDUCTIVITY} in its channels",
        )


def warm_air(site: Site) -> Iterator[Advice]:
    """Sound is faster in warm air: 4.7 mm per degree at 2.7 m, 70 mm between morning and noon."""
    for sensor in _levels(site):
        if not sensor.traits.is_compensated and not _telling(site, Quantity.AIR_TEMP_DEGC):
            yield Advice(
                _at(site, sensor, "model"),
                f"{sensor.name} does not correct for warm air, which hides centimetres of water; "
                "mount an air_temperature probe in the shade",
            )


UNWATCHED: tuple[Rule, ...] = (no_room, no_smoke_alarm, no_help_button)
WATCHED: tuple[Rule, ...] = (
    blind_rooms,
    one_room,
    lone_bedroom_eye,
    no_door_contact,
    unseen_entry,
    radar_with_a_pet,
    no_smoke_alarm,
    no_help_button,
    unused_sensors,
)
STREET: tuple[Rule, ...] = (no_level, lone_level, warm_air)
OUTFALL: tuple[Rule, ...] = (unseen_weather,)


def _at(site: Site, sensor: Sensor, key: str) -> Path:
    return ("sensor", list(site.sensors).index(sensor.name), key)


def _telling(site: Site, *quantities: Quantity) -> list[Sensor]:
    return [s for s in site.sensors.values() if set(quantities) & set(s.traits.quantities)]


def _eyes(site: Site, *roles: Role) -> list[Sensor]:
    return [s for s in _telling(site, *MOVES) if s.role in roles]


def _signs(site: Site, *roles: Role) -> list[Sensor]:
    return [s for s in _telling(site, *SIGNS) if s.role in roles]


def _contacts(site: Site, role: Role) -> list[Sensor]:
    return [s for s in _telling(site, Quantity.CONTACT) if s.role is role]


def _levels(site: Site) -> list[Sensor]:
    return [s for s in _telling(site, *DEPTHS) if s.role is Role.ROADSIDE]
