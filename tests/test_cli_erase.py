"""`street-agent erase`: all that a device holds is gone, and what was there is said."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from wrong_configs import HOME

from agent import erasing
from agent.cli import main
from agent.errors import StorageError
from agent.store.claim import claim
from agent.width import columns


class Device:
    """A device's folders, with something of everything in them."""

    def __init__(self, folder: Path) -> None:
        self.etc, self.state, self.other = folder / "etc", folder / "state", folder / "other"
        self.site = self.etc / "site.toml"
        for path, text in (
            (self.site, HOME),
            (self.etc / "keys" / "password", "secret\n"),
            (self.etc / "revisions" / "0001.toml", HOME),
            (self.state / "readings" / "000001" / "a", "x" * 100),
            (self.state / "diary" / "b", "slept\n"),
            (self.other / "photograph", "of somebody else\n"),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (self.state / "diary" / "link").symlink_to(self.other)
        self.systemctl = folder / "systemctl"
        self.set_running(is_running=False)

    def set_running(self, *, is_running: bool) -> None:
        self.systemctl.write_text(f"#!/bin/sh\necho {'' if is_running else 'in'}active\n")
        self.systemctl.chmod(0o755)

    def erase(self, *words: str) -> int:
        return main(["erase", "--site", str(self.site), "--state", str(self.state),
                     "--systemctl", str(self.systemctl), *words])  # fmt: skip

    @property
    def left(self) -> list[Path]:
        places = (self.state, self.etc / "keys", self.etc / "revisions", self.site)
        return [path for path in places if path.exists()]


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_everything_is_gone_and_what_was_there_is_said(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a link points to belongs to somebody else."""
    assert device.erase("--yes") == 0
    assert device.left == []
    assert (device.other / "photograph").read_text() == "of somebody else\n"
    said = capsys.readouterr().out
    assert "gz-hp-0001" in said
    assert "keys and passwords: 1 files, 7 bytes" in said
    assert "secret" not in said
    assert "slept" not in said
    shown = [line for line in said.splitlines() if str(device.etc.parent) not in line]
    assert max(map(columns, shown)) <= 80


def test_in_a_chosen_folder_what_is_not_the_agents_stays(device: Device) -> None:
    """A stick that holds something else as well."""
    (device.state / "holiday.jpg").write_text("x")
    assert device.erase("--yes") == 0
    assert [path.name for path in device.state.iterdir()] == ["holiday.jpg"]


def test_again_there_is_nothing_to_erase(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    """And that is no error."""
    device.erase("--yes")
    assert device.erase("--yes") == 0
    assert "nothing to erase" in capsys.readouterr().out


def test_not_while_the_agent_runs(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    """As systemd says, or as the state folder says."""
    device.set_running(is_running=True)
    assert device.erase("--yes") == 1
    assert "systemctl disable --now street-agent" in capsys.readouterr().err
    device.set_running(is_running=False)
    with claim(device.state):
        assert device.erase("--yes") != 0
    assert len(device.left) == 4


@pytest.mark.parametrize(("answer", "code"), [("no\n", 1), ("\n", 1), ("yes\n", 0), ("是\n", 0)])
def test_it_asks_first(
    device: Device, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    """In both languages; anything but yes is no."""
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", terminal)
    assert device.erase() == code
    assert bool(device.left) is bool(code)


def test_without_anybody_to_ask_nothing_is_erased(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script has to say --yes."""
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert device.erase() == 2
    assert len(device.left) == 4


@pytest.mark.parametrize("at", range(9))
def test_stopped_at_any_file_it_is_run_again(
    device: Device, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """The configuration goes last, so that it is still known whose device it was."""
    left = [at]
    real = Path.unlink

    class Stopped(BaseException):
        pass

    def unlink(self: Path, missing_ok: bool = False) -> None:
        left[0] -= 1
        if left[0] == -1:
            raise Stopped
        real(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    try:
        device.erase("--yes")
    except Stopped:
        assert device.site.exists()
    assert device.erase("--yes") == 0
    assert device.left == []


def test_a_damaged_configuration_is_no_hindrance(device: Device) -> None:
    """Whose it was is not known then; it is erased all the same."""
    device.site.write_text("[site")
    assert device.erase("--yes") == 0
    assert device.left == []


def test_what_is_still_there_is_no_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that comes back while it is looked for."""
    file = tmp_path / "file"
    file.write_text("x")
    monkeypatch.setattr(erasing, "_delete", lambda _: (1, 1))
    with pytest.raises(StorageError, match="still there"):
        erasing.wipe_all(tmp_path / "no", [file])
