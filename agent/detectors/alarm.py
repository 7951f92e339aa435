"""Smoke and calls for help: straight through.

Protects whoever is in the home. One reading is enough: no averaging, no waiting, and doubtful
quality does not hold it back. Concludes `home.smoke` and `home.help`, both red, from smoke alarms
and help buttons or cords.

Smoke ends when the alarm's contact falls back. A call for help does not end when the button is let
go: it stays open, each further press is an update that counts them, and it is closed only when
nobody has pressed for `help_open_h`, long after a person has had to answer it. A button that is
still pressed when the agent starts is a call. Keeps silent about nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.detectors import Conclusion, Detector, Now, Setup
from agent.events import Finding, Kind, Tick, WarningLevel
from agent.site import Site
from drivers.reading import Quantity, Reading

KINDS = {Quantity.SMOKE: Kind.SMOKE, Quantity.HELP: Kind.HELP}


@dataclass(frozen=True, slots=True)
class Config:
    """Limits.

    Attributes:
        help_open_h: hours after the last press until a call for help is closed by itself, 1 to 168;
            24 is the platform's own time for accepting a call.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    help_open_h: float = 24.0

    def __post_init__(self) -> None:
        if not 1 <= self.help_open_h <= 168:
            raise ValueError(f"help_open_h: {self.help_open_h} is outside 1 to 168")


@dataclass(frozen=True, slots=True)
class State:
    """What is known of one smoke alarm or help button.

    Attributes:
        value: its last level, 0 before the first reading.
        presses: presses since the call was raised; 0 = no call is open.
        onset: monotonic seconds of the first of them.
        pressed_at: monotonic seconds of the last reading that said pressed.
    """

    value: float = 0.0
    presses: int = 0
    onset: float = 0.0
    pressed_at: float = 0.0


def subjects(site: Site) -> Mapping[str, tuple[str, ...]]:
    """Each smoke alarm and each help button by itself."""
    return {
        sensor.name: (sensor.name,)
        for sensor in site.sensors.values()
        if KINDS.keys() & set(sensor.traits.quantities)
    }


def start(setup: Setup[Config], now: float) -> State:
    """Nothing pressed, no smoke."""
    del setup, now
    return State()


def step(setup: Setup[Config], state: State, now: Now) -> tuple[State, tuple[Conclusion, ...]]:
    """Raise at the first reading of 1, count further ones, close as the file's head says."""
    match now:
        case Reading(quantity=Quantity.HELP | Quantity.SMOKE) if now.value and not state.value:
            onset = state.onset if state.presses else now.stamp.mono
            state = State(1.0, state.presses + 1, onset, now.stamp.mono)
            return state, (_call(setup, state, KINDS[now.quantity]),)
        case Reading(quantity=Quantity.HELP) if now.value:
            return State(1.0, state.presses, state.onset, now.stamp.mono), ()
        case Reading(quantity=Quantity.HELP):
            return State(0.0, state.presses, state.onset, state.pressed_at), ()
        case Reading(quantity=Quantity.SMOKE) if state.value and not now.value:
            return State(), (Finding(Kind.SMOKE, setup.subject, None, state.onset),)
        case Tick() if state.presses and not state.value and now.stamp.mono >= _end(setup, state):
            return State(), (
                Finding(
                    Kind.HELP, setup.subject, None, state.onset, evidence={"reason": "timeout"}
                ),
            )
    return state, ()


def due(setup: Setup[Config], state: State) -> float | None:
    """When a call for help that nobody repeated is closed."""
    is_help = Quantity.HELP in setup.sensor.traits.quantities
    return _end(setup, state) if is_help and state.presses and not state.value else None


def _end(setup: Setup[Config], state: State) -> float:
    return state.pressed_at + setup.limits.help_open_h * 3600


def _call(setup: Setup[Config], state: State, kind: Kind) -> Finding:
    return Finding(
        kind,
        setup.subject,
        WarningLevel.RED,
        state.onset,
        sensors=(setup.subject,),
        evidence={"reason": "pressed" if kind is Kind.HELP else "smoke", "count": state.presses},
    )


DETECTOR = Detector(config=Config, state=State, subjects=subjects, start=start, step=step, due=due)
