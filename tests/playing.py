"""Plays a case's recording to the agent: what `street-agent replay` does, and what it cannot.

A CSV file has readings on one clock. Where a case is about clocks that are set, pauses, and
parts that fail, its `inputs.jsonl.gz` has all that the agent takes in, as its journal spells it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cases import Case, Said
from home_cases import CASES
from resident import FOREVER

from agent.config.load import load
from agent.events import Event, Input
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.recording import Recording
from agent.site import Site
from agent.store.buffer import from_document

REPLAYS = Path(__file__).parent / "replays"
READINGS, INPUTS = "readings.csv.gz", "inputs.jsonl.gz"


def played(case: Case) -> list[Event]:
    """The events of a case, those of the case that it follows first."""
    return _lived(case.name)[1]


def lines(events: list[Event]) -> str:
    """Events as they stand in a case's events.jsonl."""
    words = {"ensure_ascii": False, "separators": (",", ":")}
    return "".join(json.dumps(event.payload, **words) + "\n" for event in events)


def recorded(folder: Path) -> list[Event]:
    """The events of a case that was not made: its readings.csv, to the end of its last day."""
    configuration = load(folder / "config.toml", is_installed=False)
    pipeline = Pipeline(configuration.site, configuration.limits, asks=configuration.question)
    readings = Recording(configuration.site).readings([folder / "readings.csv"])
    events = [event for reading in readings for event in pipeline.take(reading)[1]]
    assert pipeline.last is not None
    return events + pipeline.advance(_midnight(pipeline.last.wall, configuration.site.timezone))


def said(events: list[Event]) -> list[Said]:
    """What events say, in short, at their true times."""
    return [in_short(event.payload, event.mono) for event in events]


def in_short(payload: Mapping[str, Any], at: float) -> Said:
    """What one event says."""
    data = payload["data"]
    words = {
        "kind": data["kind"],
        "step": payload["type"].split(".")[2],
        "level": data["level"],
        "reason": str(data["evidence"].get("reason", "")),
    }
    return at, words


def until(case: Case, last: float) -> float:
    """True second up to which time passes: the given hour, or the midnight after this second."""
    if case.until < FOREVER:
        return case.begun().moment(case.until)
    return _midnight(last, case.zone)


def _midnight(last: float, zone_name: str) -> float:
    zone = ZoneInfo(zone_name)
    day = datetime.fromtimestamp(last, zone).date() + timedelta(days=1)
    return datetime.combine(day, time(), zone).timestamp()


def _pipeline(case: Case) -> Pipeline:
    configuration = load(REPLAYS / case.name / "config.toml", is_installed=False)
    return Pipeline(configuration.site, configuration.limits)


@cache
def _lived(name: str) -> tuple[str, list[Event]]:
    """What the agent knows at the end of a case, and what it has told."""
    case = CASES[name]
    pipeline = _pipeline(case)
    earlier: list[Event] = []
    if case.follows:
        document, earlier = _lived(case.follows)
        assert not recall(pipeline, json.loads(document))
    events = earlier + _play(case, pipeline)
    return json.dumps(remember(pipeline)), events


def _play(case: Case, pipeline: Pipeline) -> list[Event]:
    events = [event for item in _taken(case, pipeline.site) for event in pipeline.take(item)[1]]
    assert pipeline.last is not None
    return events + pipeline.advance(until(case, pipeline.last.mono))


def _taken(case: Case, site: Site) -> Iterator[Input]:
    folder = REPLAYS / case.name
    if (folder / READINGS).exists():
        yield from Recording(site).readings([folder / READINGS])
        return
    with gzip.open(folder / INPUTS, "rt", encoding="utf-8") as rows:
        for number, row in enumerate(rows, start=1):
            yield from_document(json.loads(row), number)
