"""One two-state line: what the drivers of contacts and motion sensors share, and outputs.

BCM pin numbers, 3.3 V logic; inputs are not 5 V tolerant. The internal pulls (about 50 kohm) are
too weak for metres of cable: add 4.7 to 10 kohm to 3.3 V, 1 kohm in series and 100 nF to ground.

An edge callback emits the level that the edge led to and then, if the line has moved on, the level
that is there: a press shorter than the callback's latency is not lost, and the last level emitted
is always the last one read. `poll` emits the level again, which shows that the line is watched and
finds an edge that got lost. It is the pin's own `when_changed` that is used, since a device's
`when_activated` hides a press that follows a lost release. Debouncing is the pipeline's: gpiozero's
`bounce_time` is a stability filter under lgpio, in which a short press vanishes.

gpiozero is imported by `open`, so that a laptop without pins can check and replay a configuration.
A GPIO chip that vanished never comes back to the same process (lgpio keeps its dead handle): then
only a restart of the service helps, and the error says so.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from drivers.base import DriverError, Emit, PortError, Settle, Spec, Traits
from drivers.reading import Quantity

if TYPE_CHECKING:
    from gpiozero import InputDevice, OutputDevice

Contact = Literal["normally_open", "normally_closed"]
"""State of a dry contact to ground while nothing is the matter; closed pulls the line low."""

FIXED_PULL_UPS = (2, 3)  # resistors on the board, for I2C
DEV = Path("/dev")
# What is found in an error -> what to do about it.
ADVICE = {
    "ModuleNotFoundError": "a library is missing: pip install gpiozero lgpio",
    "BadPinFactory": "GPIOZERO_PIN_FACTORY names no known library: unset it, or set lgpio",
    "PinUnknownPi": "gpiozero does not know this computer: use a Raspberry Pi, or update gpiozero",
    "GPIOPinInUse": "another sensor has it: give each its own pin",
    "PinFixedPull": "the board pulls it the other way: use another pin",
    ".lgd-nfy": "lgpio cannot write in its folder: set LG_WD to one where it can",
    "GPIO busy": "another program has it: gpioinfo shows which",
}

_opening = Lock()  # gpiozero makes its pin factory once, but without a lock


class GpioLine:
    """One input line that reports one two-state quantity; a `Driver`.

    Args:
        pull_up: whether the internal resistor pulls to 3.3 V, else to ground.
        is_high: whether the quantity is 1 while the line is high.
    """

    def __init__(self, quantity: Quantity, pin: int, *, pull_up: bool, is_high: bool) -> None:
        self._quantity = quantity
        self._pin = pin
        self._pull_up = pull_up
        self._is_high = is_high
        self._lock = Lock()  # what is emitted keeps the order in which it was read
        self._device: InputDevice | None = None
        self._failure: Exception | None = None

    def open(self, emit: Emit) -> None:
        """Claim the pin, watch both edges, emit the level. Raise PortError if that fails."""
        self._emit = emit
        self._failure = None
        try:
            with self._lock:  # an edge waits until the line is ours
                self._take()
            self.poll()  # a line that is active already gives no edge
        except DriverError:
            self.close()
            raise

    def poll(self) -> None:
        """Emit the level again.

        Raises:
            PortError: the pin cannot be read.
            DriverError: an edge's callback has failed since the last call.
        """
        with self._lock:
            self._emit(self._quantity, self._level())
            failure, self._failure = self._failure, None
        if failure is not None:
            raise DriverError(f"pin {self._pin}: an edge was not handled: {failure}") from failure

    def close(self) -> None:
        """Let go of the pin; harmless when closed already."""
        with self._lock:
            device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(*_hardware_errors()):  # of a chip that has gone
                device.pin.when_changed = None  # else the pin is deaf when it is opened again
            with contextlib.suppress(*_hardware_errors()):
                device.close()

    def _take(self) -> None:
        try:
            self._device = _claim(
                lambda library: library.InputDevice(self._pin, pull_up=self._pull_up)
            )
            self._device.pin.when_changed = self._edge
        except _hardware_errors() as error:
            raise PortError(f"pin {self._pin}: {_advice(error)}") from error

    def _edge(self, _ticks: float, state: int) -> None:
        value = float(bool(state) == self._is_high)
        try:
            with self._lock:
                if self._device is None:
                    return
                self._emit(self._quantity, value)
                level = self._level()
                if level != value:
                    self._emit(self._quantity, level)
        except Exception as error:  # noqa: BLE001 - it would end lgpio's one thread for all pins
            self._failure = error  # `poll` raises it

    def _level(self) -> float:
        if self._device is None:
            raise PortError(f"pin {self._pin} is not open")
        try:
            return float(bool(self._device.pin.state) == self._is_high)
        except _hardware_errors() as error:
            raise PortError(f"pin {self._pin}: {_advice(error)}") from error


class GpioOutput:
    """One output line, inactive until it is set.

    Args:
        is_active_high: whether the line is high while it is active.
    """

    def __init__(self, pin: int, *, is_active_high: bool) -> None:
        self._pin = pin
        self._is_active_high = is_active_high
        self._device: OutputDevice | None = None

    def open(self) -> None:
        """Claim the pin, inactive. Raise PortError if that fails."""
        try:
            self._device = _claim(
                lambda library: library.OutputDevice(
                    self._pin, active_high=self._is_active_high, initial_value=False
                )
            )
        except _hardware_errors() as error:
            raise PortError(f"pin {self._pin}: {_advice(error)}") from error

    def set(self, *, is_active: bool) -> None:
        """Set the level. Raise PortError if the pin has gone."""
        if self._device is None:
            raise PortError(f"pin {self._pin} is not open")
        try:
            self._device.value = is_active
        except _hardware_errors() as error:
            raise PortError(f"pin {self._pin}: {_advice(error)}") from error

    def close(self) -> None:
        """Set it inactive and let go of the pin; harmless when closed already."""
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(*_hardware_errors()):  # of a chip that has gone
                device.off()
            with contextlib.suppress(*_hardware_errors()):
                device.close()


def contact_line(quantity: Quantity, pin: int, contact: Contact) -> GpioLine:
    """A dry contact between the pin and ground, with pull-up."""
    return GpioLine(quantity, pin, pull_up=True, is_high=contact == "normally_closed")


def check_pin(pin: int, *, pull_up: bool) -> None:
    """Raise ValueError if that is no GPIO of the 40-pin header, or it cannot be pulled that way."""
    if not 0 <= pin <= 27:
        raise ValueError(f"pin: {pin} is outside 0 to 27 (BCM numbers)")
    if pin in FIXED_PULL_UPS and not pull_up:
        raise ValueError(f"pin: {pin} is pulled up on the board; this wiring needs another pin")


@dataclass(frozen=True, slots=True)
class ContactConfig:
    """Keys of a sensor that is a dry contact to ground; each kind has a default of its own.

    Attributes:
        pin: BCM number, 0 to 27.
        contact: state of the contact while nothing is the matter.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    pin: int
    contact: Contact

    def __post_init__(self) -> None:
        check_pin(self.pin, pull_up=True)


