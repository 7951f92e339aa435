"""`street-agent forget --person`: what is gone, what stays, and a kill at any moment."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import homes
import pytest
from routine import at, day, passing, stirring
from sites import home, limits, steps
from test_loop import Life

from agent.cli import main
from agent.clock import ManualClock
from agent.detectors import detectors
from agent.events import Event
from agent.forgetting import check, forget
from agent.pipeline.memory import remember
from agent.pipeline.pipeline import Pipeline
from agent.recovery import go_on
from agent.store.claim import claim
from drivers.reading import Quantity

DAYS = 8
CHANGING = ("pwrite", "write", "ftruncate", "fsync", "fdatasync", "replace", "rename", "unlink")
LEARNERS = ("stillness/home", "outing/home", "sleep/home", "meals/home")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder after some days, two snapshots and inputs since; never to be changed."""
    folder = tmp_path_factory.mktemp("lived")
    homes.config(folder)
    agent = homes.Lived(folder / "state")
    agent.live(homes.rows(DAYS - 1))
    agent.snapshot()
    agent.live(day(DAYS - 1)[:60])
    agent.snapshot()
    agent.live([(at(DAYS * 24 - 0.9), "cord", 1), (at(DAYS * 24 - 0.8), "cord", 0)])
    agent.live(stirring(DAYS * 24 - 0.5, DAYS * 24 - 0.4, "living-pir", 60))
    agent.close()
    return folder


@pytest.fixture
def site(lived: Path, tmp_path: Path) -> Path:
    """A copy of it to be changed."""
    folder = tmp_path / "site"
    shutil.copytree(lived, folder)
    return folder


def forget_person(folder: Path, *words: str) -> int:
    config, state = str(folder / "site.toml"), str(folder / "state")
    return main(["forget", "--person", config, "--state", state, *words])


def contents(folder: Path) -> dict[Path, bytes]:
    files = (p for p in (folder / "state").rglob("*") if p.is_file() and p.name != "lock")
    return {path: path.read_bytes() for path in files}


def started(folder: Path) -> tuple[dict[str, Any], list[Event]]:
    """What an agent knows when it is started on the folder, and the events that wait."""
    pipeline = Pipeline(home(), limits())
    store = homes.opened(folder / "state")
    recovered = go_on(pipeline, ManualClock(), store)
    waiting = store.outbox.take(0, 1000)
    store.buffer.close()
    store.outbox.close()
    return remember(pipeline), [*waiting, *recovered.events]


def learned(document: dict[str, Any]) -> str:
    """Old, if it knows the resident, or erased."""
    fresh = Pipeline(home(), limits())
    unknown = {i.key: i.detector.state for i in fresh.instances if i.key in LEARNERS}
    assert set(unknown) == set(LEARNERS)
    states = document["detectors"]
    knows = [
        states["stillness/home"]["silences"]["longest"] != {},
        states["stillness/home"]["days"] > 0,
        states["outing/home"]["hours"] != [],
        states["sleep/home"]["nights"] != [],
        states["meals/home"]["scores"] != {},
        document["sights"]["presence"]["walks"]["missed"] != {},
    ]
    assert all(knows) or not any(knows)
    return "old" if all(knows) else "erased"


