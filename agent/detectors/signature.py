"""What a change of water quality looks like, and where it likely comes from. Pure.

Sizes of change that matter, beyond what is usual (probes.py): they are reasoned from what spills do
to a river of some size, and from the standards beside it (standards.py).

| source       | its signature                                                                  |
|--------------|--------------------------------------------------------------------------------|
| industrial   | pH far off and not neutral, or out of bounds with more salt                    |
| sewage       | more salt, and oxygen down, or low and far more turbid; or ammonia up with one |
| fish_pond    | turbid and short of oxygen, salt as usual                                      |
| storm_runoff | turbid, soft, and no pH or ammonia out of bounds                               |
| unknown      | several channels at once, in one step, further off than chance                 |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from agent.detectors.probes import Channel
from drivers.reading import Quantity

COND, OXYGEN, PH, TURBIDITY, AMMONIA, ORP, COD, LEVEL = (
    Quantity.CONDUCTIVITY_US_CM,
    Quantity.DISSOLVED_OXYGEN_MG_L,
    Quantity.PH,
    Quantity.TURBIDITY_NTU,
    Quantity.AMMONIA_N_MG_L,
    Quantity.ORP_MV,
    Quantity.COD_MG_L,
    Quantity.DEPTH_MM,
)
FAR_Z = 10.0
CLEAR_Z, OXYGEN_Z = 4.0, 3.0  # oxygen goes up and down by day, and so strays more
MOST_Z = 10.0
JOINT_CHANNELS, JOINT_Z, JOINT = 2, 3.0, 40.0


class Source(StrEnum):
    """Where pollution likely comes from, the clearest first."""

    INDUSTRIAL = "industrial"
    SEWAGE = "sewage"
    FISH_POND = "fish_pond"
    STORM = "storm_runoff"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Change:
    """One channel against what is usual: value, difference, strays, and its last step."""

    value: float
    delta: float
    z: float
    step: float = 0.0

    @property
    def usual(self) -> float:
        """What is usual."""
        return self.value - self.delta


Changes = Mapping[Quantity, Change]


def change_of(channel: Channel) -> Change | None:
    """A channel's change; None where it is not known, or not believed."""
    if channel.doubt is not None or channel.value is None or channel.usual is None:
        return None
    return Change(channel.value, channel.value - channel.usual, channel.z, channel.step)


def signs(changes: Changes) -> tuple[str, ...]:
    """What has changed by as much as matters, in words for machines."""
    found = []
    for name, quantity, is_it in _SIGNS:
        change = changes.get(quantity)
        if change is not None and is_it(change):
            found.append(name)
    return tuple(found)


def source_of(seen: tuple[str, ...], joint: float = 0.0) -> Source | None:
    """Where a change with these signs likely comes from; None where there is none that matters."""
    has = frozenset(seen)
    if "ph_far" in has or ("ph_out" in has and "cond_up" in has):
        return Source.INDUSTRIAL
    if "cond_up" in has and ("do_down" in has or {"turb_far_up", "do_low"} <= has):
        return Source.SEWAGE
    if "nh3_up" in has and has & {"do_down", "cond_up", "orp_down"}:
        return Source.SEWAGE
    is_low = {"do_low", "turb_far_up"} <= has and "level_up" not in has
    is_short = is_low or {"turb_up", "do_down"} <= has
    if is_short and "cond_down" not in has:
        return Source.SEWAGE if "cond_rather_up" in has else Source.FISH_POND
    if {"turb_up", "cond_down"} <= has and not has & {"ph_out", "nh3_up"}:
        return Source.STORM
    if joint >= JOINT and "level_up" not in has:
        return Source.UNKNOWN
    return None


def is_sudden(changes: Changes) -> bool:
    """Whether at least two channels came off what is usual in one step."""
    far = [c for c in changes.values() if abs(c.z) >= JOINT_Z]
    return sum(c.step * c.delta > 0 and abs(c.step) >= abs(c.delta) / 2 for c in far) >= 2


def joint_of(changes: Changes) -> float:
    """How far the channels are off together: a sum of squares; 0 where it is one of them alone."""
    far = [c.z for q, c in changes.items() if q is not LEVEL and q is not Quantity.WATER_TEMP_DEGC]
    if sum(abs(z) >= JOINT_Z for z in far) < JOINT_CHANNELS:
        return 0.0
    return sum(min(abs(z), MOST_Z) ** 2 for z in far)


_SIGNS: tuple[tuple[str, Quantity, Callable[[Change], bool]], ...] = (
    ("cond_up", COND, lambda c: c.z >= CLEAR_Z and c.delta >= max(0.15 * c.usual, 50.0)),
    ("cond_rather_up", COND, lambda c: c.z >= CLEAR_Z and c.delta >= 0.06 * c.usual),
    ("cond_down", COND, lambda c: c.z <= -CLEAR_Z and c.delta <= -0.08 * c.usual),
    ("do_down", OXYGEN, lambda c: c.z <= -OXYGEN_Z and c.delta <= -(0.8 if c.value < 2 else 1.5)),
    ("do_low", OXYGEN, lambda c: c.value <= 3.0),
    ("turb_up", TURBIDITY, lambda c: c.z >= CLEAR_Z and c.delta >= 15.0),
    ("turb_far_up", TURBIDITY, lambda c: c.z >= FAR_Z and c.delta >= 40.0),
    ("ph_out", PH, lambda c: abs(c.z) >= CLEAR_Z and not 6.0 <= c.value <= 9.0),
    (
        "ph_far",
        PH,
        lambda c: abs(c.z) >= CLEAR_Z and abs(c.delta) >= 1 and not 6.5 <= c.value <= 8.5,
    ),
    ("nh3_up", AMMONIA, lambda c: c.z >= CLEAR_Z and c.delta >= 1.0),
    ("orp_down", ORP, lambda c: c.z <= -CLEAR_Z and c.delta <= -100.0),
    ("cod_up", COD, lambda c: c.z >= CLEAR_Z and c.delta >= 20.0),
    ("level_up", LEVEL, lambda c: c.z >= CLEAR_Z and c.delta >= 50.0),
)
