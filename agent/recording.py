"""Recorded readings as a stream: CSV or the JSON lines that `buffer export` writes; .gz as it is.

CSV has the header `time,sensor,quantity,value`; `quantity` may be absent or empty where the sensor
has only one; an empty value is a reading without one. Times are ISO 8601 with offset, or local time
of the site. In a recording both clocks are one: monotonic seconds are seconds since 1970. Where
every JSON line carries `mono` and `boot`, time is counted by them, so that a recording over which
the wall clock was set can be replayed.
"""

from __future__ import annotations

import csv
import gzip
import heapq
import io
import itertools
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.errors import RecordingError
from agent.site import Site
from agent.timeline import Mark, offsets
from drivers.reading import TWO_STATE, Quantity, Reading, Stamp

BOOT = "replay"
END = datetime(9999, 1, 1, tzinfo=UTC).timestamp()  # local times of the last year cannot be told

Row = tuple[float, str, Quantity, float]
"""Seconds since 1970, sensor, quantity, value."""


@dataclass(slots=True)
class Recording:
    """Readings of one site from files.

    Attributes:
        skip_bad: count rows that cannot be read or go back in time, instead of raising.
        skipped: how many were.
    """

    site: Site
    skip_bad: bool = False
    skipped: int = 0
    _names: dict[tuple[str, str], tuple[str, Quantity]] = field(default_factory=dict)

    def readings(
        self, paths: Iterable[Path], *, after: float = 0.0, sequence: int = 0
    ) -> Iterator[Reading]:
        """All rows of all files in order of time.

        Args:
            paths: files, each in order of time.
            after: seconds since 1970 before which no row may lie.
            sequence: number of the last reading before these.

        Raises:
            RecordingError: A row cannot be read or goes back in time: file, line, reason.
        """
        streams = [self._rows(path, after) for path in paths]
        rows = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=lambda row: row[0])
        for number, (at, sensor, quantity, value) in enumerate(rows, start=sequence + 1):
            yield Reading(
                sensor, quantity, value, Stamp(BOOT, at, at, synced=True, sequence=number)
            )

    def moment(self, text: str) -> float:
        """Seconds since 1970 of an ISO 8601 time before END. Raise ValueError for anything else."""
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(self.site.timezone))
        return _before_end(moment.timestamp())

    def _rows(self, path: Path, after: float) -> Iterator[Row]:
        last = after
        zone = ZoneInfo(self.site.timezone)
        for number, fields in _fields(path):
            try:
                if isinstance(fields, str):
                    raise ValueError(fields)
                time, sensor, quantity, value = fields
                name = self._names.get((sensor, quantity)) or self._name(sensor, quantity)
                at = time if isinstance(time, float) else self._second(time, zone, last)
                if _before_end(at) < last:
                    raise ValueError(f"time goes back to {time}")
                figure = float(value) if value != "" else math.nan
                if name[1] in TWO_STATE and figure not in (0.0, 1.0):
                    raise ValueError(f"{name[1].value} is 0 or 1, not {value}")
            except (ValueError, TypeError) as error:
                if not self.skip_bad:
                    raise RecordingError(f"{path}:{number}: {error}") from error
                self.skipped += 1
                continue
            last = at
            yield at, name[0], name[1], figure

    def _second(self, time: str, zone: ZoneInfo, last: float) -> float:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        at = moment.timestamp()
        if at < last and moment.tzinfo is zone:  # the hour that clocks go through twice
            at = moment.replace(fold=1).timestamp()
        return at

    def _name(self, sensor: str, quantity: str) -> tuple[str, Quantity]:
        known = self.site.sensors.get(sensor)
        if known is None:
            names = ", ".join(self.site.sensors)
            raise ValueError(f"no sensor {sensor!r} in the configuration; it has {names}")
        has = known.traits.quantities
        if not quantity and len(has) > 1:
            raise ValueError(f"sensor {sensor} has several quantities: {', '.join(has)}")
        if quantity and quantity not in has:
            raise ValueError(f"sensor {sensor} has no {quantity!r}; it has {', '.join(has)}")
        found = self._names[sensor, quantity] = sensor, Quantity(quantity) if quantity else has[0]
        return found


Fields = tuple[int, tuple[str | float, str, str, str] | str]
"""Line number; time, sensor, quantity and value as they stand there, or what is wrong with it.

A time that is a number is seconds since 1970.
"""


def _before_end(at: float) -> float:
    """Raise ValueError for a time of which no local time can be told."""
    if not at < END:
        raise ValueError("time beyond the year 9998")
    return at


def _fields(path: Path) -> Iterator[Fields]:
    try:
        with _open(path) as text:
            head = text.readline()
            lines = itertools.chain([head], text)
            if head.lstrip().startswith("{"):
                yield from _json(lines, offsets(_marks(path)))
            else:
                yield from _csv(path, lines)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise RecordingError(f"{path}: {reason}") from error


def _open(path: Path) -> io.TextIOWrapper:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _csv(path: Path, lines: Iterable[str]) -> Iterator[Fields]:
    reader = csv.reader(lines)
    header = [name.strip() for name in next(reader, [])]
    missing = {"time", "sensor", "value"} - set(header)
    if missing:
        wanted = "time,sensor,quantity,value"
        raise RecordingError(f"{path}:1: the header must be {wanted}; missing {sorted(missing)}")
    time, sensor, value = (header.index(name) for name in ("time", "sensor", "value"))
    quantity = header.index("quantity") if "quantity" in header else None
    for row in reader:
        if not row:
            continue
        try:
            named = row[quantity] if quantity is not None else ""
            yield reader.line_num, (row[time], row[sensor], named, row[value])
        except IndexError:
            yield reader.line_num, f"{len(row)} fields where {len(header)} belong"


def _marks(path: Path) -> Iterator[Mark | None]:
    """Both clocks of every line; None for a line that does not carry them."""
    with _open(path) as lines:
        for line in lines:
            try:
                row: Any = json.loads(line)
                if "mono" not in row or "boot" not in row:
                    yield None
                    return
                mono, wall = float(row["mono"]), datetime.fromisoformat(row["time"]).timestamp()
            except (ValueError, TypeError, KeyError):
                continue  # told of where it is read as a row
            if math.isfinite(mono):
                yield Mark(str(row["boot"]), mono, wall, bool(row.get("synced")))


def _json(lines: Iterable[str], dated: Mapping[str, float]) -> Iterator[Fields]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
            named = row.get("quantity") or ""
            time = row["mono"] + dated[row["boot"]] if dated else row["time"]
            yield number, (time, row["sensor"], named, row["value"])
        except (ValueError, TypeError, KeyError, AttributeError):
            yield number, 'not a JSON object with "time", "sensor", "quantity" and "value"'
