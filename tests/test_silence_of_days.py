"""Whatever hour a home falls silent at, for days: no judgement breaks down, and somebody is told."""

from __future__ import annotations

import json
from functools import cache

import pytest

from agent.config.load import parse
from agent.demo.month import BEGIN, configuration
from agent.events import Event, Kind
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from drivers.reading import Reading, Stamp
from drivers.scene_home import DAY_S
from drivers.scene_life import furnish
from drivers.scene_motion import readings

SEED, DAYS, SILENT_DAYS = 2, 16, 3
HOME = furnish(SEED, "")
LOADED = parse(configuration(SEED, "").encode(), "simulated")
FAR = 10_000_000  # numbers of the readings of the day that is cut


def fresh() -> Pipeline:
    return Pipeline(LOADED.site, LOADED.limits)


def feed(pipeline: Pipeline, day: int, until_h: float, first: int) -> list[Event]:
    """Live a day until an hour."""
    events: list[Event] = []
    for number, (second, sensor, quantity, value) in enumerate(readings(HOME, day), first):
        if second >= until_h * 3600:
            break
        at = BEGIN.timestamp() + day * DAY_S + second
        stamp = Stamp("test", at, at, synced=True, sequence=number)
        events += pipeline.take(Reading(sensor, quantity, value, stamp))[1]
    return events


@cache
def known() -> str:
    """What is remembered after ordinary days."""
    pipeline, count = fresh(), 0
    for day in range(DAYS):
        feed(pipeline, day, 24.0, count)
        count += FAR // DAYS
    return json.dumps(remember(pipeline))


@pytest.mark.parametrize("hour", [*range(1, 24, 2), 6, 22.5, 23.9])
def test_a_home_that_falls_silent_at_any_hour_is_told_and_nothing_breaks(hour: float) -> None:
    """Within a day, however long it lasts; no detector fails on the way."""
    pipeline = fresh()
    assert recall(pipeline, json.loads(known())) == []
    feed(pipeline, DAYS, hour, FAR)
    end = BEGIN.timestamp() + DAYS * DAY_S + hour * 3600
    events = pipeline.advance(end + SILENT_DAYS * DAY_S)
    broken = [
        event.payload["data"]["evidence"] for event in events if event.kind is Kind.DEVICE_FAULT
    ]
    assert broken == []
    told = [e for e in events if e.kind in {Kind.STILLNESS, Kind.OUTING, Kind.DEGRADED}]
    assert any(event.mono <= end + DAY_S for event in told)
