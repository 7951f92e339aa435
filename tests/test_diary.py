"""What a resident did, as the device keeps it: once, in order, and at home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import homes
import pytest
from faulty_disk import FaultyDisk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from routine import Row, day, lived
from sites import MONDAY, home
from test_loop import Life

from agent.cli import main
from agent.clock import ManualClock
from agent.events import Activity
from agent.pipeline.memory import recall, remember
from agent.store.diary import Diary, written

DAYS = 2
ROWS: list[Row] = [row for number in range(DAYS) for row in day(number)]


def activity(number: int) -> Activity:
    return Activity("outing", MONDAY + number, MONDAY + number, None, None)


def numbers(folder: Path) -> list[int]:
    return [line["number"] for line in written(folder)]


def lines(folder: Path) -> list[dict[str, Any]]:
    return list(written(folder / "diary"))


def lived_through(folder: Path, rows: list[Row], stops: set[int]) -> list[dict[str, Any]]:
    """Let an agent live through it that is killed before some of the readings."""
    clock = ManualClock(mono=MONDAY, wall=MONDAY)
    life = Life(home(), folder, clock)
    sensors = home().sensors
    for index, (at, sensor, value) in enumerate(rows):
        if index in stops:
            life = Life(home(), folder, clock)
        quantity = sensors[sensor].traits.quantities[0]
        life.feed(sensor, quantity, value, after_s=at - clock.mono())
    life.finish()
    return lines(folder)


def test_what_was_done_is_kept_in_order(tmp_path: Path) -> None:
    """Outings, nights and meals of ordinary days, as a replay gives them."""
    kept = lived_through(tmp_path, ROWS, set())
    expected = [activity.document for activity in lived(DAYS).pipeline.activities]
    assert len(expected) > 2 * DAYS
    assert [line["number"] for line in kept] == list(range(1, len(expected) + 1))
    assert [{k: v for k, v in line.items() if k != "number"} for line in kept] == expected


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stops=st.sets(st.integers(1, len(ROWS) - 1), min_size=1, max_size=4))
def test_a_kill_at_any_moment_neither_loses_nor_repeats_a_line(
    stops: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is concluded again after a restart has the number that it had."""
    kept = lived_through(tmp_path_factory.mktemp("killed"), ROWS, stops)
    assert [line["number"] for line in kept] == list(range(1, len(kept) + 1))
    starts = [(line["activity"], line["start"]) for line in kept if "corrects" not in line]
    assert len(starts) == len(set(starts))


def test_what_is_put_again_is_passed_over(tmp_path: Path) -> None:
    """By its number; a new one is taken."""
    diary = Diary(tmp_path)
    diary.put([(n, activity(n)) for n in (1, 2)])
    diary.close()
    diary = Diary(tmp_path)
    assert diary.last_number == 2
    diary.put([(n, activity(n)) for n in (1, 2, 3)])
    assert numbers(tmp_path) == [1, 2, 3]


def test_the_oldest_lines_go_when_the_bound_is_reached(tmp_path: Path) -> None:
    """The newest stay."""
    diary = Diary(tmp_path, bound_bytes=0)
    for n in range(1, 2501):
        diary.put([(n, activity(n))])
    left = numbers(tmp_path)
    assert left[-1] == 2500
    assert left == list(range(left[0], 2501))
    assert 1 < left[0] <= 2500


def test_a_disk_that_refuses_is_told_of_and_loses_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is put again every second until it is on disk."""
    clock = ManualClock(mono=MONDAY, wall=MONDAY)
    life = Life(home(), tmp_path, clock)
    disk = FaultyDisk(tmp_path / "diary", monkeypatch)
    disk.fail(3)
    life.keeper.keep([], [], [(1, activity(1))])
    life.turn()
    assert "device.fault/storage.diary" in life.pipeline.ledger.alarms
    assert lines(tmp_path) == []
    disk.heal()
    for _ in range(3):
        clock.advance(1.0)
        life.turn()
    assert [line["number"] for line in lines(tmp_path)] == [1]
    assert "device.fault/storage.diary" not in life.pipeline.ledger.alarms


def test_a_damaged_line_is_counted_with_what_else_is_damaged(tmp_path: Path) -> None:
    """The rest is kept, and a technician hears of it."""
    diary = Diary(tmp_path / "diary")
    diary.put([(n, activity(n)) for n in (1, 2, 3)])
    diary.close()
    (segment,) = (tmp_path / "diary").glob("*/*.seg")
    data = segment.read_bytes()
    segment.write_bytes(data.replace(b"outing", b"OUTING", 1))
    life = Life(home(), tmp_path, ManualClock(mono=MONDAY, wall=MONDAY))
    assert life.keeper._stock().damaged == 1
    assert [line["number"] for line in lines(tmp_path)] == [2, 3]


def test_numbers_go_on_from_a_saved_state() -> None:
    """A snapshot knows how many there have been; one of an earlier release knows of none."""
    player = lived(DAYS)
    document = remember(player.pipeline)
    assert document["lived"] == len(player.pipeline.activities)
    fresh = type(player)(home()).pipeline
    recall(fresh, document)
    assert fresh.lived == len(player.pipeline.activities)
    del document["lived"]
    recall(fresh, document)
    assert fresh.lived == 0


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside a running agent, as JSON lines from a number on."""
    agent = homes.Lived(tmp_path)
    agent.live(ROWS)
    assert main(["activities", "export", "--state", str(tmp_path)]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert printed == lines(tmp_path)
    assert main(["activities", "export", "--state", str(tmp_path), "--since", "3"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["number"] == 4


def test_a_folder_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what it should have been."""
    assert main(["activities", "export", "--state", str(tmp_path / "no")]) != 0
    assert "is a home agent's state folder" in capsys.readouterr().err.replace(
        f"is {tmp_path / 'no'} a", "is a"
    )
