"""The vocabulary that drivers, pipeline and detectors share: quantities, stamps, readings.

Standard library only. A quantity has one unit, which ends its name; conversion to it happens in the
driver and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What a reading measures. Two-state quantities are 0 or 1."""

    MOTION = "motion"
    PRESENCE = "presence"
    CONTACT = "contact"  # 1 = open
    SMOKE = "smoke"
    HELP = "help"
    ANSWER = "answer"
    BUZZER = "buzzer"  # 1 = sounding
    WET = "wet"
    DISTANCE_MM = "distance_mm"
    DEPTH_MM = "depth_mm"
    AIR_TEMP_DEGC = "air_temp_degc"
    WATER_TEMP_DEGC = "water_temp_degc"
    PH = "ph"
    DISSOLVED_OXYGEN_MG_L = "dissolved_oxygen_mg_l"
    CONDUCTIVITY_US_CM = "conductivity_us_cm"
    TURBIDITY_NTU = "turbidity_ntu"
    AMMONIA_N_MG_L = "ammonia_n_mg_l"
    ORP_MV = "orp_mv"
    COD_MG_L = "cod_mg_l"
    CHLORINE_MG_L = "chlorine_mg_l"


TWO_STATE = frozenset(
    {
        Quantity.MOTION,
        Quantity.PRESENCE,
        Quantity.CONTACT,
        Quantity.SMOKE,
        Quantity.HELP,
        Quantity.ANSWER,
        Quantity.BUZZER,
        Quantity.WET,
    }
)

# Unit symbols of SenML: RFC 8428 section 12.1, secondary units (mm, mV, uS/cm, NTU, mg/L) RFC 8798.
UNITS: dict[Quantity, str] = {
    Quantity.MOTION: "/",
    Quantity.PRESENCE: "/",
    Quantity.CONTACT: "/",
    Quantity.SMOKE: "/",
    Quantity.HELP: "/",
    Quantity.ANSWER: "/",
    Quantity.BUZZER: "/",
    Quantity.WET: "/",
    Quantity.DISTANCE_MM: "mm",
    Quantity.DEPTH_MM: "mm",
    Quantity.AIR_TEMP_DEGC: "Cel",
    Quantity.WATER_TEMP_DEGC: "Cel",
    Quantity.PH: "pH",
    Quantity.DISSOLVED_OXYGEN_MG_L: "mg/L",
    Quantity.CONDUCTIVITY_US_CM: "uS/cm",
    Quantity.TURBIDITY_NTU: "NTU",
    Quantity.AMMONIA_N_MG_L: "mg/L",
    Quantity.ORP_MV: "mV",
    Quantity.COD_MG_L: "mg/L",
    Quantity.CHLORINE_MG_L: "mg/L",
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """When something happened, on both clocks.

    Attributes:
        boot: id of the kernel's boot, 12 hex digits; `replay` in a replay.
        mono: seconds that never go back and go on across restarts of the agent and the device.
        wall: seconds since 1970 UTC; to be trusted only where `synced`.
        synced: whether the kernel said that its clock was synchronised.
        sequence: place in the order of everything this device has taken in, from 1 on.
    """

    boot: str
    mono: float
    wall: float
    synced: bool
    sequence: int


class Grade(StrEnum):
    """Roll-up of all quality tests of one reading."""

    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Quality:
    """A grade and the names of the tests that led to it."""

    grade: Grade
    reasons: tuple[str, ...] = ()


GOOD = Quality(Grade.GOOD)


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one quantity of one sensor; quality tests annotate it, nothing rewrites it."""

    sensor: str
    quantity: Quantity
    value: float
    stamp: Stamp
    quality: Quality = GOOD


class SensorStatus(StrEnum):
    """What is known of a sensor's connection."""

    STARTING = "starting"  # opened, warming up
    SILENT = "silent"  # open, but nothing valid came in time
    LOST = "lost"  # port or line gone, or the driver failed


@dataclass(frozen=True, slots=True)
class SensorState:
    """A change in a sensor's connection, seen by the thread that runs its driver.

    Attributes:
        reason: one short English phrase for a technician, such as the operating system's error.
    """

    sensor: str
    status: SensorStatus
    reason: str
    stamp: Stamp
