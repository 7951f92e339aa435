"""`street-agent replay`: recorded cases, splitting, bad input."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.cli import main

REPLAYS = Path(__file__).parent / "replays"
# Made cases, of which tests/test_home_cases.py tells, have their readings compressed.
CASES = sorted(file.parent for file in REPLAYS.glob("*/readings.csv"))
STREET = CASES[0].parent / "flood-to-red"


def replay(*words: object) -> int:
    return main(["replay", *map(str, words)])


def end_of_day(readings: Path) -> str:
    last = datetime.fromisoformat(readings.read_text().splitlines()[-1].split(",")[0])
    return (last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)).isoformat()


def assert_case(case: Path, folder: Path, *readings: Path) -> None:
    """Replay these as the case's recording, to the end of its last day."""
    out, until = folder / "events.jsonl", end_of_day(case / "readings.csv")
    words = ["--config", case / "config.toml", *readings, "--events", out, "--until", until]
    assert replay(*words) == 0
    assert out.read_text() == (case / "events.jsonl").read_text()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_recorded_case_gives_its_events(case: Path, tmp_path: Path) -> None:
    """Byte for byte what the case's events.jsonl says, up to the end of its last day."""
    assert_case(case, tmp_path, case / "readings.csv")


@pytest.mark.parametrize("cut", [1, 55, 90, 150, 299])
def test_halves_give_what_the_whole_gives(cut: int, tmp_path: Path) -> None:
    """Split anywhere with --save-state and --from-state."""
    rows = (STREET / "readings.csv").read_text().splitlines(keepends=True)
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("".join(rows[: cut + 1]))
    second.write_text(rows[0] + "".join(rows[cut + 1 :]))
    state, config = tmp_path / "state", STREET / "config.toml"
    outs = [tmp_path / name for name in ("whole", "one", "two")]
    replay("--config", config, STREET / "readings.csv", "--events", outs[0])
    replay("--config", config, first, "--events", outs[1], "--save-state", state)
    replay("--config", config, second, "--events", outs[2], "--from-state", state)
    whole, one, two = (out.read_text() for out in outs)
    assert one + two == whole
    assert whole


def test_several_files_are_merged_by_time_and_gz_is_read(tmp_path: Path) -> None:
    """One file a sensor, compressed or not, is the same recording."""
    rows = (STREET / "readings.csv").read_text().splitlines(keepends=True)
    odd, even = tmp_path / "odd.csv.gz", tmp_path / "even.csv"
    odd.write_bytes(gzip.compress((rows[0] + "".join(rows[1::2])).encode()))
    even.write_text(rows[0] + "".join(rows[2::2]))
    assert_case(STREET, tmp_path, odd, even)


def test_json_lines_are_read_as_well(tmp_path: Path) -> None:
    """What `buffer export` writes is a recording."""
    lines = tmp_path / "readings.jsonl"
    rows = [row.split(",") for row in (STREET / "readings.csv").read_text().splitlines()[1:]]
    lines.write_text(
        "".join(
            json.dumps({"time": t, "sensor": s, "quantity": q, "value": float(v)}) + "\n"
            for t, s, q, v in rows
        )
    )
    assert_case(STREET, tmp_path, lines)


def exported(folder: Path, walls: Sequence[tuple[str, float, float, bool]]) -> Path:
    """What `buffer export` writes of a flood: boot, mono, wall and synced of each reading."""
    lines = [
        {"time": datetime.fromtimestamp(wall, UTC).isoformat(), "sensor": "road-level",
         "quantity": "distance_mm", "value": 2700.0 - 12 * n, "mono": mono, "boot": boot,
         "sequence": n + 1, "synced": synced}
        for n, (boot, mono, wall, synced) in enumerate(walls)
    ]  # fmt: skip
    path = folder / "export.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("step", [-3 * 31_557_600.0, 10 * 31_557_600.0, 0.0])
