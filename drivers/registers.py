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
LAST_REGISTER = 0xFFFF
FORMATS = {"float": ">f", "int32": ">i", "uint32": ">I", "int16": ">h", "uint16": ">H"}


@dataclass(frozen=True, slots=True)
class Register:
    """Where a probe keeps a quantity, as a configuration may give it too.

    Attributes:
        quantity: what it is, in its one unit after scale and offset.
        register: the first, counted from 0 to 65535 (40001 or 30001 of a sheet is 0).
        type: float, int32 and uint32 take two registers, int16 and uint16 one.
        order: how the bytes A (highest) to D of a value follow each other on the wire; of a value
            in one register, whether its two bytes are swapped (BADC, DCBA).
        scale: value = raw * scale + offset; not 0.
        offset: see scale.
        function: 3 = holding registers, 4 = input registers.
        missing: raw numbers that mean "not available"; NaN and infinity always do.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    quantity: Quantity
    register: int
    type: Literal["float", "int32", "uint32", "int16", "uint16"] = "float"
    order: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    function: Literal[3, 4] = 3
    missing: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        last = LAST_REGISTER + 1 - self.width
        if not 0 <= self.register <= last:
            raise ValueError(f"register: {self.register} is outside 0 to {last}")
        if not self.scale:
            raise ValueError("scale: 0 makes every value the same, allowed: any other number")

    @property
    def width(self) -> int:
        """Registers that it takes."""
        return 1 if self.type.endswith("16") else 2

    def value(self, raw: bytes) -> float | None:
        """Turn the bytes of its registers into a value; None = not available."""
        letters = self.order if self.width == 2 else self.order.translate(ONE_REGISTER)[:2]
        raw = bytes(raw[letters.index(letter)] for letter in sorted(letters))
        number = struct.unpack(FORMATS[self.type], raw)[0]
        if number in self.missing or not math.isfinite(number):
            return None
        # A 4-byte float holds 7 digits; the rest is an accident of the conversion.
        return float(f"{number * self.scale + self.offset:.7g}")


ONE_REGISTER = str.maketrans("CD", "AB")


@dataclass(frozen=True, slots=True)
class Model:
    """A probe's registers and its settings when it leaves the factory.

    Attributes:
        source: the sheet that they were taken from.
    """

    registers: tuple[Register, ...]
    source: str
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
    ordered = sorted(registers, key=lambda r: (r.function, r.register))
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
    end = run[-1].register + run[-1].width
    return register.register == end and end + register.width - run[0].register <= MOST_REGISTERS


def _request(function: int, run: list[Register]) -> Request:
    first = run[0].register
    return Request(function, first, run[-1].register + run[-1].width - first, tuple(run))
