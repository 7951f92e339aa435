"""`street-agent config`: put a configuration in force so that a mistake cannot cost the device.

A change that is not confirmed in time is taken back, also by a device that nobody can reach any
more, and so is one after which a sensor is gone that was there before.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import os
import pwd
import re
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

from agent.cli import status
from agent.cli.places import DEFAULT_CONFIG
from agent.config.change import Changer
from agent.config.revisions import Entry, Revisions
from agent.errors import StreetAgentError
from agent.service import Service
from agent.standing import Standing

TAKEN_BACK = 8
LEAST_S, MOST_S, USUAL = 60.0, 86400.0, "10m"
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions."""
    parser.epilog = (
        "Exit code 0: done; 4: the configuration is invalid, nothing is changed; "
        "8: things got worse, the old configuration is in force again."
    )
    parser.add_argument(
        "--site", type=Path, default=DEFAULT_CONFIG, metavar="SITE.toml",
        help="the file in force (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--socket", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--systemctl", default="systemctl", help=argparse.SUPPRESS)
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    diff = actions.add_parser("diff", help="what a file would change")
    diff.add_argument("file", type=Path, metavar="FILE")
    apply = actions.add_parser("apply", help="put a file in force, until it is confirmed")
    apply.add_argument("file", type=Path, metavar="FILE")
    rollback = actions.add_parser("rollback", help="go back to the revision before, or to NUMBER")
    rollback.add_argument("number", type=int, nargs="?", metavar="NUMBER")
    for action in (apply, rollback):
        action.add_argument(
            "--confirm-within", type=seconds, default=seconds(USUAL), metavar="TIME",
            help=f"taken back unless confirmed by then: 90s, 10m, 2h (default: {USUAL})",
        )  # fmt: skip
        action.add_argument("--why", default="", metavar="TEXT", help="for the history")
    actions.add_parser("confirm", help="let the change stay")
    actions.add_parser("history", help="the last changes: when, who, why")
    actions.add_parser(
        "return-if-due", help="take back what nobody has confirmed; run by a timer of systemd"
    )


def run(args: argparse.Namespace) -> int:
    """Do it."""
    revisions = Revisions(args.site, args.site.parent / "revisions")
    if args.action == "diff":
        return _diff(revisions, args.file)
    if args.action == "history":
        return _history(revisions)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a lost session must not leave it half done
    path = args.socket or status.usual()
    changer = Changer(revisions, Service(args.systemctl), lambda: _look(path))
    try:
        with revisions.claimed():
            return _act(changer, args)
    except PermissionError as error:
        words = " ".join(["street-agent", *sys.argv[1:]])
        raise _Forbidden(f"{error.filename}: only root may do this: sudo {words}") from error
    except OSError as error:
        if isinstance(error, StreetAgentError):
            raise
        raise StreetAgentError(f"{error.filename or revisions.folder}: {error.strerror}") from error


class _Forbidden(StreetAgentError):
    """It needs root."""

    exit_code = 5


def _act(changer: Changer, args: argparse.Namespace) -> int:
    if args.action == "confirm":
        _say(f"revision {changer.confirm(_who())} is confirmed")
        return 0
    if args.action == "return-if-due":
        number = changer.return_if_due()
        if number is not None:
            _say(f"not confirmed in time: revision {number} is in force again")
        return 0
    if args.action == "rollback":
        if changer.revisions.pending() is not None and args.number is None:
            _say(f"revision {changer.go_back('asked for', _who())} is in force again")
            return 0
        number = args.number if args.number is not None else changer.before_last()
        changer.revisions.content(number)
        return _apply(changer, changer.revisions.file(number), args, "rolled back")
    return _apply(changer, args.file, args, "applied")


def _apply(changer: Changer, file: Path, args: argparse.Namespace, step: str) -> int:
    result = changer.apply(file, args.confirm_within, _who(), args.why, step)
    if result.worse:
        _say("it got worse:", *(f"  {one}" for one in result.worse),
             f"revision {result.number} is in force again", file=sys.stderr)  # fmt: skip
        return TAKEN_BACK
    if not result.is_restarted:
        _say("the agent reads the same in it and was not restarted")
    minutes = args.confirm_within / 60
    _say(f"revision {result.number} is in force; it is taken back in {minutes:g} min, unless you",
         "  sudo street-agent config confirm")  # fmt: skip
    return 0


def _diff(revisions: Revisions, file: Path) -> int:
    here = revisions.site
    try:
        old, new = (one.read_text(encoding="utf-8").splitlines() for one in (here, file))
    except (OSError, UnicodeDecodeError) as error:
        raise StreetAgentError(str(error)) from error
    lines = list(difflib.unified_diff(old, new, str(here), str(file), lineterm=""))
    print("\n".join(lines) if lines else "no difference")
    return 0


def _history(revisions: Revisions) -> int:
    here, pending = revisions.in_force(), revisions.pending()
    entries = revisions.history()[-20:]
    for entry in entries:
        print(_line(entry))
    if not entries:
        print("no change yet")
    if here is not None:
        rest = ", not confirmed yet" if pending is not None and pending.number == here else ""
        print(f"in force: revision {here}{rest}")
    return 0


def _line(entry: Entry) -> str:
    at = datetime.fromtimestamp(entry.at).astimezone()
    who = f" by {entry.who}" if entry.who else ""
    why = f": {entry.why}" if entry.why else ""
    return f"{entry.number:>4}  {at:%Y-%m-%d %H:%M}  {entry.step}{who}{why}"


def _look(path: Path) -> Standing | None:
    try:
        return status.look(path)
    except StreetAgentError:
        return None


def _who() -> str:
    """The person behind sudo."""
    name = os.environ.get("SUDO_USER")
    if name:
        return name
    with contextlib.suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_name
    return str(os.getuid())


def _say(*lines: str, file: TextIO | None = None) -> None:
    """Print; a session that is gone is no reason to stop half-way."""
    with contextlib.suppress(OSError):
        print("\n".join(lines), file=file, flush=True)


def seconds(text: str) -> float:
    """A length of time such as 10m."""
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    length = int(found[1]) * UNITS[found[2]] if found else 0.0
    if not LEAST_S <= length <= MOST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no time from 60s to 24h, such as {USUAL}")
    return length
