"""`street-agent config` as it is typed: real files, a socket, and a script for systemctl."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from changing import COMMENTED, DEAD, LOST, NEW, OLD, OTHER, SENSOR, SENSOR_DEAD, UPLINK_LOST

from agent.cli import main
from agent.cli.config import duration_s
from agent.config.revisions import digest
from agent.width import columns

WAIT_S = 20.0
SYSTEMCTL = """#!/bin/sh
echo "$@" >> {folder}/asked
case "$*" in
is-active*) cat {folder}/active ;;
*restart*) cp {folder}/etc/site.toml {folder}/running ;;
esac
"""


class Installed:
    """A device with an agent that is ready at once after a restart, unless it is told to wait.

    Attributes:
        is_ready: cleared, the agent does not answer.
        out: what the last command said on stdout.
        shown: and on stderr too.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.site = folder / "etc" / "site.toml"
        self.site.parent.mkdir()
        self.site.write_bytes(OLD)
        self.site.chmod(0o640)
        (folder / "running").write_bytes(OLD)
        (folder / "active").write_text("active\n")
        script = folder / "systemctl"
        script.write_text(SYSTEMCTL.format(folder=folder))
        script.chmod(0o755)
        self.is_ready = threading.Event()
        self.is_ready.set()
        self.out = self.shown = ""
        self._capsys = capsys
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(folder / "sock"))
        self._server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def words(self, action: str, *words: str) -> list[str]:
        places = ["--config", str(self.site), "--socket", str(self.folder / "sock")]
        return ["config", action, *words, *places, "--systemctl", str(self.folder / "systemctl")]

    def run(self, action: str, *words: str) -> int:
        self._capsys.readouterr()
        code = main(self.words(action, *words))
        self.out, err = self._capsys.readouterr()
        self.shown = self.out + err
        return code

    def file(self, text: bytes) -> str:
        path = self.folder / "new.toml"
        path.write_bytes(text)
        return str(path)

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            with peer:
                if self.is_ready.is_set():
                    peer.sendall(json.dumps(self._document()).encode())

    def _document(self) -> dict[str, Any]:
        text = (self.folder / "running").read_bytes()
        is_open = SENSOR_DEAD not in text
        return {
            "config": digest(text),
            "uptime_s": 100.0,
            "sensors": [{"name": SENSOR, "status": "open" if is_open else "lost",
                         "reason": "", "last_reading_s": 1.0}],
            "uplink": {"is_linked": UPLINK_LOST not in text, "broker": "b:1", "reason": ""},
        }  # fmt: skip


@pytest.fixture
def installed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Installed]:
    monkeypatch.setenv("SUDO_USER", "li")
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50000 192.0.2.1 22")
    monkeypatch.setattr("agent.config.attempt.PATIENCE_S", 1.5)
    device = Installed(tmp_path, capsys)
    yield device
    device.close()


def test_apply_and_confirm(installed: Installed) -> None:
    """On trial for ten minutes, then for good; the history tells who and why, not from where."""
    assert installed.run("apply", installed.file(NEW), "--why", "new\nplace") == 0
    assert "修订 2 试用中" in installed.shown
    assert "sudo street-agent config confirm" in installed.shown
    assert installed.site.read_bytes() == NEW
    assert installed.site.stat().st_mode & 0o777 == 0o640
    pending = json.loads((installed.site.parent / "revisions" / "pending.json").read_text())
    assert (pending["confirm_s"], pending["who"]) == (600, "li (ssh)")
    assert installed.run("return-if-due") == 0
    assert installed.run("confirm") == 0
    assert "in force, and lasts" in installed.shown
    assert installed.run("history") == 0
    assert "li (ssh)" in installed.shown
    assert "new place" in installed.shown
    assert "192.0.2" not in installed.shown + json.dumps(pending)
    assert installed.run("confirm") == 1


@pytest.mark.parametrize(
    "text", [OLD.replace(b'profile = "street"', b'profile = "boat"'), b"", b"\xff", OLD[:700]]
)
def test_an_invalid_file_touches_nothing(installed: Installed, text: bytes) -> None:
    """All its problems are named as `check` names them; exit code 4."""
    file = installed.file(text)
    assert installed.run("apply", file) == 4
    said = installed.shown
    main(["check", file])
    capture = installed._capsys.readouterr().err
    assert said == "".join(line + "\n" for line in capture.splitlines()[:-1])
    assert installed.asked() == []
    assert not (installed.site.parent / "revisions").exists()


