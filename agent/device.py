"""What is wrong with the device itself: told once when it begins, and once when it ends.

It is told through the queue, so that it is journalled and numbered like everything else that leads
to an event.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterable, Iterator

from agent.events import Kind
from agent.inbox import Inbox
from agent.pipeline.alarms import rfc3339
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store
from agent.uplink.delivery import Refusal
from agent.uplink.link import LinkDown, LinkMessage, LinkUp

log = logging.getLogger(__name__)

FAULTS = f"{Kind.DEVICE_FAULT.value}/"
QUIET_ROUNDS = 12  # looks at the store without anything given up, an hour or so, end that fault


class Device:
    """Watches the store and the uplink for what a person has to mend.

    Args:
        pipeline: it knows what was wrong when the agent was stopped and may be well by now.
    """

    def __init__(self, inbox: Inbox, pipeline: Pipeline) -> None:
        self._inbox = inbox
        self._told = {
            key.removeprefix(FAULTS): str(alarm.evidence["cause"])
            for key, alarm in pipeline.ledger.alarms.items()
            if key.startswith(FAULTS)
        }
        self._quiet_rounds = 0
        self._down_reason = ""

    def tell(self, part: str, reason: str) -> None:
        """Report a change in a part; an empty reason = well again."""
        if reason == self._told.get(part, ""):
            return
        self._told[part] = reason
        if reason:
            log.error("device fault part=%s reason=%s", part, reason)
        else:
            log.info("device well again part=%s", part)
        self._inbox.device_state(part, reason)

    @contextlib.contextmanager
    def storage_watched(self) -> Iterator[None]:
        """Report a failing disk, and go on from memory."""
        try:
            yield
        except OSError as error:
            self.tell("storage", str(error))

    def watch_link(self, message: LinkMessage) -> None:
        """A link that is merely down comes back by itself; one that is refused does not."""
        if isinstance(message, LinkUp):
            self._down_reason = ""
            self.tell("uplink", "")
            self.tell("uplink.message", "")
        elif isinstance(message, LinkDown):
            if message.reason != self._down_reason:  # an outage is many attempts, and one line
                log.warning("broker not connected reason=%s", message.reason)
            self._down_reason = message.reason
            if message.is_refused:
                self.tell("uplink", message.reason)

    def watch_refusals(self, refusals: Iterable[Refusal]) -> None:
        """Tell of the first message that the broker does not take; they stay on disk.

        Of that one only, until the next link: what tells of a refusal may itself be refused.
        """
        for refusal in refusals:
            if not self._told.get("uplink.message"):
                self.tell("uplink.message", f"{refusal.topic}: {refusal.text}")

    def watch_store(self, store: Store, *, readings_are_sent: bool) -> None:
        """Tell what the store found damaged, and what it gave up that was to be sent."""
        buffer, outbox = store.buffer.damage, store.outbox.damage
        lost = buffer.count + outbox.count
        files = buffer.files + outbox.files + len(store.snapshots.damaged)
        damaged = f"{lost} records and {files} files set aside as damaged"
        self.tell("storage.damaged", damaged if lost or files else "")
        thinned = store.buffer.reset_thinned()
        if not thinned.count or not readings_are_sent:
            self._quiet_rounds += 1
            if self._quiet_rounds >= QUIET_ROUNDS:
                self.tell("storage.thinned", "")
            return
        self._quiet_rounds = 0
        first, last = rfc3339(thinned.first_wall), rfc3339(thinned.last_wall)
        log.warning("readings given up count=%d first=%s last=%s", thinned.count, first, last)
        if not self._told.get("storage.thinned"):  # one event, however long it goes on
            reason = f"{thinned.count} readings given up for want of room, {first} to {last}"
            self.tell("storage.thinned", f"{reason}, and perhaps more")
