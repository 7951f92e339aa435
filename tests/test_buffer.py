"""The buffer of inputs: round trips, sending, running again, thinning, export."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import signal
import stat
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli import main
from agent.errors import StorageError, StorageFull
from agent.events import DeviceState, Gap, Input
from agent.store.buffer import Buffer, Thinned, encode, from_document, recorded, to_document
from agent.store.claim import claim
from agent.store.journal import to_json
from agent.store.settings import StoreSettings
from drivers.reading import (
    GOOD,
    Grade,
    Quality,
    Quantity,
    Reading,
    SensorState,
    SensorStatus,
    Stamp,
)

MIB = 1 << 20

seconds = st.floats(allow_nan=False)
stamps = st.builds(
    Stamp, st.text(max_size=12), seconds, seconds, st.booleans(), st.integers(1, 10**11)
)
qualities = st.just(GOOD) | st.builds(
    Quality, st.sampled_from(Grade), st.lists(st.text(max_size=5), max_size=3).map(tuple)
)
inputs = (
    st.builds(Reading, st.text(), st.sampled_from(Quantity), seconds, stamps, qualities)
    | st.builds(SensorState, st.text(), st.sampled_from(SensorStatus), st.text(), stamps)
    | st.builds(DeviceState, st.text(), st.text(), stamps)
    | st.builds(Gap, seconds, stamps)
)


def stamp(sequence: int) -> Stamp:
    return Stamp(
        "b00700700700", 1000 + sequence / 7, 1.79e9 + sequence / 7, synced=True, sequence=sequence
    )


def reading(sequence: int) -> Reading:
    return Reading("road-level", Quantity.DEPTH_MM, sequence / 3, stamp(sequence))


def fill(buffer: Buffer, first: int, last: int) -> None:
    for sequence in range(first, last + 1):
        buffer.append(reading(sequence))


def sequences(items: list[Reading]) -> list[int]:
    return [item.stamp.sequence for item in items]


@given(inputs)
def test_an_input_comes_back_the_same(item: Input) -> None:
    """Every kind of input survives being stored, with exact floats."""
    plain = json.loads(json.dumps(to_document(item)))
    assert from_document(plain, item.stamp.sequence) == item


def test_a_reading_is_small(tmp_path: Path) -> None:
    """A stored reading takes at most 125 bytes, and NaN comes back as NaN."""
    buffer = Buffer(tmp_path, MIB)
    for sequence in range(1, 101):
        buffer.append(Reading("bedroom-pir", Quantity.MOTION, 1.0, stamp(sequence)))
    file = next(tmp_path.glob("*/*.seg"))
    assert len(file.read_bytes().rstrip(b"\0")) / 100 <= 125
    buffer.append(Reading("x", Quantity.PH, math.nan, stamp(101)))
    assert math.isnan(buffer.take(100, 1)[0].value)


def test_readings_are_taken_in_order_until_acknowledged(tmp_path: Path) -> None:
    """Take gives the oldest above a sequence; acknowledging some leaves the others."""
    buffer = Buffer(tmp_path, MIB)
    fill(buffer, 1, 2500)
    assert sequences(buffer.take(0, 3)) == [1, 2, 3]
    assert sequences(buffer.take(2, 3)) == [3, 4, 5]
    assert sequences(buffer.take(2498, 9)) == [2499, 2500]
    assert buffer.take(2500, 9) == []
    buffer.acknowledge(range(1, 1001))
    buffer.acknowledge({1002, 1004})
    assert sequences(buffer.take(0, 4)) == [1001, 1003, 1005, 1006]
    assert buffer.waiting == 1498
    buffer.close()
    again = Buffer(tmp_path, MIB)
    assert sequences(again.take(0, 4)) == [1001, 1003, 1005, 1006]
    assert again.last_sequence == 2500
    with pytest.raises(ValueError, match="2501 is the lowest"):
        again.append(reading(2500))


def test_what_is_no_reading_is_kept_and_never_sent(tmp_path: Path) -> None:
    """States and gaps are passed over by take, acknowledged by that, and run again by since."""
    buffer = Buffer(tmp_path, MIB)
    items = [
        SensorState("pir", SensorStatus.LOST, "unplugged", stamp(1)),
        reading(2),
        Gap(3.0, stamp(3)),
        DeviceState("storage", "", stamp(4)),
        reading(5),
        Gap(5.0, stamp(6), is_known=False, given=17),
    ]
    for item in items:
        buffer.append(item)
    assert sequences(buffer.take(0, 9)) == [2, 5]
    assert buffer.waiting == 2
    assert list(buffer.since(0)) == items
    assert list(buffer.since(3)) == items[3:]


def test_segments_stay_until_no_restart_needs_them(tmp_path: Path) -> None:
    """What is acknowledged stays from keep_from on; reap deletes whole segments below it."""
    buffer = Buffer(tmp_path, MIB)
    fill(buffer, 1, 7000)
    buffer.acknowledge(range(1, 7001))
    assert len(list(buffer.since(0))) == 7000, "before a snapshot says so, nothing goes"
    first = next(i.stamp.sequence for i in buffer.since(0))
    buffer.keep_from = 3000
    buffer.reap()
    left = [i.stamp.sequence for i in buffer.since(0)]
    assert first < left[0] <= 3000
    assert left == list(range(left[0], 7001))
    buffer.keep_from = 7001
    buffer.reap()
    assert [i.stamp.sequence for i in buffer.since(0)][-1] == 7000, "the newest segment stays"
    assert buffer.waiting == 0


def test_what_is_sent_stays_for_a_while_to_be_looked_at(tmp_path: Path) -> None:
    """So many segments stay that nobody waits for, are not counted as waiting, and go first."""
    buffer = Buffer(tmp_path, 8 * MIB, history=3)
    buffer.keep_from = 20_001
    fill(buffer, 1, 12_000)
    buffer.acknowledge(range(1, 12_001))
    left = [item.stamp.sequence for item in recorded(tmp_path, 0)]
    assert left == list(range(left[0], 12_001))
    assert 4000 < len(left) <= 6000
    assert buffer.waiting == 0
    assert buffer.thin()
    assert buffer.thinned.count == 0


def test_the_oldest_are_thinned_and_counted(tmp_path: Path) -> None:
    """Beyond its bound it drops whole segments, and counts unsent readings with their times."""
    buffer = Buffer(tmp_path, MIB)
    buffer.keep_from = 12_001  # no restart needs them
    fill(buffer, 1, 100)
    buffer.acknowledge(range(1, 101))
    buffer.append(Gap(0.0, stamp(101)))
    fill(buffer, 102, 12_000)
    assert buffer.size_bytes <= MIB
    left = sequences(buffer.take(0, 20_000))
    assert left == list(range(left[0], 12_001))
    assert left[0] > 101
    expected = Thinned(left[0] - 102, stamp(102).wall, stamp(left[0] - 1).wall)
    assert buffer.thinned == expected
    assert buffer.waiting == len(left)


def test_what_a_restart_needs_goes_last(tmp_path: Path) -> None:
    """The least bound holds two snapshot intervals of inputs beside what is thinned."""
    needed = 40_000  # inputs between the last snapshot but one and now
    buffer = Buffer(tmp_path, StoreSettings(readings_mib=8).readings_mib * MIB, group=1000)
    for first in range(1, 90_001, 1000):
        buffer.extend([reading(number) for number in range(first, first + 1000)])
        buffer.keep_from = max(1, first + 1000 - needed)
    thinned = buffer.thinned
    assert thinned.count > 20_000
    assert thinned.needed == 0
    left = [item.stamp.sequence for item in buffer.since(buffer.keep_from - 1)]
    assert left == list(range(buffer.keep_from, 90_001))
    while buffer.thin():
        pass
    assert buffer.thinned.needed == next(buffer.since(0)).stamp.sequence - left[0]
    with pytest.raises(ValueError, match="7 is outside 8"):
        StoreSettings(readings_mib=7)


@given(inputs)
def test_a_plain_reading_is_spelled_like_the_rest(item: Input) -> None:
    """What is spelled by hand is, character by character, what the general encoder gives."""
    assert encode(item) == to_json(to_document(item))


def test_a_group_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs handed over together are written and synced together, and come back the same."""
    buffer = Buffer(tmp_path, MIB)
    buffer.append(reading(1))
    buffer.sync()
    calls: list[str] = []
    for name in ("pwrite", "fdatasync"):
        original = getattr(os, name)
        monkeypatch.setattr(
            os, name, lambda *args, n=name, call=original: calls.append(n) or call(*args)
        )
    items = [*map(reading, range(2, 40)), Gap(1.0, stamp(40)), reading(45)]
    buffer.extend(items)
    assert calls == ["pwrite", "fdatasync"]
    assert list(Buffer(tmp_path, MIB).since(1)) == items


