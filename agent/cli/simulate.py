"""`street-agent simulate`: weeks in a home that never existed, as a recording for `replay`.

Writes three files into a new folder: `readings.csv`, the site's `config.toml`, and
`incidents.csv`, the truth: what was out of the ordinary, from when to when. The same seed and
incidents give the same files, byte for byte.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

from agent.demo import month
from agent.errors import StorageError
from drivers.scene_incidents import FAULTS, KINDS, LONGEST_DAY, parse
from drivers.scene_life import furnish


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    kinds = (f"{kind}-PLACE" if kind in FAULTS else kind for kind in KINDS)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="new, or empty")
    parser.add_argument(
        "--days", type=_days, default=30, metavar="N", help="how many (default: %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="which home (default: %(default)s)"
    )
    parser.add_argument(
        "--incidents", type=_incidents, default="", metavar="LIST",
        help="what is planted: KIND@DAY[THH:MM][+HOURS], day 0 being the first; several parted "
        f"by commas, such as collapse@20T14:10+8,dead-bedroom@25. Kinds: {', '.join(kinds)}",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the three files; raise StorageError where that cannot be done."""
    folder: Path = args.folder
    home = furnish(args.seed, args.incidents)
    if folder.is_dir() and any(folder.iterdir()):
        raise StorageError(f"{folder}: is not empty; name a new folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        site = month.configuration(args.seed, args.incidents)
        (folder / "config.toml").write_text(site, encoding="utf-8")
        count = _write(folder / "readings.csv", month.READINGS, month.readings(home, args.days))
        planted = _write(
            folder / "incidents.csv", month.INCIDENTS, month.incidents(home, args.days)
        )
    except OSError as error:
        raise StorageError(f"{error.filename or folder}: {error.strerror}") from error
    print(f"{count} readings of {args.days} days, {planted} incidents. To replay them:")
    print(f"street-agent replay --config {folder}/config.toml {folder}/readings.csv")
    return 0


def _write(path: Path, header: month.Row, rows: Iterable[month.Row]) -> int:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        count = 0
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _days(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= LONGEST_DAY:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {LONGEST_DAY}")


def _incidents(text: str) -> str:
    try:
        parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