def contact_spec(
    config: type[ContactConfig], quantity: Quantity, poll_s: float, settle: Settle
) -> Spec[ContactConfig]:
    """Describe the driver of a dry contact."""
    return Spec(
        config=config,
        build=lambda given: contact_line(quantity, given.pin, given.contact),
        traits=lambda given: line_traits(quantity, given.pin, poll_s, settle),
    )


def line_traits(quantity: Quantity, pin: int, poll_s: float, settle: Settle) -> Traits:
    """Traits of a line; it is silent when three polls have brought nothing."""
    return Traits(
        quantities=(quantity,),
        poll_s=poll_s,
        silent_after_s=3.5 * poll_s,
        settle=settle,
        claims=(f"pin {pin}",),
    )


def _claim(make: Callable[[Any], Any]) -> Any:
    """Make a device of the library, which is handed over."""
    # lgpio, when it is imported, makes a FIFO in LG_WD, moves the process there and leaves it so.
    with _opening, contextlib.chdir("."):
        import gpiozero  # noqa: PLC0415 - 75 ms, and not on laptops

        if gpiozero.Device.pin_factory is None:
            folders = os.environ.get("RUNTIME_DIRECTORY") or os.environ.get("XDG_RUNTIME_DIR")
            if folders:
                os.environ.setdefault("LG_WD", folders.split(":")[0])
            # By name: the search for any factory hides why this one fails.
            os.environ.setdefault("GPIOZERO_PIN_FACTORY", "lgpio")
        return make(gpiozero)


def _hardware_errors() -> tuple[type[Exception], ...]:
    """What a line may raise; the libraries are asked only where they are loaded."""
    errors: list[type[Exception]] = [ImportError, OSError]
    for module, name in (("gpiozero", "GPIOZeroError"), ("lgpio", "error")):
        if module in sys.modules:
            errors.append(getattr(sys.modules[module], name))
    return tuple(errors)


def _advice(error: Exception) -> str:
    """What is wrong and how to mend it, in a sentence for the technician."""
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, PermissionError) or "can not open gpiochip" in text:
        return f"{_how_to_reach_chip()} ({text})"
    for sign, advice in ADVICE.items():
        if sign in text:
            return f"{advice} ({text})"
    return f"the GPIO chip does not answer: restart the service ({text})"


def _how_to_reach_chip() -> str:
    chips = sorted(DEV.glob("gpiochip*"))
    if not chips:
        return f"there is no {DEV}/gpiochip*: is this a Raspberry Pi, may the service see it?"
    for chip in chips:
        if not os.access(chip, os.R_OK | os.W_OK):
            user = getpass.getuser()
            return f"{user} may not use {chip}: sudo usermod -aG gpio {user}, then restart"
    return f"{chips[0]} does not open: restart the service"
