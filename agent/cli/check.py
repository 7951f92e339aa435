"""`street-agent check`: everything that is wrong with a configuration, without opening anything.

A warning is not in the way of the agent, which runs and tells what it can; so the exit code is 0,
and whoever stands on the ladder decides. With `--strict` a warning is a failure.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from agent.config.load import Configuration, examine
from agent.config.problems import Problem
from agent.config.wording import printable
from agent.detectors import detectors
from agent.errors import ConfigError

WARNED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "Errors keep the agent from running: exit code 4. Warnings name what a valid "
        "configuration cannot do, such as meals in a kitchen without a sensor, and what to mount "
        "or change; the exit code stays 0, with --strict it is 1."
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="SITE.toml", help="a site's configuration"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a list of problems for a script to read"
    )
    parser.add_argument(
        "--keys", type=Path, metavar="FOLDER",
        help="on the laptop: what goes into the device's folder of keys is in this one",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="exit with 1 if there is a warning")


def run(args: argparse.Namespace) -> int:
    """Check every file; 0 if the agent would run with each, and none has a strict warning."""
    exit_code = 0
    everything: list[Problem] = []
    for file in args.files:
        configuration, problems = examine(file, keys=args.keys)
        everything += problems
        if configuration is None:
            exit_code = ConfigError.exit_code
        if not args.json:
            _print(printable(str(file)), configuration, problems)
    if args.json:
        print(json.dumps([_plain(problem) for problem in everything], indent=2))
    if args.strict and not exit_code and everything:
        return WARNED
    return exit_code


def _print(file: str, configuration: Configuration | None, problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(_folded(str(problem)) if sys.stderr.isatty() else problem, file=sys.stderr)
    warnings = sum(problem.is_warning for problem in problems)
    warned = f", {_counted(warnings, 'warning')}" if warnings else ""
    if configuration is not None:
        print(f"{file}: ok: {_summary(configuration)}{warned}")
        return
    print(f"{file}: {_counted(len(problems) - warnings, 'error')}{warned}", file=sys.stderr)


def _folded(line: str) -> str:
    """Break a line between words where the terminal would break it anywhere."""
    return textwrap.fill(
        line,
        shutil.get_terminal_size().columns,
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _plain(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "key": problem.key,
        "message": problem.message,
        "severity": "warning" if problem.is_warning else "error",
    }


def _summary(configuration: Configuration) -> str:
    site = configuration.site
    watching = sum(bool(detector.subjects(site)) for detector in detectors().values())
    sensors, at_work = _counted(len(site.sensors), "sensor"), _counted(watching, "detector")
    return f"{site.profile} {site.id}, {sensors}, {at_work}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
