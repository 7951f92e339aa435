"""One trial in a process of its own; run.py starts it and reads its report.

python tests/nemesis/trial.py MODULE.FUNCTION --folder F [--report FILE] [--seed N] [--shard N]
    [--shards N] [--long]

By itself it prints what it found.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import signal
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from outcome import Outcome
from rig import Rig


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shard", type=int, default=0)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
    ):  # as process 1 of a namespace it must ask for them
        signal.signal(number, lambda *_: sys.exit(143))
    module, _, function = args.name.partition(".")
    run = getattr(importlib.import_module(module), function)
    draw = random.Random(f"{args.seed}/{args.name}/{args.shard}")
    begun = time.monotonic()
    args.folder.mkdir(parents=True, exist_ok=True)
    with Rig(args.folder, args.shard, args.shards) as rig:
        try:
            outcome = run(rig, draw, args.long)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
            traceback.print_exc()
            outcome = Outcome(failures=[f"broke off: {type(error).__name__}: {error}"])
    if args.report:
        args.report.write_text(json.dumps(asdict(outcome)))
    else:
        print(json.dumps(asdict(outcome), indent=2, ensure_ascii=False))
        print(f"{time.monotonic() - begun:.1f} s")
    return 1 if outcome.failures else 0


if __name__ == "__main__":
    sys.exit(main())
