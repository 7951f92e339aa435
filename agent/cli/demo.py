"""`street-agent demo`: a home, a street and an outfall that never existed, in this terminal.

Needs no hardware and no configuration: it starts a broker on a free port of the loopback and the
real daemon for each site, and shows what the command centre receives.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.demo.agents import Agents
from agent.demo.broker import HOST, choose
from agent.demo.centre import Centre
from agent.demo.course import Course, plan
from agent.demo.page import Page
from agent.demo.screen import Screen
from agent.demo.sites import zone
from agent.demo.summary import Summary
from agent.demo.tally import Tally

SPEED = 600.0
FIRST_EVENT_S = 20.0  # by when the first event must be there
FIRST_CALL_S = 1200.0  # the story's first event: a call for help
PLAIN_WIDTH = 80


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--for", dest="for_s", type=_seconds, metavar="SECONDS",
        help="end by itself after that time; without it, Ctrl-C ends it",
    )  # fmt: skip
    parser.add_argument(
        "--speed", type=_speed, default=SPEED, metavar="N",
        help="how much faster than real time (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--plain", action="store_true", help="redraw nothing in place")
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both",
        help="language of the sentences (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Run the demo; 1 where an event was lost, or none came."""
    with _interruptions() as interrupted, contextlib.ExitStack() as ending:
        folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="street-agent-")))
        now = datetime.now(UTC)
        is_terminal = sys.stdout.isatty()
        is_live = is_terminal and not args.plain

        def page() -> Page:
            width = shutil.get_terminal_size().columns if is_live else PLAIN_WIDTH
            is_coloured = is_terminal and not os.environ.get("NO_COLOR")
            return Page(args.lang, width, is_coloured, zone(now), args.speed)

        broker = choose(folder)
        ending.callback(broker.end)
        centre = Centre(broker)
        ending.callback(centre.leave)
        agents = Agents(folder, f"mqtt://{HOST}:{broker.port}", args.speed, now)
        ending.callback(agents.end)
        screen = Screen(sys.stdout, is_live=is_live)
        ending.callback(screen.close)
        course = Course(
            broker=broker, centre=centre, agents=agents, page=page, screen=screen,
            tally=Tally(args.speed), is_interrupted=lambda: bool(interrupted),
        )  # fmt: skip
        summary = course.run(plan(args.for_s))
        screen.say(summary.lines())
    return _verdict(summary, args.speed, is_interrupted=bool(interrupted))


def _verdict(summary: Summary, speed: float, *, is_interrupted: bool) -> int:
    patience_s = max(FIRST_EVENT_S, 2 * FIRST_CALL_S / speed)
    if is_interrupted and summary.first_event_s is None and not summary.lost:
        return 0  # somebody did not want to wait
    failure = summary.failure(patience_s)
    if failure:
        print(f"street-agent demo: {failure}", file=sys.stderr)
    return 1 if failure else 0


@contextlib.contextmanager
def _interruptions() -> Iterator[list[int]]:
    """Collect the signals that ask for the end, the first of each; a second one takes effect."""
    caught: list[int] = []
    before: dict[int, Any] = {}

    def note(number: int, frame: object) -> None:
        del frame
        caught.append(number)
        signal.signal(number, before[number])

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        before[number] = signal.signal(number, note)
    try:
        yield caught
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)


def _seconds(text: str) -> float:
    return _number(text, 1, 86400)


def _speed(text: str) -> float:
    return _number(text, 1, 1200)


def _number(text: str, low: float, high: float) -> float:
    with contextlib.suppress(ValueError):
        if low <= (number := float(text)) <= high:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no number from {low} to {high}")
