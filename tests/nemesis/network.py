"""Links that are missing, dead, refused or flapping under the real agent (C1, C2, C4, C7, C9)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import checker
import verdicts
from daemon import Agent
from link import (
    DEVICE,
    LARGE_LOST,
    LISTENER,
    OTHER_DEVICE,
    PLATFORM,
    PORT,
    SILENCE,
    Link,
    needs_link,
)
from outcome import Outcome
from rig import Rig, wait_for
from street import Street
from tun import Quality

SPEED = 400.0
PAUSE_S = 0.06
SENSORS = 6
CALM = 3  # lost links after which the agent begins to take its time; then it is started anew
DEADLINE_S = 5.0  # of an event's PUBACK
MARGIN_S = 1.0  # for the disk, and for noticing
DEAD = "the link is dead"


class Remote(Street):
    """A street whose device stands at the far end of a link."""

    def __init__(
        self,
        rig: Rig,
        draw: random.Random,
        quality: Quality | None = None,
        sensors: int = SENSORS,
        pause_s: float = PAUSE_S,
    ) -> None:
        self.link = rig.parts.enter_context(Link(quality, draw))
        super().__init__(rig, draw, sensors, pause_s, LISTENER)
        self.port = PORT

    def agent(self, config: Path, state: Path, speed: float = SPEED) -> Agent:
        """Start the real agent over there."""
        return self.rig.agent(config, state, speed, self.link.wrapper())

    def hears(self, agent: Agent, timeout_s: float) -> float | None:
        """Wait for an event that is acknowledged from now on to come; seconds it took."""
        begun = time.monotonic()
        consumer = self.consumer
        before = len(agent.acks)

        def came() -> bool:
            return any(ack.id in consumer.ids for ack in agent.acks[before:])

        return time.monotonic() - begun if wait_for(came, timeout_s) else None


@needs_link
def no_link(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """No link at boot and for a while: detection goes on, and all of it comes afterwards."""
    street = Remote(rig, draw)
    link = street.link
    link.set_up(is_up=False)
    agent = street.agent(street.site(host=PLATFORM), rig.name("state"))
    failures = [] if agent.wait_ready(10.0) is not None else ["not in service without a link"]
    offline_s, back_s = (300.0, 150.0) if is_long else (30.0, 6.0)
    counts: list[int] = []
    for _ in range(3):  # in each third of the time events go on being concluded
        time.sleep(offline_s / 3)
        counts.append(len(agent.acks))
    if not 0 < counts[0] < counts[1] < counts[2]:
        failures.append(f"detection stands still without a link: {counts}")
    failures += ["an event came without a link"] if street.consumer.events else []
    link.set_up(is_up=True)
    link.address(DEVICE)
    took = street.hears(agent, back_s)
    failures += [] if took is not None else [f"not linked {back_s:g} s after the link was there"]
    return concluded(street, [agent], failures, 1,
                f"{offline_s:g} s offline, {counts[-1]} events, back {took or back_s:.1f} s after")  # fmt: skip


@needs_link
def half_open(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Packets vanish, nobody hangs up: an event without a PUBACK ends the link after 5 s."""
    street = Remote(rig, draw)
    link = street.link
    ways: tuple[tuple[Callable[[], None], Callable[[], None]], ...] = (
        (lambda: link.spoil(SILENCE), link.heal),
        (lambda: link.set_far_up(is_up=False), lambda: link.set_far_up(is_up=True)),
    )
    config, state = street.site(host=PLATFORM), rig.name("state")
    agents: list[Agent] = []
    failures: list[str] = []
    noticed: list[float] = [0.0]
    backs: list[float] = [0.0]
    count = 24 if is_long else 6
    for number in range(count):
        if number % CALM == 0:
            if agents:
                agents[-1].stop()
            agents.append(street.agent(config, state))
        agent = agents[-1]
        if street.hears(agent, 20.0) is None:
            failures.append(f"cut {number}: no link before it: {list(agent.log)[-2:]}")
        time.sleep(draw.uniform(0.0, 0.5))
        cut, heal = ways[number % len(ways)]
        agent.log.clear()
        before, begun = len(agent.acks), time.monotonic()
        cut()
        agent.wait_acks(before + 1, 10.0)
        first = agent.acks[before].at if len(agent.acks) > before else begun
        if wait_for(lambda: agent.said(DEAD), DEADLINE_S + 2 * MARGIN_S):  # noqa: B023 - at once
            noticed.append(time.monotonic() - first)
        else:
            failures.append(f"cut {number}: the dead link is not given up")
        time.sleep(draw.uniform(0.0, 2.0))
        heal()
        back = street.hears(agent, 15.0)
        backs.append(15.0 if back is None else back)
        failures += [] if back is not None else [f"cut {number}: not linked 15 s after healing"]
    failures += [f"given up {s:.1f} s after an event" for s in noticed if s > DEADLINE_S + MARGIN_S]
    note = (f"{count} cuts, given up within {max(noticed):.1f} s of an event, "
            f"linked within {max(backs):.1f} s of healing")  # fmt: skip
    return concluded(street, agents, failures, count, note)


