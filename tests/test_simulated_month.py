"""A month in a home that never existed: lived as people live, and judged as a real one is."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from months import URGENT, Told, lived

from agent.cli import main
from agent.demo.month import BEGIN
from drivers.scene_home import DAY_S, Place, Stir
from drivers.scene_incidents import KINDS, parse
from drivers.scene_life import furnish, life, truth
from drivers.scene_motion import DOOR, SENSORS, intervals, readings

HOUR_S = 3600.0
CALM = (5, 7, 8)  # homes whose month has no false alarm; tests/bench/month.py shows others
HOME = 7
DAYS = 23


def first(told: list[Told], kind: str, reason: str) -> Told:
    """The first event of that kind and reason."""
    return next(t for t in told if t.kind == kind and t.reason == reason and t.is_new)


def test_a_day_is_a_function_of_home_and_number() -> None:
    """A day lived by itself is the one lived after all others, in order; other homes differ."""
    in_a_row = [list(readings(furnish(3), day)) for day in range(5)]
    for cache in (life, intervals):
        cache.cache_clear()
    alone = list(readings(furnish(3), 4))
    assert alone == in_a_row[4]
    assert alone == sorted(alone, key=lambda row: row[0])
    assert alone != list(readings(furnish(4), 4))
    assert len(alone) > 500


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_is_somewhere_is_nowhere_else(seed: int) -> None:
    """The stays of a day cover it without gap or overlap."""
    home = furnish(seed, "collapse@2,night-exit@3,holiday@5,missed-meals@9,cleaning@10")
    for day in range(12):
        stays = life(home, day).resident
        assert (stays[0].since, stays[-1].until) == (0, DAY_S)
        assert all(a.until == b.since for a, b in pairwise(stays))


def test_pulses_and_changes_are_those_of_sensors() -> None:
    """Pulses last 2 s at least, and 9 s unless retriggered; every report is a change."""
    spans = [s for day in range(7) for s in intervals(furnish(1), day)["bedroom-motion"]]
    lengths = sorted(until - since for since, until in spans)
    assert lengths[0] > 1.8
    assert lengths[len(lengths) // 2] < 9
    for day in range(7):
        levels = dict.fromkeys(SENSORS, 0.0)
        for _, sensor, _, value in readings(furnish(1), day):
            assert value != levels[sensor]
            levels[sensor] = value
        assert not any(levels.values())


def test_silences_are_as_long_as_measured_ones() -> None:
    """Awake at home up to three hours pass without a pulse, in the kitchen never 16 minutes."""
    silences: list[tuple[float, str, str]] = []
    for seed in (1, 2, 3, 4):
        home = furnish(seed)
        for day in range(30):
            rows = [row for row in readings(home, day) if row[1] != DOOR]
            stays = life(home, day).resident
            for (at, before, _, _), (then, after, _, _) in pairwise(rows):
                meets = [s for s in stays if s.since < then and s.until > at]
                if all(s.place is not Place.OUT and s.stir is not Stir.ASLEEP for s in meets):
                    silences.append(((then - at) / 60, before, after))
    assert 120 < max(silences)[0] <= 185
    assert sum(minutes >= 120 for minutes, _, _ in silences) / 120 > 0.3  # a day
    at_the_stove = [m for m, before, after in silences if before == after == "kitchen-motion"]
    assert max(at_the_stove) < 16


def test_outings_leave_by_day_and_pass_the_door() -> None:
    """20 to 300 minutes, some one to two a day, none begun at night; one may run into another."""
    lengths = []
    for seed in range(1, 6):
        for day in range(30):
            for stay in life(furnish(seed), day).resident:
                if stay.place is Place.OUT:
                    assert 6 < stay.since / HOUR_S < 21
                    lengths.append((stay.until - stay.since) / 60)
    assert 1 < len(lengths) / 150 < 2
    assert min(lengths) > 19
    assert max(lengths) < 330
    assert 60 < sorted(lengths)[len(lengths) // 2] < 95


def test_sunday_is_another_day() -> None:
    """On Sundays the resident is up later, by half an hour in the mean."""

    def rising_h(day: int) -> float:
        stays = life(home, day).resident
        return next(s.since for s in stays if s.stir is Stir.BUSY and s.since > 5 * HOUR_S) / HOUR_S

    home = furnish(2)
    sundays = [rising_h(day) for day in range(6, 140, 7)]
    weekdays = [rising_h(day) for day in range(140) if day % 7 != 6]
    later_h = sum(sundays) / len(sundays) - sum(weekdays) / len(weekdays)
    assert 0.2 < later_h < 1


def test_every_week_somebody_visits_and_the_home_is_cleaned() -> None:
    """Once a week each, told in the truth; nobody visits an empty home."""
    ordinary = truth(furnish(2), 28)
    assert sorted(i.kind for i in ordinary) == ["cleaning"] * 4 + ["visitor"] * 4
    visit = next(i for i in ordinary if i.kind == "visitor")
    day, second = divmod(visit.since, DAY_S)
    people = life(furnish(2), int(day))
    assert any(s.place is not Place.OUT and s.since <= second + 1 < s.until for s in people.guest)
    away = truth(furnish(2, "holiday@0T00:00+160"), 7)
    assert [i.kind for i in away] == ["holiday"]


def test_an_empty_home_is_not_quite_silent() -> None:
    """A holiday has a stray report every few hours, all of one sensor, and the door is shut."""
    home = furnish(2, "holiday@1+160")
    away = [row for day in range(2, 7) for row in readings(home, day) if row[3]]
    assert 10 <= len(away) <= 50
    assert len({sensor for _, sensor, _, _ in away}) == 1
    assert away[0][1] != DOOR


@pytest.mark.parametrize("fault", ["dead", "stuck", "chatter"])
def test_a_faulty_sensor_says_nothing_true(fault: str) -> None:
    """Dead it does not change, stuck it changes twice in two days, chattering all the time."""
    home = furnish(2, f"{fault}-kitchen@1T00:00+48")
    rows = [row for day in (1, 2, 3) for row in readings(home, day)]
    found = [row[3] for day in (1, 2) for row in readings(home, day) if row[1] == "kitchen-motion"]
    assert any(row[1] == "kitchen-motion" for row in rows)
    match fault:
        case "dead":
            assert found == []
        case "stuck":
            assert found == [1.0]
        case "chatter":
            assert len(found) > 40 * 60 * 48


def test_a_decline_is_small_and_stays() -> None:
    """After it the resident goes out less and spends less time in the kitchen than before."""
    home = furnish(5, "decline@28+336")

    def share(place: Place, days: range) -> float:
        stays = [s for day in days for s in life(home, day).resident if s.place is place]
        return sum(s.until - s.since for s in stays)

    for place in (Place.OUT, Place.KITCHEN):
        assert share(place, range(42, 70)) < 0.85 * share(place, range(28))


@pytest.mark.parametrize("seed", CALM)
def test_an_ordinary_month_alarms_nobody(seed: int) -> None:
    """Thirty days, learning included: nothing urgent, a yellow event at most, a few blue ones."""
    news = lived(seed).news
    assert not [str(told) for told in news if told.level in URGENT]
    assert sum(told.level == "yellow" for told in news) <= 1
    assert len(news) <= 6


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize(("kind", "within_h"), [("collapse", 4.1), ("collapse-in-bed", 8.1)])
def test_a_collapse_is_an_orange_alarm(seed: int, kind: str, within_h: float) -> None:
    """Awake within the ceiling of four hours, in bed of eight, and it turns red; not before it."""
    month = lived(seed, f"{kind}@20", DAYS)
    fall = month.planted[0]
    urgent = [told for told in month.news if told.level in URGENT and told.at < fall.until]
    assert [told.kind for told in urgent] == ["home.stillness"] * 2
    assert [told.level for told in urgent] == ["orange", "red"]
    assert fall.since < urgent[0].at < fall.since + within_h * HOUR_S


PLANTED = {
    "night-exit@20": ("home.outing", "night_exit", "yellow", 0.25),
    "missed-meals@20": ("home.meals", "missed_twice", "yellow", 11.1),
    "missed-meals@20+60": ("home.meals", "not_eating", "orange", 60),
    "stuck-kitchen@20": ("sensor.fault", "stuck", "yellow", 6.1),
    "chatter-living@20": ("sensor.fault", "chatter", "yellow", 0.2),
}


@pytest.mark.parametrize(("incident", "expected"), PLANTED.items())
def test_what_is_planted_is_told(incident: str, expected: tuple[str, str, str, float]) -> None:
    """Each incident leads to its event, in time; a faulty sensor is named."""
    kind, reason, level, within_h = expected
    month = lived(HOME, incident, DAYS)
    planted = month.planted[0]
    told = first(month.told, kind, reason)
    assert told.level == level
    assert planted.since < told.at <= planted.since + within_h * HOUR_S
    if kind == "sensor.fault":
        assert told.sensors == (f"{planted.place}-motion",)


def test_a_dead_bedroom_sensor_is_named() -> None:
    """That it may be blind is told before the week is over."""
    month = lived(HOME, "dead-bedroom@20+150", 27)
    assert "bedroom-motion" in first(month.told, "monitoring.degraded", "blind").sensors


def test_a_holiday_is_one_alarm_for_information() -> None:
    """Days away end as one blue event, without a word of stillness until the return."""
    month = lived(HOME, "holiday@20", 24)
    holiday = month.planted[0]
    told = [t for t in month.told if holiday.since <= t.at <= holiday.until + HOUR_S]
    assert {t.kind for t in told} == {"home.outing"}
    assert [t.step for t in told] == ["raised", "updated", "cleared"]
    assert (told[1].reason, told[1].level) == ("travelling", "blue")
    assert told[2].at - holiday.until < 60


def test_a_recording_of_it_can_be_replayed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`simulate` writes what `replay` takes, and it gives what living there gives."""
    folder, events = tmp_path / "month", tmp_path / "events.jsonl"
    words = ["--days", "18", "--seed", str(HOME), "--incidents", "collapse@16T14:10+5"]
    assert main(["simulate", str(folder), *words]) == 0
    said = capsys.readouterr().out.splitlines()
    config, recording = str(folder / "config.toml"), str(folder / "readings.csv")
    assert said[1] == f"street-agent replay --config {config} {recording}"
    assert main(["replay", "--config", config, recording, "--events", str(events)]) == 0
    replayed = [json.loads(line)["data"] for line in events.read_text().splitlines()]
    month = lived(HOME, "collapse@16T14:10+5", 18)
    assert [data["kind"] for data in replayed] == [told.kind for told in month.told]
    assert "orange" in {data["level"] for data in replayed}
    rows = list(csv.DictReader((folder / "incidents.csv").open()))
    fall = next(row for row in rows if row["kind"] == "collapse")
    start = (datetime.fromisoformat(fall["start"]) - BEGIN).total_seconds()
    assert start == pytest.approx(month.planted[0].since, abs=0.001)
    assert main(["simulate", str(folder), *words]) == 1
    assert f"{folder}: is not empty; name a new folder" in capsys.readouterr().err


WRONG = {
    "fall@3": "no kind 'fall'; there are " + ", ".join(list(KINDS)[:3]),
    "collapse": "'collapse' is not KIND@DAY[THH:MM][+HOURS], such as collapse@20T14:10+8",
    "collapse@3T25:00": "'collapse@3T25:00': no time of day 25:00",
    "collapse@3T10:75": "'collapse@3T10:75': no time of day 10:75",
    "dead@3": "'dead@3': no place ''; there are bedroom, bathroom, kitchen, living, entry, door",
    "stuck-door@3": "'stuck-door@3': no place 'door'; there are bedroom",
    "holiday@3+0": "'holiday@3+0': day and hours go up to 3660",
    "holiday@9999": "'holiday@9999': day and hours go up to 3660",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_what_cannot_be_planted_is_named(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The incident, what is wrong, and what is allowed; on the command line without a traceback."""
    with pytest.raises(ValueError) as found:  # noqa: PT011 - what it says is looked at
        parse(text)
    assert message in str(found.value)
    with pytest.raises(SystemExit):
        main(["simulate", str(tmp_path / "new"), "--incidents", text])
    assert message in capsys.readouterr().err
