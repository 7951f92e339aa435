"""Multi-parameter water-quality probe over Modbus RTU on RS-485.

Parts and the sheets behind their registers are in probes.py; wiring is in modbus.py, supply usually
12 to 24 V. `generic_float` has the configured channels in their order, each a float in two
registers, from register 0 on, by function 03. Any other probe is set up by the key `registers`.
A wrong byte order gives absurd values, tiny or huge: compare with a hand-held meter on site.

A reading that the probe calls not available (NaN) is left out: no data is never a value. Optical
oxygen and turbidity probes need 1 to 3 min after power-up; what they report before is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.base import Emit, Spec, Traits
from drivers.modbus import Unit, check_unit
from drivers.probes import GENERIC, PROBES
from drivers.reading import Quantity
from drivers.registers import Register, requests
from drivers.serial_port import check_line

POLL_S = 30.0
# Logged probes report every 15 to 60 min and are healthy; a replay of them uses this driver too.
SILENT_AFTER_S = 7200.0

# What probes can measure, and whose values are channels. Salt tides and waste water go far beyond
# the 5000 uS/cm and 100 mg/L of fresh water, and must not count as error codes.
MEASURABLE: Mapping[Quantity, tuple[float, float]] = {
    Quantity.PH: (0, 14),
    Quantity.DISSOLVED_OXYGEN_MG_L: (0, 20),
    Quantity.CONDUCTIVITY_US_CM: (0, 100_000),
    Quantity.TURBIDITY_NTU: (0, 4000),
    Quantity.AMMONIA_N_MG_L: (0, 1000),
    Quantity.ORP_MV: (-1500, 1500),
    Quantity.COD_MG_L: (0, 20_000),
    Quantity.CHLORINE_MG_L: (0, 20),
    Quantity.WATER_TEMP_DEGC: (-5, 50),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `water_quality` sensor.

    Attributes:
        port: path of the serial port, best under /dev/serial/by-id; probes may share it.
        channels: what the probe reports, in its order where the model is generic_float.
        model: which registers it has: a name of probes.py.
        unit: its address on the bus, 1 to 247; None = as the factory set it (1; hach_ldo 247).
        baud: rate of the bus, 1200 to 921600; None = as the factory set it (9600; hach_ldo 19200).
        order: generic_float: how the bytes of a float, A the highest, follow each other.
        registers: of a probe that is no model: where each channel is; empty = as the model has it.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    port: str
    channels: tuple[Quantity, ...]
    model: str = GENERIC
    unit: int | None = None
    baud: int | None = None
    order: Literal["ABCD", "CDAB", "BADC", "DCBA"] = "ABCD"
    registers: tuple[Register, ...] = ()

    def __post_init__(self) -> None:
        if self.model not in PROBES:
            raise ValueError(f'model: found "{self.model}", allowed: {", ".join(PROBES)}')
        if self.registers and self.model != GENERIC:
            raise ValueError(f"registers: {self.model} has its own, allowed: one of both keys")
        if self.order != "ABCD" and (self.registers or self.model != GENERIC):
            raise ValueError(f"order: of {GENERIC} only; each register has an order of its own")
        check_line(self.port, self.rate)
        check_unit(self.address)
        if not self.channels:
            raise ValueError("channels: empty, allowed: at least one")
        self._check_quantities()

    def _check_quantities(self) -> None:
        own = [register.quantity for register in self.registers or PROBES[self.model].registers]
        known = own or list(MEASURABLE)
        who = "the key registers" if self.registers else self.model
        for key, quantities, owner, options in (
            ("registers", own, "a probe", list(MEASURABLE)),
            ("channels", self.channels, who, known),
        ):
            for index, quantity in enumerate(quantities):
                if quantity not in options:
                    allowed = ", ".join(options)
                    raise ValueError(f"{key}: {owner} has no {quantity}, allowed: {allowed}")
                if quantity in quantities[:index]:
                    raise ValueError(f"{key}: {quantity} stands there twice")

    @property
    def address(self) -> int:
        """The probe's unit number."""
        return PROBES[self.model].unit if self.unit is None else self.unit

    @property
    def rate(self) -> int:
        """Bits a second."""
        return PROBES[self.model].baud if self.baud is None else self.baud

    @property
    def layout(self) -> tuple[Register, ...]:
        """Where the channels are, in their order."""
        found = {r.quantity: r for r in self.registers or PROBES[self.model].registers}
        if not found:
            pairs = enumerate(self.channels)
            return tuple(Register(channel, 2 * n, order=self.order) for n, channel in pairs)
        return tuple(found[channel] for channel in self.channels)


class WaterQuality:
    """One probe on a bus; see the head of this file."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._requests = requests(config.layout)
        self._probe = Unit(config.port, config.rate, config.address)

    def open(self, emit: Emit) -> None:
        """Join the bus and ask once. Raise what `Unit.open` raises."""
        self._emit = emit
        self._probe.open(*((ask.function, ask.first, ask.count) for ask in self._requests))

    def poll(self) -> None:
        """Read all channels, then emit those that have a value. Raise what `Unit.read` raises."""
        values: dict[Quantity, float | None] = {}
        for ask in self._requests:
            answer = self._probe.read(ask.function, ask.first, ask.count)
            if answer is None:
                return
            for register in ask.registers:
                at = 2 * (register.register - ask.first)
                values[register.quantity] = register.value(answer[at : at + 2 * register.width])
        for channel in self._config.channels:
            value = values[channel]
            if value is not None:
                self._emit(channel, value)

    def close(self) -> None:
        """Leave the bus; harmless when left already."""
        self._probe.close()


def _traits(config: Config) -> Traits:
    return Traits(
        quantities=config.channels,
        poll_s=POLL_S,
        silent_after_s=SILENT_AFTER_S,
        valid={channel: MEASURABLE[channel] for channel in config.channels},
        claims=(f"{config.port} unit {config.address}",),  # the port itself is shared
    )


DRIVER = Spec(config=Config, build=WaterQuality, traits=_traits)
