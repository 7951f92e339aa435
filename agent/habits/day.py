"""What is known of a home's day, taken from the states of its detectors. Pure.

Nothing is worked out here that a detector works out itself: each is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.detectors import meals, outing, patience, sleep
from agent.detectors.habits import BINS, cell
from agent.detectors.levels import MOVES
from agent.detectors.presence import BED_FROM_H, BED_UNTIL_H, ROOMS, Home
from agent.pipeline.pipeline import Pipeline
from agent.pipeline.routes import Instance
from agent.site import Role

Range = tuple[float, float, float]
"""Lowest, middle and highest."""

MIDDLE_H = 0.25 + 30 / 3600  # of a half-hour; learned risings lie on whole minutes, this does not


@dataclass(frozen=True, slots=True)
class Stillness:
    """How long nobody may move, by half-hour; None where that does not occur.

    Awake, the half-hour is that in which a silence begins; in bed, that which it reaches into.

    Attributes:
        limit_min: minutes until an orange alarm.
        longest_min: the longest silence known there, in minutes; 0 where none is known.
        ceiling_min: what no limit goes beyond.
    """

    limit_min: tuple[float | None, ...]
    longest_min: tuple[float | None, ...]
    ceiling_min: float


@dataclass(frozen=True, slots=True)
class Nights:
    """Nights known: earliest, middle and latest local hour of falling asleep and of rising.

    Attributes:
        onset_h: 12 to 36, so that the hours after midnight come last.
        length_h: shortest, middle and longest, in hours.
        asleep: by half-hour, the share of nights that were slept in it.
    """

    count: int
    onset_h: Range
    wake_h: Range
    length_h: Range
    asleep: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outings:
    """Outings known.

    Attributes:
        leavings: how many began in each half-hour.
        longest_min: the longest; 0 where none is known.
        limit_min: minutes after which an absence is too long.
        source: what that rests on: default, config or learned.
    """

    leavings: tuple[int, ...]
    longest_min: float
    limit_min: float
    source: str

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.leavings)


@dataclass(frozen=True, slots=True)
class Meal:
    """A meal of the day: local hours within which it is looked for, days known, days eaten."""

    from_h: float
    until_h: float
    days: int
    used: int
    is_habit: bool


@dataclass(frozen=True, slots=True)
class Day:
    """All of it.

    Attributes:
        wall: when the newest input that is known came in; None where none has come.
        days: trusted days lived through.
        share: how much of the limits of stillness is learned, 0 to 1.
        up_by_h: local hour by which a sleeper has to be up; None until it is known.
        bed: None where no sensor looks at a bed.
        yellow_min: minutes in a room after which a yellow alarm comes before the orange one.
        sleep: None where nothing is known of nights.
        out: None where nothing watches the door.
        meals: by slot; empty where nothing watches the kitchen.
        doubts: sensors that are not believed, and why.
        open_alarms: kinds of the alarms that are open, device and sensor faults among them.
    """

    site: str
    zone: str
    wall: float | None
    days: int
    share: float
    up_by_h: float | None
    awake: Stillness
    bed: Stillness | None
    yellow_min: Mapping[Role, float]
    sleep: Nights | None
    out: Outings | None
    meals: Mapping[str, Meal]
    doubts: Mapping[str, str]
    open_alarms: tuple[str, ...]

    @property
    def source(self) -> str:
        """What the limits of stillness rest on."""
        return "default" if self.share == 0 else "learned" if self.share == 1 else "blended"


def gather(pipeline: Pipeline) -> Day | None:
    """Ask everybody; None where the site has nothing that sees a resident move."""
    of = {instance.name: instance for instance in pipeline.instances}
    if "stillness" not in of:
        return None
    still = of["stillness"]
    state = _state(still, patience.State())
    seen = still.seen if isinstance(still.seen, Home) else Home()
    return Day(
        pipeline.site.id, pipeline.site.timezone, pipeline.last.wall if pipeline.last else None,
        state.days, patience.learned_share(state), patience.up_by_h(state),
        _stillness(still, state, "awake", _sitting(still)),
        _bed(still, state), _yellow(still, state),
        _nights(_state(of["sleep"], sleep.State())) if "sleep" in of else None,
        _outings(of["outing"]) if "outing" in of else None,
        _meals(_state(of["meals"], meals.State())) if "meals" in of else {},
        {name: doubt.value for name, doubt in sorted(seen.doubts.items())},
        tuple(sorted({key.partition("/")[0] for key in pipeline.ledger.alarms})),
    )  # fmt: skip


def _state(instance: Instance, unknown: Any) -> Any:
    return unknown if instance.state is None else instance.state


def _bed(still: Instance, state: patience.State) -> Stillness | None:
    beds = still.setup.site.with_role(Role.BEDROOM)
    return _stillness(still, state, "bed", (beds[0].name,)) if beds else None


def _sitting(still: Instance) -> tuple[str, ...]:
    """Sensors of the rooms in which people sit awake."""
    rooms = ROOMS - {Role.BEDROOM} - patience.WET
    return tuple(s.name for s in still.setup.site.with_role(*rooms))


def _stillness(
    still: Instance, state: patience.State, kind: str, sensors: tuple[str, ...]
) -> Stillness:
    """By half-hour, after whichever of the sensors stillness may last longest."""
    limits: list[float | None] = []
    longest: list[float | None] = []
    until_h = min(BED_UNTIL_H, patience.up_by_h(state) or BED_UNTIL_H)
    for number in range(BINS):
        hour = number / 2
        if kind == "bed" and not (hour >= BED_FROM_H or hour < until_h):
            limits.append(None)
            longest.append(None)
            continue
        limits.append(
            max(
                patience.limit_at(still.setup, state, hour + MIDDLE_H, name)[0].minutes
                for name in sensors or ("",)
            )
        )
        cells = [cell(where, number) for where in (("bed",) if kind == "bed" else sensors)]
        longest.append(state.silences.minutes(cells, state.day))
    ceiling_h = still.setup.limits.bed_h if kind == "bed" else still.setup.limits.awake_h
    return Stillness(tuple(limits), tuple(longest), 60 * ceiling_h)


def _yellow(still: Instance, state: patience.State) -> dict[Role, float]:
    found: dict[Role, float] = {}
    for sensor in still.setup.site.with_role(*sorted(patience.WET)):
        wet = patience.limit_at(still.setup, state, 12.0, sensor.name)[1]
        if wet is not None and MOVES & set(sensor.traits.quantities):
            found[sensor.role] = wet.minutes
    return found


def _nights(state: sleep.State) -> Nights | None:
    nights = state.nights
    if not nights:
        return None
    asleep = [
        sum((n / 2 + 0.25 - night.onset_h) % 24 < (night.wake_h - night.onset_h) % 24
            for night in nights)
        for n in range(BINS)
    ]  # fmt: skip
    return Nights(
        len(nights),
        _range(night.onset_h for night in nights),
        _range(night.wake_h for night in nights),
        _range(night.length_h for night in nights),
        tuple(count / len(nights) for count in asleep),
    )


def _range(values: Iterable[float]) -> Range:
    known = sorted(values)
    return known[0], known[len(known) // 2], known[-1]


def _outings(instance: Instance) -> Outings:
    state = _state(instance, outing.State())
    longest = max((length for length, _ in state.longest), default=0.0)
    limit_s, source = outing.longest_s(instance.setup, state)
    leavings = tuple(state.hours.count(number) for number in range(BINS))
    return Outings(leavings, longest, limit_s / 60, source)


def _meals(state: meals.State) -> dict[str, Meal]:
    found = {}
    for slot, (from_h, until_h) in meals.SLOTS.items():
        scores = state.scores.get(slot, ())
        found[slot] = Meal(
            from_h, until_h, len(scores), meals.days_used(scores), meals.is_habit(scores)
        )
    return found
