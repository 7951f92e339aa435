"""What a broker may send, checked before paho sees it. Pure.

paho buffers whatever a packet claims to be (256 MB), keeps every message of quality 2 until it is
released, and calls nothing for reason codes that it does not know. A device that subscribes at
quality 1 at most needs none of that: packets are short, few kinds of them may come, the first is
CONNACK and there is no second one. Anything else is no MQTT broker, or not a sane one.
"""

from __future__ import annotations

LONGEST = 65_536  # bytes after the fixed header; commands are far shorter
LENGTH_BYTES = 4  # of the length field, MQTT 5 section 1.5.5

CONNACK, PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT = 0x20, 0x40, 0x90, 0xB0, 0xD0, 0xE0
PUBLISH = frozenset(first for first in range(0x30, 0x40) if not first & 0x04)  # quality 0 and 1
LATER = PUBLISH | {PUBACK, SUBACK, UNSUBACK, PINGRESP, DISCONNECT}

# What else answers where a broker should, by its first byte.
STRANGERS = {
    ord("H"): "a web page answers instead: does this network want a login (captive portal)?",
    ord("<"): "a web page answers instead: does this network want a login (captive portal)?",
    0x15: "TLS answers: is the address to begin with mqtts://?",
}


class NotMqtt(OSError):
    """The broker sends what none would send to this device."""


class Guard:
    """Follows the packets in a stream of bytes, however it is cut.

    Attributes:
        connack: reason code of CONNACK once it has come; of 3.1.1's, the return code.
        disconnect: reason code of DISCONNECT, once it has come.
    """

    def __init__(self) -> None:
        self.connack: int | None = None
        self.disconnect: int | None = None
        self._is_first = True
        self._head = bytearray()  # first byte and length, until that is complete
        self._body = bytearray()  # as much as holds the reason code
        self._kind = 0
        self._left = 0

    def check(self, chunk: bytes) -> None:
        """Take what has come. Raise NotMqtt at the first byte that may not be."""
        at = 0
        while at < len(chunk):
            if self._left:
                end = at + min(self._left, len(chunk) - at)
                self._body += chunk[at : min(end, at + 2 - len(self._body))]
                self._left -= end - at
                at = end
            else:
                self._take_head(chunk[at])
                at += 1
            if self._kind and not self._left:
                self._finish()

    def _take_head(self, byte: int) -> None:
        self._head.append(byte)
        if len(self._head) == 1:
            if byte not in ({CONNACK} if self._is_first else LATER):
                stranger = STRANGERS.get(byte) if self._is_first else None
                raise NotMqtt(stranger or f"what comes is not MQTT (packet 0x{byte:02X})")
        elif byte < 0x80:
            length = sum((b & 0x7F) << (7 * n) for n, b in enumerate(self._head[1:]))
            if length > LONGEST:
                raise NotMqtt(f"the broker sends a packet of {length} bytes")
            self._kind, self._left = self._head[0], length
            self._head.clear()
        elif len(self._head) > LENGTH_BYTES:
            raise NotMqtt("what comes is not MQTT (endless length)")

    def _finish(self) -> None:
        if self._kind == CONNACK and len(self._body) == 2:
            self.connack = self._body[1]
        elif self._kind == DISCONNECT:
            self.disconnect = self._body[0] if self._body else 0
        self._is_first = False
        self._kind = 0
        self._body.clear()
