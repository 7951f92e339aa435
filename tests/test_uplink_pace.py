"""How much may be under way, what a broker hangs up over, and that events go before readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from outgoing import Recorder, Waiting

from agent.events import Event
from agent.site import Site
from agent.uplink.delivery import EVENTS_FIRST_S, Delivery
from agent.uplink.link import Acked, LinkDown, LinkUp
from agent.uplink.pace import FEWEST_BYTES, FIRST_BYTES, MOST_BYTES, PER_S, Pace
from agent.uplink.settings import UplinkSettings
from agent.uplink.suspect import BARRED_S, V311, YOUNG_S, Suspect
from agent.uplink.wire import Presence, Wire
from drivers.reading import Reading

NOW = 5000.0
POISON = 3


def test_no_more_messages_a_second_than_a_broker_can_bear() -> None:
    """A second's worth at once, and then as many as time has passed for."""
    pace = Pace()
    sent = 0
    for step in range(1, 101):
        while pace.allows(0, NOW + step / 10):
            pace.sent()
            sent += 1
    assert sent == pytest.approx(PER_S + 9.9 * PER_S, abs=1)


def test_slow_answers_halve_what_is_under_way_and_quick_ones_double_it() -> None:
    """Between one small event and 4 MiB, wherever the answers lead."""
    pace = Pace()
    assert pace.allows(FIRST_BYTES - 1, NOW)
    assert not pace.allows(FIRST_BYTES, NOW)
    pace.answered(3.0)
    assert not pace.allows(FIRST_BYTES // 2, NOW)
    pace.answered(1.0)  # neither slow nor quick
    assert pace.allows(FIRST_BYTES // 2 - 1, NOW)
    for _ in range(50):
        pace.answered(3.0)
    assert pace.allows(FEWEST_BYTES - 1, NOW)
    assert not pace.allows(FEWEST_BYTES, NOW)
    for _ in range(50):
        pace.answered(0.1)
    assert pace.allows(MOST_BYTES - 1, NOW)
    assert not pace.allows(MOST_BYTES, NOW)


def test_time_that_goes_back_gives_no_allowance() -> None:
    """Whatever clock it is given, an empty allowance stays empty."""
    pace = Pace()
    while pace.allows(0, NOW):
        pace.sent()
    assert not pace.allows(0, NOW - 100.0)


def test_three_young_ends_over_one_message_bar_it_for_a_while() -> None:
    """After two it goes alone, after the third it is left out, and later it may go again."""
    suspect = Suspect()
    watched = []
    for _ in range(3):
        suspect.ended(V311, "a", 1.0, NOW)
        watched.append(suspect.is_watched)
    assert watched == [False, True, False]
    assert suspect.is_barred("a", NOW + BARRED_S - 1)
    assert not suspect.is_barred("a", NOW + BARRED_S + 1)
    assert not suspect.is_barred("b", NOW)


@pytest.mark.parametrize(
    ("protocol", "oldest", "age_s"), [("5", "a", 1.0), (V311, "", 1.0), (V311, "a", YOUNG_S + 1)]
)
def test_other_ends_are_no_suspicion(protocol: str, oldest: str, age_s: float) -> None:
    """MQTT 5 says what is too large, and a link that ends late ends for reasons of its own."""
    suspect = Suspect()
    for _ in range(10):
        suspect.ended(protocol, oldest, age_s, NOW)
    assert not suspect.is_watched
    assert not suspect.is_barred("a", NOW)


def test_a_broker_that_hangs_up_over_one_event_gets_all_others(
    street: Site, make_event: Callable[..., Event]
) -> None:
    """Although it answers everything before it on every link, state and alarms included."""
    wire = Wire(street, UplinkSettings(("mqtts://b",)))
    session, events = Recorder(), Waiting(*(make_event(n) for n in range(1, 8)))
    delivery = Delivery(wire, session, events)
    delivery.post(wire.state(Presence.ONLINE))
    now = NOW
    for link in range(1, 7):
        session.link = link
        delivery.handle(LinkUp(link, "b", V311, 20), now)
        answered = len(session.sent)
        while True:
            now += 0.1
            delivery.pump(now, now)
            if answered == len(session.sent):
                break
            mid, message = session.sent[answered]
            answered += 1
            if b'"a3.1"' in message.payload:
                session.link = None
                delivery.handle(LinkDown(link, "connection lost", "b"), now)
                break
            delivery.handle(Acked(link, mid), now)
    assert set(events.items) == {POISON}


class Slow(Waiting[Event]):
    """A queue whose items are on their way from the disk until `is_there`."""

    is_there = False

    def take(self, after: int, limit: int) -> Sequence[Event] | None:  # type: ignore[override]
        return super().take(after, limit) if self.is_there else None


def test_readings_wait_for_events_that_are_on_their_way_from_the_disk(
    street: Site, make_event: Callable[..., Event], make_reading: Callable[..., Reading]
) -> None:
    """After a restart what waited comes first, but a disk that hangs holds no reading up."""
    wire = Wire(street, UplinkSettings(("mqtts://b",)))
    session, events, readings = Recorder(), Slow(make_event(1)), Waiting(make_reading(2))
    delivery = Delivery(wire, session, events, readings)
    session.link = 1
    delivery.handle(LinkUp(1, "b", "5", 20), NOW)
    delivery.pump(NOW, NOW)
    delivery.pump(NOW + EVENTS_FIRST_S / 2, NOW)
    assert not session.sent
    events.is_there = True
    delivery.pump(NOW + EVENTS_FIRST_S / 2, NOW)
    assert ["/event/" in message.topic for _, message in session.sent] == [True, False]

    session, readings = Recorder(), Waiting(make_reading(2))
    delivery = Delivery(wire, session, Slow(make_event(1)), readings)
    session.link = 1
    delivery.handle(LinkUp(1, "b", "5", 20), NOW)
    delivery.pump(NOW, NOW)
    delivery.pump(NOW + EVENTS_FIRST_S, NOW)
    assert ["/reading/" in message.topic for _, message in session.sent] == [True]
