"""Writes the recordings of the cases that tests/home_cases.py declares.

python tests/replays/make.py [--events] [CASE ...]

Without --events: config.toml and the recording, which follow from the declaration alone. With it:
events.jsonl as well, from the agent as it is now, also of the cases that were recorded by hand. What must hold is declared beside each case and
checked by tests/test_home_cases.py, so that a wrong result cannot be written over.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1]))

from cases import Case
from home_cases import CASES
from playing import INPUTS, READINGS, REPLAYS, lines, played, recorded

from agent.store.buffer import to_document
from agent.store.journal import to_json


def recording(case: Case) -> tuple[str, str]:
    """The name and the text of a case's recording."""
    life = case.made()
    if not life.is_plain:
        rows = (to_json(to_document(item)).decode() for item in life.inputs())
        return INPUTS, "".join(f"{row}\n" for row in rows)
    zone = ZoneInfo(case.zone)
    rows = (
        f"{datetime.fromtimestamp(at, zone).isoformat()},{sensor},,{value:g}"
        for at, sensor, value in life.readings()
    )
    return READINGS, "".join(f"{row}\n" for row in ("time,sensor,quantity,value", *rows))


def write(case: Case) -> None:
    """Write what follows from the declaration."""
    folder = REPLAYS / case.name
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text(case.config(), encoding="utf-8")
    name, text = recording(case)
    (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all if none is named")
    parser.add_argument("--events", action="store_true", help="write events.jsonl as well")
    args = parser.parse_args()
    found = {file.parent.name: file.parent for file in REPLAYS.glob("*/readings.csv")}
    known = [*CASES, *found]
    unknown = [name for name in args.cases if name not in known]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(known)}")
    chosen = args.cases or known
    for name in chosen:
        if name in CASES:
            write(CASES[name])
    if not args.events:
        return
    for name in chosen:
        events = played(CASES[name]) if name in CASES else recorded(found[name])
        (REPLAYS / name / "events.jsonl").write_text(lines(events), encoding="utf-8")


if __name__ == "__main__":
    main()
