"""The session against a broker that misbehaves as told: sockets on loopback, no mosquitto."""

import contextlib
import gc
import os
import queue
import resource
import socket
import threading
import time
from pathlib import Path

import pytest
from outgoing import Agent, News, Waiting

from agent.errors import Refused
from agent.uplink.answers import disconnected, refusal
from agent.uplink.connection import Connection
from agent.uplink.link import Acked, LinkDown, LinkUp
from agent.uplink.resolver import Resolver
from agent.uplink.session import Patience, Session
from agent.uplink.settings import UplinkSettings
from agent.uplink.stream import Stream
from agent.uplink.wire import Message

QUICK = Patience(connect_s=2.0, answer_s=0.3)
HELLO = Message("street/v1/x/state", b"{}", retain=True)
SUCCESS_5 = b"\x20\x03\x00\x00\x00"


def configured(*brokers, **more):
    return UplinkSettings(tuple(broker.url for broker in brokers), insecure=True, **more)


def lowest(low, _high):
    return low


def highest(_low, high):
    return high


@contextlib.contextmanager
def session(settings, put=None, **more):
    """A running session and its news; pauses take no time unless told otherwise."""
    news = News()
    made = Session(settings, "agent-1", HELLO, put or news.put, draw=lowest, **more)
    made.start()
    try:
        yield made, news
    finally:
        made.stop(HELLO, 5.0)


def stay(broker, sock, _number):
    """Accept, and read whatever comes until the end."""
    broker.accept(sock)
    while sock.recv(4096):
        pass


def test_mqtt_5_is_tried_first(fake_broker):
    """The first CONNECT says version 5; window and largest packet come from broker and settings."""
    connack = b"\x20\x0b\x00\x00\x08\x21\x00\x07\x27\x00\x00\x10\x00"

    def play(broker, sock, _number):
        broker.accept(sock, connack)
        sock.recv(1)

    broker = fake_broker(play)
    with session(configured(broker, window=20)) as (_, news):
        up = news.next()
    assert up == LinkUp(1, f"127.0.0.1:{broker.port}", "5", 7, 4096)
    assert broker.versions == [5]


@pytest.mark.parametrize(
    "answer",
    [b"\x20\x03\x00\x84\x00", b"\x20\x02\x00\x01", b"", None],
    ids=["CONNACK 0x84", "CONNACK 3.1.1 rc 1", "closes", "silent"],
)
def test_broker_without_mqtt_5_gets_311(fake_broker, answer):
    """However a broker shows that it has no MQTT 5, 3.1.1 follows at once, and comes first later."""

    def play(broker, sock, number):
        if number == 1 and answer is None:
            broker.accept(sock, b"")
            sock.recv(1)
        else:
            broker.accept(sock, answer if number == 1 else None)

    broker = fake_broker(play)
    with session(configured(broker), patience=QUICK) as (_, news):
        assert news.next().protocol == "3.1.1"
        assert news.until(LinkUp).protocol == "3.1.1"
    assert broker.versions[:3] == [5, 4, 4]


def test_mqtt_5_comes_back_when_311_fails(fake_broker):
    """A broker that has learned MQTT 5 and forgotten 3.1.1 is found again."""

    def play(broker, sock, number):
        broker.accept(sock, b"" if number in {1, 3} else None)

    broker = fake_broker(play)
    with session(configured(broker)) as (_, news):
        assert [news.until(LinkUp).protocol for _ in range(2)] == ["3.1.1", "5"]
    assert broker.versions[:4] == [5, 4, 4, 5]


def test_mqtt_5_is_tried_first_again_after_a_long_link(fake_broker, monkeypatch):
    """After a link of an hour, here of no time, 3.1.1 is no longer preferred."""
    monkeypatch.setattr("agent.uplink.session.RECHECK_S", 0.0)

    def play(broker, sock, number):
        broker.accept(sock, b"" if number == 1 else None)

    broker = fake_broker(play)
    with session(configured(broker)) as (_, news):
        assert [news.until(LinkUp).protocol for _ in range(2)] == ["3.1.1", "5"]


