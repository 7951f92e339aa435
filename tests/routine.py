"""Somebody who lives by the clock: readings of ordinary days, made by hand."""

from __future__ import annotations

from collections.abc import Iterator

from sites import MONDAY, Player, home

DAY_H = 24.0
Row = tuple[float, str, float]


def at(hour: float) -> float:
    """Seconds of an hour since the first midnight."""
    return MONDAY + hour * 3600


def stirring(begin_h: float, end_h: float, sensor: str, every_s: float) -> Iterator[Row]:
    """Pulses of a motion sensor."""
    moment = at(begin_h)
    while moment < at(end_h):
        yield moment, sensor, 1
        yield moment + 3, sensor, 0
        moment += every_s


def passing(hour: float, *, out: bool) -> Iterator[Row]:
    """Somebody goes through the front door: movement, open, closed; coming home the other way."""
    moment = at(hour)
    if out:
        yield moment - 8, "entry-pir", 1
        yield moment - 6, "front-door", 1
        yield moment - 5, "entry-pir", 0
        yield moment, "front-door", 0
    else:
        yield moment, "front-door", 1
        yield moment + 1, "entry-pir", 1
        yield moment + 4, "entry-pir", 0
        yield moment + 6, "front-door", 0
        yield from stirring(hour + 0.01, hour + 0.05, "living-pir", 20)


def day(number: int, *, skips: tuple[str, ...] = (), up_h: float = 7.0) -> list[Row]:
    """Up at seven, three meals, an outing from nine to half past ten, television, bed at eleven."""
    base = number * DAY_H
    rows = [
        *stirring(base + 3.0, base + 3.1, "living-pir", 30),  # to the bathroom and back
        *stirring(base + 3.1, base + 3.12, "bedroom-pir", 20),
        *stirring(base + up_h, base + up_h + 0.2, "living-pir", 40),
        *passing(base + 9.0, out=True),
        *passing(base + 10.5, out=False),
        *stirring(base + 13.0, base + 13.4, "living-pir", 60),
        *stirring(base + 15.0, base + 15.2, "living-pir", 60),
        *stirring(base + 16.6, base + 17.0, "living-pir", 60),
        *stirring(base + 19.0, base + 19.1, "living-pir", 60),
        *stirring(base + 20.5, base + 20.6, "living-pir", 60),
        *stirring(base + 22.0, base + 22.6, "living-pir", 60),
        *stirring(base + 22.7, base + 23.0, "bedroom-pir", 60),
    ]
    meals = {"breakfast": base + up_h + 0.5, "lunch": base + 12.0, "dinner": base + 18.0}
    for slot, hour in meals.items():
        if slot not in skips:
            rows += stirring(hour, hour + 0.5, "kitchen-pir", 30)
    return sorted(rows)


def lived(days: int) -> Player:
    """A home that knows its resident after so many days."""
    player = Player(home())
    for number in range(days):
        player.play_all(day(number))
    return player
