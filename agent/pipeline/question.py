"""The local question: "are you all right?" is asked in the home before an urgent alarm leaves it.

Theory of operation. Where a home has a buzzer and an answer button, an orange finding about its
resident is held for `ask_s`, and the buzzer sounds while any is held. Everything else passes at
once: red and yellow findings, smoke, calls for help, faults, and what is already told as urgent.

| while it is held                          | what leaves the home                              |
|-------------------------------------------|---------------------------------------------------|
| the answer button is pressed              | `home.question`, blue, and over: answered         |
| the detector takes it back, or lowers it  | the same, and what the detector says              |
| nothing, for `ask_s`                      | the alarm, red: asked and not answered            |
| the detector says red                     | that, at once                                     |
| the buzzer or the button fails            | the alarm as it is, at once                       |
| the agent does not run until time is over | the alarm as it is, once the agent runs again     |

An outing is not made red: an empty home cannot answer. An alarm that was made red stays so until
its detector lowers it. A press counts when the button goes down: one that is held down, or shorted,
answers nothing and is not ready to. It is no sign of life to the detectors: who has answered and
still does not move gets the red alarm that his detector raises in its own time.

Each finding has its own deadline, so that none is delayed for longer than `ask_s`; a press answers
all that are held. A press at the very deadline is in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent.events import Finding, Gap, Kind, WarningLevel, rfc3339
from agent.pipeline.alarms import Alarm
from agent.pipeline.alarms import key as key_of
from agent.site import Profile, Site
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

ASKED = frozenset({Kind.STILLNESS, Kind.SLEEP, Kind.MEALS, Kind.OUTING})
ORANGE = WarningLevel.ORANGE
UNANSWERED, BROKEN, INTERRUPTED = "unanswered", "broken", "interrupted"
BUTTON, DETECTOR = "button", "detector"


@dataclass(frozen=True, slots=True)
class Config:
    """The `[question]` table.

    Attributes:
        ask_s: seconds for which it is asked before the alarm leaves, 60 to 900: long enough to get
            up and walk to the button, short beside the hours that led to the alarm.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    ask_s: float = 300.0

    def __post_init__(self) -> None:
        if not 60 <= self.ask_s <= 900:
            raise ValueError(f"ask_s: {self.ask_s} is outside 60 to 900")


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from the site: names of its answer buttons and buzzers."""

    buttons: frozenset[str]
    buzzers: frozenset[str]
    ask_s: float

    def has(self, sensor: str) -> bool:
        """Whether a sensor is one of them."""
        return sensor in self.buttons or sensor in self.buzzers


@dataclass(frozen=True, slots=True)
class Held:
    """A finding that is held back.

    Attributes:
        finding: as its detector told it last.
        asked: monotonic second since when it is held.
        missed_s: seconds of that in which the agent did not run.
    """

    finding: Finding
    asked: float
    missed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered.

    Attributes:
        held: by `<kind>/<subject>`.
        levels: last level of each button and buzzer that works.
    """

    held: Mapping[str, Held] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)


Step = tuple[State, tuple[Finding, ...]]
"""The new state, and the findings that go on, in order."""


def plan(site: Site, config: Config) -> Plan:
    """Find the buttons and buzzers; only a home is asked."""
    named = {
        quantity: frozenset(
            s.name for s in site.sensors.values() if quantity in s.traits.quantities
        )
        for quantity in (Quantity.ANSWER, Quantity.BUZZER)
        if site.profile is Profile.HOME
    }
    nothing: frozenset[str] = frozenset()
    return Plan(
        named.get(Quantity.ANSWER, nothing), named.get(Quantity.BUZZER, nothing), config.ask_s
    )


def is_ready(known: Plan, state: State) -> bool:
    """Whether a buzzer works, and a button that is not pressed."""
    hears = any(state.levels.get(name) == 0 for name in known.buttons)
    return hears and not known.buzzers.isdisjoint(state.levels)


def due(known: Plan, state: State) -> float | None:
    """Monotonic second at which a finding has been held for long enough; None for none."""
    return min((held.asked + known.ask_s for held in state.held.values()), default=None)


