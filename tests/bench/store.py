"""What the store costs: `python tests/bench/store.py [--waiting N] [--folder DISK]`.

Opens, drains and appends to a buffer with a million readings waiting, then appends beside SQLite
(WAL, synchronous=FULL) in turns, so that both see the same disk and load. Rates of one machine do
not carry over to another; ratios and bytes do. Bytes on disk are the device's own count, other
writers included: write_bytes of a process counts whole folios on kernels that have large ones.
"""

from __future__ import annotations

import argparse
import gc
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from agent.store.buffer import Buffer
from drivers.reading import Quantity, Reading, Stamp

GIB = 1 << 30
ROUNDS = 5


def reading(sequence: int) -> Reading:
    stamp = Stamp(
        "0123456789ab", 86400 + sequence / 7, 1.79e9 + sequence / 7, synced=True, sequence=sequence
    )
    return Reading("bedroom-pir", Quantity.MOTION, float(sequence % 2), stamp)


def rss_mib() -> float:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def io_bytes(folder: Path) -> tuple[int, float]:
    """Bytes given to write(), and bytes that the device under a folder was given by anybody."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    device = folder.stat().st_dev
    stat = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat")
    sectors = int(stat.read_text().split()[6]) if stat.exists() else math.nan
    return int(lines["wchar"]), sectors * 512


def say(what: str, figure: str, bar: str = "") -> None:
    print(f"{what:<52}{figure:>24}  {bar}")


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
    def __init__(self, folder: Path) -> None:
        self._buffer = Buffer(folder, 64 * GIB, group=1_000_000)
        self._sequence = 0

    def append(self, count: int) -> None:
        for _ in range(count):
            self._sequence += 1
            self._buffer.append(reading(self._sequence))
        self._buffer.sync()


class Sqlite:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._db = sqlite3.connect(folder / "db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE r (sequence INTEGER PRIMARY KEY, sensor, quantity, value, mono, wall, boot)"
        )
        self._sequence = 0

    def append(self, count: int) -> None:
        self._db.execute("BEGIN")
        for _ in range(count):
            self._sequence += 1
            item, stamp = reading(self._sequence), reading(self._sequence).stamp
            row = (
                stamp.sequence,
                item.sensor,
                item.quantity.value,
                item.value,
                stamp.mono,
                stamp.wall,
                stamp.boot,
            )
            self._db.execute("INSERT INTO r VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        self._db.execute("COMMIT")


def compare(folder: Path, batch: int, count: int) -> None:
    stores: dict[str, Callable[[Path], Journal | Sqlite]] = {"journal": Journal, "sqlite": Sqlite}
    opened = {name: make(folder / f"{name}-{batch}") for name, make in stores.items()}
    rates: dict[str, list[float]] = {name: [] for name in opened}
    written: dict[str, list[tuple[float, float]]] = {name: [] for name in opened}
    for store in opened.values():
        store.append(10_000)
    for _ in range(ROUNDS):
        for name, store in opened.items():
            os.sync()
            chars, blocks = io_bytes(folder)
            begun = time.perf_counter()
            for _ in range(count // batch):
                store.append(batch)
            rates[name].append(count / (time.perf_counter() - begun))
            now = io_bytes(folder)
            written[name].append(((now[0] - chars) / count, (now[1] - blocks) / count))
    for name in opened:
        chars_each, blocks_each = map(statistics.median, zip(*written[name], strict=True))
        say(
            f"{name}, {batch} a sync: appends (10,000 stored)",
            f"{statistics.median(rates[name]):,.0f} /s",
            f"write() {chars_each:,.0f} B, disk {blocks_each:,.0f} B a reading",
        )
    ratio = statistics.median(a / b for a, b in zip(rates["journal"], rates["sqlite"], strict=True))
    say(f"journal to sqlite, {batch} a sync", f"{ratio:.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description="What the store costs.")
    parser.add_argument("--waiting", type=int, default=1_000_000, help="readings waiting")
    disk = "/var/tmp"  # noqa: S108 - on a disk where /tmp is memory; a fresh folder is made in it
    parser.add_argument("--folder", type=Path, default=Path(disk), help="on the disk to try")
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
        compare(folder, 1, 2_000)
        compare(folder, 32, 32_000)


if __name__ == "__main__":
    main()
