"""Signals at random moments, as a kernel and a service manager send them (F1)."""

from __future__ import annotations

import random
import signal
import time

import verdicts
from daemon import Agent
from outcome import Outcome
from rig import Rig, wait_for
from street import Street

SPEED = 400.0
PAUSE_S = 0.06
SENSORS = 6
KINDS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
MAY_LIVE = {signal.SIGHUP, signal.SIGPIPE}  # a daemon may go on; then its events show that it does
BACK_S, STOP_S = 10.0, 5.0


def signals(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Started again after each as a service manager would: in service again within 10 s."""
    street = Street(rig, draw, SENSORS, PAUSE_S)
    config, state = street.site(), rig.name("state")
    agents: list[Agent] = [rig.agent(config, state, SPEED)]
    failures: list[str] = []
    count = 400 if is_long else 100
    backs, stops = [0.0], [0.0]
    for number in range(count):
        agent, kind = agents[-1], KINDS[number % len(KINDS)]
        agent.wait_acks(draw.randint(0, 4), 3.0)
        time.sleep(draw.uniform(0.0, 0.6))
        begun = time.monotonic()
        agent.signal(kind)
        if not _ended(agent, 0.3 if kind in MAY_LIVE else STOP_S + 1.0):
            if kind in MAY_LIVE:
                continue
            failures.append(f"{kind.name}: still runs after {STOP_S + 1.0:g} s")
            agent.kill()
        if kind is signal.SIGTERM:
            stops.append(time.monotonic() - begun)
            code = agent.join()
            failures += [f"SIGTERM: exit code {code}"] if code else []
        agent.join()
        agents.append(rig.agent(config, state, SPEED))
        back = agents[-1].wait_ready(BACK_S)
        backs.append(BACK_S if back is None else back)
        if back is None:
            failures.append(f"{kind.name}: no service after {BACK_S:g} s: {agents[-1].log[-1]}")
    ids = verdicts.acknowledged(agents)
    verdicts.drained(street.consumer, set(ids))
    agents[-1].stop()
    failures += [f"SIGTERM took {stop:.1f} s" for stop in stops if stop >= STOP_S]
    failures += verdicts.judge(street, ids) + verdicts.crashed(agents)
    note = (f"{count} signals, in service again within {max(backs):.1f} s, end on SIGTERM within "
            f"{max(stops):.1f} s, {len(set(ids))} events")  # fmt: skip
    return Outcome(count, failures, note)


def _ended(agent: Agent, timeout_s: float) -> bool:
    return wait_for(lambda: not agent.is_running, timeout_s)