def test_a_secret_that_is_open_to_others(installed: Installed) -> None:
    """The files that a configuration names are checked on this device."""
    secret = installed.folder / "password"
    secret.write_text("hush")
    secret.chmod(0o644)
    line = f'username = "u"\npassword_file = "{secret}"\n'.encode()
    file = installed.file(OLD.replace(b"[uplink]\n", b"[uplink]\n" + line))
    assert installed.run("apply", file) == 4
    assert "chmod o-rwx" in installed.shown
    secret.chmod(0o640)
    assert installed.run("apply", file) == 0


def test_what_got_worse_is_returned(installed: Installed) -> None:
    """Exit code 8, with what got worse; the history keeps it."""
    assert installed.run("apply", installed.file(DEAD)) == 8
    assert f"sensor {SENSOR} was open, is lost" in installed.shown
    assert installed.site.read_bytes() == OLD
    assert (installed.folder / "running").read_bytes() == OLD
    assert installed.run("confirm") == 8
    assert installed.run("history") == 0
    assert "已退回 returned" in installed.shown
    assert "有变差之处 something got worse: sensor" in " ".join(installed.shown.split())


def test_an_uplink_that_is_lost(installed: Installed) -> None:
    """It has its time, and is asked for by `confirm`."""
    assert installed.run("apply", installed.file(LOST), "--confirm-within", "2m") == 0
    assert "still to come: uplink was linked" in installed.shown
    assert installed.run("confirm") == 1
    assert installed.run("rollback") == 0
    assert installed.site.read_bytes() == OLD
    assert installed.run("apply", installed.file(LOST), "--confirm-within", "0") == 8


def test_no_change_and_no_restart(installed: Installed) -> None:
    """The same file does nothing; a comment is put into force and restarts nobody."""
    assert installed.run("apply", installed.file(OLD)) == 0
    assert "nothing was done" in installed.shown
    assert installed.run("apply", installed.file(COMMENTED)) == 0
    assert "was not restarted" in installed.shown
    assert installed.site.read_bytes() == COMMENTED
    assert not [line for line in installed.asked() if "restart" in line]


def test_rollback_to_a_number(installed: Installed) -> None:
    """By number, or to the one before, with a trial like any other change."""
    for text in (NEW, OTHER):
        assert installed.run("apply", installed.file(text), "--confirm-within", "0") == 0
    assert installed.run("rollback", "1") == 0
    assert installed.site.read_bytes() == OLD
    assert "修订 1 试用中" in installed.shown
    assert installed.run("confirm") == 0
    assert installed.run("rollback", "--confirm-within", "0") == 0
    assert installed.site.read_bytes() == OTHER
    assert installed.run("rollback", "7") == 1
    assert "kept: 1, 2, 3" in installed.shown


def test_edited_by_hand_in_a_trial(installed: Installed) -> None:
    """The command that is offered for what was edited tries it."""
    assert installed.run("apply", installed.file(NEW)) == 0
    installed.site.write_bytes(OTHER)
    assert installed.run("confirm") == 1
    assert "sudo street-agent config rollback 3  #" in installed.shown
    assert installed.run("rollback", "3") == 0
    assert "修订 3 试用中" in installed.shown
    assert installed.run("confirm") == 0
    assert installed.site.read_bytes() == (installed.folder / "running").read_bytes() == OTHER


def test_a_disk_that_takes_nothing(installed: Installed) -> None:
    """One clear message, and all is as it was."""
    (installed.site.parent / "revisions").write_text("in the way")
    assert installed.run("apply", installed.file(NEW)) == 1
    assert "the configuration in force is as it was" in installed.shown
    assert installed.site.read_bytes() == OLD


def test_without_the_timer_there_is_no_trial(installed: Installed) -> None:
    """Nobody would end it: that is refused, with the command that mends it."""
    (installed.folder / "active").write_text("inactive\n")
    assert installed.run("apply", installed.file(NEW)) == 1
    assert "systemctl enable --now street-agent-return.timer" in installed.shown
    assert installed.site.read_bytes() == OLD


def test_diff(installed: Installed) -> None:
    """A unified diff; what looks like a secret is not shown, a file that is no TOML neither."""
    assert installed.run("diff", installed.file(OLD)) == 0
    assert "nothing differs" in installed.shown
    assert installed.run("diff", installed.file(COMMENTED)) == 0
    assert "+# nothing else" in installed.shown
    assert "only comments or blanks differ" in installed.shown
    wrong = OLD.replace(b"[uplink]\n", b'[uplink]\npassword = "hush"\n')
    wrong = wrong.replace(b"mqtts://broker", b"mqtts://me:hush@broker")
    assert installed.run("diff", installed.file(wrong)) == 4
    assert "+password = ***" in installed.shown
    assert "://***@broker.example" in installed.shown
    assert "hush" not in installed.shown
    assert installed.run("diff", installed.file(b"hush\nhush, hush\n")) == 4
    assert "hush, hush" not in installed.shown


