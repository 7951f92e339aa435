"""A recorded flood as frames on a serial line: what a subscriber reads of it.

python tests/bench/over_serial.py RECORDING.csv[.gz] [--column NAME] [--time NAME] [--since TIME]
    [--until TIME] [--speed N] [--blue-mm MM] [--kind KIND]

The recording holds distances to the road in mm. They go at N times their pace through a pty into
`street-agent run --speed N`, a mosquitto, and to a subscriber whose events are printed at the time
of the recording. The mounting height is the median of the first 100 usable distances.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from rig import Rig, options

USABLE_MM = range(301, 5000)  # between a MaxBotix's blind zone and its "no echo"
ZERO = 100


def recording(path: Path, time_column: str, mm_column: str) -> Iterator[tuple[float, int]]:
    """Seconds since 1970 and the distance of each row that has both."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        for row in csv.DictReader(file):
            if row[mm_column]:
                yield seconds(row[time_column]), int(float(row[mm_column]))


def seconds(text: str) -> float:
    """Since 1970; a time without offset is UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def told(moment: float, event: dict[str, Any]) -> str:
    """Put an event on three lines."""
    data = event["data"]
    step = event["type"].split(".")[2]
    when = datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
    about = f"{data['kind']} {step} {data['level']} {data['certainty']}"
    return f"{when}  {about}\n    {data['text']['zh']}\n    {data['text']['en']}"


class Play:
    """Sends every row at its moment, and prints events at theirs.

    Attributes:
        printed: events heard so far, printed or not.
    """

    def __init__(
        self, rig: Rig, rows: Sequence[tuple[float, int]], speed: float, kind: str
    ) -> None:
        self.printed = 0
        self._rig = rig
        self._rows = rows
        self._speed = speed
        self._kind = kind
        self._begun = time.perf_counter()

    def run(self) -> None:
        """Return when the last row is sent."""
        first = self._rows[0][0]
        for moment, mm in self._rows:
            due = self._begun + (moment - first) / self._speed
            while (early := due - time.perf_counter()) > 0:
                time.sleep(min(early, 0.05))
                self.print()
            self._rig.line.send(min(max(mm, 0), 9999))

    def print(self) -> None:
        """Print what has come since the last call."""
        for at, event in self._rig.subscriber.events[self.printed :]:
            self.printed += 1
            if event["data"]["kind"].startswith(self._kind):
                moment = self._rows[0][0] + (at - self._begun) * self._speed
                print(told(moment, event), flush=True)


def main() -> int:
    parser = options(__doc__ or "")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--column", default="dist_mm", help="of the distance in mm")
    parser.add_argument("--time", default="time", help="column of the time, ISO 8601")
    parser.add_argument("--since", type=seconds, default=0.0, metavar="TIME")
    parser.add_argument("--until", type=seconds, default=1e12, metavar="TIME")
    parser.add_argument("--speed", type=float, default=1000.0)
    parser.add_argument("--blue-mm", type=float, default=50.0, help="threshold of blue")
    parser.add_argument("--kind", default="", help="print only kinds that begin so")
    args = parser.parse_args()
    every = list(recording(args.recording, args.time, args.column))
    zero = median([mm for _, mm in every if mm in USABLE_MM][:ZERO])
    rows = [(moment, mm) for moment, mm in every if args.since <= moment <= args.until]
    if not rows:
        parser.error("the recording holds nothing in that time")
    more = f"[detector.waterlogging]\nblue_mm = {args.blue_mm:g}"
    with Rig(args.folder, mount_mm=zero, more=more) as rig:
        agent = rig.agent("state", "--speed", f"{args.speed:g}")
        agent.wait_open()
        play = Play(rig, rows, args.speed, args.kind)
        play.run()
        heard = rig.subscriber.deliveries
        rig.subscriber.wait(lambda: len({d.seq for d in heard}) >= len(rows), 10.0)
        agent.stop()
        play.print()
        came = len({delivery.seq for delivery in heard})
    print(f"dry road at {zero:g} mm, {args.speed:g} times as fast: {len(rows)} readings fed, "
          f"{came} received, {len(rows) - came} lost; {play.printed} events")  # fmt: skip
    return 0 if came == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
