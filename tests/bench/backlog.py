"""A million readings waiting, through the whole agent: `python tests/bench/backlog.py`.

Fills a state folder as an agent leaves it that was offline for long, then starts the agent beside
one with nothing waiting: time to its first reading at a subscriber, memory, and the rate at which
the backlog arrives through a real mosquitto. Exit code 1 if a reading is missing or out of order.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from rig import Rig, options

from agent.clock import SystemClock
from agent.config.load import load
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store, keep
from agent.store import layout
from agent.store.buffer import Buffer
from agent.store.diary import Diary
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from drivers.reading import Quantity, Reading, Stamp

PATIENCE_S = 90.0


class Counter:
    """Counts readings as they come, and whether a number follows the one before."""

    def __init__(self, port: int, wanted: int) -> None:
        self.count = self.gaps = 0
        self.first_at = self.last_at = 0.0
        self.done = threading.Event()
        self._wanted = wanted
        self._next = 1
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("street/v1/+/reading/#", qos=1)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_message(self, _: Client, __: object, message: MQTTMessage) -> None:
        self.last_at = time.perf_counter()
        self.first_at = self.first_at or self.last_at
        for record in json.loads(message.payload):
            self.gaps += record["seq"] != self._next
            self._next = record["seq"] + 1
            self.count += 1
        if self.count >= self._wanted:
            self.done.set()


def fill(config: Path, folder: Path, waiting: int) -> None:
    """Leave what an agent leaves that stored so many readings and sent none."""
    configuration = load(config)
    store = Store(
        Buffer(folder / layout.READINGS, 64 << 30),
        Outbox(folder / layout.OUTBOX),
        Snapshots(folder / layout.SNAPSHOTS),
        Diary(folder / layout.DIARY),
    )
    clock = SystemClock()
    clock.offset = 2.0 * waiting  # so that it counts from far back, as after months of running
    pipeline = Pipeline(configuration.site, configuration.limits)
    mono, wall = clock.mono() - waiting, clock.wall() - waiting
    for number in range(1, waiting + 1):
        stamp = Stamp(clock.boot, mono + number, wall + number, synced=True, sequence=number)
        reading = Reading("road-level", Quantity.DISTANCE_MM, 2700.0 - number % 3, stamp)
        store.buffer.append(reading)
    pipeline.take(reading)
    keep(pipeline, clock, store)
    store.buffer.close()
    store.outbox.close()


def trial(folder: Path, waiting: int) -> tuple[float, float, float, int, int]:
    """Seconds to the first reading, highest PSS, readings/s, missing, out of order."""
    with Rig(folder) as rig:
        rig.subscriber.close()  # it keeps every reading; a million of them are a machine's worth
        fill(rig.config, rig.folder / "state", waiting)
        counter = Counter(rig.broker.port, waiting)
        agent = rig.agent("state")
        peak = 0.0
        deadline = time.monotonic() + PATIENCE_S
        while not counter.done.wait(0.2) and time.monotonic() < deadline:
            peak = max(peak, agent.pss_mb())
        peak = max(peak, agent.pss_mb())
        counter.close()
        rate = counter.count / max(counter.last_at - counter.first_at, 1e-3)
        first_s = counter.first_at - agent.begun
        return first_s, peak, rate, max(0, waiting - counter.count), counter.gaps


def main() -> int:
    """Print the table."""
    parser = options(__doc__ or "")
    parser.add_argument("--waiting", type=int, default=1_000_000)
    args = parser.parse_args()
    few = trial(args.folder, 1)
    many = trial(args.folder, args.waiting)
    print(f"{'':34}{'1 waiting':>12}{f'{args.waiting} waiting':>18}  bar")
    print(f"{'start to first reading, s':34}{few[0]:12.2f}{many[0]:18.2f}  < 1")
    print(f"{'highest memory (PSS), MB':34}{few[1]:12.1f}{many[1]:18.1f}  + 5")
    print(f"{'drain to the subscriber, readings/s':34}{'':>11}{many[2]:18.0f}  > 5000")
    print(f"{'missing':34}{few[3]:12}{many[3]:18}  0")
    print(f"{'out of order':34}{few[4]:12}{many[4]:18}  0")
    return 1 if many[3] or many[4] or many[2] < 5000 else 0


if __name__ == "__main__":
    sys.exit(main())
