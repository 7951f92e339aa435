"""What the pipeline knows of a person, forgotten. Pure.

Where an alarm is open, or a sensor's fault, what is known of this moment stays, since that rests on
it: where the resident is, which sensor is not believed, since when the alarm stands. Else
everything begins anew. What belongs to the device stays in any case: open alarms and the numbering
of events, calls for help, what is known of sensors that measure.
"""

from __future__ import annotations

from agent.pipeline import debounce
from agent.pipeline.pipeline import FAULTS, Pipeline


def unlearn(pipeline: Pipeline) -> None:
    """Forget the person; nothing is concluded from it."""
    is_calm = all(key.startswith(FAULTS) for key in pipeline.ledger.alarms)
    for sight in pipeline.sights.values():
        if sight.state is not None:
            sight.state = None if is_calm else sight.perception.unlearn(sight.state)
    for instance in pipeline.instances:
        forget = instance.detector.unlearn
        if forget is not None and instance.state is not None:
            instance.state = None if is_calm else forget(instance.state)
    for channel in pipeline.channels.values():
        if is_calm:
            channel.line = debounce.Line()
    pipeline.activities.clear()
    pipeline.resume()