def test_accept_and_close_is_no_mqtt_broker(fake_broker):
    """What closes every connection is reported as no MQTT broker."""
    broker = fake_broker(lambda *_: None)
    with session(configured(broker)) as (_, news):
        down = news.next()
    assert isinstance(down, LinkDown)
    assert down.reason.startswith("no MQTT broker answers")
    assert not down.is_refused


def test_silence_is_given_up_by_our_own_timer(fake_broker):
    """Without CONNACK paho waits for ever and calls nothing: the session gives up by itself."""
    broker = fake_broker(lambda _, sock, __: sock.recv(4096) and sock.recv(1))
    start = time.monotonic()
    with session(configured(broker), patience=QUICK) as (_, news):
        down = news.next()
    assert "does not answer" in down.reason
    assert 2 * QUICK.answer_s <= time.monotonic() - start < 3.0


def test_silence_beyond_the_keepalive_is_still_no_answer(fake_broker):
    """Paho closes an unanswered connection after one keep-alive: 3.1.1 is tried all the same."""
    broker = fake_broker(lambda broker, sock, _: broker.accept(sock, b"") or sock.recv(1))
    settings = configured(broker)
    object.__setattr__(settings, "keepalive_s", 1)  # less than allowed, to save time
    with session(settings) as (_, news):
        assert news.next().reason.startswith("no MQTT broker answers")
    assert broker.versions[:2] == [5, 4]


def test_captive_portal_is_no_mqtt_broker(fake_broker):
    """A login page that answers HTTP is reported as no MQTT broker, and nothing is published to it."""
    heard = queue.SimpleQueue()
    page = b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n" + b"x" * 300

    def play(_broker, sock, _number):
        heard.put(sock.recv(4096))
        sock.sendall(page)
        with contextlib.suppress(OSError):
            heard.put(sock.recv(4096))

    broker = fake_broker(play)
    with session(configured(broker)) as (_, news):
        down = news.next()
    assert down.reason == (
        "no MQTT broker answers: "
        "a web page answers instead: does this network want a login (captive portal)?"
    )
    broker.close()
    assert {heard.get_nowait()[:1] for _ in range(heard.qsize())} <= {b"\x10", b""}


@pytest.mark.parametrize("code", [*range(0x80, 0xA0), 0xF3])
def test_connack_codes_are_told_apart(fake_broker, code, record_property):
    """Each CONNACK code leads to its report, also those for which paho calls no callback."""
    record_property("injections", 1)
    heard = queue.SimpleQueue()

    def play(broker, sock, _number):
        broker.accept(sock, bytes([0x20, 3, 0, code, 0]))
        heard.put(sock.recv(4096))

    broker = fake_broker(play)
    start = time.monotonic()
    with session(configured(broker)) as (_, news):
        down = news.next()
    expected = refusal(code)
    assert (down.reason, down.is_refused) == (str(expected), isinstance(expected, Refused))
    assert down.code == code
    assert time.monotonic() - start < 5.0
    assert heard.get(timeout=5) == b""


@pytest.mark.parametrize("code", [4, 5])
def test_311_refusals_are_refusals(fake_broker, code):
    """Bad credentials are recognised in MQTT 3.1.1 too."""

    def play(broker, sock, number):
        broker.accept(sock, b"\x20\x02\x00\x01" if number == 1 else bytes([0x20, 2, 0, code]))

    with session(configured(fake_broker(play))) as (_, news):
        assert news.next().is_refused


def test_refused_device_comes_back_slowly(fake_broker):
    """After bad credentials the broker is left alone for a minute at least."""
    pauses = queue.SimpleQueue()

    def wait(seconds):
        pauses.put(seconds)
        return True

    broker = fake_broker(lambda broker, sock, _: broker.accept(sock, b"\x20\x03\x00\x86\x00"))
    with session(configured(broker), wait=wait) as (_, news):
        assert news.next().is_refused
        assert pauses.get(timeout=5.0) >= 60.0 - 1.0


