"""deploy.sh against a root of its own: what it installs, and what it refuses leaves all as it was.

`make test-deploy`; needs root. tests/vm has the same with a real systemd.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from devices import ROOT, Device
from releases import ENDS, PYTHON, environment, name, packed, release

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(os.geteuid() != 0, reason="a root of its own takes root"),
]
SITE = """\
[site]
id = "st-0001"
profile = "street"
timezone = "Asia/Shanghai"
place = {{ zh = "测试低洼点", en = "Test low point" }}
[uplink]
brokers = ["mqtt://{broker}"]
insecure = true
{more}
[[sensor]]
name = "road"
driver = "simulated"
role = "roadside"
part = "road-level"
step_s = 1.0
"""


def site(broker: str = "127.0.0.1:9", more: str = "") -> str:
    return SITE.format(broker=broker, more=more)


@pytest.fixture(scope="module")
def folders() -> Iterator[Callable[[], Path]]:
    """Folders with short names; removed in the end."""
    made: list[Path] = []

    def make() -> Path:
        made.append(Path(tempfile.mkdtemp(prefix="dev-", dir="/var/tmp")))
        return made[-1]

    yield make
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def blank(folders: Callable[[], Path]) -> Iterator[Device]:
    """A device on which nothing is installed."""
    device = Device(folders())
    yield device
    device.close()


@pytest.fixture(scope="module")
def layer(folders: Callable[[], Path]) -> Path:
    """What an installation of version 1.0.0 has written."""
    device = Device(folders())
    try:
        config = folders() / "site.toml"
        config.write_text(site())
        code, said = device.deploy("install", "--archive", release("1.0.0"), "--site", config)
        assert code == 0, said
        kept = folders() / "layer"
        device.keep(kept)
    finally:
        device.close()
    return kept


@pytest.fixture
def installed(folders: Callable[[], Path], layer: Path) -> Iterator[Device]:
    """A device on which version 1.0.0 runs."""
    device = Device(folders(), layer)
    device.run("systemctl start street-agent")
    yield device
    device.close()


def state(device: Device) -> str:
    """All that a deployment may not change when it refuses."""
    return device.run(
        "cd /; find etc usr/bin/systemctl opt/street-agent var/lib/street-agent -not -name '*.new' "
        "-path '*/incoming*' -prune -o -type f -not -path '*/state/*' -not -path 'var/*' "
        "-exec sha256sum {} + 2>/dev/null | sort -k 2; ls -l opt/street-agent 2>/dev/null | grep ^l",
        check=False,
    )


# --- the journey


def test_installed_upgraded_rolled_back_and_removed(blank: Device, tmp_path: Path) -> None:
    """Each step says what it did, and may be repeated; in the end nothing is left."""
    config = tmp_path / "site.toml"
    config.write_text(site())
    one, two = release("1.0.0"), release("1.0.1")
    code, said = blank.deploy("install", "--archive", one, "--site", config)
    assert (code, blank.release()) == (0, name(one)), said
    assert "st-0001: sensing" in said, "the technician sees how the agent stands"
    nobody = "runuser -u nobody -- street-agent --version"
    assert blank.run(nobody).strip(), "it is on the path, and not root's alone"
    started = blank.run("cat /var/log/systemctl").count("restart street-agent")
    code, said = blank.deploy("install", "--archive", one, "--site", config)
    assert code == 0
    assert "nothing to do" in said
    assert blank.run("cat /var/log/systemctl").count("restart street-agent") == started == 1

    code, said = blank.deploy("upgrade", "--archive", two)
    assert (code, blank.release(), blank.release("previous")) == (0, name(two), name(one)), said
    code, said = blank.deploy("rollback")
    assert (code, blank.release(), blank.release("previous")) == (0, name(one), name(two)), said
    assert blank.is_running()
    assert blank.run("stat -c '%a %G' /etc/street-agent/site.toml").strip() == "640 street-agent"

    code, said = blank.deploy("uninstall", "--erase")
    assert code == 0
    assert "proof of erasure" in said
    assert not blank.run("find /opt /etc /var/lib /usr/local -name '*street-agent*'")
    code, said = blank.deploy("uninstall")
    assert code == 0, "removed again, it is still removed"


def test_a_dry_run_changes_nothing(installed: Device) -> None:
    """It says what would be done."""
    before = state(installed)
    code, said = installed.deploy("upgrade", "--archive", release("1.0.1"), "--dry-run")
    assert code == 0
    assert "nothing was changed. It would:" in said
    assert name(release("1.0.1")) in said
    assert state(installed) == before


def test_the_devices_board_is_set_up(blank: Device, tmp_path: Path) -> None:
    """UART and watchdog on, the console off the serial port; everything else in there stays."""
    blank.run("mkdir -p /boot/firmware")
    blank.write("/boot/firmware/config.txt", "dtparam=audio=on\n[cm4]\notg_mode=1\n")
    blank.write(
        "/boot/firmware/cmdline.txt",
        "console=serial0,115200 console=tty1 root=PARTUUID=1 rootwait\n",
    )
    config = tmp_path / "site.toml"
    config.write_text(site())
    code, said = blank.deploy(
        "install", "--archive", release("1.0.0"), "--site", config, "--harden-ssh"
    )
    assert code == 0, said
    assert "reboot the Pi" in said
    assert blank.run("cat /boot/firmware/cmdline.txt") == "console=tty1 root=PARTUUID=1 rootwait\n"
    lines = blank.run("cat /boot/firmware/config.txt").splitlines()
    assert lines[:3] == ["dtparam=audio=on", "[cm4]", "otg_mode=1"]
    assert lines[3:] == ["[all]", "enable_uart=1", "[all]", "dtparam=watchdog=on"]
    assert "PasswordAuthentication no" in blank.run("cat /etc/ssh/sshd_config.d/street-agent.conf")
    code, said = blank.deploy("install", "--archive", release("1.0.0"))
    assert "reboot" not in said, "once is enough"


def test_keys_are_put_where_root_alone_reads_them(installed: Device, tmp_path: Path) -> None:
    """With the configuration that names them; both come back together if it is not taken."""
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "password").write_text("s3cret\n")
    config = tmp_path / "site.toml"
    more = 'username = "st"\npassword_file = "/etc/street-agent/keys/password"'
    config.write_text(site(more=more))
    code, said = installed.deploy(
        "install", "--archive", release("1.0.0"), "--site", config, "--keys", keys
    )
    assert code == 0, said
    assert (
        installed.run("stat -c '%a %U' /etc/street-agent/keys /etc/street-agent/keys/password")
        == "700 root\n600 root\n"
    )
    (keys / "password").write_text("other\n")
    config.write_text(site(more=more.replace("keys/password", "keys/none")))
    code, said = installed.deploy(
        "install", "--archive", release("1.0.0"), "--site", config, "--keys", keys
    )
    assert code == 4
    assert "keys/none: No such file" in said
    assert installed.run("cat /etc/street-agent/keys/password") == "s3cret\n"
    assert installed.is_running()


# --- refused: one clear message, and the device is as it was


def test_a_wrong_host(installed: Device) -> None:
    """The name is said, and what to try."""
    done = subprocess.run([ROOT / "deploy.sh", "status", "no-such-host.invalid"], capture_output=True, text=True,
                          check=False, timeout=60)  # fmt: skip
    assert done.returncode == 255
    assert "Could not resolve hostname no-such-host.invalid" in done.stdout
    assert "is the name right?" in done.stdout


def test_a_key_that_the_device_does_not_know(installed: Device, tmp_path: Path) -> None:
    """The command that mends it is said."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True
    )
    words = [word.replace(f"{installed.base}/key", f"{tmp_path}/other") for word in installed.ssh()]
    done = subprocess.run([ROOT / "deploy.sh", "status", "root@127.0.0.1", *words], capture_output=True, text=True,
                          check=False, timeout=60)  # fmt: skip
    assert done.returncode == 255
    assert "ssh-copy-id root@127.0.0.1" in done.stdout


