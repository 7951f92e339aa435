"""What a broker's reason codes mean for the agent: MQTT 5 table 2-6; paho translates 3.1.1's."""

from __future__ import annotations

from enum import Enum

from agent.errors import NotConnected, Refused

WRONG_VERSION = 0x84

# Of CONNACK and DISCONNECT: client id not valid, bad user name or password, not authorised, banned,
# bad authentication method, administrative action, QoS not supported. A person has to act.
REFUSALS = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C, 0x98, 0x9B})
CREDENTIALS = frozenset({0x86, 0x87, 0x8C})  # of these, what [uplink] may say wrongly

# Of PUBACK. From 0x80 on the broker has not taken the message. These say that it never will, as
# things stand: not authorised, topic name invalid, packet too large, payload format invalid.
FAILURES_FROM = 0x80
LASTING = frozenset({0x87, 0x90, 0x95, 0x99})
TOO_LARGE = 0x95


class Version(Enum):
    """Versions of MQTT that are spoken."""

    V5 = "5"
    V311 = "3.1.1"

    @property
    def other(self) -> Version:
        """What to fall back to."""
        return Version.V311 if self is Version.V5 else Version.V5


class OtherVersion(NotConnected):
    """The broker does not answer a CONNECT of this version as MQTT wants it: try the other.

    Not all brokers without MQTT 5 say so. Some close the connection, and some wait for more bytes.
    """


def check_connack(code: int, text: str) -> None:
    """Raise the error that a CONNACK stands for, if it is one."""
    said = f"the broker answers: {text}"
    if code == WRONG_VERSION:
        raise OtherVersion(said)
    if code in CREDENTIALS:
        said += "; see username, password_file and cert_file in [uplink]"
    if code in REFUSALS:
        raise Refused(said)
    if code != 0:
        raise NotConnected(said)


def disconnected(code: int, text: str) -> NotConnected | Refused:
    """Interpret a DISCONNECT from the broker."""
    said = f"the broker disconnected: {text}"
    return Refused(said) if code in REFUSALS else NotConnected(said)
