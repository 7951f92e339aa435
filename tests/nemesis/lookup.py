"""Names that do not resolve, lie, or lead into a broken IPv6, under the real agent (C5, C8)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from daemon import Agent
from link import PLATFORM, PLATFORM6, needs_link
from names import NAME, Mood, NameServer
from network import SPEED, Remote, concluded
from outcome import Outcome
from rig import Rig, wait_for

NOBODY = "10.9.0.77"
RESOLV = f"nameserver {PLATFORM}\n"
SPOILT_S = 6.0
BACK_S = 40.0  # the system's resolver asks again only after 5 s, and sometimes gives up first
BEAT_S = 5.0  # the watchdog is fed every second
NO_IPV6 = "meta nfproto ipv6 drop"  # nobody there: not even neighbours are found
MUTE_IPV6 = "meta nfproto ipv6 meta l4proto tcp drop"  # there, but no connection comes about
DIRECT_S = 10.0


class Named(Remote):
    """A remote street whose broker is known by name."""

    def __init__(self, rig: Rig, draw: random.Random) -> None:
        super().__init__(rig, draw)
        self.names = NameServer(PLATFORM, (PLATFORM,))
        rig.parts.callback(self.names.close)
        self.resolv = rig.name("resolv")
        self.resolv.write_text(RESOLV)

    def agent(self, config: Path, state: Path, speed: float = SPEED) -> Agent:
        """Start the real agent, which asks our name server."""
        return self.rig.agent(config, state, speed, self.link.wrapper(self.resolv))


@needs_link
def spoilt(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """No name at boot: everything but the link goes on. No name later: the last address serves."""
    street = Named(rig, draw)
    names = street.names
    config, state = street.site(host=NAME), rig.name("state")

    def mood(mood: Mood) -> Callable[[], None]:
        return lambda: setattr(names, "mood", mood)

    def point(address: str) -> Callable[[], None]:
        return lambda: setattr(names, "addresses", (address,))

    def server(text: str) -> Callable[[], None]:
        return lambda: street.resolv.write_text(text) and None

    well = mood(Mood.WELL)
    ways: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "SERVFAIL": (mood(Mood.SERVFAIL), well),
        "NXDOMAIN": (mood(Mood.NXDOMAIN), well),
        "silent": (mood(Mood.SILENT), well),
        "wrong address": (point(NOBODY), point(PLATFORM)),
        "no name server": (server(""), server(RESOLV)),
    }
    failures: list[str] = []
    figures: list[str] = []
    agents: list[Agent] = []
    for name, (spoil, heal) in ways.items():
        spoil()
        agent = street.agent(config, state)
        agents.append(agent)
        heard = len(street.consumer.events)
        if agent.wait_ready(10.0) is None or not agent.wait_acks(3, 10.0):
            failures.append(f"{name}: nothing is concluded")
        time.sleep(3 * SPOILT_S if is_long else SPOILT_S)
        if len(street.consumer.events) > heard:
            failures.append(f"{name}: events came, so nothing was spoilt")
        heal()
        late = _comes_back(street, agent, name, failures)
        spoil()
        agent.log.clear()
        street.link.refuse("tcp reset")
        if not wait_for(lambda: agent.said("uplink lost"), 5.0):  # noqa: B023 - called at once
            failures.append(f"{name}: the link was not lost")
        street.link.heal()
        again = _comes_back(street, agent, f"{name}, later", failures)
        heal()
        figures.append(f"{name} {late:.0f} s/{again:.0f} s")
        agent.stop()
        gap = max((b - a for a, b in pairwise(agent.beats)), default=0.0)
        failures += [f"{name}: {gap:.1f} s between two heartbeats"] if gap > BEAT_S else []
    note = "linked after healing / by the last address: " + ", ".join(figures)
    return concluded(street, agents, failures, 2 * len(ways), note)


@needs_link
def families(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """IPv6 that leads nowhere beside an IPv4 that works, and IPv6 alone."""
    del is_long
    street = Named(rig, draw)
    config, state = street.site(host=NAME), rig.name("state")
    both = (PLATFORM, PLATFORM6)
    ways: dict[str, tuple[str, tuple[str, ...]]] = {
        "IPv6 without neighbours": (NO_IPV6, both),
        "IPv6 that swallows": (MUTE_IPV6, both),
        "IPv6 alone": ("", (PLATFORM6,)),
    }
    failures: list[str] = []
    figures: list[str] = []
    agents: list[Agent] = []
    for name, (rule, addresses) in ways.items():
        street.names.addresses = addresses
        if rule:
            street.link.spoil(rule)
        agents.append(street.agent(config, state))
        took = _comes_back(street, agents[-1], name, failures)
        failures += [f"{name}: {took:.1f} s"] if took > DIRECT_S else []
        figures.append(f"{name} {took:.1f} s")
        street.link.heal()
        agents[-1].stop()
    return concluded(
        street, agents, failures, len(ways), "first event after: " + ", ".join(figures)
    )


def _comes_back(street: Named, agent: Agent, name: str, failures: list[str]) -> float:
    took = street.hears(agent, BACK_S)
    if took is None:
        failures.append(f"{name}: not linked within {BACK_S:g} s: {list(agent.log)[-1:]}")
        return BACK_S
    return took