def test_what_is_gone(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A start on the folder knows nothing of the resident, and no file does."""
    assert learned(started(site)[0]) == "old"
    assert any(b'"activity":"meal"' in data for data in contents(site).values())
    assert forget_person(site, "--yes") == 0
    assert learned(started(site)[0]) == "erased"
    for path, data in contents(site).items():
        assert b'"bedroom-pir","q"' not in data, path
        assert b'"activity"' not in data, path
    said = capsys.readouterr().out
    assert "erased: every recorded reading" in said
    assert all(len(line) <= 80 for line in said.splitlines())


def test_what_stays(site: Path) -> None:
    """Open alarms as they are, numbers, and events that wait."""
    before, waiting = started(site)
    assert before["ledger"]["alarms"]
    assert forget_person(site, "--yes") == 0
    after, still_waiting = started(site)
    assert after["ledger"] == before["ledger"]
    assert after["last"] == before["last"]
    assert [event.payload for event in still_waiting] == [event.payload for event in waiting]


def test_events_that_the_platform_has_had_are_gone(site: Path) -> None:
    """Also those it has refused, and what was set aside; the rest still waits."""
    agent = homes.Lived(site / "state")
    agent.live(stirring(DAYS * 24 + 5, DAYS * 24 + 5.1, "living-pir", 60))
    agent.live([(at(DAYS * 24 + 6), "cord", 1), (at(DAYS * 24 + 6.1), "cord", 0)])
    events = agent.store.outbox.take(0, 100)
    had, refused, waiting = events[0], events[1], events[2:]
    assert waiting
    agent.store.outbox.acknowledge([had.sequence])
    agent.store.outbox.reject(refused.sequence, "not wanted")
    agent.close()
    (site / "state" / "readings" / "inputs" / "damaged").write_bytes(b'"bedroom-pir","q"')
    (site / "state" / "snapshots" / "pipeline.json.damaged").write_bytes(b"silences")
    assert forget_person(site, "--yes") == 0
    for path, data in contents(site).items():
        assert had.id.encode() not in data, path
        assert refused.id.encode() not in data, path
        assert not path.name.endswith("damaged")
    assert started(site)[1] == waiting
    agent = homes.Lived(site / "state")
    assert agent.store.outbox.last_sequence == events[-1].sequence
    agent.close()


def test_the_older_snapshot_is_erased_too(site: Path) -> None:
    """Where the newer one turns out damaged, a start still knows nothing of the resident."""
    before = started(site)[0]
    assert forget_person(site, "--yes") == 0
    (site / "state" / "snapshots" / "pipeline.json").write_bytes(b"torn")
    after = started(site)[0]
    assert learned(after) == "erased"
    assert after["ledger"] == before["ledger"]


def test_an_event_that_only_the_journal_knows_is_not_lost(site: Path) -> None:
    """Concluded before the agent died, and not on disk: it waits in the outbox afterwards."""
    agent = homes.Lived(site / "state")
    last = agent.pipeline.last
    assert last is not None
    rows = [(at(DAYS * 24 + 6), "smoke", 1.0)]
    agent.store.buffer.extend(list(homes.readings(rows, last.sequence + 1)))
    agent.close()
    expected = started(site)[1]
    assert expected[-1].kind == "home.smoke"
    assert forget_person(site, "--yes") == 0
    store = homes.opened(site / "state")
    kept = store.outbox.take(0, 1000)
    store.buffer.close()
    store.outbox.close()
    assert [(e.sequence, e.id) for e in kept] == [(e.sequence, e.id) for e in expected]


def test_where_nothing_is_open_not_even_this_moment_stays(tmp_path: Path) -> None:
    """Where the resident is and was, and since when: all begins as on the first day."""
    homes.config(tmp_path)
    agent = homes.Lived(tmp_path / "state")
    agent.live(homes.rows(DAYS))
    assert agent.pipeline.ledger.alarms == {}
    agent.close()
    assert forget_person(tmp_path, "--yes") == 0
    found = started(tmp_path)[0]
    first = Pipeline(home(), limits())
    first.take(next(homes.readings([(found["last"]["mono"], "smoke", 0)], 1)))
    fresh = remember(first)
    for key in LEARNERS:
        assert found["detectors"][key] == fresh["detectors"][key]
    presence = found["sights"]["presence"]
    assert (presence["place"], presence["sign"], presence["lines"]) == ("unknown", None, {})
    assert found["lines"]["front-door/contact"]["level"] is None


def test_the_agent_runs_on_an_erased_folder(site: Path) -> None:
    """With readings to be sent, a new event under a higher number, and the next start as well."""
    assert forget_person(site, "--yes") == 0
    known = started(site)[0]
    clock = ManualClock(mono=at(DAYS * 24 + 20), wall=at(DAYS * 24 + 20))
    life = Life(home(), site / "state", clock)
    life.feed("smoke", Quantity.SMOKE, 1, after_s=60.0)
    life.turn()
    life.finish()
    found, waiting = started(site)
    assert found["last"]["sequence"] > known["last"]["sequence"]
    assert waiting[-1].kind == "home.smoke"
    assert waiting[-1].sequence > known["ledger"]["sequence"]


class Killed(BaseException):
    """The process is dead: no call of it reaches the disk any more."""


class Mortal:
    """Dies at a call that changes something, before or after it is done."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.left = 1_000_000
        self.calls = 0
        self.patch = patch
        for name in CHANGING:
            patch.setattr(os, name, self._watched(getattr(os, name)))

    def _watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls > self.left:
                raise Killed
            return call(*args, **kwargs)

        return watched


def erase(folder: Path) -> None:
    """The command's work, with a clock that says what the test says."""
    store = homes.opened(folder / "state")
    check(Pipeline(home(), limits()), store)
    forget(Pipeline(home(), limits()), ManualClock(), store, folder / "state", 0)
    store.buffer.close()
    store.outbox.close()


def calls_of_a_whole_run(lived: Path, folder: Path) -> int:
    shutil.copytree(lived, folder)
    with pytest.MonkeyPatch.context() as patch:
        counting = Mortal(patch)
        erase(folder)
        return counting.calls


def test_a_kill_at_any_moment(lived: Path, tmp_path: Path) -> None:
    """The old state or the erased one, with the same alarms, numbers and events; then again."""
    before, waiting = started_copy(lived, tmp_path / "before")
    total = calls_of_a_whole_run(lived, tmp_path / "whole")
    assert total > 10
    seen = []
    for count in range(total):
        folder = tmp_path / str(count)
        shutil.copytree(lived, folder)
        with pytest.MonkeyPatch.context() as patch:
            Mortal(patch).left = count
            with pytest.raises(Killed):
                erase(folder)
        found, events = started(folder)
        seen.append(learned(found))
        assert found["ledger"] == before["ledger"]
        assert [event.payload for event in events] == [event.payload for event in waiting]
        erase(folder)
        found, events = started(folder)
        assert learned(found) == "erased"
        assert found["ledger"] == before["ledger"]
        assert [event.payload for event in events] == [event.payload for event in waiting]
        shutil.rmtree(folder)
    assert seen == sorted(seen, key=["old", "erased"].index)  # once erased, never old again
    assert {"old", "erased"} == set(seen)


def started_copy(lived: Path, folder: Path) -> tuple[dict[str, Any], list[Event]]:
    shutil.copytree(lived, folder)
    return started(folder)


def went_on(folder: Path, rows: list[tuple[float, str, float]]) -> list[Event]:
    """What an agent concludes from readings after a start on the folder."""
    agent = homes.Lived(folder / "state")
    events = agent.live(rows)
    agent.close()
    return events


def test_an_open_alarm_of_stillness_ends_with_the_next_sign(tmp_path: Path) -> None:
    """Under its own id and the next revision, although everything learned is gone."""
    homes.config(tmp_path)
    agent = homes.Lived(tmp_path / "state")
    agent.live(homes.rows(3))
    raised = [
        event
        for event in agent.pass_until(at(3 * 24 + 12)) if event.kind == "home.stillness"
    ]  # fmt: skip
    assert raised
    agent.live([(at(3 * 24 + 12.1), "smoke", 0)])  # an input that is no sign of life
    agent.snapshot()
    agent.close()
    assert forget_person(tmp_path, "--yes") == 0
    moves = list(stirring(3 * 24 + 13, 3 * 24 + 13.1, "bedroom-pir", 60))
    over = [e for e in went_on(tmp_path, moves) if e.kind == "home.stillness"]
    assert steps(over) == [("cleared", raised[-1].payload["data"]["level"])]
    assert over[0].payload["data"]["alarm"] == raised[-1].payload["data"]["alarm"]
    assert over[0].payload["data"]["rev"] == raised[-1].payload["data"]["rev"] + 1


def test_an_open_alarm_of_an_outing_ends_with_the_return(tmp_path: Path) -> None:
    """Not with any reading: whoever was out when all was erased is out afterwards."""
    homes.config(tmp_path)
    agent = homes.Lived(tmp_path / "state")
    agent.live(homes.rows(3))
    agent.live(passing(3 * 24 + 1.0, out=True))
    assert steps(agent.pass_until(at(3 * 24 + 1.5)), "home.outing") == [("raised", "yellow")]
    agent.live([(at(3 * 24 + 2), "smoke", 0)])
    agent.snapshot()
    agent.close()
    assert forget_person(tmp_path, "--yes") == 0
    quiet = went_on(tmp_path, [(at(3 * 24 + 2.5), "entry-pir", 0), (at(3 * 24 + 2.6), "smoke", 0)])
    assert steps(quiet, "home.outing") == []
    back = went_on(tmp_path, list(passing(3 * 24 + 3.0, out=False)))
    assert steps(back, "home.outing") == [("cleared", "yellow")]


def test_the_home_is_learned_anew(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Numbers go on, and days count from the first."""
    assert forget_person(site, "--yes") == 0
    agent = homes.Lived(site / "state")
    agent.live([(moment + 86400 * (DAYS + 1), s, v) for moment, s, v in homes.rows(3)])
    agent.snapshot()
    agent.close()
    capsys.readouterr()
    assert main(["habits", str(site / "site.toml"), "--state", str(site / "state")]) == 0
    assert "2 days known, fewer than 7" in capsys.readouterr().out


def test_refused_while_an_agent_runs(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1, who holds the folder, and nothing is changed."""
    before = contents(site)
    with claim(site / "state"):
        assert forget_person(site, "--yes") == 1
    assert f"in use by process {os.getpid()}" in capsys.readouterr().err
    assert contents(site) == before


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "code", "state"),
    [("no\n", 1, "old"), ("", 1, "old"), ("yes\n", 0, "erased"), ("是\n", 0, "erased")],
)
def test_asked_on_a_terminal(
    answer: str, code: int, state: str, site: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Only a yes erases."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert forget_person(site) == code
    assert "This cannot be undone." in capsys.readouterr().out
    assert learned(started(site)[0]) == state


def test_nobody_to_ask(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal and without --yes: 2, and nothing is changed."""
    before = contents(site)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert forget_person(site) == 2
    assert "no --yes: nothing is erased" in capsys.readouterr().err
    assert contents(site) == before


def test_what_cannot_be_erased(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No state there, another site's, a street's: 1, and nothing is changed or made."""
    before = contents(site)
    config = site / "site.toml"
    assert main(["forget", "--person", str(config), "--state", str(site / "none"), "--yes"]) == 1
    assert not (site / "none").exists()
    config.write_text(homes.HOME.replace("test-0001", "other"))
    assert forget_person(site, "--yes") == 1
    assert "a state of site 'test-0001', not 'other'" in capsys.readouterr().err
    street = Path(__file__).parent / "replays" / "flood-to-red" / "config.toml"
    assert main(["forget", "--person", str(street), "--state", str(site / "state"), "--yes"]) == 1
    assert "nothing is known of a person at a site of profile street" in capsys.readouterr().err
    assert contents(site) == before


def test_a_folder_of_another_user(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """5, and the command that helps is named."""

    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert forget_person(site, "--yes") == 5
    assert "Permission denied" in capsys.readouterr().err


def test_the_person_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --person it is wrong usage."""
    with pytest.raises(SystemExit) as end:
        main(["forget"])
    assert end.value.code == 2
    assert "--person" in capsys.readouterr().err


def test_every_detector_that_sees_the_resident_can_unlearn() -> None:
    """A new one may not be overlooked; coverage alone keeps nothing but names of sensors."""
    without = [n for n, d in detectors().items() if d.sees == "presence" and d.unlearn is None]
    assert without == ["coverage"]
