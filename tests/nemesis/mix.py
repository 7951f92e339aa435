"""The nemesis proper: one long-lived device, and faults of every kind in an order drawn by chance.

Kill, power cut, broker killed or hung, link cut around a PUBACK, card full, sensor unplugged or
silent, the whole process frozen, the wall clock set: each for a moment, some of them at once.
Afterwards the device is left alone, and every check must hold.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import checker
import verdicts
from brokers import Behind
from card import Card
from daemon import Agent
from outcome import Outcome
from proxy import Cut
from rig import Rig

SPEED = 400.0
RUN_S, LONG_RUN_S = 150.0, 1800.0
PAUSE_BETWEEN_S = (0.2, 1.5)
WALL_S = (0, 3600, -3600, 86_400 * 400, -86_400 * 3)
BACK_S = 10.0
# What the schedule leads to. Links that end again and again without a word look like a second
# device with the same client id, which is told as likely.
PARTS = ("storage", "uplink", "identity", "clock")


class Mix:
    """The device and what is done to it."""

    def __init__(self, rig: Rig, draw: random.Random) -> None:
        self.rig, self.draw = rig, draw
        self.street = Behind(rig, draw)
        self.card = Card(rig.name("image"), rig.name("card"))
        rig.parts.callback(self.card.close)
        self.config = self.street.site(readings_mib=8)
        self.wall = rig.name("wall")
        self.wall.write_text("0 1")
        self.env = shim(rig, self.wall)
        self.failures: list[str] = []
        self.done: Counter[str] = Counter()
        self.slowest_s = 0.0
        self.kills = 0.2  # share of moments in which the agent is killed besides
        self.agents: list[Agent] = []
        self.start()

    def start(self) -> None:
        """Start the agent, as a service manager does."""
        state = self.card.path / "state"
        self.agents.append(self.rig.agent(self.config, state, SPEED, env=self.env))
        ready = self.agents[-1].wait_ready(BACK_S)
        if ready is None:
            self.failures.append(f"not in service: {list(self.agents[-1].log)[-2:]}")
        self.slowest_s = max(self.slowest_s, BACK_S if ready is None else ready)

    def step(self) -> None:
        """One fault."""
        kinds: list[Callable[[], None]] = [
            self.kill, self.end, self.cut_power, self.kill_broker, self.hang_broker,
            self.cut_link, self.fill_card, self.unplug, self.silence, self.freeze, self.set_clock,
        ]  # fmt: skip
        kind = self.draw.choice(kinds)
        kind()
        self.done[kind.__name__] += 1
        if not self.agents[-1].is_running:
            if kind not in (self.kill, self.end, self.cut_power):
                self.failures.append(f"ended in {kind.__name__}: {list(self.agents[-1].log)[-2:]}")
            self.start()

    def kill(self) -> None:
        self.agents[-1].kill()

    def end(self) -> None:
        took = self.agents[-1].stop()
        if took > 5.0:
            self.failures.append(f"SIGTERM took {took:.1f} s")

    def cut_power(self) -> None:
        agent = self.agents[-1]
        self.card.cut(lambda: agent.signal(signal.SIGSTOP), agent.kill)
        self.rig.boot(self.draw)

    def kill_broker(self) -> None:
        self.street.broker.kill()
        self._while(1.5)
        self.street.broker.start()

    def hang_broker(self) -> None:
        self.street.broker.pause()
        self._while(3.0)
        self.street.broker.go_on()

    def cut_link(self) -> None:
        self.street.proxy.arm(self.draw.choice(list(Cut)), self.draw.randint(0, 2))

    def fill_card(self) -> None:
        ballast = self.card.path / "ballast"
        try:
            with ballast.open("wb") as file:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
        except OSError:
            pass
        self._while(3.0)
        ballast.unlink(missing_ok=True)

    def unplug(self) -> None:
        port = self.draw.choice(list(self.street.ports.values()))
        port.unplug()
        self._while(2.0)
        port.plug()

    def silence(self) -> None:
        self.street.floods.is_paused = True
        self._while(3.0)
        self.street.floods.is_paused = False

    def freeze(self) -> None:
        self.agents[-1].signal(signal.SIGSTOP)
        self._while(2.0)
        self.agents[-1].signal(signal.SIGCONT)

    def set_clock(self) -> None:
        draft = self.wall.with_suffix(".new")
        draft.write_text(f"{self.draw.choice(WALL_S)} {self.draw.randint(0, 1)}")
        draft.replace(self.wall)

    def _while(self, most_s: float) -> None:
        """Let it last, sometimes with a kill in the middle."""
        time.sleep(self.draw.uniform(0.1, most_s))
        if self.draw.random() < self.kills:
            self.agents[-1].kill()
            self.done["kill"] += 1
            self.start()


def everything(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Run the schedule, leave the device alone, and judge."""
    mix = Mix(rig, draw)
    end = time.monotonic() + (LONG_RUN_S if is_long else RUN_S)
    while time.monotonic() < end:
        time.sleep(draw.uniform(*PAUSE_BETWEEN_S))
        mix.step()
    street = mix.street
    ids = verdicts.acknowledged(mix.agents)
    if not verdicts.drained(street.consumer, ids, 60.0, street.proxy.acknowledged):
        mix.failures.append("not everything is delivered a minute after the last fault")
    mix.agents[-1].stop()
    ids = verdicts.acknowledged(mix.agents)
    mix.failures += verdicts.judge(
        street, ids, silenced=("*",), parts=PARTS,
        also_received=street.proxy.acknowledged, in_order=False,
    )  # fmt: skip
    mix.failures += verdicts.crashed(mix.agents)
    done = ", ".join(f"{count} {name}" for name, count in sorted(mix.done.items()))
    note = (f"{done}; {len(set(ids))} events on disk, {len(street.consumer.ids)} received, "
            f"back within {mix.slowest_s:.1f} s")  # fmt: skip
    return Outcome(mix.done.total(), mix.failures, note)


