"""`street-agent plot SENSOR`: what a sensor has measured, drawn in the terminal or as a picture.

On a device it draws what is stored there, as it was judged then, with the events that are still
there. With recordings it runs them through the same pipeline first, as `replay` does. It changes
nothing and takes no lock, so that it can run beside the agent.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from agent.cli.output import write_whole
from agent.cli.places import DEFAULT_CONFIG, state_folder
from agent.config.load import Configuration, load
from agent.config.wording import printable
from agent.detectors.waterlogging import Config as Waterlogging
from agent.errors import ConfigError, StorageError, StreetAgentError
from agent.pipeline.pipeline import Pipeline
from agent.plot.drawing import lines
from agent.plot.picture import picture
from agent.plot.series import Series, gather
from agent.recording import Recording
from agent.site import Sensor
from agent.store import layout, outbox
from agent.store.buffer import recorded
from drivers.reading import Reading

DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([dhm])")
UNIT_S = {"d": 86400.0, "h": 3600.0, "m": 60.0}


@dataclass(slots=True)
class Found:
    """What there is of a sensor: its readings, the site's events, and where the zero was."""

    readings: list[Reading] = field(default_factory=list)
    payloads: list[Mapping[str, Any]] = field(default_factory=list)
    zeros: list[tuple[float, float]] = field(default_factory=list)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("sensor", metavar="SENSOR", help="its name in the configuration")
    parser.add_argument(
        "readings", nargs="*", type=Path, metavar="READINGS",
        help="recordings to draw, as replay takes them (default: what is stored on this device)",
    )  # fmt: skip
    parser.add_argument(
        "--config", type=Path, default=DEFAULT_CONFIG, metavar="SITE.toml",
        help="the site's configuration (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--state", type=Path, metavar="FOLDER", help="the agent's state folder (default: as in run)"
    )
    parser.add_argument(
        "--since", default="2d", metavar="TIME",
        help="how long before the end, such as 2d, 6h or 30m, or an ISO 8601 time "
        "(default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--until", metavar="TIME", help="an ISO 8601 time (default: the sensor's last reading)"
    )
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write it as a picture as well")
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both",
        help="language of labels and sentences (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Draw; raise StreetAgentError where there is nothing to draw."""
    configuration = load(args.config, is_installed=False)
    sensor = _sensor(configuration, args.sensor)
    if args.readings:
        source = "the recording"
        what = _replayed(configuration, sensor, args.readings)
    else:
        folder = state_folder(args.state, configuration)
        source = str(folder)
        what = _stored(sensor, folder)
    if not what.readings:
        raise StreetAgentError(f"{source}: no reading of {sensor.name} in it")
    zone = ZoneInfo(configuration.site.timezone)
    until = what.readings[-1].stamp.wall
    if args.until:
        until = _moment("--until", args.until, zone)
    since = max(_since(args.since, until, zone), what.readings[0].stamp.wall)
    span = (min(since, until), until)
    series = _series(configuration, sensor, what, span)
    if args.svg:
        write_whole(args.svg, picture(series, args.lang))
    print("\n".join(lines(series, args.lang)))
    return 0


def _sensor(configuration: Configuration, name: str) -> Sensor:
    sensors = configuration.site.sensors
    if name not in sensors:
        raise ConfigError(
            f'{configuration.file}: no sensor "{printable(name)}"; allowed: {", ".join(sensors)}'
        )
    return sensors[name]


def _since(text: str, until: float, zone: ZoneInfo) -> float:
    """Seconds since 1970 of `--since`. Raise StreetAgentError."""
    duration = DURATION.fullmatch(text)
    if duration:
        return until - float(duration[1]) * UNIT_S[duration[2]]
    since = _moment("--since", text, zone)
    if since >= until:
        raise StreetAgentError(f"--since: {text} is not before the end of what is drawn")
    return since


def _moment(option: str, text: str, zone: ZoneInfo) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StreetAgentError(
            f'{option}: "{printable(text)}"; allowed: a duration such as 2d, 6h or 30m, or a time '
            "such as 2026-11-23T08:00"
            if option == "--since"
            else f'{option}: "{printable(text)}"; allowed: a time such as 2026-11-23T08:00'
        ) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _replayed(configuration: Configuration, sensor: Sensor, paths: Sequence[Path]) -> Found:
    pipeline = Pipeline(configuration.site, configuration.limits, asks=configuration.question)
    what = Found()
    for reading in Recording(configuration.site).readings(paths):
        checked, events = pipeline.take(reading)
        what.payloads += [event.payload for event in events]
        if isinstance(checked, Reading) and checked.sensor == sensor.name:
            what.readings.append(checked)
            _follow_zero(pipeline, checked, what.zeros)
    return what


def _follow_zero(pipeline: Pipeline, reading: Reading, zeros: list[tuple[float, float]]) -> None:
    """Note where the tracked zero lies, when it has moved."""
    sight = pipeline.sights.get("echoes")
    echo = None if sight is None else sight.state.of.get(reading.sensor)
    if echo is not None and (not zeros or zeros[-1][1] != echo.zero.counted_mm):
        zeros.append((reading.stamp.wall, echo.zero.counted_mm))


def _stored(sensor: Sensor, folder: Path) -> Found:
    try:
        readings = list(_own(sensor, folder / layout.READINGS))
        return Found(readings, list(outbox.recorded(folder / layout.OUTBOX)))
    except StorageError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            raise StorageError(f"{error}; is {folder} an agent's state folder?") from error
        raise


def _own(sensor: Sensor, folder: Path) -> Iterator[Reading]:
    for item in recorded(folder, 0):
        if isinstance(item, Reading) and item.sensor == sensor.name:
            yield item


def _series(
    configuration: Configuration, sensor: Sensor, what: Found, span: tuple[float, float]
) -> Series:
    limits = configuration.limits["waterlogging"][0]
    assert isinstance(limits, Waterlogging)
    site = configuration.site
    return gather(site, sensor, limits, what.readings, what.payloads, span=span, zeros=what.zeros)
