"""Thirty days without a link at the daily volume of a home and of an outfall, then a broker (A12).

The agent's own parts in this process, on an ext4 of their own whose block device counts the bytes. Readings come at the pace of the
drivers: a two-state sensor tells its level every 30 s, a probe its channels once a minute. One day
is lived in steps of 5 s, as the disk sees it in the field; it gives the bytes written a day. The
others pass in steps of half an hour.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import checker
from card import Card
from consumer import Consumer
from inside import Inside
from outcome import Outcome
from rig import Rig, free_port

from agent.clock import ManualClock
from agent.site import Place, Profile, Role, Sensor, Site
from drivers.base import Traits
from drivers.reading import Quantity
from drivers.simulated import Config, look

MONDAY = 1_790_006_400.0  # 2026-09-22 00:00 in Shanghai
DAY_S = 86400
DAYS = 30
STEP_S, STRIDE_S = 5, 1800
CARD = 384 << 20
ROOMY, TIGHT = 256 << 20, 8 << 20  # bytes of readings: the default, and the least that may be set
LEAST_RECORDS = 1000  # at once after the reconnection; then a live alarm is raised
DRAIN_S, LIVE_S = 240.0, 1.0
GROWTH_KB = 6144.0
THINNED = {"count", "first", "last"}  # what the event that tells of thinning says
PLACE = Place("广州市黄埔区萝岗街下中路", "Xiazhong Road, Luogang, Huangpu, Guangzhou")

Sample = Callable[[int], dict[Quantity, float]]


@dataclass(frozen=True, slots=True)
class Feed:
    """A sensor, how often it tells something, and what at each second since the beginning."""

    sensor: Sensor
    every_s: int
    look: Sample


class Platform(Consumer):
    """Counts readings rather than keeping them: there are hundreds of thousands.

    Attributes:
        seen: sequences of the readings that came.
        early: readings that came before an event of the backlog.
        backlog: ids of events that waited when the link came up.
    """

    def __init__(self, port: int) -> None:
        self.seen: set[int] = set()
        self.count = self.early = 0
        self.backlog: set[str] = set()
        super().__init__(port)

    def _records(self, at: float, site: str, sensor: str, pack: list[dict[str, Any]]) -> None:
        del at, site, sensor
        self.seen.update(record["seq"] for record in pack)
        self.count += len(pack)
        if not self.backlog <= self.ids:
            self.early += len(pack)

    @property
    def repeated(self) -> int:
        """How many readings came again."""
        return self.count - len(self.seen)


def home(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Six two-state sensors; help is called for once a day."""
    del is_long
    parts = (("bedroom-motion", Role.BEDROOM), ("bathroom-motion", Role.BATHROOM),
             ("kitchen-motion", Role.KITCHEN), ("living-motion", Role.LIVING),
             ("front-door", Role.FRONT_DOOR))  # fmt: skip
    seed = draw.randint(1, 1000)
    feeds = [
        Feed(_two_state(part, role, next(iter(look(Config(part=part, seed=seed))(0)))), 30,
             look(Config(part=part, seed=seed, start_h=0.0)))
        for part, role in parts
    ]  # fmt: skip
    cord = _two_state("cord", Role.BATHROOM, Quantity.HELP)
    feeds.append(Feed(cord, 30, _daily(Quantity.HELP, 10 * 3600, 60)))
    return _month(rig, Profile.HOME, feeds, ROOMY, is_restarted=False)


