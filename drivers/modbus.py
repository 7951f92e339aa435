"""The RS-485 bus that several Modbus RTU sensors share.

Wiring: a USB adapter with automatic direction, A to A and B to B, 120 ohm at both ends, a common
ground; swapped wires are pure silence. All sensors of a bus have one rate, 8N1, and each a unit
number of its own. One request is on the wire at a time, whichever threads ask.

A dead sensor does not stall the others: who waits for the wire gets it in turn after each attempt,
and a unit that was silent last time is asked once, not three times, until it answers. Where a unit
falls silent, the bus asks one that answered last time: if none does, it is the bus that is lost,
and the fault says so. The agent asks a lost sensor again with growing pauses, of a minute at most.

The frames are minimalmodbus's; it is given a port of ours, since its own it keeps by name for ever
and would go on using after the adapter was unplugged. That port looks for the answer among whatever
noise comes before it, as when the line's direction turns, and for an adapter's echo.
"""

from __future__ import annotations

import contextlib
import logging
import struct
import termios
import threading
from typing import TYPE_CHECKING

from drivers.base import DeviceSilent, DriverError, FrameError, PortError
from drivers.modbus_answer import Answering
from drivers.serial_port import SerialPort
from drivers.turns import Turns

if TYPE_CHECKING:
    from serial import Serial

log = logging.getLogger(__name__)

ANSWER_S = 0.5  # the library's 0.05 s is too short for probes
ATTEMPTS = 3  # a probe that measures just now may miss one

MISSES = 3  # polls in a row without an answer that are a fault, once a sensor has answered
BUSY_MISSES = 10  # a wiper or a calibration takes minutes

_buses: dict[str, Bus] = {}  # kept while all are closed: who was silent is remembered
_buses_lock = threading.Lock()


class DeviceBusy(DriverError):
    """The unit has no time just now: exception 06."""


def check_unit(unit: int) -> None:
    """Raise ValueError if that is no address of a sensor."""
    if not 1 <= unit <= 247:
        raise ValueError(f"unit: {unit} is outside 1 to 247")


class BusPort(SerialPort):
    """A serial port that minimalmodbus speaks through, as if it were one of pyserial's."""

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


Ask = tuple[int, int, int]
"""Function, first register, count."""


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
        self._turns = Turns()
        self._users = 0
        self._answering: dict[int, Ask] = {}  # unit -> what it answered to last time
        self._silent: set[int] = set()

    def join(self) -> None:
        """Take part, and open the port if it is not. Raise PortError if that fails."""
        with self._turns:
            if not self._port.is_open:
                self._port.open()
            self._users += 1

    def leave(self) -> None:
        """Take part no more; the last one closes the port."""
        with self._turns:
            self._users -= 1
            if not self._users:
                self._port.close()
                log.info("bus closed port=%s bad_frames=%d", self._port.path, self.bad_frames)

    def read(self, unit: int, function: int, register: int, count: int) -> bytes:
        """Ask a unit for consecutive registers, high byte first; 1.5 s of the wire at most.

        Args:
            unit: 1 to 247.
            function: 3 = holding registers, 4 = input registers.
            register: the first, counted from 0.
            count: how many, 1 to 125.

        Raises:
            DeviceSilent: no answer after three attempts, or after one where it was silent before.
            DeviceBusy: it says so.
            FrameError: the last of three attempts brought no valid frame.
            PortError: the port has gone, no unit answers, or this one has no such registers.
            DriverError: the unit reports a failure.
        """
        ask = (function, register, count)
        attempts = 1 if unit in self._silent else ATTEMPTS
        for left in reversed(range(attempts)):
            try:
                return self._ask(unit, ask)
            except FrameError:
                if not left:
                    raise
            except DeviceSilent:
                if left:
                    continue
                self._silent.add(unit)
                self._answering.pop(unit, None)
                if self._is_lost():
                    raise PortError(
                        f"no unit on {self._port.path} answers: is the bus without supply, its "
                        "cable cut, A and B swapped?"
                    ) from None
                raise
        raise AssertionError("unreachable")

    def _is_lost(self) -> bool:
        """Whether several units were heard on the bus, or asked for, and none answers now."""
        for unit, ask in list(self._answering.items()):
            try:
                self._ask(unit, ask)
            except (DeviceSilent, FrameError):
                self._answering.pop(unit, None)
                self._silent.add(unit)
            except DriverError:
                return False
            else:
                return False
        return len(self._silent) > 1

    def _ask(self, unit: int, ask: Ask) -> bytes:
        with self._turns:
            answer = self._request(unit, ask)
        self._silent.discard(unit)
        self._answering[unit] = ask
        return answer

    def _request(self, unit: int, ask: Ask) -> bytes:
        import minimalmodbus  # noqa: PLC0415 - sites without Modbus never pay for it

        who = f"{self._port.path}: unit {unit}"
        function, register, count = ask
        try:
            probe = minimalmodbus.Instrument(Answering(self._port.line, count), unit)
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
                f"{function:02}): model, channels or registers do not fit this sensor ({error})"
            ) from error
        except minimalmodbus.SlaveDeviceBusyError as error:
            raise DeviceBusy(f"{who} says that it is busy") from error
        except minimalmodbus.ModbusException as error:
            raise DriverError(f"{who}: {error}") from error
        except PortError:
            raise
        except (OSError, termios.error) as error:  # pyserial lets both out
            self._port.close()
            raise PortError(f"{self._port.path} has gone: is it unplugged? ({error})") from error
        return struct.pack(f">{count}H", *words)