def hear(known: Plan, state: State, finding: Finding, told: Alarm | None, stamp: Stamp) -> Step:
    """Take in a detector's finding: hold it, or let it pass.

    Args:
        known: the plan.
        state: before it.
        finding: the finding.
        told: the open alarm of its kind and subject.
        stamp: now.
    """
    if finding.kind not in ASKED:
        return state, (finding,)
    key = key_of(finding)
    held = state.held.get(key)
    if finding.level is None or finding.level < ORANGE:
        if held is None:
            return state, (finding,)
        over = _answered(key, held, DETECTOR, finding.sensors, stamp)
        return _without(state, key), (*over, finding)
    is_urgent = told is not None and told.level >= ORANGE
    if finding.level is ORANGE and not is_urgent and (held is not None or is_ready(known, state)):
        held = Held(finding, stamp.mono) if held is None else replace(held, finding=finding)
        return replace(state, held={**state.held, key: held}), ()
    return _without(state, key), (_carried(finding, told),)


def listen(known: Plan, state: State, reading: Reading) -> Step:
    """Take in the level of a button or buzzer, debounced."""
    name, before = reading.sensor, state.levels.get(reading.sensor)
    if reading.value == before:
        return state, ()
    state = replace(state, levels={**state.levels, name: reading.value})
    if name not in known.buttons or before is None or not reading.value:
        return state, ()
    over = tuple(
        finding
        for key, held in state.held.items()
        for finding in _answered(key, held, BUTTON, (name,), reading.stamp)
    )
    return replace(state, held={}), over


def lose(known: Plan, state: State, told: SensorState) -> Step:
    """Take in that a button or buzzer has failed: without them nothing is held back."""
    if told.status is SensorStatus.STARTING:
        return state, ()
    levels = {name: level for name, level in state.levels.items() if name != told.sensor}
    state = replace(state, levels=levels)
    if is_ready(known, state):
        return state, ()
    return _let_go(state, tuple(state.held), BROKEN, told.stamp, told.stamp.mono)


def resume(known: Plan, state: State, gap: Gap) -> Step:
    """Go on asking after a gap, where there is time left and something to ask with."""
    at = gap.stamp.mono
    lost = not is_ready(known, state)
    late = tuple(
        key
        for key, held in state.held.items()
        if lost or not gap.is_known or at >= held.asked + known.ask_s
    )
    state, findings = _let_go(state, late, INTERRUPTED, gap.stamp, gap.since)
    held = {
        key: replace(held, missed_s=held.missed_s + gap.length_s)
        for key, held in state.held.items()
    }
    return replace(state, held=held), findings


def expire(known: Plan, state: State, stamp: Stamp) -> Step:
    """Let go what has been held for long enough."""
    late = tuple(k for k, held in state.held.items() if stamp.mono >= held.asked + known.ask_s)
    return _let_go(state, late, UNANSWERED, stamp, stamp.mono)


def _without(state: State, *keys: str) -> State:
    return replace(state, held={k: held for k, held in state.held.items() if k not in keys})


def _let_go(state: State, keys: tuple[str, ...], outcome: str, stamp: Stamp, until: float) -> Step:
    """Let findings go on as alarms, with what became of the question."""
    findings = []
    for key in keys:
        held = state.held[key]
        finding = held.finding
        is_red = outcome == UNANSWERED and finding.kind is not Kind.OUTING
        asked = {"outcome": outcome, **_asked(held, stamp, until)}
        findings.append(
            replace(
                finding,
                level=WarningLevel.RED if is_red else finding.level,
                evidence={**finding.evidence, "question": asked},
            )
        )
    return _without(state, *keys), tuple(findings)


def _carried(finding: Finding, told: Alarm | None) -> Finding:
    """Keep what became of a question, and the level it led to, while its alarm is urgent."""
    asked = None if told is None else told.evidence.get("question")
    if told is None or asked is None or finding.level is None:
        return finding
    level = max(finding.level, told.level) if asked["outcome"] == UNANSWERED else finding.level
    return replace(finding, level=level, evidence={**finding.evidence, "question": asked})


def _answered(
    key: str, held: Held, by: str, sensors: tuple[str, ...], stamp: Stamp
) -> tuple[Finding, Finding]:
    """Tell that it was asked and is over; what it was asked about goes no further."""
    evidence = {
        "reason": "answered",
        "by": by,
        "about": held.finding.kind.value,
        **_asked(held, stamp, stamp.mono),
    }
    told = Finding(
        Kind.QUESTION, key, WarningLevel.BLUE, held.asked, sensors=sensors, evidence=evidence
    )
    return told, replace(told, level=None)


def _asked(held: Held, stamp: Stamp, until: float) -> dict[str, Any]:
    """When it was begun to be asked, and for how long it was."""
    asked_s = max(0.0, until - held.asked - held.missed_s)
    began = stamp.wall - (stamp.mono - held.asked)
    return {"asked_at": rfc3339(began), "asked_s": round(asked_s)}
