"""Somebody who never lived: readings of her days, made from a seed, and what may befall them.

Hours count from the first midnight, by the clock on the wall of her home, so that 16 * 24 + 7 is
seven in the morning of the seventeenth day in any time zone, on either side of a change to summer
time. The same seed and the same days give the same readings everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agent.events import DeviceState, Gap, Input
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

Row = tuple[float, str, float]
"""Seconds since 1970, sensor, value."""

FOREVER = 1e9
SLOT_H = {"breakfast": 7.5, "lunch": 12.0, "dinner": 18.0}
QUANTITY = {
    "front-door": Quantity.CONTACT,
    "smoke": Quantity.SMOKE,
    "cord": Quantity.HELP,
}  # the others see motion


def on(day: int, hour: float) -> float:
    """An hour of a day; days count from 0."""
    return day * 24 + hour


@dataclass(frozen=True, slots=True)
class Day:
    """How a day goes; hours of that day.

    Attributes:
        up_h: when she gets up.
        bed_h: when she goes to bed; later than 24 for the next morning.
        meals: the ones that she has.
        out: from when until when she is out.
        exits: when she leaves the bed at night, each for a few minutes.
        movements: how many there are, half a minute apart, where others make one.
    """

    up_h: float = 7.0
    bed_h: float = 22.75
    meals: tuple[str, ...] = tuple(SLOT_H)
    out: tuple[tuple[float, float], ...] = ((9.0, 10.5),)
    exits: tuple[float, ...] = (3.0,)
    movements: int = 1


ORDINARY = Day()


class Life:
    """A recording in the making.

    Attributes:
        is_plain: whether readings with one clock, as a CSV file has them, are all there is to it.
    """

    def __init__(self, zone: str, first: date, seed: str) -> None:
        self.is_plain = True
        self._zone, self._first, self._seed = ZoneInfo(zone), first, seed
        self._pulses: list[tuple[float, str, float]] = []  # hour, sensor, seconds
        self._levels: list[tuple[float, str, float]] = []  # hour, sensor, value
        self._clocks: list[tuple[float, float, bool]] = [(-FOREVER, 0.0, True)]
        self._gaps: list[tuple[float, float, bool]] = []
        self._states: list[tuple[float, str, SensorStatus, str]] = []
        self._parts: list[tuple[float, str, str]] = []

    def moment(self, hour: float) -> float:
        """Seconds since 1970 of an hour, to the whole second."""
        local = datetime.combine(self._first, time()) + timedelta(seconds=round(hour * 3600))
        return local.replace(tzinfo=self._zone).timestamp()

    def live(self, days: Iterable[int], how: Day = ORDINARY) -> None:
        """Live some days, no two quite the same."""
        for number in days:
            chance = random.Random(f"{self._seed}/{number}")
            for hour, sensor, seconds in _day(number, how, chance):
                self._pulses += [(hour + n / 120, sensor, seconds) for n in range(how.movements)]
            for begin, end in how.out:
                self.go(on(number, begin + _jitter(chance, 0.2)),
                        on(number, end + _jitter(chance, 0.2)))  # fmt: skip

    def stir(self, begin: float, end: float, sensor: str, every_min: float) -> None:
        """Somebody moves somewhere."""
        self._pulses += _stirring(random.Random(f"{sensor}{begin}"), begin, end, sensor, every_min)

    def silence(self, begin: float, end: float = FOREVER, *sensors: str, but: str = "") -> None:
        """Nothing is heard of these sensors, or of any but one."""

        def is_heard(row: tuple[float, str, float]) -> bool:
            return not begin <= row[0] < end or row[1] == but or (
                bool(sensors) and row[1] not in sensors
            )  # fmt: skip

        self._pulses = [row for row in self._pulses if is_heard(row)]
        self._levels = [row for row in self._levels if is_heard(row)]

    def go(self, leaves: float, returns: float = FOREVER) -> None:
        """Leave the home empty for a while."""
        second = 1 / 3600
        self.silence(leaves - 60 * second, returns + 30 * second)
        self._pulses += [(leaves - 25 * second, "hall-pir", 4.0),
                         (leaves - 8 * second, "entry-pir", 3.0)]  # fmt: skip
        self._levels += [(leaves - 6 * second, "front-door", 1.0), (leaves, "front-door", 0.0)]
        if returns < FOREVER:
            self.come(returns)

    def come(self, at: float) -> None:
        """Come home."""
        second = 1 / 3600
        self._levels += [(at, "front-door", 1.0), (at + 6 * second, "front-door", 0.0)]
        self._pulses += [(at + second, "entry-pir", 3.0), (at + 15 * second, "hall-pir", 4.0)]
        self.stir(at + 0.01, at + 0.1, "living-pir", 1.5)

    def tell(self, at: float, sensor: str, value: float) -> None:
        """One reading as it is."""
        self._levels.append((at, sensor, float(value)))

    def repeat(self, begin: float, end: float, sensor: str, value: float, every_s: float) -> None:
        """A level that is told again and again."""
        count = round((end - begin) * 3600 / every_s)
        self._levels += [(begin + n * every_s / 3600, sensor, float(value)) for n in range(count)]

    def swap(self, begin: float, sensors: dict[str, str], end: float = FOREVER) -> None:
        """What one sensor sees another tells."""

        def swapped(row: tuple[float, str, float]) -> tuple[float, str, float]:
            is_other = begin <= row[0] < end
            return row[0], sensors.get(row[1], row[1]) if is_other else row[1], row[2]

        self._pulses = [swapped(row) for row in self._pulses]

    def set_clock(self, at: float, ahead_h: float, *, synced: bool = True) -> None:
        """From here on the device's wall clock goes ahead of the true time by so much."""
        self.is_plain = False
        self._clocks.append((at, ahead_h * 3600, synced))

    def off(self, begin: float, end: float, *, boots: bool = False) -> None:
        """The agent does not run; with `boots`, the device does not either."""
        self.is_plain = False
        self.silence(begin, end)
        self._gaps.append((begin, end, boots))

    def lose(self, at: float, sensor: str, reason: str) -> None:
        """A sensor's line is gone."""
        self.is_plain = False
        self._states.append((at, sensor, SensorStatus.LOST, reason))

    def part(self, at: float, name: str, reason: str) -> None:
        """A part of the device fails, or is well again where no reason is given."""
        self.is_plain = False
        self._parts.append((at, name, reason))

    def readings(self) -> list[Row]:
        """All of them in order of time."""
        rows = [(self.moment(hour), sensor, value) for hour, sensor, value in self._levels]
        ends: dict[str, float] = {}
        for hour, sensor, seconds in sorted(self._pulses):
            begin = self.moment(hour)
            if begin > ends.get(sensor, 0.0):
                ends[sensor] = begin + seconds
                rows += [(begin, sensor, 1.0), (begin + seconds, sensor, 0.0)]
        return sorted(rows)

    def inputs(self) -> list[Input]:
        """All that the agent takes in, with both clocks."""
        items: list[tuple[float, int, object]] = [(r[0], 1, r) for r in self.readings()]
        items += [(self.moment(g[1]), 0, self.moment(g[0])) for g in self._gaps]
        items += [(self.moment(at), 2, (sensor, status, why))
                  for at, sensor, status, why in self._states]  # fmt: skip
        items += [(self.moment(at), 3, (name, why)) for at, name, why in self._parts]
        ordered = sorted(items, key=lambda item: item[:2])
        return [self._input(item, n) for n, item in enumerate(ordered, start=1)]

    def _input(self, item: tuple[float, int, object], sequence: int) -> Input:
        at = item[0]
        boots = sum(boots and self.moment(end) <= at for _, end, boots in self._gaps)
        since = [
            clock for clock in self._clocks if clock[0] == -FOREVER or self.moment(clock[0]) <= at
        ]
        _, ahead_s, synced = since[-1]
        stamp = Stamp(f"boot{boots}" if boots else "replay", at, at + ahead_s, synced, sequence)
        match item[2]:
            case (str() as sensor, SensorStatus() as status, str() as why):
                return SensorState(sensor, status, why, stamp)
            case (str() as name, str() as why):
                return DeviceState(name, why, stamp)
            case (_, str() as sensor, float() as value):
                return Reading(sensor, QUANTITY.get(sensor, Quantity.MOTION), value, stamp)
            case float() as since_mono:
                return Gap(since_mono, stamp)
        raise TypeError(item)


