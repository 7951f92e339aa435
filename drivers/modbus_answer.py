"""The answer to a Modbus RTU request among a line's noise; what minimalmodbus is given as port.

On RS-485 stray bytes come where the line's direction turns, and some adapters hear themselves.
minimalmodbus takes as many bytes as the answer has and would fail on each of these, every time.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING

from drivers.frames import Framer, Shape

if TYPE_CHECKING:
    from serial import Serial

GAP_S = 0.05  # inside a frame; a USB adapter hands bytes on every 16 ms
MOST_NOISE = 512  # bytes beside the answer: who babbles must not hold the bus


class Answering:
    """One request and its answer: the part of a port that minimalmodbus uses.

    Args:
        line: the open port.
        count: registers that are asked for.
    """

    is_open = True  # and, like `open` and `close`, what minimalmodbus knows a port by

    def __init__(self, line: Serial, count: int) -> None:
        self._line = line
        self._count = count
        self._asked = b""
        self.port, self.baudrate = line.port, line.baudrate
        self.timeout = line.timeout or 0.0

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """The bus does that."""

    def reset_input_buffer(self) -> None:
        """Forget what came unasked."""
        self._line.reset_input_buffer()

    def reset_output_buffer(self) -> None:
        """Forget what was not sent."""
        self._line.reset_output_buffer()

    def write(self, request: bytes) -> int | None:
        """Send a request."""
        self._asked = request
        return self._line.write(request)

    def read(self, size: int) -> bytes:
        """Return the answer to the request, or the noise where there is none.

        It ends with the answer, after half a second of silence, or after too much noise.
        """
        waiting = select.poll()
        waiting.register(self._line.fileno(), select.POLLIN)
        framer = Framer(Shape(self._asked[:1], size, self._measure))
        noise = b""
        while len(noise) < MOST_NOISE:
            pause_s = self.timeout if len(noise) < size else GAP_S
            if not waiting.poll(1000 * pause_s):
                break
            piece = self._line.read(max(1, self._line.in_waiting))
            noise += piece
            if frames := framer.feed(piece):
                return frames[-1]
        return noise[:size]

    def _measure(self, window: bytes) -> int | None:
        """An answer has our unit, our function, the right length and the right checksum."""
        if len(window) < 3:
            return None
        function = self._asked[1]
        if window[1] == function and window[2] == 2 * self._count:
            length = 3 + 2 * self._count + 2
        elif window[1] == function | 0x80:
            length = 5
        else:
            return 0
        if len(window) < length:
            return None
        return length if crc(window[: length - 2]) == window[length - 2 : length] else 0


def crc(frame: bytes) -> bytes:
    """Checksum as it stands on the wire: MODBUS over Serial Line V1.02, section 6.2.2."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register.to_bytes(2, "little")
