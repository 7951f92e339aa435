"""Debouncing of two-state lines, with virtual time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pipeline.debounce import Line, due, elapse, settle
from agent.plain import from_plain, to_plain
from drivers.base import Settle
from drivers.reading import Quantity, Reading, Stamp

DOOR = Settle(0.05)
HELP = Settle(0.03)
FLOAT = Settle(3.0, is_held=True)

Edge = tuple[float, float]  # monotonic second, level

CASES = [(DOOR, Quantity.CONTACT), (HELP, Quantity.HELP), (FLOAT, Quantity.WET)]


def at(mono: float) -> Stamp:
    return Stamp("test", mono, 1_790_000_000 + mono, synced=True, sequence=1)


def run(
    rule: Settle | None,
    quantity: Quantity,
    edges: Iterable[Edge],
    line: Line | None = None,
    until: float = math.inf,
) -> tuple[Line, list[Edge]]:
    """Hand over the readings, serving deadlines that lie before each as the pipeline does."""
    line, counted = line or Line(), []

    def serve(line: Line, before: float) -> Line:
        deadline = due(rule, line)
        if deadline is None or deadline >= before:
            return line
        line, reading = elapse(rule, line, at(deadline), "s", quantity)
        assert reading is not None
        counted.append((reading.stamp.mono, reading.value))
        return line

    for mono, level in edges:
        line = serve(line, mono)
        line, reading = settle(rule, line, Reading("s", quantity, level, at(mono)))
        if reading is not None:
            counted.append((reading.stamp.mono, reading.value))
    return serve(line, until), counted


def changes(levels: Iterable[Edge]) -> list[Edge]:
    """The readings whose level differs from the one before."""
    found: list[Edge] = []
    for mono, level in levels:
        if not found or found[-1][1] != level:
            found.append((mono, level))
    return found


def test_without_a_rule_everything_passes() -> None:
    """A sensor that needs no settling loses and delays nothing."""
    edges = [(1.0, 0.0), (1.001, 1.0), (1.002, 0.0)]
    assert run(None, Quantity.MOTION, edges)[1] == edges


def test_a_door_that_bounces_opens_once() -> None:
    """Five bounces in 5 ms are one opening, counted at the first edge."""
    bounces = [(10 + ms / 1000, float(ms % 2 == 0)) for ms in range(5)]
    assert changes(run(DOOR, Quantity.CONTACT, [(0.0, 0.0), *bounces])[1]) == [
        (0.0, 0.0),
        (10.0, 1.0),
    ]


def test_a_door_that_falls_back_within_the_window_is_not_left_open() -> None:
    """The last level counts at the end of the window, stamped with that moment."""
    counted = run(DOOR, Quantity.CONTACT, [(0.0, 0.0), (10.0, 1.0), (10.02, 0.0)])[1]
    assert counted == [(0.0, 0.0), (10.0, 1.0), (10.05, 0.0)]


def test_a_change_at_the_end_of_a_window_opens_the_next() -> None:
    """A rattling door changes at most once a window."""
    edges = [(0.0, 0.0), (10.0, 1.0), (10.02, 0.0), (10.06, 1.0)]
    counted = run(DOOR, Quantity.CONTACT, edges)[1]
    assert counted[1:] == [(10.0, 1.0), (10.05, 0.0), (pytest.approx(10.1), 1.0)]


def test_first_level_opens_no_window() -> None:
    """A change right after the first reading counts at once."""
    assert run(DOOR, Quantity.CONTACT, [(0.0, 0.0), (0.001, 1.0)])[1][1] == (0.001, 1.0)


def test_repeated_levels_pass_and_leave_the_window_alone() -> None:
    """A heartbeat is not swallowed, and the door may shut when the window would end anyhow."""
    edges = [(0.0, 0.0), (10.0, 1.0), (10.04, 1.0), (10.05, 0.0)]
    assert run(DOOR, Quantity.CONTACT, edges)[1] == edges


def test_a_reading_at_the_deadline_decides() -> None:
    """A line that is back at the very end of the window never changed."""
    edges = [(0.0, 0.0), (10.0, 1.0), (10.02, 0.0), (10.05, 1.0)]
    assert changes(run(DOOR, Quantity.CONTACT, edges)[1]) == [(0.0, 0.0), (10.0, 1.0)]


def test_fifty_presses_count_fifty_times_with_bounce_at_both_ends() -> None:
    """Each press counts once, at its first edge, however its contact bounces."""
    edges, pressed = [(0.0, 0.0)], []
    for n in range(50):
        start = 1.0 + n * 0.2
        pressed.append((start, 1.0))
        press = [(start, 1.0), (start + 0.002, 0.0), (start + 0.004, 1.0)]
        release = [(start + 0.1, 0.0), (start + 0.103, 1.0), (start + 0.106, 0.0)]
        edges += press + release
    counted = changes(run(HELP, Quantity.HELP, edges)[1])
    assert [edge for edge in counted if edge[1]] == pressed


def test_a_press_of_a_millisecond_counts_and_ends() -> None:
    """A press shorter than the window counts at once; its release follows a window later."""
    counted = run(HELP, Quantity.HELP, [(0.0, 0.0), (5.0, 1.0), (5.001, 0.0)])[1]
    assert counted == [(0.0, 0.0), (5.0, 1.0), (pytest.approx(5.031), 0.0)]


def test_pressed_at_boot_counts() -> None:
    """A button that is pressed when nothing is known yet is a press."""
    assert run(HELP, Quantity.HELP, [(0.0, 1.0)])[1] == [(0.0, 1.0)]


def test_a_float_in_waves_counts_when_it_has_stood() -> None:
    """Splashes shorter than the window change nothing; rising water counts 3 s after its edge."""
    splashes = [(10.0, 1.0), (11.0, 0.0), (12.0, 1.0), (14.9, 0.0)]
    counted = run(FLOAT, Quantity.WET, [(0.0, 0.0), *splashes, (20.0, 1.0), (22.0, 1.0)])[1]
    assert changes(counted) == [(0.0, 0.0), (23.0, 1.0)]


@pytest.mark.parametrize(("rule", "quantity"), CASES)
def test_chatter_at_1_khz_is_bounded(rule: Settle, quantity: Quantity) -> None:
    """1,000 flaps in a second give at most one counted change per window, and the first."""
    flaps = [(10 + n / 1000, float(n % 2)) for n in range(1000)]
    assert len(changes(run(rule, quantity, flaps)[1])) <= 2 + 1 / rule.window_s


def test_nothing_counts_early() -> None:
    """A deadline that has not come yet changes nothing."""
    line, _ = run(DOOR, Quantity.CONTACT, [(0.0, 0.0), (1.0, 1.0), (1.01, 0.0)], until=0.0)
    assert due(DOOR, line) == 1.05
    assert elapse(DOOR, line, at(1.04), "s", Quantity.CONTACT) == (line, None)


EDGES = st.lists(
    st.tuples(st.floats(0.0001, 5.0), st.sampled_from([0.0, 1.0])), min_size=1, max_size=60
).map(
    lambda steps: [(sum(pause for pause, _ in steps[: n + 1]), v) for n, (_, v) in enumerate(steps)]
)
RULES = st.sampled_from(CASES)


@given(RULES, EDGES)
def test_the_level_it_settles_on_is_the_last_one(
    case: tuple[Settle, Quantity], edges: list[Edge]
) -> None:
    """After quiet, the counted level is the raw one."""
    line, counted = run(*case, edges)
    assert line.level == counted[-1][1] == edges[-1][1]
    assert due(case[0], line) is None


@given(RULES, EDGES)
def test_counting_adds_no_change(case: tuple[Settle, Quantity], edges: list[Edge]) -> None:
    """There are never more counted changes than raw ones, and none before its raw level came."""
    counted = changes(run(*case, edges)[1])
    assert len(counted) <= len(changes(edges))
    assert all(any(e[1] == level and e[0] <= mono for e in edges) for mono, level in counted)
    assert all(a[0] <= b[0] for a, b in pairwise(counted))


@given(EDGES)
def test_a_press_of_a_released_button_counts_at_once(edges: list[Edge]) -> None:
    """Whenever the button counts as released, a press counts with its own stamp."""
    line = Line()
    for mono, level in edges:
        line, _ = run(HELP, Quantity.HELP, [], line, until=mono)
        was_released = line.level == 0.0
        line, counted = run(HELP, Quantity.HELP, [(mono, level)], line, until=mono)
        if level and was_released:
            assert counted == [(mono, 1.0)]


@given(EDGES, st.integers(0, 200))
def test_every_quick_press_is_a_press(steps: list[Edge], hold_ms: int) -> None:
    """Presses a window apart count each, however short."""
    starts = [n * 0.3 for n in range(1, len(steps) + 1)]
    edges = [(0.0, 0.0)]
    for start in starts:
        edges += [(start, 1.0), (start + hold_ms / 1000, 0.0)]
    counted = changes(run(HELP, Quantity.HELP, edges)[1])
    assert [mono for mono, level in counted if level] == starts


@given(RULES, EDGES, st.integers(0, 60))
def test_cut_anywhere_with_the_line_kept_in_json(
    case: tuple[Settle, Quantity], edges: list[Edge], cut: int
) -> None:
    """Two halves, with the state stored between them, count what the whole counts."""
    whole = run(*case, edges)
    cut = min(cut, len(edges))
    line, first = run(*case, edges[:cut], until=-math.inf)
    restored = from_plain(Line, to_plain(line))
    assert restored == line
    line, second = run(*case, edges[cut:], restored)
    assert (line, first + second) == whole
