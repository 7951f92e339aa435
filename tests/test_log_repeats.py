"""How often a message is logged: windows of time, without waiting for any."""

from __future__ import annotations

import logging

from hypothesis import given
from hypothesis import strategies as st

from agent.repeats import FIRST, KEYS, LONGEST_S, WINDOW_S, Held, Repeats


def flood(repeats: Repeats, seconds: float, period_s: float = 1.0) -> tuple[int, list[Held]]:
    """Log the same every period, for so long; how many were shown, and the sums."""
    shown, sums, now = 0, [], 0.0
    while now < seconds:
        sums += repeats.due(now)
        shown += repeats.admit("down %s", "agent.worker", logging.WARNING, f"down {now:g}", now)
        now += period_s
    return shown, sums


def test_a_minute_shows_ten_and_sums_up_the_rest() -> None:
    """The sum carries the last text, how many and how long."""
    shown, sums = flood(Repeats(), WINDOW_S + 1)
    assert shown == FIRST + 1
    assert sums == [Held("agent.worker", logging.WARNING, "down 59", 50, 60.0)]


def test_a_fault_that_lasts_a_day_makes_few_lines() -> None:
    """A line every second for 24 hours: some 300 are written, and all are accounted for."""
    shown, sums = flood(repeats := Repeats(), 86400.0)
    rest = repeats.all(86400.0)
    assert shown + len(sums) < 320
    assert shown + sum(held.count for held in sums + rest) == 86400
    assert max(held.span_s for held in sums) <= LONGEST_S + 1


def test_when_a_flood_is_over_the_message_is_news_again() -> None:
    """A window in which nothing was held back ends the long ones."""
    repeats = Repeats()
    flood(repeats, 300.0)
    repeats.due(2000.0)
    repeats.due(4000.0)
    assert flood(repeats, 5.0)[0] == 5


def test_one_flood_holds_nothing_else_back() -> None:
    """Another template, or the same of another module, has ten of its own."""
    repeats = Repeats()
    flood(repeats, 50.0)
    assert repeats.admit("up", "agent.worker", logging.INFO, "up", 50.0)
    assert repeats.admit("down %s", "agent.uplink", logging.INFO, "down", 50.0)


@given(st.integers(1, 3 * KEYS))
def test_texts_without_end_take_no_memory_without_end(count: int) -> None:
    """Texts that are all different share a window once there are too many."""
    repeats = Repeats()
    shown = sum(repeats.admit(f"text {n}", "x", logging.INFO, "", 0.0) for n in range(count))
    assert shown == min(count, KEYS) + max(0, min(count - KEYS, FIRST))
    assert len(repeats._windows) <= KEYS + 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 400)), max_size=200))
def test_every_message_is_shown_or_counted(steps: list[tuple[str, float]]) -> None:
    """Whatever comes when, nothing is held back in silence."""
    repeats, now, shown, counted = Repeats(), 0.0, 0, 0
    for template, pause_s in steps:
        now += pause_s
        counted += sum(held.count for held in repeats.due(now))
        shown += repeats.admit(template, "x", logging.INFO, template, now)
    counted += sum(held.count for held in repeats.all(now))
    assert shown + counted == len(steps)
