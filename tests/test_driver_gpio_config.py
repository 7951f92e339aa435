"""What the GPIO drivers take in a configuration and say of themselves; what loading them costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from agent.config.load import parse
from agent.pipeline.pipeline import Pipeline
from agent.site import Role
from drivers import gpio
from drivers.base import load
from drivers.reading import Quantity, Reading, Stamp

NAMES = ["pir", "door_contact", "smoke_alarm", "help_button", "answer_button", "float_switch"]


@pytest.mark.parametrize("name", NAMES)
def test_traits(name: str) -> None:
    """A sensor claims its pin, is polled often enough for what it guards, and may miss two polls."""
    spec = load(name)
    traits = spec.traits(spec.config(17))
    assert traits.claims == ("pin 17",)
    assert len(traits.quantities) == 1
    assert traits.poll_s == (30.0 if name in ("pir", "door_contact") else 10.0)
    assert traits.silent_after_s is not None
    assert 3 * traits.poll_s < traits.silent_after_s < 4 * traits.poll_s
    assert traits.settle is not None
    assert traits.settle.is_held == (name in ("float_switch", "answer_button"))


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


def test_an_answer_button_cannot_be_normally_closed() -> None:
    """There a broken wire would answer for the resident."""
    with pytest.raises(ValidationError, match="contact"):
        TypeAdapter(load("answer_button").config).validate_json(
            '{"pin": 17, "contact": "normally_closed"}'
        )


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


def test_a_float_is_a_witness_at_the_roadside() -> None:
    """In a street a float tells `wet` once the water has stood at it for 3 s, not for a wave."""
    text = (Path(__file__).parent.parent / "systemd" / "street.toml").read_bytes()
    configuration = parse(text, "street.toml")
    assert configuration.site.sensors["road-float"].role is Role.ROADSIDE
    assert configuration.site.sensors["road-float"].traits.quantities == (Quantity.WET,)
    pipeline = Pipeline(configuration.site, configuration.limits)
    line = pipeline.channels["road-float", Quantity.WET]
    for number, (at, value) in enumerate([(0, 0), (10, 1), (12, 0), (20, 1), (22, 1), (24, 1)], 1):
        stamp = Stamp("test", at, at, synced=True, sequence=number)
        pipeline.take(Reading("road-float", Quantity.WET, value, stamp))
        assert line.line.level == (at >= 23)