def test_broker_without_acknowledgements_is_refused(fake_broker):
    """A broker with maximum QoS 0 can promise nothing: no link."""
    broker = fake_broker(
        lambda broker, sock, _: broker.accept(sock, b"\x20\x05\x00\x00\x02\x24\x00")
    )
    with session(configured(broker)) as (_, news):
        assert news.next().is_refused


def test_retain_is_left_away_where_the_broker_has_none(fake_broker):
    """A broker without retained messages would disconnect over one: the flag is not set."""
    headers = queue.SimpleQueue()

    def play(broker, sock, _number):
        broker.accept(sock, b"\x20\x05\x00\x00\x02\x25\x00")
        headers.put(sock.recv(1)[0])
        sock.recv(4096)

    with session(configured(fake_broker(play))) as (made, news):
        made.publish(HELLO, news.until(LinkUp).link)
        assert headers.get(timeout=5) == 0x32


@pytest.mark.parametrize("code", [*range(0x80, 0xA3), 0xF3])
def test_disconnect_by_the_broker_is_reported(fake_broker, make_event, code, record_property):
    """The broker's DISCONNECT is told with its reason, whatever it is; the event stays stored."""
    record_property("injections", 1)

    def play(broker, sock, _number):
        broker.accept(sock)
        broker.published(sock)
        sock.sendall(bytes([0xE0, 2, code, 0]))
        sock.recv(1)

    agent = Agent(configured(fake_broker(play)), Waiting(make_event(1)))
    down = agent.run_until(LinkDown)
    agent.stop()
    expected = disconnected(code)
    assert (down.reason, down.is_refused) == (str(expected), isinstance(expected, Refused))
    assert (down.code, list(agent.events.items)) == (code, [1])


def test_no_redirection_is_followed(fake_broker, record_property):
    """A broker that names another server, in CONNACK or DISCONNECT, is not followed there."""
    record_property("injections", 4)
    other = fake_broker(stay)
    name = f"127.0.0.1:{other.port}".encode()
    elsewhere = b"\x1c" + len(name).to_bytes(2, "big") + name
    for code in (0x9C, 0x9D):
        ends = bytes([code, len(elsewhere)]) + elsewhere
        connack = bytes([0x20, 1 + len(ends), 0]) + ends
        disconnect = bytes([0xE0, len(ends)]) + ends

        def play(broker, sock, _number, connack=connack):
            broker.accept(sock, connack)

        def play_later(broker, sock, _number, disconnect=disconnect):
            broker.accept(sock)
            sock.sendall(disconnect)

        for broker in (fake_broker(play), fake_broker(play_later)):
            with session(configured(broker)) as (_, news):
                down = news.until(LinkDown)
            assert f"(it names {name.decode()})" in down.reason
            assert len(broker.versions) == 1
    assert not other.versions


def test_puback_that_comes_at_once_finds_its_event(fake_broker, make_event):
    """A PUBACK taken in before publish() has returned still deletes the event it belongs to."""

    def play(broker, sock, _number):
        broker.accept(sock)
        while True:
            mid, _ = broker.published(sock)
            sock.sendall(b"\x40\x02" + mid.to_bytes(2, "big"))

    agent = Agent(configured(fake_broker(play)), Waiting(*[make_event(n) for n in range(1, 201)]))
    publish = agent.session.publish
    early = []

    def late_return(message, link):
        mid = publish(message, link)
        early.append(agent.news.next())  # on the queue before the caller knows the id
        agent.news.put(early[-1])
        return mid

    agent.session.publish = late_return
    agent.run(lambda: agent.delivery.is_idle)
    agent.stop()
    assert [type(message) for message in early] == [Acked] * 200
    assert not agent.events.items


