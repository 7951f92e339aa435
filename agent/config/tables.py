"""The tables that no other part of the agent declares: `[site]`, and what every sensor has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from agent.site import Profile, Role

STRICT = {"extra": "forbid", "strict": True}
Limits = Mapping[str, tuple[object, frozenset[str]]]
"""Detector -> its Config and the names of the keys that the file sets."""


class Giver(StrEnum):
    """Who may agree to sensors in a home."""

    RESIDENT = "resident"
    GUARDIAN = "guardian"
    FAMILY = "family"  # on behalf of a resident who asked them to


@dataclass(frozen=True, slots=True)
class Consent:
    """Who agreed to the sensors in a home, and on what day.

    The day is not compared with today: when this is read, the clock may not be set yet.
    """

    __pydantic_config__ = STRICT

    given_by: Giver
    on: date


@dataclass(frozen=True, slots=True)
class Names:
    """A place in both languages."""

    __pydantic_config__ = STRICT

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class SiteTable:
    """The `[site]` table."""

    __pydantic_config__ = STRICT

    id: str
    profile: Profile
    timezone: str
    place: Names
    grid: str = ""
    consent: Consent | None = None
    pets: bool = False
    maintenance: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SensorTable:
    """The keys that every `[[sensor]]` has; the others belong to its driver."""

    __pydantic_config__ = STRICT

    name: str
    driver: str
    role: Role
