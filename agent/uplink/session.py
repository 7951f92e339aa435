"""The link to the platform: always one broker at most, and always trying.

One thread, "uplink", makes one connection after another; see connection.py for what it does with
paho and backoff.py for the pauses. It tells the deciding thread what happens through the agent's
queue and nothing else. MQTT 5 is tried first, since only there does a broker say that it has not
taken a message. Where it leads to no proper answer, 3.1.1 is tried at once, and if that works it is
tried first from then on, until it no longer works or a link has held for an hour: it may have been
a broker that was just starting, and it would be a pity to miss its refusals for years.

`publish` and the handling of `Acked` both belong to the deciding thread. A message id is therefore
always known before its Acked is taken from the queue, however early the PUBACK comes.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from agent.errors import NotConnected, Refused
from agent.uplink.answers import OtherVersion, Version
from agent.uplink.backoff import Backoff
from agent.uplink.broker import parse
from agent.uplink.connection import Connection, Identity, Patience
from agent.uplink.link import LinkDown, LinkMessage, LinkUp
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Message

CONNECT_S = 90.0  # longest that resolver, TCP to each address and TLS take without being stuck
RECHECK_S = 3600.0  # after a link of that length MQTT 5 is tried first again

log = logging.getLogger(__name__)


class Session:
    """Keeps the device connected.

    Args:
        will: published by the broker when it has not heard of the device for a while.
        put: takes what happens; the agent's queue. Called on the uplink's thread.
        draw: a random number between two limits, for the pauses.
        wait: waits that many seconds and says whether to stop; for tests.
        patience: how long a connection may take to be made.

    Attributes:
        progress: `time.monotonic()` of the thread's last turn. Later than now while it waits on
            purpose or connects, which takes as long as the resolver does: a later `progress` is no
            sign of life, but an early one is a sign of a thread that hangs.

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
        draw: Callable[[float, float], float] = random.uniform,
        wait: Callable[[float], bool] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._brokers = [parse(url, insecure=settings.insecure) for url in settings.brokers]
        if not self._brokers:
            raise ValueError("brokers: none is named")
        self._identity = Identity(settings, client_id, will)
        self._put = put
        self._patience = patience or Patience()
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._backoff = Backoff(len(self._brokers), draw)
        self._first_version = [Version.V5] * len(self._brokers)
        self._attempts = 0
        self._current: Connection | None = None
        self.progress = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="uplink", daemon=True)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

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
                self._backoff.failed(index, time.monotonic(), is_refused=False)

    def _take_turn(self, index: int) -> None:
        """Try one broker, in the other version too if need be, and stay while the link holds."""
        version = self._first_version[index]
        try:
            try:
                connection, up = self._connect(index, version)
            except OtherVersion:
                connection, up = self._connect(index, version.other)
                self._first_version[index] = version.other
        except (NotConnected, Refused) as failure:
            self._note(index, failure, held_s=None)
            return
        since = time.monotonic()
        try:
            end = self._stay(connection, up)
        finally:
            self._current = None
            connection.close()
        self._note(index, end, held_s=time.monotonic() - since)

    def _connect(self, index: int, version: Version) -> tuple[Connection, LinkUp]:
        """Make one connection. Raise NotConnected or Refused."""
        self._attempts += 1
        self.progress = time.monotonic() + CONNECT_S
        connection = Connection(
            self._attempts,
            self._brokers[index],
            version,
            self._identity,
            self._patience,
            put=self._put,
            alive=self._alive,
        )
        try:
            return connection, connection.open(self._stopping.is_set)
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

    def _note(self, index: int, failure: NotConnected | Refused, held_s: float | None) -> None:
        """Report the end of a link, or of an attempt at one, and remember it for the pauses."""
        is_refused = isinstance(failure, Refused)
        now = time.monotonic()
        if held_s is not None:
            log.info("uplink lost broker=%s held_s=%.0f: %s", self._brokers[index], held_s, failure)
            self._backoff.lost(now, held_s)
            if held_s >= RECHECK_S:
                self._first_version[index] = Version.V5
        if held_s is None or is_refused:
            self._backoff.failed(index, now, is_refused=is_refused)
        self._tell(LinkDown(self._attempts, str(failure), is_refused))

    def _alive(self) -> None:
        self.progress = time.monotonic()

    def _tell(self, message: LinkMessage) -> bool:
        """Put a message on the agent's queue; a LinkDown that is lost follows from the next up."""
        try:
            self._put(message)
        except Exception:
            log.exception("the agent's queue failed message=%s", message)
            return False
        return True
