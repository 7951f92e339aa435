"""The presence radar on a real pty: only the state byte decides, ten reports a second become few."""

from __future__ import annotations

import json
import os
import tty
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from drivers import presence_radar, serial_port
from drivers.base import DeviceSilent, FrameError, PortError, load
from drivers.frames import Framer
from drivers.gpio import GpioLine
from drivers.presence_radar import REPORT
from drivers.reading import Quantity

SPEC = load("presence_radar")
STILL = bytes.fromhex("f4f3f2f10d0002aa0251000000003b00005500f8f7f6f5")
NOBODY = bytes.fromhex("f4f3f2f10d0002aa0045003e00003a00005500f8f7f6f5")
BOTH = bytes.fromhex("f4f3f2f10d0002aa034f00644c006432005500f8f7f6f5")
ENGINEERING = bytes.fromhex("f4f3f2f1230001aa01") + bytes(30) + bytes.fromhex("5500f8f7f6f5")
REPORTS = [STILL, NOBODY, BOTH, ENGINEERING]


class Room:
    """A radar at one end of a pty, the driver at the other."""

    def __init__(self) -> None:
        self._radar, port = os.openpty()
        tty.setraw(port)
        self._ends = [self._radar, port]
        self.path = os.ttyname(port)
        self.readings: list[float] = []
        self.driver = SPEC.build(presence_radar.Config(self.path))
        self.open()

    def open(self) -> None:
        self.driver.open(self.emit)

    def emit(self, quantity: Quantity, value: float) -> None:
        assert quantity is Quantity.PRESENCE
        self.readings.append(value)

    def say(self, text: bytes) -> None:
        assert os.write(self._radar, text) == len(text)

    def poll_for(self, count: int) -> list[float]:
        """Poll until so many readings have come in all."""
        while len(self.readings) < count:
            self.driver.poll()
        return self.readings

    def poll_to_error(self) -> None:
        while True:
            self.driver.poll()

    def unplug(self) -> None:
        while self._ends:
            os.close(self._ends.pop())


@pytest.fixture
def room() -> Iterator[Room]:
    room = Room()
    yield room
    room.driver.close()
    room.driver.close()
    room.unplug()


def test_only_the_state_byte_decides(room: Room) -> None:
    """Still, moving and both are presence; an old distance and energy without a state are nobody."""
    room.say(STILL + NOBODY + BOTH + NOBODY + ENGINEERING)
    assert room.poll_for(5) == [1, 0, 1, 0, 1]


def test_only_changes_are_readings(room: Room) -> None:
    """Reports of the same state are one reading."""
    room.say(NOBODY * 20 + STILL * 20 + BOTH * 20 + NOBODY)
    assert room.poll_for(3) == [0, 1, 0]


def test_an_unchanged_state_is_told_once_a_minute(room: Room) -> None:
    """Every six hundredth report of the same state is a reading."""
    for _ in range(120):
        room.say(STILL * 10)
        room.driver.poll()
    room.say(STILL + NOBODY)
    assert room.poll_for(4) == [1, 1, 1, 0]


def test_reopening_tells_the_state_again(room: Room) -> None:
    """After a reopening the first report is a reading, changed or not."""
    room.say(STILL)
    room.poll_for(1)
    room.driver.close()
    room.open()
    room.say(STILL)
    assert room.poll_for(2) == [1, 1]


@pytest.mark.parametrize("report", REPORTS)
def test_every_wrong_fixed_byte_is_a_bad_frame(report: bytes) -> None:
    """A report with a wrong header, length, type, mark, state or tail is none."""
    end = len(report)
    for place in [*range(9), *range(end - 6, end)]:
        wrong = bytearray(report)
        wrong[place] ^= 0x40
        assert Framer(REPORT).feed(bytes(wrong)) == []


@given(st.lists(st.sampled_from(REPORTS), min_size=1, max_size=5), st.data())
def test_one_wrong_byte_costs_one_report(reports: list[bytes], data: st.DataObject) -> None:
    """However one byte is changed and the stream is cut, all other reports come out."""
    hit = data.draw(st.integers(0, len(reports) - 1))
    wrong = bytearray(reports[hit])
    wrong[data.draw(st.integers(0, len(wrong) - 1))] = data.draw(st.integers(0, 255))
    stream = b"".join([*reports[:hit], bytes(wrong), *reports[hit + 1 :]])
    cut = data.draw(st.integers(0, len(stream)))
    framer = Framer(REPORT)
    found = framer.feed(stream[:cut]) + framer.feed(stream[cut:])
    rest = reports[:hit] + reports[hit + 1 :]
    assert found in (rest, [*reports[:hit], bytes(wrong), *reports[hit + 1 :]])


def test_garbage_is_a_frame_error(room: Room) -> None:
    """Bytes without a report end in a FrameError that speaks of the rate."""
    room.say(b"\xf4\xf3\xf2" * 600)
    with pytest.raises(FrameError, match="256000 baud"):
        room.poll_to_error()
    assert room.readings == []


def test_unplugging_is_a_port_error(room: Room) -> None:
    """A radar that goes away ends in a PortError."""
    room.unplug()
    with pytest.raises(PortError, match="unplugged"):
        room.poll_to_error()


def test_silence_is_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A radar that says nothing raises DeviceSilent: it is not an empty room."""
    monkeypatch.setattr(serial_port, "TIMEOUT_S", 0.02)
    monkeypatch.setattr(presence_radar, "LINE_SILENT_AFTER_S", 0.1)
    room.driver.close()
    room.driver = SPEC.build(presence_radar.Config(room.path))
    room.open()
    with pytest.raises(DeviceSilent):
        room.poll_to_error()
    assert room.readings == []


def test_traits() -> None:
    """It reports presence, claims its port, and is silent after three missed minutes."""
    traits = SPEC.traits(presence_radar.Config("/dev/serial/by-id/usb-x"))
    assert traits.quantities == (Quantity.PRESENCE,)
    assert traits.claims == ("/dev/serial/by-id/usb-x",)
    assert (traits.poll_s, traits.silent_after_s) == (0, 180)


@pytest.mark.parametrize(
    ("keys", "key"),
    [({"port": "ttyUSB0"}, "port"), ({"port": "/dev/ttyUSB0", "baud": 1}, "baud")],
)
def test_implausible_keys_are_refused(keys: dict[str, object], key: str) -> None:
    """A port that is no path, or a rate that no radar has, is refused by its key."""
    with pytest.raises(ValidationError, match=f"Value error, {key}: "):
        TypeAdapter(presence_radar.Config).validate_json(json.dumps(keys))


def test_its_output_pin_will_do_where_no_port_is_free() -> None:
    """With `pin` it is one line, high with presence, and claims the pin alone."""
    config = presence_radar.Config(pin=17)
    traits = SPEC.traits(config)
    assert (traits.quantities, traits.claims) == ((Quantity.PRESENCE,), ("pin 17",))
    assert isinstance(SPEC.build(config), GpioLine)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "port: missing; give a port, or a pin for OUT"),
        ({"port": "/dev/ttyUSB0", "pin": 4}, "pin: there is a port as well; give one of the two"),
        ({"pin": 40}, "pin: 40 is outside 0 to 27"),
    ],
)
def test_it_has_a_port_or_a_pin(keys: dict[str, Any], complaint: str) -> None:
    """Neither or both is an error that names the key."""
    with pytest.raises(ValueError, match=complaint):
        presence_radar.Config(**keys)
