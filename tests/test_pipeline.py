"""The pipeline as a whole: determinism, restart, one failing detector, the life of an alarm."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import MONDAY, Player, home, level, limits, site, steps, street, two_state

from agent import texts
from agent.detectors import Detector, Now, Setup, detectors
from agent.events import DeviceState, Gap, Kind
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.plain import from_plain, to_plain
from agent.site import Profile, Role, Site
from drivers.reading import Quantity, Reading, Stamp

SENSORS = list(home().sensors)
ROWS = st.lists(
    st.tuples(st.floats(0.001, 9000), st.sampled_from(SENSORS), st.integers(0, 1)), max_size=60
)


def rows(steps_: list[tuple[float, str, int]]) -> list[tuple[float, str, float]]:
    at, out = MONDAY, []
    for gap, sensor, value in steps_:
        at += gap
        out.append((at, sensor, float(value)))
    return out


def lines(player: Player) -> list[str]:
    return [json.dumps(event.payload, ensure_ascii=False) for event in player.events]


def played(steps_: list[tuple[float, str, int]]) -> Player:
    player = Player(home())
    player.play_all(rows(steps_))
    return player


@settings(deadline=None, max_examples=80)
@given(ROWS)
def test_the_same_readings_give_the_same_events(steps_: list[tuple[float, str, int]]) -> None:
    """Two runs are equal to the byte."""
    assert lines(played(steps_)) == lines(played(steps_))


@settings(deadline=None, max_examples=80)
@given(ROWS, st.integers(1, 60), st.floats(0.0, 1.0))
def test_how_often_the_clock_is_looked_at_changes_nothing(
    steps_: list[tuple[float, str, int]], every: int, share: float
) -> None:
    """Ticks between readings serve the same deadlines at the same moments."""
    player = Player(home())
    everything = rows(steps_)
    for i, row in enumerate(everything):
        player.play(*row)
        if i % every == 0 and i + 1 < len(everything):
            player.until(row[0] + share * (everything[i + 1][0] - row[0]))
    assert lines(player) == lines(played(steps_))


@settings(deadline=None, max_examples=80)
@given(ROWS, st.integers(0, 60))
def test_a_restart_at_any_point_changes_nothing(
    steps_: list[tuple[float, str, int]], cut: int
) -> None:
    """State to JSON and back in between: the same events, ids and numbers included."""
    player = Player(home())
    for i, row in enumerate(rows(steps_)):
        if i == cut:
            document = json.loads(json.dumps(remember(player.pipeline)))
            player.pipeline = Pipeline(home(), limits())
            assert recall(player.pipeline, document) == []
        player.play(*row)
    assert lines(player) == lines(played(steps_))


def test_states_survive_a_change_of_sensors() -> None:
    """A new sensor starts with nothing known, one that is gone is forgotten."""
    player = Player(street())
    player.play_all([(MONDAY + 60 * i, "road-level", 2700 - 40 * i) for i in range(8)])
    document = remember(player.pipeline)
    other = site(Profile.STREET, level("road-level"), level("second"))
    pipeline = Pipeline(other, limits())
    assert recall(pipeline, document) == []
    assert pipeline.ledger.alarms.keys() == {"street.waterlogging/road-level"}


def test_a_state_of_another_site_is_refused() -> None:
    """Nobody's habits end up in somebody else's home."""
    player = Player(street())
    player.play(MONDAY, "road-level", 2700)
    other = Pipeline(replace(street(), id="other-0002"), limits())
    with pytest.raises(ValueError, match="a state of site 'test-0001', not 'other-0002'"):
        recall(other, remember(player.pipeline))


@dataclass(frozen=True)
class Nothing:
    pass


def crash(setup: Setup[Nothing], state: Nothing, now: Now) -> tuple[Nothing, tuple[()]]:
    raise RuntimeError("broken")


def ignore(setup: Setup[Nothing], state: Nothing, now: Now) -> tuple[Nothing, tuple[()]]:
    return state, ()


def begin(setup: Setup[Nothing], now: float) -> Nothing:
    return Nothing()


def never(setup: Setup[Nothing], state: Nothing) -> None:
    return None


def long_ago(setup: Setup[Nothing], state: Nothing) -> float:
    return MONDAY


def all_sensors(of: Site) -> dict[str, tuple[str, ...]]:
    return {"home": tuple(of.sensors)}


def test_a_detector_that_fails_is_a_reported_fault_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The help button still works when another detector crashes at every reading."""
    broken = Detector(Nothing, Nothing, all_sensors, begin, crash, never)
    with_broken = MappingProxyType({"broken": broken, **detectors()})
    monkeypatch.setattr("agent.pipeline.routes.detectors", lambda: with_broken)
    player = Player(home())
    player.play_all([(MONDAY, "cord", 0), (MONDAY + 1, "cord", 1), (MONDAY + 2, "kitchen-pir", 1)])
    assert steps(player.events, "device.fault") == [("fault", "yellow")]
    assert steps(player.events, "home.help") == [("raised", "red")]
    cause = player.events[0].payload["data"]["evidence"]["cause"]
    assert cause == "broken/home: RuntimeError: broken"


