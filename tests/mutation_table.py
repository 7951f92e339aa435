"""Prints what came of the last `make mutation`: a table of the files, then each survivor's change."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

MUTANTS = Path(__file__).parent.parent / "mutants"
OUTCOMES = {0: "survived", 1: "killed", 3: "killed", 5: "no tests", 33: "no tests"}
KEPT = ("killed", "survived")
OUTCOMES |= dict.fromkeys((24, 36, 152, 255, -24), "timeout")


def outcomes(meta: Path) -> dict[str, str]:
    """What became of each mutant of a file; exit codes as mutmut keeps them."""
    codes = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
    return {
        name: "not run" if code is None else OUTCOMES.get(code, f"exit code {code}")
        for name, code in codes.items()
    }


def row(name: str, found: Counter[str]) -> str:
    """A line of the table; the share is of those that were killed or survived."""
    judged = found["killed"] + found["survived"]
    share = f"{100 * found['killed'] / judged:.1f} %" if judged else "-"
    others = ", ".join(f"{n} {what}" for what, n in sorted(found.items()) if what not in KEPT)
    return f"| {name} | {found['killed']} | {found['survived']} | {share} | {others or '-'} |"


def main() -> None:
    """The table, then what the survivors change."""
    files = {meta: outcomes(meta) for meta in sorted(MUTANTS.glob("agent/detectors/*.meta"))}
    if not files:
        sys.exit(f"{MUTANTS}: no results; run `make mutation` first")
    print("| file | killed | survived | share | beside |")
    print("| --- | ---: | ---: | ---: | --- |")
    total: Counter[str] = Counter()
    for meta, found in files.items():
        counts = Counter(found.values())
        total += counts
        print(row(meta.name.removesuffix(".meta"), counts))
    print(row("all", total))
    for found in files.values():
        for name in sorted(name for name, what in found.items() if what == "survived"):
            shown = subprocess.run(
                [sys.executable, "-m", "mutmut", "show", name],
                cwd=MUTANTS.parent, capture_output=True, text=True, check=True,
            ).stdout  # fmt: skip
            changed = [
                x for x in shown.splitlines() if x[:1] in "+-" and x[:3] not in ("+++", "---")
            ]
            print("\n".join(["", name, *changed]))


if __name__ == "__main__":
    main()
