"""Sites and readings made by hand, for tests of everything that decides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent.detectors import detectors
from agent.events import Event
from agent.pipeline.pipeline import Pipeline
from agent.pipeline.routes import Limits
from agent.site import Place, Profile, Role, Sensor, Site
from drivers.base import Settle, Traits
from drivers.reading import Quantity, Reading, Stamp

PLACE = Place("广州市黄埔区萝岗街下中路", "Xiazhong Road, Luogang, Huangpu, Guangzhou")
MONDAY = 1_790_006_400.0  # 2026-09-22 00:00 in Shanghai


def two_state(
    name: str, role: Role, quantity: Quantity, settle: Settle | None = None, silent: float = 90.0
) -> Sensor:
    return Sensor(name, quantity.value, role, Traits((quantity,), 30.0, silent, settle))


def level(name: str = "road-level", role: Role = Role.ROADSIDE, low_point_mm: float = 0) -> Sensor:
    traits = Traits(
        (Quantity.DISTANCE_MM,),
        0.0,
        900.0,
        valid={Quantity.DISTANCE_MM: (301, 4999)},
        mount_height_mm=2700.0,
        low_point_mm=low_point_mm,
    )
    return Sensor(name, "water_level", role, traits)


def site(profile: Profile, *sensors: Sensor) -> Site:
    return Site(
        "test-0001", profile, "Asia/Shanghai", PLACE, "440112-07-03", {s.name: s for s in sensors}
    )


def street(low_point_mm: float = 0) -> Site:
    return site(Profile.STREET, level(low_point_mm=low_point_mm))


def home() -> Site:
    return site(
        Profile.HOME,
        two_state("bedroom-pir", Role.BEDROOM, Quantity.MOTION),
        two_state("kitchen-pir", Role.KITCHEN, Quantity.MOTION),
        two_state("living-pir", Role.LIVING, Quantity.MOTION),
        two_state("entry-pir", Role.ENTRY, Quantity.MOTION),
        two_state("front-door", Role.FRONT_DOOR, Quantity.CONTACT, Settle(0.05)),
        two_state("smoke", Role.KITCHEN, Quantity.SMOKE),
        two_state("cord", Role.BATHROOM, Quantity.HELP, Settle(0.03)),
    )


def asked_home() -> Site:
    """A home with a buzzer and an answer button."""
    return site(
        Profile.HOME,
        *home().sensors.values(),
        two_state("button", Role.BEDROOM, Quantity.ANSWER, Settle(0.05, is_held=True)),
        two_state("buzzer", Role.BEDROOM, Quantity.BUZZER),
    )


def limits(**given: Any) -> Limits:
    """Every detector's defaults, but for those given as `name=Config(...)`."""
    return {
        name: (given.get(name, detector.config()), frozenset())
        for name, detector in detectors().items()
    }


class Player:
    """Feeds readings to a pipeline, with both clocks one, as in a replay."""

    def __init__(self, of: Site, **given: Any) -> None:
        self.pipeline = Pipeline(of, limits(**given))
        self.events: list[Event] = []
        self._sequence = 0

    def play(self, at: float, sensor: str, value: float) -> list[Event]:
        self._sequence += 1
        stamp = Stamp("test", at, at, synced=True, sequence=self._sequence)
        quantity = self.pipeline.site.sensors[sensor].traits.quantities[0]
        events = self.pipeline.take(Reading(sensor, quantity, value, stamp))[1]
        self.events += events
        return events

    def play_all(self, rows: Iterable[tuple[float, str, float]]) -> list[Event]:
        return [event for row in rows for event in self.play(*row)]

    def until(self, at: float) -> list[Event]:
        events = self.pipeline.advance(at)
        self.events += events
        return events


def steps(events: Iterable[Event], kind: str = "") -> list[tuple[str, str]]:
    """Type word and level of each event, of one kind or of all."""
    return [
        (event.payload["type"].split(".")[2], event.payload["data"]["level"])
        for event in events
        if not kind or event.kind == kind
    ]
