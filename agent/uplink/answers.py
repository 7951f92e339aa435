"""What a broker's reason codes mean for the agent: MQTT 5 table 2-6, and 3.1.1's return codes.

| error        | what it means                                 | what follows                   |
| ------------ | --------------------------------------------- | ------------------------------ |
| Denied       | a person has to act: credentials, rights, ban | told; minutes of rest          |
| Conflict     | another device uses this one's client id      | told; minutes of rest, growing |
| Busy         | the broker wants to be left alone             | 10 to 30 s of rest             |
| OtherVersion | it may speak another version of MQTT          | that version, at once          |
| NoRetain     | it keeps no retained messages                 | a will without the flag        |
| Declined     | anything that passes by itself                | the ordinary pauses            |

A server that says that it has moved is believed, but not followed: brokers stand in the
configuration, and whoever can make a broker say so must not be able to redirect the device.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from agent.errors import NotConnected, Refused

# Of PUBACK. From 0x80 on the broker has not taken the message. These say that it never will, as
# things stand: not authorised, topic name invalid, packet too large, payload format invalid.
FAILURES_FROM = 0x80
LASTING = frozenset({0x87, 0x90, 0x95, 0x99})
TOO_LARGE = 0x95

ELSEWHERE = frozenset({0x9C, 0x9D})  # may come with the name of another server
ELSEWHERE_CHARS = 80  # of that name, which comes from outside and goes into logs


class Version(Enum):
    """Versions of MQTT that are spoken."""

    V5 = "5"
    V311 = "3.1.1"

    @property
    def other(self) -> Version:
        """What to fall back to."""
        return Version.V311 if self is Version.V5 else Version.V5


class Declined(NotConnected):
    """The broker does not want this connection now.

    Attributes:
        code: reason code of MQTT 5; 0 = it gave none.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class Busy(Declined):
    """The broker asks for patience."""


class OtherVersion(Declined):
    """The broker does not answer a CONNECT of this version as MQTT wants it: try the other.

    Not all brokers without MQTT 5 say so. Some close the connection, and some wait for more bytes.
    """


class NoRetain(Declined):
    """The broker takes no retained message, and the last will is one."""


class Denied(Refused):
    """The broker does not want this connection until a person has acted.

    Attributes:
        code: reason code of MQTT 5.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class Conflict(Denied):
    """Another device uses the same client id, or so it seems."""


class Meaning(NamedTuple):
    """A reason code in words, and the error that it stands for in CONNACK and in DISCONNECT."""

    words: str
    connack: type[Declined | Denied]
    disconnect: type[Declined | Denied]


CREDENTIALS = "; see username, password_file and cert_file in [uplink]"

MEANINGS = {
    0x80: Meaning("unspecified error", Declined, Declined),
    0x81: Meaning("malformed packet", OtherVersion, Declined),
    0x82: Meaning("protocol error", OtherVersion, Declined),
    0x83: Meaning("implementation specific error", Declined, Declined),
    0x84: Meaning("unsupported protocol version", OtherVersion, Declined),
    0x85: Meaning("client id not valid; see client_id in [uplink]", Denied, Denied),
    0x86: Meaning(f"bad user name or password{CREDENTIALS}", Denied, Denied),
    0x87: Meaning(f"not authorized{CREDENTIALS}", Denied, Denied),
    0x88: Meaning("server unavailable", Busy, Busy),
    0x89: Meaning("server busy", Busy, Busy),
    0x8A: Meaning("this device is banned", Denied, Denied),
    0x8B: Meaning("server shutting down", Declined, Declined),
    0x8C: Meaning(f"bad authentication method{CREDENTIALS}", Denied, Denied),
    0x8D: Meaning("it heard nothing from this device within the keep-alive", Declined, Declined),
    0x8E: Meaning("another device has taken over: it uses the same client id", Conflict, Conflict),
    0x8F: Meaning("topic filter invalid; see prefix in [uplink]", Denied, Denied),
    0x90: Meaning("topic name invalid; see prefix in [uplink]", Denied, Declined),
    0x91: Meaning("packet identifier in use", Declined, Declined),
    0x92: Meaning("packet identifier not found", Declined, Declined),
    0x93: Meaning("more messages under way than it allows", Declined, Declined),
    0x94: Meaning("topic alias invalid", Declined, Declined),
    0x95: Meaning("packet too large", Declined, Declined),
    0x96: Meaning("message rate too high", Busy, Busy),
    0x97: Meaning("quota exceeded", Busy, Busy),
    0x98: Meaning("disconnected by its administrator", Denied, Denied),
    0x99: Meaning("payload format invalid", Denied, Declined),
    0x9A: Meaning("retained messages not supported", NoRetain, Declined),
    0x9B: Meaning("quality of service not supported", Denied, Denied),
    0x9C: Meaning("use another server; only those in [uplink] brokers are used", Busy, Busy),
    0x9D: Meaning("the server has moved; only those in [uplink] brokers are used", Denied, Denied),
    0x9E: Meaning("shared subscriptions not supported", Declined, Declined),
    0x9F: Meaning("too many connections at once", Busy, Busy),
    0xA0: Meaning("the longest time of a connection is over", Declined, Declined),
    0xA1: Meaning("subscription identifiers not supported", Declined, Declined),
    0xA2: Meaning("wildcard subscriptions not supported", Declined, Declined),
}

# Return codes of MQTT 3.1.1, section 3.2.2.3; brokers without MQTT 5 answer 1 to it.
OLD = {1: 0x84, 2: 0x85, 3: 0x88, 4: 0x86, 5: 0x87}


def refusal(code: int, elsewhere: str = "") -> Declined | Denied:
    """The error that a CONNACK other than 0 stands for.

    Args:
        code: reason code of MQTT 5, or return code of 3.1.1.
        elsewhere: the server that the broker points to.
    """
    code = OLD.get(code, code)
    meaning = _meaning(code)
    return meaning.connack(
        f"the broker answers: {meaning.words}{_elsewhere(code, elsewhere)}", code
    )


def disconnected(code: int, elsewhere: str = "") -> Declined | Denied:
    """The error that a DISCONNECT from the broker stands for."""
    meaning = _meaning(code)
    said = f"the broker disconnected: {meaning.words}{_elsewhere(code, elsewhere)}"
    return meaning.disconnect(said, code)


def code_of(failure: NotConnected | Refused) -> int:
    """The broker's reason code for a failure; 0 = it gave none."""
    return failure.code if isinstance(failure, Declined | Denied) else 0


def _meaning(code: int) -> Meaning:
    known = MEANINGS.get(code)
    return known or Meaning(f"reason code 0x{code:02X}", Declined, Declined)


def _elsewhere(code: int, name: str) -> str:
    if code not in ELSEWHERE or not name:
        return ""
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in name[:ELSEWHERE_CHARS])
    return f" (it names {shown})"
