"""Disks that are full, failing, read-only or slow under the real agent (A7 to A11, A15)."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import tracer
import verdicts
from card import Card
from daemon import Agent
from outcome import Outcome
from rig import Rig, wait_for
from street import Street

SPEED = 400.0
PAUSE_S = 0.06
SENSORS = 6
FULL_S, INODES_S = 6.0, 16.0
QUICK_S = 1.0  # from the frame to the platform
MOST_TOLD = 10  # events about one failing disk
BEAT_S = 3.0  # longest between two WATCHDOG=1; the unit restarts after 10
FAULTY_S = 12.0


def full_by_bytes(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """No byte is left for a while: alarms go on, and the agent recovers without a restart."""
    del is_long
    return _full(rig, draw, "size=2m", FULL_S, _fill_bytes)


def full_by_inodes(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """No inode is left for a while."""
    del is_long
    return _full(rig, draw, "nr_inodes=64", INODES_S, _fill_inodes)


def _full(rig: Rig, draw: random.Random, option: str, full_s: float, fill: object) -> Outcome:
    street = Street(rig, draw, SENSORS, PAUSE_S)
    place = rig.name("small")
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(place)], check=True)
    rig.parts.callback(subprocess.run, ["umount", "-l", str(place)], check=False)
    agent = rig.agent(street.site(), place / "state", SPEED)
    agent.wait_acks(5)
    failures: list[str] = []
    times = 3
    for _ in range(times):
        ballast = place / "ballast"
        ballast.mkdir()
        begun = time.monotonic()
        assert callable(fill)
        while time.monotonic() < begun + full_s / times:  # again and again: the agent makes room
            fill(ballast)
            time.sleep(0.02)
        failures += _flows(street, begun, time.monotonic())
        shutil.rmtree(ballast)
        acks = len(agent.acks)
        if not agent.wait_acks(acks + 3, 10.0):
            failures.append(f"nothing is put on disk again 10 s later: {list(agent.log)[-2:]}")
    return _settle(street, agent, times, failures, ("storage",))


def _fill_bytes(ballast: Path) -> None:
    _until_full(lambda n: (ballast / f"{n}").write_bytes(b"x" * 4096))


def _fill_inodes(ballast: Path) -> None:
    _until_full(lambda n: (ballast / f"{n}").touch())


def _until_full(make: object) -> None:
    assert callable(make)
    number = time.monotonic_ns()
    try:
        for step in range(10_000):
            make(number + step)
    except OSError:
        return


def failing(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """EIO and ENOSPC from fdatasync, fsync, pwrite64, rename for a while: alarms go on, told.

    Not EMFILE from openat: counted by calls, it meets the interpreter's start and nothing of the
    agent's. What happens without descriptors is in test_process_limits.py.
    """
    reason = tracer.why_not()
    if reason:
        return Outcome(not_run=reason)
    whole = Outcome()
    kinds = [("fdatasync", "EIO"), ("fsync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC")]
    kinds += [("rename", "EIO")] * is_long
    for calls, error in kinds:
        first, last = draw.randint(12, 20), draw.randint(28, 40)
        what = f"error={error}:when={first}..{last}"
        whole = whole.join(_traced(rig, draw, calls, what, last - first + 1, error.lower()))
    return whole


def short(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Every fifth write is short: it is completed, and no torn record is seen."""
    library = rig.name("short").with_suffix(".so")
    source = Path(__file__).with_name("short.c")
    if shutil.which("gcc") is None:
        return Outcome(not_run="gcc is not installed")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    street = Street(rig, draw, SENSORS, PAUSE_S)
    config, state = street.site(), rig.name("state")
    agents: list[Agent] = []
    for _ in range(20 if is_long else 6):
        agents.append(rig.agent(config, state, SPEED, env={"LD_PRELOAD": str(library)}))
        agents[-1].wait_acks(draw.randint(3, 12))
        agents[-1].kill()
    last = rig.agent(config, state, SPEED)
    last.wait_ready()
    ids = verdicts.acknowledged(agents)
    outcome = _settle(street, last, len(ids), [], (), ids)
    told = [agent for agent in [*agents, last] if agent.said("device fault part=storage")]
    outcome.failures += ["short writes were told as a fault of the disk"] if told else []
    return outcome


