"""What was last heard of each sensor and of the broker; the deciding thread keeps it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.inbox import Why
from agent.keeping import Stock
from agent.site import Sensor, Site
from agent.standing import OPEN, SensorStanding, Standing, StoreStanding, UplinkStanding
from agent.uplink.link import LinkDown, LinkUp
from drivers.reading import Reading, SensorState


@dataclass(slots=True)
class Heard:
    """Of one sensor."""

    status: str
    since: float
    reason: str = ""
    reading: Reading | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """What stays the same while the agent runs; see Standing."""

    release: str
    config: str
    started: str
    is_memory: bool = False


class Roll:
    """Notes what comes, and says how the agent stands.

    Args:
        site: with its sensors.
        run: what stays the same.
        lay: takes the newest standing.
        now: monotonic seconds of this process.
    """

    def __init__(self, site: Site, run: Run, lay: Callable[[Standing], None], now: float) -> None:
        self._site, self._run, self._lay = site, run, lay
        self._begun = self._link_since = now
        self._heard = {name: Heard("starting", now) for name in site.sensors}
        self._link: LinkUp | LinkDown | None = None

    def hear(self, item: object, now: float) -> None:
        """Note whatever says something of a sensor or of the link."""
        match item:
            case Reading():
                self._read(item, now)
            case SensorState() if item.sensor in self._heard:
                heard = self._heard[item.sensor]
                heard.status, heard.since, heard.reason = item.status.value, now, item.reason
            case Why() if item.sensor in self._heard:
                self._heard[item.sensor].reason = item.reason
            case LinkUp() | LinkDown():
                if isinstance(item, LinkUp) or not isinstance(self._link, LinkDown):
                    self._link_since = now
                self._link = item

    def _read(self, reading: Reading, now: float) -> None:
        """A sensor has spoken, so it is open."""
        heard = self._heard.get(reading.sensor)
        if heard is None:
            return
        heard.reading, heard.at = reading, now
        if heard.status != OPEN:
            heard.status, heard.since, heard.reason = OPEN, now, ""

    def lay(
        self,
        now: float,
        *,
        alarms: Sequence[Mapping[str, Any]],
        faults: Mapping[str, str],
        stock: Stock | None,
        delivered: int,
        is_synced: bool,
    ) -> None:
        """Lay down how all stands now.

        Args:
            now: monotonic seconds of this process.
            alarms: open ones, as they are told to the platform.
            faults: part of the device -> why it is at fault.
            stock: what is stored; None while nobody has counted.
            delivered: messages that a broker has acknowledged.
            is_synced: whether the clock is right.
        """
        waiting = (stock.events_waiting, stock.readings_waiting) if stock else (0, 0)
        standing = Standing(
            release=self._run.release,
            site=self._site.id,
            profile=self._site.profile.value,
            timezone=self._site.timezone,
            config=self._run.config,
            pid=os.getpid(),
            started=self._run.started,
            uptime_s=round(now - self._begun, 1),
            clock="synced" if is_synced else "unsynced",
            sensors=tuple(
                _sensor(self._site.sensors[name], heard, now) for name, heard in self._heard.items()
            ),
            alarms=tuple(alarms),
            faults=tuple({"part": part, "reason": why} for part, why in faults.items()),
            store=StoreStanding(
                self._run.is_memory, *waiting, stock.readings_bytes if stock else 0
            ),
            uplink=self._uplink(now, delivered),
        )
        self._lay(standing)

    def _uplink(self, now: float, delivered: int) -> UplinkStanding:
        link = self._link
        return UplinkStanding(
            is_linked=isinstance(link, LinkUp),
            broker="" if link is None else link.broker,
            since_s=round(now - self._link_since, 1),
            reason=link.reason if isinstance(link, LinkDown) else "" if link else "not tried yet",
            delivered=delivered,
        )


def _sensor(sensor: Sensor, heard: Heard, now: float) -> SensorStanding:
    reading = heard.reading
    return SensorStanding(
        sensor.name,
        sensor.driver,
        sensor.role.value,
        heard.status,
        heard.reason,
        round(now - heard.since, 1),
        None if reading is None else round(now - heard.at, 1),
        "" if reading is None else reading.quantity.value,
        None if reading is None else reading.value,
    )
