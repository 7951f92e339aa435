"""Names that do not resolve, or wrongly, or too late; addresses that lead nowhere."""

import queue
import socket
import threading
import time

import pytest
from outgoing import News

from agent.uplink import resolver as module
from agent.uplink.link import LinkDown, LinkUp
from agent.uplink.resolver import Resolver, look_up
from agent.uplink.session import Patience, Session
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Message

HELLO = Message("street/v1/x/state", b"{}", retain=True)


def never():
    return False


def failing(error):
    def ask(_host):
        raise error

    return ask


def accepting(broker, sock, _number):
    broker.accept(sock)
    sock.recv(1)


@pytest.fixture
def connect():
    """Start a session to broker.example at a port; stopped at the end."""
    made = []

    def start(port, ask, **more):
        news = News()
        settings = UplinkSettings((f"mqtt://broker.example:{port}",), insecure=True)
        made.append(
            Session(settings, "a", HELLO, news.put, draw=lambda low, _: low,
                    resolver=Resolver(ask), **more)
        )  # fmt: skip
        made[-1].start()
        return made[-1], news

    yield start
    for session in made:
        session.stop(HELLO, 5.0)


def test_addresses_are_not_looked_up():
    """An address needs no resolver, and no thread."""
    asked = Resolver(failing(AssertionError("asked")))
    assert asked.addresses("192.0.2.1", never) == ["192.0.2.1"]
    assert asked.addresses("2001:db8::1", never) == ["2001:db8::1"]


def test_system_knows_localhost():
    """The system's own resolver is asked."""
    assert "127.0.0.1" in look_up("localhost")


def test_families_alternate_and_the_list_is_bounded():
    """With five addresses of a broken family first, one of the other family comes second."""
    six = [f"2001:db8::{n}" for n in range(5)]
    found = Resolver(lambda _: [*six, "192.0.2.1", "192.0.2.2"]).addresses("b.example", never)
    assert found == [six[0], "192.0.2.1", six[1], "192.0.2.2", six[2], six[3]]


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        UnicodeError("label too long"),
    ],
    ids=["SERVFAIL", "NXDOMAIN", "no name at all"],
)
def test_unresolved_name_is_a_report(connect, error, record_property):
    """A name without an address is told as such and tried again; the thread lives."""
    record_property("injections", 1)
    _, news = connect(1883, failing(error), wait=lambda _: False)
    for _ in range(3):
        down = news.next()
        assert down.reason.startswith("the broker's name cannot be resolved")
        assert not down.is_refused


def test_hanging_resolver_holds_up_nobody(connect, monkeypatch, record_property):
    """While the resolver hangs: attempts fail in time, on one thread, and the agent can stop."""
    record_property("injections", 1)
    monkeypatch.setattr(module, "RESOLVE_S", 0.2)
    answered = threading.Event()
    session, news = connect(1883, lambda _: answered.wait(30.0) and [], wait=lambda _: False)
    for _ in range(5):
        assert "cannot be resolved" in news.next(2.0).reason
    threads = [thread.name for thread in threading.enumerate() if thread.name == "resolver"]
    start = time.monotonic()
    session.stop(HELLO, 5.0)
    took = time.monotonic() - start
    answered.set()
    assert threads == ["resolver"]
    assert took < 1.0


@pytest.mark.parametrize("then", [[], ["127.0.0.3"]], ids=["no answer", "wrong address"])
def test_last_good_address_is_tried(fake_broker, connect, then, record_property):
    """Once linked, the device finds its broker without the name servers, or against them."""
    record_property("injections", 1)
    answers = queue.SimpleQueue()
    answers.put(["127.0.0.1"])

    def ask(_host):
        if not answers.empty():
            return answers.get()
        if not then:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return then

    broker = fake_broker(lambda broker, sock, _: broker.accept(sock))
    _, news = connect(broker.port, ask, wait=lambda _: False)
    for _ in range(3):
        assert news.until(LinkUp).broker == f"broker.example:{broker.port}"


def test_broken_family_costs_little(fake_broker, connect, record_property):
    """Where the first address is dead the next is tried in the same turn, and comes first later."""
    record_property("injections", 1)
    broker = fake_broker(lambda broker, sock, _: broker.accept(sock))
    _, news = connect(
        broker.port, lambda _: ["::ffff:127.0.0.9", "127.0.0.1"], wait=lambda _: False,
        patience=Patience(connect_s=0.5),
    )  # fmt: skip
    assert news.next().link == 2
    assert isinstance(news.next(), LinkDown)
    assert news.next().link == 3


def test_ipv6_alone_will_do(connect):
    """A broker that has nothing but an IPv6 address is linked to."""
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with server:
        server.settimeout(10.0)
        _, news = connect(server.getsockname()[1], lambda _: ["::1"])
        sock, _ = server.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(b"\x20\x03\x00\x00\x00")
            assert isinstance(news.next(), LinkUp)


def test_denial_is_not_repeated_at_every_address(fake_broker, connect):
    """Wrong credentials are not shown again to the broker's other addresses."""
    broker = fake_broker(lambda broker, sock, _: broker.accept(sock, b"\x20\x03\x00\x86\x00"))
    _, news = connect(broker.port, lambda _: ["127.0.0.1", "127.0.0.1"])
    assert news.next().is_refused
    assert broker.versions == [5]
