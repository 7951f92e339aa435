"""The local question: what waits for an answer, for how long, and what becomes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import MONDAY, Player, asked_home, home, limits, site, steps, two_state

from agent import texts
from agent.detectors import Conclusion, Detector, Now, Setup
from agent.events import Event, Finding, Gap, Kind, WarningLevel
from agent.pipeline.memory import recall, remember
from agent.pipeline.pipeline import Pipeline
from agent.pipeline.question import ASKED, Config
from agent.site import Profile, Role, Site
from drivers.reading import Quantity, Reading, SensorState, SensorStatus, Stamp

ASK_S = Config().ask_s
STILL = MONDAY + 36_000 + 4 * 3600  # moved at ten in the morning; the ceiling is four hours
READY = [(MONDAY + 30_000, "button", 0), (MONDAY + 30_000, "buzzer", 0)]
MOVED = [(STILL - 4 * 3600 - 4, "living-pir", 1), (STILL - 4 * 3600, "living-pir", 0)]


def still(of: Site | None = None) -> Player:
    """A home in which the question has just been begun, about somebody who does not move."""
    player = Player(of or asked_home())
    player.play_all([row for row in READY if row[1] in player.pipeline.site.sensors] + MOVED)
    player.until(STILL + 1)
    return player


def stamp(at: float) -> Stamp:
    return Stamp("test", at, at, synced=True, sequence=99_999)


def told(events: list[Event], kind: str = "") -> list[tuple[str, str, str]]:
    return [
        (event.payload["time"][11:19], *step)
        for event, step in zip(events, steps(events), strict=True)
        if not kind or event.kind == kind
    ]


def evidence(event: Event) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.payload["data"]["evidence"]
    return found


def lose(player: Player, sensor: str, at: float) -> list[Event]:
    down = SensorState(sensor, SensorStatus.LOST, "pin gone", stamp(at))
    return player.pipeline.take(down)[1]


def test_nothing_leaves_the_home_while_it_is_asked() -> None:
    """The orange alarm of four hours without a movement is held back, and the buzzer sounds."""
    player = still()
    player.until(STILL + ASK_S)
    assert player.pipeline.is_asking
    assert player.events == []


def test_a_press_answers() -> None:
    """One information event, over at once; the alarm never was."""
    player = still()
    player.play(STILL + 60, "button", 1)
    player.play(STILL + 61, "button", 0)
    assert not player.pipeline.is_asking
    assert steps(player.events) == [("raised", "blue"), ("cleared", "blue")]
    assert {event.kind for event in player.events} == {Kind.QUESTION}
    assert evidence(player.events[0]) == {
        "reason": "answered",
        "by": "button",
        "about": "home.stillness",
        "asked_at": "2026-09-22T06:00:00.000Z",
        "asked_s": 60,
    }
    data = player.events[0].payload["data"]
    assert (data["sensors"], data["line"]) == (["button"], "civil_affairs")
    player.until(STILL + 3000)
    assert len(player.events) == 2


def test_who_answers_and_still_does_not_move_gets_the_red_alarm() -> None:
    """An answer holds back what the detector calls orange, not what it calls red an hour later."""
    player = still()
    player.play(STILL + 60, "button", 1)
    player.play(STILL + 61, "button", 0)
    player.until(STILL + 3700)
    assert told(player.events, "home.stillness") == [("07:00:00", "raised", "red")]


def test_a_movement_answers() -> None:
    """What ends the finding by the detector's own rule ends the question."""
    player = still()
    player.play(STILL + 90, "kitchen-pir", 1)
    assert not player.pipeline.is_asking
    assert told(player.events) == [("06:01:30", "raised", "blue"), ("06:01:30", "cleared", "blue")]
    assert evidence(player.events[0])["by"] == "detector"


def test_unanswered_the_alarm_leaves_as_red() -> None:
    """At the very second, with when and for how long it was asked; a movement clears it."""
    player = still()
    player.until(STILL + ASK_S + 1)
    assert not player.pipeline.is_asking
    assert told(player.events) == [("06:05:00", "raised", "red")]
    data = player.events[0].payload["data"]
    assert data["evidence"]["question"] == {
        "outcome": "unanswered",
        "asked_at": "2026-09-22T06:00:00.000Z",
        "asked_s": 300,
    }
    assert data["evidence"]["reason"] == "ceiling"
    assert data["onset"] == "2026-09-22T02:00:00.000Z"
    player.play(STILL + 400, "kitchen-pir", 1)
    assert told(player.events, "home.stillness")[1:] == [("06:06:40", "cleared", "red")]
    assert told(player.events, "home.question") == []


