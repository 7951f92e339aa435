"""The link to the platform: always one broker at most, and always trying.

One thread, "uplink", makes one connection after another; see connection.py for what it does with
paho and backoff.py for the pauses. It tells the deciding thread what happens through the agent's
queue and nothing else. MQTT 5 is tried first, since only there does a broker say that it has not
taken a message. Where it leads to no proper answer, 3.1.1 is tried at once, and if that works it is
tried first from then on, until it no longer works or a link has held for an hour: it may have been
a broker that was just starting, and it would be a pity to miss its refusals for years.

Each address of a broker is tried, the one that last led to a link first; that one is also tried
where the name cannot be resolved, or resolves to something else that does not answer. With TLS the
broker has to prove its name at whatever address.

A broker that closes several links in a row soon after accepting them, without a word, may do so
because another device takes over with the same client id: MQTT 3.1.1 has no way to say so, and some
brokers say nothing in MQTT 5 either. It is treated as a conflict, and told as one that is likely. A
DISCONNECT with reason code 0x8E says so for certain.

`publish` and the handling of `Acked` both belong to the deciding thread. A message id is therefore
always known before its Acked is taken from the queue, however early the PUBACK comes.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.errors import NotConnected, Refused
from agent.uplink import tls
from agent.uplink.answers import Busy, Conflict, NoRetain, OtherVersion, Version, code_of
from agent.uplink.backoff import HELD_S, Backoff, Rest
from agent.uplink.broker import parse
from agent.uplink.connection import Connection, Identity
from agent.uplink.dial import dial
from agent.uplink.link import LinkDown, LinkMessage, LinkUp
from agent.uplink.resolver import RESOLVE_S, Resolver
from agent.uplink.settings import UplinkSettings
from agent.uplink.tls import ClockWrong
from agent.uplink.waker import Waker
from agent.uplink.wire import Message

RECHECK_S = 3600.0  # after a link of that length MQTT 5 and large segments are tried again
SILENT_ENDS = 4  # links in a row that were closed without a word, until that looks like a conflict

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a connection may take to be made.

    Attributes:
        connect_s: TCP to one address of the broker, and TLS as long again.
        answer_s: CONNACK.
    """

    connect_s: float = 5.0
    answer_s: float = 10.0

    @property
    def address_s(self) -> float:
        """Longest for one address in one version."""
        return 2 * self.connect_s + self.answer_s


@dataclass(slots=True)
class Known:
    """What was learnt of a broker."""

    first_version: Version = Version.V5
    address: str | None = None  # that last led to a link
    takes_retained_will: bool = True
    silent_ends: int = 0