REFUSED = {
    "no python3-venv": ("mv /usr/lib/python3*/ensurepip /tmp/", 1, "sudo apt-get install python3-venv"),
    "an old system": ("sed -i 's/^VERSION_ID=.*/VERSION_ID=\"11\"/' /etc/os-release /usr/lib/os-release", 1,
                      "is too old: write the card anew with bookworm (12) or later"),
    "another system": ("sed -i 's/^ID=.*/ID=alpine/' /usr/lib/os-release", 1, "Debian or Raspberry Pi OS is needed"),
    "a full disk": ("head -c 1960M /dev/zero >/srv/full", 1, "100 MB are needed"),
    "a configuration on trial": ("mkdir -p /etc/street-agent/revisions; touch /etc/street-agent/revisions/pending.json",
                                 1, "a configuration is on trial: first sudo street-agent config confirm"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_device_that_cannot_take_it(installed: Device, case: str) -> None:
    """It says what to do, and the release before runs on."""
    harm, expected, words = REFUSED[case]
    installed.run(harm)
    before = state(installed)
    code, said = installed.deploy("upgrade", "--archive", release("1.0.1"))
    assert (code, words in said) == (expected, True), said
    assert len(said.strip().splitlines()) == 1, said
    assert state(installed) == before
    assert installed.is_running()


def test_a_disk_that_fills_up_meanwhile(installed: Device) -> None:
    """Nothing half-made stays, and the release before runs on."""
    before = state(installed)
    installed.run("head -c 1600M /dev/zero >/srv/much")  # what is left is soon filled
    installed.write(
        "/srv/fill",
        "until ls -d /opt/street-agent/releases/.*.partial; do sleep 0.02; done\n"
        "head -c 3G /dev/zero >/srv/full\n",
    )
    installed.run("setsid sh /srv/fill >/dev/null 2>&1 </dev/null &")
    code, said = installed.deploy("upgrade", "--archive", release("1.0.1"))
    assert code == 1
    assert "the disk is full" in said
    assert state(installed) == before
    assert installed.is_running()
    installed.run("rm /srv/full")
    code, said = installed.deploy("upgrade", "--archive", release("1.0.1"))
    assert code == 0, said


def refused(device: Device, archive: Path) -> str:
    """What is said of an archive that is not taken; the device is as it was."""
    before = state(device)
    code, said = device.deploy("upgrade", "--archive", archive)
    assert code == 1, said
    assert "the device is as it was" in said
    assert state(device) == before
    assert device.is_running()
    return said


def test_a_release_under_a_wrong_name(installed: Device, tmp_path: Path) -> None:
    """The name has the digest of what is in it."""
    wrong = tmp_path / "street-agent-1.0.1-0123456789ab.tar"
    shutil.copy(release("1.0.1"), wrong)
    assert "wrong digest" in refused(installed, wrong)


def test_an_altered_byte(installed: Device, tmp_path: Path) -> None:
    """Found before anything is switched; the file is named."""
    altered = tmp_path / release("1.0.1").name
    data = bytearray(release("1.0.1").read_bytes())
    data[data.index(b"Description=street-agent: sensors")] ^= 1
    altered.write_bytes(data)
    assert "units/street-agent.service: FAILED" in refused(installed, altered)


def test_a_file_that_nobody_has_listed(installed: Device, tmp_path: Path) -> None:
    """Whatever it is: a link could lead out of the release."""
    more = tmp_path / release("1.0.1").name
    shutil.copy(release("1.0.1"), more)
    with tarfile.open(more, "a") as tar:
        link = tarfile.TarInfo(f"{more.stem}/units/passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert "not in the digests" in (said := refused(installed, more))
    assert "units/passwd" in said


def test_a_cut_archive(installed: Device, tmp_path: Path) -> None:
    """Half of a release is none."""
    half = tmp_path / release("1.0.1").name
    data = release("1.0.1").read_bytes()
    half.write_bytes(data[: len(data) // 2])
    assert "cannot be unpacked" in refused(installed, half)


def test_an_older_release(installed: Device) -> None:
    """Not by mistake, and not replayed; on request it is taken."""
    assert "is older than 1.0.0" in refused(installed, release("0.9.0"))
    code, said = installed.deploy("upgrade", "--archive", release("0.9.0"), "--allow-downgrade")
    assert (code, installed.release()) == (0, name(release("0.9.0"))), said


def test_a_release_for_another_python(installed: Device, folders: Callable[[], Path]) -> None:
    """Its wheels are missing: nothing is fetched, and nothing changes."""
    other = "3.13" if PYTHON != "3.13" else "3.11"
    said = refused(installed, packed(release("1.0.1").parent / "tree", folders(), other))
    assert "this release has no wheels for Python" in said or "no lgpio for Python" in said


def test_a_release_that_crashes_is_taken_back(installed: Device) -> None:
    """What it said last is shown, and the one before runs again."""
    broken = release("1.0.2", *ENDS)
    code, said = installed.deploy("upgrade", "--archive", broken)
    assert code == 8, said
    assert f"{name(release('1.0.0'))} runs again" in said
    assert installed.release() == name(release("1.0.0"))
    assert installed.is_running()
    assert installed.run("ls /opt/street-agent/pending 2>&1", check=False).startswith("ls: cannot")


def test_a_first_release_that_crashes_leaves_nothing_in_force(
    blank: Device, tmp_path: Path
) -> None:
    """No unit, no link, no configuration."""
    config = tmp_path / "site.toml"
    config.write_text(site())
    code, said = blank.deploy("install", "--archive", release("1.0.2", *ENDS), "--site", config)
    assert code == 8
    assert "nothing is installed, as before" in said
    assert blank.release() == ""
    assert (
        blank.run(
            "ls /etc/systemd/system /etc/street-agent | grep -c 'street-agent\\.\\|site'",
            check=False,
        ).strip()
        == "0"
    )


def test_an_invalid_configuration(installed: Device, tmp_path: Path) -> None:
    """Every problem is named; the agent is not even restarted."""
    config = tmp_path / "site.toml"
    config.write_text(site().replace('"street"', '"stret"'))
    before, started = state(installed), installed.run("grep -c restart /var/log/systemctl")
    code, said = installed.deploy("install", "--archive", release("1.0.0"), "--site", config)
    assert code == 4
    assert "site.profile" in said
    assert "runs on" in said
    assert state(installed) == before
    assert installed.run("grep -c restart /var/log/systemctl") == started


# --- a bad line, and a death in the middle


class Cut:
    """A line that is cut after so many bytes towards the device, and then holds."""

    def __init__(self, port: int, after: int) -> None:
        self._port, self._left = port, after
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, is_counted: bool) -> None:
        try:
            while data := source.recv(65536):
                if is_counted and self._left > 0:
                    self._left -= len(data)
                    if self._left <= 0:
                        break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def test_a_cut_line(installed: Device) -> None:
    """The copy goes on where it stopped; given up, the device is as it was."""
    before = state(installed)
    archive = release("1.0.1")
    line = Cut(installed.port, archive.stat().st_size // 2)
    direct, installed.port = installed.port, line.port
    try:
        code, said = installed.deploy("upgrade", "--archive", archive, "--retries", "0")
        assert code == 255, said
        assert state(installed) == before
        code, said = installed.deploy("upgrade", "--archive", archive)
        assert code == 0, said
        assert "copying goes on after" in said
        assert installed.release() == name(archive)
    finally:
        installed.port = direct
        line.close()


def test_a_line_that_is_cut_while_it_is_installed(installed: Device) -> None:
    """The device goes on by itself, and what it says is followed again."""
    line = Cut(installed.port, release("1.0.1").stat().st_size + 60_000)
    direct, installed.port = installed.port, line.port
    try:
        code, said = installed.deploy("upgrade", "--archive", release("1.0.1"))
        assert code == 0, said
        assert said.count(f"starting {name(release('1.0.1'))}") == 1
    finally:
        installed.port = direct
        line.close()


@pytest.mark.parametrize("after_s", [4.0, 9.0])
def test_killed_on_the_device(installed: Device, after_s: float) -> None:
    """What is found at the next boot is the old release or the new one, and a second run completes."""
    one, two = release("1.0.0"), release("1.0.1")
    running = threading.Thread(target=installed.deploy, args=("upgrade", "--archive", two))
    running.start()
    end = time.monotonic() + 60.0
    while not installed.run("cat /run/street-agent-deploy/token 2>/dev/null", check=False).strip():
        assert time.monotonic() < end
        time.sleep(0.1)
    time.sleep(after_s)
    # Its session, as systemd kills a whole control group; and the agent, as at a power cut.
    installed.run(
        "pkill -KILL -s $(pgrep -o -f '[o]n-device.sh job'); pkill -KILL -f '[s]treet-agent run'; true"
    )
    running.join(60.0)
    settle = "[ ! -d /opt/street-agent/pending ] || sh /opt/street-agent/on-device.sh settle --boot"
    installed.run(settle)
    assert installed.release() in {name(one), name(two)}
    assert not installed.run("ls -d /opt/street-agent/pending 2>/dev/null", check=False)
    installed.run("systemctl start street-agent")
    assert installed.is_running()
    code, said = installed.deploy("upgrade", "--archive", two)
    assert (code, installed.release()) == (0, name(two)), said


def test_many_hosts(installed: Device, tmp_path: Path) -> None:
    """In parallel; each line begins with its host, and a summary comes last."""
    (tmp_path / "hosts").write_text(
        "# the street\nroot@127.0.0.1\nno-such-host.invalid site.toml\n"
    )
    (tmp_path / "site.toml").write_text(site())
    done = subprocess.run([ROOT / "deploy.sh", "upgrade", "--inventory", tmp_path / "hosts", "--archive",
                           release("1.0.0"), *installed.ssh()], capture_output=True, text=True, check=False,
                          timeout=120)  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "root@127.0.0.1: 1.0.0" in done.stdout
    assert "no-such-host.invalid: ssh: Could not resolve" in done.stdout
    *_, first, second, last = done.stdout.strip().splitlines()
    assert first.split()[:2] == ["root@127.0.0.1", "done"]
    assert second.split()[:3] == ["no-such-host.invalid", "no", "connection"]
    assert last == "1 of 2 done"


def test_ctrl_c(installed: Device) -> None:
    """It ends at once, leaves nothing behind on the laptop, and the device ends what it has begun."""
    two = release("1.0.1")
    running = subprocess.Popen(
        [ROOT / "deploy.sh", "upgrade", "root@127.0.0.1", *installed.ssh(), "--archive", two],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(), start_new_session=True,
    )  # fmt: skip
    assert running.stdout is not None
    for line in running.stdout:
        if line.startswith("building"):
            break
    os.killpg(running.pid, signal.SIGINT)
    said, _ = running.communicate(timeout=10.0)
    assert running.returncode == 130
    assert "what a device has begun it ends by itself" in said
    left = subprocess.run(
        ["ps", "-o", "stat=,args=", "-s", str(running.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not [line for line in left.stdout.splitlines() if not line.startswith("Z")]
    end = time.monotonic() + 60.0
    while installed.run("cat /run/street-agent-deploy/code", check=False).strip() != "0":
        assert time.monotonic() < end
        time.sleep(0.5)
    assert installed.release() == name(two)


WRONG = {
    "no host": (["install"], "which host?"),
    "no such command": (["instal", "pi@host"], "there is no command 'instal'"),
    "no such option": (["install", "--sit", "x"], "there is no option --sit"),
    "a value is missing": (["install", "pi@host", "--site"], "--site needs a value"),
    "no such site": (
        ["install", "pi@host", "--site", "/nowhere.toml"],
        "/nowhere.toml cannot be read",
    ),
    "jobs": (["status", "pi@host", "--jobs", "many"], "many is no number"),
    "erase": (["install", "pi@host", "--erase"], "--erase goes with uninstall"),
    "an option for a host": (["status", "--", "-oProxyCommand=x"], "there is no option --"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_command_line(case: str) -> None:
    """Code 2, one line, and where to look."""
    words, said = WRONG[case]
    done = subprocess.run([ROOT / "deploy.sh", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "./deploy.sh help" in done.stderr
