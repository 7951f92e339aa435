"""systemctl as one small module; the program is played by a script."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ServiceError
from agent.service import Service


def program(folder: Path, script: str) -> str:
    path = folder / "systemctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_restart_is_handed_over(tmp_path: Path) -> None:
    """The agent's own unit, without waiting."""
    Service(program(tmp_path, f'echo "$@" > {tmp_path}/said')).restart()
    assert (tmp_path / "said").read_text() == "--no-block restart street-agent.service\n"


def test_a_restart_that_is_refused(tmp_path: Path) -> None:
    """What systemctl says is passed on, in one line."""
    service = Service(program(tmp_path, "echo 'Failed to restart:\n no such unit' >&2; exit 5"))
    with pytest.raises(ServiceError, match=r"cannot be restarted: Failed to restart: no such unit"):
        service.restart()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """A system without systemd is named as that."""
    with pytest.raises(ServiceError, match="systemctl: No such file or directory"):
        Service(str(tmp_path / "systemctl")).restart()


def test_a_program_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a bus that does not answer."""
    monkeypatch.setattr("agent.service.PATIENCE_S", 0.05)
    with pytest.raises(ServiceError, match="no answer within"):
        Service(program(tmp_path, "exec sleep 5")).restart()


@pytest.mark.parametrize(
    ("state", "is_active"), [("active", True), ("activating", False), ("failed", False)]
)
def test_only_active_is_active(tmp_path: Path, state: str, *, is_active: bool) -> None:
    """A unit that is on its way is not there yet."""
    assert Service(program(tmp_path, f"echo {state}; exit 3")).is_active() is is_active
