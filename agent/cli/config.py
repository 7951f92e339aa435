"""`street-agent config`: change the configuration of a device without losing the device.

    diff FILE       what FILE would change
    apply FILE      try FILE; unless somebody confirms it in time, the old configuration comes back
    confirm         make the configuration on trial last
    rollback [N]    back to the configuration before, or to revision N
    history         the last ten, and what became of them
    return-if-due   what street-agent-return.timer runs: end a trial whose time is over

`apply` outlives the session in which it was typed, and says nothing while it holds the lock: a
terminal that hangs cannot keep the old configuration away.
"""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TextIO

from agent.cli.allow import DROP_IN, allow_more
from agent.cli.places import DEFAULT_CONFIG
from agent.cli.who import who
from agent.clock import BOOT_ID, SystemClock
from agent.config.attempt import PATIENCE_S, Device, Ending, Order, Outcome, same_to_agent
from agent.config.change import apply, confirm, earlier, give_up
from agent.config.document import contents, parsed
from agent.config.gate import SOCKET, SocketWatch
from agent.config.going_back import return_if_due
from agent.config.history import rows
from agent.config.load import examine, parse
from agent.config.revisions import FOLDER, Revisions, digest
from agent.config.trial import Moment, remaining_s
from agent.config.wording import printable
from agent.config.words import WIDTH, table, told
from agent.detectors.hours import zone_of
from agent.errors import (
    ConfigError,
    NeedsRoot,
    ServiceError,
    StorageDamaged,
    StorageError,
    StreetAgentError,
)
from agent.service import PROGRAM, Service
from agent.width import wrap