def fail_in_words_of_its_own(
    setup: Setup[Nothing], state: Nothing, now: Now
) -> tuple[Nothing, tuple[()]]:
    if isinstance(now, Reading):
        raise RuntimeError(f"broken at {now.stamp.mono}")
    return state, ()


def test_a_detector_that_fails_is_told_once_and_its_fault_ends_with_a_restart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Failing at every reading, each time in other words, does not fill the outbox."""
    broken = Detector(Nothing, Nothing, all_sensors, begin, fail_in_words_of_its_own, never)
    monkeypatch.setattr("agent.pipeline.routes.detectors", lambda: {"broken": broken})
    player = Player(home())
    player.play_all([(MONDAY + i, "cord", 0) for i in range(5)])
    assert steps(player.events) == [("fault", "yellow")]
    stamp = Stamp("test", MONDAY + 9, MONDAY + 9, synced=True, sequence=6)
    assert steps(player.pipeline.take(Gap(MONDAY + 5, stamp))[1]) == [("restored", "yellow")]


def test_a_detector_that_asks_for_a_tick_in_the_past_cannot_hang_the_agent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An endless run of ticks ends after one and is reported."""
    stuck = Detector(Nothing, Nothing, all_sensors, begin, ignore, long_ago)
    monkeypatch.setattr("agent.pipeline.routes.detectors", lambda: {"stuck": stuck})
    player = Player(home())
    player.play_all([(MONDAY + 1, "cord", 0), (MONDAY + 2, "cord", 0)])
    assert steps(player.events) == [("fault", "yellow")]


def fail(told: texts.Told) -> tuple[str, str]:
    raise KeyError(f"no_{told.evidence['for_s']}")


def still_since(at: float) -> Player:
    """Nobody has moved since: asked nothing, told as orange four hours later, red at five."""
    player = Player(home())
    player.play_all([(at - 4, "living-pir", 1), (at, "living-pir", 0)])
    return player