def test_a_full_disk_thins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no new segment fits, the oldest goes for it; where none is left, it is StorageFull."""
    buffer = Buffer(tmp_path, MIB)
    fill(buffer, 1, 5000)
    original = os.fsync

    def fsync(fd: int) -> None:
        if stat.S_ISREG(os.fstat(fd).st_mode) and len(list(tmp_path.glob("*/*.seg"))) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        original(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    fill(buffer, 5001, 8000)
    assert buffer.last_sequence == 8000
    assert buffer.thinned.count > 2000

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageFull):
        fill(buffer, 8001, 12_000)


def test_it_syncs_once_a_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than a group is ever at the mercy of the power; sync without need does nothing."""
    buffer = Buffer(tmp_path, MIB, group=32)
    buffer.append(reading(1))
    syncs: list[int] = []
    original = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: syncs.append(fd) or original(fd))
    most = 0
    for sequence in range(2, 97):
        buffer.append(reading(sequence))
        most = max(most, buffer.unsynced)
    assert (len(syncs), most, buffer.unsynced) == (3, 31, 0)
    buffer.sync()
    buffer.append(reading(97))
    buffer.sync()
    assert len(syncs) == 4


def test_a_folder_without_a_segment_has_no_records(tmp_path: Path) -> None:
    """As beside an agent that has just been installed."""
    (tmp_path / "inputs").mkdir()
    assert list(recorded(tmp_path, 0)) == []


