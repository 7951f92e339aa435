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
waits for it. An event that is not answered in time ends the link, which may be dead (pace.py and
suspect.py have the rest of what keeps alarms moving).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from agent.events import Event
from agent.uplink.answers import FAILURES_FROM, LASTING, TOO_LARGE
from agent.uplink.link import Acked, LinkDown, LinkMessage, LinkUp
from agent.uplink.pace import Pace
from agent.uplink.sources import EventQueue, Events, Parcel, ReadingQueue, Readings, Slots, Source
from agent.uplink.suspect import Suspect
from agent.uplink.wire import Message, Wire

RETRY_S = 30.0
# Latest values wait for events, but not for longer while a backlog is sent; on a slow line they are
# that far apart.
STATE_S = 10.0
EVENTS_FIRST_S = 2.0  # that readings wait for events which are on their way from the disk
PATIENCE_S, MOST_PATIENCE_S = 5.0, 80.0  # for an event's answer; a PUBACK may take a minute


class Publisher(Protocol):
    """The session, as delivery sees it."""

    def publish(self, message: Message, link: int) -> int | None:
        """Send without waiting; the message's id, or None if that link takes nothing."""

    def give_up(self, link: int, reason: str) -> None:
        """End that link and make another one."""


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


@dataclass(frozen=True, slots=True)
class Flight:
    """A parcel under way, and when it was sent."""

    source: Source
    parcel: Parcel
    sent: float


