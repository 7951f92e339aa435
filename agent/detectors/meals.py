"""Eating: whether the kitchen is used as it is at every meal.

Protects a person who stops eating, which is noticed late by everybody else. From the kitchen's
motion sensors alone: how often they begin to see somebody within the busiest forty minutes of a
slot. A meal is a slot in which that reaches a fifth of its usual score and a third of what it
reaches on nine days of ten; somebody who fetches a glass of water does not reach it.

| reason       | level  | when                                                                 |
|--------------|--------|----------------------------------------------------------------------|
| missed       | blue   | a slot has ended without a meal, at home                             |
| missed_twice | yellow | so have two in a row, or on one day                                  |
| not_eating   | orange | no meal in any slot for two days at home; yellow where the kitchen's |
|              | yellow | sensors have seen nobody at all since: they may be dead              |

The next meal ends it.

Deliberately keeps silent: until a slot has been used on five of seven days, for whoever never has
breakfast does not miss it; where the resident was out for most of the slot, or is away; about
a slot of which the agent has not seen the beginning; about one in which the resident was not alone;
where the kitchen's sensors are not believed, or no clock has told the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.detectors.hours import hour, next_at
from agent.detectors.levels import MOVES
from agent.detectors.presence import Home, plan
from agent.events import Activity, ClockStep, Finding, Gap, Kind, Tick, WarningLevel
from agent.site import Role, Site
from drivers.reading import Reading

SLOTS = {"breakfast": (5.0, 10.5), "lunch": (10.5, 15.5), "dinner": (15.5, 21.5)}
LAST = "dinner"
WINDOW_MIN = 40
DAYS, ENOUGH, USED = 28, 7, 0.7
LEAST_SCORE = 3
SHARE_OF_MEDIAN, SHARE_OF_TENTH = 1 / 5, 1 / 3
OUT_SHARE = 0.7
EARLY_H = 2 / 3600  # a tick at the turn of two slots belongs to the later one
NOT_EATING_S = 48 * 3600.0 - 60.0  # a slot ends by the clock, a meal when its slot has ended
LATE_H = 0.25  # a slot that is entered later than that was not watched from its beginning
GAP_S = 1800.0

Moment = tuple[float, float]
"""Monotonic and wall seconds."""


@dataclass(frozen=True, slots=True)
class Config:
    """Limits.

    Attributes:
        twice: slots in a row without a meal that are worth a look, 2 to 6.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    twice: int = 2

    def __post_init__(self) -> None:
        if not 2 <= self.twice <= 6:
            raise ValueError(f"twice: {self.twice} is outside 2 to 6")


