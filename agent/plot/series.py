"""What there is to draw of one sensor: values, quality, zero, limits, and what was told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.detectors.waterlogging import Config as Waterlogging
from agent.events import WarningLevel
from agent.site import Role, Sensor, Site
from agent.texts.words import COLOUR_ZH, Pair
from drivers.reading import TWO_STATE, UNITS, Grade, Quantity, Reading

NAMES: Mapping[Quantity, Pair] = {
    Quantity.DISTANCE_MM: ("水深", "depth"),
    Quantity.DEPTH_MM: ("水深", "depth"),
    Quantity.AIR_TEMP_DEGC: ("气温", "air temperature"),
    Quantity.WATER_TEMP_DEGC: ("水温", "water temperature"),
    Quantity.PH: ("pH值", "pH"),
    Quantity.DISSOLVED_OXYGEN_MG_L: ("溶解氧", "dissolved oxygen"),
    Quantity.CONDUCTIVITY_US_CM: ("电导率", "conductivity"),
    Quantity.TURBIDITY_NTU: ("浊度", "turbidity"),
    Quantity.AMMONIA_N_MG_L: ("氨氮", "ammonia nitrogen"),
    Quantity.ORP_MV: ("氧化还原电位", "redox potential"),
    Quantity.COD_MG_L: ("化学需氧量", "COD"),
    Quantity.CHLORINE_MG_L: ("余氯", "chlorine"),
    Quantity.MOTION: ("移动", "motion"),
    Quantity.PRESENCE: ("有人", "presence"),
    Quantity.CONTACT: ("开合", "open"),
    Quantity.SMOKE: ("烟雾", "smoke"),
    Quantity.HELP: ("呼救", "help"),
    Quantity.ANSWER: ("应答", "answer"),
    Quantity.BUZZER: ("蜂鸣", "buzzer"),
    Quantity.WET: ("浸水", "wet"),
}


@dataclass(frozen=True, slots=True)
class Point:
    """A reading: seconds since 1970, in the panel's unit, and how good it is."""

    at: float
    value: float
    grade: Grade


@dataclass(frozen=True, slots=True)
class Limit:
    """A level's limit in the panel's unit."""

    level: WarningLevel
    value: float

    @property
    def name(self) -> Pair:
        """Its colour."""
        return COLOUR_ZH[self.level], self.level.word


@dataclass(frozen=True, slots=True)
class Panel:
    """One quantity.

    Attributes:
        points: in order of time.
        is_depth: whether it is water over ground, which is drawn from the ground up.
        zeros: how far the tracked zero lies from the installed one, from when on.
    """

    quantity: Quantity
    points: Sequence[Point]
    limits: Sequence[Limit] = ()
    is_depth: bool = False
    zeros: Sequence[tuple[float, float]] = ()

    @property
    def title(self) -> Pair:
        """What it shows, with its unit."""
        zh, en = NAMES[self.quantity]
        unit = "mm" if self.is_depth else UNITS[self.quantity].replace("Cel", "°C").strip("/")
        if not unit or unit == en:
            return zh, en
        return f"{zh} {unit}", f"{en}, {unit}"

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value to be drawn; of readings that are no error codes."""
        values = [point.value for point in self.points if point.grade is not Grade.BAD]
        low, high = (min(values), max(values)) if values else (0.0, 1.0)
        if self.quantity in TWO_STATE:
            return 0.0, 1.0
        if self.is_depth:
            above = [limit.value for limit in self.limits if limit.value > high]
            return min(0.0, low), max(high, min(above, default=0.0), 10.0)
        margin = 0.05 * (high - low) or max(abs(high) * 0.01, 0.1)
        return low - margin, high + margin


@dataclass(frozen=True, slots=True)
class Mark:
    """An event: when, how grave, what kind of step, and its sentence."""

    at: float
    level: WarningLevel
    step: str
    kind: str
    text: Pair
    is_possible: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """All of one sensor between two moments."""

    sensor: str
    place: Pair
    zone: str
    since: float
    until: float
    panels: Sequence[Panel]
    marks: Sequence[Mark] = field(default_factory=tuple)


def gather(
    site: Site,
    sensor: Sensor,
    limits: Waterlogging,
    readings: Iterable[Reading],
    payloads: Iterable[Mapping[str, Any]],
    *,
    span: tuple[float, float],
    zeros: Sequence[tuple[float, float]] = (),
) -> Series:
    """Put together what lies in the span, which is seconds since 1970.

    Args:
        site: where the sensor is.
        sensor: which.
        limits: those of waterlogging, for a roadside level.
        readings: of this sensor, in order of time, with their quality.
        payloads: events of the site, in order.
        span: from when to when.
        zeros: how far the tracked zero lies from the installed one, from when on.
    """
    since, until = span
    points: dict[Quantity, list[Point]] = {q: [] for q in sensor.traits.quantities}
    for reading in readings:
        if since <= reading.stamp.wall <= until and reading.quantity in points:
            point = Point(reading.stamp.wall, _shown(sensor, reading), reading.quality.grade)
            points[reading.quantity].append(point)
    panels = [_panel(sensor, limits, quantity, found, zeros) for quantity, found in points.items()]
    marks = [
        mark
        for payload in payloads
        if sensor.name in payload["data"]["sensors"]
        and since <= (mark := mark_of(payload)).at <= until
    ]
    place = site.place
    return Series(sensor.name, (place.zh, place.en), site.timezone, since, until, panels, marks)


def mark_of(payload: Mapping[str, Any]) -> Mark:
    """An event's payload, as a mark."""
    data = payload["data"]
    return Mark(
        datetime.fromisoformat(payload["time"]).timestamp(),
        WarningLevel[data["level"].upper()],
        payload["type"].split(".")[2],
        data["kind"],
        (data["text"]["zh"], data["text"]["en"]),
        data["certainty"] == "possible",
    )


def _shown(sensor: Sensor, reading: Reading) -> float:
    if reading.quantity is Quantity.DISTANCE_MM:
        return (sensor.traits.mount_height_mm or 0.0) - reading.value
    return reading.value


def _panel(
    sensor: Sensor,
    limits: Waterlogging,
    quantity: Quantity,
    points: Sequence[Point],
    zeros: Sequence[tuple[float, float]],
) -> Panel:
    is_depth = quantity in (Quantity.DISTANCE_MM, Quantity.DEPTH_MM)
    if not is_depth or sensor.role is not Role.ROADSIDE:
        return Panel(quantity, points, is_depth=is_depth)
    low_point = sensor.traits.low_point_mm
    lines = [Limit(level, limits.threshold(level)[1] - low_point) for level in WarningLevel]
    return Panel(quantity, points, lines, is_depth=True, zeros=zeros)
