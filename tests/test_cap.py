"""The fields of CAP 1.2 in events of water, and in no others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sites import MONDAY, Player, street

from agent.cap import cap_time, fields
from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.texts import REMOVED, Told

BLUE, YELLOW, ORANGE, RED = WarningLevel
ONSET, WALL = "2026-09-21T16:00:00.400Z", MONDAY + 600


def cap(
    level: WarningLevel | None,
    kind: Kind = Kind.WATERLOGGING,
    certainty: Certainty = Certainty.OBSERVED,
    **evidence: Any,
) -> dict[str, Any]:
    finding = Finding(kind, "x", level, 0.0, certainty=certainty, evidence=evidence)
    told = Told(finding, street(), "", level or RED, RED, certainty=certainty)
    found = fields(told, ONSET, WALL)
    assert found is not None
    return found


def test_a_red_flood_has_all_fields() -> None:
    """Exactly those that were agreed."""
    assert cap(RED) == {
        "category": "Met",
        "event": {"zh": "内涝", "en": "Waterlogging"},
        "severity": "Extreme",
        "urgency": "Immediate",
        "certainty": "Observed",
        "responseType": "Avoid",
        "onset": "2026-09-22T00:00:00+08:00",
        "expires": "2026-09-22T06:10:00+08:00",
        "areaDesc": {
            "zh": "广州市黄埔区萝岗街下中路",
            "en": "Xiazhong Road, Luogang, Huangpu, Guangzhou",
        },
    }


@pytest.mark.parametrize(
    ("level", "severity", "urgency"),
    [(BLUE, "Minor", "Future"), (YELLOW, "Moderate", "Expected"), (ORANGE, "Severe", "Immediate"),
     (RED, "Extreme", "Immediate")],
)  # fmt: skip
def test_a_level_has_its_severity_and_urgency(
    level: WarningLevel, severity: str, urgency: str
) -> None:
    """For each kind that has them."""
    for kind in (Kind.WATERLOGGING, Kind.POLLUTION, Kind.DISCHARGE):
        found = cap(level, kind)
        assert (found["severity"], found["urgency"]) == (severity, urgency)


def test_doubtful_water_is_watched_and_measured_water_avoided() -> None:
    """Nobody is sent round for a parked car."""
    assert cap(RED, certainty=Certainty.POSSIBLE)["responseType"] == "Monitor"
    assert cap(RED, certainty=Certainty.POSSIBLE)["certainty"] == "Possible"
    assert cap(ORANGE, certainty=Certainty.LIKELY)["responseType"] == "Avoid"


@pytest.mark.parametrize(("level", "response"), [(YELLOW, "Monitor"), (ORANGE, "Avoid")])
def test_a_polluted_outfall_is_avoided_from_orange_on(level: WarningLevel, response: str) -> None:
    """Env, for a day."""
    found = cap(level, Kind.POLLUTION)
    assert (found["category"], found["responseType"]) == ("Env", response)
    assert found["expires"] == "2026-09-23T00:10:00+08:00"


def test_what_is_over_is_all_clear_for_an_hour() -> None:
    """Its urgency is past."""
    found = cap(None)
    assert (found["responseType"], found["urgency"]) == ("AllClear", "Past")
    assert found["expires"] == "2026-09-22T01:10:00+08:00"


def test_an_alarm_whose_sensor_was_taken_out_is_no_all_clear() -> None:
    """Nobody knows what the water does."""
    found = cap(None, reason=REMOVED)
    assert (found["responseType"], found["urgency"], found["certainty"]) == (
        "Monitor",
        "Unknown",
        "Unknown",
    )


@pytest.mark.parametrize("kind", [Kind.HELP, Kind.SENSOR_FAULT, Kind.DEVICE_FAULT, Kind.STILLNESS])
def test_nothing_of_a_home_or_a_device_is_for_the_public(kind: Kind) -> None:
    """No CAP fields, so that nobody can pass them on by mistake."""
    told = Told(Finding(kind, "x", RED, 0.0), street(), "", RED, None)
    assert fields(told, ONSET, WALL) is None


def test_events_of_a_flood_have_them_and_each_update_lasts_on() -> None:
    """The expiry moves on with each event, the onset stays."""
    depths = [*range(0, 450, 15), *range(450, 0, -15), *[0] * 30]
    player = Player(street())
    player.play_all((MONDAY + 60 * i, "road-level", 2700 - d) for i, d in enumerate(depths))
    found = [e.payload["data"]["cap"] for e in player.events if e.kind is Kind.WATERLOGGING]
    assert len(found) > 4
    assert len({each["onset"] for each in found}) == 1
    active = [each["expires"] for each in found if each["responseType"] != "AllClear"]
    assert active == sorted(set(active))
    assert found[-1]["responseType"] == "AllClear"


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        (UTC, "2026-09-21T16:10:00-00:00"),
        (ZoneInfo("America/St_Johns"), "2026-09-21T13:40:00-02:30"),
        (ZoneInfo("Asia/Kathmandu"), "2026-09-21T21:55:00+05:45"),
        (timezone(timedelta(seconds=29143)), "2026-09-22T00:16:00+08:06"),
    ],
)
def test_a_time_has_an_offset_and_never_a_z(zone: Any, text: str) -> None:
    """Also where the offset has seconds, and for UTC."""
    assert cap_time(datetime.fromtimestamp(WALL, UTC), zone) == text