def test_what_became_of_the_question_stays_with_the_alarm() -> None:
    """The detector's own red, an hour later, does not take the question out of the evidence."""
    player = still()
    player.until(STILL + 3700)
    assert told(player.events) == [("06:05:00", "raised", "red"), ("07:00:00", "updated", "red")]
    assert evidence(player.events[1])["question"] == evidence(player.events[0])["question"]


def test_a_press_at_the_deadline_is_in_time() -> None:
    """Of a press that comes at the very moment, the press decides."""
    player = still()
    player.play(STILL + ASK_S - 0.05, "button", 1)
    player.until(STILL + ASK_S + 60)
    assert [event.kind for event in player.events] == [Kind.QUESTION] * 2


@pytest.mark.parametrize("gone", [{"button"}, {"buzzer"}, {"button", "buzzer"}])
def test_a_home_without_both_is_not_asked(gone: set[str]) -> None:
    """The alarm leaves at once, as it is, and says nothing of a question."""
    kept = [s for s in asked_home().sensors.values() if s.name not in gone]
    player = still(site(Profile.HOME, *kept))
    assert told(player.events) == [("06:00:00", "raised", "orange")]
    assert "question" not in evidence(player.events[0])


@pytest.mark.parametrize("silent", ["button", "buzzer"])
def test_what_was_never_heard_of_is_not_fitted(silent: str) -> None:
    """A recording that knows neither gives the alarms that it gave before."""
    player = Player(asked_home())
    player.play_all([row for row in READY if row[1] != silent] + MOVED)
    player.until(STILL + 1)
    assert told(player.events) == [("06:00:00", "raised", "orange")]


def test_a_button_that_is_held_down_is_not_ready() -> None:
    """A short or something that leans on it answers nothing: the alarm does not wait for it."""
    player = Player(asked_home())
    player.play_all([*READY, (MONDAY + 30_100, "button", 1), *MOVED])
    player.until(STILL + 1)
    assert told(player.events) == [("06:00:00", "raised", "orange")]


def test_a_second_button_that_comes_up_pressed_answers_nothing() -> None:
    """Its first report says how things stand, not that somebody pressed; the next press does."""
    second = two_state("chair-button", Role.LIVING, Quantity.ANSWER)
    player = still(site(Profile.HOME, *asked_home().sensors.values(), second))
    player.play(STILL + 10, "chair-button", 1)
    assert player.pipeline.is_asking
    player.play_all([(STILL + 20, "chair-button", 0), (STILL + 30, "chair-button", 1)])
    assert not player.pipeline.is_asking


@pytest.mark.parametrize("broken", ["button", "buzzer"])
def test_what_breaks_while_it_is_asked_lets_the_alarm_go(broken: str) -> None:
    """At once, as it is, beside the fault."""
    player = still()
    events = lose(player, broken, STILL + 100)
    assert steps(events, "home.stillness") == [("raised", "orange")]
    assert steps(events, "sensor.fault") == [("fault", "yellow")]
    alarm = next(event for event in events if event.kind == "home.stillness")
    asked = evidence(alarm)["question"]
    assert (asked["outcome"], asked["asked_s"]) == ("broken", 100)
    assert not player.pipeline.is_asking


def test_what_is_broken_before_holds_nothing_back() -> None:
    """Until it is heard of again."""
    player = Player(asked_home())
    player.play_all(READY)
    lose(player, "buzzer", MONDAY + 31_000)
    player.play_all(MOVED)
    player.until(STILL + 1)
    assert told(player.events) == [("06:00:00", "raised", "orange")]
    player.play_all([(STILL + 60, "kitchen-pir", 1), (STILL + 64, "kitchen-pir", 0)])
    player.play(STILL + 70, "buzzer", 0)
    player.until(STILL + 64 + 4 * 3600 + 1)
    assert player.pipeline.is_asking


