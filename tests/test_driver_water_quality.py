"""The probe's driver against pymodbus's RTU server over a pair of real ptys."""

from __future__ import annotations

import contextlib
import json
import math
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bus import BOUND_S, Wire, floats, integers, probes
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from pymodbus.simulator import DataType, SimData, SimDevice

from drivers import modbus
from drivers.base import DeviceSilent, DriverError, FrameError, PortError, load
from drivers.modbus import bus_at
from drivers.modbus_answer import crc
from drivers.probes import PROBES
from drivers.reading import Quantity
from drivers.registers import MOST_REGISTERS, Register, requests
from drivers.water_quality import DRIVER, MEASURABLE, Config

PH, OXYGEN, TEMP = Quantity.PH, Quantity.DISSOLVED_OXYGEN_MG_L, Quantity.WATER_TEMP_DEGC


@pytest.fixture
def wire() -> Iterator[Wire]:
    modbus._buses.clear()  # a pty's name comes again
    wire = Wire()
    yield wire
    wire.close()


class Seen(list[tuple[Quantity, float]]):
    """What a driver emits."""

    def __call__(self, quantity: Quantity, value: float) -> None:
        self.append((quantity, value))


@contextlib.contextmanager
def opened(config: Config) -> Iterator[tuple[Callable[[], None], Seen]]:
    """An open driver's `poll`, and what it emits."""
    driver, seen = DRIVER.build(config), Seen()
    driver.open(seen)
    try:
        yield driver.poll, seen
    finally:
        driver.close()
        driver.close()


def test_all_channels_in_one_request(wire: Wire) -> None:
    """The default layout is read in one request, whose bytes are those of the Modbus standard."""
    config = Config(wire.path, (PH, OXYGEN, TEMP))
    with probes(wire, floats(1, 7.25, 5.81, 21.4)), opened(config) as (poll, seen):
        poll()
        poll()
    assert seen == [(PH, 7.25), (OXYGEN, 5.81), (TEMP, 21.4)] * 2
    assert wire.asked == [bytes.fromhex("01 03 00 00 00 06 C5 C8")] * 3


@pytest.mark.parametrize("channel", MEASURABLE)
def test_every_water_quantity_is_a_channel(wire: Wire, channel: Quantity) -> None:
    """Each quantity that a probe can measure may be a channel of it."""
    with probes(wire, floats(1, 4.5)), opened(Config(wire.path, (channel,))) as (poll, seen):
        poll()
    assert seen == [(channel, 4.5)]


def test_models_have_their_own_registers(wire: Wire) -> None:
    """A model's integers come out scaled and signed, in the order of the channels."""
    supmea = Config(wire.path, (OXYGEN, TEMP), "supmea_do7013")
    with probes(wire, integers(1, DataType.INT16, -12, 581, 700)), opened(supmea) as (poll, seen):
        poll()
    assert seen == [(OXYGEN, 5.81), (TEMP, -1.2)]
    assert len(wire.asked) == 2


def test_factory_settings_of_a_model(wire: Wire) -> None:
    """A Hach LDO answers at unit 247 and 19200 baud without a word in the configuration."""
    hach = Config(wire.path, (OXYGEN,), "hach_ldo")
    assert (hach.address, hach.rate) == (247, 19200)
    with probes(wire, integers(247, DataType.UINT16, 40000, 2140)), opened(hach) as (poll, seen):
        poll()
    assert seen == [(OXYGEN, 40.0)]


@pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf])
def test_not_available_is_no_reading(wire: Wire, missing: float) -> None:
    """A channel that the probe cannot tell is left out, and the others come all the same."""
    config = Config(wire.path, (PH, OXYGEN))
    with probes(wire, floats(1, missing, 5.81)), opened(config) as (poll, seen):
        poll()
    assert seen == [(OXYGEN, 5.81)]


