"""`street-agent replay`: recorded readings through the same pipeline, with a virtual clock.

No pin, port or network is opened. The same readings give the same events, byte for byte; a
recording split anywhere with --save-state and --from-state gives what the whole gives.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from agent.config.load import load
from agent.errors import RecordingError, StorageError
from agent.events import Event
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.recording import Recording
from agent.site import Site


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "readings", nargs="+", type=Path, metavar="READINGS",
        help="CSV (time,sensor,quantity,value) or what buffer export prints; .gz too",
    )  # fmt: skip
    parser.add_argument(
        "--config", required=True, type=Path, metavar="SITE.toml", help="the site's configuration"
    )
    parser.add_argument("--events", metavar="FILE", help="write events as JSON lines; - = stdout")
    parser.add_argument(
        "--activities", metavar="FILE", help="write activities as JSON lines; - = stdout"
    )
    parser.add_argument(
        "--until",
        metavar="TIME",
        help="let time pass after the last reading, until this ISO 8601 time",
    )
    parser.add_argument(
        "--from-state", type=Path, metavar="FILE", help="begin where the replay ended that saved it"
    )
    parser.add_argument("--save-state", type=Path, metavar="FILE", help="save the final state here")
    parser.add_argument(
        "--format",
        choices=("text", "jsonl"),
        default="text",
        help="how events look on the terminal (default: %(default)s)",
    )
    parser.add_argument(
        "--skip-bad", action="store_true", help="count rows that cannot be read, and go on"
    )


def run(args: argparse.Namespace) -> int:
    """Replay and report; raise RecordingError or ConfigError naming file and line."""
    _spare_inputs(args)
    configuration = load(args.config, is_installed=False)
    pipeline = Pipeline(configuration.site, configuration.limits, asks=configuration.question)
    recording = Recording(configuration.site, skip_bad=args.skip_bad)
    if args.from_state:
        restore(pipeline, args.from_state)
    until = _until(recording, args.until)
    count = told = 0
    with contextlib.ExitStack() as files:
        tell = _events_out(args, configuration.site, files)
        journal = _file(args.activities, files)
        for events in _replayed(pipeline, recording, args.readings):
            count += 1
            for event in events:
                tell(event)
            told += len(events)
            if pipeline.activities:
                _note(pipeline, journal)
        if until is not None:
            if until < pipeline.reached:
                raise RecordingError(f"--until: {args.until} lies before the last reading")
            for event in pipeline.advance(until):
                tell(event)
                told += 1
            _note(pipeline, journal)
    if args.save_state:
        _save(args.save_state, remember(pipeline))
    skipped = f", {recording.skipped} bad rows skipped" if args.skip_bad else ""
    print(f"{count} readings, {told} events{skipped}", file=sys.stderr)
    return 0


def _spare_inputs(args: argparse.Namespace) -> None:
    """Raise StorageError where a file to be written is one that is read."""
    inputs = {path.resolve() for path in (args.config, *args.readings)}
    for name in (args.events, args.activities, args.save_state):
        if name and Path(name).resolve() in inputs:
            raise StorageError(f"{name}: is read by this replay; write to another file")


def _replayed(pipeline: Pipeline, recording: Recording, paths: list[Path]) -> Iterator[list[Event]]:
    last = pipeline.last
    after = max(pipeline.reached, 0.0)
    for reading in recording.readings(paths, after=after, sequence=last.sequence if last else 0):
        yield pipeline.take(reading)[1]


def _until(recording: Recording, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return recording.moment(text)
    except ValueError:
        example = "2026-11-23T08:00:00+08:00"
        raise RecordingError(
            f"--until: {text!r} is no ISO 8601 time before 9999, such as {example}"
        ) from None


def restore(pipeline: Pipeline, path: Path) -> None:
    """Put a saved state into a fresh pipeline. Raise RecordingError."""
    try:
        misfits = recall(pipeline, json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise RecordingError(f"{path}: not a state that this release can use: {error}") from error
    if misfits:
        raise RecordingError(f"{path}: states of another release: {', '.join(misfits)}")


def _save(path: Path, document: Mapping[str, Any]) -> None:
    """Write beside the file and rename, so that an old state is never half overwritten."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.resolve().parent, delete=False
        ) as file:
            json.dump(document, file, ensure_ascii=False, separators=(",", ":"))
        os.replace(file.name, path)  # noqa: PTH105 - a name, not a path
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}") from error


def _file(name: str | None, files: contextlib.ExitStack) -> TextIO | None:
    if name is None:
        return None
    if name == "-":
        return sys.stdout
    try:
        return files.enter_context(Path(name).open("w", encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"{name}: {error.strerror}") from error


def _events_out(
    args: argparse.Namespace, site: Site, files: contextlib.ExitStack
) -> Callable[[Event], None]:
    out = _file(args.events, files)
    if out is None and args.format == "text":
        zone = ZoneInfo(site.timezone)
        return lambda event: print(_for_people(event, zone))
    lines = out or sys.stdout
    return lambda event: print(_line(event.payload), file=lines)


def _note(pipeline: Pipeline, journal: TextIO | None) -> None:
    for activity in pipeline.activities:
        if journal is not None:
            print(_line(activity.document), file=journal)
    pipeline.activities.clear()


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _for_people(event: Event, zone: ZoneInfo) -> str:
    """Format an event for a terminal 80 columns wide."""
    data = event.payload["data"]
    moment = datetime.fromisoformat(event.payload["time"]).astimezone(zone)
    step = event.payload["type"].split(".")[2]
    lines = [f"{moment:%Y-%m-%d %H:%M:%S}  {data['level']:<6} {data['kind']} {step}"]
    for text in (data["text"], data["detail"]):
        lines += [f"    {text['zh']}"] if text["zh"] else []
        lines += textwrap.wrap(text["en"], 80, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)