class Unit:
    """One sensor on a bus, as its driver uses it.

    Args:
        port: path of the serial port.
        baud: rate of the bus.
        unit: its address.
    """

    def __init__(self, port: str, baud: int, unit: int) -> None:
        self._port = port
        self._baud = baud
        self._unit = unit
        self._bus: Bus | None = None
        self._missed = 0

    def open(self, *asks: Ask) -> list[bytes]:
        """Join the bus and ask for registers; a busy one is taken to be there, and left out.

        Raises:
            DriverError: what `Bus.read` raises; then the bus is left.
        """
        bus = bus_at(self._port, self._baud)
        bus.join()
        self._bus, self._missed = bus, 0
        answers = []
        try:
            for ask in asks:
                with contextlib.suppress(DeviceBusy):
                    answers.append(bus.read(self._unit, *ask))
        except DriverError:
            self.close()
            raise
        return answers

    def read(self, function: int, register: int, count: int) -> bytes | None:
        """Ask for registers; None where it missed this once, without being lost.

        Raises:
            DeviceSilent: no answer in three polls in a row, or "busy" in ten.
            FrameError: bad frames alone in three polls in a row.
            DriverError: what else `Bus.read` raises.
        """
        if self._bus is None:
            raise PortError(f"{self._port} is not open")
        try:
            answer = self._bus.read(self._unit, function, register, count)
        except DeviceBusy as error:
            self._missed += 1
            if self._missed >= BUSY_MISSES:
                raise DeviceSilent(f"{error}, for {self._missed} polls") from error
            return None
        except (DeviceSilent, FrameError):
            self._missed += 1
            if self._missed >= MISSES:
                raise
            return None
        self._missed = 0
        return answer

    def close(self) -> None:
        """Leave the bus; harmless when left already."""
        if self._bus is not None:
            self._bus.leave()
            self._bus = None


def bus_at(port: str, baud: int) -> Bus:
    """Return the bus on that port. Raise PortError if it runs at another rate."""
    with _buses_lock:
        bus = _buses.get(port)
        if bus is None:
            bus = _buses[port] = Bus(port, baud)
    if bus.baud != baud:
        raise PortError(f"{port} runs at {bus.baud} baud: a bus has one rate, not {baud} as well")
    return bus