@pytest.mark.parametrize("code", [0x80, 0x83, 0x87, 0x90, 0x97, 0x99])
def test_puback_with_an_error_code_deletes_nothing(fake_broker, make_event, code):
    """Paho reports a refused message as published: its reason code keeps the event on disk."""

    def play(broker, sock, _number):
        broker.accept(sock)
        while True:
            mid, body = broker.published(sock)
            refused = b'"a1.1"' in body
            sock.sendall(b"\x40\x03" + mid.to_bytes(2, "big") + bytes([code if refused else 0]))

    agent = Agent(configured(fake_broker(play)), Waiting(make_event(1), make_event(2)))
    agent.run(lambda: agent.delivery.counters.refused == 1 and 2 not in agent.events.items)
    agent.stop()
    assert list(agent.events.items) == [1]
    assert [refusal.code for refusal in agent.delivery.take_refusals()] == [code]


def test_reconnect_sends_no_burst(fake_broker, make_event):
    """After a reconnect paho itself resends nothing: the window holds from the first message on."""
    counts = queue.SimpleQueue()

    def play(broker, sock, number):
        broker.accept(sock, b"\x20\x06\x00\x00\x03\x21\x00\x02")
        first = [broker.published(sock)[1] for _ in range(2)]
        sock.settimeout(0.2)
        try:
            sock.recv(1)
            counts.put(3)
        except TimeoutError:
            counts.put(len(first))
        if number > 1:
            sock.settimeout(None)
            sock.recv(1)

    agent = Agent(
        configured(fake_broker(play), window=20), Waiting(*[make_event(n) for n in range(1, 50)])
    )
    agent.run_until(LinkDown)
    agent.run(lambda: agent.delivery.counters.sent == 4)
    assert [counts.get(timeout=5) for _ in range(2)] == [2, 2]
    agent.stop()


def test_publish_without_a_link_is_refused_and_nothing_is_queued(fake_broker):
    """Before CONNACK, on another link and after the end publish returns None and sends nothing."""
    received = queue.SimpleQueue()
    accepting = threading.Event()

    def play(broker, sock, _number):
        accepting.wait(5.0)
        broker.accept(sock)
        received.put(sock.recv(4096))

    with session(configured(fake_broker(play))) as (made, news):
        assert made.publish(HELLO, 1) is None
        accepting.set()
        link = news.until(LinkUp).link
        assert made.publish(HELLO, link + 1) is None
        assert made.publish(Message("only/this", b"1"), link) == 1
        assert received.get(timeout=5)[4:13] == b"only/this"
        news.until(LinkDown)
        assert made.publish(HELLO, link) is None


@pytest.mark.parametrize("kind", [LinkUp, LinkDown, Acked])
def test_exception_in_the_queue_does_not_kill_the_thread(fake_broker, kind):
    """A put that raises ends at most the link: paho's thread would die unseen, ours connects again."""

    def play(broker, sock, _number):
        broker.accept(sock)
        mid, _ = broker.published(sock)
        sock.sendall(b"\x40\x02" + mid.to_bytes(2, "big"))

    news = News()
    failed = []

    def put(message):
        if isinstance(message, kind) and not failed:
            failed.append(message)
            raise RuntimeError("the queue is broken")
        news.put(message)

    with session(configured(fake_broker(play)), put=put) as (made, _):
        acked = None
        while acked is None or not failed:
            message = news.next()
            if isinstance(message, LinkUp):
                made.publish(HELLO, message.link)
            elif isinstance(message, Acked):
                acked = message
    assert isinstance(failed[0], kind)


HOSTILE = [
    *[bytes([kind << 4, 0]) for kind in range(16)],  # each kind of packet, empty
    *[bytes([kind << 4 | 15, 4, 0, 1, 0, 0]) for kind in range(16)],  # with all flags
    b"\x40\x02\x00\x63",  # PUBACK of something never sent
    b"\x40\x03\x00\x01\xee",  # PUBACK with an unknown code
    b"\x90\x03\x00\x07\x00" + b"\xb0\x03\x00\x07\x00",  # SUBACK, UNSUBACK never asked for
    b"\x40\xff\xff\xff\xff\x7f",  # length beyond four bytes
    b"\x30\x04\x00\x02\xff\xfe",  # PUBLISH with a topic that is no UTF-8
    b"\x30\x03\x00\x09x",  # PUBLISH shorter than its topic
    b"\x32\x05\x00\x03a/b",  # PUBLISH without its id
    b"\x34\x08\x00\x03a/b\x00\x01\x00",  # PUBLISH at quality 2
    b"\x30\xff\xff\xff\x7f",  # 256 MB announced
    bytes(range(256)) * 4,
]


