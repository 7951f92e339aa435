"""What deciding costs: work per reading, and what is remembered, at each kind of site.

python tests/bench/decide.py [ROUNDS]: a simulated month of a home; a month of a roadside level once a
minute, with a flood every other day; a month of an outfall's probe and level once a minute, with
sewage every third day. Readings a second with rounds of the three in turn; the longest single
readings; the state as it is put on disk; the memory that a site of ten sensors takes more than one.
"""

from __future__ import annotations

import json
import math
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from sites import MONDAY, level, limits, site

from agent.config.load import parse
from agent.demo.month import BEGIN, configuration
from agent.pipeline.memory import remember
from agent.pipeline.pipeline import Pipeline
from agent.site import Profile, Role, Sensor, Site
from drivers.base import Traits
from drivers.reading import Quantity, Reading, Stamp
from drivers.scene_home import DAY_S
from drivers.scene_life import furnish
from drivers.scene_motion import readings

DAYS, MINUTES = 30, 30 * 1440
PI_3 = 15  # so many times slower is one core of a Pi 3 at pure Python; a guess on the safe side
Row = tuple[float, str, Quantity, float]
CLEAN = {
    Quantity.PH: 7.6,
    Quantity.DISSOLVED_OXYGEN_MG_L: 7.0,
    Quantity.CONDUCTIVITY_US_CM: 500.0,
    Quantity.TURBIDITY_NTU: 5.0,
    Quantity.WATER_TEMP_DEGC: 20.0,
}
SEWAGE = {
    Quantity.CONDUCTIVITY_US_CM: 900.0,
    Quantity.DISSOLVED_OXYGEN_MG_L: 1.0,
    Quantity.TURBIDITY_NTU: 80.0,
}
ROAD = level()
OUTLET = level("outfall-level", Role.OUTFALL)
SONDE = Sensor("sonde", "water_quality", Role.OUTFALL, Traits(tuple(CLEAN), 30.0, 7200.0))


def home() -> tuple[Pipeline, list[Reading]]:
    loaded = parse(configuration(1, "").encode(), "simulated")
    house, begin = furnish(1, ""), BEGIN.timestamp()
    rows = [
        (begin + day * DAY_S + second, sensor, quantity, value)
        for day in range(DAYS)
        for second, sensor, quantity, value in readings(house, day)
    ]
    return Pipeline(loaded.site, loaded.limits), stamped(rows)


def street(count: int = 1) -> tuple[Pipeline, list[Reading]]:
    sensors = [replace(ROAD, name=f"road-{n}") for n in range(count)]
    return built(Profile.STREET, sensors, [row for s in sensors for row in road(s.name)])


def road(name: str) -> Iterator[Row]:
    """2 mm of noise, a flood of 450 mm over three hours every other day."""
    noise = Random(1)
    for minute in range(MINUTES):
        share = max(0.0, math.sin((minute % 2880) / 180 * math.pi)) if minute % 2880 < 180 else 0.0
        depth = round(450 * share + noise.gauss(0, 2))
        yield MONDAY + 60.0 * minute, name, Quantity.DISTANCE_MM, 2700.0 - depth


def outfall(count: int = 1) -> tuple[Pipeline, list[Reading]]:
    sensors = [replace(SONDE, name=f"sonde-{n}") for n in range(count)]
    rows = [row for s in sensors for row in river(s.name)]
    return built(Profile.OUTFALL, [*sensors, OUTLET], [*rows, *trickle()])


def river(name: str) -> Iterator[Row]:
    """A day's swing, 1 % of noise, and sewage for two hours every third day."""
    noise = Random(2)
    for minute in range(MINUTES):
        dirty = SEWAGE if minute % 4320 < 120 and minute > 1440 else {}
        swing = 1 + 0.05 * math.sin(minute / 1440 * math.tau)
        for quantity, usual in CLEAN.items():
            value = dirty.get(quantity, usual) * swing * noise.gauss(1, 0.01)
            yield MONDAY + 60.0 * minute, name, quantity, round(value, 2)


def trickle() -> Iterator[Row]:
    noise = Random(3)
    for minute in range(MINUTES):
        yield MONDAY + 60.0 * minute, OUTLET.name, Quantity.DISTANCE_MM, 2680 - noise.gauss(0, 2)


def built(
    profile: Profile, sensors: Sequence[Sensor], rows: list[Row]
) -> tuple[Pipeline, list[Reading]]:
    of: Site = site(profile, *sensors)
    return Pipeline(of, limits()), stamped(sorted(rows, key=lambda row: row[0]))


def stamped(rows: list[Row]) -> list[Reading]:
    return [
        Reading(sensor, quantity, value, Stamp("bench", at, at, synced=True, sequence=number))
        for number, (at, sensor, quantity, value) in enumerate(rows, 1)
    ]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    kinds = {"home": home, "street": street, "outfall": outfall}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    singles: dict[str, list[float]] = {}
    states: dict[str, int] = {}
    for _ in range(rounds):
        for name, make in kinds.items():
            pipeline, inputs = make()
            took = sorted(timed(pipeline, inputs))
            rates[name].append(len(took) / sum(took))
            singles[name] = took
            states[name] = len(json.dumps(remember(pipeline)))
    print(f"{'':8} readings/s (low-high)      us each   p99.9   most  ms on a Pi 3  state kB")
    for name, took in singles.items():
        rate, share = median(rates[name]), 1e6
        each, high, most = share / rate, share * took[-len(took) // 1000], share * took[-1]
        spread = f"({min(rates[name]):,.0f}-{max(rates[name]):,.0f})"
        print(f"{name:8} {rate:8,.0f} {spread:18} {each:8.1f} {high:7.0f} {most:6.0f} "
              f"{each * PI_3 / 1000:10.2f} {states[name] / 1000:12.1f}")  # fmt: skip
    for name, make in (("street", street), ("outfall", outfall)):
        print(f"{name}: {memory(make):.2f} MB more for each sensor")


def timed(pipeline: Pipeline, inputs: Sequence[Reading]) -> Iterator[float]:
    """Seconds of each reading, as `agent/loop.py` takes it."""
    for reading in inputs:
        begun = time.perf_counter()
        pipeline.take(reading)
        yield time.perf_counter() - begun


def memory(make: object) -> float:
    """Megabytes that ten sensors take more than one, for each of the nine, after two days."""
    held = []
    for count in (1, 10):
        pipeline, inputs = make(count)  # type: ignore[operator]
        inputs = [reading for reading in inputs if reading.stamp.mono < MONDAY + 2 * DAY_S]
        tracemalloc.start()
        for reading in inputs:
            pipeline.take(reading)
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    return (held[1] - held[0]) / 9 / 1e6


if __name__ == "__main__":
    main()
