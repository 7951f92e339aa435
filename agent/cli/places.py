"""Where the service has its configuration and its state, unless somebody says otherwise."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from agent.config.load import Configuration

DEFAULT_CONFIG = Path("/etc/street-agent/site.toml")
DEFAULT_STATE = Path("/var/lib/street-agent")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Declare the configuration as an argument that may be left out."""
    parser.add_argument(
        "config", nargs="?", type=Path, default=DEFAULT_CONFIG, metavar="SITE.toml",
        help="the site's configuration (default: %(default)s)",
    )  # fmt: skip


def add_export(parser: argparse.ArgumentParser, text: str, number: str) -> None:
    """Declare the action `export` of a command: a state folder, and the `number` to begin after."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help=text, description=text)
    export.add_argument(
        "--state", type=Path, required=True, metavar="FOLDER",
        help="the agent's state folder, such as /var/lib/street-agent",
    )  # fmt: skip
    export.add_argument(
        "--since", type=int, default=0, metavar="NUMBER",
        help=f'only those whose "{number}" is above this whole number',
    )  # fmt: skip


def state_folder(given: Path | None, configuration: Configuration) -> Path:
    """The state folder: as given, else as configured, else the service's, else the default."""
    named = given or configuration.store.folder or os.environ.get("STATE_DIRECTORY")
    return Path(named or DEFAULT_STATE).absolute()  # lgpio changes the working directory
