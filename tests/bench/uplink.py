"""Session and Delivery against a mosquitto on loopback: latency and rate of events at QoS 1.

python tests/bench/uplink.py [number of events]
"""

from __future__ import annotations

import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from outgoing import Agent

from agent.events import Event, Kind
from agent.uplink.link import LinkUp
from agent.uplink.settings import UplinkSettings


def event(sequence: int) -> Event:
    payload = {
        "specversion": "1.0",
        "id": f"a{sequence}.1",
        "sequence": f"{sequence:012d}",
        "boot": "bench",
        "data": {"kind": "home.help", "level": "red", "rev": 1, "clock": "synced",
                 "text": {"zh": "求助", "en": "help"}, "detail": "x" * 400},
    }  # fmt: skip
    return Event(sequence, 2000.0, Kind.HELP, payload)


def one_at_a_time(url: str, count: int) -> list[float]:
    """Seconds from put to the deletion that the PUBACK allows, each after the last."""
    agent = Agent(UplinkSettings((url,), insecure=True))
    agent.run_until(LinkUp)
    took = []
    for sequence in range(1, count + 1):
        start = time.perf_counter()
        agent.events.put(event(sequence))
        agent.delivery.pump(time.monotonic(), 2000.0)
        agent.run(lambda: not agent.events.items)
        took.append(time.perf_counter() - start)
    agent.stop()
    return took


def in_a_row(url: str, window: int, count: int) -> tuple[float, float]:
    """Events a second, and microseconds of CPU for each."""
    agent = Agent(UplinkSettings((url,), insecure=True, window=window))
    agent.run_until(LinkUp)
    agent.events.put(*[event(n) for n in range(1, count + 1)])
    start, used = time.perf_counter(), cpu()
    agent.delivery.pump(time.monotonic(), 2000.0)
    agent.run(lambda: not agent.events.items, 120.0)
    elapsed, used = time.perf_counter() - start, cpu() - used
    agent.stop()
    return count / elapsed, used / count * 1e6


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "mosquitto.conf")
        config.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\n"
        )
        broker = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(config)], stderr=subprocess.DEVNULL
        )
        try:
            url = f"mqtt://127.0.0.1:{port}"
            took = sorted(one_at_a_time(url, count))
            p50, p99 = (1e3 * statistics.quantiles(took, n=100)[i] for i in (49, 98))
            print(f"one at a time: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {len(took)} events")
            for window in (1, 20, 100):
                rate, micros = in_a_row(url, window, count)
                print(f"window {window}: {rate:.0f} events/s, {micros:.0f} us of CPU each")
        finally:
            broker.kill()
            broker.wait()


if __name__ == "__main__":
    main()
