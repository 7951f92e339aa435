"""Once a day, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.daily import NOTHING, Appointment, Done, do, due, is_due
from agent.plain import from_plain, to_plain

DAY, YEAR = 86400.0, 365.25 * 86400.0
ZONES = ["Asia/Shanghai", "UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"]
DATES = [
    datetime(2026, 3, 27, tzinfo=UTC),  # before summer time begins in Berlin
    datetime(2026, 10, 23, tzinfo=UTC),  # before it ends
    datetime(2026, 10, 30, tzinfo=UTC),  # before it ends in Havana, at midnight
    datetime(2028, 2, 27, tzinfo=UTC),
    datetime(2038, 1, 17, tzinfo=UTC),
]


class Life:
    """A device that looks every quarter of an hour, and notes which dates it did."""

    def __init__(self, when: Appointment, wall: float) -> None:
        self.when, self.wall, self.mono = when, wall, 1000.0
        self.done = NOTHING
        self.evaluated: list[date] = []
        self.lived: set[date] = set()

    def local(self) -> datetime:
        return datetime.fromtimestamp(self.wall, ZoneInfo(self.when.zone))

    def live(self, seconds: float) -> None:
        for _ in range(int(seconds // 900)):
            self.wall += 900
            self.mono += 900
            local = self.local()
            if local.hour + local.minute / 60 >= self.when.hour + 1.25:  # the hour, skipped or not
                self.lived.add(local.date())
            promised = due(self.when, self.done, self.mono, self.wall) <= self.mono
            assert promised == is_due(self.when, self.done, self.wall)
            if promised:
                self.evaluated.append(local.date())
                self.done = do(self.when, self.done, self.wall)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(ZONES),
    st.sampled_from([0.0, 2.5, 10.0, 22.0]),
    st.sampled_from(DATES),
    st.lists(
        st.tuples(
            st.floats(0, 4 * DAY),
            st.sampled_from([0.0, 3600.0, DAY, 30 * DAY, 3 * YEAR, 10 * YEAR]),
            st.sampled_from([-1, 1]),
        ),
        max_size=6,
    ),
)
def test_each_day_that_is_lived_through_is_done_once(
    zone: str, hour: float, begun: datetime, pieces: list[tuple[float, float, int]]
) -> None:
    """Over steps of years, summer time both ways, 29 February, 2038: no date twice, none missed."""
    life = Life(Appointment(zone, hour), begun.timestamp())
    for seconds, step, sign in pieces:
        life.live(seconds)
        life.wall += sign * step
    life.live(2 * DAY)
    assert len(life.evaluated) == len(set(life.evaluated))
    assert life.lived <= set(life.evaluated)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [0.0, 1.5, 2.5, 10.0])
def test_a_year_has_as_many_evaluations_as_days(zone: str, hour: float) -> None:
    """Without steps: every date of the leap year 2028, in its order."""
    when = Appointment(zone, hour)
    midnight = datetime(2028, 1, 1, tzinfo=ZoneInfo(zone)).timestamp()
    mono, done, dates = 5e6, NOTHING, []
    offset = midnight - mono
    while len(dates) < 366:
        mono = due(when, done, mono, mono + offset)
        dates.append(datetime.fromtimestamp(mono + offset, ZoneInfo(zone)).date())
        done = do(when, done, mono + offset)
    assert dates == [date(2028, 1, 1) + timedelta(days=n) for n in range(366)]


def test_a_jump_forward_is_one_evaluation() -> None:
    """Ten years later there is one day to be done, not 3,653."""
    life = Life(Appointment("Asia/Shanghai", 10.0), DATES[0].timestamp())
    life.live(2 * DAY)
    before = len(life.evaluated)
    life.wall += 10 * YEAR
    life.live(DAY / 4)
    assert len(life.evaluated) == before + 1


def test_what_is_remembered_is_small_and_can_be_kept() -> None:
    """Years are one run; a clock that is set every day forgets the oldest; JSON gives it back."""
    when, done = Appointment("Asia/Shanghai", 10.0), NOTHING
    for n in range(3000):
        done = do(when, done, DATES[0].timestamp() + n * DAY)
    assert len(done.runs) == 1
    for n in range(100):
        done = do(when, done, DATES[0].timestamp() + n * YEAR)
    assert len(done.runs) == 32
    assert from_plain(Done, to_plain(done)) == done


def test_the_agent_may_be_off_at_the_hour() -> None:
    """Started at noon it is done at once; started at three in the morning not before ten."""
    when = Appointment("Asia/Shanghai", 10.0)
    midnight = datetime(2026, 11, 24, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    assert is_due(when, NOTHING, midnight + 12 * 3600)
    assert not is_due(when, NOTHING, midnight + 3 * 3600)
    assert due(when, NOTHING, 50.0, midnight + 3 * 3600) == 50.0 + 7 * 3600
