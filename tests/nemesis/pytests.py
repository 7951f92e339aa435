"""Tests of the suite that inject faults: run once, and their counts of injections added up."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from pathlib import Path

from outcome import Outcome

REPOSITORY = Path(__file__).parents[2]


def command(tests: Iterable[str], report: Path) -> list[str]:
    """What runs them."""
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            f"--junitxml={report}", "-o", "junit_family=xunit1", *sorted(set(tests))]  # fmt: skip


def known(tests: Iterable[str]) -> tuple[list[str], dict[str, Outcome]]:
    """Those that exist, and for each other one that it is missing."""
    found: list[str] = []
    missing: dict[str, Outcome] = {}
    for test in sorted(set(tests)):
        path, _, name = test.partition("::")
        file = REPOSITORY / path
        if file.is_file() and (not name or f"def {name}(" in file.read_text()):
            found.append(test)
        else:
            missing[test] = Outcome(failures=[f"{test} does not exist"])
    return found, missing


def read(report: Path, tests: Iterable[str]) -> dict[str, Outcome]:
    """The outcome of each test, its parameters together."""
    outcomes = {test: Outcome() for test in tests}
    if not report.exists():
        return {test: Outcome(failures=[f"{test}: pytest gave no report"]) for test in outcomes}
    seen: set[str] = set()
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own file
        test = f"{case.get('file')}::{(case.get('name') or '').partition('[')[0]}"
        for key in (test, str(case.get("file"))):
            if key in outcomes:
                seen.add(key)
                outcomes[key] = outcomes[key].join(_one(case, test))
    for test in outcomes.keys() - seen:
        outcomes[test].failures.append(f"{test} did not run")
    return outcomes


def _one(case: ET.Element, test: str) -> Outcome:
    count = 1  # a test that does not say injects one fault
    for field in case.iter("property"):
        if field.get("name") == "injections":
            count = int(field.get("value") or 0)
    for kind in ("failure", "error"):
        for found in case.iter(kind):
            why = (found.get("message") or "").splitlines() or [""]
            return Outcome(count, [f"{test}: {why[0][:120]}"])
    for found in case.iter("skipped"):
        return Outcome(0, not_run=f"{found.get('message')}")
    return Outcome(count)


def collected(tests: Mapping[str, Outcome], wanted: Iterable[str]) -> Outcome:
    """The outcome of several tests as one."""
    whole = Outcome()
    for test in wanted:
        whole = whole.join(tests[test])
    return whole


def run(tests: list[str], report: Path, bound_s: float) -> None:
    """Run them; for a trial of this file by itself."""
    subprocess.run(command(tests, report), cwd=REPOSITORY, timeout=bound_s, check=False)
