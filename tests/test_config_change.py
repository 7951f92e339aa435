"""Configurations put in force, confirmed and taken back; whatever stops the machine on the way."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from test_status import LOST, WELL
from wrong_configs import HOME

from agent.cli import main
from agent.cli.config import seconds
from agent.config import revisions as module
from agent.config.change import GATE_S, START_S, Changer
from agent.config.load import parse
from agent.config.revisions import KEPT, Now, RevisionError, Revisions, is_due
from agent.errors import ConfigError
from agent.service import Service, ServiceError
from agent.standing import Standing, UplinkStanding

OLD, NEW = HOME, HOME.replace("pin = 17", "pin = 27")
REMARK = HOME + "# a remark\n"
WITHIN_S = 600.0


@dataclass
class Device:
    """A device: its files, its clock, and an agent that runs what was in force at its restart."""

    folder: Path
    boot: str = "first"
    since_boot: float = 100.0
    runs: str = ""
    restarts: int = 0
    breaks: Callable[[str, Standing], Standing | None] = field(default=lambda _, standing: standing)

    def __post_init__(self) -> None:
        self.site = self.folder / "site.toml"
        self.revisions = Revisions(self.site, self.folder / "revisions")
        self.systemctl = self.folder / "systemctl"
        self.systemctl.write_text('#!/bin/sh\necho x >>"$0.calls"\n')
        self.systemctl.chmod(0o755)

    def install(self, text: str) -> Device:
        self.site.write_text(text)
        self.site.chmod(0o640)
        (self.folder / "revisions").mkdir()
        self.restart()
        return self

    def restart(self) -> None:
        self.restarts += 1
        self.runs = self.site.read_text()

    def look(self) -> Standing | None:
        digest = parse(self.runs.encode(), "x").digest
        return self.breaks(self.runs, replace(WELL, config=digest))

    def wait(self, seconds_: float) -> None:
        self.since_boot += seconds_

    def reboot(self) -> None:
        self.boot, self.since_boot = f"after {self.boot}", 5.0
        self.restart()

    @property
    def changer(self) -> Changer:
        return Changer(
            self.revisions, Restarter(self), self.look,
            lambda: Now(self.boot, self.since_boot, 1.79e9 + self.since_boot), self.wait,
        )  # fmt: skip

    def apply(self, text: str, **more: str) -> tuple[str, ...]:
        file = self.folder / "new.toml"
        file.write_text(text)
        return self.changer.apply(file, WITHIN_S, **more).worse

    @property
    def steps(self) -> list[tuple[int, str]]:
        return [(entry.number, entry.step) for entry in self.revisions.history()]


class Restarter(Service):
    """Restarts that device's agent."""

    __slots__ = ("device",)

    def __init__(self, device: Device) -> None:
        object.__setattr__(self, "device", device)

    def restart(self) -> None:
        self.device.restart()


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path).install(OLD)


def test_a_change_is_in_force_and_stays_once_it_is_confirmed(device: Device) -> None:
    """Owner and mode of the file stay; who and why are known."""
    assert device.apply(NEW, who="li", why="moved the sensor") == ()
    assert (device.site.read_text(), device.runs) == (NEW, NEW)
    assert stat.S_IMODE(device.site.stat().st_mode) == 0o640
    assert device.changer.confirm("li") == 2
    device.since_boot += 10 * WITHIN_S
    assert device.changer.return_if_due() is None
    device.reboot()
    assert device.changer.return_if_due() is None
    assert device.site.read_text() == NEW
    assert device.steps == [(1, "found"), (2, "applied"), (2, "confirmed")]
    applied = device.revisions.history()[1]
    assert (applied.who, applied.why) == ("li", "moved the sensor")


def test_a_change_that_nobody_confirms_is_taken_back(device: Device) -> None:
    """To the second, by the time since boot."""
    device.apply(NEW)
    device.since_boot += WITHIN_S - 1
    assert device.changer.return_if_due() is None
    device.since_boot += 1
    assert device.changer.return_if_due() == 1
    assert (device.site.read_text(), device.runs) == (OLD, OLD)
    assert device.changer.return_if_due() is None
    assert device.steps[-1] == (1, "returned")


