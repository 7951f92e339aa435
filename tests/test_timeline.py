"""Dating a recording by its monotonic clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.timeline import Mark, offsets

MARKS = st.lists(
    st.tuples(st.integers(0, 4), st.floats(0, 1e9), st.floats(0, 4e9), st.booleans()), max_size=40
)


@given(MARKS)
def test_time_never_goes_back(rows: list[tuple[int, float, float, bool]]) -> None:
    """Whatever the wall clock said: in the order of boots and of the count, times rise."""
    marks = [Mark(str(boot), mono, wall, good) for boot, mono, wall, good in sorted(rows)]
    monos = sorted(mark.mono for mark in marks)
    found = offsets(Mark(m.boot, at, m.wall, m.is_good) for m, at in zip(marks, monos, strict=True))
    times = [at + found[mark.boot] for mark, at in zip(marks, monos, strict=True)]
    assert times == sorted(times)


def test_each_boot_is_dated_by_its_last_good_time() -> None:
    """A boot without a good one goes on with the last; one before the first good one takes that."""
    marks = [
        Mark("early", 10, 10, is_good=False),
        Mark("good", 20, 520, is_good=True),
        Mark("good", 21, 9e9, is_good=False),
        Mark("good", 22, 622, is_good=True),
        Mark("late", 30, 30, is_good=False),
    ]
    assert offsets(marks) == {"early": 600, "good": 600, "late": 600}


def test_a_line_without_both_clocks_ends_it() -> None:
    """Then time is what the lines say."""
    assert offsets([Mark("b", 1, 2, is_good=True), None]) == {}
