"""Power cuts at random moments (A1), and the same cuts on tinydb's own storage for comparison."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import verdicts
from card import Card
from daemon import Agent
from outcome import Outcome
from rig import Rig
from street import Street

CUTS, LONG_CUTS = 200, 1000
LIFE = (8, 30)  # cuts of one device before a fresh one takes its place
SPEED = 400.0  # an alarm needs 30 s of readings
PAUSE_S = 0.06
SENSORS = 8
START_S = 5.0
EARLY = 0.15  # share of cuts that fall into start-up and recovery
CONTROL_CUTS = 40


@dataclass(slots=True)
class Tally:
    """What the cuts of one trial came to."""

    starts_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    acknowledged: int = 0
    missing: int = 0
    devices: int = 0
    cuts: int = 0


def cuts(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Cut the power; everything acknowledged before it comes, and every start takes < 5 s."""
    left = rig.share(LONG_CUTS if is_long else CUTS)
    street = Street(rig, draw, SENSORS, PAUSE_S)
    tally = Tally()
    while left > 0:
        life = min(left, draw.randint(*LIFE))
        left -= life
        tally.devices += 1
        card = Card(rig.name("image"), rig.name("card"))
        rig.parts.callback(card.close)
        _live(street, card, f"cut-{rig.shard}-{tally.devices}", life, tally)
        card.close()
    late = [start for start in tally.starts_s if start >= START_S]
    tally.failures += [f"a start after a power cut took {start:.1f} s" for start in late]
    note = (f"{tally.cuts} cuts of {tally.devices} devices, {tally.acknowledged:,} events on disk, "
            f"{tally.missing} missing, start at most {max(tally.starts_s, default=0.0):.1f} s")  # fmt: skip
    return Outcome(tally.cuts, tally.failures, note)


def _live(street: Street, card: Card, site: str, life: int, tally: Tally) -> None:
    """Cut the power of one device again and again, then let it deliver, and judge."""
    draw = street.draw
    config = street.site(site)
    ids: list[str] = []
    for _ in range(life):
        street.rig.boot(draw)
        agent = street.rig.agent(config, card.path / "state", SPEED)
        if draw.random() < EARLY:
            time.sleep(draw.uniform(0.0, 1.2))
        elif not _run_a_while(agent, draw):
            tally.failures.append(f"{site}: no start: {list(agent.log)[-3:]}")
        if not agent.is_running:
            tally.failures.append(f"{site}: ended by itself: {list(agent.log)[-3:]}")
        card.cut(lambda: agent.signal(signal.SIGSTOP), agent.kill)  # noqa: B023 - called at once
        if agent.ready_s is not None:
            tally.starts_s.append(agent.ready_s)
        ids += verdicts.acknowledged([agent])
        tally.failures += verdicts.crashed([agent])
        tally.cuts += 1
    street.rig.boot(draw)
    agent = street.rig.agent(config, card.path / "state", SPEED)
    verdicts.drained(street.consumer, set(ids))
    agent.stop()
    tally.acknowledged += len(set(ids))
    tally.missing += len(set(ids) - street.consumer.ids)
    # A record that the cut tore is found and told, which is right.
    tally.failures += verdicts.judge(street, ids, site=site, parts=("storage",))


def _run_a_while(agent: Agent, draw: random.Random) -> bool:
    """Run until a few events are on disk, and a little on; say whether it started in time."""
    if agent.wait_ready(START_S * 2) is None:
        return False
    agent.wait_acks(draw.randint(0, 6), 3.0)
    time.sleep(draw.uniform(0.0, 0.25))
    return True


def control(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """The same cuts on tinydb's own storage lose documents, or these cuts prove nothing."""
    del is_long
    card = Card(rig.name("image"), rig.name("card"))
    rig.parts.callback(card.close)
    file = card.path / "stock.json"
    cuts_that_lost = unreadable = documents = lost = 0
    for _ in range(CONTROL_CUTS):
        before = _documents(file) or {}
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("stock.py")), str(file)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        said: list[str] = []
        reader = threading.Thread(target=_read, args=(process, said), daemon=True)
        reader.start()
        enough, end = draw.randint(5, 60), time.monotonic() + 10.0
        while len(said) < enough and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(draw.uniform(0.0, 0.02))

        def kill(process: Any = process, reader: Any = reader) -> None:
            process.kill()
            process.wait()
            reader.join()

        card.cut(lambda: process.send_signal(signal.SIGSTOP), kill)  # noqa: B023 - called at once
        found = _documents(file)
        due = set(before) | set(said)
        documents += len(said)
        unreadable += found is None
        gone = due - set(found or {})
        lost += len(gone)
        cuts_that_lost += bool(gone)
        if found is None or len(found) > 400:
            file.unlink()
    note = (f"tinydb's own JSONStorage, same cuts: {cuts_that_lost} of {CONTROL_CUTS} lost "
            f"documents ({lost:,}; {documents:,} acknowledged), {unreadable} left it unreadable")  # fmt: skip
    failures = [] if cuts_that_lost else ["the cuts harm nobody, so they prove nothing"]
    return Outcome(0, failures, note)


def _read(process: Any, said: list[str]) -> None:
    said.extend(line.strip() for line in process.stdout if line.endswith("\n"))


def _documents(file: Path) -> dict[str, Any] | None:
    """What stands in it by document id; None if it cannot be read."""
    try:
        return dict(json.loads(file.read_text())["_default"])
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError):
        return None
