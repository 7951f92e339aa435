"""What must be true whatever was injected. Pure: what was acknowledged, received, fed; no clock.

Every check gives its findings as sentences; an empty list is a promise kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# What may differ between two sendings of one event: how long it waited, and what the clock's
# correction changes.
MAY_DIFFER = frozenset(
    {"buffered_s", "onset", "clock", "expires"}
)  # a corrected clock corrects them
WATER, SENSOR, DEVICE = "street.waterlogging", "sensor.fault", "device.fault"
MOUNT_MM = 2700
AHEAD_MM_MIN, AHEAD_MIN = 10.0, 10  # mm a minute, minutes: what a level is told ahead for
BREAKS, BREAK_MM = 6, 60  # in a day; what water cannot fall by from minute to minute
ZERO_MM = 90  # by which a zero and its sag may lie off at most, together
RELEASE, RELEASE_MM = 0.8, 20  # below both a level is left
HELD_S = 600  # without a reading before a level is said to be held
LEAP = 900  # of revisions on purpose: a thousand, less what was concluded again


@dataclass(frozen=True, slots=True)
class Injected:
    """What the harness did, by which events are explained.

    Attributes:
        fed: distances in mm that were fed, by sensor.
        silenced: sensors whose silence or loss was injected; "*" = all of them.
        parts: parts of the device that were made to fail, such as storage or uplink; a part covers
            those beneath it (storage covers storage.readings).
    """

    fed: Mapping[str, Collection[int]]
    silenced: Collection[str] = ()
    parts: Collection[str] = field(default_factory=tuple)


def missing(acknowledged: Iterable[str], received: Collection[str]) -> list[str]:
    """Every event that was on disk has come."""
    lost = [name for name in dict.fromkeys(acknowledged) if name not in received]
    return [f"event {name} was acknowledged and never came" for name in lost]


def contents(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """No id has two contents."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    found = []
    for event in events:
        data = {key: value for key, value in event["data"].items() if key not in MAY_DIFFER}
        # Two boots of one device give one alarm the same id only if it is the same alarm.
        kept = {key: event[key] for key in ("id", "sequence", "source", "type", "subject")}
        cap = {key: value for key, value in data.get("cap", {}).items() if key not in MAY_DIFFER}
        content = {**kept, **data, "cap": cap, **data.get("evidence", {})}
        was = first.setdefault((str(event["source"]), str(event["id"])), content)
        if was != content:
            names = [key for key in content | was if content.get(key) != was.get(key)]
            told = "; ".join(f"{key} {was.get(key)} and {content.get(key)}" for key in names)
            found.append(f"event {event['id']} came with two contents: {told}")
    return list(dict.fromkeys(found))