def outfall(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A probe of seven channels and a level; restarted before the link comes back."""
    del is_long
    return _month(rig, Profile.OUTFALL, _outfall(draw), ROOMY, is_restarted=True)


def tight(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """The same with the least room for readings that may be configured: most are thinned."""
    del is_long
    return _month(rig, Profile.OUTFALL, _outfall(draw), TIGHT, is_restarted=False)


def _outfall(draw: random.Random) -> list[Feed]:
    sonde = look(Config(part="sonde", seed=draw.randint(1, 1000)))
    quantities = tuple(sonde(0))
    probe = Sensor("sonde", "water_quality", Role.OUTFALL, Traits(quantities, 60.0, 300.0))
    traits = Traits((Quantity.DISTANCE_MM,), 60.0, 900.0,
                    valid={Quantity.DISTANCE_MM: (301, 4999)}, mount_height_mm=2700.0)  # fmt: skip
    level = Sensor("level", "water_level", Role.ROADSIDE, traits)
    return [Feed(probe, 60, sonde), Feed(level, 60, _flood)]


def _two_state(name: str, role: Role, quantity: Quantity) -> Sensor:
    return Sensor(name, quantity.value, role, Traits((quantity,), 30.0, 105.0))


def _daily(quantity: Quantity, second: int, length: int) -> Sample:
    return lambda t: {quantity: float(second <= t % DAY_S < second + length)}


def _flood(t: int) -> dict[Quantity, float]:
    """Once a day the water rises to 600 mm and falls again."""
    minute = (t % DAY_S) / 60 - 600
    return {Quantity.DISTANCE_MM: 2700.0 - max(0.0, 600.0 - abs(minute - 60) * 10)}


def _month(
    rig: Rig, profile: Profile, feeds: list[Feed], bound_bytes: int, *, is_restarted: bool
) -> Outcome:
    clock = ManualClock(mono=5000.0, wall=MONDAY)
    site = Site(
        "offline", profile, "Asia/Shanghai", PLACE, "", {f.sensor.name: f.sensor for f in feeds}
    )
    card = Card(rig.name("image"), rig.name("card"), CARD)
    rig.parts.callback(card.close)
    folder, port = card.path / "state", free_port()
    device = Inside(site, folder, clock, port, bound_bytes)
    written = 0
    memory: list[tuple[float, float]] = []
    begun = time.monotonic()
    for day in range(DAYS):
        before = card.written_bytes() if day == 1 else 0
        _live(device, feeds, day * DAY_S, STEP_S if day == 1 else STRIDE_S)
        written = card.written_bytes() - before if day == 1 else written
        memory.append((float(day), _resident_kb()))
    took_s = time.monotonic() - begun
    earlier = device
    if is_restarted:
        device.stop()
        device = Inside(site, folder, clock, port, bound_bytes)
        device.turn()
        device.others |= earlier.others
        device.before = earlier.numbers
    failures = checker.grows("rss_kb", memory[5:], GROWTH_KB)
    concluded = [*earlier.events, *device.events[len(earlier.events) * (not is_restarted) :]]
    outcome = _reconnect(rig, device, [e.id for e in concluded], port)
    growth_kb = max(kb for _, kb in memory[5:]) - memory[5][1]
    note = (f"{earlier.readings} readings and {len(concluded)} events in {DAYS} days "
            f"({took_s:.0f} s), {earlier.readings // DAYS} readings a day; "
            f"{written / 1e6:.1f} MB written to the card on the day in steps of {STEP_S} s; "
            f"memory +{growth_kb / 1024:.1f} MB from day 5 on")  # fmt: skip
    return Outcome(1, failures, note).join(outcome)


def _live(device: Inside, feeds: list[Feed], since: int, stride_s: int) -> None:
    """One day; sensors that come equally often do not come at the same moment."""
    phases = [STEP_S * n % feed.every_s for n, feed in enumerate(feeds)]
    emits = [device.inbox.emitter(feed.sensor.name) for feed in feeds]
    for second in range(since, since + DAY_S, STEP_S):
        device.clock.advance(STEP_S)
        for feed, phase, emit in zip(feeds, phases, emits, strict=True):
            if second % feed.every_s == phase:
                for quantity, value in feed.look(second).items():
                    emit(quantity, value)
        if second % stride_s == 0:
            device.inbox.tick()
            device.turn()
    device.turn()


def _reconnect(rig: Rig, device: Inside, concluded: list[str], port: int) -> Outcome:
    """A broker appears; everything that waits is to come, and a live alarm to overtake it."""
    broker = rig.broker(port=port)
    platform = Platform(broker.port)
    rig.parts.callback(platform.close)
    platform.backlog = set(concluded)
    begun = time.monotonic()
    device.go_online()
    failures: list[str] = []
    if not device.run(lambda: platform.count >= LEAST_RECORDS, 60.0):
        failures.append("no readings came within a minute of the link")
    live_s, waiting = _live_alarm(device, platform)
    due = sum(map(len, device.numbers)) - len(device.others)
    if not device.run(lambda: device.delivery.is_idle, DRAIN_S):
        failures.append(f"not drained after {DRAIN_S:g} s: {device.delivery.counters}")
    drained_s = time.monotonic() - begun
    device.run(lambda: False, 12.0)  # the store is counted every 10 s, and what it says is an event
    device.stop()
    events = [event for _, event in platform.events]
    failures += checker.missing([*concluded, *(e.id for e in device.events)], platform.ids)
    failures += checker.contents(events) + checker.order(events)
    if platform.early:
        failures.append(f"{platform.early} readings came before the events that had waited")
    if live_s > LIVE_S:
        failures.append(f"a live alarm took {live_s:.1f} s")
    readings = set().union(*device.numbers) - device.others
    gone = len(readings - platform.seen)
    told = [e for e in events if e["data"]["evidence"].keys() >= THINNED]
    counted = int(told[-1]["data"]["evidence"]["count"]) if told else 0
    if gone != counted:
        failures.append(f"{gone} readings of {due} never came, {counted} were told as thinned")
    if sum(e["type"].split(".")[2] == "fault" for e in told) > 1:
        failures.append(f"thinning was told {len(told)} times")
    span = {key: told[-1]["data"]["evidence"][key] for key in ("first", "last")} if told else {}
    note = (f"drained in {drained_s:.0f} s, {platform.repeated} readings twice, {gone} thinned {span}; "
            f"live alarm in {live_s:.2f} s before {waiting} waiting readings")  # fmt: skip
    return Outcome(1 + bool(gone), failures, note)


def _live_alarm(device: Inside, platform: Platform) -> tuple[float, int]:
    """Raise one of the urgent kind; seconds until it came, and how many readings waited then."""
    known = len(device.events)
    waiting = device.store.buffer.waiting
    begun = time.monotonic()
    for name, sensor in device.sensors.items():
        if Quantity.HELP in sensor.traits.quantities:
            device.inbox.emitter(name)(Quantity.HELP, 1.0)
        elif Quantity.DISTANCE_MM in sensor.traits.quantities:
            for _ in range(3):
                device.clock.advance(60.0)
                device.inbox.emitter(name)(Quantity.DISTANCE_MM, 2100.0)
    device.run(lambda: any(e.id in platform.ids for e in device.events[known:]), 30.0)
    return time.monotonic() - begun, waiting


def _resident_kb() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS")))