def test_a_motion_sensor_that_fails_ends_no_question() -> None:
    """Its fault is told, and the question goes on."""
    player = still()
    events = lose(player, "kitchen-pir", STILL + 100)
    assert "sensor.fault" in [event.kind for event in events]
    assert player.pipeline.is_asking
    player.until(STILL + ASK_S + 1)
    assert told(player.events, "home.stillness") == [("06:05:00", "raised", "red")]


def test_help_and_smoke_never_wait() -> None:
    """Both are red at once while it is asked; the button for help does not answer."""
    player = still()
    player.play_all([(STILL + 10, "smoke", 1), (STILL + 20, "cord", 1)])
    assert told(player.events, "home.smoke") == [("06:00:10", "raised", "red")]
    assert told(player.events, "home.help") == [("06:00:20", "raised", "red")]


def test_an_open_yellow_alarm_stays_as_it_is() -> None:
    """It is told at once, left alone while it is asked, and becomes red unanswered."""
    player = Player(asked_home())
    player.play_all([*READY, (STILL - 4, "kitchen-pir", 1), (STILL, "kitchen-pir", 0)])
    player.until(STILL + 4 * 3600 + 10)
    assert told(player.events) == [("07:30:00", "raised", "yellow")]
    player.until(STILL + 4 * 3600 + ASK_S + 10)
    assert told(player.events)[1:] == [("10:05:00", "updated", "red")]


def test_an_answer_leaves_a_yellow_alarm_open() -> None:
    """Only its detector lifts it."""
    player = Player(asked_home())
    player.play_all([*READY, (STILL - 4, "kitchen-pir", 1), (STILL, "kitchen-pir", 0)])
    player.play(STILL + 4 * 3600 + 10, "button", 1)
    player.until(STILL + 4 * 3600 + 20)
    assert steps(player.events, "home.stillness") == [("raised", "yellow")]
    assert steps(player.events, "home.question") == [("raised", "blue"), ("cleared", "blue")]


def test_the_night_is_asked_too() -> None:
    """Eight hours in bed without a movement, over midnight: asked at half past five."""
    player = Player(asked_home())
    player.play_all(
        [*READY, (MONDAY + 77_396, "bedroom-pir", 1), (MONDAY + 77_400, "bedroom-pir", 0)]
    )
    due = MONDAY + 77_400 + 8 * 3600
    player.until(due + 1)
    assert player.pipeline.is_asking
    assert player.events == []
    player.until(due + ASK_S + 1)
    assert steps(player.events) == [("raised", "red")]


def test_the_agent_that_is_killed_goes_on_asking() -> None:
    """State to JSON and back, and ten seconds nobody watched: the same end at the same second."""
    player = still()
    document = json.loads(json.dumps(remember(player.pipeline)))
    player.pipeline = Pipeline(asked_home(), limits())
    assert recall(player.pipeline, document) == []
    assert player.pipeline.is_asking
    player.events += player.pipeline.take(Gap(STILL + 100, stamp(STILL + 110)))[1]
    assert player.pipeline.is_asking
    player.until(STILL + ASK_S + 1)
    assert told(player.events) == [("06:05:00", "raised", "red")]
    assert evidence(player.events[0])["question"]["asked_s"] == 290


def test_a_question_that_ends_while_the_agent_is_down_confirms_nothing() -> None:
    """The alarm leaves as soon as it is back, as orange: it was asked for ten seconds only."""
    player = still()
    player.events += player.pipeline.take(Gap(STILL + 10, stamp(STILL + 1000)))[1]
    assert told(player.events) == [("06:16:40", "raised", "orange")]
    asked = evidence(player.events[0])["question"]
    assert (asked["outcome"], asked["asked_s"]) == ("interrupted", 10)


def test_after_a_gap_of_unknown_length_nothing_is_held() -> None:
    """Nobody knows how long it has been held by then."""
    player = still()
    gap = Gap(STILL + 10, stamp(STILL + 20), is_known=False)
    assert steps(player.pipeline.take(gap)[1]) == [("raised", "orange")]