def test_a_reboot_confirms_nothing(device: Device) -> None:
    """Whatever its clocks say."""
    device.apply(NEW)
    device.reboot()
    assert device.runs == NEW
    assert device.changer.return_if_due() == 1
    assert (device.site.read_text(), device.runs) == (OLD, OLD)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (lambda s: replace(s, sensors=(LOST,)), "sensor road-level is lost: no port"),
        (
            lambda s: replace(s, uplink=UplinkStanding(reason="unknown host", broker="x:8883")),
            "no link to x:8883: unknown host",
        ),
        (lambda _: None, f"has not come up within {START_S:.0f} s"),
    ],
)
def test_what_gets_worse_is_taken_back_at_once(
    device: Device, standing: Callable[[Standing], Standing | None], words: str
) -> None:
    """Within the minute, and it is said and written down what it was."""
    device.breaks = lambda text, known: known if text == OLD else standing(known)
    begun = device.since_boot
    (said,) = device.apply(NEW)
    assert words in said
    assert device.since_boot - begun <= GATE_S + 2
    assert (device.site.read_text(), device.runs) == (OLD, OLD)
    assert device.revisions.pending() is None
    assert words in device.revisions.history()[-1].why


def test_a_sensor_that_takes_its_time_is_waited_for(device: Device) -> None:
    """Twenty seconds are none too many."""
    begun = device.since_boot

    def slow(text: str, known: Standing) -> Standing:
        is_late = text == NEW and device.since_boot < begun + 20
        return replace(known, sensors=(LOST,)) if is_late else known

    device.breaks = slow
    assert device.apply(NEW) == ()
    assert device.since_boot >= begun + 20


def test_a_wrong_configuration_touches_nothing(device: Device) -> None:
    """No revision, no restart."""
    with pytest.raises(ConfigError, match="99 is outside"):
        device.apply(HOME.replace("pin = 17", "pin = 99"))
    assert (device.restarts, device.steps, device.revisions.numbers()) == (1, [], [])


def test_what_says_the_same_restarts_nothing(device: Device) -> None:
    """A remark is kept, and is pending as any other change."""
    device.apply(REMARK)
    assert (device.restarts, device.site.read_text()) == (1, REMARK)
    assert device.changer.confirm() == 2


def test_the_same_again_is_said_to_be_the_same(device: Device) -> None:
    """And nothing pends."""
    with pytest.raises(RevisionError, match="revision 1 is this and in force"):
        device.apply(OLD)
    assert device.revisions.pending() is None


def test_one_change_at_a_time(device: Device) -> None:
    """A second one has to wait for the first."""
    device.apply(NEW)
    with pytest.raises(RevisionError, match="not confirmed yet"):
        device.apply(REMARK)
    second = device.revisions.claimed()
    with device.revisions.claimed(), pytest.raises(RevisionError, match="just now"):
        second.__enter__()


def test_what_was_edited_by_hand_is_kept(device: Device) -> None:
    """Before a change, and while one pends."""
    device.apply(NEW)
    device.changer.confirm()
    device.site.write_text(REMARK)
    device.apply(OLD)
    assert (3, "edited") in device.steps
    device.site.write_text(REMARK + "# more\n")
    device.since_boot += WITHIN_S
    assert device.changer.return_if_due() == 3
    assert device.site.read_text() == REMARK
    assert device.revisions.content(4).decode() == REMARK + "# more\n"


def test_the_one_before_is_found(device: Device) -> None:
    """And the one before that by its number."""
    with pytest.raises(RevisionError, match="no earlier"):
        device.changer.before_last()
    device.apply(NEW)
    device.changer.confirm()
    assert device.changer.before_last() == 1
    with pytest.raises(RevisionError, match="no revision 7; there are: 1, 2"):
        device.revisions.content(7)


def test_ten_revisions_are_kept(device: Device) -> None:
    """The one in force among them."""
    for pin in range(4, 16):
        device.apply(HOME.replace("pin = 17", f"pin = {pin}"))
        device.changer.confirm()
    numbers = device.revisions.numbers()
    assert len(numbers) == KEPT
    assert device.revisions.in_force() == numbers[-1] == 13


def test_a_damaged_history_loses_its_line_only(device: Device) -> None:
    """Half a line, as a power cut leaves it."""
    device.apply(NEW)
    path = device.folder / "revisions" / "history.jsonl"
    path.write_bytes(path.read_bytes() + b'{"number": 2, "st')
    device.changer.confirm()
    assert device.steps == [(1, "found"), (2, "applied"), (2, "confirmed")]


class PowerCut(BaseException):
    """Nothing more is written."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Cuts the power at the so manieth call that changes the disk, and at every one after it."""
    left = [10**9]

    def count() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise PowerCut

    def guard(owner: object, name: str) -> None:
        real = getattr(owner, name)

        def guarded(*args: object, **more: object) -> object:
            count()
            return real(*args, **more)

        monkeypatch.setattr(owner, name, guarded)

    for owner, name in ((os, "fsync"), (os, "fchmod"), (Path, "replace"), (Path, "unlink")):
        guard(owner, name)

    def set_(at: int) -> None:
        left[0] = at

    return set_


