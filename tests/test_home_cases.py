"""The made cases: what is declared must hold, whatever the golden files say; and they hold too."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cases import Case
from cases import told as claim
from home_cases import CASES
from playing import READINGS, REPLAYS, in_short, lines, played, said, until
from replays.make import recording
from resident import Life

from agent import detectors
from agent.cli import main
from agent.cli.buffer import line
from drivers.reading import Reading

KEPT = [case for case in CASES.values() if not case.unkept]
UNKEPT = [case for case in CASES.values() if case.unkept]
MOST_BYTES = 2_000_000


def name_of(case: Case) -> str:
    return case.name


def hours(case: Case, at: float) -> str:
    """A moment as a failing test shows it: day and hour."""
    since = (at - case.begun().moment(0)) / 3600
    return f"{since // 24:.0f}/{since % 24:.2f}"


def assert_claims(case: Case) -> None:
    found = said(played(case))
    story = "\n".join(f"{hours(case, at)} {' '.join(words.values())}" for at, words in found)
    assert not case.missing(found), story
    assert not case.unexpected(found), story


@pytest.mark.parametrize("case", KEPT, ids=name_of)
def test_what_is_declared_is_said_and_nothing_else(case: Case) -> None:
    """Kind, level, reason and time of everything that is told, by the declaration alone."""
    assert_claims(case)


@pytest.mark.parametrize("case", UNKEPT, ids=name_of)
def test_what_is_promised_and_not_kept_is_known(case: Case) -> None:
    """Whoever keeps it takes its `unkept` away."""
    found = said(played(case))
    assert case.missing(found) or case.unexpected(found)


@pytest.mark.parametrize("case", CASES.values(), ids=name_of)
def test_a_made_case_gives_its_events(case: Case) -> None:
    """Byte for byte; `python tests/replays/make.py --events CASE` writes them anew."""
    assert lines(played(case)) == (REPLAYS / case.name / "events.jsonl").read_text()


@pytest.mark.parametrize("case", CASES.values(), ids=name_of)
def test_a_recording_is_what_its_declaration_makes(case: Case) -> None:
    """`python tests/replays/make.py CASE` writes it."""
    name, text = recording(case)
    folder = REPLAYS / case.name
    assert gzip.decompress((folder / name).read_bytes()).decode() == text
    assert (folder / "config.toml").read_text() == case.config()
    assert {path.name for path in folder.iterdir()} == {"config.toml", "events.jsonl", name}


@pytest.mark.parametrize("case", [c for c in CASES.values() if c.keeps], ids=name_of)
def test_what_a_case_keeps_is_promised_somewhere(case: Case) -> None:
    """The words stand in a detector's docstring as they stand in the case."""
    folder = Path(detectors.__file__).parent
    promised = [" ".join(file.read_text().split()) for file in folder.glob("*.py")]
    assert any(case.keeps in text for text in promised)


def test_all_recordings_together_are_small() -> None:
    """Nobody waits for them when the repository is cloned."""
    sizes = [file.stat().st_size for name in CASES for file in (REPLAYS / name).iterdir()]
    assert sum(sizes) < MOST_BYTES


def test_events_of_a_case_are_numbered_and_in_order() -> None:
    """Numbers rise, and without a hole until a reboot; ids never repeat; time does not go back."""
    for case in CASES.values():
        events = played(case)
        numbers = [event.sequence for event in events]
        assert numbers == sorted(set(numbers))
        if (REPLAYS / case.name / READINGS).exists():
            assert numbers == list(range(1, len(events) + 1))
        assert len({event.id for event in events}) == len(events)
        assert [event.mono for event in events] == sorted(event.mono for event in events)


def nobody_lives(life: Life) -> None:
    life.silence(0)


STILLNESS = {"kind": "home.stillness", "step": "raised", "level": "orange", "reason": "line"}


@pytest.mark.parametrize(
    ("hour", "changed", "is_fine"),
    [(13.0, {}, True), (14.1, {}, False), (13.0, {"level": "yellow"}, False),
     (13.0, {"reason": "room"}, False), (13.0, {"kind": "home.sleep"}, False)],
)  # fmt: skip
def test_a_declaration_can_fail(hour: float, changed: dict[str, str], is_fine: bool) -> None:
    """Another time, level, reason or kind is both missing and unexpected."""
    case = Case(
        "x", "", nobody_lives, must=(claim("home.stillness", "orange", "line", 0, 12.5, 14),)
    )
    found = [(case.begun().moment(hour), STILLNESS | changed)]
    assert (not case.missing(found), not case.unexpected(found)) == (is_fine, is_fine)


def test_a_kind_beside_has_a_highest_level() -> None:
    """What a case is not about may not become urgent behind its back."""
    case = Case("x", "", nobody_lives, beside={"home.stillness": "yellow"})
    at = case.begun().moment(13)
    assert not case.unexpected([(at, STILLNESS | {"level": "yellow"})])
    assert case.unexpected([(at, STILLNESS)])


@pytest.mark.parametrize(
    "name", ["still-beyond-this-hours-limit", "not-up-after-summer-time-began"]
)
def test_the_command_gives_the_same(name: str, tmp_path: Path) -> None:
    """`street-agent replay`, with the case that this one follows as its first file."""
    case, out = CASES[name], tmp_path / "events.jsonl"
    files = [REPLAYS / each / READINGS for each in (case.follows, name) if each]
    end = datetime.fromtimestamp(until(case, case.made().readings()[-1][0]), UTC).isoformat()
    words = ["--config", REPLAYS / name / "config.toml", *files, "--events", out, "--until", end]
    assert main(["replay", *map(str, words)]) == 0
    assert out.read_text() == (REPLAYS / name / "events.jsonl").read_text()


@pytest.mark.parametrize("name", ["clock-eight-hours-ahead", "clock-eight-hours-behind"])
def test_an_export_over_a_set_clock_is_replayed_as_it_was_lived(name: str, tmp_path: Path) -> None:
    """What `buffer export` writes of it, with both clocks, meets the same declaration."""
    case, out, export = CASES[name], tmp_path / "events.jsonl", tmp_path / "export.jsonl"
    readings = [item for item in case.made().inputs() if isinstance(item, Reading)]
    export.write_text("".join(f"{json.dumps(line(item))}\n" for item in readings))
    assert any(item.stamp.wall != item.stamp.mono for item in readings)
    end = datetime.fromtimestamp(case.begun().moment(case.until), UTC).isoformat()
    words = ["--config", REPLAYS / name / "config.toml", REPLAYS / case.follows / READINGS, export,
             "--events", out, "--until", end]  # fmt: skip
    assert main(["replay", *map(str, words)]) == 0
    payloads = [json.loads(row) for row in out.read_text().splitlines()]
    found = [in_short(each, datetime.fromisoformat(each["time"]).timestamp()) for each in payloads]
    assert found
    assert not case.missing(found)
    assert not case.unexpected(found)
