"""What is gone through in the virtual machine; each step says what it found, or raises."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from consumer import Consumer
from device import COMMAND, Hand, Water, is_whole, status, wait_status
from machine import GuestError, Machine
from page import follow
from releases import name
from rig import Broker
from site_ import CORD, SECRET, SMOKE, WIRES, config

PATIENCE_S = 30.0
BACK_S = 60.0  # in an emulated guest, where Python runs 13 times slower
CONFIRM_S = 60.0
RETURN_S = 200.0  # two minutes of trial, thirty seconds until it is looked for, and a boot
FOUND = "systemctl show street-agent -p NRestarts --value"


@dataclass
class Guest:
    """All that a step needs.

    Attributes:
        broker: on the host; the guest sees it as 10.0.2.2.
        pulls: alarms whose latency is measured.
        old: the release that was installed.
        new: the one after it.
        broken: those that must not stay.
    """

    machine: Machine
    broker: Broker
    consumer: Consumer
    pulls: int
    old: Path
    new: Path
    broken: tuple[Path, ...]
    hand: Hand | None = None
    water: Water | None = None
    secrets: list[str] = field(default_factory=lambda: [SECRET])

    def let_go(self) -> None:
        """Close what moves sensors."""
        for one in (self.hand, self.water):
            if one is not None:
                one.close()

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Events of a kind that have come, in order."""
        return [event for _, event in self.consumer.events if event["data"]["kind"] == kind]


def walk(guest: Guest) -> str:
    """Each sensor is moved, and the platform has its reading."""
    assert guest.hand is not None
    assert guest.water is not None
    for wire in WIRES:
        for is_on in (True, False):
            before = len(_readings(guest, wire.name))
            guest.hand.pull(wire, is_on=is_on)

            def has_come(name: str = wire.name, before: int = before, value: bool = is_on) -> bool:
                return float(value) in _readings(guest, name)[before:]

            _wait(guest, has_come, f"no reading {is_on} of {wire.name}")
    guest.water.distance_mm = 2650
    _wait(guest, lambda: 2650.0 in _readings(guest, "road-level"), "no reading of road-level")
    guest.water.distance_mm = 2700
    for kind in ("home.help", "home.smoke"):
        _wait(guest, lambda k=kind: bool(guest.events(k)), f"no event {kind}")
    return f"{len(WIRES) + 1} sensors, {len(guest.consumer.ids)} events at the broker"


def latency(guest: Guest) -> str:
    """A contact is pulled in the guest, the event is at the broker on the host."""
    assert guest.hand is not None
    took, own = [], []
    for number in range(guest.pulls):
        is_on = number % 2 == 0
        before = len(guest.events("home.smoke"))
        begun = time.monotonic()
        own.append(guest.hand.pull(SMOKE, is_on=is_on))
        if not guest.consumer.wait(lambda b=before: len(guest.events("home.smoke")) > b, 20.0):
            raise GuestError(f"pull {number}: no event after 20 s")
        took.append(time.monotonic() - begun)
    took.sort()
    p99 = took[int(0.99 * (len(took) - 1))]
    said = (f"{len(took)} pulls: p50 {median(took):.3f} s, p99 {p99:.3f} s, most {took[-1]:.3f} s; "
            f"of it the pull itself p50 {median(own):.3f} s")  # fmt: skip
    if p99 >= 1.0:
        raise GuestError(said)
    return said


def deaths(guest: Guest) -> str:
    """Killed, crashed, hung, out of memory: back in service, and what waited is delivered."""
    said = []
    for death, harm in (
        ("SIGKILL", "systemctl kill -s KILL street-agent"),
        ("SIGSEGV", "systemctl kill -s SEGV street-agent"),
        ("SIGSTOP", "systemctl kill -s STOP street-agent"),
        ("memory", "systemctl set-property --runtime street-agent MemoryMax=8M"),
    ):
        waiting = _raised_offline(guest)
        was = int(guest.machine.run(FOUND))
        begun = time.monotonic()
        guest.machine.run(harm)
        found = _found(guest.machine, was)
        if death == "memory":
            guest.machine.run("systemctl set-property --runtime street-agent MemoryMax=256M")
        guest.broker.start()
        wait_status(guest.machine, is_whole, BACK_S)
        said.append(
            f"{death} found after {found - begun:.1f} s, back {time.monotonic() - found:.1f}"
        )
        _wait(guest, lambda n=waiting: len(guest.events("home.help")) > n, f"lost by {death}")
    return f"{'; '.join(said)}; the alarm that waited came each time"


def _found(machine: Machine, was: int) -> float:
    end = time.monotonic() + BACK_S
    while time.monotonic() < end:
        if int(machine.run(FOUND)) > was:
            return time.monotonic()
        time.sleep(0.3)
    raise GuestError("systemd has not restarted it")