def order(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """By first arrival, an alarm's revisions come 1, 2, 3 ... and its numbers rise.

    Another boot of the kernel leaves revisions out, a thousand or more at a time: what the power took
    keeps them. So does a start after events whose inputs a full or failing disk has not taken.
    Between alarms there is no order: orange and red ones overtake.
    """
    last: dict[tuple[str, str], tuple[int, int, str]] = {}
    seen: set[tuple[str, str]] = set()
    found = []
    for event in events:
        source, name = str(event["source"]), str(event["id"])
        if (source, name) in seen:
            continue
        seen.add((source, name))
        alarm = (source, str(event["subject"]))
        rev, number = int(event["data"]["rev"]), int(event["sequence"])
        boot = str(event["boot"])
        last_rev, last_number, last_boot = last.get(alarm, (0, 0, boot))
        is_leap = rev > last_rev and (boot != last_boot or rev - last_rev >= LEAP)
        if rev != last_rev + 1 and not is_leap:
            found.append(f"event {name} came after revision {last_rev}")
        if number <= last_number:
            found.append(f"event {name} is number {number}, after {last_number}")
        last[alarm] = max(rev, last_rev), max(number, last_number), boot
    return found


def reading_order(records: Iterable[tuple[str, str, int, float]]) -> list[str]:
    """By first arrival, the numbers of a sensor's readings rise, and none has two values.

    Args:
        records: sensor with its site, boot, sequence, value, as they came.
    """
    highest: dict[tuple[str, str], int] = {}
    values: dict[tuple[str, str, int], float] = {}
    found = []
    for sensor, boot, number, value in records:
        key = (sensor, boot, number)
        if key in values:
            if values[key] != value:
                found.append(f"reading {number} of {sensor} came with two values")
            continue
        values[key] = value
        if number <= highest.get((sensor, boot), 0):
            found.append(f"reading {number} of {sensor} came after {highest[sensor, boot]}")
        highest[sensor, boot] = max(number, highest.get((sensor, boot), 0))
    return found


def unexplained(events: Iterable[Mapping[str, Any]], injected: Injected) -> list[str]:
    """Every event rests on a reading that was fed, or on a fault that was injected."""
    found = []
    for event in events:
        why = _explain(event, injected)
        if why:
            found.append(f"event {event['id']} {event['data']['kind']}: {why}")
    return list(dict.fromkeys(found))


def _explain(event: Mapping[str, Any], injected: Injected) -> str:
    """Why nothing explains it; empty if something does."""
    data = event["data"]
    kind, evidence = data["kind"], data["evidence"]
    step = str(event["type"]).split(".")[2]
    if kind == WATER:
        return _water(data, evidence, step, injected)
    if kind == SENSOR:
        if step == "restored":
            return ""
        name = data["sensors"][0] if data["sensors"] else ""
        if evidence.get("reason") == "unsteady":
            return _unsteady(name, evidence, injected)
        is_injected = "*" in injected.silenced or name in injected.silenced
        return "" if is_injected else f"nobody silenced {name}: {evidence}"
    if kind == DEVICE:
        part = str(evidence.get("part") or evidence.get("reason") or "")
        covers = any(part == p or part.startswith(f"{p}.") for p in injected.parts)
        return "" if covers else f"nobody broke {part}: {evidence}"
    return "nothing of that kind was fed"


def _water(
    data: Mapping[str, Any], evidence: Mapping[str, Any], step: str, injected: Injected
) -> str:
    if data["value"] is None:
        return _held(data, evidence, injected)
    depth, limit = data["value"]["value"], evidence["limit"]
    if step == "cleared":
        return "" if depth < limit else f"cleared at {depth} mm"
    sensor = data["sensors"][0]
    raw = evidence["raw"].get("distance_mm")
    if raw not in injected.fed.get(sensor, ()):
        return f"{raw} mm was never fed on {sensor}"
    off = evidence.get("zero_mm", 0.0) + evidence.get("sag_mm", 0.0)
    if abs(off) > ZERO_MM or abs(MOUNT_MM - raw - off - depth) > (0.6 if off else 0.0):
        return f"{raw} mm is no depth of {depth} mm"
    if evidence.get("reason") == "rate":
        return _ahead(data, evidence)
    if evidence["trend"] == "rising":
        if (
            evidence.get("for_s") == 0
        ):  # no rise, which takes 30 s: readings are back, on this level
            limit = min(RELEASE * limit, limit - RELEASE_MM)
        return "" if depth >= limit else f"{data['level']} at {depth} mm, below {limit}"
    return ""  # falling: below the release of the level before, which the event does not carry


def _held(data: Mapping[str, Any], evidence: Mapping[str, Any], injected: Injected) -> str:
    """Told that readings have stopped: they have, and some had been at that level."""
    if evidence["stale_s"] < HELD_S:
        return f"held after {evidence['stale_s']} s"
    fed = injected.fed.get(data["sensors"][0], ())
    is_deep = MOUNT_MM - min(fed, default=MOUNT_MM) + ZERO_MM >= evidence["limit"]
    return "" if is_deep else f"{data['level']} is held and was never fed"


def _ahead(data: Mapping[str, Any], evidence: Mapping[str, Any]) -> str:
    """Told ahead of the water: it must say so, and the rate must lead there in ten minutes."""
    depth, rate = data["value"]["value"], evidence["rate_mm_min"]
    if data["certainty"] != "likely":
        return f"{data['level']} at {depth} mm, ahead of the water and {data['certainty']}"
    is_near = rate >= AHEAD_MM_MIN and depth + 1 + rate * AHEAD_MIN >= evidence["limit"]
    return "" if is_near else f"{data['level']} at {depth} mm and {rate} mm a minute"


def _unsteady(name: str, evidence: Mapping[str, Any], injected: Injected) -> str:
    """On a fast clock water comes and goes faster than water can; a fed reading must tell it."""
    fed = injected.fed.get(name, ())
    if evidence["raw"]["distance_mm"] not in fed:
        return f"{evidence['raw']} was never fed on {name}"
    if evidence["breaks_24h"] < BREAKS or max(fed) - min(fed) <= BREAK_MM:
        return f"{name} is called unsteady for {evidence['breaks_24h']} breaks"
    return ""


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least squares: by how much the second grows for each one of the first."""
    count = len(points)
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / below if below else 0.0


def grows(name: str, points: Sequence[tuple[float, float]], most: float) -> list[str]:
    """Over the whole run, the straight line through it does not rise by more than `most`."""
    if len(points) < 10:
        return [f"{name}: only {len(points)} samples"]
    rise = slope(points) * (points[-1][0] - points[0][0])
    return [f"{name} grew by {rise:.1f}, more than {most:g}"] if rise > most else []
