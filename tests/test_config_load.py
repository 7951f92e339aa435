"""What a right configuration becomes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from wrong_configs import HOME, said

from agent.config.load import examine, load, parse
from agent.config.tables import Consent, Giver, SensorTable, SiteTable
from agent.config.windows import window
from agent.detectors import detectors
from agent.pipeline.question import Config as QuestionConfig
from agent.site import Place, Profile, Role
from agent.store.settings import StoreSettings
from agent.uplink.settings import UplinkSettings
from drivers.reading import Quantity

EXAMPLES = sorted((Path(__file__).parent.parent / "systemd").glob("*.toml"))
BY_MODEL = {"readings", "reach_mm", "unit", "baud", "burst", "spread_mm", "codes"}
# None; what that means stands in the example
WARNED = HOME.replace('role = "bedroom"', 'role = "roadside"').encode()


def test_site() -> None:
    """The tables become what the agent's parts know."""
    configuration = parse(HOME.encode(), "site.toml")
    site = configuration.site
    assert (site.id, site.profile, site.grid) == ("gz-hp-0001", Profile.HOME, "")
    assert site.place == Place("萝岗街一号户", "Household 1")
    assert list(site.sensors) == ["bedroom-pir", "front-door"]
    assert site.sensors["front-door"].role is Role.FRONT_DOOR
    assert site.sensors["front-door"].traits.quantities == (Quantity.CONTACT,)
    assert configuration.consent == Consent(Giver.RESIDENT, date(2026, 11, 1))
    assert configuration.store == StoreSettings()
    assert configuration.uplink.brokers == ("mqtts://broker.example:8883",)
    assert configuration.digest == hashlib.sha256(HOME.encode()).hexdigest()
    assert configuration.drivers["bedroom-pir"].pin == 17  # type: ignore[attr-defined]


def test_limits_name_what_the_file_sets() -> None:
    """Every detector has limits; those that the file sets are told from defaults."""
    limits = parse(HOME.encode(), "site.toml").limits
    assert set(limits) == set(detectors())
    config, given = limits["waterlogging"]
    assert (config.blue_mm, given) == (100.0, frozenset({"blue_mm"}))  # type: ignore[attr-defined]
    assert limits["stillness"][1] == frozenset()


def test_prefix_gets_its_slash() -> None:
    """A prefix ends with a slash, whether or not the file says so."""
    for prefix in ("city/east", "city/east/"):
        text = HOME.replace("[uplink]", f'[uplink]\nprefix = "{prefix}"')
        assert parse(text.encode(), "site.toml").uplink.prefix == "city/east/"


def test_doubtful_role_is_a_warning(tmp_path: Path) -> None:
    """A role that does not fit the profile is named, and the configuration is used."""
    file = tmp_path / "site.toml"
    file.write_bytes(WARNED)
    assert load(file).site.sensors["bedroom-pir"].role is Role.ROADSIDE
    _, problems = examine(file)
    (problem,) = (problem for problem in problems if problem.key == "sensor.role")
    assert problem.is_warning
    assert str(problem) == (
        f'{file}:14:8: warning: sensor.role: "roadside" is unusual for profile home; usual: '
        "bedroom, bathroom, kitchen, living, work, hall, entry, front-door, cabinet"
    )


OUTFALL = HOME[: HOME.index("[[sensor]]")].replace('"home"', '"outfall"')
PROBE = """\
[[sensor]]
name = "{}"
driver = "water_quality"
role = "outfall"
port = "/dev/ttyUSB0"
channels = ["ph"]
unit = {}
"""
LEVEL = """\
[[sensor]]
name = "level"
driver = "water_level"
role = "outfall"
port = "/dev/ttyUSB0"
model = "maxbotix"
mount_height_mm = 3000
"""


@pytest.mark.parametrize(
    ("second", "problem"),
    [
        (PROBE.format("b", 2), None),
        (PROBE.format("b", 1), "22:8: sensor.port: /dev/ttyUSB0 unit 1"),
        (LEVEL, "22:8: sensor.port: /dev/ttyUSB0"),
    ],
    ids=["another unit", "same unit", "whole port"],
)
def test_shared_bus(second: str, problem: str | None) -> None:
    """Probes may share a port under different units; a sensor that needs it alone may not."""
    expected = [f"site.toml:{problem} is used twice, first in line 15"] if problem else []
    assert said((OUTFALL + PROBE.format("a", 1) + second).encode()) == expected


def test_examples_are_there() -> None:
    """There is an example for each profile."""
    assert [file.stem for file in EXAMPLES] == sorted(Profile)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_example(file: Path) -> None:
    """An example is right, without a warning, and of the profile that its name says."""
    configuration, problems = examine(file)
    assert problems == ()
    assert configuration is not None
    assert configuration.site.profile == file.stem


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_commented_keys_are_defaults(file: Path) -> None:
    """What an example shows as a default can be uncommented, and changes nothing."""
    text = file.read_text(encoding="utf-8")
    plain = parse(text.encode(), file.name)
    keys = re.findall(r"^# ([a-z_]+) = ", text, re.MULTILINE)
    assert keys
    for key in keys:
        given = parse(
            re.sub(f"^# {key} = ", f"{key} = ", text, flags=re.MULTILINE).encode(), file.name
        )
        if key not in BY_MODEL:
            assert (given.uplink, given.store) == (plain.uplink, plain.store)
            assert given.drivers == plain.drivers
        for name, (limits, _) in given.limits.items():
            assert limits == plain.limits[name][0]


