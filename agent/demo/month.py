"""Weeks in a home that never existed, as rows of a recording and of the truth beside it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from agent.demo.sites import SITES
from drivers.scene_home import DAY_S
from drivers.scene_life import Home, truth
from drivers.scene_motion import SENSORS
from drivers.scene_motion import readings as of_day

ZONE = timezone(timedelta(hours=8))
BEGIN = datetime(2026, 3, 2, tzinfo=ZONE)  # a Monday, as day 0 is
Row = tuple[str, ...]
READINGS: Row = ("time", "sensor", "quantity", "value")
INCIDENTS: Row = ("start", "end", "kind")


def configuration(seed: int, incidents: str) -> str:
    """The site of a recording, in TOML."""
    site = SITES[0]
    lines = [
        "[site]",
        'id = "simulated-home"',
        'profile = "home"',
        'timezone = "Asia/Shanghai"',
        f'place = {{ zh = "{site.place[0]}", en = "{site.place[1]}" }}',
        f'consent = {{ given_by = "resident", on = {BEGIN:%Y-%m-%d} }}',
        "",
        "[uplink]",
        'brokers = ["mqtts://broker.example:8883"]  # replay connects to nothing',
    ]
    for name in SENSORS:
        lines += ["", "[[sensor]]", f'name = "{name}"', 'driver = "simulated"']
        lines += [f'role = "{site.sensors[name]}"', f'part = "{name}"', f"seed = {seed}"]
        lines += ["start_h = 0.0", f'incidents = "{incidents}"']
    return "\n".join(lines) + "\n"


def readings(home: Home, days: int) -> Iterator[Row]:
    """Rows of READINGS: how each sensor stands at first, then every change."""
    for name in SENSORS:
        yield _time(0), name, "", "0"
    for day in range(days):
        for second, name, quantity, value in of_day(home, day):
            yield _time(day * DAY_S + second), name, quantity.value, f"{value:g}"


def incidents(home: Home, days: int) -> Iterator[Row]:
    """Rows of INCIDENTS: all that was out of the ordinary."""
    for incident in truth(home, days):
        yield _time(incident.since), _time(incident.until), incident.name


def _time(second: float) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat(timespec="milliseconds")
