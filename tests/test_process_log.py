"""The real process whose log nobody takes, or that may not do what it must."""

from __future__ import annotations

import os
import pwd
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from agents import PATIENCE_S, RED_MM, ROOT, SITE, Agent, Line

NOBODY = pwd.getpwnam("nobody")
# Everything is imported before: nobody may not be able to look into this interpreter's folders.
AS_NOBODY = f"""
import os, sys
from agent import app
from agent.cli import check, main, run
from drivers import help_button, water_level
os.setgroups([])
os.setgid({NOBODY.pw_gid})
os.setuid({NOBODY.pw_uid})
sys.exit(main(sys.argv[1:]))
"""
CLOSED = ("/bin/sh", "-c", 'exec "$@" 2>&-', "sh")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Start an agent with a line of its own."""
    with ExitStack() as parts:

        def make(url: str, **given: Any) -> Agent:
            line = Line()
            parts.callback(line.close)
            agent = Agent(tmp_path, url, line, **given)
            parts.callback(agent.close)
            return agent

        yield make


@pytest.mark.parametrize("how", ["closed", "full disk", "full pipe", "reader gone"])
def test_sensing_goes_on_whoever_takes_the_log(
    how: str,
    tmp_path: Path,
    start: Callable[..., Agent],
    mosquitto: Callable[..., Any],
    listen: Callable[..., Any],
    record_property: Callable[[str, object], None],
) -> None:
    """Stderr closed, ENOSPC, a pipe that is full from the start, EPIPE: the alarm comes, exit is 0."""
    record_property("injections", 1)
    broker = mosquitto()
    messages = listen(broker.port)
    with ExitStack() as open_ends:
        stderr = _stderr(how, open_ends)
        agent = start(broker.url, stderr=stderr, before=CLOSED if how == "closed" else ())
        seen, end = b"", time.monotonic() + PATIENCE_S
        while b'"level":"red"' not in seen:
            assert agent.process.poll() is None
            assert time.monotonic() < end, seen
            agent.line.send(RED_MM)
            seen += b"" if messages.empty() else messages.get_nowait().payload
            time.sleep(0.1)
        code, seconds = agent.stop()
    assert code == 0
    assert seconds < 5.0
    stored = b"".join(
        file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file()
    )
    assert b" INFO agent." not in stored  # descriptor 2 was never a file of the store


def _stderr(how: str, open_ends: ExitStack) -> int | None:
    if how == "closed":
        return None
    if how == "full disk":
        fd = os.open("/dev/full", os.O_WRONLY)
        open_ends.callback(os.close, fd)
        return fd
    reader, writer = os.pipe()
    open_ends.callback(os.close, writer)
    if how == "reader gone":
        os.close(reader)
        return writer
    open_ends.callback(os.close, reader)
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    return writer


def run_as_nobody(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AS_NOBODY, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may look into, as nobody may into pytest's; skipped unless root."""
    if os.geteuid() != 0:
        pytest.skip("only root can start a process as another user")
    with tempfile.TemporaryDirectory(prefix="street-agent-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        config = folder / "site.toml"
        config.write_text(SITE.format(url="mqtt://127.0.0.1:9", port="/dev/null", mount_mm=2700))
        yield folder


def advised(stderr: str) -> str:
    """The one command that the message gives."""
    lines = [line for line in stderr.splitlines() if line.startswith("fix: ")]
    assert len(lines) == 1, stderr
    return lines[0].removeprefix("fix: sudo ")


@pytest.mark.parametrize("exists", [True, False])
def test_a_state_folder_of_root_is_refused_with_the_command_that_helps(
    exists: bool,
    shared: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Exit code 5, two lines; the command of the second, typed, gives the folder to the agent."""
    record_property("injections", 1)
    state = shared / "state"
    if exists:
        state.mkdir(mode=0o700)
    words = ("run", "--config", str(shared / "site.toml"), "--state", str(state))
    done = run_as_nobody(*words)
    assert done.returncode == 5
    assert len(done.stderr.splitlines()) == 2
    subprocess.run(shlex.split(advised(done.stderr)), check=True, timeout=PATIENCE_S)
    assert state.stat().st_uid == NOBODY.pw_uid
    assert state.stat().st_mode & 0o077 == 0


def test_a_configuration_that_cannot_be_read_is_refused_with_the_command_that_helps(
    shared: Path, record_property: Callable[[str, object], None]
) -> None:
    """Exit code 5; after the command it can be read, and by no more people than before."""
    record_property("injections", 1)
    config = shared / "site.toml"
    config.chmod(0o600)
    done = run_as_nobody("run", "--config", str(config), "--state", str(shared / "state"))
    assert done.returncode == 5
    for command in advised(done.stderr).split(" && sudo "):
        subprocess.run(shlex.split(command), check=True, timeout=PATIENCE_S)
    assert run_as_nobody("check", str(config)).returncode == 0
    assert config.stat().st_mode & 0o777 == 0o640


def test_run_by_another_user_it_says_whose_the_folder_is(
    shared: Path, record_property: Callable[[str, object], None]
) -> None:
    """A folder of a user of its own is not given away: the agent is to run as that user."""
    record_property("injections", 1)
    state = shared / "state"
    state.mkdir(mode=0o700)
    os.chown(state, pwd.getpwnam("daemon").pw_uid, 0)
    words = ("run", "--config", str(shared / "site.toml"), "--state", str(state))
    done = run_as_nobody(*words)
    assert done.returncode == 5
    assert advised(done.stderr) == f"-u daemon street-agent {shlex.join(words)}"


def test_a_secret_that_others_can_read_is_refused_with_the_command_that_helps(
    shared: Path, record_property: Callable[[str, object], None]
) -> None:
    """Exit code 4 and the file; nothing is opened before it is mended."""
    record_property("injections", 1)
    secret = shared / "password"
    secret.write_text("not so secret\n")
    secret.chmod(0o644)
    config = shared / "site.toml"
    config.write_text(config.read_text().replace(
        "insecure = true", f'insecure = true\nusername = "a"\npassword_file = "{secret}"'
    ))  # fmt: skip
    done = run_as_nobody("run", "--config", str(config), "--state", str(shared / "state"))
    assert done.returncode == 4
    assert "chmod" in done.stderr
    assert str(secret) in done.stderr
    assert not (shared / "state").exists()
