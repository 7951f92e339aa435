"""The real daemon under a wall clock that is missing, comes late, and is set by years."""

from __future__ import annotations

import json
import os
import queue
import select
import shutil
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.clock import BOOT_ID, build_time

PATIENCE_S = 20.0
YEAR = 31_557_600
SHIM = Path(__file__).parent / "nemesis" / "wall.c"
SITE = """
[site]
id = "test-clock"
profile = "street"
timezone = "Asia/Shanghai"
place = {{ zh = "测试路", en = "Test Road" }}

[uplink]
brokers = ["{url}"]
insecure = true

[[sensor]]
name = "road-level"
driver = "water_level"
role = "roadside"
model = "maxbotix"
port = "{port}"
mount_height_mm = 2700
idle_s = 0
rising_s = 0
"""


class Post:
    """A street's post: one level sensor on a pty, the agent, and the wall clock under it."""

    def __init__(self, folder: Path, shim: Path, url: str, offset_s: int, *, synced: bool) -> None:
        self._port, self._wall, self._ends = folder / "port", folder / "wall", (-1, -1)
        self.set_clock(offset_s, synced=synced)
        config = folder / "site.toml"
        config.write_text(SITE.format(url=url, port=self._port))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", "--config", str(config),
             "--state", str(folder / "state")],
            env={"PATH": "/usr/bin:/bin", "LD_PRELOAD": str(shim), "WALL": str(self._wall)},
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def set_clock(self, offset_s: int, *, synced: bool) -> None:
        """Set the wall clock so far beside the true one."""
        new = self._wall.with_suffix(".new")
        new.write_text(f"{offset_s} {int(synced)}\n")
        new.replace(self._wall)

    def plug(self) -> None:
        """Connect the sensor."""
        self._ends = os.openpty()
        tty.setraw(self._ends[1])
        self._port.symlink_to(os.ttyname(self._ends[1]))

    def unplug(self) -> None:
        """Take the sensor away."""
        self._port.unlink()
        for end in self._ends:
            os.close(end)
        self._ends = (-1, -1)

    def measure(self) -> None:
        """Send the frame of a dry road, if there is a sensor."""
        if self._ends[0] >= 0:
            os.write(self._ends[0], b"R2700\r")

    def logged(self, wanted: int) -> None:
        """Wait until so many more events are on disk, while the sensor measures."""
        assert self.process.stderr is not None
        end = time.monotonic() + PATIENCE_S
        while wanted:
            assert time.monotonic() < end
            self.measure()
            if select.select([self.process.stderr], [], [], 0.1)[0]:
                wanted -= b" event id=" in self.process.stderr.readline()

    def stop(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.communicate(timeout=PATIENCE_S)
        if self._ends[0] >= 0:
            self.unplug()


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: the wall clock under a real agent cannot be moved")
    library = tmp_path_factory.mktemp("shim") / "wall.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SHIM], check=True)
    return library


@pytest.fixture
def post(tmp_path: Path, shim: Path) -> Iterator[Callable[..., Post]]:
    made: list[Post] = []

    def make(url: str, offset_s: int, *, synced: bool) -> Post:
        made.append(Post(tmp_path, shim, url, offset_s, synced=synced))
        return made[-1]

    yield make
    for one in made:
        one.stop()


Messages = queue.SimpleQueue[Any]


def heard(messages: Messages, post: Post, part: str, found: Callable[[Any], bool]) -> list[Any]:
    """What comes on such topics until it is what is wanted, while the sensor measures."""
    contents = []
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        post.measure()
        try:
            message = messages.get(timeout=0.1)
        except queue.Empty:
            continue
        if part in message.topic:
            contents.append(json.loads(message.payload))
            if found(contents[-1]):
                return contents
    raise AssertionError(contents)


def of_type(step: str) -> Callable[[Any], bool]:
    return lambda event: f".{step}." in event["type"]


def since_1970(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def test_boot_at_1970(
    post: Callable[..., Post],
    mosquitto: Callable[..., Any],
    listen: Callable[..., Messages],
    record_property: Callable[[str, object], None],
) -> None:
    """Events carry boot, sequence and `unsynced`; the time told is not before the agent's build."""
    record_property("injections", 1)
    broker = mosquitto()
    messages = listen(broker.port)
    agent = post(broker.url, -int(time.time()), synced=False)
    (event,) = heard(messages, agent, "/event/", of_type("fault"))
    boot = BOOT_ID.read_text().replace("-", "")[:12]
    assert (event["boot"], event["sequence"]) == (boot, "000000000001")
    assert event["data"]["clock"] == "unsynced"
    assert build_time() - 1 <= since_1970(event["time"]) < build_time() + 60


def test_the_first_synchronisation_corrects_what_waits(
    post: Callable[..., Post],
    mosquitto: Callable[..., Any],
    listen: Callable[..., Messages],
    record_property: Callable[[str, object], None],
) -> None:
    """A fault at 1970 without network, the time, then the broker: it arrives with its true time."""
    record_property("injections", 2)
    broker = mosquitto(is_started=False)
    begun = time.time()
    agent = post(broker.url, -int(begun), synced=False)
    agent.logged(1)
    told = time.time()
    agent.set_clock(0, synced=True)
    agent.plug()
    agent.logged(1)
    broker.start()
    messages = listen(broker.port)
    fault, restored = heard(messages, agent, "/event/", of_type("restored"))
    assert [fault["data"]["clock"], restored["data"]["clock"]] == ["corrected", "synced"]
    assert begun - 1 <= since_1970(fault["time"]) <= told + 1
    assert begun - 1 <= since_1970(fault["data"]["onset"]) <= told + 1
    assert since_1970(restored["data"]["onset"]) == pytest.approx(
        since_1970(fault["data"]["onset"]), abs=0.1
    )
    assert fault["id"].split(".")[0] == restored["id"].split(".")[0]
    assert [fault["sequence"], restored["sequence"]] == ["000000000001", "000000000002"]


def test_steps_of_years_are_no_alarm_and_change_no_order(
    post: Callable[..., Post],
    mosquitto: Callable[..., Any],
    listen: Callable[..., Messages],
    record_property: Callable[[str, object], None],
) -> None:
    """+10 years, then -3, while the sensor measures: no event but its own fault, numbers in order."""
    record_property("injections", 2)
    broker = mosquitto()
    messages = listen(broker.port)
    agent = post(broker.url, 0, synced=True)
    agent.plug()
    packs = heard(messages, agent, "/reading/", bool)
    for step in (10 * YEAR, -3 * YEAR):
        begun = time.monotonic()
        agent.set_clock(step, synced=True)
        while time.monotonic() - begun < 3:
            packs += heard(messages, agent, "/reading/", bool)
    assert max(record.get("bt", 0) for pack in packs for record in pack) > time.time() + 9 * YEAR
    numbers = [record["seq"] for pack in packs for record in pack]
    assert numbers == sorted(set(numbers))
    agent.unplug()
    events = heard(messages, agent, "/event/", of_type("fault"))
    assert [(event["data"]["kind"], event["sequence"]) for event in events] == [
        ("sensor.fault", "000000000001")
    ]
