"""What trials share: a folder, a mosquitto, ptys with a sensor's end, agents, boots of the machine.

Nothing is shared with the rest of the machine: ports are free ones on loopback, files stand in the
trial's own folder, and what was started is ended by its own handle. As root the trial stands in
namespaces of its own besides (see run.py).
"""

from __future__ import annotations

import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from daemon import Agent
from water import Port

MOSQUITTO = "/usr/sbin/mosquitto"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
WAIT_S = 20.0
MOUNT_MM = 2700
SITE = """
[site]
id = "{site}"
profile = "street"
timezone = "Asia/Shanghai"
place = {{ zh = "广州市黄埔区萝岗街下中路", en = "Xiazhong Road, Luogang, Huangpu, Guangzhou" }}
[uplink]
brokers = ["mqtt://{host}:{port}"]
insecure = true
readings = true
{uplink}
[store]
readings_mib = {readings_mib}
"""
SENSOR = """
[[sensor]]
name = "{name}"
driver = "water_level"
role = "roadside"
model = "maxbotix"
port = "{path}"
mount_height_mm = {mount}
idle_s = 0
rising_s = 0
burst = 1
"""


class Broker:
    """A mosquitto of its own, which keeps its sessions on disk; it may be killed and come back.

    Args:
        lines: more of its configuration.
    """

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "mosquitto.conf"
        user = pwd.getpwuid(os.getuid()).pw_name  # as root it would become "mosquitto"
        common = (f"listener {self.port} 127.0.0.1", f"user {user}", f"log_dest file {folder}/log",
                  "max_queued_messages 1000000", "persistence true", f"persistence_location {folder}/",
                  *(() if any("allow_anonymous" in line for line in lines)
                    else ("allow_anonymous true",)))  # fmt: skip
        self._config.write_text("\n".join([*common, *lines, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Broker:
        """Return once it listens."""
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._config)], stderr=subprocess.DEVNULL
        )
        if not wait_for(self._listens, WAIT_S, 0.005):
            raise TimeoutError("mosquitto does not listen")
        return self

    def save(self) -> None:
        """Have it write its sessions to disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGUSR1)

    def pause(self) -> None:
        """Let it hang."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(WAIT_S)
            self._process = None

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True


class Rig:
    """All of it, in a trial's folder; a context manager.

    Args:
        shard: which of `shards` processes that share a trial's work this one is.
    """

    def __init__(self, folder: Path, shard: int = 0, shards: int = 1) -> None:
        self.folder = folder
        self.run = folder / "run"  # /run: it outlives agents, and no reboot
        self.run.mkdir(exist_ok=True)
        self.shard, self.shards = shard, shards
        self.parts = ExitStack()
        self._agents: list[Agent] = []
        self._made = 0

    def __enter__(self) -> Rig:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for agent in self._agents:
            agent.kill()
        self.parts.close()

    def share(self, count: int) -> int:
        """How many of so many injections fall to this shard."""
        return count // self.shards + (self.shard < count % self.shards)

    def broker(self, *lines: str, port: int | None = None) -> Broker:
        """A mosquitto that listens."""
        broker = Broker(self.name("broker"), *lines, port=port)
        self.parts.callback(broker.kill)
        return broker.start()

    def ports(self, count: int) -> dict[str, Port]:
        """Lines with a sensor's end, by the sensor's name."""
        folder = self.name("ports")
        folder.mkdir()
        found = {f"road-{n}": Port(folder / f"road-{n}") for n in range(count)}
        for port in found.values():
            self.parts.callback(port.close)
        return found

    def site(
        self,
        ports: dict[str, Port],
        broker_port: int,
        site: str = "nemesis",
        *,
        uplink: str = "",
        readings_mib: int = 256,
        more: str = "",
        host: str = "127.0.0.1",
    ) -> Path:
        """A site's configuration."""
        path = self.name("site").with_suffix(".toml")
        path.write_text(
            SITE.format(site=site, host=host, port=broker_port, uplink=uplink,
                        readings_mib=readings_mib)
            + "".join(SENSOR.format(name=name, path=port.path, mount=MOUNT_MM)
                      for name, port in ports.items())
            + more
        )  # fmt: skip
        return path

    def agent(
        self,
        config: Path,
        state: Path,
        speed: float = 1.0,
        wrapper: Sequence[str] = (),
        env: dict[str, str] | None = None,
    ) -> Agent:
        """Start the real agent."""
        self._agents = [agent for agent in self._agents if agent.is_running]
        memory = {"RUNTIME_DIRECTORY": str(self.run)}
        self._agents.append(Agent(config, state, speed, wrapper, memory | (env or {})))
        return self._agents[-1]

    def name(self, stem: str) -> Path:
        """A path in the trial's folder that nobody has used yet."""
        self._made += 1
        return self.folder / f"{stem}-{self._made}"

    def boot(self, draw: random.Random) -> None:
        """Give the kernel's boot id another value and forget /run, as a reboot does. Needs root."""
        if os.geteuid() != 0:
            return
        for file in self.run.iterdir():
            file.unlink()
        fake = self.name("boot_id")
        fake.write_text(f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}-4000-8000-"
                        f"{draw.getrandbits(48):012x}\n")  # fmt: skip
        subprocess.run(["mount", "--bind", str(fake), BOOT_ID], check=True)


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(claim: Callable[[], bool], timeout_s: float, every_s: float = 0.01) -> bool:
    """Wait until something is true; say whether it came to be."""
    end = time.monotonic() + timeout_s
    while not claim():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True
