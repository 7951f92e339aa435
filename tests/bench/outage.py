"""What is lost, repeated or out of order when the broker goes, or the agent is killed.

python tests/bench/outage.py [--outage SECONDS] [--kills N] [--seed N] [--only abcd] [--folder F]

Readings are told apart by their value, deliveries of one reading by their `seq`. Exit code 1 if the
agent misses a bar.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from outcome import Outcome, compare, settled, with_events
from rig import Rig, options, show
from subscriber import WAIT_S, Delivery

from agent.config.load import load
from agent.pipeline.pipeline import Pipeline
from agent.store.buffer import recorded
from agent.store.layout import READINGS
from drivers.reading import Reading

DRAIN_S = 30.0
BURST = 5


def feed(rig: Rig, values: Iterable[int], hz: float) -> None:
    """Send readings at a pace."""
    due = time.perf_counter()
    for value in values:
        time.sleep(max(0.0, due - time.perf_counter()))
        rig.line.send(value)
        due += 1 / hz


def stored(rig: Rig) -> list[Reading]:
    """What stands in the agent's journal now."""
    found = recorded(rig.folder / "state" / READINGS, 0)
    return [item for item in found if isinstance(item, Reading)]


def drain(rig: Rig, due: set[int]) -> None:
    """Wait until all have come, and for what else may come."""
    heard = rig.subscriber.deliveries
    rig.subscriber.wait(lambda: due <= {delivery.mm for delivery in heard}, DRAIN_S)
    rig.subscriber.wait(lambda: False, 1.0)


def broker_outage(rig: Rig, outage_s: float) -> Outcome:
    """(a) The broker is killed in the middle and comes back on the same port."""
    hz = 10.0
    values = range(1000, 1000 + round(outage_s * 17.5))  # 1,050 in 105 s with 60 s in between
    margin = round((len(values) / hz - outage_s) / 2 * hz)
    agent = rig.agent("state")
    agent.wait_open()
    heard = rig.subscriber.deliveries
    rig.subscriber.wait(lambda: bool(rig.subscriber.events), 2.0)
    feed(rig, values[:margin], hz)
    rig.subscriber.wait(lambda: len(heard) >= margin)
    rig.broker.save()
    rig.broker.kill()
    before = len(heard)
    feed(rig, values[margin:-margin], hz)
    back_at = rig.broker.start()
    feed(rig, values[-margin:], hz)
    drain(rig, set(values))
    agent.stop()
    back_s = heard[before].at - back_at if len(heard) > before else DRAIN_S
    return compare(len(values), values, heard, back_s, f"broker away for {outage_s:g} s")


def crash_offline(rig: Rig) -> Outcome:
    """(b) No broker, 100 readings, kill -9, broker up, agent on the same state."""
    values = range(1000, 1100)
    rig.broker.save()
    rig.broker.kill()
    agent = rig.agent("state")
    agent.wait_open()
    feed(rig, values, 50.0)
    wait_stored(rig, len(values))
    agent.kill()
    rig.broker.start()
    agent = rig.agent("state")
    drain(rig, set(values))
    agent.stop()
    heard = rig.subscriber.deliveries
    back_s = heard[0].at - agent.begun if heard else DRAIN_S
    return compare(len(values), values, heard, back_s, "from the start of the agent")


def wait_stored(rig: Rig, count: int) -> None:
    """Wait until all that was fed is in the journal: what waits in the port dies with it."""
    deadline = time.monotonic() + WAIT_S
    while len(stored(rig)) < count and time.monotonic() < deadline:
        time.sleep(0.02)


def crash_in_alarm(rig: Rig) -> Outcome:
    """(c) As (b), in a flood that goes on rising after the restart."""
    # 300 mm deep and rising by 5 mm/s: orange before the restart, red after it.
    values = range(2400, 2030, -1)
    half = len(values) // 2
    rig.broker.save()
    rig.broker.kill()
    agent = rig.agent("state")
    agent.wait_open()
    feed(rig, values[:half], 5.0)
    wait_stored(rig, half)
    agent.kill()
    rig.broker.start()
    agent = rig.agent("state")
    agent.wait_open()
    feed(rig, values[half:], 5.0)
    drain(rig, set(values))
    expected = undisturbed(rig)
    agent.stop()
    heard = rig.subscriber.deliveries
    back_s = heard[0].at - agent.begun if heard else DRAIN_S
    found = compare(len(values), values, heard, back_s)
    return with_events(found, expected, [payload for _, payload in rig.subscriber.events])


