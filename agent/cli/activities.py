"""`street-agent activities export`: what a resident did, as JSON lines.

Outings, nights, meals, and times out of bed, as far as they were seen; oldest first. It changes
nothing and takes no lock, so that it can run beside the agent. Nothing of it leaves the home by
itself.
"""

from __future__ import annotations

import argparse
import json

from agent.cli.places import add_export
from agent.errors import StorageError
from agent.store.diary import written
from agent.store.layout import DIARY


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_export(parser, "print what the resident did as JSON lines, oldest first", "number")


def run(args: argparse.Namespace) -> int:
    """Print what is stored."""
    try:
        for line in written(args.state / DIARY, args.since):
            print(json.dumps(line, ensure_ascii=False))
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            raise StorageError(f"{error}; is {args.state} a home agent's state folder?") from error
        raise
    return 0
