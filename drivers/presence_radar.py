"""Presence by a 24 GHz radar, over its serial line or its output pin.

Part: Hi-Link HLK-LD2410, LD2410B, LD2410C; "Serial communication protocol" V1.02 (B: V1.04,
C: V1.00), section on reported data. Wiring: 5 V supply; its TX to RX at 3.3 V, 256000 8N1, which a
PL011 and most USB adapters can do and a Pi's mini UART cannot. Only read, never configured: its
settings wear its flash. Or, where no serial port is free: OUT to a pin; it is high with presence.

A radar sees a person breathe, and so curtains, fans, and who stands behind a thin wall. It reports
ten times a second; a reading is emitted when presence changes, and about once a minute besides.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Driver, Emit, Settle, Spec, Traits
from drivers.frames import Shape
from drivers.gpio import GpioLine, check_pin, line_traits
from drivers.reading import Quantity
from drivers.serial_port import FramedPort, SerialPort, check_line

FRAMES_A_MINUTE = 600
LINE_SILENT_AFTER_S = 5.0  # fifty reports
POLL_S = 30.0
SETTLE = Settle(0.05)
SILENT_AFTER_S = 180.0  # three readings of the same state
TAIL = bytes.fromhex("5500f8f7f6f5")
BODIES = {bytes.fromhex("0d0002aa"), bytes.fromhex("230001aa")}  # basic, engineering
STATE = 8  # place of the byte that decides: 0 nobody, 1 moving, 2 still, 3 both
HINT = "a mini UART cannot do 256000 baud"


def _measure(window: bytes) -> int | None:
    """Length of a report. There is no checksum: every fixed byte and the state must be right."""
    if len(window) <= STATE:
        return None
    if window[4:STATE] not in BODIES or window[STATE] > 3:
        return 0
    length = window[4] + 10
    if len(window) < length:
        return None
    return length if window[:length].endswith(TAIL) else 0


REPORT = Shape(header=bytes.fromhex("f4f3f2f1"), longest=45, measure=_measure)


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `presence_radar` sensor.

    Attributes:
        port: path of the serial port, best under /dev/serial/by-id; or
        pin: BCM number of the pin that OUT is wired to, 0 to 27; one of the two.
        baud: rate of the serial line, 1200 to 921600.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    port: str = ""
    pin: int | None = None
    baud: int = 256000

    def __post_init__(self) -> None:
        if self.pin is not None and self.port:
            raise ValueError("pin: there is a port as well; give one of the two")
        if self.pin is not None:
            check_pin(self.pin, pull_up=False)
        elif self.port:
            check_line(self.port, self.baud)
        else:
            raise ValueError("port: missing; give a port, or a pin for OUT")


class PresenceRadar:
    """Changes of presence, and the same state again once a minute."""

    def __init__(self, config: Config) -> None:
        port = SerialPort(config.port, config.baud)
        self._line = FramedPort(port, REPORT, LINE_SILENT_AFTER_S, HINT)

    def open(self, emit: Emit) -> None:
        """Take the port. Raise PortError if that fails."""
        self._emit = emit
        self._present: bool | None = None
        self._since_emitted = 0
        self._line.open()

    def poll(self) -> None:
        """Read for half a second at most; emit what has changed or is due."""
        for report in self._line.read():
            # Distances and energies of somebody who has left stay in the report.
            present = report[STATE] != 0
            self._since_emitted += 1
            if present != self._present or self._since_emitted >= FRAMES_A_MINUTE:
                self._present = present
                self._since_emitted = 0
                self._emit(Quantity.PRESENCE, float(present))

    def close(self) -> None:
        """Let go of the port; harmless when closed already."""
        self._line.close()


def _build(config: Config) -> Driver:
    if config.pin is not None:
        return GpioLine(Quantity.PRESENCE, config.pin, pull_up=False, is_high=True)
    return PresenceRadar(config)


def _traits(config: Config) -> Traits:
    if config.pin is not None:
        return line_traits(Quantity.PRESENCE, config.pin, POLL_S, SETTLE)
    return Traits(
        quantities=(Quantity.PRESENCE,),
        poll_s=0.0,
        silent_after_s=SILENT_AFTER_S,
        claims=(config.port,),
    )


DRIVER = Spec(config=Config, build=_build, traits=_traits)