def test_two_probes_on_one_bus(wire: Wire) -> None:
    """Two probes polled from two threads over one port each get their own values, every time."""
    one, two = Config(wire.path, (PH,)), Config(wire.path, (PH,), unit=2)
    with (
        probes(wire, floats(1, 7.25), floats(2, 8.5)),
        opened(one) as (poll_one, seen_one),
        opened(two) as (poll_two, seen_two),
    ):
        threads = [
            threading.Thread(target=lambda poll=poll: [poll() for _ in range(20)])
            for poll in (poll_one, poll_two)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(BOUND_S)
    assert seen_one == [(PH, 7.25)] * 20
    assert seen_two == [(PH, 8.5)] * 20
    assert len(wire.asked) == 42


def test_one_probe_missing_does_not_silence_the_other(wire: Wire) -> None:
    """A unit that is not there is silent after three attempts, then one; its neighbour goes on."""
    absent = DRIVER.build(Config(wire.path, (PH,), unit=9))
    with (
        probes(wire, floats(2, 8.5)),
        opened(Config(wire.path, (PH,), unit=2)) as (poll, seen),
    ):
        for _ in range(2):
            with pytest.raises(DeviceSilent, match="unit 9 does not answer"):
                absent.open(Seen())
        poll()
    assert seen == [(PH, 8.5)]
    assert [request[0] for request in wire.asked] == [2, 9, 9, 9, 2, 9, 2, 2]


def test_a_dead_probe_of_three_takes_no_time_from_the_others(wire: Wire) -> None:
    """While one is dead, no poll of the others waits for longer than one attempt lasts."""
    longest, over = [0.0, 0.0], threading.Event()

    def measure(place: int, poll: Callable[[], None]) -> None:
        while not over.is_set():
            begun = time.monotonic()
            poll()
            longest[place] = max(longest[place], time.monotonic() - begun)

    with (
        probes(wire, floats(1, 7.25), floats(2, 8.5), floats(3, 6.5)),
        opened(Config(wire.path, (PH,), unit=1)) as (poll_one, seen_one),
        opened(Config(wire.path, (PH,), unit=2)) as (poll_two, seen_two),
        opened(Config(wire.path, (PH,), unit=3)) as (poll_dead, seen_dead),
    ):
        wire.units = {1, 2}
        threads = [
            threading.Thread(target=measure, args=(place, poll))
            for place, poll in enumerate((poll_one, poll_two))
        ]
        for thread in threads:
            thread.start()
        poll_dead()
        poll_dead()
        with pytest.raises(DeviceSilent, match="unit 3 does not answer"):
            poll_dead()
        over.set()
        for thread in threads:
            thread.join(BOUND_S)
    assert min(len(seen_one), len(seen_two)) >= 4  # one at least between two attempts
    assert seen_dead == []
    assert max(longest) < modbus.ANSWER_S + 0.4  # an attempt, and what a busy machine takes
    assert [request[0] for request in wire.asked].count(3) == 6  # open, three attempts, one each


def test_a_lost_bus_is_told_from_a_lost_sensor(wire: Wire) -> None:
    """Where no unit answers any more, each is told that it is the bus, the first one too."""
    with (
        probes(wire, floats(1, 7.25), floats(2, 8.5)),
        opened(Config(wire.path, (PH,), unit=1)) as (poll_one, _),
        opened(Config(wire.path, (PH,), unit=2)) as (poll_two, seen),
    ):
        wire.units = set()
        for poll in (poll_one, poll_two):
            with pytest.raises(PortError, match=r"no unit on .* answers: is the bus"):
                poll()
        wire.units = {1, 2}
        poll_two()
    assert seen == [(PH, 8.5)]


def test_silence(wire: Wire) -> None:
    """A bus without any probe is silent, not wrong."""
    driver = DRIVER.build(Config(wire.path, (PH,)))
    with pytest.raises(DeviceSilent, match="A and B swapped"):
        driver.open(Seen())
    with pytest.raises(PortError, match="is not open"):
        driver.poll()


def test_a_poll_that_brought_nothing_is_no_fault(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe that misses two polls and answers the third is well; three missed are a fault."""
    monkeypatch.setattr(modbus, "ANSWER_S", 0.1)
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        for _ in range(2):
            wire.units = set()
            poll()
            poll()
            wire.units = {1}
            poll()
        assert seen == [(PH, 7.25)] * 2
        wire.units = set()
        poll()
        poll()
        with pytest.raises(DeviceSilent):
            poll()


NOISE = [b"\x00", b"\xff\xff", b"\x01\x03", b"\x01\x83\x02", bytes(range(64)), b"\x01" * 20]


@pytest.mark.parametrize("noise", NOISE, ids=bytes.hex)
def test_noise_around_an_answer(wire: Wire, noise: bytes) -> None:
    """Bytes before an answer, or after it, or the echo of the request, cost no attempt."""
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        for made in (
            lambda piece: noise + piece,
            lambda piece: piece + noise,
            lambda piece: wire.asked[-1] + noise + piece + noise,
        ):
            wire.answer = made
            poll()
    assert seen == [(PH, 7.25)] * 3
    assert len(wire.asked) == 4


def test_a_babbling_device_does_not_hold_the_bus(wire: Wire) -> None:
    """Noise without end is given up."""
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        wire.answer = lambda _: b"\x55" * 4000
        poll()
        wire.answer = bytes
        poll()
    assert seen == [(PH, 7.25)]


def test_a_lost_answer_is_asked_for_again(wire: Wire) -> None:
    """Two bad answers in a row are counted and asked for again; the third is the reading."""
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        good = iter((False, False))
        wire.answer = lambda piece: piece if next(good, True) else piece[:-1] + b"\x00"
        poll()
        assert bus_at(wire.path, 9600).bad_frames == 2
    assert seen == [(PH, 7.25)]
    assert len(wire.asked) == 4


@pytest.mark.parametrize("place", range(9))
def test_a_flipped_bit_is_never_a_reading(wire: Wire, place: int) -> None:
    """Wherever a bit of the answer is flipped, it is a bad frame and no reading."""
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        wire.answer = lambda piece: (
            piece[:place]
            + bytes(byte ^ 0x10 for byte in piece[place : place + 1])
            + piece[place + 1 :]
        )
        poll()
        poll()
        with pytest.raises(FrameError, match="bad frames"):
            poll()
    assert seen == []


def test_registers_that_are_not_there(wire: Wire) -> None:
    """A probe without these registers is a mistake in the configuration, and not asked again."""
    driver = DRIVER.build(Config(wire.path, (PH, OXYGEN)))
    with (
        probes(wire, floats(1, 7.25)),
        pytest.raises(PortError, match=r"unit 1 has no registers 0 to 3 .* do not fit"),
    ):
        driver.open(Seen())
    assert len(wire.asked) == 1


def refusal(code: int) -> bytes:
    answer = struct.pack("3B", 1, 0x83, code)
    return answer + crc(answer)


@pytest.mark.parametrize(
    ("code", "says"),
    [(2, "has no registers"), (3, "has no registers"), (4, "device failure")],
)
def test_exceptions(wire: Wire, code: int, says: str) -> None:
    """What a probe refuses is told at once and not asked again in the same poll."""
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        wire.answer = lambda _: refusal(code)
        with pytest.raises(DriverError, match=says) as caught:
            poll()
        assert not isinstance(caught.value, DeviceSilent)
    assert seen == []
    assert len(wire.asked) == 2


def test_busy_is_later(wire: Wire) -> None:
    """A busy probe is asked again with the next poll; ten of them are silence."""
    wire.answer = lambda _: refusal(6)
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))) as (poll, seen):
        for _ in range(9):
            poll()
        wire.answer = bytes
        poll()
        wire.answer = lambda _: refusal(6)
        for _ in range(9):
            poll()
        with pytest.raises(DeviceSilent, match="says that it is busy, for 10 polls"):
            poll()
    assert seen == [(PH, 7.25)]
    assert len(wire.asked) == 21


def test_unplug_and_replug(wire: Wire, tmp_path: Path) -> None:
    """After an unplug every probe of the bus is told so, and a new adapter at the path serves."""
    link = tmp_path / "usb-adapter"
    link.symlink_to(wire.path)
    config, other = Config(str(link), (PH,)), Config(str(link), (PH,), unit=2)
    with contextlib.ExitStack() as held:
        with probes(wire, floats(1, 7.25), floats(2, 8.5)), opened(config) as (poll, seen):
            poll_other, seen_other = held.enter_context(opened(other))
            poll()
            wire.unplug()
            with pytest.raises(PortError, match="has gone: is it unplugged"):
                poll()
            for call in (poll, poll_other):
                with pytest.raises(PortError, match="is not open"):
                    call()
        link.unlink()
        with contextlib.closing(Wire()) as again:
            link.symlink_to(again.path)
            with probes(again, floats(1, 7.5), floats(2, 8.5)), opened(config) as (poll, _):
                poll()
                poll_other()
    assert seen == [(PH, 7.25)]
    assert seen_other == [(PH, 8.5)]


def test_port_errors() -> None:
    """A port that is not there says which, and a driver that is not open has none."""
    driver = DRIVER.build(Config("/dev/serial/by-id/none", (PH,)))
    with pytest.raises(PortError, match="/dev/serial/by-id/none"):
        driver.open(Seen())
    with pytest.raises(PortError, match="is not open"):
        driver.poll()
    driver.close()


def test_a_bus_has_one_rate(wire: Wire) -> None:
    """A second probe at another rate is refused, for the first one's sake."""
    with probes(wire, floats(1, 7.25)), opened(Config(wire.path, (PH,))):
        driver = DRIVER.build(Config(wire.path, (PH,), unit=2, baud=4800))
        with pytest.raises(PortError, match="runs at 9600 baud"):
            driver.open(Seen())


def test_a_probe_of_the_sites_own(wire: Wire) -> None:
    """The key `registers` reads what no model has: other tables, orders, types and scales."""
    config = TypeAdapter(Config).validate_json(
        json.dumps(
            {
                "port": wire.path,
                "channels": ["ph", "water_temp_degc", "ammonia_n_mg_l"],
                "registers": [
                    {"quantity": "ph", "register": 4, "order": "CDAB"},
                    {"quantity": "water_temp_degc", "register": 9, "type": "uint16", "scale": 0.1,
                     "offset": -40},
                    {"quantity": "ammonia_n_mg_l", "register": 10, "type": "int32", "scale": 0.001,
                     "missing": [-9999]},
                ],
            }
        )
    )  # fmt: skip
    held = [0x0000, 0x40E8, 0, 0, 0, 615, 0xFFFF, 0xD8F1]
    device = SimDevice(1, [SimData(4, values=held, datatype=DataType.REGISTERS)])
    with probes(wire, device), opened(config) as (poll, seen):
        poll()
    assert seen == [(PH, 7.25), (TEMP, 21.5)]


def test_xylem(wire: Wire) -> None:
    """An ODO RTU without conductivity gives oxygen and temperature from its input registers."""
    words = [*struct.unpack(">16H", struct.pack(">8f", 98, 8.21, 0, 21.5, 0, 0, 0, 0))]
    words[14:] = 0xFFFF, 0xFFFF
    channels = (OXYGEN, TEMP, Quantity.CONDUCTIVITY_US_CM)
    inputs = SimData(0, values=words, datatype=DataType.REGISTERS)
    with (
        probes(wire, SimDevice(1, [inputs])),
        opened(Config(wire.path, channels, "xylem_odo")) as (poll, seen),
    ):
        poll()
    assert seen == [(OXYGEN, 8.21), (TEMP, 21.5)]
    assert {request[1] for request in wire.asked} == {4}


@pytest.mark.parametrize(
    ("order", "wire_bytes"),
    [("ABCD", "40E80000"), ("CDAB", "000040E8"), ("BADC", "E8400000"), ("DCBA", "0000E840")],
)
def test_byte_orders(order: str, wire_bytes: str) -> None:
    """7.25 comes out of all four orders in which makers send a float."""
    assert Register(PH, 0, order=order).value(bytes.fromhex(wire_bytes)) == 7.25


@pytest.mark.parametrize(
    ("order", "wire_bytes"),
    [("ABCD", "02A6"), ("CDAB", "02A6"), ("BADC", "A602"), ("DCBA", "A602")],
)
def test_byte_orders_of_one_register(order: str, wire_bytes: str) -> None:
    """678 comes out of a register whether or not its bytes are swapped."""
    assert Register(PH, 0, "int16", order=order).value(bytes.fromhex(wire_bytes)) == 678


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"register": -1}, "register: -1 is outside 0 to 65534"),
        ({"register": 65535}, "register: 65535 is outside 0 to 65534"),
        ({"register": 65536, "type": "int16"}, "register: 65536 is outside 0 to 65535"),
        ({"scale": 0}, "scale: 0 makes every value the same"),
    ],
)
def test_a_register_that_cannot_be(keys: dict[str, object], message: str) -> None:
    """It is refused with what is allowed."""
    with pytest.raises(ValueError, match=message):
        Register(**{"quantity": PH, "register": 0, **keys})


