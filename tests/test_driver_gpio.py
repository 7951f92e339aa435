"""GPIO drivers on gpiozero's mock pins: these run callbacks on the thread that drives the pin."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from gpiozero import BadPinFactory, Device, GPIOPinInUse, PinUnknownPi
from gpiozero.pins.mock import MockFactory, MockPin
from pydantic import TypeAdapter, ValidationError

from drivers import gpio
from drivers.base import Driver, DriverError, PortError, load
from drivers.reading import Quantity

NAMES = ["pir", "door_contact", "smoke_alarm", "help_button", "float_switch"]
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


class Home:
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
def button(factory: MockFactory) -> Iterator[Home]:
    home = Home(factory, "help_button", {}, high=False)
    yield home
    home.driver.close()


@pytest.mark.parametrize(("name", "keys", "quantity", "high"), WIRINGS)
def test_each_wiring_gives_its_quantity(
    factory: MockFactory, name: str, keys: dict[str, str], quantity: Quantity, high: bool
) -> None:
    """Every driver in every wiring reports both edges as 1 and 0 of its own quantity."""
    home = Home(factory, name, keys, high)
    home.driver.open(home.emit)
    home.drive(0)
    home.emitted.clear()
    home.drive(1)
    home.drive(0)
    assert home.emitted == [(quantity, 1.0), (quantity, 0.0)]
    home.driver.close()


def test_quiet_wirings_start_at_0(factory: MockFactory) -> None:
    """With nothing connected, a normally open contact and a PIR read 0, a closed one its alarm."""
    levels = {}
    for name in NAMES:
        home = Home(factory, name, {}, high=True)
        home.driver.open(home.emit)
        levels[name] = home.values
        home.driver.close()
    assert levels == {
        "pir": [0.0],
        "door_contact": [1.0],
        "smoke_alarm": [1.0],
        "help_button": [0.0],
        "float_switch": [0.0],
    }


def test_pressed_at_boot(factory: MockFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A button that is held while the agent starts is reported, though there is no edge."""
    monkeypatch.setattr(LateMockPin, "_set_pull", lambda self, value: setattr(self, "_pull", value))
    home = Home(factory, "help_button", {}, high=False)
    home.pin.lose(state=False)
    home.driver.open(home.emit)
    assert home.values == [1.0]
    home.driver.close()


def test_fifty_presses(button: Home) -> None:
    """Each of 50 presses is emitted, and each release."""
    button.driver.open(button.emit)
    for _ in range(50):
        button.drive(1)
        button.drive(0)
    assert button.values == [0.0] + [1.0, 0.0] * 50


def test_presses_that_are_over_when_the_callback_comes(button: Home) -> None:
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


def test_poll_repeats_the_level_and_finds_a_lost_edge(button: Home) -> None:
    """Polling shows that the line is watched, and what no edge has told."""
    button.driver.open(button.emit)
    button.driver.poll()
    button.pin.lose(state=False)
    button.driver.poll()
    assert button.values == [0.0, 0.0, 1.0]


def test_a_release_that_got_lost_hides_no_press(button: Home) -> None:
    """The callback of a press finds the line released again, and the next press is told too."""
    button.driver.open(button.emit)
    button.pin.late = queue.SimpleQueue()
    button.drive(1)
    button.pin.lose(state=True)
    button.pin.deliver()
    button.drive(1)
    button.pin.deliver()
    assert button.values == [0.0, 1.0, 0.0, 1.0]


def test_polls_and_edges_on_two_threads_keep_their_order(button: Home) -> None:
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


def test_a_callback_never_raises(button: Home) -> None:
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


def test_chip_gone(button: Home) -> None:
    """A pin that cannot be read any more is a PortError from poll, and closes quietly."""
    button.driver.open(button.emit)
    button.pin.error = OSError(19, "No such device")
    with pytest.raises(PortError, match="pin 17: the GPIO chip does not answer: restart"):
        button.driver.poll()
    button.drive(1)
    button.driver.close()


