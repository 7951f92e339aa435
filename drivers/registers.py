"""Where Modbus sensors keep their values, and how to read them in few requests. No I/O.

Every maker has a map of his own; a driver keeps them as data, a Model each.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from drivers.reading import Quantity

MOST_REGISTERS = 125  # in one request: Modbus Application Protocol V1.1b3, section 6.3
FORMATS = {"float": ">f", "int16": ">h", "uint16": ">H"}


@dataclass(frozen=True, slots=True)
class Register:
    """Where a probe keeps a quantity.

    Attributes:
        number: first register, counted from 0 (40001 of a sheet is 0).
        kind: a float takes two registers, the others one.
        scale: value = raw * scale, in the quantity's unit.
        function: 3 = holding registers, 4 = input registers.
        order: how a float's bytes A (highest) to D follow each other on the wire.
    """

    quantity: Quantity
    number: int
    kind: Literal["float", "int16", "uint16"] = "float"
    scale: float = 1.0
    function: Literal[3, 4] = 3
    order: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"

    @property
    def width(self) -> int:
        """Registers that it takes."""
        return 2 if self.kind == "float" else 1

    def value(self, raw: bytes) -> float | None:
        """Turn the bytes of its registers into a value; None = not available."""
        if self.kind == "float":
            raw = bytes(raw[self.order.index(letter)] for letter in "ABCD")
        number = struct.unpack(FORMATS[self.kind], raw)[0] * self.scale
        # A 4-byte float holds 7 digits; the rest is an accident of the conversion.
        return float(f"{number:.7g}") if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class Model:
    """A probe's registers and its settings when it leaves the factory."""

    registers: tuple[Register, ...]
    unit: int = 1
    baud: int = 9600


@dataclass(frozen=True, slots=True)
class Request:
    """Registers that are read at once: they stand side by side in the same table."""

    function: int
    first: int
    count: int
    registers: tuple[Register, ...]


def requests(registers: Iterable[Register]) -> list[Request]:
    """As few requests as read these registers and no others (unmapped ones may be refused)."""
    found: list[Request] = []
    ordered = sorted(registers, key=lambda r: (r.function, r.number))
    for function, table in groupby(ordered, key=lambda r: r.function):
        run: list[Register] = []
        for register in table:
            if run and not _fits(run, register):
                found.append(_request(function, run))
                run = []
            run.append(register)
        found.append(_request(function, run))
    return found


def _fits(run: list[Register], register: Register) -> bool:
    end = run[-1].number + run[-1].width
    return register.number == end and end + register.width - run[0].number <= MOST_REGISTERS


def _request(function: int, run: list[Register]) -> Request:
    first = run[0].number
    return Request(function, first, run[-1].number + run[-1].width - first, tuple(run))
