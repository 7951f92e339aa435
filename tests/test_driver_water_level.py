"""The ultrasonic level driver on a real pty: medians of bursts, error codes as they are, plain faults."""

from __future__ import annotations

import json
import os
import tracemalloc
import tty
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from drivers import serial_port, ultrasonic, water_level
from drivers.base import DeviceSilent, Driver, FrameError, PortError, load
from drivers.reading import Quantity

SPEC = load("water_level")
KEYS = {"port": "/dev/serial/by-id/usb-x", "model": "maxbotix", "mount_height_mm": 2700}


def ascii_mm(*levels: int) -> bytes:
    return b"".join(b"R%04d\r" % mm for mm in levels)


def a02(*levels: int) -> bytes:
    heads = [b"\xff" + mm.to_bytes(2, "big") for mm in levels]
    return b"".join(head + bytes([sum(head) & 0xFF]) for head in heads)


FRAMES: dict[str, Callable[..., bytes]] = {"maxbotix": ascii_mm, "a02yyuw": a02}


def configured(**keys: Any) -> water_level.Config:
    return TypeAdapter(water_level.Config).validate_json(json.dumps(KEYS | keys))


class Post:
    """A sensor at one end of a pty, the driver at the other."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self.levels: list[float] = []
        self.path = self.plug()
        self.driver: Driver

    def plug(self) -> str:
        self._sensor, port = os.openpty()
        tty.setraw(port)
        self._ends = [self._sensor, port]
        return os.ttyname(port)

    def start(self, **keys: Any) -> None:
        """Every level is told, if the keys do not say otherwise."""
        every = {"port": self.path, "idle_s": 0, "rising_s": 0, "spread_mm": 500}
        self.driver = SPEC.build(configured(**every | keys))
        self.open()

    def open(self) -> None:
        self.driver.open(self.emit)

    def emit(self, quantity: Quantity, value: float) -> None:
        assert quantity is Quantity.DISTANCE_MM
        assert isinstance(value, float)
        self.levels.append(value)

    def say(self, text: bytes) -> None:
        assert os.write(self._sensor, text) == len(text)

    def poll_for(self, count: int) -> list[float]:
        """Poll until so many readings have come in all."""
        while len(self.levels) < count:
            self.driver.poll()
        return self.levels

    def poll_to_error(self) -> None:
        while True:
            self.driver.poll()

    def unplug(self) -> None:
        while self._ends:
            os.close(self._ends.pop())


@pytest.fixture
def post() -> Iterator[Post]:
    post = Post()
    yield post
    if hasattr(post, "driver"):
        post.driver.close()
        post.driver.close()
    post.unplug()


@pytest.mark.parametrize("model", FRAMES)
def test_a_reading_is_the_median_of_a_burst(model: str, post: Post) -> None:
    """Seven echoes become one reading, their median, with the last byte of the seventh."""
    post.start(model=model)
    post.say(FRAMES[model](2700, 2690, 2710, 500, 2705, 2695, 4400))
    assert post.poll_for(1) == [2700.0]


@pytest.mark.parametrize("model", FRAMES)
def test_every_frame_is_a_reading_where_asked(model: str, post: Post) -> None:
    """With a burst of 1 every frame is a reading, error codes and all."""
    levels = [1234, 511, 0, 300, 4999, 5000, 30, 4500, 65]
    post.start(model=model, burst=1)
    post.say(FRAMES[model](*levels))
    assert post.poll_for(len(levels)) == levels


@pytest.mark.parametrize("model", FRAMES)
def test_frames_cut_at_every_byte(model: str, post: Post) -> None:
    """Frames that come byte by byte, with polls between, are read right."""
    post.start(model=model, burst=1)
    for count, mm in enumerate((1953, 511, 600), start=1):
        for byte in FRAMES[model](mm):
            assert len(post.levels) == count - 1
            post.say(bytes([byte]))
            post.driver.poll()
        assert post.poll_for(count)[-1] == mm


@pytest.mark.parametrize(
    ("burst", "value"),
    [
        ([5000] * 7, 5000),
        ([5000, 2700, 2702, 5000, 300, 5000, 300], 5000),  # two echoes are not enough
        ([5000, 2700, 2702, 2704, 300, 5000, 300], 2702),  # three are
        ([300, 300, 5000, 300, 5000, 0, 2700], 300),
        ([0] * 7, 0),
    ],
)
def test_too_few_echoes_give_the_error_code(burst: list[int], value: float, post: Post) -> None:
    """A burst with fewer than three echoes gives the commonest error code, never 0 for no data."""
    post.start()
    post.say(ascii_mm(*burst))
    assert post.poll_for(1) == [value]


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=25))
def test_a_level_is_an_echo_s_or_an_error_code(burst: list[int]) -> None:
    """A burst's value lies among its echoes if it has enough of them, else it is one of the rest."""
    low, high = configured().valid
    echoes = [mm for mm in burst if low <= mm <= high]
    level = ultrasonic.level(burst, low, high)
    if 2 * len(echoes) >= len(burst) or len(echoes) >= 3:
        assert min(echoes) <= level <= max(echoes)
    else:
        assert level in burst
        assert not low <= level <= high