def flat(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """One process under faults of its surroundings: memory, threads, descriptors do not grow."""
    mix = Mix(rig, draw)
    mix.kills = 0.0
    street, agent = mix.street, mix.agents[-1]
    # Few lost links: after many the agent takes its time, and there would be nothing to see.
    around = (mix.fill_card, mix.unplug, mix.silence, mix.hang_broker, mix.set_clock) * 3
    around = (*around, mix.cut_link)
    begun = time.monotonic()
    samples: list[tuple[float, dict[str, float]]] = []
    count = 0
    while time.monotonic() < begun + (LONG_RUN_S if is_long else RUN_S):
        time.sleep(draw.uniform(0.2, 0.8))
        draw.choice(around)()
        count += 1
        if not agent.is_running:
            return Outcome(count, [f"it ended: {list(agent.log)[-2:]}"])
        samples.append((time.monotonic() - begun, agent.resources()))
    failures = mix.failures
    warm = samples[len(samples) // 3 :]  # caches and pools fill at first
    for name, most in (("rss_kb", 4096.0), ("threads", 1.0), ("descriptors", 2.0)):
        failures += checker.grows(name, [(at, values[name]) for at, values in warm], most)
    agent.stop()
    mix.start()  # one that has not seen any lost link
    ids = verdicts.acknowledged(mix.agents)
    verdicts.drained(street.consumer, ids, also_received=street.proxy.acknowledged)
    mix.agents[-1].stop()
    failures += verdicts.judge(
        street, ids, silenced=("*",), parts=PARTS,
        also_received=street.proxy.acknowledged, in_order=False,
    )  # fmt: skip
    last = samples[-1][1]
    note = (f"{count} faults around one process in {samples[-1][0]:.0f} s: {last['rss_kb'] / 1024:.0f} MB, "
            f"{last['threads']:.0f} threads, {last['descriptors']:.0f} descriptors at the end")  # fmt: skip
    return Outcome(count, failures, note)


def shim(rig: Rig, wall: Path) -> dict[str, str]:
    """What puts the wall clock under our hand; nothing where there is no compiler."""
    if shutil.which("gcc") is None:
        return {}
    library = rig.name("wall").with_suffix(".so")
    source = Path(__file__).with_name("wall.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library), "WALL": str(wall)}
