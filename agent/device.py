"""What is wrong with the device itself: told once when it begins, and once when it ends.

It is told through the queue, so that it is journalled and numbered like everything else that leads
to an event.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from agent.events import Kind, rfc3339
from agent.inbox import Inbox
from agent.keeping import Stock
from agent.pipeline.pipeline import Pipeline
from agent.uplink.delivery import Refusal
from agent.uplink.link import LinkDown, LinkMessage, LinkUp

log = logging.getLogger(__name__)

FAULTS = f"{Kind.DEVICE_FAULT.value}/"
QUIET_ROUNDS = 360  # looks at the store without anything given up, an hour or so, end that fault
HELD_S = 10.0
PEACE_S = 600.0


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
        self._thinned = self._dropped = self._dropped_before = 0
        self._gave_up: Mapping[str, Any] = {}
        self._down_reason = ""
        self._linked_at: float | None = None

    def tell(self, part: str, reason: str, facts: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Report a change in a part; an empty reason = well again."""
        if reason == self._told.get(part, ""):
            return
        self._told[part] = reason
        if reason:
            log.error("device fault part=%s reason=%s", part, reason)
        else:
            log.info("device well again part=%s", part)
        self._inbox.device_state(part, reason, facts)

    @property
    def faults(self) -> dict[str, str]:
        """Parts that are at fault, and why."""
        return {part: reason for part, reason in self._told.items() if reason}

    def is_told(self, part: str) -> bool:
        """Whether a part is reported as faulty."""
        return bool(self._told.get(part))

    def watch_disk(self, held_s: float) -> None:
        """Tell of a disk that does not answer; a card that is merely slow is not worth a word."""
        if held_s >= HELD_S:
            self.tell("storage.slow", "the disk does not answer")
        elif self.is_told("storage.slow") and held_s == 0:
            self.tell("storage.slow", "")

    def count_dropped(self, count: int) -> None:
        """Count readings that the disk was too slow for; how many is told when that has ended."""
        self._dropped += count
        self.tell("storage.behind", "the disk is too slow, readings are dropped")

    def watch_link(self, message: LinkMessage, now: float) -> None:
        """A link that is merely down comes back by itself; one that is refused does not."""
        if isinstance(message, LinkUp):
            self._down_reason = ""
            self._linked_at = now
            for part in ("uplink", "uplink.clock", "uplink.message"):
                self.tell(part, "")
        elif isinstance(message, LinkDown):
            self._linked_at = None
            if message.reason != self._down_reason:  # an outage is many attempts, and one line
                log.warning(
                    "broker not connected broker=%s reason=%s", message.broker, message.reason
                )
            self._down_reason = message.reason
            if message.is_refused:
                self.tell(message.part, message.reason)

    def watch_peace(self, now: float) -> None:
        """Two devices with one client id both get links, in turn: only one that holds ends that."""
        if self._linked_at is not None and now - self._linked_at > PEACE_S:
            self.tell("identity.conflict", "")

    def watch_refusals(self, refusals: Iterable[Refusal]) -> None:
        """Tell of the first message that the broker does not take; they stay on disk.

        Of that one only, until the next link: what tells of a refusal may itself be refused.
        """
        for refusal in refusals:
            if not self._told.get("uplink.message"):
                self.tell("uplink.message", f"{refusal.topic}: {refusal.text}")

    def watch_stock(self, stock: Stock, *, readings_are_sent: bool) -> None:
        """Tell what the store found damaged, and what it gave up that was to be sent."""
        damaged = f"{stock.damaged} records and {stock.damaged_files} files set aside as damaged"
        self.tell("storage.damaged", damaged if stock.damaged or stock.damaged_files else "")
        if self.is_told("storage.behind") and self._dropped == self._dropped_before:
            self.tell("storage.behind", "", {"count": self._dropped})
        self._dropped_before = self._dropped
        if readings_are_sent:
            self._watch_thinning(stock)

    def _watch_thinning(self, stock: Stock) -> None:
        """Tell that readings are given up when it begins, and how many from when when it ends."""
        thinned = stock.thinned
        if thinned.count > self._thinned:
            self._thinned = thinned.count
            self._quiet_rounds = 0
            facts = {
                "count": thinned.count,
                "first": rfc3339(thinned.first_wall),
                "last": rfc3339(thinned.last_wall),
            }
            log.warning("readings given up count=%d first=%s last=%s", *facts.values())
            self._gave_up = facts
            self.tell("storage.thinned", "readings are given up for want of room", facts)
        elif self.is_told("storage.thinned"):
            self._quiet_rounds += 1
            if not stock.readings_waiting or self._quiet_rounds >= QUIET_ROUNDS:
                self.tell("storage.thinned", "", self._gave_up)
