"""Sensors that are pulled out, or fall silent (E4, E6): each is told, each return is told."""

from __future__ import annotations

import random
import time

import verdicts
from outcome import Outcome
from rig import Rig
from street import Street

SPEED = 400.0
PAUSE_S = 0.06
SENSORS = 6
TOLD_S = 12.0
GONE = ("silent", "lost")
BACK_S = 40.0  # the port is tried again after 1, 2, 4 ... s


def unplugged(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A port that hangs up and comes back under another number: a fault, then restored."""
    return _each(rig, draw, 24 if is_long else SENSORS, is_unplugged=True)


def silent(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A port on which nothing comes any more: silence is an event, and so is its end."""
    return _each(rig, draw, 24 if is_long else SENSORS, is_unplugged=False)


def _each(rig: Rig, draw: random.Random, count: int, *, is_unplugged: bool) -> Outcome:
    street = Street(rig, draw, SENSORS, PAUSE_S)
    agent = rig.agent(street.site(), rig.name("state"), SPEED)
    agent.wait_acks(6)
    failures: list[str] = []
    slowest = 0.0
    for number in range(count):
        name = f"road-{number % SENSORS}"
        port = street.ports[name]
        begun = time.monotonic()
        if is_unplugged:
            port.unplug()
        else:
            street.floods.silent.add(name)
        if _comes(street, name, "fault", TOLD_S):
            slowest = max(slowest, time.monotonic() - begun)
        else:
            failures.append(f"{name}: nobody is told within {TOLD_S:g} s")
        if is_unplugged:
            port.plug()
        street.floods.silent.discard(name)
        if not _comes(street, name, "restored", BACK_S):
            failures.append(f"{name}: its return is not told")
    ids = verdicts.acknowledged([agent])
    verdicts.drained(street.consumer, set(ids))
    agent.stop()
    failures += verdicts.judge(street, ids, silenced=("*",)) + verdicts.crashed([agent])
    return Outcome(count, failures, f"{count} sensors, told within {slowest:.1f} s")


def _comes(street: Street, name: str, step: str, timeout_s: float) -> bool:
    """Whether the last thing told of this sensor's readings not coming becomes this.

    On a fast clock its water comes and goes faster than water can, which is told as well.
    """

    def last() -> str:
        told = [event for _, event in street.consumer.events if event["data"]["sensors"] == [name]]
        gone = {e["subject"] for e in told if e["data"]["evidence"].get("reason") in GONE}
        steps = [str(e["type"]).split(".")[2] for e in told if e["subject"] in gone]
        return steps[-1] if steps else ""

    return street.consumer.wait(lambda: last() == step, timeout_s)