def test_a_configuration_without_the_button_lets_the_alarm_go() -> None:
    """What was held under the configuration before is told after the restart."""
    player = still()
    document = remember(player.pipeline)
    pipeline = Pipeline(home(), limits())
    recall(pipeline, document)
    assert steps(pipeline.take(Gap(STILL + 10, stamp(STILL + 20)))[1]) == [("raised", "orange")]


def test_the_time_is_configured() -> None:
    """`ask_s` is how long it is asked."""
    player = Player(asked_home())
    player.pipeline = Pipeline(asked_home(), limits(), asks=Config(ask_s=60))
    player.play_all(READY + MOVED)
    player.until(STILL + 61)
    assert told(player.events) == [("06:01:00", "raised", "red")]


def test_what_people_read() -> None:
    """Unanswered, that stands first; answered, it says about what."""
    player = still()
    player.until(STILL + ASK_S + 1)
    data = player.events[0].payload["data"]
    assert data["text"]["zh"].startswith(
        "【无应答】广州市黄埔区萝岗街下中路住户已4小时未见活动，红色预警"
    )
    assert data["text"]["en"].startswith("[Asked, no answer] Red warning: no movement seen for 4 h")
    assert data["detail"]["zh"].endswith("。已在家中询问5分钟，无应答。")
    assert data["detail"]["en"].endswith(". Asked in the home for 5 min: no answer.")
    other = still()
    other.play(STILL + 60, "button", 1)
    other.until(STILL + 61)
    data = other.events[0].payload["data"]
    assert data["text"]["zh"].endswith("住户已按键应答平安询问（长时间无活动），供参考。")
    assert data["text"]["en"].endswith(
        "asked about a long stillness, the resident pressed the button. For information."
    )
    assert data["detail"] == {"zh": "询问开始后60秒。", "en": "60 s after the question began."}


# A detector that concludes what it is told to: `level` of a kind, as the value of a reading.


@dataclass(frozen=True)
class Nothing:
    pass


KINDS = [Kind.STILLNESS, Kind.MEALS, Kind.OUTING, Kind.SMOKE]
TALKER = {kind: f"talk-{kind.value.partition('.')[2]}" for kind in KINDS}
EVIDENCE: dict[Kind, dict[str, Any]] = {
    Kind.STILLNESS: {
        "reason": "ceiling", "for_s": 9, "limit": 240, "days_learned": 0, "longest_min": 0,
        "last_sensor": "x",
    },
    Kind.MEALS: {
        "reason": "not_eating", "slot": "lunch", "score": 0, "limit": 3, "days_learned": 9,
        "missed": 6, "kitchen_seen": True,
    },
    Kind.OUTING: {"reason": "absent_long", "for_s": 9},
    Kind.SMOKE: {},
}  # fmt: skip


def say(setup: Setup[Nothing], state: Nothing, now: Now) -> tuple[Nothing, tuple[Conclusion, ...]]:
    if not isinstance(now, Reading) or now.quantity is not Quantity.DEPTH_MM:
        return state, ()
    kind = next(kind for kind in KINDS if TALKER[kind] == now.sensor)
    level = WarningLevel(int(now.value)) if now.value else None
    facts = {**EVIDENCE[kind], "number": now.stamp.sequence}
    at = now.stamp.mono
    return state, (Finding(kind, "home", level, at, sensors=(now.sensor,), evidence=facts),)


def quiet(setup: Setup[Nothing], state: Nothing) -> None:
    return None


def begin(setup: Setup[Nothing], now: float) -> Nothing:
    return Nothing()


def everything(of: Site) -> dict[str, tuple[str, ...]]:
    return {"home": tuple(of.sensors)}


PARROT = MappingProxyType({"parrot": Detector(Nothing, Nothing, everything, begin, say, quiet)})


@pytest.fixture
def parrot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.pipeline.routes.detectors", lambda: PARROT)


def talkers() -> Site:
    sensors = [
        replace(s, traits=replace(s.traits, settle=None)) for s in asked_home().sensors.values()
    ]
    talking = [two_state(name, Role.HALL, Quantity.DEPTH_MM) for name in TALKER.values()]
    return site(Profile.HOME, *sensors, *talking)


def ready() -> Player:
    player = Player(talkers())
    player.play_all([(MONDAY, "button", 0), (MONDAY, "buzzer", 0)])
    return player


