"""`street-agent status`: what the agent says of itself, to whom, and what has got worse."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sites import level, site, street
from test_loop import FLOOD, Life, flood

from agent.cli import main
from agent.cli.status import lines
from agent.clock import ManualClock
from agent.desk import WAITING, Desk, ask
from agent.inbox import Why
from agent.roll import Roll, Run
from agent.site import Profile
from agent.standing import (
    OPEN,
    SensorStanding,
    Standing,
    StoreStanding,
    UplinkStanding,
    from_json,
    worse,
)
from agent.uplink.link import LinkDown, LinkUp
from agent.width import columns
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

LINKED = True
ROAD = SensorStanding(
    "road-level", "water_level", "roadside", OPEN, "", 60.0, 2.0, "distance_mm", 2700.0
)
ALARM = {
    "alarm": "9c", "rev": 1, "kind": "street.waterlogging", "level": "red",
    "certainty": "observed", "onset": "2026-11-24T23:05:00.000Z", "sensors": ["road-level"],
}  # fmt: skip
WELL = Standing(
    release="0.1.0", site="gz-hp-0007", profile="street", timezone="Asia/Shanghai", config="ab",
    pid=7, started="2026-11-25T00:00:00.000Z", uptime_s=7200.0, clock="synced", sensors=(ROAD,),
    store=StoreStanding(events_waiting=0), uplink=UplinkStanding(LINKED, "broker:8883", 60.0, "", 9),
)  # fmt: skip
LOST = replace(ROAD, status="lost", reason="no port /dev/serial/by-id/usb-x", last_reading_s=90.0)
ILL = replace(
    WELL, sensors=(LOST,), alarms=(ALARM,), clock="unsynced",
    faults=({"part": "storage.slow", "reason": "the disk does not answer"},),
    uplink=UplinkStanding(not LINKED, "broker:8883", 30.0, "connection refused", 9),
)  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One that answers."""
    found = Desk(tmp_path / "agent.sock")
    found.lay(WELL)
    found.start()
    yield found
    found.stop()


def status(*words: object) -> int:
    return main(["status", *map(str, words)])


@pytest.mark.parametrize("standing", [WELL, ILL])
def test_a_document_is_read_back_as_it_was(standing: Standing) -> None:
    """Also one of a release that knows more."""
    plain = standing.to_json()
    assert from_json(json.dumps({**plain, "new": 1})) == standing
    assert plain["state"] == ("sensing" if standing is WELL else "degraded")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 1}', '{"schema": 0}'])
def test_what_is_no_document_is_said_to_be_none(text: str) -> None:
    """No traceback of a parser."""
    with pytest.raises(ValueError, match="no status of an agent"):
        from_json(text)


def test_what_got_worse_is_named() -> None:
    """A sensor that had read, the link, the disk; and nothing else."""
    assert worse(WELL, WELL) == worse(ILL, WELL) == worse(ILL, ILL) == []
    assert worse(WELL, ILL) == [
        "sensor road-level is lost: no port /dev/serial/by-id/usb-x",
        "no link to broker:8883: connection refused",
    ]
    assert worse(WELL, replace(WELL, sensors=())) == []
    assert worse(WELL, replace(WELL, store=StoreStanding(is_memory=True))) == [
        "the state folder cannot be used"
    ]
    unread = replace(WELL, sensors=(replace(ROAD, last_reading_s=None),))
    assert worse(unread, ILL)[0].startswith("no link")


def test_the_roll_notes_what_comes() -> None:
    """Starting, open with the first reading, lost with its reason, and the link."""
    kept: list[Standing] = []
    roll = Roll(site(Profile.STREET, level()), Run("0.1.0", "ab", ""), kept.append, 100.0)
    stamp = Stamp("test", 1.0, 1.0, synced=True, sequence=1)

    def now(at: float) -> Standing:
        roll.lay(at, alarms=(), faults={}, stock=None, delivered=3, is_synced=True)
        return kept[-1]

    assert (now(101.0).sensors[0].status, now(101.0).uplink.reason) == ("starting", "not tried yet")
    roll.hear(Reading("road-level", Quantity.DISTANCE_MM, 2700.0, stamp), 110.0)
    roll.hear(Reading("nobody", Quantity.DISTANCE_MM, 1.0, stamp), 110.0)
    roll.hear(LinkUp(1, "broker:8883", "5", 20), 111.0)
    well = now(112.0)
    assert well.sensors == (
        SensorStanding("road-level", "water_level", "roadside", OPEN, "", 2.0, 2.0,
                       "distance_mm", 2700.0),
    )  # fmt: skip
    assert well.uplink == UplinkStanding(LINKED, "broker:8883", 1.0, "", 3)
    assert (well.state, well.uptime_s, well.pid) == ("sensing", 12.0, os.getpid())
    roll.hear(SensorState("road-level", SensorStatus.LOST, "unplugged", stamp), 120.0)
    roll.hear(LinkDown(1, "broken pipe", broker="broker:8883"), 121.0)
    roll.hear(LinkDown(2, "no route", broker="broker:8883"), 125.0)
    roll.hear(Why("road-level", "no permission"), 126.0)
    roll.hear(Why("nobody", "?"), 126.0)
    ill = now(130.0)
    assert (ill.state, ill.sensors[0].reason, ill.sensors[0].since_s) == (
        "degraded", "no permission", 10.0,
    )  # fmt: skip
    assert (ill.uplink.reason, ill.uplink.since_s) == ("no route", 9.0)