@needs_link
def refused(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Each connect answered by RST, by ICMP, by a closed port: no busy loop, and then a link."""
    street = Remote(rig, draw, sensors=1, pause_s=1.0)
    link, broker = street.link, street.broker
    config, state = street.site(host=PLATFORM), rig.name("state")
    failures: list[str] = []
    figures: list[str] = []
    agents: list[Agent] = []
    run_s = 90.0 if is_long else 20.0

    def close() -> None:
        broker.kill()

    def reopen() -> None:
        broker.start()

    ways: tuple[tuple[str, Callable[[], None], Callable[[], None]], ...] = (
        ("RST", lambda: link.refuse("tcp reset"), link.heal),
        ("ICMP prohibited", lambda: link.refuse("icmp admin-prohibited"), link.heal),
        ("closed port", close, reopen),
    )
    for name, spoil, heal in ways:
        spoil()
        agent = street.agent(config, state, 1.0)
        agents.append(agent)
        agent.wait_ready()
        time.sleep(3.0)  # what a start costs is no matter here
        connects, used = link.connects(), agent.resources()["cpu_s"]
        time.sleep(run_s)
        per_s = (link.connects() - connects) / run_s
        cpu = 100 * (agent.resources()["cpu_s"] - used) / run_s
        figures.append(f"{name}: {per_s:.1f} connects a second, {cpu:.1f} % CPU")
        failures += [f"{name}: {per_s:.1f} connects a second"] if not 0 < per_s < 3.0 else []
        failures += [f"{name}: {cpu:.1f} % CPU"] if cpu >= 1.0 else []
        heal()
        if not wait_for(lambda: agent.said("uplink up"), 6.0):  # noqa: B023 - called at once
            failures.append(f"{name}: no link afterwards")
        agent.stop()
    return concluded(street, agents, failures, len(ways), "; ".join(figures))


@needs_link
def flaps(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A modem that dials in anew every 3 s, each time as another address: nothing grows."""
    street = Remote(rig, draw)
    link = street.link
    config, state = street.site(host=PLATFORM), rig.name("state")
    agent = street.agent(config, state)
    failures = [] if street.hears(agent, 20.0) is not None else ["no link to begin with"]
    run_s = 3600.0 if is_long else 60.0
    begun = time.monotonic()
    samples: list[tuple[float, dict[str, float]]] = []
    count = 0
    while time.monotonic() < begun + run_s and agent.is_running:
        link.set_up(is_up=False)
        time.sleep(draw.uniform(0.5, 2.5))
        link.set_up(is_up=True)
        link.address((DEVICE, OTHER_DEVICE)[count % 2])
        time.sleep(draw.uniform(0.5, 2.5))
        count += 1
        samples.append((time.monotonic() - begun, agent.resources()))
    failures += [] if agent.is_running else [f"it ended: {list(agent.log)[-2:]}"]
    warm = samples[len(samples) // 4 :]  # caches and pools fill at first
    for name, most in (("rss_kb", 4096.0), ("threads", 1.0), ("descriptors", 2.0)):
        failures += checker.grows(name, [(at, values[name]) for at, values in warm], most)
    last = samples[-1][1]
    agent.stop()
    agents = [agent, street.agent(config, state)]  # one that has not seen any lost link
    note = (f"{count} flaps in {run_s:g} s: {last['rss_kb'] / 1024:.0f} MB, "
            f"{last['threads']:.0f} threads, {last['descriptors']:.0f} descriptors")  # fmt: skip
    return concluded(street, agents, failures, count, note)


@needs_link
def small_mtu(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Packets over 576 bytes vanish without a word: alarms come all the same."""
    street = Remote(rig, draw)
    street.link.spoil(LARGE_LOST)
    agent = street.agent(street.site(host=PLATFORM), rig.name("state"))
    took = street.hears(agent, 20.0)
    time.sleep(60.0 if is_long else 10.0)
    failures = [] if took is not None else ["no event comes where packets over 576 bytes are lost"]
    count = len(street.consumer.ids)
    street.link.heal()
    note = f"{count} events, the first after {took or 20.0:.0f} s"
    return concluded(street, [agent], failures, 1, note)


def concluded(
    street: Remote, agents: list[Agent], failures: list[str], count: int, note: str
) -> Outcome:
    """Wait for what is still to come, stop, and judge."""
    ids = verdicts.acknowledged(agents)
    if not verdicts.drained(street.consumer, set(ids)):
        failures.append("not everything is delivered over the healed link")
    agents[-1].stop()
    failures += verdicts.judge(street, verdicts.acknowledged(agents), parts=("uplink",))
    return Outcome(count, failures + verdicts.crashed(agents), note)
