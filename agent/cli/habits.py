"""`street-agent habits`: what has been learned of a home, as a day of 48 half-hours.

It reads the newest snapshot, changes nothing and takes no lock, so that it can run beside the
agent; a snapshot is five minutes old at most.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agent.cli.output import write_whole
from agent.cli.places import add_config, state_folder
from agent.cli.replay import restore
from agent.config.load import load
from agent.errors import StorageError, StreetAgentError
from agent.events import rfc3339
from agent.habits.day import Day, gather
from agent.habits.drawing import lines
from agent.habits.picture import picture
from agent.pipeline.memory import recall
from agent.pipeline.pipeline import Pipeline
from agent.recovery import NAME
from agent.store.layout import SNAPSHOTS
from agent.store.snapshots import stored


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config(parser)
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--state", type=Path, metavar="FOLDER", help="the agent's state folder (default: as in run)"
    )
    source.add_argument(
        "--from-state", type=Path, metavar="FILE", help="a state that replay --save-state has saved"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write it as a picture as well")
    parser.add_argument("--json", action="store_true", help="print it for a script to read")
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both",
        help="language of labels and sentences (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Print what is known; raise StreetAgentError where there is nothing to print."""
    configuration = load(args.config, is_installed=False)
    pipeline = Pipeline(configuration.site, configuration.limits)
    if args.from_state:
        restore(pipeline, args.from_state)
    else:
        _recall(pipeline, state_folder(args.state, configuration))
    day = gather(pipeline)
    if day is None:
        site = configuration.site
        raise StreetAgentError(
            f"{args.config}: nothing is learned at this site: profile {site.profile}, and no sensor"
            " sees people move in a room; habits are those of a home"
        )
    if args.svg:
        write_whole(args.svg, picture(day, args.lang))
    if args.json:
        print(json.dumps(plain(day), ensure_ascii=False, indent=2))
    else:
        print("\n".join(lines(day, args.lang)))
    return 0


def plain(day: Day) -> dict[str, Any]:
    """Give a day as JSON values; lists of 48 are half-hours from midnight on."""
    time = None if day.wall is None else rfc3339(day.wall)
    return {"time": time, "limit_source": day.source, **asdict(day)}


def _recall(pipeline: Pipeline, folder: Path) -> None:
    """Put the newest snapshot into a fresh pipeline. Raise StorageError."""
    document = stored(folder / SNAPSHOTS, NAME)
    if document is None:
        hint = "the agent saves one when it starts" if folder.is_dir() else "no such folder"
        raise StorageError(f"{folder}: no snapshot of an agent here: {hint}")
    try:
        misfits = recall(pipeline, document["pipeline"])
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(f"{folder}: the snapshot is of no use here: {error}") from error
    if misfits:
        print(
            f"street-agent habits: of another release, left out: {', '.join(misfits)}",
            file=sys.stderr,
        )
