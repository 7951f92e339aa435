"""GPIO pins that do not open or go away: every failure is a PortError that says what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from gpiozero import BadPinFactory, Device, GPIOPinInUse, PinUnknownPi
from gpiozero.pins.mock import MockFactory, MockPin

from drivers import gpio
from drivers.base import PortError
from drivers.gpio import GpioLine, contact_line
from drivers.reading import Quantity


class FailingMockPin(MockPin):
    """A mock pin whose chip may be gone.

    Attributes:
        error: what reading the level raises; None while the chip is well.
    """

    error: Exception | None = None

    def _get_state(self) -> bool:
        if self.error is not None:
            raise self.error
        return bool(super()._get_state())


@pytest.fixture(autouse=True)
def factory(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockFactory]:
    mock = MockFactory(pin_class=FailingMockPin)
    monkeypatch.setattr(Device, "pin_factory", mock)
    yield mock
    mock.reset()


@pytest.fixture
def pin(factory: MockFactory) -> FailingMockPin:
    return factory.pin(17)


@pytest.fixture
def values() -> list[float]:
    return []


@pytest.fixture
def button() -> Iterator[GpioLine]:
    line = contact_line(Quantity.HELP, 17, "normally_open")
    yield line
    line.close()


def test_chip_gone(button: GpioLine, pin: FailingMockPin, values: list[float]) -> None:
    """A pin that cannot be read any more is a PortError from poll, and closes quietly."""
    button.open(lambda _, value: values.append(value))
    pin.error = OSError(19, "No such device")
    with pytest.raises(PortError, match="pin 17: the GPIO chip does not answer: restart"):
        button.poll()
    pin.drive_low()
    button.close()


def test_an_edge_that_cannot_be_watched(
    button: GpioLine, values: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pin that gives no edges is not opened, and is free again."""

    def refuse(self: FailingMockPin) -> None:
        raise OSError(16, "GPIO busy")

    with monkeypatch.context() as patch:
        patch.setattr(FailingMockPin, "_enable_event_detect", refuse)
        with pytest.raises(PortError, match="pin 17: another program has it"):
            button.open(lambda _, value: values.append(value))
    button.open(lambda _, value: values.append(value))
    assert values == [0.0]


def test_chip_gone_while_opening(
    button: GpioLine, pin: FailingMockPin, values: list[float]
) -> None:
    """A pin that was claimed and cannot be read is released, so that it can be opened later."""
    pin.error = OSError(19, "No such device")
    with pytest.raises(PortError, match="pin 17"):
        button.open(lambda _, value: values.append(value))
    pin.error = None
    button.open(lambda _, value: values.append(value))
    assert values == [0.0]


def test_a_pin_used_twice(button: GpioLine, pin: FailingMockPin, values: list[float]) -> None:
    """The second sensor on a pin is refused with the reason; the first one works on."""
    button.open(lambda _, value: values.append(value))
    second = contact_line(Quantity.CONTACT, 17, "normally_closed")
    with pytest.raises(PortError, match="pin 17: another sensor has it: give each its own pin"):
        second.open(lambda _, value: values.append(value))
    pin.drive_low()
    assert values == [0.0, 1.0]


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
    monkeypatch: pytest.MonkeyPatch, button: GpioLine, error: Exception, advice: str
) -> None:
    """Every way in which a pin fails to open says what to do."""

    def fail(self: MockFactory, *args: object, **keys: object) -> None:
        raise error

    monkeypatch.setattr(MockFactory, "pin", fail)
    with pytest.raises(PortError) as caught:
        button.open(lambda *_: None)
    assert str(caught.value).startswith("pin 17: ")
    assert advice in str(caught.value)
    assert str(error) in str(caught.value)


@pytest.fixture
def device_nodes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "gpiochip0").touch()
    monkeypatch.setattr(gpio, "DEV", tmp_path)


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
@pytest.mark.usefixtures("device_nodes")
def test_what_lgpio_says(
    monkeypatch: pytest.MonkeyPatch, pin: FailingMockPin, text: str, is_allowed: bool, advice: str
) -> None:
    """One error stands for all that lgpio meets: its text and the rights on the device tell more."""
    monkeypatch.setattr("os.access", lambda *_: is_allowed)
    monkeypatch.setattr("getpass.getuser", lambda: "nurse")
    monkeypatch.setitem(sys.modules, "lgpio", SimpleNamespace(error=LgpioError))
    button = contact_line(Quantity.HELP, 17, "normally_open")
    button.open(lambda *_: None)
    pin.error = LgpioError(text)
    with pytest.raises(PortError, match=advice):
        button.poll()


def test_no_chip_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, button: GpioLine, pin: FailingMockPin
) -> None:
    """Without any /dev/gpiochip the question is what machine this is."""
    monkeypatch.setattr(gpio, "DEV", tmp_path)
    button.open(lambda *_: None)
    pin.error = PermissionError(13, "Permission denied")
    with pytest.raises(PortError, match="is this a Raspberry Pi"):
        button.poll()
    pin.error = None