def test_the_loop_lays_down_how_it_stands(tmp_path: Path) -> None:
    """Open alarms and stock, once a tick."""
    life = Life(street(), tmp_path, ManualClock())
    flood(life, FLOOD)
    newest = life.standings[-1]
    (alarm,) = newest.alarms
    assert (alarm["kind"], newest.config) == ("street.waterlogging", "digest")
    assert newest.sensors[0].status == OPEN


def test_the_desk_answers_each_with_the_newest(desk: Desk, tmp_path: Path) -> None:
    """A thousand in turn, and nobody but owner and group may ask."""
    path = tmp_path / "agent.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    for _ in range(1000):
        assert from_json(ask(path)) == WELL
    desk.lay(ILL)
    assert from_json(ask(path)) == ILL


def test_who_does_not_read_holds_up_nobody(desk: Desk, tmp_path: Path) -> None:
    """Clients that connect and stay silent are given up."""
    path = tmp_path / "agent.sock"
    desk.lay(replace(WELL, alarms=(ALARM,) * 20_000))  # more than a socket holds
    silent = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]
    for client in silent:
        client.connect(str(path))
    assert len(from_json(ask(path, timeout_s=10.0)).alarms) == 20_000
    for client in silent:
        client.close()
    assert len(silent) < WAITING


def test_what_a_dead_agent_left_is_replaced(tmp_path: Path) -> None:
    """Its socket file, on which nobody listens."""
    path = tmp_path / "agent.sock"
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(path))
    dead.close()
    desk = Desk(path)
    desk.lay(WELL)
    desk.start()
    assert from_json(ask(path)) == WELL
    desk.stop()
    assert not path.exists()


@pytest.mark.parametrize("name", ["no/such/folder/agent.sock", "a" * 200])
def test_a_socket_that_cannot_be_is_no_reason_not_to_sense(
    tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and that is all."""
    desk = Desk(tmp_path / name)
    desk.start()
    desk.stop()
    assert "status cannot be asked for" in caplog.text


def test_all_is_well(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0."""
    assert desk
    assert status("--socket", tmp_path / "agent.sock", "--lang", "en") == 0
    said = capsys.readouterr().out
    assert "gz-hp-0007: sensing" in said
    assert "road-level  roadside, open, distance_mm 2700, 2 s ago" in said
    assert "no alarm is open" in said
    assert "!" not in said


def test_what_is_wrong_is_said_with_what_to_type(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1."""
    desk.lay(ILL)
    assert status("--socket", tmp_path / "agent.sock", "--lang", "en") == 1
    said = capsys.readouterr().out
    for words in (
        "! road-level is lost. Check its power and its cable.\n  no port /dev/serial/by-id/usb-x",
        "$ ls -l /dev/serial/by-id/", "! No link to broker:8883.\n  connection refused",
        "slow storage", "$ timedatectl status",
        "red waterlogging road-level, since 11-25 07:05",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_it_fits_a_terminal(lang: str) -> None:
    """80 columns, whatever a system's message says."""
    long = replace(LOST, reason="word " * 60, name="a" * 40)
    shown = lines(replace(ILL, sensors=(long,)), lang)  # type: ignore[arg-type]
    assert max(columns(line) for line in shown) <= 80
    assert any("未连接" in line for line in shown) is (lang != "en")


def test_json_is_the_document(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a script."""
    assert desk
    assert status("--socket", tmp_path / "agent.sock", "--json") == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(WELL.to_json()))


def test_nobody_there_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to look at."""
    assert status("--socket", tmp_path / "agent.sock") == 3
    assert "systemctl status street-agent" in capsys.readouterr().err


def test_it_is_compared_with_before(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 where nothing is worse, 1 with what is, 3 where nobody answers, 1 for a wrong file."""
    path, before = tmp_path / "agent.sock", tmp_path / "before.json"
    before.write_text(json.dumps(WELL.to_json()))
    words = ("--socket", path, "--against", before, "--within", 0)
    assert status(*words) == 0
    desk.lay(ILL)
    assert status(*words) == 1
    assert "sensor road-level is lost" in capsys.readouterr().err
    desk.stop()
    assert status(*words) == 3
    before.write_text("{}")
    assert status(*words) == 1
    assert "before.json: no status of an agent" in capsys.readouterr().err
