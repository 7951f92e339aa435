"""`street-agent buffer export`: stored readings as JSON lines that `street-agent replay` reads.

It changes nothing and takes no lock, so that it can run beside the agent.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from agent.cli.places import add_export
from agent.errors import StorageError
from agent.store.buffer import recorded
from agent.store.layout import READINGS
from drivers.reading import Reading


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_export(parser, "print stored readings as JSON lines, oldest first", "sequence")


def run(args: argparse.Namespace) -> int:
    """Print what is stored."""
    try:
        for item in recorded(args.state / READINGS, args.since):
            if isinstance(item, Reading):
                print(json.dumps(line(item), ensure_ascii=False))
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            raise StorageError(f"{error}; is {args.state} an agent's state folder?") from error
        raise
    return 0


def line(reading: Reading) -> dict[str, Any]:
    """Give a reading as it stands in a recording."""
    stamp = reading.stamp
    time = datetime.fromtimestamp(stamp.wall, UTC).isoformat(timespec="microseconds")
    return {
        "time": time.replace("+00:00", "Z"),
        "sensor": reading.sensor,
        "quantity": reading.quantity.value,
        "value": reading.value,
        "mono": stamp.mono,
        "boot": stamp.boot,
        "sequence": stamp.sequence,
        "synced": stamp.synced,
    }