def closed(guest: Guest) -> str:
    """Nothing listens, nobody else reads, no secret is told."""
    machine = guest.machine
    ports = machine.run("ss -Hltnup | grep -c street-agent", check=False).strip()
    if ports != "0":
        raise GuestError(f"it listens: {machine.run('ss -ltnup')}")
    for path in ("/etc/street-agent/keys/password", "/var/lib/street-agent/outbox",
                 "/run/street-agent/agent.sock"):  # fmt: skip
        read = machine.run(f"runuser -u nobody -- ls {path} 2>&1; runuser -u nobody -- cat {path} 2>&1",
                           check=False)  # fmt: skip
        if "Permission denied" not in read:
            raise GuestError(f"{path} is open to others: {read}")
    told = machine.run("journalctl -u street-agent --no-pager; ps axww -o args; cat /proc/*/environ 2>/dev/null",
                       check=False)  # fmt: skip
    sent = json.dumps([event for _, event in guest.consumer.events])
    for secret in guest.secrets:
        if secret in told or secret in sent:
            raise GuestError("a secret stands in the journal, a process's arguments or an event")
    analysed = machine.run("systemd-analyze security --no-pager street-agent | tail -n 1").strip()
    return f"no port, no secret, {analysed.partition('level ')[2]}"


def change(guest: Guest) -> str:
    """A wrong broker is taken back in time; and so after a hard stop in between."""
    machine = guest.machine
    machine.write("/srv/wrong.toml", config("mqtt://10.0.2.2:9"), "600")
    apply = f"{COMMAND} config apply /srv/wrong.toml --confirm-within"
    begun = time.monotonic()
    said = machine.run(f"{apply} 1m; echo exit $?", timeout_s=240.0, check=False)
    if "exit 0" not in said and "exit 8" not in said:
        raise GuestError(f"a wrong broker was not tried: {said}")
    _returned(machine, RETURN_S)
    wait_status(machine, is_whole, BACK_S)
    back = time.monotonic() - begun
    if back > CONFIRM_S:
        raise GuestError(f"back and connected after {back:.0f} s, not within {CONFIRM_S:g}")
    end = time.monotonic() + BACK_S
    while not _is_wrong(machine):  # the return may still be at work, and lets nobody else begin
        if time.monotonic() > end:
            raise GuestError("the change was never begun")
        machine.run(f"setsid {apply} 2m >/dev/null 2>&1 & sleep 8")
    begun = time.monotonic()
    power_cut(guest)
    _returned(machine, RETURN_S)
    wait_status(machine, is_whole, BACK_S)
    again = time.monotonic() - begun
    return (
        f"of 1 min back after {back:.0f} s; of 2 min, stopped hard in between, after {again:.0f} s"
    )


def _is_wrong(machine: Machine) -> bool:
    return "10.0.2.2:9" in machine.run("cat /etc/street-agent/site.toml")


def _returned(machine: Machine, within_s: float) -> None:
    end = time.monotonic() + within_s
    while _is_wrong(machine):
        if time.monotonic() > end:
            raise GuestError("the wrong configuration is still in force")
        time.sleep(2.0)


def power(guest: Guest) -> str:
    """An alarm that is raised while the broker is away is delivered after a hard stop."""
    machine = guest.machine
    before = _raised_offline(guest)
    power_cut(guest)
    guest.broker.start()
    took = time.monotonic()
    _wait(guest, lambda: len(guest.events("home.help")) > before, "the alarm is lost", 180.0)
    wait_status(machine, is_whole, 180.0)
    return f"the alarm came {time.monotonic() - took:.0f} s after the boot"


def power_cut(guest: Guest) -> None:
    """Stop the machine hard, and start it again with its sensors as they were."""
    guest.let_go()
    guest.machine.stop_hard()
    guest.machine.start()
    guest.hand, guest.water = Hand(guest.machine), Water(guest.machine)
    for wire in WIRES:
        guest.hand.pull(wire, is_on=False)


def upgrade(guest: Guest) -> str:
    """To the next release and back, with alarms waiting on both sides: all are delivered.

    The way back leads to a release that has never seen the state that the next one keeps.
    """
    said = []
    for words, expected in (("upgrade", guest.new), ("rollback", guest.old)):
        waiting = _raised_offline(guest)
        begun = time.monotonic()
        guest.machine.deploy(words, *(("--archive", expected) if words == "upgrade" else ()))
        took = time.monotonic() - begun
        _require_release(guest.machine, expected)
        guest.broker.start()
        _wait(
            guest, lambda n=waiting: len(guest.events("home.help")) > n, "the alarm is lost", 60.0
        )
        wait_status(guest.machine, is_whole, BACK_S)
        said.append(f"{words} {took:.0f} s")
    return f"{', '.join(said)}; an alarm that waited came after each"


