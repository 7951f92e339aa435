"""The time of day of a moment."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from agent.detectors.hours import hour, is_night, next_at

ZONE = "Asia/Shanghai"


def wall(local: str) -> float:
    return datetime.fromisoformat(f"2026-06-01T{local}").replace(tzinfo=ZoneInfo(ZONE)).timestamp()


@pytest.mark.parametrize(
    ("local", "from_h", "until_h", "told"),
    [
        ("23:00:00", 23, 5, True),
        ("22:59:59", 23, 5, False),
        ("04:59:59", 23, 5, True),
        ("05:00:00", 23, 5, False),
        ("12:00:00", 23, 5, False),
        ("01:00:00", 1, 5, True),
        ("00:59:59", 1, 5, False),
        ("05:00:00", 1, 5, False),
        ("23:30:00", 1, 5, False),
        ("12:00:00", 12, 12, False),
        ("13:00:00", 12, 12, False),
    ],
)
def test_a_night_has_its_first_moment_and_not_its_last(
    local: str, from_h: float, until_h: float, told: bool
) -> None:
    """Over midnight or not; from twelve until twelve is no time at all."""
    assert is_night(ZONE, wall(local), from_h, until_h) is told


def test_an_hour_has_its_minutes_and_seconds() -> None:
    """A quarter past six and 54 seconds."""
    assert hour(ZONE, wall("06:15:54")) == pytest.approx(6.265, abs=1e-9)


def test_the_next_time_the_clocks_show_an_hour() -> None:
    """Later today, or tomorrow; the moment itself has been."""
    assert next_at(ZONE, wall("06:00:00"), 6.5) == wall("06:30:00")
    assert next_at(ZONE, wall("06:30:00"), 6.5) == wall("06:30:00") + 86_400
    assert next_at(ZONE, wall("22:00:00"), 18.0) == wall("18:00:00") + 86_400


def test_the_day_is_the_home_s_own() -> None:
    """Ten in the evening in Honolulu, where it is tomorrow already in London."""
    evening = datetime(2026, 6, 1, 22, tzinfo=ZoneInfo("Pacific/Honolulu")).timestamp()
    assert next_at("Pacific/Honolulu", evening, 23.0) == evening + 3600


def test_an_hour_that_never_comes_is_named() -> None:
    """Nobody waits for an hour of four days ago."""
    with pytest.raises(ValueError, match=r"^no -99.0 h after .* in Asia/Shanghai$"):
        next_at(ZONE, wall("06:00:00"), -99.0)