@pytest.mark.parametrize("bytes_", HOSTILE, ids=lambda data: data[:8].hex())
def test_hostile_bytes_end_a_link_at_most(fake_broker, bytes_, record_property):
    """Whatever a broker sends, the thread lives and connects again."""
    record_property("injections", 1)

    def play(broker, sock, _number):
        broker.accept(sock)
        broker.published(sock)  # by then CONNACK has been read
        sock.sendall(bytes_)
        sock.settimeout(0.1)
        sock.recv(4096)

    with session(configured(fake_broker(play))) as (made, news):
        first = news.until(LinkUp)
        made.publish(HELLO, first.link)
        assert news.until(LinkUp).link > first.link


def test_claimed_length_takes_no_memory(fake_broker, record_property):
    """A broker that announces 256 MB and sends them is left at once: memory stays flat."""
    record_property("injections", 10)

    def play(broker, sock, _number):
        broker.accept(sock)
        broker.published(sock)
        sock.sendall(b"\x30\xff\xff\xff\x7f")
        for _ in range(256):
            sock.sendall(bytes(1 << 20))

    def next_reason(made, news):
        made.publish(HELLO, news.until(LinkUp).link)
        return news.until(LinkDown).reason

    with session(configured(fake_broker(play)), wait=lambda _: False) as (made, news):
        next_reason(made, news)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reasons = {next_reason(made, news) for _ in range(10)}
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert reasons == {"the broker sends a packet of 268435455 bytes"}
    assert grown_kib < 10_000


def test_session_present_changes_nothing(fake_broker, make_event, record_property):
    """Whether the broker claims to know the session or not, what it has not acknowledged goes."""
    record_property("injections", 2)

    def play(broker, sock, number):
        broker.accept(sock, bytes([0x20, 3, number % 2, 0, 0]))
        mid, _ = broker.published(sock)
        if number > 2:
            sock.sendall(b"\x40\x02" + mid.to_bytes(2, "big"))
            sock.recv(1)

    agent = Agent(configured(fake_broker(play)), Waiting(make_event(1)))
    agent.run(lambda: not agent.events.items)
    agent.stop()


def test_will_without_retain_where_the_broker_has_none(fake_broker):
    """A broker that refuses a retained will gets one that is not, at once and ever after."""
    flags = queue.SimpleQueue()

    def play(broker, sock, number):
        _, body = broker.read_connect(sock)
        flags.put(body[7] & 0x20)
        sock.sendall(bytes([0x20, 3, 0, 0x9A if number == 1 else 0, 0]))

    with session(configured(fake_broker(play))) as (_, news):
        assert isinstance(news.next(), LinkUp)
        news.until(LinkUp)
    assert [flags.get(timeout=5) for _ in range(3)] == [0x20, 0, 0]


def test_exception_in_a_callable_of_others_ends_an_attempt_at_most(fake_broker, record_property):
    """A pause or a resolver that raises does not kill the thread: it connects all the same."""
    record_property("injections", 2)
    failures = [RuntimeError("resolver"), RuntimeError("resolver again")]

    class Broken(Resolver):
        def addresses(self, host, is_stopping):
            if failures:
                raise failures.pop()
            return super().addresses(host, is_stopping)

    with session(configured(fake_broker(stay)), resolver=Broken()) as (_, news):
        assert isinstance(news.next(), LinkUp)
    assert not failures


