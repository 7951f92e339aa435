"""GPIO drivers on gpiozero's mock pins: these run callbacks on the thread that drives the pin."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin

from drivers.base import Driver, DriverError, PortError, load
from drivers.reading import Quantity

NAMES = ["pir", "door_contact", "smoke_alarm", "help_button", "answer_button", "float_switch"]
PIN = 17
# driver, keys beside the pin, quantity, level of the line while the quantity is 1
WIRINGS = [
    ("pir", {}, Quantity.MOTION, True),
    ("pir", {"output": "normally_closed"}, Quantity.MOTION, True),
    ("pir", {"output": "normally_open"}, Quantity.MOTION, False),
    ("door_contact", {}, Quantity.CONTACT, True),
    ("door_contact", {"contact": "normally_open"}, Quantity.CONTACT, False),
    ("smoke_alarm", {}, Quantity.SMOKE, True),
    ("smoke_alarm", {"contact": "normally_open"}, Quantity.SMOKE, False),
    ("help_button", {}, Quantity.HELP, False),
    ("help_button", {"contact": "normally_closed"}, Quantity.HELP, True),
    ("answer_button", {}, Quantity.ANSWER, False),
    ("float_switch", {}, Quantity.WET, False),
    ("float_switch", {"contact": "normally_closed"}, Quantity.WET, True),
]


class LateMockPin(MockPin):
    """A pin whose edges are told only later, on another thread, as lgpio does.

    Attributes:
        error: what reading the level raises; None while the chip is well.
    """

    def __init__(self, factory: MockFactory, info: object) -> None:
        self.late: queue.SimpleQueue[bool] | None = None
        self.error: Exception | None = None
        super().__init__(factory, info)

    def _get_state(self) -> bool:
        if self.error is not None:
            raise self.error
        return bool(super()._get_state())

    def _call_when_changed(self) -> None:
        if self.late is None:
            super()._call_when_changed()
        else:
            self.late.put(self._state)

    def lose(self, *, state: bool) -> None:
        """Change the level without telling anybody."""
        self._state = state

    def deliver(self) -> None:
        """Tell all edges that wait, in their order."""
        assert self.late is not None
        while not self.late.empty():
            self._when_changed()(0, self.late.get())


@pytest.fixture(autouse=True)
def factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    mock = MockFactory(pin_class=LateMockPin)
    monkeypatch.setattr(Device, "pin_factory", mock)
    yield mock
    mock.reset()


class Bench:
    """A driver on a mock pin, and what it has emitted."""

    def __init__(self, factory: MockFactory, name: str, keys: dict[str, str], high: bool) -> None:
        spec = load(name)
        self.driver: Driver = spec.build(spec.config(PIN, **keys))
        self.pin: LateMockPin = factory.pin(PIN)
        self.emitted: list[tuple[Quantity, float]] = []
        self.high = high

    def emit(self, quantity: Quantity, value: float) -> None:
        self.emitted.append((quantity, value))

    def drive(self, value: int) -> None:
        if bool(value) == self.high:
            self.pin.drive_high()
        else:
            self.pin.drive_low()

    @property
    def values(self) -> list[float]:
        return [value for _, value in self.emitted]


@pytest.fixture
def button(factory: MockFactory) -> Iterator[Bench]:
    bench = Bench(factory, "help_button", {}, high=False)
    yield bench
    bench.driver.close()


@pytest.mark.parametrize(("name", "keys", "quantity", "high"), WIRINGS)
def test_each_wiring_gives_its_quantity(
    factory: MockFactory, name: str, keys: dict[str, str], quantity: Quantity, high: bool
) -> None:
    """Every driver in every wiring reports both edges as 1 and 0 of its own quantity."""
    bench = Bench(factory, name, keys, high)
    bench.driver.open(bench.emit)
    bench.drive(0)
    bench.emitted.clear()
    bench.drive(1)
    bench.drive(0)
    assert bench.emitted == [(quantity, 1.0), (quantity, 0.0)]
    bench.driver.close()


def test_quiet_wirings_start_at_0(factory: MockFactory) -> None:
    """With nothing connected, a normally open contact and a PIR read 0, a closed one its alarm."""
    levels = {}
    for name in NAMES:
        bench = Bench(factory, name, {}, high=True)
        bench.driver.open(bench.emit)
        levels[name] = bench.values
        bench.driver.close()
    assert levels == {
        "pir": [0.0],
        "door_contact": [1.0],
        "smoke_alarm": [1.0],
        "help_button": [0.0],
        "answer_button": [0.0],
        "float_switch": [0.0],
    }


def test_pressed_at_boot(factory: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A button that is held while the agent starts is reported, though there is no edge."""
    monkeypatch.setattr(LateMockPin, "_set_pull", lambda self, value: setattr(self, "_pull", value))
    bench = Bench(factory, "help_button", {}, high=False)
    bench.pin.lose(state=False)
    bench.driver.open(bench.emit)
    assert bench.values == [1.0]
    bench.driver.close()


