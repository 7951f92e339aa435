"""A device for deploy.sh: a root of its own on this machine, with a real sshd on loopback.

Its root is an overlay on this machine's: whatever is written there is gone afterwards, and the disk
can be as small as a test wants it. Only systemd is played, by a script that starts the real agent.
Needs root.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
from pathlib import Path

from releases import ROOT, environment

START_S, RUN_S = 20.0, 240.0
DISK = "2g"
UP = """\
set -e
mount -t tmpfs -o size={disk} device {base}/layer
mkdir {base}/layer/upper {base}/layer/work
[ -z "{layer}" ] || cp -a "{layer}/." {base}/layer/upper
mount -t overlay device -o lowerdir=/,upperdir={base}/layer/upper,workdir={base}/layer/work \
    {base}/root
cd {base}/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs run run
mkdir run/sshd run/lock
rm -f root/.bashrc root/.profile
exec chroot . /usr/sbin/sshd -D -e -f {base}/sshd_config
"""
SSHD = """\
ListenAddress 127.0.0.1:{port}
HostKey {base}/host_key
AuthorizedKeysFile {base}/key.pub
PermitRootLogin yes
StrictModes no
UsePAM no
PidFile none
"""
# What systemd does for the agent, as far as deploy.sh can tell.
SYSTEMCTL = r"""#!/usr/bin/python3
import os, pathlib, signal, subprocess, sys, time
run = pathlib.Path("/run/systemctl"); run.mkdir(exist_ok=True)
pid = run / "pid"
with open("/var/log/systemctl", "a") as log:
    print(*sys.argv[1:], file=log)
words = [word for word in sys.argv[1:] if not word.startswith("-")]
def alive():
    try:
        state = pathlib.Path(f"/proc/{pid.read_text()}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
def stop():
    if alive():
        os.kill(int(pid.read_text()), signal.SIGTERM)
        for _ in range(100):
            if not alive(): break
            time.sleep(0.05)
def start():
    sock = pathlib.Path("/run/street-agent/agent.sock")
    sock.unlink(missing_ok=True)
    for folder in ("/run/street-agent", "/var/lib/street-agent"):
        os.makedirs(folder, exist_ok=True)
    with open("/var/log/agent", "a") as log:
        agent = subprocess.Popen(
            ["/opt/street-agent/current/bin/street-agent", "run", "--config", "/etc/street-agent/site.toml"],
            env={"PATH": "/usr/bin:/bin", "RUNTIME_DIRECTORY": "/run/street-agent", "LG_WD": "/run/street-agent",
                 "STATE_DIRECTORY": "/var/lib/street-agent"},
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/run/street-agent")
    pid.write_text(str(agent.pid))
    for _ in range(200):
        if sock.exists(): return 0
        if agent.poll() is not None: return 1
        time.sleep(0.05)
    return 1
match words:
    case ["restart" | "start", "street-agent"]: stop(); sys.exit(start())
    case ["stop", "street-agent" | "street-agent.service"]: stop()
    case ["is-active", "street-agent"]:
        if "--quiet" not in sys.argv: print("active" if alive() else "inactive")
        sys.exit(0 if alive() else 3)
    case ["show", *_]: print(0)
"""


class Device:
    """A root, its sshd, and deploy.sh pointed at it.

    Args:
        folder: for everything; short, since it names mounts.
        layer: what has been written on another one (`keep`); this one begins with it.
        disk: how much can be written, in tmpfs's words.
    """

    def __init__(self, folder: Path, layer: Path | None = None, disk: str = DISK) -> None:
        self.base = folder
        for name in ("layer", "root"):
            (folder / name).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        for name in ("host_key", "key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True
            )
        (folder / "sshd_config").write_text(SSHD.format(port=self.port, base=folder))
        words = {"base": folder, "disk": disk, "layer": layer or ""}
        self._log = (folder / "sshd.log").open("w")
        self._process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", UP.format(**words)],
            stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()
        self.write("/usr/bin/systemctl", SYSTEMCTL, "755")

    def ssh(self) -> list[str]:
        """Options of deploy.sh that lead here."""
        options = [f"Port={self.port}", f"IdentityFile={self.base}/key", "IdentitiesOnly=yes",
                   "StrictHostKeyChecking=no", f"UserKnownHostsFile={self.base}/known"]  # fmt: skip
        return [word for option in options for word in ("--ssh-option", option)]

    def run(self, command: str, *, check: bool = True) -> str:
        """Run a command there as root; what it said."""
        words = [word.replace("--ssh-option", "-o") for word in self.ssh()]
        done = subprocess.run(["ssh", "-q", *words, "root@127.0.0.1", command], capture_output=True,
                              text=True, timeout=RUN_S, check=False)  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Write a file there, in place of what is there."""
        self.run(f"rm -f {path}; printf %s {shlex.quote(text)} >{path} && chmod {mode} {path}")

    def keep(self, folder: Path) -> None:
        """Stop the agent, and keep what was written, for other devices to begin with."""
        self.run("systemctl stop street-agent; sync")
        subprocess.run(["nsenter", "--mount", "--target", str(self._child()), "cp", "-a",
                        f"{self.base}/layer/upper", str(folder)], check=True)  # fmt: skip

    def deploy(self, *words: object, script: Path = ROOT / "deploy.sh") -> tuple[int, str]:
        """Run deploy.sh against it: exit code, and all that it said."""
        done = subprocess.run([script, words[0], "root@127.0.0.1", *self.ssh(), *words[1:]], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=RUN_S,
                              check=False, env=environment())  # fmt: skip
        return done.returncode, done.stdout

    def release(self, name: str = "current") -> str:
        """The release that a link there points at; empty without one."""
        return self.run(f"readlink /opt/street-agent/{name} || true").strip().rpartition("/")[2]

    def is_running(self) -> bool:
        """Whether the agent runs."""
        return self.run("systemctl is-active street-agent", check=False).strip() == "active"

    def close(self) -> None:
        """End it with everything in it."""
        self._process.kill()
        self._process.wait(10.0)
        self._log.close()

    def _child(self) -> int:
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return int(children.split()[0])

    def _wait(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, (self.base / "sshd.log").read_text()
            time.sleep(0.05)
        raise AssertionError((self.base / "sshd.log").read_text())