def _jitter(chance: random.Random, most: float) -> float:
    return chance.uniform(-most, most)


def _stirring(
    chance: random.Random, begin: float, end: float, sensor: str, every_min: float
) -> Iterator[tuple[float, str, float]]:
    """Pulses at uneven pauses, from the first moment on."""
    at = begin
    while at < end:
        yield at, sensor, float(chance.randint(2, 6))
        at += every_min / 60 * chance.uniform(0.5, 1.5)


def _day(number: int, how: Day, chance: random.Random) -> Iterator[tuple[float, str, float]]:
    """Pulses of a day in which nobody goes out."""

    def stir(
        begin: float, end: float, sensor: str, every_min: float
    ) -> Iterator[tuple[float, str, float]]:
        return _stirring(chance, on(number, begin), on(number, end), sensor, every_min)

    for begin in how.exits:
        at = begin + _jitter(chance, 0.4)
        yield from stir(at, at + 0.02, "bedroom-pir", 0.5)
        yield from stir(at + 0.02, at + 0.03, "hall-pir", 1)
        yield from stir(at + 0.03, at + 0.09, "bathroom-pir", 1.5)
        yield from stir(at + 0.1, at + 0.11, "hall-pir", 1)
        yield from stir(at + 0.11, at + 0.14, "bedroom-pir", 0.8)
    up = how.up_h + _jitter(chance, 0.3)
    turns = up - 1.0 - chance.random()
    if turns > max(how.exits, default=0.0) + 1.0:
        yield on(number, turns), "bedroom-pir", 3.0
    yield from stir(up, up + 0.06, "bedroom-pir", 1)
    yield from stir(up + 0.07, up + 0.08, "hall-pir", 1)
    yield from stir(up + 0.09, up + 0.25, "bathroom-pir", 2)
    yield from stir(up + 0.3, 8.9, "living-pir", 6)
    yield from stir(8.4, 12.0, "living-pir", 7)
    yield from stir(10.6, 11.9, "hall-pir", 14)
    yield from stir(12.6, 15.0, "living-pir", 32)
    yield from stir(15.0, 17.8, "living-pir", 9)
    yield from stir(15.2, 17.6, "hall-pir", 16)
    yield from stir(16.0, 16.1, "bathroom-pir", 2)
    yield from stir(18.7, 22.3, "living-pir", 24)
    yield from stir(20.4, 20.5, "bathroom-pir", 2)
    bed = how.bed_h + _jitter(chance, 0.2)
    yield from stir(22.3, bed - 0.2, "living-pir", 9)
    yield from stir(bed - 0.15, bed - 0.05, "bathroom-pir", 2)
    yield from stir(bed - 0.03, bed - 0.02, "hall-pir", 1)
    yield from stir(bed, bed + 0.25, "bedroom-pir", 2)
    for slot in how.meals:
        begin = SLOT_H[slot] + _jitter(chance, 0.15)
        yield from stir(begin - 0.02, begin - 0.01, "hall-pir", 1)
        yield from stir(begin, begin + 0.5, "kitchen-pir", 1.1)
        end = begin + 0.5
        if slot == "breakfast":  # and the newspaper
            yield from stir(end, end + 0.3, "kitchen-pir", 7)
            end += 0.3
        yield from stir(end + 0.01, end + 0.02, "hall-pir", 1)
        yield from stir(end + 0.02, end + 0.05, "living-pir", 1)
