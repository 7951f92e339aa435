"""What an event says in the words of CAP 1.2, the Common Alerting Protocol of OASIS.

Only kinds that a platform may pass on to the public have these fields (`EVENT`). Category, urgency,
severity, certainty and responseType take the values of CAP 1.2 section 3.2.2; `event` and
`areaDesc` are for people, so they come in both languages.

| level | severity | urgency |
| --- | --- | --- |
| blue | Minor | Future: in the near future |
| yellow | Moderate | Expected: within the hour |
| orange | Severe | Immediate |
| red | Extreme | Immediate |

Who is told of water on the road stays away (Avoid); of doubtful water, and of a polluted outfall
below orange, one watches (Monitor). An alarm that is over is AllClear and Past; one that was only
closed, since its sensor is no longer configured, says nothing of the danger: Monitor and Unknown.

CAP lets every recipient decide when a message without `expires` is void. Here it is void a bounded
time after it was told, and each update tells it anew: 6 h for waterlogging (nine of ten of 2,256
published street floods were shorter than 5 h), 24 h for an outfall (the time in which a call is to
be accepted), 1 h for an all-clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from agent.events import Certainty, Kind, WarningLevel
from agent.texts import REMOVED, Told

EVENT = {
    Kind.WATERLOGGING: ("Met", "内涝", "Waterlogging"),  # Met includes floods
    Kind.POLLUTION: ("Env", "水质污染", "Water pollution"),
    Kind.DISCHARGE: ("Env", "异常排放", "Unusual discharge"),
}
SEVERITY = {
    WarningLevel.BLUE: "Minor",
    WarningLevel.YELLOW: "Moderate",
    WarningLevel.ORANGE: "Severe",
    WarningLevel.RED: "Extreme",
}
URGENCY = {
    WarningLevel.BLUE: "Future",
    WarningLevel.YELLOW: "Expected",
    WarningLevel.ORANGE: "Immediate",
    WarningLevel.RED: "Immediate",
}
CERTAINTY = {
    Certainty.OBSERVED: "Observed",
    Certainty.LIKELY: "Likely",
    Certainty.POSSIBLE: "Possible",
}
EXPIRES_S = {Kind.WATERLOGGING: 6 * 3600, Kind.POLLUTION: 24 * 3600, Kind.DISCHARGE: 24 * 3600}
ALL_CLEAR_S = 3600
ALL_CLEAR = "AllClear"


def fields(told: Told, onset: str, wall: float) -> dict[str, Any] | None:
    """Fields of an event's `data.cap`; None for a kind that has none.

    Args:
        told: the finding, and where.
        onset: RFC 3339.
        wall: seconds since 1970 at which it is told.
    """
    kind, place = told.finding.kind, told.site.place
    if kind not in EVENT:
        return None
    category, zh, en = EVENT[kind]
    response, urgency, sure = _advice(told)
    length_s = ALL_CLEAR_S if response == ALL_CLEAR else EXPIRES_S[kind]
    zone = ZoneInfo(told.site.timezone)
    return {
        "category": category,
        "event": {"zh": zh, "en": en},
        "severity": SEVERITY[told.level],
        "urgency": urgency,
        "certainty": sure,
        "responseType": response,
        "onset": cap_time(datetime.fromisoformat(onset), zone),
        "expires": cap_time(datetime.fromtimestamp(wall + length_s, UTC), zone),
        "areaDesc": {"zh": place.zh, "en": place.en},
    }


def redated(
    known: Mapping[str, Any], onset: str, delta_s: float, timezone_name: str
) -> dict[str, Any]:
    """The same fields where the true time became known later.

    Args:
        known: as they were told.
        onset: the true one, RFC 3339.
        delta_s: what is to be added to the time at which they were told.
        timezone_name: the site's zone.
    """
    zone = ZoneInfo(timezone_name)
    expires = datetime.fromisoformat(known["expires"]) + timedelta(seconds=delta_s)
    began = cap_time(datetime.fromisoformat(onset), zone)
    return {**known, "onset": began, "expires": cap_time(expires, zone)}


def cap_time(moment: datetime, zone: tzinfo) -> str:
    """A time as CAP 1.2 section 3.3.2 wants it: whole seconds, an offset, and `-00:00` for UTC."""
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    minutes = round(offset.total_seconds() / 60)  # before 1972 some zones had seconds
    local = moment.astimezone(timezone(timedelta(minutes=minutes)))
    hours, rest = divmod(abs(minutes), 60)
    return f"{local:%Y-%m-%dT%H:%M:%S}{'+' if minutes > 0 else '-'}{hours:02d}:{rest:02d}"


def _advice(told: Told) -> tuple[str, str, str]:
    """What to do, how soon, and how sure it is."""
    finding, level, certainty = told.finding, told.level, told.certainty
    if finding.level is None:
        if told.evidence.get("reason") == REMOVED:
            return "Monitor", "Unknown", "Unknown"
        return ALL_CLEAR, "Past", CERTAINTY[certainty]
    is_avoided = finding.kind is Kind.WATERLOGGING or level >= WarningLevel.ORANGE
    is_doubtful = certainty is Certainty.POSSIBLE
    response = "Avoid" if is_avoided and not is_doubtful else "Monitor"
    return response, URGENCY[level], CERTAINTY[certainty]