def test_a_text_that_cannot_be_made_costs_no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told in plain words and otherwise as ever; the mistake is told once, after it."""
    moved, moves_again = MONDAY + 36_000, MONDAY + 36_000 + 6 * 3600
    usual, broken = still_since(moved), still_since(moved)
    usual.until(moves_again)
    with monkeypatch.context() as patched:
        patched.setitem(texts._SENTENCES, Kind.STILLNESS, fail)
        broken.until(moves_again)
    assert steps(usual.events) == [("raised", "orange"), ("updated", "red")]
    assert steps(broken.events, "home.stillness") == steps(usual.events)
    assert [event.kind for event in broken.events] == [
        Kind.STILLNESS, Kind.DEVICE_FAULT, Kind.STILLNESS,
    ]  # fmt: skip
    orange, fault, red = (event.payload["data"] for event in broken.events)
    assert orange["text"] == {
        "zh": "广州市黄埔区萝岗街下中路长时间无活动，橙色级别，请立即核实。",
        "en": "A long stillness, level orange: Xiazhong Road, Luogang, Huangpu, Guangzhou. "
        "Please verify now.",
    }
    assert fault["evidence"]["cause"] == "home.stillness/home: KeyError: 'no_14400'"
    for plain, full in zip((orange, red), usual.events, strict=True):
        words = {"text": plain["text"], "detail": {"zh": "", "en": ""}}
        assert plain == {**full.payload["data"], **words}
    assert [event.id for event in broken.events if event.kind is Kind.STILLNESS] == [
        event.id for event in usual.events
    ]
    ledgers = (player.pipeline.ledger.alarms for player in (usual, broken))
    assert len({json.dumps(to_plain(told["home.stillness/home"])) for told in ledgers}) == 1
    broken.play(moves_again, "living-pir", 1)
    assert steps(broken.events, "home.stillness")[2:] == [("cleared", "red")]


def test_a_fault_whose_own_text_cannot_be_made_is_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor does telling of that mistake go on for ever."""
    monkeypatch.delitem(texts._SENTENCES, Kind.DEVICE_FAULT)
    player = Player(home())
    at = Stamp("test", MONDAY, MONDAY, synced=True, sequence=1)
    events = player.pipeline.take(DeviceState("storage", "disk is full", at))[1]
    assert [event.payload["data"]["text"]["zh"] for event in events] == [
        "广州市黄埔区萝岗街下中路设备故障，黄色级别，请核实。"
    ] * 2
    assert player.pipeline.ledger.alarms.keys() == {
        "device.fault/storage", "device.fault/detector.text.device.fault",
    }  # fmt: skip


def test_bounce_is_labelled_and_not_judged() -> None:
    """A chattering door is one opening; the bounces keep their values and are called suspect."""
    player = Player(home())
    quantity = Quantity.CONTACT
    labels = []
    for i, value in enumerate([0, 1, 0, 1, 0, 1]):
        stamp = Stamp(
            "test", MONDAY + 10 + i / 1000, MONDAY + 10 + i / 1000, synced=True, sequence=i + 1
        )

        checked, _ = player.pipeline.take(Reading("front-door", quantity, float(value), stamp))
        labels.append(checked.quality.reasons)
    assert ("bounce",) in labels


def test_values_out_of_range_are_bad_and_keep_their_value() -> None:
    """Error codes are labelled, never rewritten."""
    player = Player(street())
    checked = player.pipeline.take(_distance(MONDAY, 5000.0))[0]
    assert (checked.value, checked.quality.grade, checked.quality.reasons) == (
        5000.0,
        "bad",
        ("range",),
    )
    assert player.pipeline.take(_distance(MONDAY + 1, float("nan")))[0].quality.reasons == (
        "not_a_number",
    )


def _distance(at: float, value: float) -> Reading:

    stamp = Stamp("test", at, at, synced=True, sequence=1)
    return Reading("road-level", Quantity.DISTANCE_MM, value, stamp)


def test_device_states_are_faults_with_an_end() -> None:
    """What is wrong with the device itself is told and restored."""
    player = Player(street())
    player.play(MONDAY, "road-level", 2700)
    stamp = Stamp("test", MONDAY + 1, MONDAY + 1, synced=True, sequence=2)
    player.events += player.pipeline.take(DeviceState("storage", "disk full", stamp))[1]
    player.events += player.pipeline.take(DeviceState("storage", "disk full", stamp))[1]
    player.events += player.pipeline.take(DeviceState("storage", "", stamp))[1]
    assert steps(player.events) == [("fault", "yellow"), ("restored", "yellow")]


def test_the_envelope_keeps_the_contract() -> None:
    """Every key that platforms rely on is there, with its form."""
    player = Player(home())
    player.play(MONDAY, "cord", 1)
    payload = player.events[0].payload
    assert list(payload) == [
        "specversion", "id", "boot", "sequence", "source", "type", "subject", "time",
        "datacontenttype", "dataschema", "data",
    ]  # fmt: skip
    assert list(payload["data"]) == [
        "alarm", "rev", "kind", "level", "certainty", "condition", "handling", "onset", "sensors",
        "value", "evidence", "quality", "clock", "test", "buffered_s", "grid", "line", "place",
        "text", "detail",
    ]  # fmt: skip
    assert payload["id"] == f"{payload['subject']}.1"
    assert payload["sequence"] == "000000000001"
    assert payload["type"] == "street-agent.alarm.raised.v1"
    assert payload["time"] == "2026-09-21T16:00:00.000Z"