class Delivery:
    """Sends urgent events, events, latest values, then readings, as far as the window goes.

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
        self._events = Events(wire, events)
        self._readings = None if readings is None else Readings(wire, readings)
        self._sources: list[Source] = [self._slots, self._events]
        if self._readings is not None:
            self._sources.append(self._readings)
        self._link: LinkUp | None = None
        self._pace = Pace()
        self._suspect = Suspect()
        self._flight: dict[int, Flight] = {}
        self._bytes = 0  # under way
        self._heard = 0.0
        self._patience_s = PATIENCE_S
        self._held: tuple[Source, Parcel] | None = None
        self._refusals: dict[str, Refusal] = {}
        self._now = 0.0
        self._told = -math.inf  # when a latest value was last sent
        self._awaited_since = math.inf

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or waits, apart from what is left out on this link."""
        return not (self._flight or self._held) and all(s.is_empty for s in self._sources)

    @property
    def is_linked(self) -> bool:
        """Whether there is a link."""
        return self._link is not None

    def post(self, message: Message) -> None:
        """Send this soon, unless a newer one on its topic comes first. For state, not for events.

        Retained ones are sent again after every LinkUp.
        """
        self._slots.post(message)

    def hurry(self, events: Iterable[Event]) -> None:
        """Let new events overtake what waits, where somebody has to act on them at once."""
        self._events.hurry(events)

    def take_refusals(self) -> list[Refusal]:
        """What was refused since the last call: the latest per topic."""
        taken = list(self._refusals.values())
        self._refusals.clear()
        return taken

    def handle(self, message: LinkMessage, now: float) -> None:
        """Take note of what the session says; of a link that is no more, nothing."""
        self._now = now
        match message:
            case LinkUp():
                self._begin(message)
            case LinkDown() if self._link is not None and message.link == self._link.link:
                self._look_for_the_cause(self._link)
                self._begin(None)
            case Acked() if self._link is not None and message.link == self._link.link:
                self._answered(message)
            case _:
                pass

    def pump(self, now: float, mono: float) -> None:
        """Send what may be sent.

        Args:
            now: seconds of real time, for pauses and deadlines.
            mono: monotonic seconds of the agent's time, for what messages say.
        """
        self._now = now
        link = self._link
        if link is None or self._is_overdue(link):
            return
        if self._held is not None and not self._send(*self._held, link):
            return
        window = 1 if self._suspect.is_watched else link.window
        # Part of the window is kept free of readings: an event need not wait for an answer.
        some = max(1, window - max(1, window // 4))

        def state() -> Parcel | None:
            return self._state(mono)

        if (
            self._drain(self._events, lambda: self._events.next_urgent(mono), window, link)
            and (now - self._told < STATE_S or self._drain(self._slots, state, window, link))
            and self._drain(self._events, lambda: self._patient(self._events, mono), window, link)
            and self._drain(self._slots, state, window, link)
            and self._readings is not None
            and self._may_read()
        ):
            readings = self._readings
            self._drain(readings, lambda: self._patient(readings, mono), some, link)

    def _begin(self, link: LinkUp | None) -> None:
        """Start anew, from the oldest: whatever was under way may be lost."""
        self._link = link
        self._pace = Pace()
        self._told = -math.inf
        self._flight.clear()
        self._bytes = 0
        self._held = None
        for source in self._sources:
            source.rewind(None if link is None else link.max_packet)

    def _may_read(self) -> bool:
        """Whether readings may go: events come first, but a disk that hangs holds nothing up."""
        if not self._events.is_awaited:
            self._awaited_since = math.inf
            return True
        self._awaited_since = min(self._awaited_since, self._now)
        return self._now - self._awaited_since >= EVENTS_FIRST_S

    def _is_overdue(self, link: LinkUp) -> bool:
        """Give up a link on which an event waits for its answer and nothing else is heard.

        A dead link looks like a slow one; so each time in vain, the next one gets longer.
        """
        sent = next((f.sent for f in self._flight.values() if f.source is self._events), None)
        if sent is None or self._now - max(sent, self._heard) < self._patience_s:
            return False
        self._session.give_up(
            link.link, f"the link is dead: no answer to an event within {self._patience_s:.0f} s"
        )
        self._patience_s = min(2 * self._patience_s, MOST_PATIENCE_S)
        self._begin(None)
        return True

    def _look_for_the_cause(self, link: LinkUp) -> None:
        oldest = next(iter(self._flight.values()), None)
        if oldest is None:
            self._suspect.cleared()
            return
        self._suspect.ended(link.protocol, oldest.parcel.key, self._now - oldest.sent, self._now)
        if self._suspect.is_watched and oldest.source is self._readings:
            self._readings.shrink()

    def _patient(self, source: Source, mono: float) -> Parcel | None:
        """The next parcel of a source that has to keep the pace."""
        if not self._pace.allows(self._bytes, self._now):
            return None
        parcel = source.next(self._now, mono)
        if parcel is not None:
            self._pace.sent()
        return parcel

    def _state(self, mono: float) -> Parcel | None:
        """The next latest value: one at a time, so that what waits can be replaced by a newer one.

        On a slow line a list of open alarms takes as long as an alarm: there it goes every STATE_S
        at most, as an alarm that comes meanwhile would have to wait for it.
        """
        if any(flight.source is self._slots for flight in self._flight.values()):
            return None
        if self._pace.is_slow and self._now - self._told < STATE_S:
            return None
        parcel = self._patient(self._slots, mono)
        if parcel is not None:
            self._told = self._now
        return parcel

    def _drain(
        self, source: Source, take: Callable[[], Parcel | None], window: int, link: LinkUp
    ) -> bool:
        """Send until source or window is exhausted; False = nothing can be sent."""
        while len(self._flight) < window:
            parcel = take()
            if parcel is None:
                break
            if not self._send(source, parcel, link):
                return False
        return True

    def _send(self, source: Source, parcel: Parcel, link: LinkUp) -> bool:
        self._held = None
        if link.max_packet is not None and parcel.message.packet_bytes > link.max_packet:
            self._refuse(source, parcel, TOO_LARGE, "Packet too large")
            return True
        if self._suspect.is_barred(parcel.key, self._now):
            self._refuse(source, parcel, TOO_LARGE, "the broker hangs up over it")
            return True
        mid = self._session.publish(parcel.message, link.link)
        if mid is None:
            self._held = (source, parcel)
            return False  # a LinkDown is on its way
        self._flight[mid] = Flight(source, parcel, self._now)
        self._bytes += parcel.message.packet_bytes
        self.counters.sent += 1
        self.counters.resent += parcel.is_repeat
        return True

    def _answered(self, answer: Acked) -> None:
        self._heard = self._now
        flight = self._flight.pop(answer.mid, None)
        if flight is None:
            return
        self._suspect.answered(flight.parcel.key)
        self._bytes -= flight.parcel.message.packet_bytes
        self._pace.answered(self._now - flight.sent)
        if flight.source is self._events:
            self._patience_s = PATIENCE_S
        if answer.code < FAILURES_FROM:
            self.counters.acknowledged += 1
            flight.source.accepted(flight.parcel)
        else:
            self._refuse(flight.source, flight.parcel, answer.code, answer.text)

    def _refuse(self, source: Source, parcel: Parcel, code: int, text: str) -> None:
        topic = parcel.message.topic
        is_lasting = code in LASTING
        self.counters.refused += 1
        self._refusals[topic] = Refusal(topic, code, text, is_lasting)
        source.refused(parcel, math.inf if is_lasting else self._now + RETRY_S)
