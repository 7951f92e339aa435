"""`street-agent doctor`: each thing that can lack is named with a command, by its exit code."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_status import ILL, LOST, WELL
from wrong_configs import HOME

from agent.cli import main
from agent.cli.doctor import lines
from agent.desk import Desk
from agent.doctor import CONFIGURATION, DAEMON, HARDWARE, REST, UPLINK, Facts, exit_code, judge
from agent.width import columns

FINE = Facts(
    file="/etc/street-agent/site.toml", problems=(), digest="ab", release="0.1.0", is_active=True,
    standing=WELL, groups=frozenset({"street-agent", "gpio", "dialout"}), has_chip=True,
    pins=("bedroom-pir",), ports=(("road-level", "/dev/serial/by-id/usb-x", True),),
    free_bytes=5 << 30, is_writable=True, brokers=(("broker:8883", ""),), days_left=200.0,
    is_throttled=False,
)  # fmt: skip


def test_all_is_well() -> None:
    """Every check says so, and none has a command."""
    checks = judge(FINE)
    assert exit_code(checks) == 0
    assert [check.command for check in checks if check.command] == []
    assert len(checks) >= 8


@pytest.mark.parametrize(
    ("lacking", "code", "words", "command"),
    [
        ({"problems": ("site.toml:3:1: wrong",)}, CONFIGURATION, "site.toml:3:1", "check /etc"),
        ({"is_active": False}, DAEMON, "does not run", "enable --now"),
        ({"standing": None}, DAEMON, "does not answer", "journalctl"),
        ({"release": "0.2.0"}, REST, "Release 0.1.0 runs, 0.2.0 is installed", "restart"),
        ({"digest": "cd"}, REST, "has changed since the start", "restart"),
        ({"groups": None}, REST, "no user street-agent", "useradd"),
        ({"groups": frozenset({"gpio"})}, HARDWARE, "lacks: dialout", "usermod -aG dialout"),
        ({"has_chip": False}, HARDWARE, "no GPIO chip", "gpiochip"),
        ({"ports": (("road-level", "/dev/x", False),)}, HARDWARE, "no port /dev/x", "by-id"),
        ({"standing": replace(WELL, sensors=(LOST,))}, HARDWARE, "road-level is lost", "status"),
        ({"free_bytes": None}, REST, "cannot be looked at", "dmesg"),
        ({"is_writable": False}, REST, "read-only", "dmesg"),
        ({"free_bytes": 100 << 20}, REST, "Only 100 MiB", "vacuum"),
        ({"brokers": (("b:8883", "refused"),)}, UPLINK, "b:8883 cannot be reached", "ping -c 3 b"),
        ({"standing": replace(WELL, uplink=ILL.uplink)}, UPLINK, "has no link: conn", "journalctl"),
        ({"days_left": 6.4}, UPLINK, "ends in 6 days", "keys"),
        ({"standing": replace(WELL, clock="unsynced")}, REST, "clock has not", "timedatectl"),
        ({"is_throttled": True}, HARDWARE, "supply has sagged", "vcgencmd"),
    ],
)
def test_what_lacks_is_named_with_a_command(
    lacking: dict[str, Any], code: int, words: str, command: str
) -> None:
    """And by the exit code of its kind."""
    checks = judge(replace(FINE, **lacking))
    assert exit_code(checks) == code
    found = [check for check in checks if check.code]
    assert any(words in check.what[1] and command in check.command for check in found), found
    assert all(check.what[0] and check.command for check in found)


def test_one_broker_of_several_is_enough() -> None:
    """The agent tries them in turn."""
    both = replace(FINE, brokers=(("a:8883", "refused"), ("b:8883", "")))
    assert exit_code(judge(both)) == 0


def test_a_home_without_serial_sensors_needs_no_group_for_them() -> None:
    """Nor a chip where nothing hangs on a pin."""
    assert exit_code(judge(replace(FINE, ports=(), groups=frozenset({"gpio"})))) == 0
    assert exit_code(judge(replace(FINE, pins=(), has_chip=False))) == 0


def test_the_gravest_kind_decides() -> None:
    """The configuration before the daemon, before hardware, before the uplink."""
    ill = replace(FINE, standing=ILL, is_writable=False, brokers=(("b:1", "x"),))
    assert exit_code(judge(ill)) == HARDWARE
    assert exit_code(judge(replace(ill, is_active=False))) == DAEMON
    assert exit_code(judge(replace(ill, problems=("x",), is_active=False))) == CONFIGURATION


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_it_fits_a_terminal(lang: str) -> None:
    """80 columns, but for a command, which is pasted whole."""
    long = replace(FINE, problems=("word " * 60,), standing=replace(WELL, sensors=(LOST,)))
    shown = [line for check in judge(long) for line in lines(check, lang)]  # type: ignore[arg-type]
    assert max(columns(line) for line in shown if " $ " not in line) <= 80
    assert shown[0].startswith("!! ")


@pytest.fixture
def broker() -> Iterator[int]:
    """Something that listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_command_looks_at_the_device(
    tmp_path: Path, broker: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A device with an agent that answers; a broker that does, and one that does not."""
    site = tmp_path / "site.toml"
    text = HOME.replace("mqtts://broker.example:8883", f"mqtt://127.0.0.1:{broker}")
    site.write_text(text.replace("[uplink]\n", "[uplink]\ninsecure = true\n"))
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\necho active\n")
    systemctl.chmod(0o755)
    desk = Desk(tmp_path / "agent.sock")
    desk.lay(WELL)
    desk.start()
    words = ["doctor", str(site), "--socket", str(tmp_path / "agent.sock"),
             "--systemctl", str(systemctl), "--json"]  # fmt: skip
    assert main(words) != 0  # it has no GPIO chip, or another configuration
    said = {check["what"][1] for check in json.loads(capsys.readouterr().out)}
    assert f"The configuration is valid: {site}" in said
    assert "The service runs, and the agent answers." in said
    assert "The platform can be reached." in said
    site.write_text(site.read_text().replace(f":{broker}", ":1"))
    desk.stop()
    assert main(words) == DAEMON
    said = {check["what"][1] for check in json.loads(capsys.readouterr().out)}
    assert "127.0.0.1:1 cannot be reached: Connection refused" in said


def test_a_broker_without_tls_behind_a_tls_address_is_named(
    tmp_path: Path, broker: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing of TLS, and is not waited for."""
    monkeypatch.setattr("agent.cli.doctor.BROKER_S", 0.2)
    port = broker
    site = tmp_path / "site.toml"
    site.write_text(HOME.replace("broker.example:8883", f"127.0.0.1:{port}"))
    assert main(["doctor", str(site), "--socket", str(tmp_path / "x"), "--lang", "en"]) == DAEMON
    assert f"127.0.0.1:{port} cannot be reached" in capsys.readouterr().out
