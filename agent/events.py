"""What the agent concludes: warning levels, kinds, findings, events, activities; and time passing.

A detector returns findings and activities. `agent/pipeline/alarms.py` turns findings into the
events of one alarm's life, and `Event.payload` is what is stored, sent and written by a replay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

from drivers.reading import Quantity, Reading, SensorState, Stamp


def rfc3339(wall: float) -> str:
    """Seconds since 1970 as RFC 3339 UTC with milliseconds."""
    moment = datetime.fromtimestamp(wall, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def shifted(moment: str, delta_s: float) -> str:
    """An RFC 3339 time, so many seconds later."""
    return rfc3339(datetime.fromisoformat(moment).timestamp() + delta_s)


class WarningLevel(IntEnum):
    """How soon somebody has to act: blue = for information ... red = life or street at risk."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def word(self) -> str:
        """The level as it stands in a payload."""
        return self.name.lower()


class Certainty(StrEnum):
    """How sure a finding is; possible = to be verified on site (待核实)."""

    OBSERVED = "observed"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Kind(StrEnum):
    """What an alarm is about; one is open per kind and subject."""

    STILLNESS = "home.stillness"
    OUTING = "home.outing"
    SLEEP = "home.sleep"
    MEALS = "home.meals"
    SMOKE = "home.smoke"
    HELP = "home.help"
    QUESTION = "home.question"
    WATERLOGGING = "street.waterlogging"
    POLLUTION = "outfall.pollution"
    DISCHARGE = "outfall.discharge"
    INTRUSION = "site.intrusion"
    HAZARD = "site.hazard"
    SENSOR_FAULT = "sensor.fault"
    DEVICE_FAULT = "device.fault"
    DEGRADED = "monitoring.degraded"


FAULTS = frozenset({Kind.SENSOR_FAULT, Kind.DEVICE_FAULT})

# The business line that answers for each kind.
LINES: dict[Kind, str] = {
    Kind.STILLNESS: "civil_affairs",
    Kind.OUTING: "civil_affairs",
    Kind.SLEEP: "civil_affairs",
    Kind.MEALS: "civil_affairs",
    Kind.SMOKE: "fire",
    Kind.HELP: "civil_affairs",
    Kind.QUESTION: "civil_affairs",
    Kind.WATERLOGGING: "water",
    Kind.POLLUTION: "environment",
    Kind.DISCHARGE: "environment",
    Kind.INTRUSION: "public_security",
    Kind.HAZARD: "urban_management",
    Kind.SENSOR_FAULT: "maintenance",
    Kind.DEVICE_FAULT: "maintenance",
    Kind.DEGRADED: "maintenance",
}


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed up to here without a reading: a deadline that a detector asked for."""

    stamp: Stamp


@dataclass(frozen=True, slots=True)
class Gap:
    """The agent did not run between two moments of monotonic time; nobody knows what happened.

    Attributes:
        is_known: whether the monotonic count covers the gap; if not, it may have been any time.
        given: number up to which events may have been given out of which the disk knows nothing;
            0 = there are none.
    """

    since: float
    stamp: Stamp
    is_known: bool = True
    given: int = 0

    @property
    def length_s(self) -> float:
        """How long nothing was watched; infinity where nobody knows."""
        return self.stamp.mono - self.since if self.is_known else math.inf


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock was set; told before the input whose stamp shows it, and not journalled.

    Attributes:
        delta_s: what is to be added to wall times that were remembered before.
    """

    delta_s: float
    stamp: Stamp


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A change in a part of the device itself.

    Attributes:
        part: uplink, storage, ...
        reason: what is wrong, for a technician; empty = well again.
        facts: plain JSON values that the event's evidence carries as well, such as counts.
    """

    part: str
    reason: str
    stamp: Stamp
    facts: Mapping[str, Any] = field(default_factory=dict)


Input = Reading | SensorState | DeviceState | Gap
"""What is journalled and can be run again after a restart; ticks follow from it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A detector's present judgement of one subject.

    Attributes:
        subject: what it is about: a sensor's name or the home; with `kind` it names the alarm.
        level: None clears the alarm.
        onset: monotonic seconds when it began.
        sensors: names of the sensors that it rests on.
        value: the quantity and value to show with it.
        evidence: plain JSON values, enough to recompute the decision: reason, limit, ...
        suspect: whether it rests on readings of doubtful quality.
    """

    kind: Kind
    subject: str
    level: WarningLevel | None
    onset: float
    sensors: tuple[str, ...] = ()
    certainty: Certainty = Certainty.OBSERVED
    value: tuple[Quantity, float] | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """Something a resident did; stays in the home's own journal. Times are seconds since 1970 UTC.

    Attributes:
        slot: breakfast, lunch or dinner for a meal, else empty.
        corrects: the start of an earlier line that this one replaces; None for a new one.
    """

    activity: str
    start: float
    start_decided: float
    end: float | None
    end_decided: float | None
    slot: str = ""
    corrects: float | None = None

    @property
    def document(self) -> dict[str, str]:
        """It as a journal has it: the contract in the design's section 5."""
        times = {
            "start": self.start,
            "start_decided": self.start_decided,
            "end": self.end,
            "end_decided": self.end_decided,
            "corrects": self.corrects,
        }
        slot = {"slot": self.slot} if self.slot else {}
        known = {name: rfc3339(wall) for name, wall in times.items() if wall is not None}
        return {"activity": self.activity, **slot, **known}


@dataclass(frozen=True, slots=True)
class Event:
    """One step in the life of an alarm, ready to be stored and sent.

    Attributes:
        sequence: place in the order of this device's events, from 1 on.
        mono: monotonic seconds of its detection, to find the place again after a restart.
        payload: CloudEvents 1.0 structured JSON: the contract in the design's section 5.
    """

    sequence: int
    mono: float
    kind: Kind
    payload: Mapping[str, Any]

    @property
    def id(self) -> str:
        """`<alarm id>.<rev>`, the same whenever and wherever it is concluded again."""
        return str(self.payload["id"])
