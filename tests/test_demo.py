"""The parts of the demo that need no broker; .ci/run runs the whole of it."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config.load import parse
from agent.demo.course import plan
from agent.demo.page import LABELS, Page
from agent.demo.screen import Screen
from agent.demo.sites import SITES, DemoSite, configuration, write, zone
from agent.demo.summary import Summary
from agent.demo.tally import SiteTally, Tally
from agent.width import clip, columns, pad, wrap

NOW = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)
SENTENCE = "广州市黄埔区萝岗街下中路内涝红色预警，请提醒市民及时绕行。"
TEXTS = st.text(alphabet="积水，（）。《 a9.-é\u0301", max_size=200)


def page(**changed: Any) -> Page:
    settings: dict[str, Any] = {
        "lang": "both",
        "width": 80,
        "is_coloured": False,
        "zone": UTC,
        "speed": 600.0,
    }
    return Page(**{**settings, **changed})


def event(
    kind: str = "street.waterlogging", level: str = "red", **data: object
) -> dict[str, object]:
    text = {"zh": SENTENCE, "en": "Red waterlogging warning: Xiazhong Road. Please detour. " * 2}
    step = "fault" if kind.endswith(".fault") else "raised"
    return {
        "id": "a.1",
        "type": f"street-agent.alarm.{step}.v1",
        "time": "2026-11-23T21:30:00.000Z",
        "data": {"kind": kind, "level": level, "text": text, "buffered_s": 0, **data},
    }


def senml(count: int, *, epoch: float = 0.0, since: float = 0.0, seq: int = 1) -> bytes:
    records = [{"n": "motion", "vb": True, "t": since, "seq": seq + i} for i in range(count)]
    return json.dumps(
        [{"bn": "s:bedroom-motion:", "bt": epoch, **records[0]}, *records[1:]]
    ).encode()


def test_width_chinese() -> None:
    """A Chinese character takes two columns, a combining mark none."""
    assert columns("水位 520mm") == 10
    assert columns("e\u0301") == 1
    assert clip("水位520", 5) == "水位5"
    assert clip("水位", 3) == "水"
    assert columns(pad("水位", 7)) == 7


@given(text=TEXTS, most=st.integers(4, 80))
def test_wrap_fits_and_keeps(text: str, most: int) -> None:
    """Whatever is wrapped fits the width and loses nothing but blanks."""
    lines = wrap(text, most, " ")
    assert all(columns(line) <= most for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrap_punctuation() -> None:
    """No line begins with a closing mark or ends with an opening one."""
    for most in range(8, 60):
        lines = wrap(SENTENCE + "（演示，《规程》）" + SENTENCE, most)
        assert not any(line[0] in "，。）》" or line[-1] in "（《" for line in lines)


def test_wrap_words() -> None:
    """Latin words stay whole."""
    assert wrap("please have it repaired", 12) == ["please have", "it repaired"]


@pytest.mark.parametrize("site", SITES, ids=lambda site: site.id)
@pytest.mark.parametrize("hour", [0, 8, 12, 23])
def test_configurations_load(site: DemoSite, hour: int) -> None:
    """Each site's configuration is one that the agent accepts, at any hour."""
    now = NOW.replace(hour=hour)
    text = configuration(site, "mqtt://127.0.0.1:1999", now)
    loaded = parse(text.encode(), "demo.toml")
    assert loaded.uplink.readings
    assert {s.driver for s in loaded.site.sensors.values()} == {"simulated"}


@given(hours=st.integers(0, 23), minutes=st.integers(0, 59))
def test_day_begins_at_eight(hours: int, minutes: int) -> None:
    """It is eight o'clock in the demo's time zone, whenever it is started."""
    now = NOW.replace(hour=hours, minute=minutes)
    assert now.astimezone(zone(now)).hour == 8
    site = parse(configuration(SITES[1], "mqtt://127.0.0.1:1999", now).encode(), "x").site
    name = site.timezone.removeprefix("Etc/GMT")
    assert zone(now).utcoffset(None) == timedelta(hours=-int(name))


def test_labels_cover_readings() -> None:
    """Every simulated quantity has its place in a site's live line."""
    for site in SITES:
        text = configuration(site, "mqtt://127.0.0.1:1999", NOW)
        for sensor in parse(text.encode(), "x").site.sensors.values():
            keys = sensor.traits.quantities if sensor.name == "sonde" else (sensor.name,)
            assert set(keys) <= set(LABELS)


def test_tally_counts_an_event_once() -> None:
    """An event that comes again under its id is a duplicate, not another delivery."""
    tally = Tally(600.0)
    body = json.dumps(event()).encode()
    assert tally.take(1.0, "street/v1/s/event/street.waterlogging", body)
    assert tally.take(2.0, "street/v1/s/event/street.waterlogging", body) is None
    assert (len(tally.delivered), tally.duplicated, tally.first_event_at) == (1, 1, 1.0)


def test_tally_relative_times() -> None:
    """Readings of an untrusted clock say themselves how old they are."""
    tally = Tally(600.0)
    tally.take(1.0, "street/v1/s/reading/bedroom-motion", senml(3, since=-1200.0))
    assert tally.readings == 3
    assert tally.lag_s == 2.0
    assert tally.sites["s"].values == {("bedroom-motion", "motion"): 1.0}


def test_tally_counts_a_reading_once() -> None:
    """A reading that comes again under its number counts once."""
    tally = Tally(600.0)
    for seq in (1, 3, 2, 4):
        tally.take(1.0, "street/v1/s/reading/bedroom-motion", senml(2, seq=seq))
    assert tally.readings == 5