def test_examples_name_every_key() -> None:
    """Every key that there is stands in an example, set or commented out."""
    text = "\n".join(file.read_text(encoding="utf-8") for file in EXAMPLES)
    kinds: list[type] = [SiteTable, Consent, UplinkSettings, StoreSettings, SensorTable]
    kinds += [detector.config for detector in detectors().values()]
    kinds += [type(c) for file in EXAMPLES for c in load(file).drivers.values()]
    named = set(re.findall(r"(?:^|^# |[{,] )([a-z_]+) = ", text, re.MULTILINE))
    for kind in kinds:
        assert {field.name for field in fields(kind)} - named == set(), kind


BUZZER = '[[sensor]]\nname = "buzzer"\ndriver = "buzzer"\nrole = "living"\npin = 16\n'
BUTTON = '[[sensor]]\nname = "ok"\ndriver = "answer_button"\nrole = "living"\npin = 26\n'
HOME_ONLY = HOME[: HOME.index("[detector")]


def test_the_question_of_the_example() -> None:
    """Its lines are right once the # is taken away, name every key and show the defaults."""
    text = next(f for f in EXAMPLES if f.stem == "home").read_text(encoding="utf-8")
    plain = re.sub(r"^#(?![ ])", "", text, flags=re.MULTILINE)
    configuration = parse(plain.encode(), "site.toml")
    assert configuration.question == QuestionConfig()
    assert {s.driver for s in configuration.site.sensors.values()} >= {"buzzer", "answer_button"}
    for kind in (QuestionConfig, *(type(c) for c in configuration.drivers.values())):
        assert all(
            re.search(rf"^(# )?{field.name} = ", plain, re.MULTILINE) for field in fields(kind)
        )


def test_without_a_table_the_default_holds() -> None:
    """A home with both is asked, for five minutes."""
    configuration = parse((HOME_ONLY + BUZZER + BUTTON).encode(), "site.toml")
    assert configuration.question.ask_s == 300.0
    given = parse((HOME_ONLY + BUZZER + BUTTON + "[question]\nask_s = 60\n").encode(), "site.toml")
    assert given.question.ask_s == 60.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BUZZER + BUTTON + "[question]\nask_s = 10", "34:9: question.ask_s: 10.0 is outside 60 to 900"),
        (BUZZER + BUTTON + '[question]\nask_s = "5"', "34:9: question.ask_s: found \"5\" (text), allowed: a number 60 to 900"),
        (BUZZER + BUTTON + "[question]\nasks = 60", '34:1: question.asks: unknown key; did you mean "ask_s"?'),
        ("[question]", '23:1: question: needs a sensor with driver = "buzzer" and one with driver = "answer_button"'),
        (BUZZER + "[question]", '28:1: question: needs a sensor with driver = "answer_button"'),
        (BUZZER.replace("16", "17") + BUTTON, "27:7: sensor.pin: pin 17 is used twice, first in line 15"),
    ],
)  # fmt: skip
def test_a_wrong_question(text: str, expected: str) -> None:
    """What is wrong with it, at its place."""
    assert said((HOME_ONLY + text).encode()) == [f"site.toml:{expected}"]


def test_a_question_that_is_no_table() -> None:
    """Only that is said."""
    assert said(("question = 3\n" + HOME).encode()) == [
        "site.toml:1:12: question: found 3 (number), allowed: a table [question]"
    ]


def test_only_a_home_is_asked() -> None:
    """A table where nobody lives is refused."""
    text = OUTFALL + PROBE.format("a", 1) + "[question]\n"
    (line,) = said(text.encode())
    assert line.endswith(": question: only a home is asked, and the profile is outfall")


@pytest.mark.parametrize(("one", "other"), [(BUZZER, "answer_button"), (BUTTON, "buzzer")])
def test_one_alone_is_a_warning(one: str, other: str, tmp_path: Path) -> None:
    """A buzzer without a button, or a button without a buzzer, asks nothing."""
    file = tmp_path / "site.toml"
    file.write_text(HOME_ONLY)
    _, without = examine(file)  # what else this home lacks
    file.write_text(HOME_ONLY + one)
    configuration, problems = examine(file)
    assert configuration is not None
    (problem,) = (problem for problem in problems if problem not in without)
    assert (problem.is_warning, problem.line, problem.key) == (True, 25, "sensor.driver")
    assert problem.message.endswith(f'is of no use without a sensor with driver = "{other}"')


@pytest.mark.parametrize(
    "text", ["soon", "2026-11-25T09:00", "2026-11-25T09:00/2026-11-25T08:00", "1/2/3"]
)
def test_a_maintenance_window_that_is_none_is_named(text: str) -> None:
    """With what was found and what is allowed."""
    with pytest.raises(ValueError, match=rf'found "{text}", allowed: begin/end, such as 20'):
        window(text, "Asia/Shanghai")


def test_a_maintenance_window_is_local_time_unless_it_says_otherwise() -> None:
    """As the technician's watch shows it."""
    local = window("2026-11-25T09:00/2026-11-25T11:30", "Asia/Shanghai")
    assert local == window("2026-11-25T01:00Z/2026-11-25T03:30Z", "Europe/Berlin")
    assert local[1] - local[0] == 9000