def test_an_export_over_a_step_of_the_clock_is_replayed(step: float, tmp_path: Path) -> None:
    """Set years back or forth for a while, or not: the same events at the same times."""
    true = 1_790_000_000.0
    walls = [("b1", 60.0 * n, true + 60 * n + step * (10 <= n < 25), True) for n in range(40)]
    out = tmp_path / "events.jsonl"
    readings = exported(tmp_path, walls)
    assert replay("--config", STREET / "config.toml", readings, "--events", out) == 0
    events = [json.loads(line) for line in out.read_text().splitlines()]
    levels = dict.fromkeys(event["data"]["level"] for event in events)
    assert list(levels) == ["blue", "yellow", "orange", "red"]
    first = datetime.fromisoformat(events[0]["time"]).timestamp()
    assert first == pytest.approx(true + 60 * 11, abs=60)


def test_what_was_stamped_before_the_first_synchronisation_is_dated(tmp_path: Path) -> None:
    """A boot at 1970, then the time: all of it lies where it was."""
    true = 1_790_000_000.0
    walls = [("b1", 60.0 * n, 60.0 * n if n < 20 else true + 60 * n, n >= 20) for n in range(40)]
    out = tmp_path / "events.jsonl"
    readings = exported(tmp_path, walls)
    assert replay("--config", STREET / "config.toml", readings, "--events", out) == 0
    assert json.loads(out.read_text().splitlines()[0])["time"].startswith("2026-09-21T14:")


def test_the_last_year_is_out_of_bounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No local time can be told of its end: a bad row with its line, and no traceback."""
    readings = tmp_path / "r.csv"
    readings.write_text("time,sensor,value\n9999-12-31T23:59:59Z,road-level,2700\n")
    assert replay("--config", STREET / "config.toml", readings) == 1
    assert ":2: time beyond the year 9998" in capsys.readouterr().err
    readings.write_text("time,sensor,value\n9998-12-31T23:59:59Z,road-level,2700\n")
    assert replay("--config", STREET / "config.toml", readings) == 0
    assert replay("--config", STREET / "config.toml", readings, "--until", "9999-12-31") == 1


def test_an_hour_that_clocks_go_through_twice_does_not_go_back(tmp_path: Path) -> None:
    """Local times at the end of summer time are read in their order."""
    config = tmp_path / "site.toml"
    text = (STREET / "config.toml").read_text().replace("Asia/Shanghai", "Europe/Berlin")
    config.write_text(text)
    readings = tmp_path / "r.csv"
    times = [
        "2026-10-25T02:30:00",
        "2026-10-25T02:59:00",
        "2026-10-25T02:01:00",
        "2026-10-25T03:00:00",
    ]
    readings.write_text("time,sensor,value\n" + "".join(f"{t},road-level,2700\n" for t in times))
    assert replay("--config", config, readings, "--events", tmp_path / "out") == 0


BAD = {
    "2026-06-01T00:00:00+08:00,road-level,distance_mm,2700": "time goes back to 2026-06-01T00:00:00+08:00",
    "yesterday,road-level,distance_mm,2700": "Invalid isoformat string: 'yesterday'",
    "2026-06-02T00:00:00+08:00,road-levl,distance_mm,2700": "no sensor 'road-levl' in the configuration; it has road-level",
    "2026-06-02T00:00:00+08:00,road-level,ph,7": "sensor road-level has no 'ph'; it has distance_mm",
    "2026-06-02T00:00:00+08:00,road-level,distance_mm,deep": "could not convert string to float: 'deep'",
    "2026-06-02T00:00:00+08:00,road-level": "2 fields where 4 belong",
}


@pytest.mark.parametrize(("row", "complaint"), BAD.items())
def test_a_bad_row_is_an_error_with_file_and_line_or_is_skipped(
    row: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1 and file:line: reason; with --skip-bad it is counted, and the rest goes on."""
    readings = tmp_path / "r.csv"
    good = [
        "2026-06-01T08:00:00+08:00,road-level,distance_mm,2700",
        "2026-06-03T08:00:00+08:00,road-level,distance_mm,2700",
    ]
    readings.write_text("\n".join(["time,sensor,quantity,value", good[0], row, good[1]]) + "\n")
    words = ["--config", STREET / "config.toml", readings, "--events", tmp_path / "out"]
    assert replay(*words) == 1
    assert f"{readings}:3: {complaint}" in capsys.readouterr().err
    assert replay(*words, "--skip-bad") == 0
    assert "2 readings" in (said := capsys.readouterr().err)
    assert "1 bad rows skipped" in said


