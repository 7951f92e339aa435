"""A serial port as drivers need it: opened by a path that stays, reads that end, plain errors.

Give the path under /dev/serial/by-id, which names the adapter and outlives a new ttyUSB number;
where two adapters carry no serial number, /dev/serial/by-path, which names the socket. Reopening is
the agent's work: when `poll` raises, it closes the driver and opens it again, with growing pauses.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import termios
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.base import DeviceSilent, FrameError, PortError
from drivers.frames import Framer, Shape

if TYPE_CHECKING:
    from serial import Serial

log = logging.getLogger(__name__)

BY_ID = Path("/dev/serial/by-id")
TIMEOUT_S = 0.5
MOST_BYTES = 4096  # the kernel's own buffer of a tty
GARBAGE_FRAMES = 32  # 3 to 5 s at 7 to 10 Hz; a MaxBotix power-up text is half as long
# A byte of a line sampled much faster than it sends: the start bit's zeros, then ones to the end.
STRETCHED = bytes(0xFF << n & 0xFF for n in range(9))


def check_line(port: str, baud: int) -> None:
    """Raise ValueError if a configured `port` or `baud` (1200 to 921600) can not be meant."""
    if not port.startswith("/"):
        raise ValueError(f'port: "{port}" is not a path such as /dev/serial/by-id/usb-...')
    if not 1200 <= baud <= 921600:
        raise ValueError(f"baud: {baud} is outside 1200 to 921600")


class SerialPort:
    """One port, 8N1, that no other program shares.

    Args:
        path: device node or a link to it; resolved anew at each `open`.
        baud: bits a second.
    """

    def __init__(self, path: str, baud: int) -> None:
        self.path = path
        self._baud = baud
        self._serial: Serial | None = None

    @property
    def is_open(self) -> bool:
        """Whether the port is held."""
        return self._serial is not None

    def open(self) -> None:
        """Take the port and discard what waits in it. Raise PortError if that fails."""
        import serial  # noqa: PLC0415 - sites without serial sensors never pay for it

        try:
            self._serial = serial.Serial(
                self.path,
                self._baud,
                exclusive=True,  # two readers of one port share its bytes, silently
            )
        except (OSError, ValueError, termios.error) as error:  # pyserial lets all three out
            raise PortError(_why_not(self.path, error)) from error
        self._waiting = select.poll()
        self._waiting.register(self._serial.fileno(), select.POLLIN)

    def read(self) -> bytes:
        """Wait for a byte, then take what is there; empty after half a second of silence.

        Raises:
            PortError: the port has gone, or was never opened.
        """
        if self._serial is None:
            raise PortError(f"{self.path} is not open")
        try:
            # Not Serial.read: it must be told how much to wait for, and costs three times as much.
            if not self._waiting.poll(TIMEOUT_S * 1000):
                return b""
            piece = os.read(self._serial.fileno(), MOST_BYTES)
        except BlockingIOError:  # a program that takes no lock was faster
            return b""
        except OSError as error:
            raise PortError(f"{self.path} has gone: is it unplugged? ({error})") from error
        if not piece:  # ready, and nothing to read: the adapter has hung up
            raise PortError(f"{self.path} has gone: is it unplugged?")
        return piece

    def close(self) -> None:
        """Let go of the port."""
        if self._serial is not None:
            self._serial.close()
            self._serial = None


class FramedPort:
    """A port and the frames that come out of it; says what is wrong when none do.

    Args:
        port: where the bytes come from.
        shape: what a frame looks like.
        silent_after_s: longest time without a valid frame that is still normal, counted in reads
            that ended empty.
        hint: what to look at when bytes come and never a frame.

    Attributes:
        framer: its counts since the port was opened.
        silent_after_s: as given; a driver that has learned more may set it.
        empty_reads: reads since the last frame that found the line quiet, half a second each.
    """

    def __init__(self, port: SerialPort, shape: Shape, silent_after_s: float, hint: str) -> None:
        self._port = port
        self._shape = shape
        self.silent_after_s = silent_after_s
        self._hint = hint
        self._start()

    def open(self) -> None:
        """Open the port, forgetting all that came before. Raise PortError if that fails."""
        self._start()
        self._port.open()

    def read(self) -> list[bytes]:
        """Return the frames that one bounded read completes, oldest first.

        Raises:
            PortError: the port has gone.
            FrameError: bytes keep coming, but no frame has for a long time.
            DeviceSilent: no frame has come for `silent_after_s`.
        """
        piece = self._port.read()
        frames = self.framer.feed(piece)
        if frames:
            self.empty_reads = 0
            self._garbage = b""
            return frames
        limit = GARBAGE_FRAMES * self._shape.longest
        self._garbage = (self._garbage + piece)[-limit:]
        if len(self._garbage) == limit:
            raise FrameError(
                f"{self._port.path}: {limit} bytes and no valid frame: {self._guess()}"
            )
        if not piece:
            self.empty_reads += 1
            if self.empty_reads * TIMEOUT_S >= self.silent_after_s:
                raise DeviceSilent(
                    f"{self._port.path}: no valid frame for {self.silent_after_s:g} s: "
                    "check the sensor's supply and its data wire"
                )
        return []

    def close(self) -> None:
        """Let go of the port; harmless when closed already."""
        if not self._port.is_open:
            return
        self._port.close()
        log.info(
            "serial port closed port=%s frames=%d bad_frames=%d dropped_bytes=%d",
            self._port.path,
            self.framer.frames,
            self.framer.bad,
            self.framer.dropped,
        )

    def _start(self) -> None:
        self.framer = Framer(self._shape)
        self.empty_reads = 0
        self._garbage = b""

    def _guess(self) -> str:
        stretched = len(self._garbage) - len(self._garbage.translate(None, STRETCHED))
        if 2 * stretched >= len(self._garbage):
            return "runs of 00 and FF look like a wrong baud rate"
        return f"check model, baud and wiring; {self._hint}"


def _why_not(path: str, error: Exception) -> str:
    """Say why a port does not open, and what the technician does about it."""
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT:
        known = sorted(port.name for port in BY_ID.iterdir()) if BY_ID.is_dir() else []
        return f"no port {path}; {BY_ID} holds {', '.join(known) or 'nothing: is it plugged in?'}"
    if number in {errno.EAGAIN, errno.EBUSY}:
        return f"{path} is in use by another program (a serial console, a second agent?)"
    if number in {errno.EACCES, errno.EPERM}:
        return f"no permission for {path}: add the agent's user to the group dialout"
    return f"{path} cannot be opened as a serial port: {error}"
