"""The pressure transmitter against pymodbus's RTU server over a pair of real ptys."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from bus import Wire, integers, probes
from pymodbus.simulator import DataType, SimDevice

from drivers import modbus
from drivers.base import Driver, DriverError, PortError
from drivers.level_transmitter import CODES, NO_DEPTH_MM, depth_mm
from drivers.reading import Quantity
from drivers.water_level import DRIVER, Config


@pytest.fixture
def wire() -> Iterator[Wire]:
    modbus._buses.clear()  # a pty's name comes again
    wire = Wire()
    yield wire
    wire.close()


def transmitter(code: int, decimals: int, value: int, unit: int = 1) -> SimDevice:
    return integers(unit, DataType.INT16, unit, 3, code, decimals, value, 0, 2000)


@contextlib.contextmanager
def opened(wire: Wire, **keys: object) -> Iterator[tuple[Driver, list[tuple[Quantity, float]]]]:
    given = {"mount_height_mm": 0, "idle_s": 0, "rising_s": 0} | keys
    driver, seen = DRIVER.build(Config(wire.path, "modbus", **given)), []
    driver.open(lambda quantity, value: seen.append((quantity, value)))
    try:
        yield driver, seen
    finally:
        driver.close()
        driver.close()


@pytest.mark.parametrize(
    ("codes", "code", "decimals", "value", "mm"),
    [
        (None, 1, 1, 810, 810.0),  # 81.0 cm
        (None, 2, 0, -3, -3.0),
        (None, 5, 2, 794, 809.7),  # 7.94 kPa
        ("pressure", 7, 3, 810, 810.0),  # 0.810 m
        ("pressure", 8, 0, 810, 810.0),
        ("pressure", 4, 1, 794, 809.7),  # 79.4 mbar
    ],
)
def test_a_depth_in_every_unit(
    codes: str | None, code: int, decimals: int, value: int, mm: float, wire: Wire
) -> None:
    """Unit code and decimals are read with the value, in one request."""
    with (
        probes(wire, transmitter(code, decimals, value)),
        opened(wire, codes=codes) as (driver, seen),
    ):
        driver.poll()
    assert seen == [(Quantity.DEPTH_MM, mm)]
    assert wire.asked == [bytes.fromhex("01 03 00 02 00 03 A4 0B")] * 2


@pytest.mark.parametrize(
    ("code", "decimals", "says"),
    [
        (9, 0, "unit code 9 in register 2, allowed: 1, 2, 3, 4, 5; see the key codes"),
        (1, 5, "5 decimals in register 3, allowed: 0 to 4"),
    ],
)
def test_what_is_not_known_is_no_depth(code: int, decimals: int, says: str, wire: Wire) -> None:
    """A unit or decimals that nobody knows are told when the sensor is opened."""
    with (
        probes(wire, transmitter(code, decimals, 100)),
        pytest.raises(DriverError, match=says),
        opened(wire),
    ):
        raise AssertionError("not reached")


@pytest.mark.parametrize("value", [32767, -32768])
def test_an_overflow_is_bad(value: int, wire: Wire) -> None:
    """It is told as a value outside what is valid, whatever unit and decimals make of it."""
    with probes(wire, transmitter(2, 2, value)), opened(wire) as (driver, seen):
        driver.poll()
    assert seen == [(Quantity.DEPTH_MM, NO_DEPTH_MM)]
    traits = DRIVER.traits(Config("/dev/ttyUSB0", "modbus", 0))
    assert traits.valid == {Quantity.DEPTH_MM: (-200, 5000)}


@pytest.mark.parametrize(
    ("over", "face", "depth"),
    [
        (0, 0, 0),
        (-4, 0, -4),  # a zero that has drifted is seen
        (620, 0, 620),
        (600, 20, 620),
        (3, 20, 3),  # the face is dry: where it hangs is no depth
        (2, -800, 2),  # a dry gully
        (500, -800, 0),  # water in the gully
        (1420, -800, 620),
    ],
)
def test_depth_on_the_ground(over: float, face: float, depth: float) -> None:
    """Water over the face plus the face's height, never less than none."""
    assert depth_mm(over, face) == depth


def test_paces(wire: Wire) -> None:
    """A dry one is told once a minute, and water at once."""
    device = transmitter(2, 0, 3)
    with probes(wire, device), opened(wire, idle_s=60, rising_s=5) as (driver, seen):
        for now in range(0, 121, 5):
            driver.tell_time(now)  # type: ignore[attr-defined]
            driver.poll()
    assert len(seen) == 3


def test_it_shares_the_bus(wire: Wire) -> None:
    """Two of them on one port have each their own depth."""
    with (
        probes(wire, transmitter(2, 0, 100), transmitter(2, 0, 200, unit=2)),
        opened(wire) as (one, seen_one),
        opened(wire, unit=2) as (two, seen_two),
    ):
        one.poll()
        two.poll()
    assert (seen_one, seen_two) == ([(Quantity.DEPTH_MM, 100)], [(Quantity.DEPTH_MM, 200)])


def test_unplugged(wire: Wire) -> None:
    """It is told as lost."""
    with probes(wire, transmitter(2, 0, 100)), opened(wire) as (driver, _):
        wire.unplug()
        with pytest.raises(PortError, match="has gone: is it unplugged"):
            driver.poll()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"burst": 7}, "burst: a key of maxbotix and a02yyuw, and the model is modbus"),
        ({"spread_mm": 20}, "spread_mm: a key of maxbotix and a02yyuw"),
        ({"mount_height_mm": 2700}, "mount_height_mm: 2700 is outside -5000 to 50"),
        ({"unit": 248}, "unit: 248 is outside 1 to 247"),
        ({"rising_s": 50, "idle_s": 30}, "rising_s: 50 is above idle_s = 30"),
    ],
)
def test_keys(keys: dict[str, object], message: str) -> None:
    """What makes no sense for a transmitter is refused with what is allowed."""
    with pytest.raises(ValueError, match=message):
        Config(**{"port": "/dev/ttyUSB0", "model": "modbus", "mount_height_mm": 0, **keys})


def test_traits() -> None:
    """It is asked at the faster pace, needs no correction, and shares its port."""
    traits = DRIVER.traits(Config("/dev/ttyUSB0", "modbus", -800, unit=3, low_point_mm=40))
    assert traits.quantities == (Quantity.DEPTH_MM,)
    assert (traits.poll_s, traits.idle_s, traits.is_compensated) == (5, 60, True)
    assert traits.claims == ("/dev/ttyUSB0 unit 3",)
    assert (traits.mount_height_mm, traits.low_point_mm) == (None, 40)
    assert set(CODES) == {"level", "pressure"}