def slow(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Each sync takes 2 s, 20 s: alarms within a second, and the watchdog hears of life."""
    reason = tracer.why_not()
    if reason:
        return Outcome(not_run=reason)
    whole = Outcome()
    for seconds, run_s in ((2, 14.0), (20, 45.0)):
        street = Street(rig, draw, SENSORS, PAUSE_S)
        wrapper = tracer.inject("fsync,fdatasync", f"delay_enter={seconds * 1_000_000}:when=9+")
        config, state = street.site(), rig.name("state")
        agent = rig.agent(config, state, SPEED, wrapper)
        if agent.wait_ready(60.0) is None:
            whole.failures.append(f"fsync of {seconds} s: never ready")
        begun = time.monotonic()
        time.sleep(run_s * (2 if is_long else 1))
        found = verdicts.latencies(street, begun, time.monotonic())
        gaps = _gaps(agent, begun)
        agent.kill()
        whole.failures += _quick(found, f"fsync of {seconds} s")
        if gaps > BEAT_S:
            whole.failures.append(f"fsync of {seconds} s: {gaps:.1f} s without WATCHDOG=1")
        whole.note += (f"fsync of {seconds} s: {len(found)} alarms within "
                       f"{max(found, default=0):.2f} s, watchdog at most {gaps:.1f} s apart; ")  # fmt: skip
        second = rig.agent(config, state, SPEED)
        second.wait_ready()
        ids = verdicts.acknowledged([agent])
        after = _settle(street, second, len(found), [], ("storage",), ids)
        whole.injections += after.injections
        whole.failures += after.failures
    return whole


def read_only(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """The card turns read-only while the agent runs: it goes on from memory, and says so once."""
    failures: list[str] = []
    times = 5 if is_long else 2
    for number in range(times):
        street = Street(rig, draw, SENSORS, PAUSE_S)
        card = Card(rig.name("image"), rig.name("card"))
        rig.parts.callback(card.close)
        config = street.site()
        agent = rig.agent(config, card.path / "state", SPEED)
        agent.wait_acks(draw.randint(3, 10))
        card.turn_read_only()
        begun = time.monotonic()
        time.sleep(5.0)
        failures += _flows(street, begun, time.monotonic())
        failures += _told_once(street)
        failures += [] if agent.is_running else [f"it ended: {list(agent.log)[-2:]}"]
        agent.kill()
        ids = verdicts.acknowledged([agent])
        card.unmount()
        card.mount()
        rig.boot(draw)  # who puts in another card restarts the device
        second = rig.agent(config, card.path / "state", SPEED)
        second.wait_ready()
        after = _settle(street, second, 1, [], ("storage",), ids)
        failures += [f"cut {number}: {failure}" for failure in after.failures]
        card.close()
    return Outcome(times, failures)


def read_only_at_boot(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """The card is read-only from the start: the agent senses and sends from memory, and says so."""
    del is_long
    failures: list[str] = []
    for is_fresh in (True, False):
        street = Street(rig, draw, SENSORS, PAUSE_S)
        card = Card(rig.name("image"), rig.name("card"))
        rig.parts.callback(card.close)
        config, state = street.site(), card.path / "state"
        ids: list[str] = []
        if not is_fresh:
            first = rig.agent(config, state, SPEED)
            first.wait_acks(6)
            first.kill()
            ids = verdicts.acknowledged([first])
        card.unmount()
        card.mount("ro")
        rig.boot(draw)
        agent = rig.agent(config, state, SPEED)
        what = "fresh card" if is_fresh else "used card"
        if agent.wait_ready(10.0) is None:
            failures.append(f"{what}: not in service: {list(agent.log)[-1:]}")
            continue
        begun = time.monotonic()
        time.sleep(5.0)
        failures += [f"{what}: {text}" for text in _flows(street, begun, time.monotonic())]
        failures += [f"{what}: {text}" for text in _told_once(street)]
        agent.stop()
        failures += verdicts.judge(street, ids, parts=("storage",)) + verdicts.crashed([agent])
        card.close()
    return Outcome(2, failures)


def second_agent(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A second agent on the same folder ends with a clear message; the first does not notice."""
    street = Street(rig, draw, SENSORS, PAUSE_S)
    config, state = street.site(), rig.name("state")
    agent = rig.agent(config, state, SPEED)
    failures: list[str] = []
    times = 20 if is_long else 5
    for _ in range(times):
        agent.wait_acks(len(agent.acks) + draw.randint(0, 3), 5.0)
        other = rig.agent(config, state, SPEED)
        if not wait_for(lambda: not other.is_running, 10.0):  # noqa: B023 - called at once
            failures.append("the second agent runs")
            other.kill()
        elif other.join() == 0 or not other.said(f"in use by process {agent.process.pid}"):
            failures.append(f"the second agent says: {list(other.log)[-1:]}")
    return _settle(street, agent, times, failures, ())


def _traced(
    rig: Rig, draw: random.Random, calls: str, what: str, count: int, name: str
) -> Outcome:  # fmt: skip
    """Let these calls fail for a while; alarms go on, it is told, and nothing kept is lost."""
    street = Street(rig, draw, SENSORS, PAUSE_S)
    config, state = street.site(), rig.name("state")
    agent = rig.agent(config, state, SPEED, tracer.inject(calls, what))
    agent.wait_ready()
    begun = time.monotonic()
    time.sleep(FAULTY_S)
    failures = _flows(street, begun, time.monotonic())
    if not agent.is_running:
        failures.append(f"it ended: {list(agent.log)[-2:]}")
    agent.kill()
    ids = verdicts.acknowledged([agent])
    second = rig.agent(config, state, SPEED)
    second.wait_ready()
    whole = _settle(street, second, count, failures, ("storage",), ids)
    whole.failures = [f"{calls} {name}: {failure}" for failure in whole.failures]
    whole.note = f"{calls} {name} {what.partition('when=')[2]}"
    return whole


def _settle(
    street: Street, agent: Agent, injections: int, failures: Sequence[str], parts: Sequence[str],
    ids: Sequence[str] = (),
) -> Outcome:  # fmt: skip
    """Let it deliver, end it, and judge."""
    before = [*ids, *verdicts.acknowledged([agent])]
    verdicts.drained(street.consumer, set(before))
    agent.stop()
    every = [*ids, *verdicts.acknowledged([agent])]
    found = verdicts.judge(street, every, parts=parts) + verdicts.crashed([agent])
    return Outcome(injections, [*failures, *found], f"{len(set(every))} events")


def _flows(street: Street, since: float, until: float) -> list[str]:
    """Whether alarms went on meanwhile, each quickly, and the fault itself was no storm."""
    found = verdicts.latencies(street, since, until)
    told = [at for at, event in list(street.consumer.events)
            if since <= at <= until and event["data"]["kind"] == "device.fault"]  # fmt: skip
    if len(told) > MOST_TOLD:
        return [f"the disk's fault was told {len(told)} times in {until - since:.0f} s"]
    if len(found) < 3:
        return [f"only {len(found)} alarms came in {until - since:.0f} s"]
    return _quick(found, "meanwhile")


def _quick(found: Sequence[float], name: str) -> list[str]:
    slow_ones = [latency for latency in found if latency > QUICK_S]
    if not found:
        return [f"{name}: no alarm came"]
    if slow_ones:
        return [f"{name}: {len(slow_ones)} of {len(found)} alarms took more than {QUICK_S:g} s, "
                f"up to {max(slow_ones):.1f}"]  # fmt: skip
    return []


def _told_once(street: Street) -> list[str]:
    """Whether the failing disk is one fault, not none and not many."""
    told = {
        event["id"]
        for _, event in list(street.consumer.events)
        if event["data"]["kind"] == "device.fault" and event["type"].split(".")[2] == "fault"
    }
    return [] if 1 <= len(told) <= 2 else [f"the failing disk was told {len(told)} times"]


def _gaps(agent: Agent, since: float) -> float:
    """Longest time between two signs of life."""
    beats = [since, *(beat for beat in agent.beats if beat > since), time.monotonic()]
    return max(after - before for before, after in itertools.pairwise(beats))
