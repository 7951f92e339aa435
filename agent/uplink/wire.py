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
Once the clock has been synchronised, what was stamped before in the same boot is told with its true
time, counted from there: `clock` says `corrected`, and so does a pack's base label `bclock`.

Two sendings of one event, which have the same id, may differ in `buffered_s`, and where the clock
was not synchronised, in `time`, `onset`, `clock` and the times of `cap`. Nothing else ever differs,
and what is stored stays as it is.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from agent.cap import redated
from agent.events import Event, rfc3339, shifted
from agent.site import Profile, Site
from agent.uplink.settings import UplinkSettings
from drivers.reading import TWO_STATE, UNITS, Grade, Reading, Stamp

NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-:./_]")  # RFC 8428 section 4.5.1

# What `clock` says of a time.
SYNCED, UNSYNCED, CORRECTED = "synced", "unsynced", "corrected"
STEP_S = 1.0  # two looks at a clock that was not set differ by less

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
        self._true_time: dict[str, float] = {}
        self.pack = settings.pack
        self._site = site
        self._prefix = prefix
        self.sends_readings = (
            site.profile is not Profile.HOME if settings.readings is None else settings.readings
        )

    def synchronised(self, boot: str, wall_minus_mono: float) -> None:
        """Take note of what a synchronised clock says; of each boot the latest holds."""
        self._true_time[boot] = wall_minus_mono

    def watch_clock(self, stamp: Stamp) -> None:
        """Take note of a stamp whose clock is synchronised for the first time, or was set since."""
        offset = stamp.wall - stamp.mono
        if stamp.synced and abs(offset - self._true_time.get(stamp.boot, math.inf)) > STEP_S:
            self.synchronised(stamp.boot, offset)

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
        payload = self._corrected(event)
        data = {**payload["data"], "buffered_s": waited}
        return self._message(f"event/{event.kind}", {**payload, "data": data})

    def readings(self, sensor: str, readings: Sequence[Reading], mono: float) -> Message:
        """Readings of one sensor, in their order, as one SenML pack.

        Args:
            sensor: its name.
            readings: at least one.
            mono: monotonic seconds now.
        """
        name = NOT_IN_NAMES.sub("_", sensor)
        records = []
        base: tuple[str, str] | None = None
        epoch = 0.0
        for reading in readings:
            stamp = reading.stamp
            record: dict[str, Any] = {}
            if base is None:
                record["bn"] = f"{NOT_IN_NAMES.sub('_', self._site.id)}:{name}:"
            clock, wall = self._time(stamp)
            if base != (stamp.boot, clock):
                if base is not None or clock == CORRECTED:
                    record["bclock"] = clock
                base = (stamp.boot, clock)
                epoch = 0.0 if wall is None else round(wall, 3)
                record["bt"] = epoch
                record["boot"] = stamp.boot
            record["n"] = reading.quantity
            record.update(_value(reading))
            record["t"] = round(min(0.0, stamp.mono - mono) if wall is None else wall - epoch, 3)
            record["seq"] = stamp.sequence
            if reading.quality.grade is not Grade.GOOD:
                record["q"] = reading.quality.grade
            records.append(record)
        return self._message(f"reading/{name}", records)

    def _time(self, stamp: Stamp) -> tuple[str, float | None]:
        """What `clock` says of a stamp, and its wall seconds; None where they are not known."""
        if stamp.synced:
            return SYNCED, stamp.wall
        offset = self._true_time.get(stamp.boot)
        return (UNSYNCED, None) if offset is None else (CORRECTED, stamp.mono + offset)

    def _corrected(self, event: Event) -> Mapping[str, Any]:
        """The payload, with its true time where that became known after it was stored."""
        payload, data = event.payload, event.payload["data"]
        offset = self._true_time.get(payload["boot"]) if data["clock"] == UNSYNCED else None
        if offset is None:
            return payload
        time = rfc3339(event.mono + offset)
        onset = data["onset"]
        delta_s = event.mono + offset - datetime.fromisoformat(payload["time"]).timestamp()
        if "onsetboot" not in payload:  # an earlier boot's clock is not this one's
            onset = shifted(onset, delta_s)
        data = {**data, "onset": onset, "clock": CORRECTED}
        if "cap" in data:
            data["cap"] = redated(data["cap"], onset, delta_s, self._site.timezone)
        return {**payload, "time": time, "data": data}

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
