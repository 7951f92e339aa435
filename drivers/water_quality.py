"""Multi-parameter water-quality probe over Modbus RTU on RS-485.

Parts and the sheets behind their registers are in MODELS; wiring is in modbus.py, supply usually
12 to 24 V. Any other probe can be set up, by its maker's tool or a converter, to the layout of
`generic_float`: the configured channels in their order, each a big-endian float in two registers,
from register 0 on, by function 03.

A reading that the probe calls not available (NaN) is left out: no data is never a value. Optical
oxygen and turbidity probes need 1 to 3 min after power-up; what they report before is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from drivers.base import Emit, PortError, Spec, Traits
from drivers.modbus import Bus, bus_at
from drivers.reading import Quantity
from drivers.registers import Model, Register, requests
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

MODELS: Mapping[str, Model] = {
    "generic_float": Model(()),  # its registers follow from the channels
    # Supmea SUP-DO7013: register 0 temperature 0.1 degC, 1 oxygen 0.01 mg/L; 2 is saturation.
    "supmea_do7013": Model(
        (
            Register(Quantity.WATER_TEMP_DEGC, 0, "int16", 0.1),
            Register(Quantity.DISSOLVED_OXYGEN_MG_L, 1, "int16", 0.01),
        )
    ),
    # Hach LDO AQ: 40001 oxygen mg/L x 1000, 40002 temperature x 100.
    "hach_ldo": Model(
        (
            Register(Quantity.DISSOLVED_OXYGEN_MG_L, 0, "uint16", 0.001),
            Register(Quantity.WATER_TEMP_DEGC, 1, "uint16", 0.01),
        ),
        unit=247,
        baud=19200,
    ),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `water_quality` sensor.

    Attributes:
        port: path of the serial port, best under /dev/serial/by-id; probes may share it.
        channels: what the probe reports, in its order where the model is generic_float.
        model: which registers it has.
        unit: its address on the bus, 1 to 247; None = as the factory set it (1; hach_ldo 247).
        baud: rate of the bus, 1200 to 921600; None = as the factory set it (9600; hach_ldo 19200).
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    port: str
    channels: tuple[Quantity, ...]
    model: Literal["generic_float", "supmea_do7013", "hach_ldo"] = "generic_float"
    unit: int | None = None
    baud: int | None = None

    def __post_init__(self) -> None:
        check_line(self.port, self.rate)
        if not 1 <= self.address <= 247:
            raise ValueError(f"unit: {self.address} is outside 1 to 247")
        if not self.channels:
            raise ValueError("channels: empty, allowed: at least one")
        own = [register.quantity for register in MODELS[self.model].registers]
        known = own or list(MEASURABLE)
        for index, channel in enumerate(self.channels):
            if channel not in known:
                allowed = ", ".join(known)
                raise ValueError(f"channels: {self.model} has no {channel}, allowed: {allowed}")
            if channel in self.channels[:index]:
                raise ValueError(f"channels: {channel} stands there twice")

    @property
    def address(self) -> int:
        """The probe's unit number."""
        return MODELS[self.model].unit if self.unit is None else self.unit

    @property
    def rate(self) -> int:
        """Bits a second."""
        return MODELS[self.model].baud if self.baud is None else self.baud

    @property
    def registers(self) -> tuple[Register, ...]:
        """Where the channels are, in their order."""
        own = {register.quantity: register for register in MODELS[self.model].registers}
        if not own:
            return tuple(Register(channel, 2 * n) for n, channel in enumerate(self.channels))
        return tuple(own[channel] for channel in self.channels)


class WaterQuality:
    """One probe on a bus; see the head of this file."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._requests = requests(config.registers)
        self._bus: Bus | None = None

    def open(self, emit: Emit) -> None:
        """Join the bus. Raise PortError if that fails."""
        bus = bus_at(self._config.port, self._config.rate)
        bus.join()
        self._bus, self._emit = bus, emit

    def poll(self) -> None:
        """Read all channels, then emit those that have a value. Raise what `Bus.read` raises."""
        if self._bus is None:
            raise PortError(f"{self._config.port} is not open")
        values: dict[Quantity, float | None] = {}
        for ask in self._requests:
            answer = self._bus.read(self._config.address, ask.function, ask.first, ask.count)
            for register in ask.registers:
                at = 2 * (register.number - ask.first)
                values[register.quantity] = register.value(answer[at : at + 2 * register.width])
        for channel in self._config.channels:
            value = values[channel]
            if value is not None:
                self._emit(channel, value)

    def close(self) -> None:
        """Leave the bus; harmless when left already."""
        if self._bus is not None:
            self._bus.leave()
            self._bus = None


def _traits(config: Config) -> Traits:
    return Traits(
        quantities=config.channels,
        poll_s=POLL_S,
        silent_after_s=SILENT_AFTER_S,
        valid={channel: MEASURABLE[channel] for channel in config.channels},
        claims=(f"{config.port} unit {config.address}",),  # the port itself is shared
    )


DRIVER = Spec(config=Config, build=WaterQuality, traits=_traits)
