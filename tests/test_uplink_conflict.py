"""Two devices with one client id: no fight, and both go on delivering."""

import contextlib
import queue
import random
import socket
import struct
import time

import pytest
from outgoing import News

from agent.uplink.backoff import Backoff, Rest
from agent.uplink.link import LinkDown, LinkUp
from agent.uplink.session import SILENT_ENDS, Session
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Message

HELLO = Message("street/v1/x/state", b"{}", retain=True)


@pytest.mark.parametrize("seed", range(5))
def test_two_devices_take_over_a_few_times_an_hour(seed, record_property):
    """In virtual time of 6 h, two devices with one client id take over 8 to 60 times an hour."""
    record_property("injections", 1)
    draw = random.Random(seed).uniform
    devices = [Backoff(1, draw) for _ in range(2)]
    comes_at = [0.0, 1.0]
    holder, since, takeovers = None, 0.0, 0
    while (now := min(comes_at)) < 6 * 3600.0:
        comer = comes_at.index(now)
        if holder is not None:
            takeovers += 1
            devices[holder].lost(now, now - since)
            devices[holder].failed(0, now, Rest.CONFLICT)
            comes_at[holder] = now + devices[holder].choose(now)[1]
        holder, since = comer, now
        comes_at[comer] = float("inf")
    assert 6 * 8 <= takeovers <= 6 * 60


def test_takeover_is_told_at_once_and_not_answered_in_kind(fake_broker, record_property):
    """After DISCONNECT 0x8E the fault is certain, and the next attempt a minute or more away."""
    record_property("injections", 1)
    pauses = []

    def play(broker, sock, _number):
        broker.accept(sock)
        sock.sendall(b"\xe0\x02\x8e\x00")

    def wait(seconds):
        pauses.append(seconds)
        return True

    news = News()
    settings = UplinkSettings((fake_broker(play).url,), insecure=True)
    made = Session(settings, "a", HELLO, news.put, draw=lambda low, _: low, wait=wait)
    made.start()
    down = news.until(LinkDown)
    made.stop(HELLO, 5.0)
    assert (down.part, down.is_refused, down.code) == ("identity.conflict", True, 0x8E)
    assert "another device has taken over" in down.reason
    assert pauses[0] > 59.0


def test_silent_takeovers_are_told_as_likely(fake_broker, record_property):
    """Links closed again and again without a word: a likely conflict from the fourth on."""
    record_property("injections", 1)
    news = News()
    broker = fake_broker(lambda broker, sock, _: broker.accept(sock))
    settings = UplinkSettings((broker.url,), insecure=True)
    made = Session(settings, "a-1", HELLO, news.put, wait=lambda _: False)
    made.start()
    parts = [news.until(LinkDown) for _ in range(SILENT_ENDS + 1)]
    made.stop(HELLO, 5.0)
    assert [down.part for down in parts[: SILENT_ENDS - 1]] == ["uplink"] * (SILENT_ENDS - 1)
    for down in parts[SILENT_ENDS - 1 :]:
        assert down.part == "identity.conflict"
        assert "likely that another device uses the client id a-1" in down.reason


def test_resets_are_no_conflict(fake_broker, record_property):
    """A network that resets each link is not taken for another device."""
    record_property("injections", SILENT_ENDS + 2)

    def play(broker, sock, _number):
        broker.accept(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST
        sock.close()

    news = News()
    settings = UplinkSettings((fake_broker(play).url,), insecure=True)
    made = Session(settings, "a", HELLO, news.put, wait=lambda _: False)
    made.start()
    downs = [news.until(LinkDown) for _ in range(SILENT_ENDS + 2)]
    made.stop(HELLO, 5.0)
    assert {(down.part, down.is_refused) for down in downs} == {("uplink", False)}


def test_two_agents_on_a_real_broker(mosquitto, record_property):
    """Two agents with one client id on mosquitto, which is silent about it: no storm, and told."""
    record_property("injections", 1)
    settings = UplinkSettings((mosquitto().url,), insecure=True)
    news = News()
    agents = [Session(settings, "a", HELLO, news.put) for _ in range(2)]
    for agent in agents:
        agent.start()
    found = []
    deadline = time.monotonic() + 10.0
    with contextlib.suppress(queue.Empty):
        while True:
            found.append(news.next(max(0.0, deadline - time.monotonic())))
    for agent in agents:
        agent.stop(HELLO, 5.0)
    ups = [message for message in found if isinstance(message, LinkUp)]
    parts = {message.part for message in found if isinstance(message, LinkDown)}
    assert 2 <= len(ups) <= 2 + 2 * SILENT_ENDS
    assert "identity.conflict" in parts
