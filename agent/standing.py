"""How the agent stands at a moment: what `street-agent status` shows, as one JSON document.

Keys are added, never renamed or given another meaning: scripts read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

SCHEMA = 1
OPEN = "open"


@dataclass(frozen=True, slots=True)
class SensorStanding:
    """One sensor.

    Attributes:
        status: starting (opened, nothing heard yet), open, silent or lost.
        reason: why it is silent or lost; empty where it is not.
        since_s: seconds since the status changed.
        last_reading_s: seconds since its last reading; None before the first.
        quantity: of that reading; empty before it.
        value: of that reading, in the quantity's unit; None before it.
    """

    name: str
    driver: str
    role: str
    status: str
    reason: str = ""
    since_s: float = 0.0
    last_reading_s: float | None = None
    quantity: str = ""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class UplinkStanding:
    """The link to the platform.

    Attributes:
        broker: host and port, of the last one that answered or did not; empty before the first try.
        since_s: seconds since it was linked, or not.
        reason: why it is not; empty where it is.
        delivered: messages that a broker has acknowledged since the start.
    """

    is_linked: bool = False
    broker: str = ""
    since_s: float = 0.0
    reason: str = ""
    delivered: int = 0


@dataclass(frozen=True, slots=True)
class StoreStanding:
    """What is stored.

    Attributes:
        is_memory: whether the disk is of no use, and what is stored ends with the process.
    """

    is_memory: bool = False
    events_waiting: int = 0
    readings_waiting: int = 0
    readings_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it.

    Attributes:
        release: version of the agent that runs.
        config: SHA-256 of the configuration that it runs with, in hex.
        started: RFC 3339, UTC; by a clock that may not have been set then.
        clock: synced or unsynced.
        alarms: open alarms, as in the MQTT topic `alarms`.
        faults: parts of the device that are at fault, and why.
    """

    release: str
    site: str
    profile: str
    timezone: str
    config: str
    pid: int
    started: str
    uptime_s: float
    clock: str
    sensors: Sequence[SensorStanding] = ()
    alarms: Sequence[Mapping[str, Any]] = ()
    faults: Sequence[Mapping[str, str]] = ()
    store: StoreStanding = field(default_factory=StoreStanding)
    uplink: UplinkStanding = field(default_factory=UplinkStanding)

    @property
    def state(self) -> str:
        """Degraded where a part is at fault or a sensor is not open; else sensing."""
        is_whole = not self.faults and all(s.status == OPEN for s in self.sensors)
        return "sensing" if is_whole else "degraded"

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"schema": SCHEMA, "state": self.state, **asdict(self)}


def from_json(text: str) -> Standing:
    """Read a document, also one of a release that knows more keys.

    Raises:
        ValueError: It is none.
    """
    try:
        document = json.loads(text)
        if document["schema"] < SCHEMA:
            raise ValueError(f"schema {document['schema']}")
        kept = _known(Standing, document)
        kept["sensors"] = tuple(
            SensorStanding(**_known(SensorStanding, one)) for one in document["sensors"]
        )
        for name in ("alarms", "faults"):
            kept[name] = tuple(document[name])
        kept["store"] = StoreStanding(**_known(StoreStanding, document["store"]))
        kept["uplink"] = UplinkStanding(**_known(UplinkStanding, document["uplink"]))
        return Standing(**kept)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no status of an agent: {error}") from error


def _known(kind: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in kind.__dataclass_fields__ if name in values}


def worse(before: Standing, after: Standing) -> list[str]:
    """Name what got worse: a sensor that had read and does not, a link that was up and is not.

    A sensor or broker that the configuration no longer has is not missed.
    """
    now = {sensor.name: sensor for sensor in after.sensors}
    found = []
    for was in before.sensors:
        had_read = was.status == OPEN and was.last_reading_s is not None
        sensor = now.get(was.name)
        if had_read and sensor is not None and sensor.status != OPEN:
            reason = f": {sensor.reason}" if sensor.reason else ""
            found.append(f"sensor {was.name} is {sensor.status}{reason}")
    if before.uplink.is_linked and not after.uplink.is_linked:
        found.append(f"no link to {after.uplink.broker or 'the broker'}: {after.uplink.reason}")
    if after.store.is_memory and not before.store.is_memory:
        found.append("the state folder cannot be used")
    return found
