"""The service's unit: what systemd makes of it, and how little it lets the agent do."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.clock import TIMESYNCD

SYSTEMD = Path(__file__).parents[1] / "systemd"
UNIT = SYSTEMD / "street-agent.service"
ALLOWED = "[Service]\nIPAddressDeny=any\nIPAddressAllow=192.0.2.1\n"


def exposure(unit: Path) -> float:
    """What `systemd-analyze security` says: 0 is safe, 10 is not."""
    assert shutil.which("systemd-analyze"), "apt-get install systemd"
    said = subprocess.run(
        ["systemd-analyze", "security", "--no-pager", "--offline=true", str(unit)],
        capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin", "LANG": "C"},
    ).stdout  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found, said
    return float(found[1])


def settings(unit: Path) -> dict[str, list[str]]:
    """Each setting with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_the_service_is_hardly_exposed(tmp_path: Path) -> None:
    """1.3, and 1.2 where only the broker's address may be talked to."""
    assert exposure(UNIT) <= 1.3
    narrowed = tmp_path / "street-agent.service"
    narrowed.write_text(UNIT.read_text() + ALLOWED)
    assert exposure(narrowed) <= 1.2


@pytest.mark.parametrize("setting", ["NoNewPrivileges", "ProtectClock", "PrivateUsers"])
def test_the_figure_would_tell_of_a_setting_that_is_gone(tmp_path: Path, setting: str) -> None:
    """Each of them is counted."""
    weaker = tmp_path / "street-agent.service"
    weaker.write_text(UNIT.read_text().replace(f"\n{setting}=yes", ""))
    assert exposure(weaker) > exposure(UNIT)


def test_it_comes_back_whatever_happens() -> None:
    """Ten seconds to find a hang, two until the restart, never given up; but for a wrong file."""
    found = settings(UNIT)
    assert found["Type"] == ["notify"]
    assert found["WatchdogSec"] == ["10"]
    assert found["Restart"] == ["always"]
    assert found["StartLimitIntervalSec"] == ["0"]
    assert found["RestartPreventExitStatus"] == ["4"]


def test_the_drop_in_for_another_time_service_lets_the_kernel_be_asked(tmp_path: Path) -> None:
    """It costs what the clock's own protection is worth, and says so by its figure."""
    asked = tmp_path / "street-agent.service"
    asked.write_text(UNIT.read_text() + (SYSTEMD / "other-time-service.conf").read_text())
    assert exposure(UNIT) < exposure(asked) <= 1.7
    assert "ProtectClock=yes" in UNIT.read_text()
    assert TIMESYNCD.is_relative_to("/run/systemd/timesync")


def test_serial_ports_are_allowed_by_number() -> None:
    """A name that the kernel does not know yet when the service starts is ignored for good."""
    allowed = settings(UNIT)["DeviceAllow"]
    assert allowed == [f"char-{kind} rw" for kind in ("gpiochip", "204", "4", "188", "166")]
