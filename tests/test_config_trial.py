"""How long a trial has lasted, whatever the clocks say."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.gate import Baseline
from agent.config.trial import (
    NOTED_EVERY_S,
    Moment,
    Pending,
    Stage,
    Step,
    from_json,
    lasted_s,
    next_step,
    noted,
    remaining_s,
)

BEGAN = Moment("one", 5000.0, 1_790_000_000.0, is_synced=True)
WALLS = st.floats(-2e9, 1e11)
PENDING = Pending(
    2, "new", 1, "old", "li", "", Stage.HEALTHY, 600.0, BEGAN, "one", 5000.0, 0.0,
    Baseline(frozenset({"road-level"}), is_linked=True),
)  # fmt: skip


@given(WALLS, st.booleans(), st.floats(0, 1e6))
def test_within_a_boot_no_wall_clock_counts(wall: float, is_synced: bool, passed: float) -> None:
    """A wrong or stepped clock neither prevents nor hastens the end of a trial."""
    now = Moment("one", 5000.0 + passed, wall, is_synced)
    assert lasted_s(PENDING, now) == pytest.approx(passed)
    assert next_step(PENDING, "new", now) is (Step.WAIT if passed < 600 else Step.RETURN)


@given(WALLS, st.floats(0, 500))
def test_after_a_reboot_an_unsynced_clock_does_not_count(wall: float, up_s: float) -> None:
    """Without a trusted clock the powered time counts, and the longest unseen gap."""
    before = noted(PENDING, Moment("one", 5060.0, 0.0, is_synced=False))
    now = Moment("two", up_s, wall, is_synced=False)
    assert lasted_s(before, now) == pytest.approx(60 + NOTED_EVERY_S + up_s)


def test_time_without_power_counts_where_both_clocks_are_trusted() -> None:
    """A device that was off for an hour is over its ten minutes at once."""
    now = Moment("two", 15.0, BEGAN.wall + 3600, is_synced=True)
    assert not remaining_s(PENDING, now)
    set_back = Moment("two", 15.0, BEGAN.wall - 3600, is_synced=True)
    assert lasted_s(PENDING, set_back) == NOTED_EVERY_S + 15


@given(st.lists(st.floats(1, 25), min_size=30, max_size=30))
def test_a_device_that_crashes_again_and_again_comes_back(ups: list[float]) -> None:
    """Each boot counts, though none of them lasts until the next note."""
    pending = PENDING
    for number, up_s in enumerate(ups):
        pending = noted(pending, Moment(f"boot {number}", up_s, 0.0, is_synced=False))
    assert not remaining_s(pending, Moment("last", 1.0, 0.0, is_synced=False))


def test_who_tried_it_died() -> None:
    """What was never found healthy is returned at once, what is the old one only finished."""
    now = Moment("one", 5001.0, 0.0, is_synced=False)
    trying = from_json(PENDING.to_json() | {"stage": "trying"})
    assert next_step(trying, "new", now) is Step.RETURN
    assert next_step(trying, "old", now) is Step.FINISH
    assert next_step(PENDING, "old", now) is Step.FINISH


def test_a_note_comes_back_from_json_as_it_was() -> None:
    """What is on disk is the whole trial."""
    assert from_json(json.loads(json.dumps(PENDING.to_json()))) == PENDING


@pytest.mark.parametrize("key", sorted(PENDING.to_json()))
def test_a_note_without_one_of_its_keys_is_none(key: str) -> None:
    """Damage is an error, not a guess."""
    document = PENDING.to_json()
    del document[key]
    with pytest.raises(ValueError, match="no trial"):
        from_json(document)