def test_tally_waits_for_news() -> None:
    """After an outage nothing counts as drained until each site has been heard again."""
    tally = Tally(600.0)
    for site in "ab":
        tally.take(1.0, f"street/v1/{site}/reading/bedroom-motion", senml(1))
    tally.expect_news()
    tally.take(9.0, "street/v1/a/reading/bedroom-motion", senml(1))
    assert tally.lag_s == float("inf")
    tally.take(9.0, "street/v1/b/reading/bedroom-motion", senml(1, since=-60.0))
    assert tally.lag_s == pytest.approx(0.1)


def test_tally_absolute_times() -> None:
    """Readings with a date lag by what the quickest so far was quicker."""
    tally = Tally(600.0)
    tally.take(10.0, "street/v1/s/reading/x", senml(1, epoch=1.79e9))
    tally.take(11.0, "street/v1/s/reading/x", senml(1, epoch=1.79e9 + 300))
    assert tally.lag_s == pytest.approx(0.5)
    tally.take(12.0, "street/v1/s/reading/x", senml(1, epoch=1.79e9 + 1200))
    assert tally.lag_s == pytest.approx(0.0)


def test_tally_state() -> None:
    """What a site says of itself is kept, and other topics are passed over."""
    tally = Tally(600.0)
    assert tally.take(1.0, "street/v1/s/state", b'{"state":"online"}') is None
    assert tally.take(1.0, "street/v1/s/health", b"{}") is None
    assert tally.sites["s"].state == "online"


@pytest.mark.parametrize(
    ("raised", "delivered", "first", "failure"),
    [
        (14, 14, 2.5, ""),
        (14, 13, 2.5, "1 events were not delivered"),
        (0, 0, None, "no event came within 20 s"),
        (14, 14, 20.5, "no event came within 20 s"),
    ],
)
def test_verdict(raised: int, delivered: int, first: float | None, failure: str) -> None:
    """The demo fails where an event was lost, or none came in time."""
    summary = Summary(raised, delivered, 3, 1000, first)
    assert summary.failure(20.0) == failure
    assert summary.lost == raised - delivered


def test_summary_width() -> None:
    """The summary fits 80 columns, whatever the figures."""
    summary = Summary(123456, 123456, 9999, 12345678, 19.9, 8.0, 0.4, None)
    lines = summary.lines()
    assert len(lines) == 9
    assert all(columns(line) <= 80 for line in lines)


@pytest.mark.parametrize(
    ("kind", "level", "sgr"),
    [
        ("home.meals", "blue", "94"),
        ("home.stillness", "orange", "38;5;208"),
        ("street.waterlogging", "yellow", "33"),
        ("home.help", "red", "1;91"),
        ("sensor.fault", "yellow", "35"),
    ],
)
def test_event_colours(kind: str, level: str, sgr: str) -> None:
    """An alarm has the colour of its level, and a fault one of its own."""
    lines = page(is_coloured=True).event(event(kind, level))
    assert lines[0].startswith(f"\x1b[{sgr}m21:30:00")


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_event_width_and_language(lang: str, width: int) -> None:
    """An event is shown within the width, in the languages asked for."""
    lines = page(lang=lang, width=width).event(event(buffered_s=4800))
    assert all(columns(line) <= width for line in lines)
    whole = "".join(line.strip() for line in lines)
    assert (SENTENCE in whole) == (lang != "en")
    assert ("Red waterlogging warning" in " ".join(lines)) == (lang != "zh")


def test_event_that_waited() -> None:
    """Waiting is told in real seconds, though the agents' time runs faster."""
    assert "8 s late" in page(lang="en").event(event(buffered_s=4800))[0]
    assert "late" not in page(lang="en").event(event(buffered_s=300))[0]


@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_live_line(lang: str) -> None:
    """A site's live line is exactly as wide as the terminal, with every sensor in it."""
    values = {(name, "motion"): 1.0 for name in SITES[0].sensors}
    line = page(lang=lang).live(SITES[0], SiteTally(readings=123456, values=values))
    assert columns(line) == 80
    assert line.count("*") == len(SITES[0].sensors)
    assert line.endswith("123,456")


def test_live_depth() -> None:
    """The street's live line shows the depth of the water, and no depth without an echo."""
    deep = SiteTally(values={("road-level", "distance_mm"): 2180.0})
    lost = SiteTally(values={("road-level", "distance_mm"): 5000.0})
    assert "520mm" in page().live(SITES[1], deep)
    assert "----" in page().live(SITES[1], lost)


def test_plan() -> None:
    """The broker goes at 40 % of the time for 8 s, and always comes back before the end."""
    assert (plan(60).outage_at_s, plan(60).outage_s) == (24.0, 8.0)
    assert plan(None).until_s is None
    short = plan(10)
    assert short.until_s is not None
    assert short.outage_at_s + short.outage_s < short.until_s


def test_screen_redraws() -> None:
    """Lines that stay push live lines down, and nothing is redrawn where that is not wanted."""
    out = io.StringIO()
    screen = Screen(out, is_live=True)
    screen.draw(["a", "b"])
    screen.say(["event"])
    screen.draw(["c", "d"])
    screen.close()
    wiped = "\x1b[2A\r\x1b[2K\n\x1b[2K\n\x1b[2A"
    assert f"b\n\x1b[?7h{wiped}event\n" in out.getvalue()
    assert out.getvalue().endswith(f"d\n\x1b[?7h{wiped}\x1b[?25h")
    plain = io.StringIO()
    quiet = Screen(plain, is_live=False)
    quiet.draw(["a"])
    quiet.say(["event"])
    quiet.close()
    assert plain.getvalue() == "event\n"


def test_folder_of_configurations(tmp_path: Path) -> None:
    """One file is written for each site."""
    files = write(tmp_path, "mqtt://127.0.0.1:1999", NOW)
    assert [file.stem for file in files] == [site.id for site in SITES]
    assert all(file.is_file() for file in files)
