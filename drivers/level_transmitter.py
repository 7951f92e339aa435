"""Depth of water over a pressure transmitter, over Modbus RTU: what water_level.py does with one.

Parts: submersible transmitters with the common register form: 2 unit code, 3 decimal places (0 to
4), 4 value (signed 16 bit), function 03, 9600 8N1, unit 1. Maps: LevelPro 100 manual; QDY30A, as
several open drivers read it (codes "level"); the pressure form in Lobaro's Modbus documentation
(codes "pressure"), some of which have the value in register 22 instead: use no such part. Wiring is
in modbus.py; supply 12 to 36 V, and the cable's vent tube must stay open and dry.

The same unit code means different units in the two forms (1 is cm in one, kPa in the other), and no
register tells the form: compare with a staff gauge on site. Unit and decimals are read with every
value, since a technician's tool can change them at any time, and anything unknown is an error, not
a depth. The zero drifts over months; negative depths are told as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from drivers.base import DriverError, Emit
from drivers.modbus import Ask, Unit
from drivers.pace import WET_MM, Pace
from drivers.reading import Quantity

ASK: Ask = (3, 2, 3)  # function, first register, count
MOST_DECIMALS = 4
KPA_MM = 1000 / 9.80665  # millimetres of fresh water
# codes -> unit code in register 2 -> mm of water.
CODES: Mapping[str, Mapping[int, float]] = {
    "level": {1: 10.0, 2: 1.0, 3: 1000 * KPA_MM, 4: KPA_MM / 1000, 5: KPA_MM},
    "pressure": {
        0: 1000 * KPA_MM,
        1: KPA_MM,
        2: KPA_MM / 1000,
        3: 100 * KPA_MM,
        4: KPA_MM / 10,
        5: 98.0665 * KPA_MM,  # kgf/cm2
        6: 6.894757 * KPA_MM,  # psi
        7: 1000.0,
        8: 1.0,
    },
}
OVERFLOWS = (0x7FFF, -0x8000)
NO_DEPTH_MM = -9999.0  # outside what is valid: bad, never "dry"
FACE_DRY_MM = 10.0  # a transmitter in air says 0, give or take its zero


class LevelTransmitter:
    """One transmitter on a bus; see the head of this file.

    Args:
        unit: where it is.
        units: its codes, of CODES.
        face_mm: height of its face above the dry ground.
        pace: which levels are told.
    """

    def __init__(self, unit: Unit, units: Mapping[int, float], face_mm: float, pace: Pace) -> None:
        self._unit = unit
        self._units = units
        self._face_mm = face_mm
        self._pace = pace
        self._now = 0.0

    def tell_time(self, mono_s: float) -> None:
        """Take note of the time."""
        self._now = mono_s

    def open(self, emit: Emit) -> None:
        """Join the bus and see that unit and decimals are known.

        Raises:
            DriverError: what `Unit.open` raises, or a unit or decimals that are not known.
        """
        self._emit = emit
        try:
            for answer in self._unit.open(ASK):
                self._depth(answer)
        except DriverError:
            self.close()
            raise

    def poll(self) -> None:
        """Ask, and emit as the pace wants. Raise what `Unit.read` and `open` raise."""
        answer = self._unit.read(*ASK)
        if answer is None:
            return
        mm = self._depth(answer)
        is_depth = mm != NO_DEPTH_MM
        if self._pace.tells(self._now, mm if is_depth else None, is_wet=mm >= WET_MM):
            self._emit(Quantity.DEPTH_MM, mm)

    def close(self) -> None:
        """Leave the bus; harmless when left already."""
        self._unit.close()

    def _depth(self, answer: bytes) -> float:
        over = over_mm(answer, self._units)
        return NO_DEPTH_MM if over is None else depth_mm(over, self._face_mm)


def over_mm(answer: bytes, units: Mapping[int, float]) -> float | None:
    """Millimetres of water over the transmitter; None where it says that it cannot tell.

    Raises:
        DriverError: unit or decimals are not known.
    """
    code, decimals, value = struct.unpack(">HHh", answer)
    if code not in units:
        allowed = ", ".join(map(str, units))
        raise DriverError(f"unit code {code} in register 2, allowed: {allowed}; see the key codes")
    if decimals > MOST_DECIMALS:
        raise DriverError(f"{decimals} decimals in register 3, allowed: 0 to {MOST_DECIMALS}")
    if value in OVERFLOWS:
        return None
    return float(value * units[code] / 10.0**decimals)


def depth_mm(over: float, face_mm: float) -> float:
    """Depth on the ground, of water over a transmitter whose face is so high above it.

    Where the face itself is dry, only its zero is left, wherever it is. Water that stands over a
    face in a gully without reaching the ground is no depth on it: 0.
    """
    if over < FACE_DRY_MM:
        return round(over, 1)
    return round(max(over + face_mm, 0.0), 1)
