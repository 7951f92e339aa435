"""The nemesis: faults on a schedule against the real agent, and what came of every promise.

python tests/nemesis/run.py [--long] [--only A1,D1] [--seed N] [--write FILE] [--jobs N]

Every trial runs in a process of its own and, as root, in mount and process namespaces of its own,
so that whatever it made ends with it, however it ends. The same seed draws the same schedule.
Exit code 1 if a promise was broken, or a line of the catalogue has no test.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytests
import tables
from faults import FAULTS
from outcome import Fault, Outcome, Pytest, Trial

HERE = Path(__file__).parent
TOTAL_S, LONG_TOTAL_S = 40 * 60.0, 4 * 3600.0
PYTEST_S = 900.0
NEEDS_ROOT = "needs root"


@dataclass(frozen=True, slots=True)
class Job:
    """One process to run.

    Attributes:
        key: what it belongs to: a trial, or None for the tests.
    """

    label: str
    key: Trial | None
    command: tuple[str, ...]
    report: Path
    bound_s: float


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--long", action="store_true", help="1,000 power cuts, every N, soak")
    parser.add_argument("--only", default="", help="lines of the catalogue, such as A1,D1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help="file that the tables also go to")
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    args = parser.parse_args()
    only = {name for name in args.only.split(",") if name}
    chosen = [fault for fault in FAULTS if not only or fault.id in only]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    with workplace() as folder:
        trials, tests = attempt(chosen, args, folder)
    outcomes = by_fault(chosen, trials, tests)
    text = report(chosen, outcomes, trials, args, time.monotonic() - begun)
    print(text)
    if args.write:
        args.write.write_text(head(args) + text)
    failed = sum(tables.verdict(f, outcomes.get(f.id)) in {tables.FAILED, tables.NO_TEST}
                 for f in chosen)  # fmt: skip
    held = sum(tables.verdict(f, outcomes.get(f.id)) == tables.HELD for f in chosen)
    print(f"\n{held} passed, {failed} failed, {len(chosen) - held - failed} skipped")
    return 1 if failed else 0


@contextlib.contextmanager
def workplace() -> Iterator[Path]:
    """A folder on a real disk; removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="street-agent-nemesis-", dir="/var/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def attempt(
    chosen: Sequence[Fault], args: argparse.Namespace, folder: Path
) -> tuple[dict[Trial, Outcome], dict[str, Outcome]]:
    """Run every trial and test that the chosen lines ask for, each once."""
    proofs = dict.fromkeys(proof for fault in chosen for proof in fault.proofs)
    wanted = [test for proof in proofs if isinstance(proof, Pytest) for test in proof.tests]
    found, tests = pytests.known(wanted)
    trials: dict[Trial, Outcome] = {}
    jobs: list[Job] = []
    for trial in (proof for proof in proofs if isinstance(proof, Trial)):
        if trial.needs_root and os.geteuid() != 0:
            trials[trial] = Outcome(not_run=NEEDS_ROOT)
        else:
            jobs += trial_jobs(trial, args, folder)
    report = folder / "pytest.xml"
    if found:
        command = tuple(pytests.command(found, report))
        jobs.append(Job(f"pytest, {len(found)} tests", None, command, report, PYTEST_S))
    jobs.sort(key=lambda job: -job.bound_s)  # the longest first: both cores end together
    for job, outcome in run_all(jobs, args.jobs, LONG_TOTAL_S if args.long else TOTAL_S):
        if job.key is not None:
            trials[job.key] = trials.get(job.key, Outcome()).join(outcome)
    if found:
        tests.update(pytests.read(report, found))
    return trials, tests


def trial_jobs(trial: Trial, args: argparse.Namespace, folder: Path) -> Iterator[Job]:
    """One job a shard."""
    for shard in range(trial.shards):
        label = trial.name if trial.shards == 1 else f"{trial.name} {shard + 1}/{trial.shards}"
        place = folder / f"{trial.name}-{shard}"
        report = folder / f"{trial.name}-{shard}.json"
        command = [sys.executable, str(HERE / "trial.py"), trial.name, "--folder", str(place),
                   "--report", str(report), "--seed", str(args.seed), "--shard", str(shard),
                   "--shards", str(trial.shards)]  # fmt: skip
        bound_s = trial.bound_s
        if args.long:
            command.append("--long")
            bound_s = max(bound_s, trial.long_bound_s)
        yield Job(label, trial, tuple(command), report, bound_s)