@dataclass(frozen=True, slots=True)
class Best:
    """The busiest minutes of the slot so far: score, first and last wall second."""

    score: int = 0
    first: float = 0.0
    last: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered.

    Attributes:
        slot: of the present slot; empty between slots.
        ends: when it ends.
        minutes: wall minute and how often somebody was seen in it, of the last forty.
        best: the busiest so far.
        decided: wall seconds when that was a meal; None while it is not.
        out_since: when the home was left; None while at home.
        out_s: seconds of the slot that the home was empty.
        is_sound: whether everything in the slot can be believed.
        scores: scores of the last days, by slot.
        missed: slots in a row without a meal.
        eaten: monotonic second of the end of the last slot with a meal, or that was spent out, as
            nobody knows then; or when counting began.
        cooked: monotonic second of the last sign in the kitchen.
        told: reason of the open alarm; empty for none.
    """

    slot: str = ""
    ends: float = 0.0
    minutes: tuple[tuple[int, int], ...] = ()
    best: Best = Best()
    decided: float | None = None
    out_since: float | None = None
    out_s: float = 0.0
    is_sound: bool = True
    scores: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    missed: int = 0
    eaten: float = 0.0
    cooked: float = 0.0
    told: str = ""


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """The home, where the kitchen has a sensor that sees people move."""
    known = plan(site)
    return {"home": tuple(known.roles)} if known is not None and _kitchens(site) else {}


def start(setup: Setup[Config], now: float) -> State:
    """Nothing is known."""
    del setup
    return State(eaten=now, cooked=now)


def step(
    setup: Setup[Config], state: State, now: Now, seen: Home
) -> tuple[State, tuple[Conclusion, ...]]:
    """Count in the kitchen; judge a slot when it ends."""
    at: Moment = (now.stamp.mono, now.stamp.wall)
    match now:
        case Reading():
            is_kitchen = setup.site.sensors[now.sensor].role is Role.KITCHEN
            if not is_kitchen and seen.is_out == (state.out_since is not None):
                return state, ()
            state = _follow(setup, state, at, seen)
            if not (is_kitchen and seen.is_sign and now.value and now.quantity in MOVES):
                return state, ()
            state = replace(state, cooked=at[0])
            return (_count(state, at[1]), ()) if state.slot else (state, ())
        case Gap() | ClockStep():
            lost = isinstance(now, ClockStep) or now.length_s > GAP_S
            return (replace(state, slot="", is_sound=False) if lost else state), ()
        case Tick():
            found: tuple[Conclusion, ...] = ()
            if state.slot and at[0] >= state.ends:
                state, found = _judge(setup, state, at)
            return _follow(setup, state, at, seen), found
    return state, ()


def due(setup: Setup[Config], state: State, seen: Home) -> float | None:
    """The end of the slot."""
    if state.slot:
        return state.ends
    sign = seen.sign
    if sign is None:
        return None
    since = max(sign.mono, state.ends)
    wall = sign.wall + (since - sign.mono)
    nearest = min(next_at(setup.site.timezone, wall, begin) for begin, _ in SLOTS.values())
    return since + (nearest - wall) + 1.0


def _follow(setup: Setup[Config], state: State, at: Moment, seen: Home) -> State:
    """Begin a slot, and keep the time for which nobody is at home."""
    if not state.slot:
        local_h = hour(setup.site.timezone, at[1]) + EARLY_H
        slot = next((s for s, (a, b) in SLOTS.items() if a <= local_h < b), "")
        if not slot:
            return state
        ends = at[0] + next_at(setup.site.timezone, at[1], SLOTS[slot][1]) - at[1]
        state = replace(
            state, slot=slot, ends=ends, minutes=(), best=Best(), decided=None, out_s=0.0,
            out_since=None, is_sound=local_h < SLOTS[slot][0] + LATE_H,
        )  # fmt: skip
    is_blind = not seen.doubts.keys().isdisjoint(_kitchens(setup.site))
    if is_blind or not seen.knows_the_time or seen.company.is_here(at[0]):
        state = replace(state, is_sound=False)
    if seen.is_out:
        if state.out_since is not None:
            return state
        begun = state.ends - 3600 * (SLOTS[state.slot][1] - SLOTS[state.slot][0])
        return replace(state, out_since=max(seen.since, begun))
    if state.out_since is not None:
        out_s = state.out_s + max(0.0, seen.since - state.out_since)
        return replace(state, out_since=None, out_s=out_s)
    return state


def _count(state: State, wall: float) -> State:
    minute = int(wall // 60)
    kept = tuple(m for m in state.minutes if m[0] > minute - WINDOW_MIN)
    if kept and kept[-1][0] == minute:
        minutes = (*kept[:-1], (minute, kept[-1][1] + 1))
    else:
        minutes = (*kept, (minute, 1))
    score = sum(count for _, count in minutes)
    state = replace(state, minutes=minutes)
    if score > state.best.score:
        state = replace(state, best=Best(score, minutes[0][0] * 60.0, wall))
        if state.decided is None and score >= _least(state):
            state = replace(state, decided=wall)
    return state


def _least(state: State) -> float:
    """The score from which on a slot has a meal."""
    scores = sorted(state.scores.get(state.slot, ()))
    used = [score for score in scores if score >= LEAST_SCORE]
    if not used:
        return LEAST_SCORE
    median, tenth = used[len(used) // 2], used[len(used) // 10]
    return max(LEAST_SCORE, SHARE_OF_MEDIAN * median, SHARE_OF_TENTH * tenth)


def _judge(setup: Setup[Config], state: State, at: Moment) -> tuple[State, tuple[Conclusion, ...]]:
    slot, best, least = state.slot, state.best, _least(state)
    length_s = 3600 * (SLOTS[slot][1] - SLOTS[slot][0])
    out_s = state.out_s if state.out_since is None else state.out_s + at[0] - state.out_since
    scores = state.scores.get(slot, ())
    is_known = is_habit(scores)
    was_home = out_s < OUT_SHARE * length_s
    ended = replace(state, slot="", out_since=None, out_s=0.0)
    if not was_home:  # nobody knows; two on one day count together, whatever lies between
        ended = replace(ended, eaten=at[0], missed=0 if slot == LAST else state.missed)
    if state.is_sound and was_home:
        ended = replace(ended, scores={**state.scores, slot: (*scores, best.score)[-DAYS:]})
    if state.decided is not None:
        meal = Activity("meal", best.first, state.decided, best.last, at[1], slot)
        ended = replace(ended, missed=0, eaten=at[0])
        if not state.told:
            return ended, (meal,)
        over = Finding(
            Kind.MEALS, setup.subject, None, at[0], evidence={"reason": "eaten", "slot": slot}
        )
        return replace(ended, told=""), (meal, over)
    if not (state.is_sound and was_home and is_known):
        return ended, ()
    missed = state.missed + 1
    reason, level = "missed", WarningLevel.BLUE
    if at[0] - state.eaten >= NOT_EATING_S:
        reason = "not_eating"
        level = WarningLevel.ORANGE if state.cooked > state.eaten else WarningLevel.YELLOW
    elif missed >= setup.limits.twice:
        reason, level = "missed_twice", WarningLevel.YELLOW
    evidence = {
        "reason": reason, "slot": slot, "score": best.score, "limit": round(least, 1),
        "unit": "sightings in 40 min", "limit_source": "learned", "days_learned": len(scores),
        "missed": missed, "for_s": round(at[0] - state.eaten),
        "kitchen_seen": state.cooked > state.eaten,
    }  # fmt: skip
    found = Finding(
        Kind.MEALS, setup.subject, level, at[0], sensors=_kitchens(setup.site), evidence=evidence
    )
    return replace(ended, missed=missed, told=reason), (found,)


def is_habit(scores: tuple[int, ...]) -> bool:
    """Whether the scores of a slot's days are enough to miss a meal in it."""
    return len(scores) >= ENOUGH and days_used(scores) / len(scores) >= USED


def days_used(scores: tuple[int, ...]) -> int:
    """On how many of the days something like a meal was seen."""
    return sum(score >= LEAST_SCORE for score in scores)


def _kitchens(site: Site) -> tuple[str, ...]:
    return tuple(s.name for s in site.with_role(Role.KITCHEN) if MOVES & set(s.traits.quantities))


def unlearn(state: State) -> State:
    """The state of the moment, with nothing known of the person."""
    return replace(state, scores={})


DETECTOR = Detector(
    config=Config, state=State, subjects=subjects, start=start, step=step, due=due, sees="presence",
    unlearn=unlearn,
)  # fmt: skip
