"""The demo's sites: a home, a street, an outfall, each with a configuration of its own.

Their day begins at eight in the morning, wherever and whenever the demo is run: the time zone is
chosen so that it is eight o'clock in it now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

BEGIN_H = 8
MOUNT_MM = 2700

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class DemoSite:
    """One site.

    Attributes:
        name: in both languages, short.
        place: in both languages, as people call it.
        sensors: part of the scene, which is also the sensor's name -> role.
    """

    id: str
    profile: str
    name: Pair
    place: Pair
    sensors: Mapping[str, str] = field(default_factory=dict)


SITES = (
    DemoSite(
        "demo-home",
        "home",
        ("家", "home"),
        ("演示小区3栋", "Demo Estate, block 3"),
        {
            "bedroom-motion": "bedroom",
            "bathroom-motion": "bathroom",
            "kitchen-motion": "kitchen",
            "living-motion": "living",
            "entry-motion": "entry",
            "front-door": "front-door",
            "smoke": "kitchen",
            "help": "bathroom",
        },
    ),
    DemoSite(
        "demo-street",
        "street",
        ("路", "street"),
        ("演示区演示路下穿通道", "Demo Road underpass, Demo District"),
        {"road-level": "roadside", "float": "roadside"},
    ),
    DemoSite(
        "demo-outfall",
        "outfall",
        ("排口", "outfall"),
        ("演示涌1号排口", "Demo Creek, outfall 1"),
        {"sonde": "outfall"},
    ),
)


def begin_offset_h(now: datetime) -> int:
    """Hours east of UTC where it is eight o'clock, -12 to 11."""
    return (BEGIN_H - now.astimezone(UTC).hour + 12) % 24 - 12


def zone(now: datetime) -> timezone:
    """The demo's time zone."""
    return timezone(timedelta(hours=begin_offset_h(now)))


def configuration(site: DemoSite, broker_url: str, now: datetime) -> str:
    """A site's configuration, in TOML."""
    offset_h = begin_offset_h(now)
    start_h = BEGIN_H + now.minute / 60
    lines = [
        "[site]",
        f'id = "{site.id}"',
        f'profile = "{site.profile}"',
        f'timezone = "Etc/GMT{-offset_h:+d}"  # POSIX: what lies east of UTC has a minus',
        f'place = {{ zh = "{site.place[0]}", en = "{site.place[1]}" }}',
    ]
    if site.profile == "home":
        lines.append(f'consent = {{ given_by = "resident", on = {now:%Y-%m-%d} }}')
    lines += [
        "",
        "[uplink]",
        f'brokers = ["{broker_url}"]',
        "insecure = true  # on this machine's loopback",
        "readings = true",
    ]
    for name, role in site.sensors.items():
        lines += [
            "",
            "[[sensor]]",
            f'name = "{name}"',
            'driver = "simulated"',
            f'role = "{role}"',
            f'part = "{name}"',
            'script = "demo"',
            f"start_h = {start_h:.3f}",
        ]
        if name == "road-level":
            lines.append(f"mount_height_mm = {MOUNT_MM}")
    return "\n".join(lines) + "\n"


def write(folder: Path, broker_url: str, now: datetime) -> list[Path]:
    """Write every site's configuration into a folder; return the files in the order of SITES."""
    files = []
    for site in SITES:
        file = folder / f"{site.id}.toml"
        file.write_text(configuration(site, broker_url, now), encoding="utf-8")
        files.append(file)
    return files
