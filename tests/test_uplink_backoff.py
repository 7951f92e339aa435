"""When to try which broker again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.backoff import Backoff, Rest


def highest(_low: float, high: float) -> float:
    return high


def outage(backoff: Backoff, start: float, seconds: float) -> list[tuple[float, float]]:
    """Times and pauses of attempts that all fail at once."""
    now, found = start, []
    while now < start + seconds:
        broker, pause = backoff.choose(now)
        now += pause
        found.append((now, pause))
        backoff.failed(broker, now)
    return found


def test_first_attempt_is_at_once():
    """A device that starts does not wait."""
    assert Backoff(1, highest).choose(100.0) == (0, 0.0)


def test_broker_is_found_within_three_seconds_of_a_short_outage():
    """In the first two minutes no pause is longer than 2 s, so that 1 s remains for connecting."""
    backoff = Backoff(1, highest)
    backoff.lost(1000.0, held_s=3600.0)
    tries = outage(backoff, 1000.0, 119.0)
    assert tries[0][1] == 1.0
    assert max(pause for _, pause in tries) == 2.0


def test_long_outage_is_met_with_growing_pauses_up_to_five_minutes():
    """After two minutes pauses double up to 300 s."""
    backoff = Backoff(1, highest)
    backoff.lost(0.0, held_s=3600.0)
    pauses = [pause for at, pause in outage(backoff, 0.0, 3600.0) if at - pause >= 120.0]
    assert pauses[:8] == [4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0]
    assert set(pauses[8:]) == {300.0}


@given(st.floats(0, 1), st.integers(1, 4))
def test_pauses_are_jittered_but_never_a_busy_loop(chance, brokers):
    """Every pause is the drawn share of its limit, and at least 50 ms."""
    backoff = Backoff(brokers, lambda low, high: low + chance * (high - low))
    backoff.lost(0.0, held_s=3600.0)
    for _, pause in outage(backoff, 0.0, 60.0)[:100]:
        assert 0.05 <= pause <= max(0.05, chance * 2.0 / brokers)


def test_broker_killed_soon_after_connecting_comes_back_fast():
    """After a long outage a link that held 5 s is followed by quick attempts again."""
    backoff = Backoff(1, highest)
    backoff.lost(0.0, held_s=3600.0)
    outage(backoff, 0.0, 3600.0)
    backoff.lost(4000.0, held_s=5.0)
    assert [pause for _, pause in outage(backoff, 4000.0, 10.0)][:3] == [1.0, 2.0, 2.0]


def test_flapping_link_slows_down_until_one_has_held():
    """Short links lengthen the pauses up to 300 s, and only a link of 60 s clears the record."""
    backoff = Backoff(1, highest)
    pauses = []
    for flap in range(20):
        backoff.lost(flap * 10.0, held_s=59.0)
        pauses.append(backoff.choose(flap * 10.0)[1])
    assert pauses[:6] == [1.0, 1.0, 1.0, 4.0, 8.0, 16.0]
    assert pauses[-1] == 300.0
    backoff.lost(1000.0, held_s=60.0)
    assert backoff.choose(1000.0)[1] == 1.0


def test_brokers_are_tried_in_turn_within_the_same_time():
    """Two brokers are tried alternately, each as often as a single one."""
    backoff = Backoff(2, highest)
    backoff.lost(0.0, held_s=3600.0)
    order = []
    for _ in range(4):
        broker, pause = backoff.choose(0.0)
        backoff.failed(broker, 0.0)
        order.append((broker, pause))
    assert order == [(0, 0.5), (1, 0.5), (0, 1.0), (1, 1.0)]


@pytest.mark.parametrize("brokers", [1, 3])
def test_refusing_broker_rests_while_others_are_tried(brokers):
    """A broker that refuses the device is left alone for up to two minutes, the others are not."""
    backoff = Backoff(brokers, highest)
    backoff.choose(0.0)
    backoff.failed(0, 0.0, Rest.LONG)
    chosen = [backoff.choose(0.0) for _ in range(brokers)]
    if brokers == 1:
        assert chosen == [(0, 120.0)]
    else:
        assert [broker for broker, _ in chosen] == [1, 2, 1]
        assert max(pause for _, pause in chosen) < 1.0


@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from("flr"), st.floats(0, 500)), max_size=60),
    st.randoms(use_true_random=False),
)
def test_no_pause_is_ever_longer_than_five_minutes(brokers, happenings, random):
    """Whatever happens in whatever order, every pause lies between 0 and 300 s."""
    backoff = Backoff(brokers, random.uniform)
    now = 0.0
    for what, seconds in happenings:
        broker, pause = backoff.choose(now)
        assert 0.0 <= pause <= 300.0
        now += pause
        if what == "l":
            now += seconds
            backoff.lost(now, seconds)
        else:
            backoff.failed(broker, now, Rest.LONG if what == "r" else Rest.NONE)