def test_an_edge_while_the_chip_goes(button: Home) -> None:
    """An edge is emitted even where the level cannot be read again."""
    button.driver.open(button.emit)
    button.pin.error = OSError(19, "No such device")
    button.drive(1)
    assert button.values == [0.0, 1.0]


def test_an_edge_that_cannot_be_watched(button: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pin that gives no edges is not opened, and is free again."""

    def refuse(self: LateMockPin) -> None:
        raise OSError(16, "GPIO busy")

    with monkeypatch.context() as patch:
        patch.setattr(LateMockPin, "_enable_event_detect", refuse)
        with pytest.raises(PortError, match="pin 17: another program has it"):
            button.driver.open(button.emit)
    button.driver.open(button.emit)
    assert button.values == [0.0]


def test_a_reopened_pin_hears_edges(button: Home, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_chip_gone_while_opening(button: Home) -> None:
    """A pin that was claimed and cannot be read is released, so that it can be opened later."""
    button.pin.error = OSError(19, "No such device")
    with pytest.raises(PortError, match="pin 17"):
        button.driver.open(button.emit)
    button.pin.error = None
    button.driver.open(button.emit)
    assert button.values == [0.0]


def test_close_twice_and_reopen(button: Home) -> None:
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


def test_a_pin_used_twice(factory: MockFactory, button: Home) -> None:
    """The second sensor on a pin is refused with the reason; the first one works on."""
    button.driver.open(button.emit)
    second = Home(factory, "door_contact", {}, high=True)
    with pytest.raises(PortError, match="pin 17: another sensor has it: give each its own pin"):
        second.driver.open(second.emit)
    button.drive(1)
    assert button.values == [0.0, 1.0]


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (BadPinFactory("Unable to find pin factory 'x'"), "GPIOZERO_PIN_FACTORY names no known"),
        (PinUnknownPi("unable to locate Pi revision"), "use a Raspberry Pi, or update gpiozero"),
        (GPIOPinInUse("pin GPIO17 is already in use"), "another sensor has it"),
        (ModuleNotFoundError("No module named 'lgpio'"), "pip install gpiozero lgpio"),
        (FileNotFoundError(2, "No such file", ".lgd-nfy-3"), "set LG_WD to one where it can"),
    ],
)
def test_why_a_pin_does_not_open(
    monkeypatch: pytest.MonkeyPatch, button: Home, error: Exception, advice: str
) -> None:
    """Every way in which a pin fails to open says what to do."""

    def fail(self: MockFactory, *args: object, **keys: object) -> None:
        raise error

    monkeypatch.setattr(MockFactory, "pin", fail)
    with pytest.raises(PortError) as caught:
        button.driver.open(button.emit)
    assert str(caught.value).startswith("pin 17: ")
    assert advice in str(caught.value)
    assert str(error) in str(caught.value)


class LgpioError(Exception):
    """Like lgpio's own, which carries only a text."""


@pytest.mark.parametrize(
    ("text", "is_allowed", "advice"),
    [
        ("GPIO busy", True, "another program has it: gpioinfo shows which"),
        ("can not open gpiochip", False, "sudo usermod -aG gpio nurse, then restart"),
        ("can not open gpiochip", True, "gpiochip0 does not open: restart the service"),
        ("bad GPIO read", True, "the GPIO chip does not answer: restart the service"),
    ],
)
def test_what_lgpio_says(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    button: Home,
    text: str,
    is_allowed: bool,
    advice: str,
) -> None:
    """One error stands for all that lgpio meets: its text and the rights on the device tell more."""
    (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr(gpio, "DEV", tmp_path)
    monkeypatch.setattr("os.access", lambda *_: is_allowed)
    monkeypatch.setattr("getpass.getuser", lambda: "nurse")
    module = type(sys)("lgpio")
    module.error = LgpioError  # type: ignore[attr-defined] # a module made for this test
    monkeypatch.setitem(sys.modules, "lgpio", module)
    button.driver.open(button.emit)
    button.pin.error = LgpioError(text)
    with pytest.raises(PortError, match=advice):
        button.driver.poll()
    button.pin.error = None


def test_no_chip_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, button: Home) -> None:
    """Without any /dev/gpiochip the question is what machine this is."""
    monkeypatch.setattr(gpio, "DEV", tmp_path)
    button.driver.open(button.emit)
    button.pin.error = PermissionError(13, "Permission denied")
    with pytest.raises(PortError, match="is this a Raspberry Pi"):
        button.driver.poll()
    button.pin.error = None


@pytest.mark.parametrize("name", NAMES)
def test_traits(name: str) -> None:
    """A sensor claims its pin, is polled often enough for what it guards, and may miss two polls."""
    spec = load(name)
    traits = spec.traits(spec.config(PIN))
    assert traits.claims == ("pin 17",)
    assert len(traits.quantities) == 1
    assert traits.poll_s == (30.0 if name in ("pir", "door_contact") else 10.0)
    assert traits.silent_after_s is not None
    assert 3 * traits.poll_s < traits.silent_after_s < 4 * traits.poll_s
    assert traits.settle is not None
    assert traits.settle.is_held == (name == "float_switch")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"pin": 99}, "pin: 99 is outside 0 to 27"),
        ({"pin": -1}, "pin: -1 is outside 0 to 27"),
        ({"pin": "17"}, "valid integer"),
        ({"pin": True}, "valid integer"),
        ({"pin": 17, "bounce_time": 1}, "bounce_time"),
        ({"pin": 17, "contact": "open"}, "contact"),
        ({}, "pin"),
    ],
)
def test_wrong_keys(name: str, keys: dict[str, object], said: str) -> None:
    """A wrong pin, type, choice or key is refused with its name."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(load(name).config).validate_json(json.dumps(keys))


def test_pins_with_a_fixed_pull_up() -> None:
    """A PIR cannot pull GPIO2 down; a contact to ground may use it."""
    with pytest.raises(ValueError, match="pin: 2 is pulled up on the board"):
        load("pir").config(2)
    assert load("door_contact").config(2).pin == 2
    assert load("pir").config(2, output="normally_closed").pin == 2


def outside(code: str, folder: Path, **variables: str) -> str:
    """Run Python in a process of its own, in a folder; return what it prints."""
    own = ("GPIOZERO_PIN_FACTORY", "LG_WD")
    environment = {k: v for k, v in os.environ.items() if k not in own} | variables
    environment["PYTHONPATH"] = str(Path(gpio.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout + done.stderr


def test_describing_a_sensor_needs_no_gpio_library(tmp_path: Path) -> None:
    """Building drivers and asking their traits imports neither gpiozero nor lgpio."""
    code = f"""
import sys
from drivers.base import load
for name in {NAMES}:
    spec = load(name)
    config = spec.config(17)
    spec.build(config), spec.traits(config)
print(sorted({{"gpiozero", "lgpio"}} & set(sys.modules)))
"""
    assert outside(code, tmp_path) == "[]\n"


def test_the_real_lgpio_leaves_no_trace_here(tmp_path: Path) -> None:
    """Opening a pin with the real library fails in words or works, and moves the process nowhere."""
    here, runtime = tmp_path / "here", tmp_path / "runtime"
    here.mkdir()
    runtime.mkdir()
    code = """
import os
from drivers.base import PortError, load
spec = load("pir")
driver = spec.build(spec.config(17))
try:
    driver.open(lambda quantity, value: None)
    driver.close()
except PortError as error:
    assert str(error).startswith("pin 17: "), error
print(os.listdir(), end="")
"""
    said = outside(code, here, RUNTIME_DIRECTORY=str(runtime))
    assert said == "[]"
    assert list(here.iterdir()) == []
