"""A month at 2,000 times real time, with faults by chance around two real agents (F9).

Streets that never existed (drivers/simulated.py) rain on both. One agent is killed, stopped and
started again beside all else that happens; the other one lives through the whole run, and what it
holds of memory, threads and descriptors must not grow. What a sensor may have said is known of its
scene, so that every event can be explained.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path

import checker
import verdicts
from card import Card
from consumer import Consumer
from daemon import Agent
from mix import PARTS, WALL_S, shim
from outcome import Outcome
from proxy import Cut, Proxy
from rig import MOUNT_MM, SITE, Rig

from drivers.simulated import Config, look

SPEED = 2000.0
DAY_S = 86_400.0
DAYS, LONG_DAYS = 5.0, 30.0
PAUSE_BETWEEN_S = (1.0, 4.0)
BACK_S, STOP_S, DRAIN_S = 10.0, 5.0, 90.0
GROWTH = (("rss_kb", 4096.0), ("threads", 1.0), ("descriptors", 2.0))
STEP_S = 10
MORTAL, LASTING = "mortal", "lasting"
SEEDS = {MORTAL: (4,), LASTING: (5, 6, 7)}
CARD = 192 << 20
SENSOR = """
[[sensor]]
name = "road-{seed}"
driver = "simulated"
role = "roadside"
part = "road-level"
script = "demo"
seed = {seed}
step_s = {step}
mount_height_mm = {mount}
"""


class Soak:
    """Two agents on one card, behind one proxy, and what is done to them."""

    def __init__(self, rig: Rig, draw: random.Random) -> None:
        self.rig, self.draw = rig, draw
        self.broker = rig.broker()
        self.consumer = Consumer(self.broker.port)
        rig.parts.callback(self.consumer.close)
        self.proxy = Proxy(self.broker.port)
        rig.parts.callback(self.proxy.close)
        self.card = Card(rig.name("image"), rig.name("card"), CARD)
        rig.parts.callback(self.card.close)
        self.wall = rig.name("wall")
        self.wall.write_text("0 1")
        self.env = shim(rig, self.wall)
        self.failures: list[str] = []
        self.done: Counter[str] = Counter()
        self.configs = {name: self._config(name) for name in SEEDS}
        self.lasting = self._start(LASTING)
        self.mortals = [self._start(MORTAL)]

    @property
    def agents(self) -> list[Agent]:
        """All that ever ran."""
        return [self.lasting, *self.mortals]

    def step(self) -> None:
        """One fault, drawn by chance."""
        kinds = (self.kill, self.end, self.kill_broker, self.hang_broker, self.cut_link,
                 self.stall_link, self.fill_card, self.set_clock)  # fmt: skip
        kind = self.draw.choice(kinds)
        kind()
        self.done[kind.__name__] += 1
        if not self.mortals[-1].is_running:
            if kind not in (self.kill, self.end):
                self.failures.append(f"{MORTAL} ended in {kind.__name__}")
            self.mortals.append(self._start(MORTAL))

    def kill(self) -> None:
        self.mortals[-1].kill()

    def end(self) -> None:
        took = self.mortals[-1].stop()
        if took > STOP_S:
            self.failures.append(f"SIGTERM took {took:.1f} s")

    def kill_broker(self) -> None:
        self.broker.kill()
        self._while(3.0)
        self.broker.start()

    def hang_broker(self) -> None:
        self.broker.pause()
        self._while(3.0)
        self.broker.go_on()

    def cut_link(self) -> None:
        self.proxy.arm(self.draw.choice(list(Cut)), self.draw.randint(0, 2))

    def stall_link(self) -> None:
        self.proxy.is_stalled.set()
        self._while(8.0)
        self.proxy.is_stalled.clear()

    def fill_card(self) -> None:
        ballast = self.card.path / "ballast"
        try:
            with ballast.open("wb") as file:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
        except OSError:
            self._while(3.0)
        ballast.unlink(missing_ok=True)

    def set_clock(self) -> None:
        draft = self.wall.with_suffix(".new")
        draft.write_text(f"{self.draw.choice(WALL_S)} {self.draw.randint(0, 1)}")
        draft.replace(self.wall)

    def _while(self, most_s: float) -> None:
        time.sleep(self.draw.uniform(0.1, most_s))

    def _start(self, name: str) -> Agent:
        agent = self.rig.agent(self.configs[name], self.card.path / name, SPEED, env=self.env)
        if agent.wait_ready(BACK_S) is None:
            self.failures.append(f"{name} is not in service: {list(agent.log)[-2:]}")
        return agent

    def _config(self, name: str) -> Path:
        path = self.rig.name(name).with_suffix(".toml")
        head = SITE.format(
            site=name, host="127.0.0.1", port=self.proxy.port, uplink="", readings_mib=8
        )
        tail = "".join(SENSOR.format(seed=s, step=STEP_S, mount=MOUNT_MM) for s in SEEDS[name])
        path.write_text(head + tail)
        return path


def month(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Run the days, leave both agents alone, and judge."""
    days = LONG_DAYS if is_long else DAYS
    soak = Soak(rig, draw)
    begun = time.monotonic()
    end = begun + days * DAY_S / SPEED
    samples: list[tuple[float, dict[str, float]]] = []
    while time.monotonic() < end:
        time.sleep(draw.uniform(*PAUSE_BETWEEN_S))
        if not soak.lasting.is_running:
            return Outcome(soak.done.total(), [f"{LASTING} ended: {list(soak.lasting.log)[-3:]}"])
        samples.append((time.monotonic() - begun, soak.lasting.resources()))
        soak.step()
    lived = (time.monotonic() - begun) * SPEED / DAY_S
    warm = samples[len(samples) // 3 :]  # caches and pools fill at first
    failures = soak.failures
    for name, most in GROWTH:
        failures += checker.grows(name, [(at, values[name]) for at, values in warm], most)
    ids = _settle(soak, days)
    done = ", ".join(f"{count} {name}" for name, count in sorted(soak.done.items()))
    first, last = warm[0][1], warm[-1][1]
    rise = checker.slope([(at, v["rss_kb"]) for at, v in warm]) * DAY_S / SPEED
    note = (f"{lived:.1f} days at {SPEED:g} times: {done}; {len(ids)} events on disk, "
            f"{len(soak.consumer.records)} readings; {LASTING}: {first['rss_kb'] / 1024:.1f} -> "
            f"{last['rss_kb'] / 1024:.1f} MB ({rise:+.0f} kB a day), {last['threads']:.0f} threads, "
            f"{last['descriptors']:.0f} descriptors")  # fmt: skip
    return Outcome(soak.done.total(), failures, note)


def _settle(soak: Soak, days: float) -> set[str]:
    """Nothing is done to them any more; ids of the events that were on disk."""
    due = set(verdicts.acknowledged(soak.agents)) - soak.proxy.acknowledged
    if not verdicts.drained(soak.consumer, due, DRAIN_S):
        soak.failures.append(f"not everything is delivered {DRAIN_S:g} s after the last fault")
    for agent in (soak.lasting, soak.mortals[-1]):
        agent.stop()
    late = verdicts.acknowledged(soak.agents)
    ids = set(late) & (due | soak.proxy.acknowledged | soak.consumer.ids)
    events = [event for _, event in list(soak.consumer.events)]
    found = checker.missing(ids, soak.consumer.ids | soak.proxy.acknowledged)
    found += checker.contents(events)
    for name, seeds in SEEDS.items():
        fed = {f"road-{seed}": _distances(seed, days) for seed in seeds}
        mine = [event for event in events if event["source"] == f"/street/{name}"]
        found += checker.unexplained(mine, checker.Injected(fed, silenced=("*",), parts=PARTS))
    soak.failures += found[: verdicts.SHOWN] + verdicts.crashed(soak.agents)
    return ids


@lru_cache
def _distances(seed: int, days: float) -> frozenset[int]:
    """Whatever that sensor can have said; a restarted one begins its scene anew."""
    scene = look(Config(part="road-level", seed=seed, script="demo", mount_height_mm=MOUNT_MM))
    steps = range(int((days + 1) * DAY_S) // STEP_S)
    return frozenset(int(value) for n in steps for value in scene(float(n * STEP_S)).values())
