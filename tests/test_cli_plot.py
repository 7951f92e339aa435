"""`street-agent plot`: what is drawn of a recording and of what a device has stored."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from playing import REPLAYS
from sites import MONDAY, level, street
from test_loop import FLOOD, Life
from test_loop import flood as feed

from agent.cli import main
from agent.clock import ManualClock
from agent.detectors.waterlogging import Config
from agent.plot.drawing import columns, lines
from agent.plot.picture import picture
from agent.plot.series import Panel, Point, Series, gather
from agent.width import columns as wide
from drivers.reading import GOOD, Grade, Quality, Quantity, Reading, Stamp

CASE = REPLAYS / "flood-to-red"
BAD = Quality(Grade.BAD, ("range",))


def reading(minute: float, depth_mm: float, quality: Quality = GOOD) -> Reading:
    at = MONDAY + 60 * minute
    stamp = Stamp("test", at, at, synced=True, sequence=1)
    return Reading("road-level", Quantity.DISTANCE_MM, 2700.0 - depth_mm, stamp, quality)


def series(*readings: Reading, minutes: float = 69) -> Series:
    span = (MONDAY, MONDAY + 60 * minutes)
    return gather(street(), level(), Config(), readings, [], span=span)


def plot(*words: object) -> int:
    return main(["plot", *map(str, words)])


def test_a_recorded_flood_is_drawn_with_its_limits_and_events(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Water from the ground up, each level's limit, the events by their letters, 80 columns."""
    assert plot("road-level", CASE / "readings.csv", "--config", CASE / "config.toml") == 0
    drawn = capsys.readouterr().out
    rows = drawn.splitlines()
    assert all(wide(row) <= 80 for row in rows)
    for mm, colour in ((100, "蓝"), (270, "橙"), (400, "红")):
        assert any(f"{mm}│" in row and row.endswith(colour) for row in rows), mm
    (events,) = [row for row in rows if "R" in row and set(row) <= set(" BYORbyor-")]
    assert events.index("B") < events.index("O") < events.index("R") < events.rindex("-")
    assert "█" in drawn
    assert "内涝红色预警" in drawn


def test_a_picture_is_an_svg_that_shows_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Well-formed, without scripts or links; every limit below the top, every event a line."""
    file = tmp_path / "flood.svg"
    words = ("--config", CASE / "config.toml", "--svg", file, "--lang", "en")
    assert plot("road-level", CASE / "readings.csv", *words) == 0
    capsys.readouterr()
    root = ET.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own
    found = [element.attrib.get("class") for element in root.iter()]
    assert found.count("l") == 4
    assert found.count("v") >= 8
    assert "script" not in file.read_text(encoding="utf-8")


def test_a_value_lies_in_the_column_of_its_time() -> None:
    """Lowest and highest of each; a bad one gives the column its mark and no height."""
    points = [
        Point(0.0, 5.0, Grade.GOOD),
        Point(9.9, 9.0, Grade.SUSPECT),
        Point(95.0, 7.0, Grade.BAD),
    ]
    found = columns(points, 0.0, 100.0, 10)
    assert (found[0].low, found[0].high, found[0].worst) == (5.0, 9.0, Grade.SUSPECT)
    assert (found[9].high, found[9].worst) == (None, Grade.BAD)
    assert {column.worst for column in found[1:9]} == {None}


def test_what_is_suspect_or_missing_looks_so() -> None:
    """Shaded, `?` and `x` below, blank where nothing came."""
    suspect = Quality(Grade.SUSPECT, ("rate",))
    drawn = lines(
        series(
            *(reading(m, 50) for m in range(10)),
            *(reading(m, 900, suspect) for m in range(10, 20)),
            *(reading(m, -2300, BAD) for m in range(20, 30)),
        ),
        "en",
    )
    quality = next(row for row in drawn if "?" in row and "│" not in row)
    assert quality.strip() == "·" * 10 + "?" * 10 + "x" * 10
    assert any("░" in row for row in drawn)
    assert all("█" not in row[9 + 30 :] for row in drawn if "│" in row)


def test_limits_are_those_over_the_sensor_where_the_road_is_lower_elsewhere() -> None:
    """Blue at 100 mm at the lowest point is 60 mm under a sensor 40 mm above it."""
    panel = gather(
        street(40), street(40).sensors["road-level"], Config(), [], [], span=(0.0, 1.0)
    ).panels[0]
    assert [limit.value for limit in panel.limits] == [60, 110, 230, 360]


def test_a_flat_line_has_a_height_all_the_same() -> None:
    """A channel that never moves is drawn in the middle, not divided by nothing."""
    panel = Panel(Quantity.PH, [Point(0.0, 7.0, Grade.GOOD)])
    low, high = panel.span
    assert low < 7.0 < high


def test_a_device_draws_what_it_has_stored_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Readings with their quality then, events with their sentences."""
    clock = ManualClock(mono=5000.0, wall=MONDAY)
    life = Life(street(), tmp_path / "state", clock)
    feed(life, FLOOD)
    life.finish()
    config = ("--config", CASE / "config.toml", "--state", tmp_path / "state")
    assert plot("road-level", *config, "--since", "3h") == 0
    drawn = capsys.readouterr().out
    assert "street.waterlogging raised" in drawn
    assert "█" in drawn


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["road-lvl"], "no sensor 'road-lvl'; allowed: road-level"),
        (
            ["road-level", "--since", "2 weeks"],
            "--since: '2 weeks'; allowed: a duration such as 2d",
        ),
        (["road-level", "--until", "noon"], "--until: 'noon'; allowed: a time such as"),
        (["road-level", "--since", "2030-01-01"], "is not before the end"),
    ],
)
def test_what_is_wrong_is_named(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is allowed, and no traceback."""
    name, *rest = words
    assert plot(name, CASE / "readings.csv", "--config", CASE / "config.toml", *rest) != 0
    assert said in capsys.readouterr().err.replace('"', "'")


def test_a_folder_without_an_agent_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And so is one in which this sensor has said nothing."""
    assert plot("road-level", "--config", CASE / "config.toml", "--state", tmp_path / "no") != 0
    assert "an agent's state folder?" in capsys.readouterr().err


def test_a_picture_of_nothing_is_a_picture() -> None:
    """No readings in the span: axes and a sentence, no error."""
    empty = series()
    assert "</svg>" in picture(empty, "both")
    assert any("No readings in this time." in row for row in lines(empty, "en"))


def test_water_reaches_to_the_next_reading_and_not_across_a_pause() -> None:
    """An hour of one a minute, ten minutes without, and one more."""
    drawn = picture(series(*(reading(m, 200) for m in (*range(60), 69))), "en")
    bars = [bar for bar in drawn.splitlines() if 'class="w"' in bar]
    widths = [int(bar.partition('width="')[2].partition('"')[0]) for bar in bars]
    assert len(widths) == 61
    assert widths[-2:] == [1, 1]
    assert 59 * 900 / 69 - 2 <= sum(widths[:-2]) <= 59 * 900 / 69 + 2
