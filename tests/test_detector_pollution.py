"""Pollution at an outfall: sources, levels, limits, what is not believed, and what is kept silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import MONDAY, limits, site

from agent.detectors.pollution import Config
from agent.detectors.signature import Source, source_of
from agent.events import Event
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.site import Profile, Role, Sensor
from drivers.base import Traits
from drivers.reading import Quantity, Reading, Stamp

TEMP, COND, PH, OXYGEN, TURBIDITY = (
    Quantity.WATER_TEMP_DEGC,
    Quantity.CONDUCTIVITY_US_CM,
    Quantity.PH,
    Quantity.DISSOLVED_OXYGEN_MG_L,
    Quantity.TURBIDITY_NTU,
)
CHANNELS = (TEMP, COND, PH, OXYGEN, TURBIDITY)
CLEAN = {TEMP: 20.0, COND: 500.0, PH: 7.6, OXYGEN: 7.0, TURBIDITY: 5.0}
WOBBLE = {TEMP: 0.1, COND: 3.0, PH: 0.02, OXYGEN: 0.1, TURBIDITY: 0.5}
SEWAGE = {COND: 900.0, OXYGEN: 1.0, TURBIDITY: 80.0}
INDUSTRIAL = {COND: 1400.0, PH: 5.4}
POND = {OXYGEN: 2.5, TURBIDITY: 120.0}
STORM = {COND: 320.0, TURBIDITY: 200.0}
PACE_S = 300.0
EXACT = (-9999.0, 7999.0, 0.0, 0.4)  # error codes do not wobble


def probe(name: str = "sonde") -> Sensor:
    return Sensor(name, "water_quality", Role.OUTFALL, Traits(CHANNELS, 30.0, 7200.0))


class River:
    """A clean river, an hour at a time, and what is let into it."""

    def __init__(
        self,
        config: Config | None = None,
        *names: str,
        pace_s: float = PACE_S,
        maintenance: tuple[tuple[float, float], ...] = (),
    ) -> None:
        self.names = names or ("sonde",)
        there = site(Profile.OUTFALL, *(probe(name) for name in self.names))
        self.site = replace(there, maintenance=maintenance)
        given = limits() if config is None else limits(pollution=config)
        self.given, self.pace_s = given, pace_s
        self.pipeline = Pipeline(self.site, given)
        self.events: list[Event] = []
        self.at, self.n, self.sequence = MONDAY, 0, 0

    def flow(self, hours: float, **changed: Mapping[Quantity, float]) -> list[Event]:
        """Let it flow, with other values at some of the probes; return what is told."""
        told = len(self.events)
        for _ in range(round(hours * 3600 / self.pace_s)):
            self.at += self.pace_s
            self.n += 1
            for name in self.names:
                for quantity in CHANNELS:
                    wobble = WOBBLE[quantity] * (((self.n * 7 + 3 * len(quantity)) % 11) / 5 - 1)
                    value = CLEAN[quantity] + wobble
                    if (let_in := changed.get(name, {})).get(quantity) is not None:
                        exact = let_in[quantity] in EXACT
                        value = let_in[quantity] + (0.0 if exact else wobble)
                    self.measure(name, quantity, value)
        return self.events[told:]

    def measure(self, name: str, quantity: Quantity, value: float) -> None:
        self.sequence += 1
        stamp = Stamp("test", self.at, self.at, synced=True, sequence=self.sequence)
        self.events += self.pipeline.take(Reading(name, quantity, value, stamp))[1]

    def restart(self) -> None:
        document = remember(self.pipeline)
        self.pipeline = Pipeline(self.site, self.given)
        recall(self.pipeline, document)


def data(events: list[Event], kind: str = "outfall.pollution") -> list[dict[str, Any]]:
    return [event.payload["data"] for event in events if event.kind == kind]


@pytest.mark.parametrize(
    ("let_in", "source", "level"),
    [
        (SEWAGE, "sewage", "yellow"),
        (INDUSTRIAL, "industrial", "yellow"),
        ({**INDUSTRIAL, PH: 4.2}, "industrial", "orange"),
        (POND, "fish_pond", "yellow"),
        (STORM, "storm_runoff", "blue"),
    ],
)
def test_a_source_is_named_by_what_it_changes(
    let_in: dict[Quantity, float], source: str, level: str
) -> None:
    """Told within two sweeps, with why; over again when the water is as it was."""
    river = River()
    assert not data(river.flow(30))
    (told,) = data(river.flow(1, sonde=let_in))
    assert (told["evidence"]["source"], told["level"]) == (source, level)
    assert told["evidence"]["why"]
    assert told["text"]["zh"]
    assert len(told["text"]["zh"]) <= 70
    (over,) = data(river.flow(1))
    assert over["condition"] == "cleared"


def test_one_sweep_is_none_and_two_are_enough() -> None:
    """A single odd sweep is a bubble; who lets something in is told of at the second."""
    river = River()
    river.flow(30)
    assert not data(river.flow(PACE_S / 3600, sonde=SEWAGE))
    assert not data(river.flow(1))
    assert data(river.flow(2 * PACE_S / 3600, sonde=SEWAGE))


@pytest.mark.parametrize("quantity", CHANNELS)
def test_one_channel_alone_is_kept_silent(quantity: Quantity) -> None:
    """It is as likely its own sensor; but for a pH that no river has."""
    river = River()
    river.flow(30)
    far = {TEMP: 26.0, COND: 900.0, PH: 8.4, OXYGEN: 4.0, TURBIDITY: 90.0}[quantity]
    assert not data(river.flow(2, sonde={quantity: far}))


def test_a_day_and_night_of_oxygen_is_no_pollution() -> None:
    """What goes up and down by 3 mg/L a day is learned as usual."""
    river = River()
    for hour in range(96):
        oxygen = 7.0 + 1.5 * (1 - abs((hour % 24) - 12) / 6)
        river.flow(1, sonde={OXYGEN: oxygen})
    assert not data(river.events)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({COND: 0.4}, "air"),
        ({TEMP: -9999.0}, "code"),
        ({COND: 7999.0}, "code"),
        ({PH: 0.0}, "range"),
    ],
)
def test_readings_that_are_no_water_are_a_fault_and_no_pollution(
    wrong: dict[Quantity, float], reason: str
) -> None:
    """Named with the channel; restored after half an hour of good ones."""
    river = River()
    river.flow(30)
    events = river.flow(2, sonde=wrong)
    assert not data(events)
    (fault,) = data(events, "sensor.fault")
    (quantity,) = wrong
    assert fault["sensors"] == ["sonde"]
    assert fault["evidence"]["channels"] == {quantity.value: reason}
    assert "sonde" in fault["text"]["zh"]
    assert "/" not in fault["text"]["en"].split(":")[1]
    (restored,) = data(river.flow(1), "sensor.fault")
    assert restored["condition"] == "cleared"


def test_a_channel_that_stands_still_for_six_hours_is_stuck() -> None:
    """To the last digit; it moves again, and is believed again."""
    river = River()
    river.flow(30)
    for n in range(80):
        river.at += PACE_S
        river.measure("sonde", COND, 512.0)
        if n < 71:
            assert not data(river.events, "sensor.fault"), n
    (fault,) = data(river.events, "sensor.fault")
    assert fault["evidence"]["channels"] == {"conductivity_us_cm": "stuck"}
    assert data(river.flow(1), "sensor.fault")[-1]["condition"] == "cleared"


def test_several_small_steps_at_once_are_unknown_where_the_probe_is_read_often() -> None:
    """A change too small for any signature, in several channels within one step."""
    step = {COND: 470.0, PH: 7.75, TURBIDITY: 9.0}
    often = River(pace_s=30.0)
    often.flow(6)
    (told,) = data(often.flow(0.2, sonde=step))
    assert (told["evidence"]["source"], told["level"]) == ("unknown", "yellow")
    seldom = River()
    seldom.flow(30)
    assert not data(seldom.flow(1, sonde=step))


def test_limits_count_where_they_are_set() -> None:
    """Water of class V where class III is to be kept: three sweeps of five; none without a limit."""
    poor = {OXYGEN: 4.0}
    assert not data(River().flow(30, sonde=poor))
    river = River(Config(water_class="III"))
    told = data(river.flow(30, sonde=poor))[0]
    assert told["evidence"]["why"] == ["absolute"]
    assert told["evidence"]["outside"] == {"dissolved_oxygen_mg_l": [5.0, None]}


def maintained(from_h: float, until_h: float) -> River:
    """A river whose probe is worked on from one hour until another."""
    return River(maintenance=((MONDAY + from_h * 3600, MONDAY + until_h * 3600),))


def test_a_maintenance_window_mutes_events() -> None:
    """Until it ends; what lasts longer is told then."""
    river = maintained(30, 31)
    river.flow(30)
    assert not data(river.flow(0.9, sonde=SEWAGE))
    assert data(river.flow(0.5, sonde=SEWAGE))


def test_a_maintenance_window_ends_no_alarm() -> None:
    """A probe in a bottle of clean water says nothing about the river."""
    river = maintained(31, 32)
    river.flow(30)
    assert data(river.flow(1, sonde=SEWAGE))
    assert not data(river.flow(1))
    (cleared,) = data(river.flow(1))
    assert cleared["condition"] == "cleared"


def test_a_probe_in_the_air_in_a_maintenance_window_is_no_fault() -> None:
    """It becomes one where it is left hanging."""
    river = maintained(30, 32)
    river.flow(30)
    assert not data(river.flow(1.9, sonde={COND: 0.4}), "sensor.fault")
    assert data(river.flow(0.2, sonde={COND: 0.4}), "sensor.fault")


@pytest.mark.parametrize(("above", "said"), [({}, "clean"), (SEWAGE, "same")])
def test_a_probe_upstream_tells_whether_it_comes_from_here(
    above: dict[Quantity, float], said: str
) -> None:
    """It sees the same, or nothing of it."""
    river = River(Config(upstream="upper"), "upper", "sonde")
    river.flow(30)
    told = [d for d in data(river.flow(1, sonde=SEWAGE, upper=above)) if d["sensors"] == ["sonde"]]
    assert told[0]["evidence"]["upstream"] == said


@settings(max_examples=10, deadline=None)
@given(cut=st.integers(1, 35))
def test_a_restart_changes_nothing(cut: int) -> None:
    """Whenever it comes: the same events, byte for byte."""
    whole, parts = River(), River()
    for river in (whole, parts):
        river.flow(26)
    for n in range(36):
        if n == cut:
            parts.restart()
        for river in (whole, parts):
            river.flow(PACE_S / 3600, sonde=SEWAGE if 6 <= n < 24 else {})
    assert [e.payload for e in parts.events] == [e.payload for e in whole.events]
    assert data(whole.events)


def test_the_decision_follows_from_the_evidence() -> None:
    """Signs and joint change of an event give its source again."""
    river = River()
    river.flow(30)
    for let_in in (SEWAGE, INDUSTRIAL, POND, STORM):
        (told,) = data(river.flow(1, sonde=let_in))
        evidence = told["evidence"]
        assert source_of(tuple(evidence["why"]), evidence["joint"]) == Source(evidence["source"])
        river.flow(12)