class Session:
    """Keeps the device connected.

    Args:
        will: published by the broker when it has not heard of the device for a while.
        put: takes what happens; the agent's queue. Called on the uplink's thread.
        floor: a moment (seconds since 1970) that is surely past, where the device's clock is not
            set and behind it; None = the clock will do. Called on the uplink's thread.
        draw: a random number between two limits, for the pauses.
        wait: waits that many seconds and says whether to stop; for tests.
        patience: how long a connection may take to be made.
        resolver: finds the brokers' addresses.

    Attributes:
        progress: `time.monotonic()` of the thread's last turn. Later than now while it waits on
            purpose or connects, which may take a while: a later `progress` is no sign of life, but
            an early one is a sign of a thread that hangs.

    Raises:
        ValueError: a broker's address cannot be used.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        client_id: str,
        will: Message,
        put: Callable[[LinkMessage], None],
        *,
        floor: Callable[[], float | None] = lambda: None,
        draw: Callable[[float, float], float] = random.uniform,
        wait: Callable[[float], bool] | None = None,
        patience: Patience | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._brokers = [parse(url, insecure=settings.insecure) for url in settings.brokers]
        if not self._brokers:
            raise ValueError("brokers: none is named")
        self._identity = Identity(settings, client_id, will)
        self._put = put
        self._floor = floor
        self._patience = patience or Patience()
        self._resolver = resolver or Resolver()
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._backoff = Backoff(len(self._brokers), draw)
        self._known = [Known() for _ in self._brokers]
        self._attempts = 0
        self._current: Connection | None = None
        self._dates_unchecked = False
        self._sends_small = False
        self._waker = Waker()
        self.progress = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs, or was asked to end."""
        return self._stopping.is_set() or self._thread.is_alive()

    def publish(self, message: Message, link: int) -> int | None:
        """Send a message at QoS 1, without waiting. For the deciding thread only.

        Args:
            message: what to send.
            link: the connection that the caller has in mind.

        Returns:
            The id that its Acked will carry; None if that connection is no more: nothing is sent,
            and nothing is kept for later.
        """
        connection = self._current
        if connection is None or connection.link != link:
            return None
        return connection.publish(message)

    def give_up(self, link: int, reason: str) -> None:
        """End a link at once and connect anew. For the deciding thread only.

        Args:
            link: its number; one that is no more is ignored.
            reason: one short English phrase; its LinkDown carries it.
        """
        connection = self._current
        if connection is not None and connection.link == link:
            self._sends_small = True  # it may be that large packets are lost on the way
            connection.give_up(reason)

    def stop(self, farewell: Message, timeout_s: float) -> None:
        """Say good-bye and disconnect. Unacknowledged messages stay where they are stored.

        Args:
            farewell: sent last.
            timeout_s: longest wait. A thread that is stuck longer, in the resolver perhaps, is
                left behind; it cannot keep the process from ending.
        """
        self._stopping.set()
        connection = self._current
        if connection is not None:
            connection.leave(farewell)
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._thread.is_alive() and connection is not None:
            connection.give_up("the agent is stopping")
        if not self._thread.is_alive():
            self._waker.close()

    def _work(self) -> None:
        while not self._stopping.is_set():
            index, pause = self._backoff.choose(time.monotonic())
            self.progress = time.monotonic() + pause
            if pause > 0 and self._wait(pause):
                return
            try:
                self._take_turn(index)
            except Exception:
                # The guard of this thread: without it the device would be silent for ever.
                log.exception("uplink failed unexpectedly broker=%s", self._brokers[index])
                self._backoff.failed(index, time.monotonic())

    def _take_turn(self, index: int) -> None:
        """Try one broker, address by address, and stay while a link holds."""
        try:
            connection, up = self._reach(index)
        except (NotConnected, Refused) as failure:
            if not code_of(failure):  # it is away at times: no other device is needed to explain it
                self._known[index].silent_ends = 0
            self._note(index, failure, held_s=None)
            return
        since = time.monotonic()
        try:
            end = self._stay(connection, up)
        finally:
            self._current = None
            connection.close()
        held_s = time.monotonic() - since
        self._note(index, self._suspect(index, connection, end, held_s), held_s)

    def _reach(self, index: int) -> tuple[Connection, LinkUp]:
        """Make a connection to one of a broker's addresses. Raise NotConnected or Refused."""
        known = self._known[index]
        self.progress = time.monotonic() + RESOLVE_S
        addresses, trouble = self._addresses(index)
        first: NotConnected | Refused | None = trouble
        for address in addresses:
            try:
                connection, up = self._meet(index, address)
            except (NotConnected, Refused) as failure:
                first = first or failure
                # What the broker itself has answered, it would answer at any address.
                if code_of(failure) or self._stopping.is_set():
                    raise
            else:
                known.address = address
                return connection, up
        assert first is not None  # there is an address, or a reason why there is none
        raise first

    def _addresses(self, index: int) -> tuple[list[str], NotConnected | None]:
        """Where to try, in order, and what was wrong with the name."""
        host, last = self._brokers[index].host, self._known[index].address
        try:
            found = self._resolver.addresses(host, self._stopping.is_set)
        except OSError as error:
            trouble = NotConnected(f"the broker's name cannot be resolved: {tls.explain(error)}")
            return ([] if last is None else [last]), trouble
        if last is None:
            return found, None
        others = [address for address in found if address != last]
        return ([last, *others] if last in found else [*found, last]), None

    def _meet(self, index: int, address: str) -> tuple[Connection, LinkUp]:
        """Connect to an address, in the other version or with another will if need be."""
        known = self._known[index]
        version = known.first_version
        try:
            try:
                return self._connect(index, address, version)
            except NoRetain:
                known.takes_retained_will = False
                return self._connect(index, address, version)
        except OtherVersion:
            made = self._connect(index, address, version.other)
        known.first_version = version.other
        return made

    def _connect(self, index: int, address: str, version: Version) -> tuple[Connection, LinkUp]:
        """Make one connection. Raise NotConnected or Refused."""
        self._attempts += 1
        self.progress = time.monotonic() + self._patience.address_s
        broker, identity = self._brokers[index], self._identity
        if not self._known[index].takes_retained_will:
            identity = replace(identity, will=replace(identity.will, retain=False))
        floor = self._floor() if broker.is_tls else None
        self._dates_unchecked = floor is not None
        stream = dial(
            broker,
            address,
            identity.settings,
            self._patience.connect_s,
            floor,
            small=self._sends_small,
        )
        connection = Connection(
            self._attempts,
            broker,
            version,
            identity,
            stream,
            self._waker,
            put=self._put,
            alive=self._alive,
        )
        try:
            return connection, connection.open(self._patience.answer_s, self._stopping.is_set)
        except Exception:
            connection.close()
            raise

    def _stay(self, connection: Connection, up: LinkUp) -> NotConnected | Refused:
        """Serve the link until it ends; return why it has."""
        self._current = connection  # before anybody can hear of the link and want to use it
        if self._stopping.is_set():
            return NotConnected("the agent is stopping")
        if not self._tell(up):
            return NotConnected("the agent's queue did not take the news of the link")
        log.info("uplink up broker=%s mqtt=%s", up.broker, up.protocol)
        return connection.run()

    def _suspect(
        self, index: int, connection: Connection, end: NotConnected | Refused, held_s: float
    ) -> NotConnected | Refused:
        """Take links that are closed again and again without a word for a conflict."""
        known = self._known[index]
        if not connection.was_closed_quietly or held_s >= HELD_S:
            known.silent_ends = 0
            return end
        known.silent_ends += 1
        if known.silent_ends < SILENT_ENDS:
            return end
        return Conflict(
            "the broker closes each link soon after accepting it, without a word: it is likely that"
            f" another device uses the client id {self._identity.client_id}"
        )

    def _note(self, index: int, failure: NotConnected | Refused, held_s: float | None) -> None:
        """Report the end of a link, or of an attempt at one, and remember it for the pauses."""
        broker = str(self._brokers[index])
        rest = _rest(failure)
        now = time.monotonic()
        if held_s is not None:
            log.info("uplink lost broker=%s held_s=%.0f: %s", broker, held_s, failure)
            self._backoff.lost(now, held_s)
            if held_s >= RECHECK_S:
                self._known[index].first_version = Version.V5
                self._sends_small = False
        if held_s is None or rest is not Rest.NONE:
            self._backoff.failed(index, now, rest)
        self._tell(
            LinkDown(
                self._attempts,
                str(failure),
                isinstance(failure, Refused),
                _part(failure),
                code_of(failure),
                broker,
            )
        )

    def _alive(self) -> None:
        self.progress = time.monotonic()
        connection = self._current
        if self._dates_unchecked and connection is not None and self._floor() is None:
            self._dates_unchecked = False
            connection.give_up("the clock is set: the broker's certificate is checked by it now")

    def _tell(self, message: LinkMessage) -> bool:
        """Put a message on the agent's queue; a LinkDown that is lost follows from the next up."""
        try:
            self._put(message)
        except Exception:
            log.exception("the agent's queue failed message=%s", message)
            return False
        return True


def _rest(failure: NotConnected | Refused) -> Rest:
    match failure:
        case Conflict():
            return Rest.CONFLICT
        case ClockWrong():
            return Rest.CLOCK
        case Refused():
            return Rest.LONG
        case Busy():
            return Rest.BUSY
        case _:
            return Rest.NONE


def _part(failure: NotConnected | Refused) -> str:
    match failure:
        case Conflict():
            return "identity.conflict"
        case ClockWrong():
            return "uplink.clock"
        case _:
            return "uplink"
