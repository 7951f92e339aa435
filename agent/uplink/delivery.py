"""From what waits to the session, and PUBACKs back to what waited. On the deciding thread only.

The disk is the only queue. At most `window` messages are in paho's hands; a record is deleted when
the broker has said that it has it, and a reason code from 0x80 on is a refusal, though paho calls
such a message published:

| answer                                     | event            | readings                |
| ------------------------------------------ | ---------------- | ----------------------- |
| below 0x80 ("no matching subscribers" too) | deleted          | deleted                 |
| not authorised, topic, format, too large   | left out         | sensor left out         |
| any other, such as quota exceeded          | again in RETRY_S | sensor again in RETRY_S |
| none before the link is lost               | again, in order  | again, in order         |

What is left out is reported, stays on disk and comes again on the next link. Nothing behind it
waits for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from agent.uplink.answers import FAILURES_FROM, LASTING, TOO_LARGE
from agent.uplink.link import Acked, LinkDown, LinkMessage, LinkUp
from agent.uplink.sources import EventQueue, Events, Parcel, ReadingQueue, Readings, Slots, Source
from agent.uplink.wire import Message, Wire

RETRY_S = 30.0


class Publisher(Protocol):
    """The session, as delivery sees it."""

    def publish(self, message: Message, link: int) -> int | None:
        """Send without waiting; the message's id, or None if that link takes nothing."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that the broker does not take; it stays on disk.

    Attributes:
        code: reason code of MQTT 5.
        text: its name.
        is_lasting: not tried again before the next link.
    """

    topic: str
    code: int
    text: str
    is_lasting: bool


@dataclass(slots=True)
class Counters:
    """Messages since the start of the agent."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    resent: int = 0


class Delivery:
    """Sends latest values, then events, then readings, as far as the window goes.

    Attributes:
        counters: what was sent and answered so far.
    """

    def __init__(
        self,
        wire: Wire,
        session: Publisher,
        events: EventQueue,
        readings: ReadingQueue | None = None,
    ) -> None:
        self.counters = Counters()
        self._session = session
        self._slots = Slots()
        self._urgent: list[Source] = [self._slots, Events(wire, events)]
        self._patient: list[Source] = [] if readings is None else [Readings(wire, readings)]
        self._link: LinkUp | None = None
        self._flight: dict[int, tuple[Source, Parcel]] = {}
        self._held: tuple[Source, Parcel] | None = None
        self._refusals: dict[str, Refusal] = {}
        self._now = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or waits, apart from what is left out on this link."""
        return not (self._flight or self._held) and all(
            source.is_empty for source in self._urgent + self._patient
        )

    def post(self, message: Message) -> None:
        """Send this soon, unless a newer one on its topic comes first. For state, not for events.

        Retained ones are sent again after every LinkUp.
        """
        self._slots.post(message)

    def take_refusals(self) -> list[Refusal]:
        """What was refused since the last call: the latest per topic."""
        taken = list(self._refusals.values())
        self._refusals.clear()
        return taken

    def handle(self, message: LinkMessage) -> None:
        """Take note of what the session says; of a link that is no more, nothing."""
        match message:
            case LinkUp():
                self._begin(message)
            case LinkDown() if self._link is not None and message.link == self._link.link:
                self._begin(None)
            case Acked() if self._link is not None and message.link == self._link.link:
                self._answered(message)
            case _:
                pass

    def pump(self, now: float) -> None:
        """Send what may be sent.

        Args:
            now: monotonic seconds.
        """
        self._now = now
        if self._link is None:
            return
        window = self._link.window
        if self._held is not None and not self._send(*self._held, self._link):
            return
        for source in self._urgent:
            if not self._drain(source, window, self._link):
                return
        # Part of the window is kept free of readings: an event need not wait for an answer.
        for source in self._patient:
            self._drain(source, max(1, window - max(1, window // 4)), self._link)

    def _begin(self, link: LinkUp | None) -> None:
        """Start anew, from the oldest: whatever was under way may be lost."""
        self._link = link
        self._flight.clear()
        self._held = None
        for source in self._urgent + self._patient:
            source.rewind(None if link is None else link.max_packet)

    def _drain(self, source: Source, window: int, link: LinkUp) -> bool:
        """Send from a source until it or the window is exhausted; False = nothing can be sent."""
        while len(self._flight) < window:
            parcel = source.next(self._now)
            if parcel is None:
                break
            if not self._send(source, parcel, link):
                return False
        return True

    def _send(self, source: Source, parcel: Parcel, link: LinkUp) -> bool:
        if link.max_packet is not None and parcel.message.packet_bytes > link.max_packet:
            self._refuse(source, parcel, TOO_LARGE, "Packet too large")
            return True
        mid = self._session.publish(parcel.message, link.link)
        self._held = (source, parcel) if mid is None else None
        if mid is None:
            return False  # a LinkDown is on its way
        self._flight[mid] = (source, parcel)
        self.counters.sent += 1
        self.counters.resent += parcel.is_repeat
        return True

    def _answered(self, answer: Acked) -> None:
        source, parcel = self._flight.pop(answer.mid, (None, None))
        if source is None or parcel is None:
            return
        if answer.code < FAILURES_FROM:
            self.counters.acknowledged += 1
            source.accepted(parcel)
        else:
            self._refuse(source, parcel, answer.code, answer.text)

    def _refuse(self, source: Source, parcel: Parcel, code: int, text: str) -> None:
        topic = parcel.message.topic
        is_lasting = code in LASTING
        self.counters.refused += 1
        self._refusals[topic] = Refusal(topic, code, text, is_lasting)
        source.refused(parcel, math.inf if is_lasting else self._now + RETRY_S)
