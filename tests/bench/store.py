"""What the store costs: `python tests/bench/store.py [--waiting N] [--folder DISK] [--own-disk]`.

Opens, drains and appends to a buffer with a million readings waiting, then appends beside SQLite
(WAL, synchronous=FULL) in turns, so that all see the same disk and load, and says what a site
writes in a day. A figure is a median, with the lowest and the highest round behind it; a ratio is
taken round by round. Rates of one machine do not carry over to another; ratios and bytes do. Bytes
are the device's own count, other writers included, for which there is `--own-disk`: write_bytes of
a process counts whole folios on kernels that have large ones.

SQLite is given the same documents, one a row. A column a field, beside it, is the least that SQLite
can do: it spells no JSON, and takes neither states nor gaps nor a field that a later release adds.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from agent.store.buffer import Buffer, to_document
from drivers.reading import Quantity, Reading, Stamp

GIB = 1 << 30
IMAGE_BYTES = 256 << 20
ROUNDS = 15
STORED = 10_000
DAY_SAMPLE = 1_000

# What drivers emit by themselves (their POLL_S): levels again and again, so that a quiet home and a
# cut wire look different. People add edges: 1,000 a day in a home are many.
SITES: dict[str, list[tuple[str, int, float]]] = {
    "home": [
        ("3 motion sensors and a door contact, every 30 s", 1, 30 / 4),
        ("smoke alarm and help button, every 10 s", 1, 10 / 2),
        ("1,000 edges of people moving", 1, 86.4),
    ],
    "outfall": [
        ("sonde with 5 channels, every 30 s", 5, 30),
        ("level, every second", 1, 1),
        ("cabinet door, every 30 s", 1, 30),
    ],
}


def reading(sequence: int) -> Reading:
    stamp = Stamp(
        "0123456789ab", 86400 + sequence / 7, 1.79e9 + sequence / 7, synced=True, sequence=sequence
    )
    return Reading("bedroom-pir", Quantity.MOTION, float(sequence % 2), stamp)


def rss_mib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def say(what: str, figure: str, bar: str = "") -> None:
    print(f"{what:<62}{figure:>34}  {bar}")


def fill(folder: Path, waiting: int) -> None:
    buffer = Buffer(folder, 64 * GIB)
    costs = []
    for sequence in range(1, waiting + 1):
        item = reading(sequence)
        begun = time.perf_counter()
        buffer.append(item)
        costs.append(time.perf_counter() - begun)
    buffer.close()
    costs.sort()
    say(
        "append, group 32: median (no sync in it)",
        f"{costs[len(costs) // 2] * 1e6:.1f} us",
        "< 25 us",
    )
    say("append, group 32: mean with syncs", f"{statistics.fmean(costs) * 1e6:.1f} us")
    say("append, group 32: p99.9", f"{costs[len(costs) * 999 // 1000] * 1e6:.0f} us")
    say("on disk a reading", f"{buffer.size_bytes / waiting:.0f} bytes")


def drain(folder: Path, waiting: int) -> None:
    """In a process of its own, so that memory is that of a fresh one."""
    before = rss_mib()
    begun = time.perf_counter()
    buffer = Buffer(folder, 64 * GIB)
    opened = time.perf_counter() - begun
    if buffer.waiting != waiting:
        sys.exit(f"{buffer.waiting} wait, not {waiting}")
    say(f"open with {waiting:,} waiting", f"{opened * 1e3:.0f} ms", "< 200 ms")
    begun = time.perf_counter()
    buffer.append(reading(waiting + 1))
    say("first append after it", f"{(time.perf_counter() - begun) * 1e6:.0f} us")
    say("memory over that before open", f"{rss_mib() - before:.1f} MiB", "< 5 MiB")
    buffer.keep_from = waiting + 2
    after, most = 0, 0.0
    begun = time.perf_counter()
    while items := buffer.take(after, 500):
        sequences = [item.stamp.sequence for item in items]
        if sequences[0] != after + 1:
            sys.exit(f"{sequences[0]} came after {after}")
        after = sequences[-1]
        buffer.acknowledge(sequences)
        if after % 100_000 == 0:
            most = max(most, rss_mib() - before)
    elapsed = time.perf_counter() - begun
    say("drain: take and acknowledge 500 at a time", f"{waiting / elapsed:,.0f} /s", "> 5,000 /s")
    say("memory over that before open, most while draining", f"{most:.1f} MiB", "< 5 MiB")
    say("left on disk", f"{buffer.size_bytes / 1024:.0f} KiB")


class Journal:
    """The buffer of inputs."""

    def __init__(self, folder: Path) -> None:
        self._buffer = Buffer(folder, 64 * GIB, group=1_000_000)

    def append(self, batch: Sequence[Reading]) -> None:
        self._buffer.extend(batch)
        self._buffer.sync()

    def close(self) -> None:
        self._buffer.close()


class Sqlite:
    """SQLite that returns from a commit when it is on disk, as the journal does."""

    columns = "sequence INTEGER PRIMARY KEY, document"

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._db = sqlite3.connect(folder / "db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(f"CREATE TABLE r ({self.columns})")
        places = ", ".join("?" * len(self.columns.split(", ")))
        self._insert = f"INSERT INTO r VALUES ({places})"  # noqa: S608 - of the line above

    def append(self, batch: Sequence[Reading]) -> None:
        self._db.execute("BEGIN")
        self._db.executemany(self._insert, map(self.row, batch))
        self._db.execute("COMMIT")

    def close(self) -> None:
        self._db.close()

    def row(self, item: Reading) -> tuple[object, ...]:
        return item.stamp.sequence, json.dumps(to_document(item), separators=(",", ":"))


class SqliteColumns(Sqlite):
    """The same with a column a field: readings only, and no field that a later release adds."""

    columns = "sequence INTEGER PRIMARY KEY, sensor, quantity, value, mono, wall, boot"

    def row(self, item: Reading) -> tuple[object, ...]:
        stamp = item.stamp
        return (
            stamp.sequence,
            item.sensor,
            item.quantity.value,
            item.value,
            stamp.mono,
            stamp.wall,
            stamp.boot,
        )


STORES: dict[str, Callable[[Path], Journal | Sqlite]] = {
    "journal": Journal,
    "sqlite, a document a row": Sqlite,
    "sqlite, a column a field": SqliteColumns,
}


def batches(first: int, count: int, size: int) -> list[list[Reading]]:
    return [
        [reading(sequence) for sequence in range(at, at + size)]
        for at in range(first, first + count, size)
    ]


def spread(values: Sequence[float], form: str) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def compare(folder: Path, size: int, count: int) -> None:
    """Append to all stores in turns; each round begins with another one."""
    opened = {name: make(folder / f"{name}-{size}") for name, make in STORES.items()}
    rates: dict[str, list[float]] = {name: [] for name in opened}
    written: dict[str, list[float]] = {name: [] for name in opened}
    for store in opened.values():
        for batch in batches(1, STORED, 100):
            store.append(batch)
    names = list(opened)
    for turn in range(ROUNDS):
        todo = batches(1 + STORED + turn * count, count, size)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            os.sync()
            before = device_bytes(folder)
            gc.collect()
            begun = time.perf_counter()
            for batch in todo:
                opened[name].append(batch)
            rates[name].append(count / (time.perf_counter() - begun))
            written[name].append((device_bytes(folder) - before) / count)
    for store in opened.values():
        store.close()
    for name in names:
        say(f"{size} a sync, {name}", f"{spread(rates[name], ',.0f')} /s")
        say("", f"{spread(written[name], ',.0f')} bytes a record")
    for name in names[1:]:
        faster = [a / b for a, b in zip(rates["journal"], rates[name], strict=True)]
        fewer = [a / b for a, b in zip(written["journal"], written[name], strict=True)]
        say(f"{size} a sync, journal to {name}: rate", f"{spread(faster, '.2f')} x", "> 1 x")
        say("", f"{spread(fewer, '.2f')} x the bytes", "< 1 x")


def a_day(folder: Path, site: str, groups: Sequence[tuple[str, int, float]]) -> None:
    """Bytes that a site writes a day.

    Args:
        folder: on the disk to try.
        site: what it is.
        groups: what is emitted together, how many readings, and every how many seconds.
    """
    buffer = Buffer(folder / site, 64 * GIB)
    inputs = syncs = total = 0.0
    for what, size, every_s in groups:
        first = buffer.last_sequence + 1
        os.sync()
        before = device_bytes(folder)
        for batch in batches(first, DAY_SAMPLE * size, size):
            buffer.extend(batch)
            buffer.sync()
        each = (device_bytes(folder) - before) / DAY_SAMPLE
        times = 86400 / every_s
        inputs, syncs, total = inputs + times * size, syncs + times, total + times * each
        say(f"{site}: {what}", f"{times:,.0f} x {size} a day", f"{each:,.0f} bytes each")
    buffer.close()
    say(f"{site}: readings a day, each group synced by itself", f"{inputs:,.0f}")
    say(
        f"{site}: bytes written to the device a day",
        f"{total / 1e6:,.0f} MB",
        f"{syncs:,.0f} syncs",
    )


def device_bytes(folder: Path) -> float:
    """Bytes that the device under a folder was given, by anybody."""
    device = folder.stat().st_dev
    stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    return int(stat.read_text().split()[6]) * 512 if stat.exists() else math.nan


@contextmanager
def own_disk(folder: Path) -> Iterator[Path]:
    """An ext4 of its own in an image, so that the bytes are the stores' alone; for root only."""
    image, mounted = folder / "image", folder / "mounted"
    mounted.mkdir()
    with image.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-b", "4096", image], check=True)
    subprocess.run(["mount", "-o", "loop", image, mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", mounted], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What the store costs.")
    parser.add_argument("--waiting", type=int, default=1_000_000, help="readings waiting")
    disk = "/var/tmp"  # noqa: S108 - on a disk where /tmp is memory; a fresh folder is made in it
    parser.add_argument("--folder", type=Path, default=Path(disk), help="on the disk to try")
    parser.add_argument("--own-disk", action="store_true", help="compare on an image; needs root")
    parser.add_argument("--drain", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.drain:
        drain(args.drain, args.waiting)
        return
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name)
        fill(folder / "million", args.waiting)
        again = [sys.executable, __file__, "--waiting", str(args.waiting)]
        sys.stdout.flush()
        subprocess.run([*again, "--drain", str(folder / "million")], check=True)
        with own_disk(folder) if args.own_disk else nullcontext(folder) as disk:
            say("the following on", "an ext4 of its own" if args.own_disk else f"{args.folder}")
            compare(disk, 1, 2_000)
            compare(disk, 32, 32_000)
            for site, groups in SITES.items():
                a_day(disk, site, groups)


if __name__ == "__main__":
    main()
