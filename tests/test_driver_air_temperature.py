"""The air temperature probe on a folder like the kernel's."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.base import FrameError, PortError, load
from drivers.reading import Quantity

SPEC = load("air_temperature")
WARM = "72 01 4b 46 7f ff 0e 10 57 : crc=57 YES\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
COLD = "5e ff 4b 46 7f ff 02 10 cb : crc=cb YES\n5e ff 4b 46 7f ff 02 10 cb t=-10125\n"
POWER_ON = "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"
SHORTED = "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n"


@pytest.fixture
def probe(tmp_path: Path) -> Path:
    folder = tmp_path / "28-0316a2794bff"
    folder.mkdir()
    (folder / "w1_slave").write_text(WARM)
    return folder


def opened(probe: Path) -> tuple[object, list[tuple[Quantity, float]]]:
    driver, seen = SPEC.build(SPEC.config(str(probe))), []
    driver.open(lambda quantity, value: seen.append((quantity, value)))
    return driver, seen


def test_degrees(probe: Path) -> None:
    """What the kernel says comes out in degrees, below zero too."""
    driver, seen = opened(probe)
    driver.poll()
    (probe / "w1_slave").write_text(COLD)
    driver.poll()
    assert seen == [(Quantity.AIR_TEMP_DEGC, 23.125), (Quantity.AIR_TEMP_DEGC, -10.125)]
    driver.close()
    driver.close()


@pytest.mark.parametrize(
    "text",
    [WARM.replace("YES", "NO"), POWER_ON, SHORTED, "", WARM[:41], "YES\nt=1000\n", "\xff" * 40],
    ids=["checksum", "power-on", "shorted", "empty", "cut", "half", "garbage"],
)
def test_what_is_no_temperature(probe: Path, text: str) -> None:
    """It is no reading; five in a row are a fault, and a good one between them starts anew."""
    driver, seen = opened(probe)
    file = probe / "w1_slave"
    for _ in range(2):
        file.write_text(text, encoding="latin-1")
        for _ in range(4):
            driver.poll()
        file.write_text(WARM)
        driver.poll()
    assert len(seen) == 2
    file.write_text(text, encoding="latin-1")
    for _ in range(4):
        driver.poll()
    with pytest.raises(FrameError, match=r"5 reads without a value: check the data wire"):
        driver.poll()


def test_a_probe_that_is_not_there(probe: Path) -> None:
    """It is named, with the probes that are."""
    driver, _ = opened(probe)
    other = SPEC.build(SPEC.config(str(probe.parent / "28-none")))
    with pytest.raises(PortError, match=r"28-none/w1_slave: .* holds 28-0316a2794bff"):
        other.open(print)
    (probe / "w1_slave").unlink()
    probe.rmdir()
    with pytest.raises(PortError, match="is dtoverlay=w1-gpio set"):
        driver.poll()


def test_config_and_traits() -> None:
    """A path is asked for, and claimed."""
    with pytest.raises(ValueError, match='probe: "28-1" is not a path'):
        SPEC.config("28-1")
    traits = SPEC.traits(SPEC.config("/sys/bus/w1/devices/28-1"))
    assert traits.quantities == (Quantity.AIR_TEMP_DEGC,)
    assert traits.claims == ("/sys/bus/w1/devices/28-1",)
    assert traits.valid == {Quantity.AIR_TEMP_DEGC: (-40, 70)}
