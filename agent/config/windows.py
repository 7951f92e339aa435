"""When somebody works at an outfall: windows in which nothing is told."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from agent.config.wording import quoted

Window = tuple[float, float]
EXAMPLE = "2026-11-25T09:00/2026-11-25T11:30"


def window(text: str, zone: str) -> Window:
    """Read a window; return its begin and end in seconds since 1970.

    Args:
        text: two moments in ISO 8601 with a slash between them.
        zone: IANA name of the zone that they are in where they have no offset.

    Raises:
        ValueError: it is none; says what is allowed.
    """
    try:
        begin, end = (_seconds(part, zone) for part in text.split("/"))
    except (ValueError, OverflowError):
        begin = end = 0.0
    if begin >= end:
        raise ValueError(f"found {quoted(text)}, allowed: begin/end, such as {EXAMPLE}")
    return begin, end


def _seconds(text: str, zone: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).timestamp()
