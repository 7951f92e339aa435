"""The buzzer on a mock pin: its rhythm, what it tells, how it starts, ends and breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPin
from pydantic import TypeAdapter, ValidationError

from drivers.base import PortError, Switchable, load
from drivers.buzzer import Buzzer, Config
from drivers.reading import Quantity

PIN = 16
ON = [1, 0, 0, 0, 0]


class FailingPin(MockPin):
    """A pin whose chip may go.

    Attributes:
        error: what setting the level raises; None while the chip is well.
    """

    error: Exception | None = None

    def _set_state(self, value: float) -> None:
        if self.error is not None:
            raise self.error
        super()._set_state(value)


@pytest.fixture
def pin(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingPin]:
    factory = MockFactory(pin_class=FailingPin)
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory.pin(PIN)
    factory.reset()


def opened(emitted: list[tuple[Quantity, float]], **keys: str) -> Buzzer:
    buzzer = Buzzer(Config(PIN, **keys))  # type: ignore[arg-type]
    buzzer.open(lambda quantity, value: emitted.append((quantity, value)))
    return buzzer


def beats(buzzer: Buzzer, pin: FailingPin, count: int) -> list[int]:
    levels = []
    for _ in range(count):
        buzzer.poll()
        levels.append(int(pin.state))
    return levels


def test_it_sounds_one_poll_in_five_while_it_is_on(pin: FailingPin) -> None:
    """At once when it is switched on, and not once after it is switched off."""
    buzzer = opened([])
    assert beats(buzzer, pin, 7) == [0] * 7
    for _ in range(2):
        buzzer.switch(is_on=True)
        assert beats(buzzer, pin, 12) == ON + ON + ON[:2]
        buzzer.switch(is_on=False)
        assert beats(buzzer, pin, 6) == [0] * 6
    buzzer.close()


def test_told_the_same_again_it_keeps_its_rhythm(pin: FailingPin) -> None:
    """The level is told before every poll."""
    buzzer = opened([])
    levels = []
    for _ in range(10):
        buzzer.switch(is_on=True)
        levels += beats(buzzer, pin, 1)
    assert levels == ON + ON
    buzzer.close()


def test_it_tells_changes_and_now_and_then_its_level(pin: FailingPin) -> None:
    """Twice a minute is enough to show that the pin is there; beats are not told."""
    emitted: list[tuple[Quantity, float]] = []
    buzzer = opened(emitted)
    beats(buzzer, pin, 29)
    assert emitted == [(Quantity.BUZZER, 0.0)]
    beats(buzzer, pin, 1)
    assert emitted == [(Quantity.BUZZER, 0.0)] * 2
    emitted.clear()
    buzzer.switch(is_on=True)
    beats(buzzer, pin, 31)
    buzzer.switch(is_on=False)
    beats(buzzer, pin, 1)
    assert [value for _, value in emitted] == [1.0, 1.0, 0.0]
    buzzer.close()


def test_a_module_that_sounds_at_low(pin: FailingPin) -> None:
    """Quiet is high, from opening on."""
    buzzer = opened([], sounds_at="low")
    assert pin.state == 1
    buzzer.switch(is_on=True)
    assert beats(buzzer, pin, 5) == [0, 1, 1, 1, 1]
    buzzer.close()


def test_closing_is_quiet_and_it_can_be_opened_again(pin: FailingPin) -> None:
    """In the middle of a beat too; closing twice is harmless."""
    buzzer = opened([])
    buzzer.close()
    for _ in range(2):
        buzzer.open(lambda *_: None)
        buzzer.switch(is_on=True)
        assert beats(buzzer, pin, 1) == [1]
        states = pin.states
        buzzer.close()
        buzzer.close()
        assert [int(state.state) for state in states][-1] == 0
    with pytest.raises(PortError, match="pin 16 is not open"):
        buzzer.poll()


def test_a_chip_that_goes_is_told_by_the_next_poll(pin: FailingPin) -> None:
    """In words that name the pin; closing it then is harmless."""
    buzzer = opened([])
    pin.error = OSError(19, "No such device")
    with pytest.raises(PortError, match=r"pin 16: .*No such device"):
        buzzer.poll()
    buzzer.close()


def test_a_pin_that_somebody_has(pin: FailingPin) -> None:
    """Opening it twice says what to do."""
    first = opened([])
    with pytest.raises(PortError, match="pin 16: another sensor has it"):
        opened([])
    first.close()


def test_what_it_is() -> None:
    """An output of its own pin, which is silent when three tellings have not come."""
    spec = load("buzzer")
    traits = spec.traits(Config(PIN))
    assert isinstance(spec.build(Config(PIN)), Switchable)
    assert not isinstance(load("pir").build(load("pir").config(PIN)), Switchable)
    assert traits.claims == ("pin 16",)
    assert (traits.poll_s, traits.silent_after_s) == (1.0, 105.0)


@pytest.mark.parametrize(
    ("keys", "said"),
    [({"pin": 99}, "pin: 99 is outside 0 to 27"), ({"pin": 16, "sounds_at": "hi"}, "sounds_at")],
)
def test_wrong_keys(keys: dict[str, object], said: str) -> None:
    """A wrong pin or choice is refused with its name."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Config).validate_json(json.dumps(keys))
