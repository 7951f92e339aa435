"""What water may hold: the limits of Chinese standards, each with its source.

| table          | standard                                                   | checked              |
|----------------|------------------------------------------------------------|----------------------|
| CLASSES        | GB 3838-2002, table 1, classes I to V                      | from memory          |
| BLACK_ODOROUS  | 住建部 2015, 城市黑臭水体整治工作指南, table 2: light, heavy | Progress in Geography|
|                |                                                            | 36(3), 2017          |
| DISCHARGE      | GB 18918-2002, table 1, grades 1A and 1B (above 12 degC)   | from memory          |
| PH             | GB 3838-2002 and GB 8978-1996, table 4: 6 to 9             | from memory          |

What is called "from memory" here has to be checked against the standard's text before a notice
quotes it. COD is that by dichromate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.reading import Quantity

DO, NH3, COD, PH_, ORP = (
    Quantity.DISSOLVED_OXYGEN_MG_L,
    Quantity.AMMONIA_N_MG_L,
    Quantity.COD_MG_L,
    Quantity.PH,
    Quantity.ORP_MV,
)


@dataclass(frozen=True, slots=True)
class Range:
    """What is allowed: at least `low`, at most `high`; None = no limit on that side."""

    low: float | None = None
    high: float | None = None

    def allows(self, value: float) -> bool:
        """Whether a value keeps it."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


PH = Range(6.0, 9.0)

CLASSES: Mapping[str, Mapping[Quantity, Range]] = {
    "I": {DO: Range(7.5), NH3: Range(high=0.15), COD: Range(high=15), PH_: PH},
    "II": {DO: Range(6.0), NH3: Range(high=0.5), COD: Range(high=15), PH_: PH},
    "III": {DO: Range(5.0), NH3: Range(high=1.0), COD: Range(high=20), PH_: PH},
    "IV": {DO: Range(3.0), NH3: Range(high=1.5), COD: Range(high=30), PH_: PH},
    "V": {DO: Range(2.0), NH3: Range(high=2.0), COD: Range(high=40), PH_: PH},
}
BLACK_ODOROUS: Mapping[str, Mapping[Quantity, Range]] = {
    "light": {DO: Range(2.0), NH3: Range(high=8.0), ORP: Range(50.0)},
    "heavy": {DO: Range(0.2), NH3: Range(high=15.0), ORP: Range(-200.0)},
}
DISCHARGE: Mapping[str, Mapping[Quantity, Range]] = {
    "1A": {COD: Range(high=50), NH3: Range(high=5.0), PH_: PH},
    "1B": {COD: Range(high=60), NH3: Range(high=8.0), PH_: PH},
}
TABLES: Mapping[str, Mapping[Quantity, Range]] = {
    **{f"class {name}": limits for name, limits in CLASSES.items()},
    **{f"grade {name}": limits for name, limits in DISCHARGE.items()},
    **{f"black-odorous, {name}": limits for name, limits in BLACK_ODOROUS.items()},
}


def broken(limits: Mapping[Quantity, Range], values: Mapping[Quantity, float]) -> list[Quantity]:
    """Which quantities are outside their limits, in the order of the table."""
    return [q for q, allowed in limits.items() if q in values and not allowed.allows(values[q])]
