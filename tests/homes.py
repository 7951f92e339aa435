"""A made home on disk: its configuration, and its days as the agent would have kept them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from routine import day
from sites import MONDAY, home, limits

from agent.clock import ManualClock
from agent.events import Event, rfc3339
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store, compose, go_on, keep
from agent.store.buffer import Buffer
from agent.store.diary import Diary
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from drivers.reading import Reading, Stamp

PINS = (
    ("bedroom-pir", "pir", "bedroom", 4),
    ("kitchen-pir", "pir", "kitchen", 5),
    ("living-pir", "pir", "living", 6),
    ("entry-pir", "pir", "entry", 12),
    ("front-door", "door_contact", "front-door", 13),
    ("smoke", "smoke_alarm", "kitchen", 16),
    ("cord", "help_button", "bathroom", 17),
)
HOME = """\
[site]
id = "test-0001"
profile = "home"
timezone = "Asia/Shanghai"
place = { zh = "萝岗街一号户", en = "Household 1" }
consent = { given_by = "resident", on = 2026-11-01 }
[uplink]
brokers = ["mqtts://broker.example:8883"]
""" + "".join(
    f'[[sensor]]\nname = "{name}"\ndriver = "{driver}"\nrole = "{role}"\npin = {pin}\n'
    for name, driver, role, pin in PINS
)


def config(folder: Path) -> Path:
    """Write the configuration; the same home as sites.home()."""
    path = folder / "site.toml"
    path.write_text(HOME, encoding="utf-8")
    return path


def rows(days: int) -> Iterator[tuple[float, str, float]]:
    """Ordinary days, one after the other."""
    for number in range(days):
        yield from day(number)


def recording(folder: Path, days: int) -> Path:
    """Write ordinary days as a recording."""
    path = folder / "days.csv"
    lines = [f"{rfc3339(at)},{sensor},{value}" for at, sensor, value in rows(days)]
    path.write_text("\n".join(["time,sensor,value", *lines, ""]))
    return path


def opened(folder: Path) -> Store:
    """The store of a state folder."""
    return Store(
        Buffer(folder / "readings", 64 << 20),
        Outbox(folder / "outbox"),
        Snapshots(folder / "snapshots"),
        Diary(folder / "diary"),
    )


def readings(made: Iterable[tuple[float, str, float]], first: int) -> Iterator[Reading]:
    """Numbered readings of a home, with both clocks one."""
    sensors = home().sensors
    for sequence, (at, sensor, value) in enumerate(made, start=first):
        stamp = Stamp("test", at, at, synced=True, sequence=sequence)
        yield Reading(sensor, sensors[sensor].traits.quantities[0], value, stamp)


class Lived:
    """The store of an agent that has run in the home, and what it knew at the end."""

    def __init__(self, folder: Path) -> None:
        self.store = opened(folder)
        self.clock = ManualClock(mono=MONDAY, wall=MONDAY)
        self.pipeline = Pipeline(home(), limits())
        go_on(self.pipeline, self.clock, self.store)

    def live(self, made: Iterable[tuple[float, str, float]]) -> list[Event]:
        """Take in readings, and keep them and what came of them."""
        first = self.pipeline.last.sequence + 1 if self.pipeline.last else 1
        events: list[Event] = []
        checked = []
        for reading in readings(made, first):
            item, more = self.pipeline.take(reading)
            checked.append(item)
            events += more
        self.store.buffer.extend(checked)
        self.store.buffer.sync()
        self.store.outbox.put(events)
        self.store.diary.put(self.pipeline.numbered())
        return events

    def pass_until(self, at: float) -> list[Event]:
        """Let time pass, and keep what came of it."""
        events = self.pipeline.advance(at)
        self.store.outbox.put(events)
        return events

    def snapshot(self) -> None:
        """Save what is known."""
        last = self.pipeline.last
        document = compose(self.pipeline, self.clock)
        keep(self.store, document, last.sequence if last else 0)

    def close(self) -> None:
        """End."""
        self.store.buffer.close()
        self.store.outbox.close()
        self.store.diary.close()
