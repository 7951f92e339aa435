"""Trust in a level sensor: where each doubt begins and ends, to the reading."""

from __future__ import annotations

import pytest

from agent.detectors.believed import HOUR_S, HOURS, Doubt, Hour, Trust, count, judge, tally

MINUTE_S = 60.0


def hear(trust: Trust, at: float, *, bad: bool = False, broken: bool = False) -> Trust:
    return judge(count(trust, at, is_bad=bad, is_break=broken), at)


def hear_all(trust: Trust, since: float, bad: list[bool], pace_s: float = MINUTE_S) -> Trust:
    for n, is_bad in enumerate(bad):
        trust = hear(trust, since + n * pace_s, bad=is_bad)
    return trust


def day(pace_s: float, breaks: int, hours: int = HOURS) -> Trust:
    """Hours of readings with breaks in the last of them."""
    trust = Trust()
    for n in range(int(hours * HOUR_S / pace_s)):
        at = n * pace_s
        is_last = at >= (hours - 1) * HOUR_S
        trust = hear(trust, at, broken=is_last and breaks > 0)
        breaks -= is_last
    return trust


@pytest.mark.parametrize(
    ("bad", "pace_s", "doubt"),
    [
        (19, 120.0, None),
        (20, 60.0, None),
        (21, 60.0, Doubt.NO_ECHO),
        (20, 64.0, Doubt.NO_ECHO),
        (20, 10.0, None),
    ],
)
def test_twenty_bad_readings_over_twenty_minutes_are_doubted(
    bad: int, pace_s: float, doubt: Doubt | None
) -> None:
    """Both the number and the time count; among enough good ones before, the share does not."""
    trust = hear_all(Trust(), 0.0, [False] * 90)
    trust = hear_all(trust, 90 * MINUTE_S, [True] * bad, pace_s)
    assert trust.doubt is doubt


@pytest.mark.parametrize(("bad_of_ten", "doubt"), [(3, None), (4, Doubt.NO_ECHO)])
def test_two_bad_of_five_are_doubted(bad_of_ten: int, doubt: Doubt | None) -> None:
    """No row is long: the share of two hours tells."""
    pattern = [n * bad_of_ten % 10 < bad_of_ten for n in range(10)]
    assert hear_all(Trust(), 0.0, pattern * 12).doubt is doubt


def test_a_share_needs_twenty_readings() -> None:
    """Nine of nineteen say nothing yet."""
    assert hear_all(Trust(), 0.0, [True, False] * 9 + [False]).doubt is None
    assert hear_all(Trust(), 0.0, [True, False] * 10).doubt is Doubt.NO_ECHO


def test_no_echo_ends_when_few_are_missing_for_two_hours() -> None:
    """Not at the first echo, and not while one in five is missing."""
    trust = hear_all(Trust(), 0.0, [True] * 60)
    trust = hear(trust, HOUR_S)
    assert trust.doubt is Doubt.NO_ECHO
    often = hear_all(trust, HOUR_S + 60, [True, False, False, False] * 75)
    assert often.doubt is Doubt.NO_ECHO
    well = hear_all(trust, HOUR_S + 60, [False] * 179)
    assert well.doubt is None


def test_six_breaks_in_a_day_are_doubted_and_five_are_not() -> None:
    """What a healthy post has in a month is not doubted."""
    assert day(60.0, 5).doubt is None
    assert day(60.0, 6).doubt is Doubt.UNSTEADY


def test_who_looks_more_often_sees_more_people_pass() -> None:
    """At 10 s it takes 48."""
    assert day(10.0, 47).doubt is None
    assert day(10.0, 48).doubt is Doubt.UNSTEADY


def test_four_breaks_strain_a_sensor() -> None:
    """It is believed, and yet a warning needs more."""
    assert not day(60.0, 3).is_strained
    assert day(60.0, 4).is_strained
    assert not day(10.0, 31).is_strained
    assert day(10.0, 32).is_strained


def test_unsteady_ends_after_six_calm_hours() -> None:
    """One break is forgiven."""
    trust, at = day(60.0, 6), HOURS * HOUR_S
    after = {}
    for n in range(7 * 60):
        trust = hear(trust, at + n * MINUTE_S, broken=n == 100)
        after[n] = trust.doubt
    assert after[4 * 60] is Doubt.UNSTEADY
    assert after[7 * 60 - 1] is None


def test_breaks_of_a_day_are_those_of_its_hours() -> None:
    """The number that is carried along is the sum, also when hours are forgotten."""
    trust = Trust()
    for n in range(60 * 60):
        trust = hear(trust, n * MINUTE_S, broken=n % 50 == 0)
        assert trust.broken == sum(hour.breaks for hour in trust.hours)
    assert len(trust.hours) == HOURS


def test_hours_that_passed_in_silence_are_forgotten() -> None:
    """After two days only the new hour is left."""
    trust = day(60.0, 6)
    hours, broken = tally(trust, 72 * HOUR_S, is_bad=True, is_break=False)
    assert (hours, broken) == ((Hour(72 * HOUR_S, 1, 1, 0),), 0)


@pytest.mark.parametrize(
    ("trust", "at", "doubt"),
    [
        (Trust(value=1.0, same_since=0.0), 16 * HOUR_S - 1, None),
        (Trust(value=1.0, same_since=0.0), 16 * HOUR_S, Doubt.STUCK),
        (Trust(same_since=0.0), 99 * HOUR_S, None),
        (Trust(crept=True, off_since=0.0), 6 * HOUR_S - 1, None),
        (Trust(crept=True, off_since=0.0), 6 * HOUR_S, Doubt.DRIFT),
        (Trust(crept=False, off_since=0.0), 9 * HOUR_S, None),
        (Trust(leapt_at=0.0), 2 * HOUR_S - 1, None),
        (Trust(leapt_at=0.0), 2 * HOUR_S, Doubt.BLOCKED),
        (Trust(doubt=Doubt.DRIFT, on_since=None), 0.0, Doubt.DRIFT),
        (Trust(doubt=Doubt.DRIFT, on_since=0.0), 2 * HOUR_S - 1, Doubt.DRIFT),
        (Trust(doubt=Doubt.DRIFT, on_since=0.0), 2 * HOUR_S, None),
        (Trust(doubt=Doubt.BLOCKED, leapt_at=0.0), 1.0, Doubt.BLOCKED),
        (Trust(doubt=Doubt.BLOCKED), 1.0, None),
        (Trust(doubt=Doubt.STUCK, value=1.0, same_since=9.0), 10.0, None),
    ],
)
def test_times_of_doubts(trust: Trust, at: float, doubt: Doubt | None) -> None:
    """Each begins and ends at its second."""
    assert judge(trust, at).doubt is doubt