def test_descriptors_above_1023_are_served(fake_broker, make_event, record_property):
    """With more than 1,024 descriptors open, where select() fails, a link comes up and delivers."""
    record_property("injections", 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))

    def play(broker, sock, _number):
        broker.accept(sock)
        mid, _ = broker.published(sock)
        sock.sendall(b"\x40\x02" + mid.to_bytes(2, "big"))
        sock.recv(1)

    broker = fake_broker(play)
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        agent = Agent(configured(broker), Waiting(make_event(1)))
        agent.run(lambda: not agent.events.items)
        agent.stop()
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_closed_port_is_no_busy_loop(record_property):
    """Against a closed port for 3 s: a few attempts, and hardly any CPU."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = UplinkSettings((f"mqtt://127.0.0.1:{port}",), insecure=True)
    news = News()
    made = Session(settings, "a", HELLO, news.put)
    used = time.process_time()
    made.start()
    deadline = time.monotonic() + 3.0
    downs = []
    with contextlib.suppress(queue.Empty):
        while True:
            downs.append(news.next(max(0.0, deadline - time.monotonic())))
    used = time.process_time() - used
    made.stop(HELLO, 5.0)
    record_property("injections", len(downs))
    assert {down.reason for down in downs} == {"connection refused"}
    assert len(downs) < 20
    assert used < 0.15


def test_stop_is_quick_with_unacknowledged_messages(fake_broker, make_event):
    """Paho's loop_stop() hangs while messages wait for PUBACK; stop() does not, and says good-bye."""
    last = queue.SimpleQueue()

    def play(broker, sock, _number):
        broker.accept(sock)
        data = b""
        while more := sock.recv(4096):
            data += more
        last.put(data)

    agent = Agent(configured(fake_broker(play)), Waiting(*[make_event(n) for n in range(1, 30)]))
    agent.run(lambda: agent.delivery.counters.sent == 20)
    assert agent.stop() < 1.0
    data = last.get(timeout=5)
    assert b'{"state":"stopped"}' in data[-60:]
    assert data[-2:] == b"\xe0\x00"
    assert len(agent.events.items) == 29


def test_stop_is_bounded_when_the_socket_does_not_drain(fake_broker):
    """A broker that reads nothing cannot hold up the end of the agent."""
    released = threading.Event()

    def play(broker, sock, _number):
        broker.accept(sock)
        released.wait(10.0)

    large = Message("street/v1/x/reading/road", b"x" * 8_000_000)
    news = News()
    made = Session(configured(fake_broker(play)), "agent-1", HELLO, news.put)
    made.start()
    made.publish(large, news.until(LinkUp).link)
    start = time.monotonic()
    made.stop(HELLO, 0.5)
    assert time.monotonic() - start < 2.0
    assert isinstance(news.until(LinkDown), LinkDown)
    released.set()


def test_stop_ends_a_pause_at_once():
    """An agent that waits for its next attempt stops without waiting for it."""
    news = News()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    settings = UplinkSettings((f"mqtt://127.0.0.1:{port}",), insecure=True)
    made = Session(settings, "agent-1", HELLO, news.put, draw=highest)
    made.start()
    assert news.next().reason == "connection refused"
    start = time.monotonic()
    made.stop(HELLO, 5.0)
    assert time.monotonic() - start < 0.5


def test_dead_link_is_noticed_within_two_keepalives(fake_broker):
    """A half-open link is given up at the latest after twice the keep-alive, here the broker's 1 s."""

    def play(broker, sock, number):
        broker.accept(sock, b"\x20\x06\x00\x00\x03\x13\x00\x01")
        while sock.recv(4096):
            pass

    with session(configured(fake_broker(play), keepalive_s=5)) as (_, news):
        news.until(LinkUp)
        start = time.monotonic()
        down = news.until(LinkDown)
    assert "no answer within two keep-alives" in down.reason
    assert time.monotonic() - start < 4.0


