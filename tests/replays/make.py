"""Writes the recordings of the cases that tests/home_cases.py declares.

python tests/replays/make.py [--events] [CASE ...]

Without --events: config.toml and the recording, which follow from the declaration alone. With it:
events.jsonl as well, from the agent as it is now. What must hold is declared beside each case and
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
from playing import INPUTS, READINGS, REPLAYS, lines, played

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


def main() -> None:
    """Write them."""
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all if none is named")
    parser.add_argument("--events", action="store_true", help="write events.jsonl as well")
    args = parser.parse_args()
    unknown = [name for name in args.cases if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(CASES)}")
    chosen = [CASES[name] for name in args.cases or CASES]
    for case in chosen:
        folder = REPLAYS / case.name
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(case.config(), encoding="utf-8")
        name, text = recording(case)
        (folder / name).write_bytes(gzip.compress(text.encode(), mtime=0))
    if args.events:
        for case in chosen:
            path = REPLAYS / case.name / "events.jsonl"
            path.write_text(lines(played(case)), encoding="utf-8")


if __name__ == "__main__":
    main()
