"""`street-agent habits`: what is shown, from where, and what is said where there is nothing."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import homes
import pytest
from routine import at, day, stirring
from routine import lived as lived_days
from sites import home, limits, site, two_state

from agent.cli import main
from agent.detectors import patience
from agent.habits.day import MIDDLE_H, Day, gather
from agent.habits.drawing import lines
from agent.habits.words import sentences
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.site import Profile, Role
from agent.store.snapshots import stored
from agent.width import columns
from drivers.reading import Quantity

Living = Callable[[int], Path]


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Living]:
    """A state folder whose agent has run for some days, and has it open still."""
    made: list[homes.Lived] = []

    def live(days: int) -> Path:
        agent = homes.Lived(tmp_path / "state")
        made.append(agent)
        agent.live(homes.rows(days))
        agent.snapshot()
        return tmp_path / "state"

    homes.config(tmp_path)
    yield live
    for agent in made:
        agent.close()


def habits(folder: Path, *words: str) -> int:
    return main(["habits", str(folder / "site.toml"), *words])


def gathered(folder: Path) -> Day:
    pipeline = Pipeline(home(), limits())
    document = stored(folder / "snapshots", "pipeline")
    assert document is not None
    assert recall(pipeline, document["pipeline"]) == []
    found = gather(pipeline)
    assert found is not None
    return found


def test_a_learned_home(lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Days, limits, sleep, outings and meals as the made days have them, in 80 columns."""
    state = lived(17)
    assert habits(tmp_path, "--state", str(state), "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "16 days known: limits are this person's own." in shown
    assert "asleep 22:42" in shown
    assert "up 07:00" in shown
    assert "17 outings, most begun 09:00-09:30, the longest 90 min" in shown
    assert "[breakfast][ lunch  ][  dinner  ]" in shown
    assert "Every sensor is believed." in shown
    assert habits(tmp_path, "--state", str(state)) == 0
    both = capsys.readouterr().out
    assert "限值按个人习惯" in both
    assert "limits are this person's own" in both
    assert max(columns(line) for line in (shown + both).splitlines()) <= 80


@pytest.mark.parametrize("until_h", [13.5, 15.5, 17.5])
def test_limits_are_the_detector_s_own(until_h: float) -> None:
    """What is shown of a half-hour is when an alarm comes for a silence that begins in it."""
    player = lived_days(17)
    rows = [row for row in day(17) if row[0] < at(17 * 24 + until_h)]
    player.play_all(rows)  # the last sign is from the living room, where people sit
    [event] = [e for e in player.until(rows[-1][0] + 9000) if e.kind == "home.stillness"]
    evidence = event.payload["data"]["evidence"]
    assert (evidence["reason"], evidence["last_sensor"]) == ("line", "living-pir")
    begun_h = (rows[-1][0] - at(17 * 24)) / 3600
    shown = gather(player.pipeline)
    assert shown is not None
    limit = shown.awake.limit_min[int(2 * begun_h)]
    assert limit == pytest.approx(evidence["limit"], abs=0.05)
    assert limit == pytest.approx(evidence["for_s"] / 60, abs=0.05)


def test_the_most_patient_room_is_shown() -> None:
    """Of two rooms to sit in, by half-hour the one in which the detector waits longer."""
    study = two_state("study-pir", Role.WORK, Quantity.MOTION)
    pipeline = Pipeline(site(Profile.HOME, study, *home().sensors.values()), limits())
    assert recall(pipeline, remember(lived_days(17).pipeline)) == []
    shown = gather(pipeline)
    assert shown is not None
    still = next(i for i in pipeline.instances if i.name == "stillness")
    living, unused = (
        tuple(
            patience.limit_at(still.setup, still.state, n / 2 + MIDDLE_H, name)[0].minutes
            for n in range(48)
        )
        for name in ("living-pir", "study-pir")
    )
    assert shown.awake.limit_min == tuple(map(max, living, unused))
    assert shown.awake.limit_min not in {living, unused}


@pytest.mark.parametrize(("days", "source"), [(3, "default"), (10, "blended"), (17, "learned")])
def test_what_limits_rest_on(lived: Living, days: int, source: str) -> None:
    """Fixed at first, then blended, then learned; only learned ones differ by the hour."""
    found = gathered(lived(days))
    assert found.source == source
    assert (len(set(found.awake.limit_min)) > 1) == (source != "default")
    assert all(limit is not None and limit <= 240 for limit in found.awake.limit_min)


def test_bed_hours(lived: Living) -> None:
    """The bed counts from 21:00 on until the resident has to be up, which is said as an hour."""
    found = gathered(lived(17))
    assert found.up_by_h == pytest.approx(8.0)
    assert found.bed is not None
    assert [number for number, limit in enumerate(found.bed.limit_min) if limit is None] == list(
        range(16, 42)
    )
    assert any("08:00" in en for _, en in sentences(found))


def test_a_doubted_sensor_is_named(lived: Living) -> None:
    """With its reason, in both languages."""
    folder = lived(1)
    agent = homes.Lived(folder)
    agent.live(stirring(24.0, 24.0 + 1 / 3600, "living-pir", 60))
    agent.live([(at(24.1), "kitchen-pir", 1), (at(24.7), "kitchen-pir", 1)])
    agent.snapshot()
    agent.close()
    found = gathered(folder)
    assert found.doubts == {"kitchen-pir": "stuck"}
    assert "Not believed: kitchen-pir is stuck." in sentences(found)[-1][1]
    assert "kitchen-pir一直处于触发状态" in sentences(found)[-1][0]


def test_every_state_fits_into_80_columns(lived: Living) -> None:
    """Whatever is doubted, known or not, in either language."""
    found = gathered(lived(10))
    doubted = replace(
        found, doubts=dict.fromkeys([f"a-long-name-{n}" * 3 for n in range(9)], "blind")
    )
    unknown = replace(found, sleep=None, out=None, meals={}, bed=None, wall=None)
    for day_ in (found, doubted, unknown):
        for lang in ("zh", "en", "both"):
            assert all(columns(line) <= 80 for line in lines(day_, lang))


def test_a_picture(lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Valid XML of little weight; nothing lies outside; the words are those of the terminal."""
    file = tmp_path / "day.svg"
    state = lived(17)
    found = gathered(state)
    assert habits(tmp_path, "--state", str(state), "--svg", str(file), "--lang", "en") == 0
    root = ElementTree.parse(file).getroot()  # noqa: S314 - our own file
    assert file.stat().st_size < 20_000
    high, wide = float(root.attrib["height"]), float(root.attrib["width"])
    name = "{http://www.w3.org/2000/svg}"
    boxes = [e.attrib for e in root.iter(f"{name}rect") if "x" in e.attrib]
    assert found.bed is not None
    assert found.sleep is not None
    assert found.out is not None
    bars = [*found.awake.longest_min, *found.bed.longest_min, *found.sleep.asleep,
            *found.out.leavings]  # fmt: skip
    assert len(boxes) == sum(map(bool, bars)) + len(found.meals) > 40
    assert all(float(b["x"]) + float(b["width"]) <= wide for b in boxes)
    assert all(float(b["y"]) >= 0 and float(b["y"]) + float(b["height"]) <= high for b in boxes)
    said = " ".join(e.text or "" for e in root.iter(f"{name}text"))
    assert "16 days known" in said
    assert said.split("16 days known")[1].split() == (
        capsys.readouterr().out.split("16 days known")[1].split()
    )


def test_json(lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A script gets 48 half-hours, and where they come from."""
    assert habits(tmp_path, "--state", str(lived(17)), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["days"], found["limit_source"]) == (16, "learned")
    assert len(found["awake"]["limit_min"]) == len(found["awake"]["longest_min"]) == 48
    assert found["meals"]["lunch"]["is_habit"] is True
    assert found["out"]["leavings"][18] == 17


def test_from_a_replay(lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What replay --save-state writes is shown like a snapshot of the same days."""
    saved = tmp_path / "saved"
    words = ["replay", str(homes.recording(tmp_path, 17)), "--config", str(tmp_path / "site.toml")]
    assert main([*words, "--save-state", str(saved), "--events", str(tmp_path / "events")]) == 0
    capsys.readouterr()
    assert habits(tmp_path, "--from-state", str(saved)) == 0
    replayed = capsys.readouterr().out
    assert habits(tmp_path, "--state", str(lived(17))) == 0
    assert capsys.readouterr().out == replayed


def test_nothing_is_changed_beside_a_running_agent(
    lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not a byte nor a name in the folder, not even a damaged file; the older snapshot serves."""
    state = lived(3)
    newest = state / "snapshots" / "pipeline.json"
    newest.with_name("pipeline.json.old").write_bytes(newest.read_bytes())
    newest.write_bytes(b"torn")
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert habits(tmp_path, "--state", str(state), "--lang", "en") == 0
    assert "2 days known" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in state.rglob("*") if path.is_file()} == before


def test_nothing_learned_yet(
    lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An agent that has just been started: the fixed limits, and that nothing is known."""
    assert habits(tmp_path, "--state", str(lived(0)), "--lang", "en") == 0
    shown = capsys.readouterr().out
    assert "nothing recorded yet" in shown
    assert "0 days known, fewer than 7: fixed limits hold." in shown
    assert "No night is known yet." in shown


def test_no_snapshot(lived: Living, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without one, one that is not there, one damaged, one of another site: 1, a line."""
    state = lived(1)
    assert habits(tmp_path, "--state", str(tmp_path / "none")) == 1
    assert "no snapshot of an agent here: no such folder" in capsys.readouterr().err
    assert habits(tmp_path, "--state", str(tmp_path)) == 1
    assert "no snapshot of an agent here: the agent saves one" in capsys.readouterr().err
    other = tmp_path / "other.toml"
    other.write_text(homes.HOME.replace("test-0001", "other"))
    assert main(["habits", str(other), "--state", str(state)]) == 1
    assert "a state of site 'test-0001', not 'other'" in capsys.readouterr().err
    for path in (state / "snapshots").iterdir():
        path.write_bytes(b"torn")
    assert habits(tmp_path, "--state", str(state)) == 1
    said = capsys.readouterr().err
    assert "pipeline.json: the checksum is wrong" in said
    assert len(said.splitlines()) == 1


def test_no_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A street has no habits: 1, and why."""
    case = Path(__file__).parent / "replays" / "flood-to-red"
    saved = tmp_path / "saved"
    config = str(case / "config.toml")
    words = [str(case / "readings.csv"), "--config", config, "--events", str(tmp_path / "events")]
    assert main(["replay", *words, "--save-state", str(saved)]) == 0
    capsys.readouterr()
    assert main(["habits", config, "--from-state", str(saved)]) == 1
    assert "nothing is learned at this site: profile street" in capsys.readouterr().err


def test_a_wrong_configuration_or_state(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """4 for the configuration, 1 for what is no state, 2 for two sources at once."""
    assert main(["habits", str(tmp_path / "none.toml")]) == 4
    homes.config(tmp_path)
    (tmp_path / "saved").write_text("{}")
    assert habits(tmp_path, "--from-state", str(tmp_path / "saved")) == 1
    assert "not a state that this release can use" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        habits(tmp_path, "--from-state", "a", "--state", "b")
    assert end.value.code == 2


def test_a_limit_of_a_room(lived: Living) -> None:
    """The kitchen has a yellow limit of its own, and the bathroom without a motion sensor none."""
    found = gathered(lived(17))
    assert set(found.yellow_min) == {"kitchen"}
    agent = Pipeline(home(), limits())
    still = next(i for i in agent.instances if i.name == "stillness")
    orange, yellow = patience.limit_at(still.setup, patience.State(), MIDDLE_H, "kitchen-pir")
    assert (orange.minutes, orange.source) == (240, "default")
    assert yellow is not None
    assert yellow.minutes == 90


def test_a_snapshot_of_another_user(
    lived: Living, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """5: it is there, and may not be read; the older one is no way round."""
    state = lived(1)

    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("agent.store.snapshots.read_regular", refuse)
    assert habits(tmp_path, "--state", str(state)) == 5
    assert "pipeline.json: Permission denied" in capsys.readouterr().err
