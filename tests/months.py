"""Weeks in a home that never existed, through the pipeline that judges a real one."""

from __future__ import annotations

from dataclasses import dataclass

from agent.config.load import parse
from agent.demo.month import BEGIN, configuration
from agent.events import Event
from agent.pipeline.pipeline import Pipeline
from drivers.reading import Reading, Stamp
from drivers.scene_home import DAY_S
from drivers.scene_incidents import Incident
from drivers.scene_life import furnish
from drivers.scene_motion import readings

URGENT = frozenset({"orange", "red"})


@dataclass(frozen=True, slots=True)
class Told:
    """One event.

    Attributes:
        at: seconds after the midnight of day 0.
        step: raised, updated, cleared, fault or restored.
    """

    at: float
    kind: str
    step: str
    level: str
    reason: str
    sensors: tuple[str, ...]

    @property
    def is_new(self) -> bool:
        """Whether somebody has to take notice, rather than may forget."""
        return self.step not in {"cleared", "restored"}

    def __str__(self) -> str:
        hour = self.at % DAY_S / 3600
        return f"day {self.at // DAY_S:.0f} {hour:05.2f} h {self.level} {self.kind} {self.reason}"


@dataclass(frozen=True, slots=True)
class Month:
    """What was planted and what was told."""

    planted: tuple[Incident, ...]
    told: list[Told]

    @property
    def news(self) -> list[Told]:
        """Without the ends of alarms."""
        return [told for told in self.told if told.is_new]


def lived(seed: int, incidents: str = "", days: int = 30) -> Month:
    """Live so many days from the first on."""
    home = furnish(seed, incidents)
    loaded = parse(configuration(seed, incidents).encode(), "simulated")
    pipeline = Pipeline(loaded.site, loaded.limits)
    begin, count = BEGIN.timestamp(), 0
    told: list[Told] = []
    for day in range(days):
        for second, sensor, quantity, value in readings(home, day):
            count += 1
            at = begin + day * DAY_S + second
            stamp = Stamp("simulated", at, at, synced=True, sequence=count)
            events = pipeline.take(Reading(sensor, quantity, value, stamp))[1]
            told += [_told(event, begin) for event in events]
    told += [_told(event, begin) for event in pipeline.advance(begin + days * DAY_S)]
    return Month(home.incidents, told)


def _told(event: Event, begin: float) -> Told:
    data = event.payload["data"]
    return Told(
        event.mono - begin,
        data["kind"],
        event.payload["type"].split(".")[2],
        data["level"],
        data["evidence"].get("reason", ""),
        tuple(data.get("sensors", ())),
    )