def test_link_that_is_given_up_ends_at_once_with_its_reason(fake_broker):
    """give_up() ends a link whose peer is silent, within its keep-alive; a past link is ignored."""

    def play(broker, sock, number):
        broker.accept(sock)
        mid, _ = broker.published(sock)
        if number > 1:
            sock.sendall(b"\x40\x02" + mid.to_bytes(2, "big"))
        sock.recv(1)

    with session(configured(fake_broker(play))) as (made, news):
        first = news.until(LinkUp)
        made.publish(HELLO, first.link)
        start = time.monotonic()
        made.give_up(first.link, "no PUBACK for 5 s")
        down = news.next()
        assert (down.link, down.reason) == (first.link, "no PUBACK for 5 s")
        second = news.next()
        assert time.monotonic() - start < 1.0
        made.give_up(first.link, "too late")
        made.publish(HELLO, second.link)
        assert news.next() == Acked(second.link, 1, 0, "Success")


def test_second_broker_is_taken_when_the_first_is_dead(fake_broker):
    """Brokers are tried in turn."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
    broker = fake_broker(stay)
    settings = UplinkSettings((dead, broker.url), insecure=True)
    with session(settings) as (_, news):
        assert "refused" in news.next().reason
        assert news.next().broker == f"127.0.0.1:{broker.port}"


def test_nothing_grows_over_many_flaps(fake_broker, record_property):
    """Threads, descriptors and objects are the same after 400 lost links as after 100."""
    record_property("injections", 400)

    def play(broker, sock, _number):
        broker.accept(sock)

    counts = []
    with session(configured(fake_broker(play)), wait=lambda _: False) as (_, news):
        for flap in range(1, 401):
            news.until(LinkUp)
            news.until(LinkDown)
            if flap in {100, 400}:
                ours = [t for t in threading.enumerate() if t.name != "fake-broker"]
                gc.collect()
                objects = sum(isinstance(o, Connection | Stream) for o in gc.get_objects())
                files = len(list(Path("/proc/self/fd").iterdir()))
                counts.append((len(ours), files, objects))
    (threads, files, objects), (threads_later, files_later, objects_later) = counts
    assert threads_later == threads
    assert files_later <= files + 3
    assert objects_later <= objects + 3


def test_uplink_runs_on_one_named_thread(fake_broker):
    """A link costs one thread, called uplink."""
    before = {t for t in threading.enumerate() if t.name != "fake-broker"}
    with session(configured(fake_broker(stay))) as (_, news):
        news.until(LinkUp)
        now = {t for t in threading.enumerate() if t.name != "fake-broker"}
    assert [thread.name for thread in now - before] == ["uplink"]


def test_password_file_is_read_at_each_connection(fake_broker, tmp_path):
    """A renewed password is used from the next connection on; an unreadable file is a refusal."""
    secret = tmp_path / "password"
    secret.write_text("first\n")
    secret.chmod(0o600)
    passwords = queue.SimpleQueue()

    def play(broker, sock, number):
        _, body = broker.read_connect(sock)
        passwords.put(body[-6:])
        sock.sendall(SUCCESS_5)
        secret.write_text("second\n")
        if number == 2:
            secret.unlink()

    settings = configured(fake_broker(play), username="u", password_file=str(secret))
    with session(settings) as (_, news):
        assert [passwords.get(timeout=5) for _ in range(2)] == [b"\x05first"[-6:], b"second"]
        down = news.until(LinkDown)
        while not down.is_refused:
            down = news.until(LinkDown)
    assert down.reason.startswith("password_file cannot be used: no such file")


def test_progress_lies_ahead_while_the_thread_waits_on_purpose():
    """A pause of five minutes is no thread that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    waiting, go_on = threading.Event(), threading.Event()

    def wait(_seconds):
        waiting.set()
        return go_on.wait(5.0)

    settings = UplinkSettings((f"mqtt://127.0.0.1:{port}",), insecure=True)
    made = Session(settings, "a", HELLO, News().put, draw=highest, wait=wait)
    made.start()
    assert waiting.wait(5.0)
    assert made.progress > time.monotonic() + 0.5
    go_on.set()
    made.stop(HELLO, 5.0)
