"""Files that cannot be read, and files that others can."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from wrong_configs import HOME

from agent.config.load import examine, load
from agent.errors import ConfigError


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str], Path]:
    """A configuration with these lines in [uplink]."""

    def write(lines: str) -> Path:
        file = tmp_path / "site.toml"
        file.write_text(HOME.replace("[uplink]", f"[uplink]\n{lines}"), encoding="utf-8")
        return file

    return write


def problems(file: Path) -> list[str]:
    found = [problem for problem in examine(file)[1] if not problem.is_warning]
    return [str(problem).replace(str(file.parent), "DIR") for problem in found]


def test_missing_file(tmp_path: Path) -> None:
    """A configuration that is not there is an error with its name."""
    assert problems(tmp_path / "no.toml") == [
        "DIR/no.toml: cannot be read: No such file or directory"
    ]


def test_folder(tmp_path: Path) -> None:
    """A folder is no configuration."""
    assert problems(tmp_path / "..") == ["DIR/..: cannot be read: Is a directory"]


def test_unreadable_file(tmp_path: Path) -> None:
    """A configuration that this user may not read is an error with its name."""
    file = tmp_path / "site.toml"
    file.write_text(HOME, encoding="utf-8")
    file.chmod(0)
    user = os.geteuid()
    if user == 0:  # to root nothing is unreadable
        tmp_path.chmod(0o755)
        os.seteuid(65534)
    try:
        found = examine(file)[1]
    finally:
        os.seteuid(user)
    assert [p.message for p in found] == ["cannot be read: Permission denied"]


def test_name_that_cannot_be_printed(tmp_path: Path) -> None:
    """A file name that is no UTF-8 is shown escaped."""
    file = tmp_path / os.fsdecode(b"si\xfcte.toml")
    assert problems(file) == ["DIR/si\\udcfcte.toml: cannot be read: No such file or directory"]
    str(examine(file)[1][0]).encode()


def test_zero_byte_in_name() -> None:
    """A name that no file can have is an error like any other."""
    assert examine(Path("a\0b"))[1][0].message.startswith("cannot be read: ")


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
def test_certificate_missing(site: Callable[[str], Path], key: str) -> None:
    """A certificate that is not there is named; for a replay elsewhere it need not be there."""
    file = site(f'{key} = "/nowhere/pem"')
    column = len(key) + 4
    assert problems(file) == [
        f"DIR/site.toml:9:{column}: uplink.{key}: /nowhere/pem: No such file or directory"
    ]
    assert load(file, is_installed=False).uplink.brokers
    with pytest.raises(ConfigError):
        load(file)


@pytest.mark.parametrize(
    ("mode", "is_refused"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)]
)
def test_secret_that_others_can_read(
    site: Callable[[str], Path], tmp_path: Path, mode: int, is_refused: bool
) -> None:
    """A secret that is open to others is refused with the command that closes it."""
    secret = tmp_path / "pass word"
    secret.write_text("geheim\n")
    secret.chmod(mode)
    file = site(f'username = "gz"\npassword_file = "{secret}"')
    fix = "DIR/site.toml:10:17: uplink.password_file: open to others; fix: chmod o-rwx"
    assert problems(file) == ([f"{fix} 'DIR/pass word'"] if is_refused else [])


def test_secret_is_a_folder(site: Callable[[str], Path], tmp_path: Path) -> None:
    """A folder in place of a password is refused."""
    file = site(f'username = "gz"\npassword_file = "{tmp_path}"')
    assert problems(file) == ["DIR/site.toml:10:17: uplink.password_file: DIR: not a file"]


def test_copies_that_systemd_hands_over(
    site: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the folder of keys is read from the service's own copies, and judged there."""
    lines = 'username = "a"\npassword_file = "/etc/street-agent/keys/password"\nca_file = "/etc/ssl/ca.pem"'
    assert any("keys/password: No such file" in problem for problem in problems(site(lines)))
    copy = tmp_path / "keys_password"
    copy.write_text("secret\n")
    copy.chmod(0o400)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    configuration, report = examine(site(lines))
    found = [problem.message for problem in report if not problem.is_warning]
    assert found == ["/etc/ssl/ca.pem: No such file or directory"], "only that one is missing"
    assert configuration is None
    configuration = load(site(lines.partition("\nca_file")[0]))
    assert configuration.uplink.password_file == str(copy)


def test_keys_that_are_still_on_the_laptop(site: Callable[[str], Path], tmp_path: Path) -> None:
    """They are looked for in the folder that goes to the device; nothing else is looked for."""
    keys = tmp_path / "keys"
    keys.mkdir()
    file = site(
        'username = "a"\npassword_file = "/etc/street-agent/keys/password"\nca_file = "/etc/ssl/none.pem"'
    )
    configuration, report = examine(file, keys=keys)
    assert configuration is None
    assert [p.message for p in report if not p.is_warning] == [
        f"{keys} has no password, which goes to /etc/street-agent/keys"
    ]
    (keys / "password").write_text("secret\n")
    configuration, report = examine(file, keys=keys)
    assert configuration is not None
