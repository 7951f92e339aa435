"""Serial line to subscriber, the agent beside a bare script: latency, cost, start, rate.

python tests/bench/end_to_end.py [--seconds N] [--rounds N] [--quick] [--folder FOLDER]

A pty stands for the serial line, a mosquitto on loopback for the platform. Both take turns. Exit
code 1 if the agent misses a bar.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from rig import Process, Rig, options, show, spread

HZ = 10.0
OUTSTANDING = 400  # readings on their way in the closed loop: 2.4 kB, less than a pty holds
STARTS = 5


@dataclass(slots=True)
class Figures:
    """What was measured of one kind of process, each round one value."""

    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_percent: list[float] = field(default_factory=list)
    pss_mb: list[float] = field(default_factory=list)
    start_s: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    missing: list[float] = field(default_factory=list)


def distances() -> Iterator[int]:
    """Readings to be told apart by their value."""
    return (1000 + n % 3000 for n in count())


def wait_first(rig: Rig, process: Process, values: Iterator[int]) -> float:
    """Feed all the time; seconds from the start of the process to the first reading."""
    heard = rig.subscriber.deliveries
    heard.clear()
    while not heard:
        rig.line.send(next(values))
        if time.perf_counter() - process.begun > 3.0:
            raise TimeoutError(f"no reading within 3 s of the start:\n{process.said()}")
        rig.subscriber.wait(lambda: bool(heard), 0.005)
    first = heard[0].at - process.begun
    rig.subscriber.wait(lambda: False, 0.5)  # the rest of what was fed
    return first


def steady(
    rig: Rig, process: Process, seconds: float, values: Iterator[int], found: Figures
) -> None:
    """Latency, processor time and memory at 10 readings a second."""
    heard = rig.subscriber.deliveries
    heard.clear()
    sent: dict[int, float] = {}
    pace = random.Random(1)
    used, begun = process.cpu_s(), time.perf_counter()
    due, fed = begun, 0
    while due < begun + seconds:
        time.sleep(max(0.0, due - time.perf_counter()))
        value = next(values)
        sent[value] = time.perf_counter()
        rig.line.send(value)
        fed += 1
        due += pace.uniform(0.8, 1.2) / HZ  # never in step with anything that ticks
    rig.subscriber.wait(lambda: len(heard) >= fed, 10.0)
    found.cpu_percent.append(100 * (process.cpu_s() - used) / (time.perf_counter() - begun))
    found.pss_mb.append(process.pss_mb())
    took = [1e3 * (delivery.at - sent[delivery.mm]) for delivery in heard]
    cuts = statistics.quantiles(took, n=100)
    found.p50_ms.append(cuts[49])
    found.p99_ms.append(cuts[98])
    found.missing.append(fed - len(heard))


def sustained(
    rig: Rig, process: Process, seconds: float, values: Iterator[int], found: Figures
) -> None:
    """Readings a second in a closed loop, and whether all of them came, in order."""
    heard = rig.subscriber.deliveries
    heard.clear()
    fed: list[int] = []

    def has_room() -> bool:
        return len(fed) - len(heard) <= OUTSTANDING // 2

    used, begun = process.cpu_s(), time.perf_counter()
    while time.perf_counter() < begun + seconds:
        rig.subscriber.wait(has_room, 1.0)
        free = OUTSTANDING - (len(fed) - len(heard))
        chunk = [next(values) for _ in range(free)]
        if not chunk:
            break  # nothing came for a second
        rig.line.send(*chunk)
        fed += chunk
    rig.subscriber.wait(lambda: len(heard) >= len(fed), 10.0)
    elapsed = max(heard[-1].at, begun + 0.001) - begun
    found.rate.append(len(heard) / elapsed)
    found.cpu_us.append(1e6 * (process.cpu_s() - used) / len(heard))
    found.missing.append(missing(fed, [delivery.mm for delivery in heard]))


def missing(fed: list[int], heard: Iterable[int]) -> int:
    """How many of the fed do not come, each in its place."""
    found = 0
    coming = iter(fed)
    for value in heard:
        if value not in coming:  # moves on to it; none left means a repeat or a wrong order
            return len(fed) - found
        found += 1
    return len(fed) - found


def measure(rig: Rig, seconds: float, rounds: int, starts: int) -> tuple[Figures, Figures]:
    """Let both take turns; the figures of the bare script and of the agent."""
    bare, agent = Figures(), Figures()
    names = (f"state-{n}" for n in count())  # every agent begins anew
    kinds: tuple[tuple[Figures, Callable[[], Process]], ...] = (
        (bare, rig.bare),
        (agent, lambda: rig.agent(next(names))),
    )
    for _ in range(starts):
        for found, start in kinds:
            process = start()
            found.start_s.append(wait_first(rig, process, distances()))
            process.stop()
    for _ in range(rounds):
        for found, start in kinds:
            process = start()
            values = distances()
            wait_first(rig, process, values)
            steady(rig, process, seconds, values, found)
            sustained(rig, process, seconds / 3, values, found)
            process.stop()
    return bare, agent


def main() -> int:
    parser = options(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of a round at 10 Hz")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of 10 s")
    args = parser.parse_args()
    if args.quick:
        args.seconds, args.rounds = 10.0, 1
    load = os.getloadavg()[0]
    with Rig(args.folder) as rig:
        bare, agent = measure(rig, args.seconds, args.rounds, STARTS)
    rows = [["", "bare", "agent", "bar", "verdict"]]
    is_good = True
    for name, key, form, bar, is_met in (
        ("latency p50 at 10 Hz, ms", "p50_ms", ".2f", "< 5", lambda v: v < 5),
        ("latency p99 at 10 Hz, ms", "p99_ms", ".2f", "< 50", lambda v: v < 50),
        ("CPU at 10 Hz, %", "cpu_percent", ".2f", "< 2", lambda v: v < 2),
        ("memory (PSS), MB", "pss_mb", ".1f", "< 40", lambda v: v < 40),
        ("start to first reading, s", "start_s", ".2f", "< 1", lambda v: v < 1),
        ("sustained, readings/s", "rate", ".0f", ">= 1000", lambda v: v >= 1000),
        ("CPU per reading then, us", "cpu_us", ".0f", "", None),
        ("readings missing", "missing", ".0f", "0", lambda v: v == 0),
    ):
        values = getattr(agent, key)
        # Of the missing every one counts; else the median of the rounds decides.
        decides = sum(values) if key == "missing" else statistics.median(values)
        verdict = "" if is_met is None else "met" if is_met(decides) else "missed"
        is_good = is_good and verdict != "missed"
        rows.append([name, spread(getattr(bare, key), form), spread(values, form), bar, verdict])
    print(f"{args.rounds} rounds of {args.seconds:g} s, {STARTS} starts; median (lowest-highest); "
          f"{os.cpu_count()} cores, load {load:.1f} before, {os.getloadavg()[0]:.1f} after\n")  # fmt: skip
    show(rows)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