def test_two_state_values_are_0_or_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A motion of 5 is no reading."""
    case = CASES[0].parent / "cord-pulled"
    readings = tmp_path / "r.csv"
    readings.write_text("time,sensor,value\n2026-06-01T08:00:00+08:00,cord,5\n")
    assert replay("--config", case / "config.toml", readings) == 1
    assert ":2: help is 0 or 1, not 5" in capsys.readouterr().err


def test_files_that_cannot_be_read_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing, not CSV, broken gzip, no state: one line each, no traceback."""
    config = STREET / "config.toml"
    broken, text, state = tmp_path / "b.csv.gz", tmp_path / "t.csv", tmp_path / "state"
    broken.write_bytes(gzip.compress(b"time,sensor,value\n" * 1000)[:40])
    text.write_text("a,b\n")
    state.write_text('{"format": 99}')
    no_object, long = tmp_path / "list", tmp_path / "long.csv"
    no_object.write_text("[]")
    long.write_text("time,sensor,value\n2026-06-01T08:00:00+08:00,road-level," + "9" * 200_000)
    good = STREET / "readings.csv"
    cases = {
        "missing.csv: No such file or directory": [tmp_path / "missing.csv"],
        "b.csv.gz: ": [broken],
        "t.csv:1: the header must be time,sensor,quantity,value; missing": [text],
        "state: not a state that this release can use: a state of format 99": [
            good,
            "--from-state",
            state,
        ],
        "list: not a state that this release can use: not a JSON object": [
            good,
            "--from-state",
            no_object,
        ],
        "long.csv: field larger than field limit": [long],
        "--until: 'soon' is no ISO 8601 time": [good, "--until", "soon"],
        "--until: 2020-01-01 lies before the last reading": [good, "--until", "2020-01-01"],
    }
    for complaint, words in cases.items():
        assert replay("--config", config, *words) == 1
        assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--events", "--activities", "--save-state"])
def test_no_input_is_overwritten(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording that is named as output as well stays as it is."""
    readings = tmp_path / "r.csv"
    readings.write_text(recorded := (STREET / "readings.csv").read_text())
    assert replay("--config", STREET / "config.toml", readings, option, readings) == 1
    assert f"{readings}: is read by this replay" in capsys.readouterr().err
    assert readings.read_text() == recorded


def test_for_people_every_line_fits_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """English wrapped at 80 columns; one block an event."""
    assert replay("--config", STREET / "config.toml", STREET / "readings.csv") == 0
    out = capsys.readouterr().out
    assert "广州市黄埔区萝岗街下中路内涝红色预警，请提醒市民及时绕行。" in out
    english = [line for line in out.splitlines() if line.isascii()]
    assert english
    assert max(map(len, english)) <= 80


def test_the_second_half_may_not_begin_before_the_first_ended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Time does not go back across a saved state either."""
    state, config, readings = tmp_path / "state", STREET / "config.toml", STREET / "readings.csv"
    until = end_of_day(readings)
    assert replay("--config", config, readings, "--save-state", state, "--until", until) == 0
    assert replay("--config", config, readings, "--from-state", state) == 1
    assert ":2: time goes back" in capsys.readouterr().err


def test_event_numbers_and_ids_are_unique_and_in_order() -> None:
    """Sequences count from 1 without a hole, ids never repeat."""
    for case in CASES:
        events = [json.loads(line) for line in (case / "events.jsonl").read_text().splitlines()]
        assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
        assert len({event["id"] for event in events}) == len(events)
        for before, after in itertools.pairwise(events):
            assert before["time"] <= after["time"]


def test_a_full_disk_behind_the_output_is_one_line() -> None:
    """No traceback where stdout cannot be written."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "agent", "replay", "--config", str(STREET / "config.toml"),
             str(STREET / "readings.csv"), "--events", "-"],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert "street-agent replay: [Errno 28] No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode != 0
