"""What is installed where: the part of the configuration that detectors and texts may know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.base import Traits


class Profile(StrEnum):
    """What a site is."""

    HOME = "home"
    STREET = "street"
    OUTFALL = "outfall"


class Role(StrEnum):
    """Where in the site a sensor looks; detectors ask for roles, never for names or pins."""

    BEDROOM = "bedroom"
    BATHROOM = "bathroom"
    KITCHEN = "kitchen"
    LIVING = "living"
    WORK = "work"
    HALL = "hall"
    ENTRY = "entry"
    FRONT_DOOR = "front-door"
    CABINET = "cabinet"
    ROADSIDE = "roadside"
    OUTFALL = "outfall"


@dataclass(frozen=True, slots=True)
class Place:
    """The name of the place as people call it, in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Sensor:
    """A configured sensor."""

    name: str
    driver: str
    role: Role
    traits: Traits


@dataclass(frozen=True, slots=True)
class Site:
    """A configured site.

    Attributes:
        id: opaque, in every topic: no name, no address.
        timezone: IANA name, such as Asia/Shanghai.
        grid: the platform's code for the place; empty where it has none.
        sensors: name -> sensor, in the order of the configuration.
        pets: whether a pet lives in the home.
        maintenance: when somebody works at the outfall: begin and end, in seconds since 1970.
    """

    id: str
    profile: Profile
    timezone: str
    place: Place
    grid: str
    sensors: Mapping[str, Sensor]
    pets: bool = False
    maintenance: tuple[tuple[float, float], ...] = ()

    def is_maintained(self, wall: float) -> bool:
        """Whether somebody works there at a moment, in seconds since 1970."""
        return any(begin <= wall < end for begin, end in self.maintenance)

    def with_role(self, *roles: Role) -> tuple[Sensor, ...]:
        """Sensors in any of these roles, in the order of the configuration."""
        return tuple(s for s in self.sensors.values() if s.role in roles)