def broken(guest: Guest) -> str:
    """A release that cannot read its pins, and one that ends at once, are taken back."""
    said = []
    for release in guest.broken:
        begun = time.monotonic()
        told = guest.machine.deploy("upgrade", "--archive", release, expected=8)
        took = time.monotonic() - begun
        _require_release(guest.machine, guest.old)
        wait_status(guest.machine, is_whole, BACK_S)
        reason = next((line for line in told.splitlines() if line.startswith("sensor ")), "")
        said.append(f"{took:.0f} s {reason}".strip())
    return f"taken back after {', '.join(said)}"


def uninstall(guest: Guest) -> str:
    """Handed back: nothing is left, and the proof is printed."""
    told = guest.machine.deploy("uninstall", "--erase")
    if "proof of erasure" not in told:
        raise GuestError(told)
    left = guest.machine.run(
        "ls -d /opt/street-agent /etc/street-agent /var/lib/street-agent /run/street-agent "
        "/etc/systemd/system/street-agent* 2>/dev/null; systemctl list-units --all --no-legend "
        "'street-agent*'; pgrep -af '[s]treet-agent run'",
        check=False,
    )
    if left.strip():
        raise GuestError(f"left: {left}")
    return told.strip().splitlines()[-1]


def page(guest: Guest) -> str:
    """The technician's page of README.md, on a machine on which nothing is installed any more."""
    with tempfile.TemporaryDirectory() as folder:
        return follow(guest.machine, Path(folder), f"mqtt://10.0.2.2:{guest.broker.port}")


def _raised_offline(guest: Guest) -> int:
    """Raise an alarm while the broker is away; how many of them had come before."""
    assert guest.hand is not None
    guest.broker.kill()
    before = len(guest.events("home.help"))
    guest.hand.pull(CORD, is_on=True)
    wait_status(guest.machine, lambda s: s["store"]["events_waiting"] > 0, BACK_S)
    guest.hand.pull(CORD, is_on=False)
    return before


def _require_release(machine: Machine, expected: Path) -> None:
    found = machine.run("readlink /opt/street-agent/current").strip()
    if found != f"releases/{name(expected)}":
        raise GuestError(f"{found} is in force, not {name(expected)}")


def board(guest: Guest) -> str:
    """What deploy.sh has set up beside the service."""
    expected = {
        "cat /boot/firmware/config.txt": "dtparam=audio=on\n[all]\nenable_uart=1\n[all]\ndtparam=watchdog=on",
        "cat /boot/firmware/cmdline.txt": "console=tty1 root=PARTUUID=1 rootwait",
        "systemctl show --property RuntimeWatchdogUSec --value": "14s",
        "systemctl is-active street-agent-return.timer": "active",
        "systemctl is-enabled street-agent street-agent-settle street-agent-return.timer":
            "enabled\nenabled\nenabled",
        "id -nG street-agent | tr ' ' '\\n' | sort | tr '\\n' ' '": "dialout gpio street-agent",
        "stat -c '%a %U:%G' /etc/street-agent/site.toml /etc/street-agent/keys /var/lib/street-agent":
            "640 root:street-agent\n700 root:root\n700 street-agent:street-agent",
        "systemd-analyze cat-config systemd/journald.conf | grep -c '^SystemMaxUse=64M'": "1",
        "systemctl --failed --no-legend": "",
    }  # fmt: skip
    for command, said in expected.items():
        found = guest.machine.run(command, check=False).strip()
        if found != said:
            raise GuestError(f"{command}: {found!r}, not {said!r}")
    return f"{len(expected)} settings as they should be"


def looks(guest: Guest) -> str:
    """What a technician sees first."""
    said = guest.machine.run(f"{COMMAND} status --lang en; echo exit $?", check=False)
    standing = status(guest.machine)
    if standing is None or "road-level" not in said:
        raise GuestError(said)
    return (
        f"{standing['state']}, {len(standing['sensors'])} sensors, {said.strip().splitlines()[-1]}"
    )


def _readings(guest: Guest, sensor: str) -> list[float]:
    return [record.value for record in guest.consumer.records if record.sensor == sensor]


def _wait(
    guest: Guest, is_so: Callable[[], bool], words: str, within_s: float = PATIENCE_S
) -> None:
    if not guest.consumer.wait(is_so, within_s):
        raise GuestError(words)


STEPS = (
    walk,
    board,
    looks,
    latency,
    closed,
    deaths,
    change,
    power,
    upgrade,
    broken,
    uninstall,
    page,
)
