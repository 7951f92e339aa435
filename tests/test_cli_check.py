"""`street-agent check`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from wrong_configs import HOME

from agent.cli import main

FIT = (Path(__file__).parent.parent / "systemd" / "home.toml").read_text(encoding="utf-8")
OK = "ok: home gz-hp-0001, 8 sensors, 7 detectors"
WRONG = HOME.replace("pin = 23", "pin = 17").replace('role = "bedroom"', 'role = "outfall"')
CLAIMED = "wrong.toml:21:7: sensor.pin: pin 17 is used twice, first in line 15"
DOUBTFUL = (
    'wrong.toml:14:8: warning: sensor.role: "outfall" is unusual for profile home; usual: '
    "bedroom, bathroom, kitchen, living, work, hall, entry, front-door, cabinet"
)


THIN = """\
thin.toml:11:1: warning: sensor: no motion or presence sensor in the bathroom: a
    fall there is told after awake_h, not after 90 min; mount a pir or
    presence_radar, role = "bathroom"
thin.toml:11:1: warning: sensor: no motion or presence sensor in the kitchen:
    meals are not watched, and a fall there is told after awake_h, not after 90
    min; mount a pir or presence_radar, role = "kitchen"
thin.toml:11:1: warning: sensor: no smoke alarm: a fire is not told; mount a
    smoke_alarm in or near the kitchen
thin.toml:11:1: warning: sensor: no help button: nobody can call; mount a
    help_button, such as a cord in the bathroom that reaches the floor
thin.toml:14:8: warning: sensor.role: only "bedroom" is seen: hours in another
    room are told as stillness there; mount a pir or presence_radar in each room
    that is lived in
thin.toml:14:8: warning: sensor.role: nothing notices when bedroom-pir fails:
    then nights bring false alarms, or a fall at night is told in the morning;
    mount a second one in the bedroom, or more in other rooms
thin.toml:20:8: warning: sensor.role: nothing sees motion behind the door: who
    opens it and falls there counts as out; mount a pir, role = "entry" or
    "hall"
thin.toml:23:1: warning: detector.waterlogging: watches nothing in this home: it
    needs a water_level with role = "roadside"; remove the table
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.toml").write_text(FIT, encoding="utf-8")
    Path("thin.toml").write_text(HOME, encoding="utf-8")
    Path("wrong.toml").write_text(WRONG, encoding="utf-8")


def test_good(capsys: pytest.CaptureFixture[str]) -> None:
    """A right configuration is summed up in one line on stdout, with exit code 0."""
    assert main(["check", "good.toml"]) == 0
    out, err = capsys.readouterr()
    assert out == f"good.toml: {OK}\n"
    assert err == ""


def test_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Problems and warnings stand on stderr, one a line, and the exit code is 4."""
    assert main(["check", "wrong.toml"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [DOUBTFUL, CLAIMED, "wrong.toml: 1 error, 1 warning"]


def test_warning_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning is printed and counted, and refuses nothing."""
    outside = FIT.replace('role = "living"', 'role = "outfall"')
    Path("wrong.toml").write_text(outside, encoding="utf-8")
    assert main(["check", "wrong.toml"]) == 0
    out, err = capsys.readouterr()
    assert out == f"wrong.toml: {OK}, 1 warning\n"
    (warning,) = err.splitlines()
    assert 'warning: sensor.role: "outfall" is unusual for profile home' in warning


def test_strict(capsys: pytest.CaptureFixture[str]) -> None:
    """Where it is asked for, a warning gives exit code 1; an error still gives 4."""
    assert main(["check", "--strict", "good.toml"]) == 0
    assert main(["check", "--strict", "thin.toml"]) == 1
    assert main(["check", "--strict", "--json", "good.toml", "thin.toml"]) == 1
    assert main(["check", "--strict", "thin.toml", "wrong.toml"]) == 4


def test_home_that_cannot_do_what_it_should(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal what it lacks is folded between words, 80 columns wide."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["check", "thin.toml"]) == 0
    out, err = capsys.readouterr()
    assert out == "thin.toml: ok: home gz-hp-0001, 2 sensors, 5 detectors, 8 warnings\n"
    assert err == THIN
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    assert main(["check", "thin.toml"]) == 0
    assert len(capsys.readouterr().err.splitlines()) == 8


def test_several(capsys: pytest.CaptureFixture[str]) -> None:
    """One wrong file among several does not keep the others from being checked."""
    assert main(["check", "none.toml", "good.toml"]) == 4
    out, err = capsys.readouterr()
    assert out.startswith("good.toml: ok: ")
    assert err.splitlines() == [
        "none.toml: cannot be read: No such file or directory",
        "none.toml: 1 error",
    ]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """A script gets a list of problems and nothing else; an empty one where all is right."""
    assert main(["check", "--json", "good.toml"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert main(["check", "--json", "good.toml", "wrong.toml", "none.toml"]) == 4
    out, err = capsys.readouterr()
    assert err == ""
    problems = json.loads(out)
    assert [(p["file"], p["severity"]) for p in problems] == [
        ("wrong.toml", "warning"),
        ("wrong.toml", "error"),
        ("none.toml", "error"),
    ]
    assert problems[1] == {
        "file": "wrong.toml",
        "line": 21,
        "column": 7,
        "key": "sensor.pin",
        "message": "pin 17 is used twice, first in line 15",
        "severity": "error",
    }


def test_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a file the exit code is that of wrong usage."""
    with pytest.raises(SystemExit) as end:
        main(["check"])
    assert end.value.code == 2
    assert "SITE.toml" in capsys.readouterr().err