@pytest.mark.usefixtures("parrot")
def test_two_alarms_at_once_have_each_their_own_time() -> None:
    """The first leaves unanswered; a press later answers the second alone."""
    player = ready()
    player.play(MONDAY + 10, "talk-stillness", 3)
    player.play(MONDAY + 110, "talk-meals", 3)
    player.until(MONDAY + 350)
    assert told(player.events) == [("16:05:10", "raised", "red")]
    assert player.pipeline.is_asking
    player.play(MONDAY + 360, "button", 1)
    assert told(player.events, "home.question") == [
        ("16:06:00", "raised", "blue"),
        ("16:06:00", "cleared", "blue"),
    ]
    assert evidence(player.events[-1])["about"] == "home.meals"
    assert not player.pipeline.is_asking


@pytest.mark.usefixtures("parrot")
def test_one_press_answers_all_that_is_asked() -> None:
    """Each alarm that was held is reported as answered, under an id of its own."""
    player = ready()
    player.play(MONDAY + 10, "talk-stillness", 3)
    player.play(MONDAY + 10, "talk-meals", 3)
    player.play(MONDAY + 60, "button", 1)
    assert [evidence(e)["about"] for e in player.events] == ["home.stillness"] * 2 + [
        "home.meals"
    ] * 2
    assert len({event.id for event in player.events}) == 4


@pytest.mark.usefixtures("parrot")
def test_an_update_while_it_is_asked_gives_no_more_time() -> None:
    """What leaves is what the detector said last, at the time that the first was to leave."""
    player = ready()
    player.play(MONDAY + 10, "talk-meals", 3)
    player.play(MONDAY + 200, "talk-meals", 3)
    player.until(MONDAY + 311)
    assert told(player.events) == [("16:05:10", "raised", "red")]
    assert evidence(player.events[0])["number"] == 4


@pytest.mark.usefixtures("parrot")
def test_an_unanswered_alarm_stays_red_until_it_is_lowered() -> None:
    """Further orange findings are told at once, as red; a yellow one lowers it."""
    player = ready()
    player.play(MONDAY + 10, "talk-meals", 3)
    player.until(MONDAY + 400)
    player.play(MONDAY + 500, "talk-meals", 3)
    player.play(MONDAY + 600, "talk-meals", 2)
    assert steps(player.events) == [("raised", "red"), ("updated", "red"), ("updated", "yellow")]
    assert not player.pipeline.is_asking


@pytest.mark.usefixtures("parrot")
def test_red_does_not_wait_for_its_own_question() -> None:
    """A finding that becomes red while it is held leaves at once, and is asked about no longer."""
    player = ready()
    player.play(MONDAY + 10, "talk-stillness", 3)
    player.play(MONDAY + 20, "talk-stillness", 4)
    assert told(player.events) == [("16:00:20", "raised", "red")]
    assert not player.pipeline.is_asking


@pytest.mark.usefixtures("parrot")
def test_an_empty_home_that_does_not_answer_is_no_emergency() -> None:
    """An outing leaves as orange, with the question in its evidence."""
    player = ready()
    player.play(MONDAY + 10, "talk-outing", 3)
    player.until(MONDAY + 400)
    assert told(player.events) == [("16:05:10", "raised", "orange")]
    assert evidence(player.events[0])["question"]["outcome"] == "unanswered"


