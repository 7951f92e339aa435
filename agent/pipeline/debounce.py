"""When a change of a two-state line counts.

Theory of operation. A contact bounces for milliseconds, a float bobs for seconds. What the line
said last that counts is its counted level. A reading of the counted level passes as it is: it is
true, and a sign of life. A reading of the other level is a change; it counts at once, or it is
pending until its due time. A reading of the counted level that comes first ends it, since that was
bounce; else it counts at the due time, so that the level a line settles on is never lost.

When a change that comes at t is due:

| rule            | quantity | to 1                              | to 0                   |
| --------------- | -------- | --------------------------------- | ---------------------- |
| none            | any      | t                                 | t                      |
| leading edge    | help     | t                                 | t + window, if it held |
| leading edge    | others   | end of the window that a counted change opens, or t after it ||
| held            | any      | t + window, if it held            | t + window, if it held |

So a press of a help button counts at once whenever the button counts as released, and it counts as
released only after the contact has been quiet for a window: neither bounce on the way in nor on the
way out makes a second press. The first level there ever was is no change, and counts at once.

The caller serves a deadline (`due`, `elapse`) before it hands over a reading that is later; of a
reading that comes at the very moment, the reading decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.base import Settle
from drivers.reading import Quantity, Reading, Stamp


@dataclass(frozen=True, slots=True)
class Line:
    """All that is remembered of one two-state quantity of one sensor.

    Attributes:
        level: the counted level; None before the first reading.
        open_at: monotonic second at which the window of the last counted change ends.
        pending: a level that does not count yet; None for none.
        due: monotonic second at which it will.
    """

    level: float | None = None
    open_at: float = 0.0
    pending: float | None = None
    due: float | None = None


def settle(rule: Settle | None, line: Line, reading: Reading) -> tuple[Line, Reading | None]:
    """Take in a reading; return it if it counts now, None where it is bounce or pending."""
    if rule is None:
        return line, reading
    value, level = reading.value, line.level
    if value == level:
        return (line if line.pending is None else Line(level, line.open_at)), reading
    now = reading.stamp.mono
    if level is None:
        return Line(value, now), reading
    due = line.due if value == line.pending else None
    if due is None:
        due = _due(rule, line, reading.quantity, rises=value > level, now=now)
    if now >= due:
        return Line(value, now + rule.window_s), reading
    return Line(level, line.open_at, value, due), None


def due(rule: Settle | None, line: Line) -> float | None:
    """Monotonic second at which a pending change will count; None if none is pending."""
    return None if rule is None else line.due


def elapse(
    rule: Settle | None, line: Line, stamp: Stamp, sensor: str, quantity: Quantity
) -> tuple[Line, Reading | None]:
    """Let a pending change count, as a reading with this stamp, if it is due by then."""
    if rule is None or line.pending is None or line.due is None or stamp.mono < line.due:
        return line, None
    counted = Reading(sensor, quantity, line.pending, stamp)
    return Line(line.pending, stamp.mono + rule.window_s), counted


def forget(line: Line) -> Line:
    """Drop a pending change: nothing was watched since, and a driver that opens says its level."""
    return line if line.pending is None else Line(line.level, line.open_at)


def _due(rule: Settle, line: Line, quantity: Quantity, *, rises: bool, now: float) -> float:
    if rule.is_held:
        return now + rule.window_s
    if quantity is Quantity.HELP:
        return now if rises else now + rule.window_s
    return line.open_at
