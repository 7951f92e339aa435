"""What water may contain: surface-water classes, black and odorous water, discharge limits.

Only quantities that a probe measures stand here. Every row names its document and where its numbers
were read: the standards themselves could not be opened, so each is from a reprint, or from memory
and to be checked before it is quoted to a polluter.

All of these judge daily means or samples taken by hand; one reading of a probe in the river points
to a breach and proves none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.reading import Quantity


class WaterClass(StrEnum):
    """Class of surface water, the best first; beyond V no class is met."""

    I = "I"  # noqa: E741 - the standard's own name
    II = "II"
    III = "III"
    IV = "IV"
    V = "V"
    BEYOND = "beyond V"

    @property
    def rank(self) -> int:
        """0 for the best."""
        return list(WaterClass).index(self)


class Grade(StrEnum):
    """How black and odorous urban water is."""

    LIGHT = "light"
    HEAVY = "heavy"


class Discharge(StrEnum):
    """A discharge standard and its grade, as the configuration spells them."""

    MUNICIPAL_1A = "GB18918-1A"
    MUNICIPAL_1B = "GB18918-1B"
    MUNICIPAL_2 = "GB18918-2"
    MUNICIPAL_3 = "GB18918-3"
    GENERAL_1 = "GB8978-1"
    GENERAL_2 = "GB8978-2"
    GENERAL_3 = "GB8978-3"


@dataclass(frozen=True, slots=True)
class Source:
    """Where numbers are from.

    Attributes:
        document: number, year, and table of the standard.
        read: the reprint that they were read in; empty = from memory.
    """

    document: str
    read: str = ""


SURFACE = Source(
    "GB 3838-2002 table 1", "reprint at r-can.com.cn/r-can_Affiche_10862570.html, 2024"
)
BLACK = Source(
    "Guide to treating black and odorous urban water (MOHURD 2015) table 1",
    "Progress in Geography 36(3) 2017, p. 359, table 1",
)
MUNICIPAL = Source("GB 18918-2002 table 1", "reprint at cnwushui.cn/a/news/hyxw/394.html, 2019")
GENERAL = Source("GB 8978-1996 table 4")


@dataclass(frozen=True, slots=True)
class Limit:
    """Lowest and highest value that is allowed; None where there is none.

    Attributes:
        low, high: in the quantity's own unit; a value equal to one is allowed.
    """

    low: float | None
    high: float | None
    source: Source

    def allows(self, value: float) -> bool:
        """Whether a value lies within."""
        return not (
            (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
        )


Limits = Mapping[Quantity, Limit]

PH, OXYGEN = Quantity.PH, Quantity.DISSOLVED_OXYGEN_MG_L
AMMONIA, COD, ORP = Quantity.AMMONIA_N_MG_L, Quantity.COD_MG_L, Quantity.ORP_MV

# I to V. Oxygen in class I is 90 % of saturation or 7.5 mg/L; COD is by dichromate.
_LEAST_OXYGEN = (7.5, 6.0, 5.0, 3.0, 2.0)
_MOST_AMMONIA = (0.15, 0.5, 1.0, 1.5, 2.0)
_MOST_COD = (15.0, 15.0, 20.0, 30.0, 40.0)
CLASSES: Mapping[WaterClass, Limits] = {
    name: {
        PH: Limit(6.0, 9.0, SURFACE),
        OXYGEN: Limit(oxygen, None, SURFACE),
        AMMONIA: Limit(None, ammonia, SURFACE),
        COD: Limit(None, cod, SURFACE),
    }
    for name, oxygen, ammonia, cod in zip(
        (name for name in WaterClass if name is not WaterClass.BEYOND),
        _LEAST_OXYGEN,
        _MOST_AMMONIA,
        _MOST_COD,
        strict=True,
    )
}

# What is no longer only lightly black and odorous, and what is not so at all. The guide's fourth
# feature, transparency, no probe measures. It grades a stretch of water by several samples.
NOT_BLACK: Limits = {
    OXYGEN: Limit(2.0, None, BLACK),
    ORP: Limit(50.0, None, BLACK),
    AMMONIA: Limit(None, 8.0, BLACK),
}
NOT_HEAVY: Limits = {
    OXYGEN: Limit(0.2, None, BLACK),
    ORP: Limit(-200.0, None, BLACK),
    AMMONIA: Limit(None, 15.0, BLACK),
}

# Ammonia nitrogen of sewage works is limited less strictly in water of 12 degC and below: the
# number in brackets there, the second one here (the rule of the 12 degC is from memory).
COLD_DEGC = 12.0
_MUNICIPAL: Mapping[Discharge, tuple[float, tuple[float, float] | None]] = {
    Discharge.MUNICIPAL_1A: (50.0, (5.0, 8.0)),
    Discharge.MUNICIPAL_1B: (60.0, (8.0, 15.0)),
    Discharge.MUNICIPAL_2: (100.0, (25.0, 30.0)),
    Discharge.MUNICIPAL_3: (120.0, None),
}
# From memory: "other dischargers", built from 1998 on. Some trades may exceed these.
_GENERAL: Mapping[Discharge, tuple[float, float | None]] = {
    Discharge.GENERAL_1: (100.0, 15.0),
    Discharge.GENERAL_2: (150.0, 25.0),
    Discharge.GENERAL_3: (500.0, None),
}


def limits(target: WaterClass | Discharge, water_degc: float | None = None) -> Limits:
    """What water has to keep to under a class, or under a discharge standard.

    Args:
        target: a class of surface water, I to V, or a discharge standard.
        water_degc: temperature of the water; unknown counts as warm, which is the stricter.
    """
    if isinstance(target, WaterClass):
        return CLASSES[target] if target is not WaterClass.BEYOND else {}
    if target in _MUNICIPAL:
        source = MUNICIPAL
        cod, by_warmth = _MUNICIPAL[target]
        is_cold = water_degc is not None and water_degc <= COLD_DEGC
        ammonia = None if by_warmth is None else by_warmth[is_cold]
    else:
        source = GENERAL
        cod, ammonia = _GENERAL[target]
    found = {PH: Limit(6.0, 9.0, source), COD: Limit(None, cod, source)}
    return found if ammonia is None else {**found, AMMONIA: Limit(None, ammonia, source)}


def exceeded(allowed: Limits, values: Mapping[Quantity, float]) -> Limits:
    """Those limits that a set of readings does not keep to; what was not measured is kept to."""
    return {
        quantity: limit
        for quantity, limit in allowed.items()
        if quantity in values and not limit.allows(values[quantity])
    }


def class_of(values: Mapping[Quantity, float]) -> WaterClass | None:
    """The best class that every reading keeps to; None where nothing that counts was measured."""
    if values.keys().isdisjoint(CLASSES[WaterClass.V]):
        return None
    for name, allowed in CLASSES.items():
        if not exceeded(allowed, values):
            return name
    return WaterClass.BEYOND


def grade_of(values: Mapping[Quantity, float]) -> Grade | None:
    """How black and odorous the water is by its worst reading; None for not at all, or unknown."""
    if exceeded(NOT_HEAVY, values):
        return Grade.HEAVY
    return Grade.LIGHT if exceeded(NOT_BLACK, values) else None
