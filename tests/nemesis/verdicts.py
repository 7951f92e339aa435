"""What a trial has gathered of one device, put before the checker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import checker
from consumer import Consumer
from daemon import Agent
from street import Street

DRAIN_S = 30.0
SHOWN = 5  # findings of one kind; a broken rig would give thousands


def acknowledged(agents: Iterable[Agent]) -> list[str]:
    """Ids of what these agents said is on disk."""
    return [ack.id for agent in agents for ack in agent.acks]


def drained(
    consumer: Consumer,
    ids: Collection[str],
    timeout_s: float = DRAIN_S,
    also_received: Collection[str] = (),
) -> bool:
    """Wait until all of these have come; say whether they have.

    Args:
        consumer: to whom.
        ids: which.
        timeout_s: how long to wait.
        also_received: those that may have died with the broker; it may still grow.
    """
    return consumer.wait(lambda: set(ids) - set(also_received) <= consumer.ids, timeout_s)


def judge(
    street: Street,
    ids: Iterable[str],
    *,
    site: str = "nemesis",
    silenced: Collection[str] = (),
    parts: Collection[str] = (),
    also_received: Collection[str] = (),
    in_order: bool = True,
) -> list[str]:
    """Every check on one site.

    Args:
        street: what came, and what was fed.
        ids: events that were acknowledged.
        site: the device in question.
        silenced: sensors whose silence was injected; see `checker.Injected`.
        parts: parts of the device that were made to fail; see there.
        also_received: events for which the broker's PUBACK was seen, and which died with it.
        in_order: False where refusals let later events overtake.
    """
    consumer, floods = street.consumer, street.floods
    events = [event for _, event in list(consumer.events) if event["source"] == f"/street/{site}"]
    records = [(r.sensor, r.boot, r.seq, r.value) for r in list(consumer.records) if r.site == site]
    fed: Mapping[str, Collection[int]] = {name: set(mm) for name, mm in floods.fed.items()}
    checks: list[Callable[[], list[str]]] = [
        lambda: checker.missing(ids, consumer.ids | set(also_received)),
        lambda: checker.contents(events),
        lambda: checker.order(events) if in_order else [],
        lambda: checker.reading_order(records) if in_order else [],
        lambda: checker.unexplained(events, checker.Injected(fed, silenced, parts)),
        lambda: [f"not readable: {text}" for text in consumer.wrong],
    ]
    found: list[str] = []
    for check in checks:
        one = check()
        more = [f"and {len(one) - SHOWN} more like this"] if len(one) > SHOWN else []
        found += [f"{site}: {text}" for text in one[:SHOWN] + more]
    return found


def crashed(agents: Iterable[Agent]) -> list[str]:
    """Tracebacks in their logs."""
    return [f"traceback: {' / '.join(list(agent.log)[-3:])}" for agent in agents if agent.crashes]


def latencies(street: Street, since: float, until: float) -> list[float]:
    """Seconds from the frame that an alarm rests on to its arrival, of those that came then."""
    found = []
    known: set[str] = set()
    for at, event in list(street.consumer.events):
        data = event["data"]
        is_new = event["id"] not in known
        known.add(event["id"])
        if not is_new or data["kind"] != checker.WATER or not since <= at <= until:
            continue
        raw = data["evidence"].get("raw", {}).get("distance_mm")
        sensor = (data["sensors"] or [""])[0]
        fed = [then for then in street.floods.fed.get(sensor, {}).get(raw, ()) if then <= at]
        if fed:
            found.append(at - fed[-1])
    return found
