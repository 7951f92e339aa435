"""`street-agent check`: everything that is wrong with a configuration, without opening anything."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.config.load import Configuration, examine
from agent.config.problems import Problem
from agent.config.wording import printable
from agent.detectors import detectors
from agent.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="SITE.toml", help="a site's configuration"
    )
    parser.add_argument(
        "--json", action="store_true", help="print a list of problems for a script to read"
    )


def run(args: argparse.Namespace) -> int:
    """Check every file; 0 if the agent would run with each of them."""
    exit_code = 0
    everything: list[Problem] = []
    for file in args.files:
        configuration, problems = examine(file)
        everything += problems
        if configuration is None:
            exit_code = ConfigError.exit_code
        if not args.json:
            _print(printable(str(file)), configuration, problems)
    if args.json:
        print(json.dumps([_plain(problem) for problem in everything], indent=2))
    return exit_code


def _print(file: str, configuration: Configuration | None, problems: Sequence[Problem]) -> None:
    for problem in problems:
        print(problem, file=sys.stderr)
    if configuration is not None:
        print(f"{file}: ok: {_summary(configuration)}")
        return
    warnings = sum(problem.is_warning for problem in problems)
    counts = [_counted(len(problems) - warnings, "error")]
    if warnings:
        counts.append(_counted(warnings, "warning"))
    print(f"{file}: {', '.join(counts)}", file=sys.stderr)


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
