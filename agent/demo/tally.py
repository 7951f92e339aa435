"""What the command centre has received, and how far each site lags behind. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

RELATIVE_BELOW = 2.0**28  # RFC 8428 section 4.5.3


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading as it came in a SenML pack.

    Attributes:
        time_s: seconds since 1970, or seconds relative to the sending of the pack, 0 or below.
    """

    sensor: str
    quantity: str
    value: float
    time_s: float
    seq: int


@dataclass(slots=True)
class SiteTally:
    """What is known of one site.

    Attributes:
        state: online, stopped or lost, as it says itself.
        readings: how many came, each counted once.
        values: the latest by sensor and quantity.
        lag_s: how many real seconds its latest reading was on the way.
        seqs: the highest number of a reading so far, by sensor.
        lead: by how much its clock is ahead of ours, as the quickest message so far shows it.
    """

    state: str = ""
    readings: int = 0
    values: dict[tuple[str, str], float] = field(default_factory=dict)
    lag_s: float = 0.0
    seqs: dict[str, int] = field(default_factory=dict)
    lead: float = float("-inf")


@dataclass(slots=True)
class Tally:
    """Counts. An event is known by its id, however often it comes.

    Args:
        speed: seconds of the sites' time in one real second.

    Attributes:
        duplicated: how often an event came again under its id.
        first_event_at: monotonic seconds; None before.
    """

    speed: float
    sites: dict[str, SiteTally] = field(default_factory=dict)
    delivered: set[str] = field(default_factory=set)
    duplicated: int = 0
    first_event_at: float | None = None

    @property
    def readings(self) -> int:
        """How many readings came from all sites."""
        return sum(site.readings for site in self.sites.values())

    @property
    def lag_s(self) -> float:
        """How many real seconds the slowest site's readings lag."""
        return max((site.lag_s for site in self.sites.values()), default=0.0)

    def expect_news(self) -> None:
        """Forget how far the sites lag: each has to show it anew."""
        for site in self.sites.values():
            site.lag_s = float("inf")

    def take(self, at: float, topic: str, payload: bytes) -> Mapping[str, Any] | None:
        """Count a message; return the event if it is a new one.

        Args:
            at: monotonic seconds.
            topic: `street/v1/<site>/...`.
            payload: as it came.
        """
        _, _, site_id, *rest = topic.split("/")
        site = self.sites.setdefault(site_id, SiteTally())
        match rest:
            case ["event", _]:
                return self._event(at, json.loads(payload))
            case ["reading", _]:
                self._pack(site, at, json.loads(payload))
            case ["state"]:
                site.state = json.loads(payload)["state"]
        return None

    def _event(self, at: float, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if event["id"] in self.delivered:
            self.duplicated += 1
            return None
        self.delivered.add(event["id"])
        if self.first_event_at is None:
            self.first_event_at = at
        return event

    def _pack(self, site: SiteTally, at: float, records: list[Mapping[str, Any]]) -> None:
        time_s = 0.0
        for sample in samples(records):
            site.readings += sample.seq > site.seqs.get(sample.sensor, 0)
            site.seqs[sample.sensor] = max(sample.seq, site.seqs.get(sample.sensor, 0))
            site.values[sample.sensor, sample.quantity] = sample.value
            time_s = sample.time_s
        if time_s >= RELATIVE_BELOW:
            lead = time_s - at * self.speed
            site.lead = max(site.lead, lead)
            site.lag_s = (site.lead - lead) / self.speed
        else:
            site.lag_s = -time_s / self.speed


def samples(records: list[Mapping[str, Any]]) -> Iterator[Sample]:
    """Resolve a SenML pack (RFC 8428 section 4.6)."""
    base, epoch = "", 0.0
    for record in records:
        base, epoch = record.get("bn", base), record.get("bt", epoch)
        value = record["vb"] if "vb" in record else record.get("v")
        if value is not None:
            sensor = base.split(":")[1]
            yield Sample(
                sensor, record["n"], float(value), epoch + record.get("t", 0.0), record["seq"]
            )
