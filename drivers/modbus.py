"""The RS-485 bus that several Modbus RTU sensors share.

Wiring: a USB adapter with automatic direction, A to A and B to B, 120 ohm at both ends, a common
ground; swapped wires are pure silence. All sensors of a bus have one rate, 8N1, and each a unit
number of its own. One request is on the wire at a time, whichever threads ask.

The frames are minimalmodbus's; it is given a port of ours, since its own it keeps by name for ever
and would go on using after the adapter was unplugged.
"""

from __future__ import annotations

import logging
import struct
import termios
import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from drivers.base import DeviceSilent, DriverError, FrameError, PortError
from drivers.serial_port import SerialPort

if TYPE_CHECKING:
    from serial import Serial

log = logging.getLogger(__name__)

ANSWER_S = 0.5  # the library's 0.05 s is too short for probes
ATTEMPTS = 3  # a probe that measures just now may miss one

_buses: WeakValueDictionary[str, Bus] = WeakValueDictionary()
_buses_lock = threading.Lock()


class BusPort(SerialPort):
    """A serial port that minimalmodbus speaks through: its reads and writes end."""

    def open(self) -> None:
        """Take the port. Raise PortError if that fails."""
        super().open()
        self.line.timeout = self.line.write_timeout = ANSWER_S

    @property
    def line(self) -> Serial:
        """The open port itself. Raise PortError if it is closed."""
        if self._serial is None:
            raise PortError(f"{self.path} is not open")
        return self._serial


class Bus:
    """One port and the sensors on it; open while at least one of them is.

    Use `bus_at`, so that all sensors of a port share one.

    Attributes:
        bad_frames: answers with a wrong checksum, length or sender, since it was made.
    """

    def __init__(self, port: str, baud: int) -> None:
        self.baud = baud
        self.bad_frames = 0
        self._port = BusPort(port, baud)
        self._lock = threading.Lock()
        self._users = 0

    def join(self) -> None:
        """Take part, and open the port if it is not. Raise PortError if that fails."""
        with self._lock:
            if not self._port.is_open:
                self._port.open()
            self._users += 1

    def leave(self) -> None:
        """Take part no more; the last one closes the port."""
        with self._lock:
            self._users -= 1
            if not self._users:
                self._port.close()
                log.info("bus closed port=%s bad_frames=%d", self._port.path, self.bad_frames)

    def read(self, unit: int, function: int, register: int, count: int) -> bytes:
        """Ask a unit for consecutive registers, high byte first; 1.5 s at most.

        Args:
            unit: 1 to 247.
            function: 3 = holding registers, 4 = input registers.
            register: the first, counted from 0.
            count: how many, 1 to 125.

        Raises:
            DeviceSilent: no answer, or only "busy", after three attempts.
            FrameError: the last of three attempts brought no valid frame.
            PortError: the port has gone, or the unit has no such registers.
            DriverError: the unit reports a failure.
        """
        with self._lock:
            for _ in range(ATTEMPTS - 1):
                try:
                    return self._ask(unit, function, register, count)
                except (DeviceSilent, FrameError):
                    continue
            return self._ask(unit, function, register, count)

    def _ask(self, unit: int, function: int, register: int, count: int) -> bytes:
        import minimalmodbus  # noqa: PLC0415 - sites without Modbus never pay for it

        who = f"{self._port.path}: unit {unit}"
        try:
            probe = minimalmodbus.Instrument(self._port.line, unit)
            words = probe.read_registers(register, count, function)
        except minimalmodbus.NoResponseError as error:
            raise DeviceSilent(
                f"{who} does not answer: check its supply, A and B swapped, unit and baud"
            ) from error
        except minimalmodbus.InvalidResponseError as error:
            self.bad_frames += 1
            raise FrameError(
                f"{who} gives bad frames: check baud, termination, two sensors with one unit"
            ) from error
        except minimalmodbus.IllegalRequestError as error:
            raise PortError(
                f"{who} has no registers {register} to {register + count - 1} (function "
                f"{function:02}): model or channels do not fit this sensor ({error})"
            ) from error
        except minimalmodbus.SlaveDeviceBusyError as error:
            raise DeviceSilent(f"{who} says that it is busy") from error
        except minimalmodbus.ModbusException as error:
            raise DriverError(f"{who}: {error}") from error
        except PortError:
            raise
        except (OSError, termios.error) as error:  # pyserial lets both out
            self._port.close()
            raise PortError(f"{self._port.path} has gone: is it unplugged? ({error})") from error
        return struct.pack(f">{count}H", *words)


def bus_at(port: str, baud: int) -> Bus:
    """Return the bus on that port. Raise PortError if it runs at another rate."""
    with _buses_lock:
        bus = _buses.get(port)
        if bus is None:
            bus = _buses[port] = Bus(port, baud)
    if bus.baud != baud:
        raise PortError(f"{port} runs at {bus.baud} baud: a bus has one rate, not {baud} as well")
    return bus
