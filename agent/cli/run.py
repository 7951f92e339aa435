"""`street-agent run`: the daemon."""

from __future__ import annotations

import argparse
from pathlib import Path

from agent import app, log, process
from agent.cli.places import DEFAULT_STATE, state_folder
from agent.config.load import load
from agent.errors import ConfigError, StreetAgentError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--config", required=True, type=Path, metavar="SITE.toml", help="the site's configuration"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FOLDER",
        help="where the state lives (default: folder in [store], else the service's state "
        f"directory, else {DEFAULT_STATE})",
    )  # fmt: skip
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N",
        help="run N times faster, for trials; every event is then marked as a test",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="log at level DEBUG")


def run(args: argparse.Namespace) -> int:
    """Run until SIGTERM."""
    log.set_up(verbose=args.verbose)
    process.stand_fast()
    _check_readable(args.config)
    configuration = load(args.config)
    folder = state_folder(args.state, configuration)
    try:
        return app.run(configuration, folder, args.speed)
    except StreetAgentError:
        log.flush()  # the reason is printed below what led to it
        raise


def _check_readable(config: Path) -> None:
    try:
        config.open("rb").close()
    except PermissionError as error:
        raise ConfigError(f"{config}: cannot be read: {error.strerror}") from error
    except OSError:
        pass  # `load` says it, with every other problem


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.1 <= speed <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0.1 to 10000")
    return speed
