"""One virtual machine: started, talked to over SSH, and stopped hard.

A hard stop is SIGKILL of qemu: what the guest had not synced is lost, what it had synced is in the
host's page cache and stays. The disk of a run is an overlay on the image, and is thrown away.
"""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

MEMORY_MB = 512
BOOT_S, COMMAND_S, DEPLOY_S = 240.0, 300.0, 900.0
DEPLOY = Path(__file__).parents[2] / "deploy.sh"
SSH_OPTIONS = (
    "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
    "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5",
)  # fmt: skip


class GuestError(RuntimeError):
    """A command in the guest failed, or the guest did not answer."""


class Machine:
    """A guest on an overlay of its own.

    Args:
        image: folder with disk.qcow2, vmlinuz, initrd and key.
        folder: where the overlay and the console's log go.
        disk: what the overlay is laid over, if not the image's.
        cores: how many it has.
    """

    def __init__(self, image: Path, folder: Path, disk: Path | None = None, cores: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.image, self.folder, self._cores = image, folder, cores
        self.port = _free_port()
        self.console = folder / "console.log"
        self.serial = Path(tempfile.mkdtemp(prefix="vm-")) / "serial"  # sockets' names are short
        self._qmp = self.serial.with_name("qmp")
        self._process: subprocess.Popen[bytes] | None = None
        self.overlay = folder / "disk.qcow2"
        _run("qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b",
             str(disk or image / "disk.qcow2"), str(self.overlay))  # fmt: skip

    def start(self) -> float:
        """Boot; return the seconds until SSH answers. Raise GuestError."""
        begun = time.monotonic()
        append = "root=/dev/vda rw console=ttyS0 quiet mitigations=off"
        with self.console.open("ab") as log:
            self._process = subprocess.Popen(
                ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max",
                 "-smp", str(self._cores), "-m", str(MEMORY_MB), "-M", "q35", "-nodefaults",
                 "-display", "none", "-no-reboot",
                 "-kernel", str(self.image / "vmlinuz"), "-initrd", str(self.image / "initrd"),
                 "-append", append,
                 "-drive", f"if=none,id=d,format=qcow2,cache=writeback,file={self.overlay}",
                 "-device", "virtio-blk-pci,drive=d",
                 "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{self.port}-:22",
                 "-device", "virtio-net-pci,netdev=n", "-device", "virtio-rng-pci",
                 "-device", "qemu-xhci",
                 "-chardev", f"socket,id=us0,path={self.serial},server=on,wait=off",
                 "-device", "usb-serial,chardev=us0,serial=LEVEL01",
                 "-qmp", f"unix:{self._qmp},server=on,wait=off",
                 "-serial", f"file:{self.console}"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        while time.monotonic() - begun < BOOT_S:
            if self._process.poll() is not None:
                raise GuestError(f"qemu ended: {self.console.read_text(errors='replace')[-2000:]}")
            try:
                self.run("true", timeout_s=20.0)
            except GuestError:
                time.sleep(1.0)
            else:
                self.run(f"date -s @{time.time():.0f} >/dev/null")
                return time.monotonic() - begun
        raise GuestError(f"no SSH after {BOOT_S:g} s")

    def run(self, command: str, timeout_s: float = COMMAND_S, *, check: bool = True) -> str:
        """Run a shell command as root; return what it printed. Raise GuestError."""
        try:
            done = subprocess.run(
                self.ssh(command), capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise GuestError(f"{command}: nothing after {timeout_s:g} s") from error
        if check and done.returncode:
            raise GuestError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def ssh(self, command: str) -> list[str]:
        """The command line that runs a command in the guest."""
        key = str(self.image / "key")
        return ["ssh", *SSH_OPTIONS, "-i", key, "-p", str(self.port), "root@127.0.0.1", command]

    def send(self, *files: Path, to: str) -> None:
        """Copy files into a folder of the guest."""
        key = str(self.image / "key")
        options = [*SSH_OPTIONS, "-i", key, "-P", str(self.port)]
        _run("scp", "-q", "-r", *options, *map(str, files), f"root@127.0.0.1:{to}")

    def write(self, path: str, text: str, mode: str = "644") -> None:
        """Write a file in the guest."""
        self.run(f"printf %s {shlex.quote(text)} >{shlex.quote(path)} && chmod {mode} {path}")

    def deployment(self, *words: object) -> list[str]:
        """The command line that runs deploy.sh against the guest, as its user pi."""
        options = (f"Port={self.port}", f"IdentityFile={self.image / 'key'}",
                   "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null")  # fmt: skip
        named = [word for option in options for word in ("--ssh-option", option)]
        return [str(DEPLOY), str(words[0]), "pi@127.0.0.1", *named, *map(str, words[1:])]

    def deploy(self, *words: object, expected: int = 0) -> str:
        """Run deploy.sh; return what it said. Raise GuestError if it does not end as expected."""
        done = subprocess.run(
            self.deployment(*words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, timeout=DEPLOY_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if done.returncode != expected:
            raise GuestError(f"deploy.sh {words[0]}: exit {done.returncode}\n{done.stdout}")
        return done.stdout

    def copy_disk(self, to: Path) -> None:
        """Take the disk as a power cut at this moment would leave it; the machine then goes on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            shutil.copyfile(self.overlay, to)
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Shut down in good order."""
        assert self._process is not None
        self.run("systemctl poweroff", check=False)
        self._process.wait(BOOT_S)
        self.stop_hard()

    def plug(self) -> socket.socket:
        """Plug the serial sensor in: the socket is its end; closing it pulls the plug."""
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.connect(str(self.serial))
        return line

    def stop_hard(self) -> None:
        """Pull the power."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30.0)
            self._process = None
            self.serial.unlink(missing_ok=True)
            self._qmp.unlink(missing_ok=True)

    def hold(self) -> None:
        """Stand still, as a frozen host does."""
        self._tell("stop")

    def go_on(self) -> None:
        """After `hold`."""
        self._tell("cont")

    def _tell(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as qmp:
            qmp.settimeout(10.0)
            qmp.connect(str(self._qmp))
            with qmp.makefile("rw") as lines:
                lines.readline()
                for word in ("qmp_capabilities", command):
                    lines.write(json.dumps({"execute": word}) + "\n")
                    lines.flush()
                    lines.readline()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=COMMAND_S)
    if done.returncode:
        raise GuestError(f"{' '.join(command[:2])}: {done.stderr.strip()}")


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])
