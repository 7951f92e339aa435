"""The guard against hostile bytes: what passes, what does not, however the bytes are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.guard import LONGEST, Guard, NotMqtt

CONNACK = b"\x20\x03\x00\x00\x00"
SANE = CONNACK + b"\x40\x02\x00\x01" + b"\x31\x05\x00\x01xhi" + b"\xd0\x00" + b"\xe0\x02\x8e\x00"


@given(st.lists(st.integers(0, len(SANE)), max_size=8))
def test_sane_packets_pass_however_they_are_cut(cuts):
    """Packets that a broker may send pass, and both reason codes are found, at any cut."""
    guard = Guard()
    edges = sorted({0, *cuts, len(SANE)})
    for start, end in pairwise(edges):
        guard.check(SANE[start:end])
    assert (guard.connack, guard.disconnect) == (0, 0x8E)


@given(st.binary(max_size=200), st.integers(1, 200))
def test_any_bytes_give_the_same_verdict_however_they_are_cut(data, cut):
    """A guard that is fed in two parts says what one that is fed at once says."""
    verdicts = []
    for parts in ([data], [data[:cut], data[cut:]]):
        guard = Guard()
        try:
            for part in parts:
                guard.check(part)
            verdicts.append((guard.connack, guard.disconnect))
        except NotMqtt as refused:
            verdicts.append(str(refused))
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("kind", [0x00, 0x10, 0x20, 0x50, 0x60, 0x80, 0xA0, 0xC0, 0xF0])
def test_packets_that_no_broker_sends_to_this_device_are_refused(kind):
    """After CONNACK: a second one, quality 2, and what only clients send are not MQTT."""
    guard = Guard()
    guard.check(CONNACK)
    with pytest.raises(NotMqtt):
        guard.check(bytes([kind, 0]))


@pytest.mark.parametrize("first", sorted(set(range(256)) - {0x20}))
def test_connack_comes_first(first):
    """Whatever else a connection begins with is no MQTT broker."""
    with pytest.raises(NotMqtt):
        Guard().check(bytes([first]))


@pytest.mark.parametrize(
    ("length", "passes"),
    [
        (b"\x80\x80\x04", True),
        (b"\x81\x80\x04", False),
        (b"\xff\xff\xff\x7f", False),
        (b"\xff\xff\xff\xff\x01", False),
    ],
    ids=["64 KiB", "a byte more", "256 MB", "five bytes"],
)
def test_length_is_bounded(length, passes):
    """A packet longer than the bound is refused by its length, before any of it has come."""
    guard = Guard()
    guard.check(CONNACK)
    if passes:
        guard.check(b"\x30" + length + bytes(LONGEST))
        guard.check(b"\xe0\x00")
        assert guard.disconnect == 0
    else:
        with pytest.raises(NotMqtt):
            guard.check(b"\x30" + length)
