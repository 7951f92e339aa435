"""The pipeline's state as one plain JSON document, and back: snapshots, --save-state, --from-state.

A document that was written under another configuration is taken as far as it fits: a new sensor or
detector starts with nothing known, one that is gone is forgotten. What does not fit by its shape,
because another release wrote it, starts anew too and is named, so that it can be reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.pipeline.alarms import Ledger
from agent.pipeline.debounce import Line
from agent.pipeline.pipeline import Pipeline
from agent.pipeline.qc import Track
from agent.pipeline.question import State as Question
from agent.plain import from_plain, to_plain
from drivers.reading import Stamp

FORMAT = 4


def remember(pipeline: Pipeline) -> dict[str, Any]:
    """All that the pipeline knows, as plain JSON values."""
    channels = pipeline.channels.values()
    return {
        "format": FORMAT,
        "site": pipeline.site.id,
        "last": to_plain(pipeline.last),
        "reached": pipeline.reached if pipeline.last else None,
        "ledger": to_plain(pipeline.ledger),
        "lived": pipeline.lived,
        "question": to_plain(pipeline.question),
        "lines": {c.key: to_plain(c.line) for c in channels if c.bounds is None},
        "tracks": {c.key: to_plain(c.track) for c in channels if c.bounds is not None},
        "sights": {
            s.name: to_plain(s.state) for s in pipeline.sights.values() if s.state is not None
        },
        "detectors": {i.key: to_plain(i.state) for i in pipeline.instances if i.state is not None},
    }


def recall(pipeline: Pipeline, document: dict[str, Any]) -> list[str]:
    """Put a document's knowledge into a fresh pipeline.

    Returns:
        The keys of detectors whose states did not fit and start anew.

    Raises:
        ValueError: It is not such a document, or is another site's.
    """
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    if document.get("format") != FORMAT:
        raise ValueError(f"a state of format {document.get('format')!r}, not {FORMAT}")
    if document.get("site") != pipeline.site.id:
        raise ValueError(f"a state of site {document.get('site')!r}, not {pipeline.site.id!r}")
    if document["last"] is None:
        return []
    last = from_plain(Stamp, document["last"])  # all of it first: a document fits, or is not taken
    reached = from_plain(float, document["reached"])
    ledger = from_plain(Ledger, document["ledger"])
    question = from_plain(Question, document["question"])
    lived = from_plain(int, document.get("lived", 0))
    lines = from_plain(Mapping[str, Line], document["lines"])
    tracks = from_plain(Mapping[str, Track], document["tracks"])
    states = dict(document["detectors"])
    seen = dict(document["sights"])
    pipeline.last, pipeline.reached, pipeline.ledger = last, reached, ledger
    pipeline.question, pipeline.lived = question, lived
    for channel in pipeline.channels.values():
        channel.line = lines.get(channel.key, channel.line)
        channel.track = tracks.get(channel.key, channel.track)
    misfits = _recall_sights(pipeline, seen, last.mono)
    for instance in pipeline.instances:
        if instance.key in states:
            try:
                state = from_plain(instance.detector.state, states[instance.key])
                instance.due_of(state)  # it may rest on a sensor that is gone
            except (ValueError, KeyError):
                misfits.append(instance.key)
            else:
                instance.state = state
    pipeline.resume()
    return misfits


def _recall_sights(pipeline: Pipeline, seen: Mapping[str, Any], now: float) -> list[str]:
    """Put in what perceptions have seen; return the names of those that start anew."""
    misfits = []
    for sight in pipeline.sights.values():
        sight.state = sight.perception.start(sight.plan, now)
        if sight.name not in seen:
            continue
        try:
            found = from_plain(sight.perception.state, seen[sight.name])
            sight.perception.due(sight.plan, found)  # it may rest on a sensor that is gone
        except (ValueError, KeyError):
            misfits.append(sight.name)
        else:
            sight.state = found
    return misfits