def undisturbed(rig: Rig) -> list[dict[str, Any]]:
    """The events of an agent that takes in the same inputs and is never killed."""
    configuration = load(rig.config)
    pipeline = Pipeline(configuration.site, configuration.limits)
    inputs = recorded(rig.folder / "state" / READINGS, 0)
    events = [event for item in inputs for event in pipeline.take(item)[1]]
    return [settled(json.loads(json.dumps(event.payload))) for event in events]


def crashes(rig: Rig, kills: int, seed: int) -> Outcome:
    """(d) Kill -9 at random moments while readings flow.

    Bursts are fed in a closed loop, the next after all of the last was heard, and the kill comes
    within milliseconds after one. What the killed agent had neither sent nor journalled was still
    in the port, and goes with it; all the rest has to come.
    """
    draw = random.Random(seed)
    heard = rig.subscriber.deliveries
    due: set[int] = set()
    value, in_port, in_journal = 1000, 0, 0
    for _ in range(kills):
        agent = rig.agent("state")
        agent.wait_open()
        for _ in range(draw.randint(4, 24)):
            burst = burst_from(rig, value)
            value += BURST
            rig.subscriber.wait(partial(has_come, heard, burst[-1]), 5.0)
            due.update(burst)
            time.sleep(BURST / 100)
        burst = burst_from(rig, value)
        value += BURST
        time.sleep(draw.uniform(0.0, 0.004))
        agent.kill()
        kept = {int(reading.value) for reading in stored(rig)} & set(burst)
        kept |= {delivery.mm for delivery in heard} & set(burst)
        due |= kept
        in_port += len(burst) - len(kept)
        rig.subscriber.wait(lambda: False, 0.2)  # what the broker has already
        in_journal += len(kept - {delivery.mm for delivery in heard})
    agent = rig.agent("state")
    drain(rig, due)
    agent.stop()
    note = f"{kills} kills; {in_journal} unsent on disk, {in_port} still in the port at a kill"
    return compare(value - 1000, due, heard, None, note)


def burst_from(rig: Rig, value: int) -> range:
    """Feed a burst at once."""
    burst = range(value, value + BURST)
    rig.line.send(*burst)
    return burst


def has_come(heard: Sequence[Delivery], mm: int) -> bool:
    """Whether the last of what came is that reading, or a later one."""
    return bool(heard) and heard[-1].mm >= mm


def main() -> int:
    parser = options(__doc__ or "")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds without broker in (a)")
    parser.add_argument("--kills", type=int, default=20, help="in (d); at most 24")
    parser.add_argument("--seed", type=int, default=1, help="of the moments in (d)")
    parser.add_argument("--only", default="abcd", help="which trials")
    args = parser.parse_args()
    trials = {
        "a": ("a broker killed and back", lambda rig: broker_outage(rig, args.outage)),
        "b": ("b no broker, kill -9, restart", crash_offline),
        "c": ("c the same with an open alarm", crash_in_alarm),
        "d": ("d kill -9 while readings flow", lambda rig: crashes(rig, args.kills, args.seed)),
    }
    rows = [["trial", "fed", "lost", "repeated", "reordered", "wrong", "back after", "verdict", ""]]
    is_good = True
    for name, run in (trials[letter] for letter in args.only):
        with Rig(args.folder) as rig:
            found = run(rig)
        is_good = is_good and found.is_good
        back = "" if found.back_s is None else f"{found.back_s:.2f} s"
        counts = (found.fed, found.lost, found.repeated, found.reordered, found.wrong)
        verdict = "met" if found.is_good else "missed"
        rows.append([name, *map(str, counts), back, verdict, found.note])
    show(rows)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