def test_no_event_of_a_home_names_a_person() -> None:
    """Texts speak of the resident, and of the place as configured, of nothing else."""
    player = Player(site(Profile.HOME, two_state("smoke", Role.KITCHEN, Quantity.SMOKE)))
    player.play(MONDAY, "smoke", 1)
    assert "住户" in player.events[0].payload["data"]["text"]["zh"]


@dataclass(frozen=True, slots=True)
class Example:
    number: float
    pair: tuple[float, str]
    many: tuple[int, ...]
    named: dict[str, Quantity]
    maybe: float | None


@given(
    st.builds(
        Example,
        st.floats(allow_nan=False),
        st.tuples(st.floats(allow_nan=False), st.text()),
        st.lists(st.integers()).map(tuple),
        st.dictionaries(st.text(), st.sampled_from(Quantity)),
        st.none() | st.floats(allow_nan=False),
    )
)
def test_plain_json_gives_back_what_went_in(example: Example) -> None:
    """Frozen dataclasses survive JSON exactly."""
    assert from_plain(Example, json.loads(json.dumps(to_plain(example)))) == example


def test_plain_json_of_another_shape_is_refused() -> None:
    """A missing field is an error, not a default."""
    with pytest.raises(ValueError, match="Example has"):
        from_plain(Example, {"number": 1.0})


@pytest.mark.parametrize(("boot", "leaps"), [("test", 0), ("another", 1000)])
def test_after_another_boot_no_number_is_given_out_twice(boot: str, leaps: int) -> None:
    """What was sent while a disk hung, and lost with the power, shares its id with nothing."""
    player = Player(home())
    player.play(MONDAY, "smoke", 1.0)
    player.pipeline.take(
        Gap(MONDAY + 1, Stamp(boot, MONDAY + 60, MONDAY + 60, synced=True, sequence=2))
    )
    stamp = Stamp(boot, MONDAY + 61, MONDAY + 61, synced=True, sequence=3)
    (event,) = player.pipeline.take(Reading("smoke", Quantity.SMOKE, 0.0, stamp))[1]
    assert event.payload["data"]["rev"] == 2 + leaps
    assert event.sequence == 2 + leaps


@pytest.mark.parametrize(("given", "leaps"), [(0, 0), (1, 0), (2, 1001), (5000, 5999)])
def test_numbers_that_may_have_been_given_out_are_left_out(given: int, leaps: int) -> None:
    """Where a gap says that there may be events beyond those known, their numbers stay theirs."""
    player = Player(home())
    player.play(MONDAY, "smoke", 1.0)
    gap = Gap(MONDAY + 1, _stamp(60, 2), given=given)
    player.pipeline.take(gap)
    (event,) = player.pipeline.take(Reading("smoke", Quantity.SMOKE, 0.0, _stamp(61, 3)))[1]
    assert event.payload["data"]["rev"] == 2 + leaps
    assert event.sequence == 2 + leaps


def test_an_alarm_that_may_have_been_told_begins_above_the_numbers_left_out() -> None:
    """A cause older than the gap may have been told, with the same id; a newer one was not."""
    player = Player(home())
    player.play(MONDAY, "living-pir", 1.0)
    player.play(MONDAY + 1, "living-pir", 0.0)
    player.pipeline.take(Gap(MONDAY + 4 * 3600, _stamp(4 * 3600 + 60, 3), given=1))
    told = player.pipeline.advance(MONDAY + 5 * 3600)
    assert [(e.kind.value, e.payload["data"]["rev"]) for e in told] == [("home.stillness", 1002)]
    stamp = _stamp(5 * 3600, 4)
    (event,) = player.pipeline.take(Reading("smoke", Quantity.SMOKE, 1.0, stamp))[1]
    assert event.payload["data"]["rev"] == 1


def _stamp(after_s: float, sequence: int) -> Stamp:
    return Stamp("test", MONDAY + after_s, MONDAY + after_s, synced=True, sequence=sequence)
