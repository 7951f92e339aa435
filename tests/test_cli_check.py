"""`street-agent check`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from wrong_configs import HOME

from agent.cli import main

WRONG = HOME.replace("pin = 23", "pin = 17").replace('role = "bedroom"', 'role = "outfall"')
CLAIMED = "wrong.toml:21:7: sensor.pin: pin 17 is used twice, first in line 15"
DOUBTFUL = (
    'wrong.toml:14:8: warning: sensor.role: "outfall" is unusual for profile home; usual: '
    "bedroom, bathroom, kitchen, living, work, hall, entry, front-door, cabinet"
)


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.toml").write_text(HOME, encoding="utf-8")
    Path("wrong.toml").write_text(WRONG, encoding="utf-8")


def test_good(capsys: pytest.CaptureFixture[str]) -> None:
    """A right configuration is summed up in one line on stdout, with exit code 0."""
    assert main(["check", "good.toml"]) == 0
    out, err = capsys.readouterr()
    assert out == "good.toml: ok: home gz-hp-0001, 2 sensors, 5 detectors\n"
    assert err == ""


def test_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Problems and warnings stand on stderr, one a line, and the exit code is 4."""
    assert main(["check", "wrong.toml"]) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [DOUBTFUL, CLAIMED, "wrong.toml: 1 error, 1 warning"]


def test_warning_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """A warning is printed and refuses nothing."""
    Path("wrong.toml").write_text(WRONG.replace('front-door"\npin = 17', 'front-door"\npin = 4'))
    assert main(["check", "wrong.toml"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("wrong.toml: ok: home gz-hp-0001, 2 sensors")
    assert err.splitlines() == [DOUBTFUL]


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
