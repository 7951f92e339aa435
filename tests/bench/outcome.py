"""What a trial came to: what was lost, repeated, out of order, or wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from subscriber import Delivery

BACK_S = 3.0  # bar: broker back, or agent started -> first delivery


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial came to.

    Attributes:
        lost: readings that should have come and did not.
        repeated: deliveries of a reading under the `seq` it had before: allowed.
        reordered: readings that came after a later one, repeats left out.
        wrong: readings under two `seq`, or a `seq` with two readings, or ones never fed; events
            that an undisturbed agent would not have sent.
        back_s: until the first delivery; None where it is no matter.
        note: what else is worth knowing.
    """

    fed: int
    lost: int
    repeated: int
    reordered: int
    wrong: int
    back_s: float | None = None
    note: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it meets the bars."""
        is_back = self.back_s is None or self.back_s < BACK_S
        return is_back and not (self.lost or self.reordered or self.wrong)


def compare(
    fed: int, due: Iterable[int], heard: Sequence[Delivery], back_s: float | None, note: str = ""
) -> Outcome:
    """Compare what was to come with what came.

    Args:
        fed: how many readings were fed; their values are all different, and rise or fall.
        due: the values of those that have to come.
        heard: what came.
        back_s: as in Outcome.
        note: as in Outcome.
    """
    first: dict[int, int] = {}
    reordered = repeated = wrong = highest = 0
    for delivery in heard:
        if delivery.seq in first:
            repeated += 1
            wrong += first[delivery.seq] != delivery.mm
            continue
        first[delivery.seq] = delivery.mm
        reordered += delivery.seq < highest
        highest = max(highest, delivery.seq)
    values = [first[seq] for seq in sorted(first)]
    wrong += len(values) - len(set(values))
    wrong += values not in (sorted(values), sorted(values, reverse=True))
    return Outcome(fed, len(set(due) - set(values)), repeated, reordered, wrong, back_s, note)


def settled(payload: dict[str, Any]) -> dict[str, Any]:
    """Leave out what may differ between two deliveries of one event."""
    return {**payload, "data": {**payload["data"], "buffered_s": 0}}


def with_events(
    found: Outcome, expected: list[dict[str, Any]], came: list[dict[str, Any]]
) -> Outcome:
    """Count events that did not come as lost, other ones or other contents as wrong."""
    due = {event["id"]: event for event in expected}
    seen = {event["id"] for event in came}
    wrong = sum(due.get(event["id"]) != settled(event) for event in came)
    alarms = [e for e in expected if e["data"]["kind"] == "street.waterlogging"]
    levels = ", ".join(f"{e['data']['rev']} {e['data']['level']}" for e in alarms)
    if len({e["data"]["alarm"] for e in alarms}) != 1:
        levels += ": NOT ONE ALARM"
        wrong += 1
    return Outcome(
        found.fed, found.lost + len(due.keys() - seen), found.repeated + len(came) - len(seen),
        found.reordered, found.wrong + wrong, found.back_s,
        f"{len(due)} events due, {len(seen)} came; revisions {levels}",
    )  # fmt: skip