@given(
    st.lists(
        st.tuples(
            st.sampled_from([3, 4]), st.integers(0, 300), st.sampled_from(["float", "int16"])
        ),
        min_size=1,
        max_size=80,
        unique_by=lambda place: place[:2],
    )
)
def test_requests_cover_the_registers_and_no_others(places: list[tuple[int, int, str]]) -> None:
    """All registers are read once, none beside them, never more than a frame can carry."""
    wanted = [Register(PH, 2 * n, kind, function=f) for f, n, kind in places]
    asked = requests(wanted)
    assert sorted(map(repr, wanted)) == sorted(repr(r) for ask in asked for r in ask.registers)
    for ask in asked:
        assert ask.count <= MOST_REGISTERS
        assert ask.count == sum(register.width for register in ask.registers)
        assert {register.function for register in ask.registers} == {ask.function}


def test_traits() -> None:
    """Port and channels are enough; probes share a port but not a unit number."""
    assert load("water_quality") is DRIVER
    traits = DRIVER.traits(Config("/dev/ttyUSB0", (OXYGEN, PH)))
    assert traits.quantities == (OXYGEN, PH)
    assert traits.valid == {OXYGEN: (0, 20), PH: (0, 14)}
    assert (traits.poll_s, traits.silent_after_s) == (30, 7200)
    assert traits.claims == ("/dev/ttyUSB0 unit 1",)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"channels": ()}, "channels: empty"),
        ({"channels": (PH, PH)}, "channels: ph stands there twice"),
        ({"channels": (Quantity.MOTION,)}, "channels: generic_float has no motion, allowed: ph"),
        ({"model": "hach_ldo"}, "channels: hach_ldo has no ph, allowed: dissolved_oxygen_mg_l"),
        ({"unit": 0}, "unit: 0 is outside 1 to 247"),
        ({"unit": 248}, "unit: 248 is outside 1 to 247"),
        ({"baud": 300}, "baud: 300 is outside"),
        ({"port": "ttyUSB0"}, 'port: "ttyUSB0" is not a path'),
        ({"model": "hach_ldoo"}, 'model: found "hach_ldoo", allowed: generic_float, supmea_do7013'),
        (
            {"model": "hach_ldo", "channels": (OXYGEN,), "order": "CDAB"},
            "order: of generic_float only",
        ),
        (
            {"registers": (Register(TEMP, 0),)},
            "channels: the key registers has no ph, allowed: water_temp",
        ),
        ({"registers": (Register(PH, 0), Register(PH, 2))}, "registers: ph stands there twice"),
        ({"registers": (Register(Quantity.WET, 0),)}, "registers: a probe has no wet, allowed: ph"),
        ({"registers": (Register(PH, 0),), "model": "hach_ldo"}, "registers: hach_ldo has its own"),
    ],
)
def test_config_is_checked(keys: dict[str, object], message: str) -> None:
    """What cannot be meant is refused with what is allowed."""
    with pytest.raises(ValueError, match=message):
        Config(**{"port": "/dev/ttyUSB0", "channels": (PH,), **keys})


@pytest.mark.parametrize("model", PROBES)
def test_models_are_sound(model: str) -> None:
    """No model has a quantity twice, or one that is not a channel, or a register used twice."""
    registers = PROBES[model].registers
    assert PROBES[model].source
    quantities = [register.quantity for register in registers]
    assert len(set(quantities)) == len(quantities)
    assert set(quantities) <= set(MEASURABLE)
    used = [(r.function, r.register + n) for r in registers for n in range(r.width)]
    assert len(set(used)) == len(used)