def run_all(jobs: Sequence[Job], at_once: int, total_s: float) -> Iterator[tuple[Job, Outcome]]:
    """Run them, a few at a time; give each with what came of it."""
    waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Job, Outcome]] = queue.SimpleQueue()
    end = time.monotonic() + total_s
    for job in jobs:
        waiting.put(job)

    def work() -> None:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                done.put((job, run_job(job, min(job.bound_s, end - time.monotonic()))))
            except Exception as error:  # noqa: BLE001 - else nobody would put, and all would wait
                done.put((job, Outcome(failures=[f"{job.label}: {error!r}"])))

    for _ in range(at_once):
        threading.Thread(target=work, daemon=True).start()
    for _ in jobs:
        yield done.get()


def run_job(job: Job, bound_s: float) -> Outcome:
    """Run one, kill it if it takes too long, and read what it found."""
    if bound_s <= 0:
        return Outcome(failures=[f"{job.label}: no time was left for it"])
    say(f"start  {job.label}")
    begun = time.monotonic()
    log = job.report.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(apart(job.command), stdout=file, stderr=file,
                                   stdin=subprocess.DEVNULL, cwd=pytests.REPOSITORY)  # fmt: skip
    try:
        process.wait(bound_s)
        is_late = False
    except subprocess.TimeoutExpired:
        is_late = True
    finally:
        process.kill()  # and with it, as root, all that stands in its namespaces
        process.wait()
    took = time.monotonic() - begun
    outcome = Outcome()
    if is_late:
        outcome.failures.append(f"{job.label}: not done after {bound_s:.0f} s")
    elif job.key is not None:
        outcome = read(job, log)
        outcome.failures = [f"{job.label}: {failure}" for failure in outcome.failures]
    say(
        f"end    {job.label}, {took:.0f} s: {'FAILED' if outcome.failures else 'done'} {outcome.note}"
    )
    for failure in outcome.failures:
        say(f"       {failure}")
    return outcome


def read(job: Job, log: Path) -> Outcome:
    """What the trial wrote, or its last words."""
    if not job.report.exists():
        words = " / ".join(log.read_text(errors="replace").splitlines()[-4:])
        return Outcome(failures=[f"broke off: {words}"])
    return Outcome(**json.loads(job.report.read_text()))


def apart(command: Sequence[str]) -> list[str]:
    """It ends when we end, however that happens; as root with all the processes and mounts it made.

    The kernel sends the signal when the thread that started it ends, which waits for it.
    """
    bound = ["setpriv", "--pdeathsig", "KILL"]
    if os.geteuid() != 0:
        return [*bound, *command]
    return [*bound, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
            *command]  # fmt: skip


def by_fault(
    chosen: Sequence[Fault], trials: dict[Trial, Outcome], tests: dict[str, Outcome]
) -> dict[str, Outcome]:
    """Everything that was found out about each line; a line without proofs has no entry."""
    outcomes: dict[str, Outcome] = {}
    for fault in chosen:
        whole = Outcome()
        for proof in fault.proofs:
            if isinstance(proof, Trial):
                whole = whole.join(trials.get(proof, Outcome(failures=["did not run"])))
            else:
                whole = whole.join(pytests.collected(tests, proof.tests))
        if fault.proofs:
            outcomes[fault.id] = whole
    return outcomes


def report(
    chosen: Sequence[Fault],
    outcomes: dict[str, Outcome],
    trials: dict[Trial, Outcome],
    args: argparse.Namespace,
    took_s: float,
) -> str:
    """Both tables, figures, failures."""
    parts = ["", tables.promises(chosen, outcomes), "", tables.catalogue(chosen, outcomes), ""]
    parts += [f"{trial.name}: {outcome.note}" for trial, outcome in trials.items() if outcome.note]
    failures = dict.fromkeys(f for outcome in outcomes.values() for f in outcome.failures)
    if failures:
        parts += ["", "Failures:", *(f"- {failure}" for failure in failures)]
    total = sum(outcome.injections for outcome in outcomes.values())
    parts += [
        "",
        f"{total:,} faults, seed {args.seed}, {os.cpu_count()} cores, {took_s / 60:.0f} min",
    ]
    return "\n".join(parts) + "\n"


def head(args: argparse.Namespace) -> str:
    """What a file with the tables begins with."""
    command = "make nemesis-long"
    if not args.long:
        command = f'make nemesis NEMESIS_ARGS="--write {args.write}"'
    return f"# Promises, and the faults that put them to the test\n\nWritten by `{command}`.\n"


def say(text: str) -> None:
    """A line of progress, at once."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
