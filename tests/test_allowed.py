"""Whom the service may speak to: what is written for systemd, and what a trial adds."""

from __future__ import annotations

from pathlib import Path

import pytest
from wrong_configs import HOME

from agent import allowed
from agent.cli import main
from agent.cli.allow import allow_more
from agent.errors import NotConnected
from agent.uplink.settings import UplinkSettings


@pytest.fixture
def drop_in(tmp_path: Path) -> Path:
    return tmp_path / "street-agent.service.d" / "brokers.conf"


def site(folder: Path, *brokers: str) -> str:
    """A configuration with these brokers."""
    file = folder / "site.toml"
    listed = ", ".join(f'"{broker}"' for broker in brokers)
    lines = [f"brokers = [{listed}]\ninsecure = true" if line.startswith("brokers") else line
             for line in HOME.splitlines()]  # fmt: skip
    file.write_text("\n".join(lines))
    return str(file)


def test_brokers_by_address(tmp_path: Path, drop_in: Path) -> None:
    """Nobody but they and this machine; the same bytes each time."""
    words = [
        "allow",
        site(tmp_path, "mqtt://192.0.2.7", "mqtts://[2001:db8::7]:8884"),
        "--into",
        str(drop_in),
    ]
    assert main(words) == 0
    written = drop_in.read_text()
    assert written.splitlines()[1:] == [
        "[Service]", "IPAddressDeny=any", "IPAddressAllow=localhost", "IPAddressAllow=192.0.2.7",
        "IPAddressAllow=2001:db8::7",
    ]  # fmt: skip
    assert main(words) == 0
    assert drop_in.read_text() == written


def test_brokers_by_name_are_not_pinned_unasked(tmp_path: Path, drop_in: Path) -> None:
    """A name may come to mean another address: the drop-in goes, where there was one."""
    assert main(["allow", site(tmp_path, "mqtt://192.0.2.7"), "--into", str(drop_in)]) == 0
    assert drop_in.exists()
    assert main(["allow", site(tmp_path, "mqtt://localhost"), "--into", str(drop_in)]) == 0
    assert not drop_in.exists()


def test_brokers_by_name_on_request(tmp_path: Path, drop_in: Path) -> None:
    """What was asked for once holds for the deployments after it."""
    config = site(tmp_path, "mqtt://localhost")
    assert main(["allow", config, "--names", "--into", str(drop_in)]) == 0
    assert "127.0.0.1" in allowed.addresses(drop_in.read_text())
    assert main(["allow", config, "--into", str(drop_in)]) == 0
    assert allowed.is_by_name(drop_in.read_text())


def test_a_list_without_a_broker_is_not_written(
    tmp_path: Path, drop_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would cut the device off."""
    code = main(
        ["allow", site(tmp_path, "mqtt://no-such-host.invalid"), "--names", "--into", str(drop_in)]
    )
    assert code == NotConnected.exit_code
    assert "no-such-host.invalid" in capsys.readouterr().err
    assert not drop_in.exists()


def test_a_trial_adds_and_takes_nothing_away(drop_in: Path) -> None:
    """So the old brokers are still let through when the old configuration comes back."""
    drop_in.parent.mkdir()
    drop_in.write_text(allowed.drop_in(["192.0.2.7"], by_name=False))
    new = UplinkSettings(("mqtt://192.0.2.8",), insecure=True)
    assert allow_more(new, drop_in)
    assert allowed.addresses(drop_in.read_text()) == ["192.0.2.7", "192.0.2.8"]
    assert not allow_more(new, drop_in), "once is enough"


@pytest.mark.parametrize("broker", ["mqtt://192.0.2.8", "mqtt://no-such-host.invalid"])
def test_a_trial_where_nothing_is_kept_from_anybody(drop_in: Path, broker: str) -> None:
    """Where there is no list, none is begun."""
    assert not allow_more(UplinkSettings((broker,), insecure=True), drop_in)
    assert not drop_in.exists()


def test_resolvers() -> None:
    """Addresses of name servers, without zones, comments and names."""
    text = "# nameserver 192.0.2.1\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nsearch lan\nnameserver\n"
    assert allowed.resolvers(text) == ["192.0.2.53", "fe80::1"]
