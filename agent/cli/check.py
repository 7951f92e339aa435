"""`street-agent check`: everything that is wrong with a configuration, without opening anything."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from agent.config.load import Configuration, examine
from agent.detectors import detectors
from agent.errors import ConfigError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("files", nargs="+", type=Path, metavar="SITE.toml")
    parser.add_argument(
        "--json", action="store_true", help="print a list of problems for a script to read"
    )


def run(args: argparse.Namespace) -> int:
    """Check every file; 0 if the agent would run with each of them."""
    exit_code = 0
    everything = []
    for file in args.files:
        configuration, problems = examine(file)
        everything += [asdict(problem) for problem in problems]
        if configuration is None:
            exit_code = ConfigError.exit_code
        if args.json:
            continue
        for problem in problems:
            print(problem, file=sys.stderr)
        if configuration is None:
            print(f"{file}: {_counted(len(problems), 'problem')}", file=sys.stderr)
        else:
            print(f"{file}: ok: {_summary(configuration)}")
    if args.json:
        print(json.dumps(everything, indent=2))
    return exit_code


def _summary(configuration: Configuration) -> str:
    site = configuration.site
    watching = sum(bool(detector.subjects(site)) for detector in detectors().values())
    sensors, at_work = _counted(len(site.sensors), "sensor"), _counted(watching, "detector")
    return f"{site.profile} {site.id}, {sensors}, {at_work}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