def test_what_a_later_release_wrote_is_passed_over(tmp_path: Path) -> None:
    """A record that means nothing here is set aside and counted once; the rest is delivered."""
    buffer = Buffer(tmp_path, MIB)
    buffer.append(reading(1))
    for document in ({"new": 1}, {"s": 1, "q": "magic", "v": 1, "b": "", "m": 0, "w": 0}):
        buffer._table.insert(document)
    buffer.append(reading(4))
    assert sequences(buffer.take(0, 9)) == [1, 4]
    assert sequences(buffer.take(0, 9)) == [1, 4]
    assert (buffer.damage.count, buffer.damage.first, buffer.damage.last) == (2, 2, 3)
    assert b'"magic"' in (tmp_path / "inputs" / "damaged").read_bytes()
    assert sequences(list(recorded(tmp_path, 0))) == [1, 4]
    assert Buffer(tmp_path, MIB).waiting == 2


APPEND = """
import sys
from pathlib import Path
from agent.store.buffer import Buffer
from drivers.reading import Quantity, Reading, Stamp
buffer = Buffer(Path(sys.argv[1]), 1 << 30)
for sequence in range(buffer.last_sequence + 1, 10**9):
    stamp = Stamp("b", sequence / 7, sequence / 3, True, sequence)
    buffer.append(Reading("road", Quantity.DEPTH_MM, sequence / 9, stamp))
    print(sequence, flush=True)
"""


def test_killed_in_the_middle_of_appends(tmp_path: Path) -> None:
    """What a process was told is stored is there after kill -9, again and again."""
    told = 0
    for run in range(4):
        command = [sys.executable, "-c", APPEND, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                told = int(line)
                if told > (run + 1) * 700:
                    process.send_signal(signal.SIGKILL)
                    break
            rest = process.stdout.read().split("\n")
        told = int(rest[-2]) if len(rest) > 1 else told
        buffer = Buffer(tmp_path, 1 << 30)
        found = list(buffer.since(0))
        assert [i.stamp.sequence for i in found] == list(range(1, len(found) + 1))
        assert len(found) >= told
        assert found[told - 1].stamp.mono == told / 7
        assert buffer.damage.count == 0
        buffer.close()


def export(*words: str) -> tuple[int, list[dict[str, object]], str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(["buffer", "export", *words])
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_export_of_a_buffer_in_which_nothing_is_yet(tmp_path: Path) -> None:
    """A folder without a segment is empty, not broken."""
    Buffer(tmp_path / "readings", MIB).close()
    assert export("--state", str(tmp_path)) == (0, [], "")


def test_export_beside_a_running_agent(tmp_path: Path) -> None:
    """Export prints the readings, sent or not, of a folder in use, and changes nothing in it."""
    with claim(tmp_path):
        buffer = Buffer(tmp_path / "readings", MIB)
        fill(buffer, 1, 3)
        buffer.append(Gap(0.0, stamp(4)))
        fill(buffer, 5, 1200)
        buffer.acknowledge(range(1, 900))
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        code, lines, _ = export("--state", str(tmp_path))
        assert code == 0
        assert [line["sequence"] for line in lines] == [1, 2, 3, *range(5, 1201)]
        assert lines[6] == {
            "time": "2026-09-21T14:13:21.142857Z",
            "sensor": "road-level",
            "quantity": "depth_mm",
            "value": 8 / 3,
            "mono": 1000 + 8 / 7,
            "boot": "b00700700700",
            "sequence": 8,
            "synced": True,
        }
        assert [x["sequence"] for x in export("--state", str(tmp_path), "--since", "1198")[1]] == [
            1199,
            1200,
        ]
        after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert after == before


def test_export_names_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing folder is named; one that may not be read is exit code 5 with what to do."""
    code, lines, text = export("--state", str(tmp_path / "none"))
    assert (code, lines) == (1, [])
    assert "none/readings/inputs: No such file or directory" in text

    def denied(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "scandir", denied)
    code, _, text = export("--state", str(tmp_path))
    assert code == 5
    assert "Permission denied" in text


def test_one_agent_a_folder(tmp_path: Path) -> None:
    """A second claim names the folder and the process that has it; it is free when closed."""
    folder = tmp_path / "state"
    with claim(folder), pytest.raises(StorageError) as caught:
        claim(folder)
    assert f"{folder}: in use by process {os.getpid()}" in str(caught.value)
    with claim(folder):
        pass
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file"):
        claim(tmp_path / "file")