@pytest.mark.parametrize("at", range(40))
def test_a_power_cut_at_any_write_leaves_the_old_one_or_the_new_one(
    device: Device, cut: Callable[[int], None], at: int
) -> None:
    """In the middle of a change, and of the way back; after the boot it is the old one."""
    cut(at)
    with suppress(PowerCut):
        device.apply(NEW)
        device.since_boot += WITHIN_S
        device.changer.return_if_due()
    cut(10**9)
    assert device.site.read_text() in {OLD, NEW}
    device.reboot()
    device.changer.return_if_due()
    assert (device.site.read_text(), device.runs) == (OLD, OLD)
    assert device.revisions.pending() is None
    assert device.apply(NEW) == ()


def test_the_cuts_reach_over_all_of_it(device: Device, cut: Callable[[int], None]) -> None:
    """Forty are enough for a change and its return."""
    cut(40)
    device.apply(NEW)
    device.since_boot += WITHIN_S
    assert device.changer.return_if_due() == 1


def test_the_wall_clock_has_no_say() -> None:
    """Only the boot and the time since it."""
    pending = module.Pending(2, 1, "first", 700.0)
    assert not is_due(pending, Now("first", 699.0, 9e9))
    assert is_due(pending, Now("first", 700.0, 0.0))
    assert is_due(pending, Now("second", 1.0, 0.0))


@pytest.mark.parametrize(("text", "length"), [("90s", 90), ("10m", 600), ("2h", 7200)])
def test_lengths_of_time(text: str, length: float) -> None:
    """As people type them."""
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["10", "5s", "2d", "25h", "-1m", ""])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    """With what is allowed."""
    with pytest.raises(Exception, match="60s to 24h"):
        seconds(text)


def test_a_service_that_does_not_restart_is_said_with_its_words(tmp_path: Path) -> None:
    """And one that is not there."""
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\necho 'Unit not found.' >&2\nexit 5\n")
    program.chmod(0o755)
    with pytest.raises(ServiceError, match=r"restart street-agent\.service: Unit not found"):
        Service(str(program)).restart()
    assert not Service(str(program)).is_active()
    with pytest.raises(ServiceError, match="No such file"):
        Service(str(tmp_path / "no")).restart()


def config(device: Device, *words: object) -> int:
    start = ["config", "--site", str(device.site), "--systemctl", str(device.systemctl)]
    return main([*start, "--socket", str(device.folder / "no.sock"), *map(str, words)])


def test_the_command(device: Device, capsys: pytest.CaptureFixture[str]) -> None:
    """A remark is applied, shown, confirmed, and taken back by its number."""
    new = device.folder / "new.toml"
    new.write_text(REMARK)
    assert config(device, "diff", new) == 0
    assert "+# a remark" in capsys.readouterr().out
    assert config(device, "history") == 0
    assert "no change yet" in capsys.readouterr().out
    assert config(device, "apply", new, "--why", "a trial") == 0
    assert "taken back in 10 min, unless you\n  sudo street-agent config confirm" in (
        capsys.readouterr().out
    )
    assert config(device, "return-if-due") == 0
    assert config(device, "confirm") == 0
    assert config(device, "confirm") == 1
    assert "no change is waiting" in capsys.readouterr().err
    assert config(device, "rollback") == 0
    assert device.site.read_text() == OLD
    assert config(device, "rollback") == 0
    assert device.site.read_text() == REMARK
    assert config(device, "history") == 0
    said = capsys.readouterr().out
    assert "applied by" in said
    assert ": a trial" in said
    assert "in force: revision 2" in said


def test_the_command_takes_back_what_does_not_come_up(
    device: Device, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No agent answers on this socket: exit code 8."""
    monkeypatch.setattr("agent.config.change.START_S", 0.0)
    new = device.folder / "new.toml"
    new.write_text(NEW)
    assert config(device, "apply", new) == 8
    assert "revision 1 is in force again" in capsys.readouterr().err
    assert device.site.read_text() == OLD
    calls = device.systemctl.with_name("systemctl.calls").read_text()
    assert calls.count("x") == 2


def test_a_pending_file_that_cannot_be_read_is_named(device: Device) -> None:
    """It is never taken for none."""
    (device.folder / "revisions" / "pending.json").write_text("{")
    with pytest.raises(RevisionError, match=r"pending.json"):
        device.changer.return_if_due()
    (device.folder / "revisions" / "pending.json").write_text(json.dumps({"number": 1}))
    with pytest.raises(RevisionError, match=r"pending.json"):
        device.revisions.pending()