def test_a_burst_ends_where_the_line_falls_quiet(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sensor that sends one frame a minute gives a reading each, and old echoes mix with none."""
    monkeypatch.setattr(serial_port, "TIMEOUT_S", 0.02)
    post.start()
    for mm in (2700, 1200):
        post.say(ascii_mm(mm))
        post.driver.poll()
        assert mm not in post.levels
        post.poll_for(len(post.levels) + 1)
    assert post.levels == [2700, 1200]


@pytest.mark.parametrize(
    ("model", "keys", "valid"),
    [
        ("maxbotix", {}, (301, 4999)),
        ("maxbotix", {"reach_mm": 9999}, (301, 9998)),
        ("a02yyuw", {}, (31, 4500)),
    ],
)
def test_traits(model: str, keys: dict[str, int], valid: tuple[int, int]) -> None:
    """The agent learns from the keys what is valid, what is claimed and how the sensor hangs."""
    traits = SPEC.traits(configured(model=model, low_point_mm=40, **keys))
    assert traits.quantities == (Quantity.DISTANCE_MM,)
    assert traits.valid == {Quantity.DISTANCE_MM: valid}
    assert traits.claims == ("/dev/serial/by-id/usb-x",)
    assert (traits.mount_height_mm, traits.low_point_mm) == (2700, 40)
    assert traits.poll_s == 0
    assert (traits.silent_after_s, traits.idle_s) == (900, 60)
    assert traits.is_compensated == (model == "maxbotix")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mount_height_mm", 0),
        ("mount_height_mm", 2.7),
        ("mount_height_mm", -2700),
        ("mount_height_mm", 20001),
        ("mount_height_mm", float("nan")),
        ("low_point_mm", 2001),
        ("low_point_mm", -2001.0),
        ("burst", 0),
        ("burst", 26),
        ("baud", 0),
        ("idle_s", 301),
        ("rising_s", 61),
        ("rising_s", -1),
        ("spread_mm", 0),
        ("unit", 3),
        ("codes", "level"),
        ("reach_mm", 0),
        ("port", "ttyUSB0"),
        ("port", ""),
    ],
)
def test_implausible_keys_are_refused(key: str, value: object) -> None:
    """A value that no site can have is refused by a sentence that begins with its key."""
    with pytest.raises(ValidationError, match=f"Value error, {key}: .*"):
        configured(**{key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [("model", "radar"), ("burst", 7.0), ("mount_height_mm", "2700"), ("mount_hight_mm", 1)],
)
def test_keys_of_the_wrong_kind_are_refused(key: str, value: object) -> None:
    """Unknown keys, unknown models and values of another type are refused."""
    with pytest.raises(ValidationError, match=key):
        configured(**{key: value})


def test_building_touches_no_hardware(post: Post) -> None:
    """A driver for a port that does not exist is built without complaint, and fails when opened."""
    post.driver = SPEC.build(configured(port="/dev/serial/by-id/usb-nowhere"))
    with pytest.raises(PortError, match="no port /dev/serial/by-id/usb-nowhere"):
        post.open()


def sampled(sent: bytes, at: int, *, inverted: bool = False) -> bytes:
    """What a UART makes of bytes sent back to back at 9600 baud: start bit, 8 data, stop bit."""
    bits = [bit for byte in sent for bit in (0, *((byte >> n) & 1 for n in range(8)), 1)]
    bits = [bit ^ inverted for bit in bits]
    step = 9600 / at
    got, t = bytearray(), 0.0
    while t + 9.5 * step < len(bits):
        if bits[int(t)]:
            t += step / 8
            continue
        got.append(sum(bits[int(t + (n + 1.5) * step)] << n for n in range(8)))
        t += 9.5 * step
    return bytes(got)


def test_the_sampled_line_is_a_line() -> None:
    """At the right rate the tests' own UART gives back what was sent."""
    sent = ascii_mm(1234, 2700)
    assert sampled(sent, 9600) == sent


@pytest.mark.parametrize("at", [2400, 4800, 19200, 57600, 115200])
@pytest.mark.parametrize("model", FRAMES)
def test_a_wrong_baud_rate_is_a_frame_error(model: str, at: int, post: Post) -> None:
    """A line at a wrong rate gives no reading but a FrameError; a rate far too high is named."""
    post.start(model=model, baud=at)
    post.say(sampled(FRAMES[model](*range(2000, 2160)), at)[:3000])
    with pytest.raises(FrameError, match="wrong baud rate" if at > 19200 else "baud"):
        post.poll_to_error()
    assert post.levels == []


def test_inverted_polarity_is_named(post: Post) -> None:
    """A MaxBotix whose signal comes inverted ends in a FrameError that speaks of polarity."""
    post.start()
    post.say(sampled(ascii_mm(*range(2000, 2060)), 9600, inverted=True))
    with pytest.raises(FrameError, match="possible polarity"):
        post.poll_to_error()


def test_noise_between_good_frames_is_no_fault(post: Post) -> None:
    """Bad frames among good ones cost nothing but themselves."""
    post.start(burst=1)
    for mm in range(1000, 1100):
        post.say(b"R12A4\r\x00R9" + ascii_mm(mm))
    assert post.poll_for(100) == list(range(1000, 1100))


def test_memory_is_flat_on_an_endless_stream(post: Post) -> None:
    """A stream of digits without any end of line takes no memory and becomes a FrameError."""
    post.start()
    tracemalloc.start()
    for _ in range(50):
        post.say(b"R" + b"1" * 999)
        with pytest.raises(FrameError):
            post.poll_to_error()
        post.driver.close()
        post.open()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert post.levels == []
    assert peak < 300_000


def test_unplug_and_replug(post: Post, tmp_path: Path) -> None:
    """A sensor that comes back under another number is read again through the same path."""
    link = tmp_path / "usb-LEVEL01-port0"
    link.symlink_to(post.path)
    post.start(port=str(link), burst=3)
    post.say(ascii_mm(2700, 2700))
    post.driver.poll()
    post.unplug()
    with pytest.raises(PortError, match="unplugged"):
        post.poll_to_error()
    post.driver.close()
    link.unlink()
    with pytest.raises(PortError, match="no port"):
        post.open()
    link.symlink_to(post.plug())
    post.open()
    post.say(ascii_mm(900, 901, 902))
    assert post.poll_for(1) == [901.0]


def test_silence_is_told(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sensor that says nothing for its time raises DeviceSilent, and no reading."""
    monkeypatch.setattr(serial_port, "TIMEOUT_S", 0.01)
    monkeypatch.setattr(ultrasonic, "SILENT_AFTER_S", 0.1)
    post.start()
    with pytest.raises(DeviceSilent, match=r"no valid frame for 0\.1 s"):
        post.poll_to_error()
    assert post.levels == []


def test_a_stream_that_stops_is_silent_soon(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sensor that has sent whole bursts is silent long before one that sends once a minute."""
    monkeypatch.setattr(serial_port, "TIMEOUT_S", 0.01)
    monkeypatch.setattr(ultrasonic, "STREAM_SILENT_S", 0.1)
    post.start()
    post.say(ascii_mm(*[2700] * 7))
    with pytest.raises(DeviceSilent, match=r"no valid frame for 0\.1 s"):
        post.poll_to_error()
    assert post.levels == [2700]


@pytest.mark.parametrize(
    ("model", "keys", "code"),
    [("maxbotix", {}, 5000), ("maxbotix", {"reach_mm": 9999}, 9999), ("a02yyuw", {}, 0)],
)
def test_a_burst_that_scatters_is_no_distance(
    model: str, keys: dict[str, Any], code: float, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """A car that passes in the burst gives the code for no distance; one echo astray does not."""
    caplog.set_level("INFO")
    post.start(model=model, spread_mm=20, **keys)
    post.say(FRAMES[model](2700, 2702, 2701, 2699, 1200, 1210, 1190))
    post.say(FRAMES[model](2700, 2660, 2740, 2661, 2739, 2700, 2640))
    post.say(FRAMES[model](2700, 2702, 2701, 2699, 1200, 2701, 2700))
    assert post.poll_for(3) == [2699, code, 2700]
    low, high = configured(model=model, **keys).valid
    assert not low <= code <= high
    post.driver.close()
    assert "bursts without a distance scattered=1" in caplog.text


def told(post: Post, now: float, mm: int) -> list[float]:
    """What is told of one burst at that moment."""
    post.levels.clear()
    post.driver.tell_time(now)  # type: ignore[attr-defined]
    post.say(ascii_mm(mm))
    post.driver.poll()
    return list(post.levels)


def test_a_calm_road_is_told_once_a_minute(post: Post) -> None:
    """The first level is told at once, then one every 60 s, error codes among them."""
    post.start(burst=1, idle_s=60, rising_s=5)
    at = [
        now for now in range(1000, 1300) if told(post, now, 5000 if now == 1120 else 2700 + now % 7)
    ]
    assert at == [1000, 1060, 1120, 1180, 1240]


def test_a_level_that_moves_is_told_at_once(post: Post) -> None:
    """After 10 mm it is told at once, every 5 s then, and once a minute after 15 min of calm."""
    post.start(burst=1, idle_s=60, rising_s=5)
    assert told(post, 0, 2700) == [2700]
    assert told(post, 1, 2691) == []
    assert told(post, 2, 2690) == [2690]
    assert told(post, 3, 2675) == []
    assert told(post, 7, 2675) == [2675]
    at = [now for now in range(8, 1200) if told(post, now, 2675)]
    assert at[:3] == [12, 17, 22]
    assert [b - a for a, b in pairwise(at)][-3:] == [60, 60, 60]
    assert 890 <= max(a for a, b in pairwise(at) if b - a == 5) <= 907


def test_water_that_stands_is_told_every_five_seconds(post: Post) -> None:
    """At 30 mm and more the pace stays, however still the water is; an obstacle cannot flood it."""
    post.start(burst=1, idle_s=60, rising_s=5)
    at = [now for now in range(3000) if told(post, now, 2670)]
    assert at == list(range(0, 3000, 5))
    at = [now for now in range(3000, 3100) if told(post, now, 2261 if now % 2 else 983)]
    assert at == list(range(3000, 3100, 5))


@pytest.mark.parametrize(("mount_mm", "reach_mm"), [(4999, 5000), (5000, 9999), (6500, 9999)])
def test_who_is_mounted_higher_than_the_usual_type_sees_is_the_one_that_sees_farther(
    mount_mm: int, reach_mm: int
) -> None:
    """A code of the type that sees less is a distance there; a reach that is given holds."""
    assert configured(mount_height_mm=mount_mm).reach == reach_mm
    assert configured(mount_height_mm=mount_mm, reach_mm=7000).reach == 7000