def test_history_for_a_script_and_in_80_columns(installed: Installed) -> None:
    """No line is broken by the terminal, in no language."""
    why = "一句很长的中文说明，用来看看它是不是会被终端从中间折断。" * 3
    installed.run("apply", installed.file(NEW), "--confirm-within", "0", "--why", why)
    installed.run("apply", installed.file(DEAD), "--why", "a long reason in English " * 6)
    installed.run("apply", installed.file(LOST))
    installed.site.write_bytes(OLD + b"# by hand\n")
    installed.run("confirm")
    for lang in ("zh", "en", "both"):
        assert installed.run("history", "--lang", lang) == 0
        assert max(map(columns, installed.shown.splitlines())) <= 80
        assert len(installed.shown.splitlines()) > 8
    assert installed.run("history", "--json") == 0
    found = json.loads(installed.out)
    assert [row["state"] for row in found["revisions"]] == [
        "edited-in-force", "unconfirmed", "returned", "confirmed", "confirmed",
    ]  # fmt: skip
    assert 0 < found["remaining_s"] <= 600


def test_a_history_before_any_change(installed: Installed) -> None:
    """Nothing is known yet, and nothing is written."""
    assert installed.run("history") == 0
    assert "gets a number with the next change" in " ".join(installed.shown.split())
    assert not (installed.site.parent / "revisions").exists()


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("24h", 86400), ("0", 0)])
def test_durations(text: str, seconds: int) -> None:
    """Seconds, minutes, hours."""
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "59s", "25h", "0m", "-1m", "1d", "10 m", "९0m0"])
def test_no_durations(installed: Installed, text: str) -> None:
    """Too short, too long, or none: the command line is wrong."""
    with pytest.raises(SystemExit) as stopped:
        main(installed.words("apply", "x", f"--confirm-within={text}"))
    assert stopped.value.code == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_takes_root_says_how(
    installed: Installed, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The exact command, exit code 5; nothing is changed."""
    file = installed.file(NEW)
    assert installed.run("diff", file) == 0  # everything is imported
    opened = [tmp_path_factory.getbasetemp(), *tmp_path_factory.getbasetemp().parents[:-2]]
    modes = {folder: folder.stat().st_mode for folder in [installed.folder, *opened]}
    try:
        for folder in modes:
            folder.chmod(0o755)
        installed.site.chmod(0o644)
        os.seteuid(65534)
        assert installed.run("apply", file, "--why", "a b") == 5
    finally:
        os.seteuid(0)
        for folder, mode in modes.items():
            folder.chmod(mode)
    assert f"fix: sudo street-agent config apply {file} --why 'a b'" in installed.shown
    assert installed.site.read_bytes() == OLD


def started(installed: Installed, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *installed.words("apply", *words)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        cwd=Path(__file__).parent.parent,
    )  # fmt: skip


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)  # another process is waited for, not a time


def is_tried(installed: Installed) -> bool:
    return any("restart" in line for line in installed.asked())


def test_a_session_that_is_lost(installed: Installed) -> None:
    """After SIGHUP, with nobody left to read, apply goes on to its end."""
    installed.is_ready.clear()
    process = started(installed, installed.file(NEW), "--confirm-within", "0")
    until(lambda: is_tried(installed))
    process.send_signal(signal.SIGHUP)
    assert process.stdout
    process.stdout.close()
    installed.is_ready.set()
    assert process.wait(WAIT_S) == 0
    assert installed.site.read_bytes() == NEW
    assert installed.run("history") == 0
    assert "当前生效 in force" in installed.shown


def test_killed_while_it_tries(installed: Installed) -> None:
    """After kill -9 the next run of the timer goes back; a second apply meanwhile is refused."""
    installed.is_ready.clear()
    process = started(installed, installed.file(NEW))
    until(lambda: is_tried(installed))
    assert installed.run("apply", installed.file(COMMENTED)) == 1
    assert "another street-agent config" in installed.shown
    assert installed.run("return-if-due") == 0
    assert installed.site.read_bytes() == NEW
    process.kill()
    process.communicate()
    installed.is_ready.set()
    assert installed.run("return-if-due") == 0
    assert "the trial was interrupted" in " ".join(installed.shown.split())
    assert installed.site.read_bytes() == (installed.folder / "running").read_bytes() == OLD
