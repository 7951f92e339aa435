"""What the uplink tells the deciding thread, through the agent's one queue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LinkUp:
    """A broker has accepted the connection.

    Attributes:
        link: number of the connection; what carries another number is of the past.
        broker: host and port.
        protocol: version of MQTT, 5 or 3.1.1.
        window: messages that may be under way without PUBACK.
        max_packet: largest packet that the broker takes, in bytes; None = it has not said.
    """

    link: int
    broker: str
    protocol: str
    window: int
    max_packet: int | None = None


@dataclass(frozen=True, slots=True)
class LinkDown:
    """A connection was lost, or could not be made.

    Attributes:
        reason: one short English phrase for a technician.
        is_refused: waiting may not help: a person has to mend something.
        part: of the device, that is at fault if a person has to mend it: "uplink"; "uplink.clock"
            where nothing but this device's clock is wrong; "identity.conflict" where another device
            uses the same client id, or seems to.
        code: reason code of MQTT 5 that the broker gave; 0 = none.
        broker: host and port.
    """

    link: int
    reason: str
    is_refused: bool = False
    part: str = "uplink"
    code: int = 0
    broker: str = ""


@dataclass(frozen=True, slots=True)
class Acked:
    """The broker has answered a message.

    Attributes:
        mid: what `Session.publish` returned for it.
        code: reason code of MQTT 5; below 0x80 the broker has taken it. Always 0 with MQTT 3.1.1.
        text: the name of the code.
    """

    link: int
    mid: int
    code: int = 0
    text: str = ""


LinkMessage = LinkUp | LinkDown | Acked
