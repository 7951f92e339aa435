"""`street-agent status`: how the agent on this device stands, and what to mend.

It asks the running agent over a Unix socket; nothing is read from its files.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from agent.cli.places import DEFAULT_STATE
from agent.desk import NAME, ask
from agent.errors import StreetAgentError
from agent.habits.words import Lang
from agent.standing import Standing, from_json, worse
from agent.texts import status
from agent.texts.words import Pair
from agent.width import columns, pad, wrap

RUNTIME = Path("/run/street-agent")
TERMINAL = 80
UNREACHABLE, WRONG = 3, 1
LOOK_S = 1.0


class NotReachable(StreetAgentError):
    """No agent answers."""

    exit_code = UNREACHABLE


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "Exit code 0: all is well; 1: something is to be mended, or got worse; 3: no agent answers."
    )
    parser.add_argument(
        "--socket", type=Path, metavar="PATH",
        help=f"where the agent answers (default: {RUNTIME / NAME}, else in its state folder)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print it for a script to read")
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both",
        help="language of the sentences (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--against", type=Path, metavar="FILE",
        help="what --json printed before: wait until nothing is worse than then",
    )  # fmt: skip
    parser.add_argument(
        "--within", type=float, default=60.0, metavar="SECONDS",
        help="how long --against waits (default: %(default)g)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print it; say by the exit code whether all is well."""
    path = args.socket or usual()
    if args.against:
        return _compare(path, args.against, args.within)
    standing = look(path)
    if args.json:
        print(json.dumps(standing.to_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(standing, args.lang)))
    return WRONG if status.troubles(standing) else 0


def look(path: Path) -> Standing:
    """Ask the agent.

    Raises:
        NotReachable: none answers; says what to type.
        StreetAgentError: this user may not ask.
    """
    try:
        return from_json(ask(path))
    except PermissionError as error:
        raise StreetAgentError(f"{path}: who may ask is in the group street-agent") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise NotReachable(
            f"no agent answers at {path}: {reason}\nsee: systemctl status street-agent"
        ) from error


def lines(standing: Standing, lang: Lang) -> list[str]:
    """All of it, within 80 columns."""
    found = [text for pair in status.head(standing) for text in _put(pair, lang)]
    found += ["", *_put(status.link(standing), lang), ""]
    wide = max((columns(one.name) for one in standing.sensors), default=0) + 2
    for one in standing.sensors:
        first, *more = _put(status.sensor(one), lang, wide)
        found += [pad(one.name, wide) + first.strip(), *more]
    opened = [text for pair in status.alarms(standing) for text in _put(pair, lang, 2)]
    found += ["", *_put(("未结束的警报：", "open alarms:") if opened else
                        ("没有未结束的警报", "no alarm is open"), lang), *opened]  # fmt: skip
    for trouble in status.troubles(standing):
        found += ["", *("! " + text for text in _put(trouble.what, lang))]
        found += wrap(trouble.reason, TERMINAL - 2, "  ")
        if trouble.command:
            found.append(f"  $ {trouble.command}")
    return found


def _put(pair: Pair, lang: Lang, indent: int = 0) -> list[str]:
    chosen = {"zh": pair[:1], "en": pair[1:], "both": pair}[lang]
    return [line for text in chosen for line in wrap(text, TERMINAL - 2, " " * indent)]


def _compare(path: Path, file: Path, within_s: float) -> int:
    """Wait until nothing is worse; say what is where that does not come about."""
    try:
        before = from_json(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StreetAgentError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    said: list[str] = []
    for standing in _looks(path, within_s):
        said = worse(before, standing) if standing else []
        if standing and not said:
            return 0
    if not said:
        look(path)  # raises
    print("\n".join(said), file=sys.stderr)
    return WRONG


def _looks(path: Path, within_s: float) -> Iterator[Standing | None]:
    end = time.monotonic() + within_s
    while True:
        try:
            yield look(path)
        except NotReachable:
            yield None
        if time.monotonic() >= end:
            return
        time.sleep(LOOK_S)


def usual() -> Path:
    """Where the service answers."""
    path = RUNTIME / NAME
    return path if path.exists() or not (DEFAULT_STATE / NAME).exists() else DEFAULT_STATE / NAME
