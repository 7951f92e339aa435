"""Topics and payloads: the only place that spells either.

Under `street/v1/<site id>/` or the configured prefix stand

| topic              | retained | payload                                                          |
| ------------------ | -------- | ---------------------------------------------------------------- |
| `state`            | yes      | `{"state": ...}`; `lost` is the last will                        |
| `info`             | yes      | version, hash of the configuration, sensors                      |
| `alarms`           | yes      | the open alarms, as a list                                       |
| `event/<kind>`     | no       | one event, CloudEvents 1.0                                       |
| `reading/<sensor>` | no       | a SenML pack (RFC 8428) of one sensor's readings in their order  |
| `health`           | no       | counters                                                         |

A SenML pack may carry labels of ours: `seq` in each record orders and de-duplicates, `q` is the
quality where it is not good, and the base label `boot` (base labels start with b, RFC 8428 section
12.2) holds from its record on. Readings of an untrusted clock carry a relative time, seconds before
the pack was sent (section 4.5.3): the monotonic clock knows that one even where no date is known.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent.events import Event
from agent.site import Profile, Site
from agent.uplink.settings import UplinkSettings
from drivers.reading import TWO_STATE, UNITS, Grade, Reading

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-:./_]")  # RFC 8428 section 4.5.1

# PUBLISH around topic and payload, at most: 5 bytes of fixed header, 2 of topic length, 2 of packet
# id, 1 of property length (MQTT 5 section 3.3).
ENVELOPE_BYTES = 10


class Presence(StrEnum):
    """What `state` says of the device."""

    ONLINE = "online"
    STOPPED = "stopped"  # said good-bye
    LOST = "lost"  # said by the broker, which has not heard of it


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish at QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False

    @property
    def packet_bytes(self) -> int:
        """How large its PUBLISH packet is at most."""
        return ENVELOPE_BYTES + len(self.topic.encode()) + len(self.payload)


class Wire:
    """Spells topics and payloads of one site.

    Attributes:
        sends_readings: whether readings leave the site at all.
        pack: most readings in one message.

    Raises:
        ValueError: the prefix cannot start a topic.
    """

    def __init__(self, site: Site, settings: UplinkSettings) -> None:
        prefix = settings.prefix or f"street/v1/{site.id}/"
        if not prefix.endswith("/"):
            prefix += "/"
        if prefix[0] in "/$" or not prefix.isprintable() or set(prefix) & set("+#"):
            raise ValueError(
                f"prefix: {prefix!r} cannot start a topic; it may not begin with / or $, "
                "nor hold + or # or a control character"
            )
        self.pack = settings.pack
        self._site = site
        self._prefix = prefix
        self.sends_readings = (
            site.profile is not Profile.HOME if settings.readings is None else settings.readings
        )

    def state(self, presence: Presence) -> Message:
        """Whether the device is there."""
        return self._message("state", {"state": presence}, retain=True)

    def info(self, version: str, config_hash: str) -> Message:
        """What is installed."""
        sensors = [
            {"name": s.name, "driver": s.driver, "role": s.role, "quantities": s.traits.quantities}
            for s in self._site.sensors.values()
        ]
        content = {"version": version, "config": config_hash, "sensors": sensors}
        return self._message("info", content, retain=True)

    def alarms(self, payloads: Iterable[Mapping[str, Any]]) -> Message:
        """The latest event of every alarm that is open."""
        return self._message("alarms", list(payloads), retain=True)

    def health(self, counters: Mapping[str, Any]) -> Message:
        """How the agent fares."""
        return self._message("health", counters)

    def event(self, event: Event, mono: float) -> Message:
        """An event, with the whole seconds that it has waited; the stored one stays as it is.

        Args:
            event: as it is stored.
            mono: monotonic seconds now. They go on across restarts and, unlike the wall clock, a
                step of the clock does not change a difference of theirs.
        """
        waited = max(0, int(mono - event.mono))
        data = {**event.payload["data"], "buffered_s": waited}
        return self._message(f"event/{event.kind}", {**event.payload, "data": data})

    def readings(self, sensor: str, readings: Sequence[Reading], mono: float) -> Message:
        """Readings of one sensor, in their order, as one SenML pack.

        Args:
            sensor: its name.
            readings: at least one.
            mono: monotonic seconds now.
        """
        name = NOT_IN_NAMES.sub("_", sensor)
        records = []
        base: tuple[str, bool] | None = None
        epoch = 0.0
        for reading in readings:
            stamp = reading.stamp
            record: dict[str, Any] = {}
            if base is None:
                record["bn"] = f"{NOT_IN_NAMES.sub('_', self._site.id)}:{name}:"
            if base != (stamp.boot, stamp.synced):
                base = (stamp.boot, stamp.synced)
                epoch = round(stamp.wall, 3) if stamp.synced else 0.0
                record["bt"] = epoch
                record["boot"] = stamp.boot
            record["n"] = reading.quantity
            record.update(_value(reading))
            since = stamp.wall - epoch if stamp.synced else min(0.0, stamp.mono - mono)
            record["t"] = round(since, 3)
            record["seq"] = stamp.sequence
            if reading.quality.grade is not Grade.GOOD:
                record["q"] = reading.quality.grade
            records.append(record)
        return self._message(f"reading/{name}", records)

    def _message(self, topic: str, content: object, *, retain: bool = False) -> Message:
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        # Half a surrogate pair, in a text of another system, must not stop everything behind it.
        return Message(self._prefix + topic, text.encode(errors="replace"), retain)


def _value(reading: Reading) -> dict[str, Any]:
    if reading.quantity in TWO_STATE:
        return {"vb": bool(reading.value)}
    if not math.isfinite(reading.value):
        return {"vs": str(reading.value)}  # JSON has no such number
    return {"u": UNITS[reading.quantity], "v": reading.value}