def test_fifty_presses(button: Bench) -> None:
    """Each of 50 presses is emitted, and each release."""
    button.driver.open(button.emit)
    for _ in range(50):
        button.drive(1)
        button.drive(0)
    assert button.values == [0.0] + [1.0, 0.0] * 50


def test_presses_that_are_over_when_the_callback_comes(button: Bench) -> None:
    """Two presses that lgpio tells late are still two, and the last level is the one there."""
    button.driver.open(button.emit)
    button.pin.late = queue.SimpleQueue()
    for value in (1, 0, 1, 0, 1):
        button.drive(value)
    teller = threading.Thread(target=button.pin.deliver)
    teller.start()
    teller.join(5)
    rises = sum(before < after for before, after in pairwise(button.values))
    assert rises == 3
    assert button.values[-1] == 1.0


def test_poll_repeats_the_level_and_finds_a_lost_edge(button: Bench) -> None:
    """Polling shows that the line is watched, and what no edge has told."""
    button.driver.open(button.emit)
    button.driver.poll()
    button.pin.lose(state=False)
    button.driver.poll()
    assert button.values == [0.0, 0.0, 1.0]


def test_a_release_that_got_lost_hides_no_press(button: Bench) -> None:
    """The callback of a press finds the line released again, and the next press is told too."""
    button.driver.open(button.emit)
    button.pin.late = queue.SimpleQueue()
    button.drive(1)
    button.pin.lose(state=True)
    button.pin.deliver()
    button.drive(1)
    button.pin.deliver()
    assert button.values == [0.0, 1.0, 0.0, 1.0]


def test_polls_and_edges_on_two_threads_keep_their_order(button: Bench) -> None:
    """Whatever interleaves, the last value emitted is the level of the line."""
    button.driver.open(button.emit)
    polls = threading.Thread(target=lambda: [button.driver.poll() for _ in range(300)])
    polls.start()
    for n in range(301):
        button.drive(n % 2)
    button.drive(1)
    polls.join(5)
    assert button.values[-1] == 1.0
    assert button.values.count(1.0) >= 150


def test_a_callback_never_raises(button: Bench) -> None:
    """What fails in a callback does not end lgpio's thread; the next poll reports it, once."""

    def refuse(quantity: Quantity, value: float) -> None:
        if value:
            raise RuntimeError("queue closed")

    button.driver.open(refuse)
    button.drive(1)
    button.drive(0)
    with pytest.raises(DriverError, match="pin 17: an edge was not handled: queue closed"):
        button.driver.poll()
    button.driver.poll()


def test_an_edge_while_the_chip_goes(button: Bench) -> None:
    """An edge is emitted even where the level cannot be read again."""
    button.driver.open(button.emit)
    button.pin.error = OSError(19, "No such device")
    button.drive(1)
    assert button.values == [0.0, 1.0]


def test_a_reopened_pin_hears_edges(button: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing switches edge detection off, without which lgpio's pins stay deaf when reopened."""
    calls = []
    monkeypatch.setattr(LateMockPin, "_enable_event_detect", lambda _: calls.append("on"))
    monkeypatch.setattr(LateMockPin, "_disable_event_detect", lambda _: calls.append("off"))
    monkeypatch.setattr(LateMockPin, "close", lambda _: None)  # as lgpio's: keeps the callback
    for _ in range(2):
        button.driver.open(button.emit)
        button.drive(1)
        button.drive(0)
        button.driver.close()
    assert calls == ["on", "off"] * 2
    assert button.values == [0.0, 1.0, 0.0] * 2


def test_an_edge_that_comes_after_closing(button: Bench) -> None:
    """What lgpio's thread had in hand while the pin was closed is not emitted any more."""
    button.driver.open(button.emit)
    tell = button.pin.when_changed
    button.driver.close()
    tell(0, 0)
    assert button.values == [0.0]


def test_close_twice_and_reopen(button: Bench) -> None:
    """Closing is harmless at any time, ends all emitting, and the pin can be opened again."""
    button.driver.close()
    button.driver.open(button.emit)
    button.driver.close()
    button.driver.close()
    button.drive(1)
    button.drive(0)
    assert button.values == [0.0]
    with pytest.raises(PortError, match="pin 17 is not open"):
        button.driver.poll()
    button.driver.open(button.emit)
    assert button.values == [0.0, 0.0]