TIMER = "street-agent-return.timer"
FAILED, RETURNED = 1, 8
UNITS_S = {"s": 1, "m": 60, "h": 3600}
SHORTEST_S, LONGEST_S = 60, 86400
LONGEST_WHY = 200
SECRET = re.compile(  # neither is allowed in a configuration; somebody may have tried
    r"(://)[^/@\s\"']*(?=@)|((?:password|passwd|secret|token|psk)\w*(?<!_file)\s*=\s*).*",
    re.IGNORECASE,
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = {}
    for name, text in (
        ("diff", "show what a file would change"),
        ("apply", "try a configuration; what got worse or is not confirmed is undone by itself"),
        ("confirm", "make the configuration on trial last"),
        ("rollback", "end a trial, or go back to the configuration before, or to revision N"),
        ("history", "show the last ten configurations and what became of them"),
        ("return-if-due", f"end a trial whose time is over; {TIMER} runs this every 30 s"),
    ):
        made[name] = actions.add_parser(name, help=text, description=text)
        _add_places(made[name])
    for name in ("diff", "apply"):
        made[name].add_argument("file", type=Path, metavar="FILE", help="the new configuration")
    made["rollback"].add_argument(
        "number", nargs="?", type=int, metavar="N", help="a number that history shows"
    )
    for name in ("apply", "rollback"):
        made[name].add_argument(
            "--confirm-within", type=duration_s, default=600, metavar="TIME",
            help="how long the trial lasts, 1m to 24h (default: 10m); 0 = no trial: it lasts once "
            "the agent is ready and nothing is worse, the uplink included",
        )  # fmt: skip
        made[name].add_argument("--why", default="", metavar="TEXT", help="a word for the history")
    made["confirm"].add_argument(
        "--anyway", action="store_true", help="even if something is worse than before the trial"
    )
    made["history"].add_argument("--json", action="store_true", help="for a script to read")
    made["history"].add_argument(
        "--lang", choices=("zh", "en", "both"), default="both",
        help="language of what is shown (default: %(default)s)",
    )  # fmt: skip


def duration_s(text: str) -> int:
    """Seconds of a duration such as 90s, 10m or 2h. Raise argparse's error."""
    match = re.fullmatch(r"(\d{1,5})([smh])", text)
    seconds = int(match[1]) * UNITS_S[match[2]] if match else -1
    if text == "0" or SHORTEST_S <= seconds <= LONGEST_S:
        return max(seconds, 0)
    raise argparse.ArgumentTypeError(f"{text!r} is no duration from 1m to 24h, and not 0")


def run(args: argparse.Namespace) -> int:
    """Do what is asked for; where that takes root, say how."""
    actions = {
        "diff": _diff, "apply": _apply, "confirm": _confirm, "rollback": _roll_back,
        "history": _history, "return-if-due": _return,
    }  # fmt: skip
    try:
        return actions[args.action](args, _device(args))
    except StreetAgentError as error:
        if not isinstance(error.__cause__, PermissionError) or os.geteuid() == 0:
            raise
        raise NeedsRoot(str(error)) from error.__cause__


def _device(args: argparse.Namespace) -> Device:
    """Give the device on which this runs, with its real edges."""
    site = args.config.absolute()
    clock = SystemClock()
    boot = BOOT_ID.read_text().strip()

    def now() -> Moment:
        mono = time.clock_gettime(time.CLOCK_BOOTTIME)
        return Moment(boot, mono, clock.wall(), clock.is_synced())

    return Device(
        Revisions(site, site.parent / FOLDER), Service(args.systemctl), SocketWatch(args.socket),
        now, time.sleep, "street-agent" if args.action == "return-if-due" else who(),
    )  # fmt: skip


def _diff(args: argparse.Namespace, device: Device) -> int:
    old = device.revisions.in_force()
    new, is_valid = _checked(args.file)
    if new is None:
        return ConfigError.exit_code
    names = printable(str(device.revisions.site)), printable(str(args.file))
    before, after = (text.decode(errors="replace").splitlines() for text in (old, new))
    for line in difflib.unified_diff(before, after, *names, lineterm=""):
        print(SECRET.sub(r"\1\2***", printable(line.replace("\t", "    "))))
    if old == new:
        print("nothing differs", file=sys.stderr)
    elif same_to_agent(old, new):
        print("only comments or blanks differ: the agent would not restart", file=sys.stderr)
    return 0 if is_valid else ConfigError.exit_code


def _apply(args: argparse.Namespace, device: Device) -> int:
    data, is_valid = _checked(args.file)
    if data is None or not is_valid:
        return ConfigError.exit_code
    return _tried(args, device, data)


def _roll_back(args: argparse.Namespace, device: Device) -> int:
    pending = device.revisions.pending()
    if pending and args.number in {None, pending.back_to}:
        with _steadfast():
            outcome = give_up(device)
        _say(device, outcome)
        return 0 if outcome.ending is Ending.RETURNED else FAILED
    data, is_valid = _checked(device.revisions.path(earlier(device, args.number)))
    if data is None or not is_valid:
        return ConfigError.exit_code
    return _tried(args, device, data)


def _tried(args: argparse.Namespace, device: Device, data: bytes) -> int:
    if args.confirm_within:
        _require_timer(args.systemctl)
    with suppress(OSError):
        print(f"试用中，最多 {PATIENCE_S:g} 秒……\n  Trying it, for {PATIENCE_S:g} s at most ...",
              file=sys.stderr, flush=True)  # fmt: skip
    why = printable(" ".join(args.why.split()))[:LONGEST_WHY]
    before = device.revisions.in_force_if_any()
    try:
        with _steadfast():
            if allow_more(parse(data, str(args.config)).uplink, args.allowed):
                Service(args.systemctl).reload()
            outcome = apply(device, data, Order(float(args.confirm_within), why))
    except StorageError as error:
        if device.revisions.in_force_if_any() != before:
            raise
        text = f"{error}; the configuration in force is as it was"
        raise StorageError(text) from error.__cause__
    _say(device, outcome)
    return RETURNED if outcome.ending is Ending.RETURNED else 0


def _confirm(args: argparse.Namespace, device: Device) -> int:
    with _steadfast():
        outcome = confirm(device, anyway=args.anyway)
    _say(device, outcome)
    if outcome.ending is Ending.LASTS:
        return 0
    was_returned = outcome.ending is Ending.RETURNED or (
        outcome.ending is Ending.NOTHING and outcome.worse
    )
    return RETURNED if was_returned else FAILED


def _return(args: argparse.Namespace, device: Device) -> int:
    del args
    outcome = return_if_due(device)
    if outcome is not None:
        _say(device, outcome)
    return 0


def _history(args: argparse.Namespace, device: Device) -> int:
    revisions = device.revisions
    text, kept, lines = revisions.in_force(), revisions.kept(), revisions.lines()
    troubles = []
    try:
        pending = revisions.pending()
    except StorageDamaged as error:
        pending, troubles = None, [str(error)]
    found = rows(lines, kept, digest(text), pending.number if pending else None)
    if args.json:
        left_s = remaining_s(pending, device.now()) if pending else None
        document = {"revisions": [asdict(row) for row in found], "remaining_s": left_s}
        print(json.dumps(document, ensure_ascii=False, indent=2))
    elif found:
        print("\n".join(table(found, _zone(text), args.lang)))
    if revisions.find(text) is None:
        troubles.append(f"{revisions.site} was not put there by apply: it gets a number with the"
                        " next change")  # fmt: skip
    if pending and not args.json:
        left_s = remaining_s(pending, device.now())
        outcome = Outcome(Ending.ON_TRIAL, pending.number, pending.back_to, remaining_s=left_s)
        print("\n".join(told(outcome, datetime.now(_zone(text)), args.lang)))
    _complain(troubles)
    return 0


def _checked(file: Path) -> tuple[bytes | None, bool]:
    """Read a file as `check` does, and print its problems.

    Returns:
        Its text, None where it is no TOML: what it is then, nobody knows, and it is not shown;
        and whether the agent would run with it.
    """
    try:
        data = contents(file)
    except (OSError, ValueError):
        data = b""
    configuration, problems = examine(file)
    for problem in problems:
        print(problem, file=sys.stderr)
    if configuration is not None and configuration.digest != digest(data):
        raise StreetAgentError(f"{printable(str(file))}: it changes while it is read; try again")
    is_toml = parsed(data, "")[0] is not None
    return data if is_toml else None, configuration is not None


def _require_timer(program: str) -> None:
    """Raise ServiceError where nobody would end a trial."""
    if not Service(program, TIMER).is_active():
        raise ServiceError(
            f"{TIMER} does not run: without it no trial ends by itself; nothing was changed\n"
            f"fix: sudo systemctl enable --now {TIMER}"
        )


def _say(device: Device, outcome: Outcome) -> None:
    """Tell how it ended: on stdout what went well. A session that is gone is no failure."""
    is_well = outcome.ending in {Ending.UNCHANGED, Ending.LASTS, Ending.ON_TRIAL} or (
        outcome.ending is Ending.RETURNED and not outcome.worse
    )
    now = datetime.now(_zone(device.revisions.in_force_if_any()))
    with suppress(OSError):
        _print(told(outcome, now), sys.stdout if is_well else sys.stderr)
        _complain(outcome.troubles)


def _complain(troubles: Iterable[str]) -> None:
    for trouble in troubles:
        _print(wrap(f"street-agent config: {trouble}", WIDTH), sys.stderr)


def _print(lines: Iterable[str], where: TextIO) -> None:
    print("\n".join(lines), file=where, flush=True)


def _zone(text: bytes) -> tzinfo:
    try:
        return zone_of(parse(text, "").site.timezone)
    except ConfigError:
        return UTC


@contextmanager
def _steadfast() -> Iterator[None]:
    """Go on to the end though the session closes, or somebody types Ctrl-Z."""
    before = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGHUP, signal.SIGTSTP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _add_places(parser: argparse.ArgumentParser) -> None:
    for option, kind, default, text in (
        ("--config", Path, DEFAULT_CONFIG, "the configuration in force; revisions are beside it"),
        ("--socket", Path, SOCKET, "where the agent tells its status"),
        ("--systemctl", str, PROGRAM, "the program that restarts it"),
        ("--allowed", Path, DROP_IN, "whom the service may speak to; see street-agent allow"),
    ):
        parser.add_argument(
            option,
            type=kind,
            default=default,
            metavar="PATH",
            help=f"{text} (default: %(default)s)",
        )