@pytest.mark.usefixtures("parrot")
def test_a_text_that_cannot_be_made_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An alarm that is let go leaves in plain words, beside a reported fault and other alarms."""
    player = ready()
    player.play(MONDAY + 10, "talk-stillness", 3)
    player.play(MONDAY + 10, "talk-meals", 3)

    def fail(told: object) -> tuple[str, str]:
        raise KeyError("slot")

    monkeypatch.setitem(texts._SENTENCES, Kind.STILLNESS, fail)
    player.until(MONDAY + 400)
    assert steps(player.events, "home.stillness") == [("raised", "red")]
    assert player.events[0].payload["data"]["text"]["en"].startswith("A long stillness, level red:")
    assert evidence(player.events[0])["question"]["outcome"] == "unanswered"
    assert steps(player.events, "device.fault") == [("fault", "yellow")]
    assert steps(player.events, "home.meals") == [("raised", "red")]


INPUTS = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.5, 20.0, 130.0, 299.5, 300.0, 301.0, 1000.0]),
        st.one_of(
            st.tuples(st.sampled_from(list(TALKER.values())), st.sampled_from([0, 2, 3, 3, 3, 4])),
            st.tuples(st.just("button"), st.integers(0, 1)),
            st.tuples(st.just("buzzer"), st.integers(0, 1)),
            st.tuples(st.sampled_from(["button", "buzzer"]), st.just("lost")),
            st.tuples(st.just(""), st.just("gap")),
        ),
    ),
    max_size=30,
)


def feed(player: Player, at: float, pause: float, sensor: str, what: Any) -> None:
    """One input at a moment, after a pause."""
    if what == "lost":
        player.events += lose(player, sensor, at)
    elif what == "gap":
        player.events += player.pipeline.take(Gap(at - pause, stamp(at)))[1]
    else:
        player.play(at, sensor, what)


def fed(player: Player, inputs: list[tuple[float, tuple[str, Any]]], cut: int = -1) -> None:
    """Feed all that, with a restart from JSON before the input of that number."""
    at = MONDAY + 1
    for number, (pause, one) in enumerate(inputs):
        if number == cut:
            document = json.loads(json.dumps(remember(player.pipeline)))
            player.pipeline = Pipeline(talkers(), limits())
            assert recall(player.pipeline, document) == []
        at += pause
        feed(player, at, pause, *one)
    player.until(at + ASK_S + 1)


@pytest.mark.usefixtures("parrot")
def test_no_urgent_finding_is_lost_or_late() -> None:
    """At any moment, what a detector says last is told, held for less than `ask_s`, or answered."""

    @given(INPUTS)
    def check(inputs: list[tuple[float, tuple[str, Any]]]) -> None:
        player, at, said = ready(), MONDAY + 1, dict[Kind, int]()
        for pause, (sensor, what) in inputs:
            at += pause
            before = len(player.events)
            feed(player, at, pause, sensor, what)
            said |= {kind: what for kind, name in TALKER.items() if name == sensor}
            for event in player.events[before:]:
                if event.kind is Kind.QUESTION and evidence(event)["by"] == "button":
                    said.pop(Kind(evidence(event)["about"]), None)
            for kind, level in said.items():
                alarm = player.pipeline.ledger.alarms.get(f"{kind.value}/home")
                held = player.pipeline.question.held.get(f"{kind.value}/home")
                if level == WarningLevel.ORANGE and held is not None:
                    assert kind in ASKED
                    assert at <= held.asked + ASK_S
                else:
                    assert held is None
                    assert (alarm.level if alarm else 0) >= level
        player.until(at + ASK_S + 1)
        assert not player.pipeline.is_asking
        assert steps(player.events, "device.fault") == []  # every text could be made

    check()


@pytest.mark.usefixtures("parrot")
def test_a_restart_at_any_point_of_a_question_changes_nothing() -> None:
    """State to JSON and back in between: the same events, ids and numbers included."""

    @given(INPUTS, st.integers(0, 30))
    def check(inputs: list[tuple[float, tuple[str, Any]]], cut: int) -> None:
        whole, cut_short = ready(), ready()
        fed(whole, inputs)
        fed(cut_short, inputs, cut)
        assert [dict(e.payload) for e in whole.events] == [
            dict(e.payload) for e in cut_short.events
        ]

    check()


@pytest.mark.usefixtures("parrot")
def test_how_often_the_clock_is_looked_at_changes_no_question() -> None:
    """Ticks between inputs serve the same deadlines at the same moments."""

    @given(INPUTS, st.floats(0.0, 0.999))
    def check(inputs: list[tuple[float, tuple[str, Any]]], share: float) -> None:
        whole, ticked = ready(), ready()
        fed(whole, inputs)
        at = MONDAY + 1
        for pause, one in inputs:
            if one[1] != "gap":
                ticked.until(at + share * pause)
            at += pause
            feed(ticked, at, pause, *one)
        ticked.until(at + ASK_S + 1)
        assert [e.id for e in whole.events] == [e.id for e in ticked.events]

    check()
