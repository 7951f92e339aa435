"""How long nobody may move, by what is known alone: each limit, and which of them holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from routine import at
from sites import home, two_state

from agent.detectors import Setup
from agent.detectors.habits import Silences
from agent.detectors.levels import Doubt
from agent.detectors.patience import (
    Config,
    Limit,
    State,
    bed_or_awake,
    ceiling_min,
    is_bed,
    learned_share,
    limit_at,
    limit_of,
    milder_limit_of,
    role_of,
    source_of,
    state_at,
    up_by_h,
)
from agent.detectors.presence import Home, Place, Sign
from agent.site import Role
from drivers.reading import Quantity

TODAY = 700_000
AWAKE = Home(Place.AWAKE)
UNTOLD = Home(Place.AWAKE, boot="second")  # no clock has told the time
STUCK = Home(Place.AWAKE, doubts={"living-pir": Doubt.STUCK})
NOON = 24  # number of its half-hour
SITE = replace(
    home(),
    sensors={
        **home().sensors,
        "bath-pir": two_state("bath-pir", Role.BATHROOM, Quantity.MOTION),
        "bedroom-2": two_state("bedroom-2", Role.BEDROOM, Quantity.PRESENCE),
    },
)


def mono(hour: float) -> float:
    """Monotonic second of an hour since the first midnight; `at` gives the wall's."""
    return at(hour) - 1_000_000


def sign(hour: float, sensor: str = "living-pir") -> Sign:
    return Sign(mono(hour), at(hour), sensor)


def set_up(*, pets: bool = False, **limits: float) -> Setup[Config]:
    return Setup(Config(**limits), replace(SITE, pets=pets), "home", frozenset(limits))


def known(days: int = 14, silences: dict[str, Any] | None = None, **other: Any) -> State:
    """Silences in minutes by name: one, or the longest first."""
    lengths = {
        name: tuple((m, TODAY) for m in (minutes if isinstance(minutes, tuple) else (minutes,)))
        for name, minutes in (silences or {}).items()
    }
    return State(Silences(lengths), days=days, day=TODAY, **other)


def holds(
    state: State,
    last: Sign,
    hour: float,
    seen: Home = AWAKE,
    *,
    pets: bool = False,
    **limits: float,
) -> Limit:
    return limit_of(set_up(pets=pets, **limits), state, last, seen, mono(hour))


def wet(state: State, last: Sign, hour: float, seen: Home = AWAKE) -> Limit | None:
    return milder_limit_of(set_up(), state, last, seen, mono(hour))


@pytest.mark.parametrize(("name", "low", "high"), [("awake_h", 0.5, 12), ("bed_h", 4, 16)])
def test_limits_have_limits(name: str, low: float, high: float) -> None:
    """Both ends are allowed, and what is outside is named."""
    other = {"bed_h": 16.0} if name == "awake_h" else {"awake_h": 4.0}
    for value in (low, high):
        assert getattr(Config(**{name: value}, **other), name) == value
    for value in (low - 0.1, high + 0.1):
        with pytest.raises(ValueError, match=f"^{name}: {value} is outside {low} to {high}$"):
            Config(**{name: value}, **other)


def test_the_bed_has_no_lower_ceiling_than_the_day() -> None:
    """As low is allowed."""
    assert Config(awake_h=8, bed_h=8).bed_h == 8
    with pytest.raises(ValueError, match=r"^bed_h: 5 is below awake_h 6$"):
        Config(awake_h=6, bed_h=5)


@pytest.mark.parametrize(
    ("days", "share"), [(0, 0), (7, 0), (8, 1 / 7), (10, 3 / 7), (14, 1), (30, 1)]
)
def test_what_is_learned_counts_from_day_7_and_alone_from_14(days: int, share: float) -> None:
    """More by the day."""
    assert learned_share(State(days=days)) == pytest.approx(share)
    limit = holds(known(days, {f"living-pir/{NOON}": 100.0}), sign(12), 13)
    assert limit.minutes == pytest.approx(240 - share * 100)
    assert limit.source == ("learned" if share else "default")


def test_somebody_who_slept_has_to_be_up_an_hour_after_the_latest_rising() -> None:
    """Once seven are known."""
    assert up_by_h(State(risings=(6.0, 7.5, *(7.0,) * 5))) == 8.5
    assert up_by_h(State(risings=(7.0,) * 6)) is None


@pytest.mark.parametrize(
    ("sensor", "hour", "limits", "expected"),
    [
        ("living-pir", 13, {}, Limit(240, "ceiling", "default")),
        ("living-pir", 13, {"awake_h": 3.0}, Limit(180, "ceiling", "config")),
        ("living-pir", 13, {"bed_h": 9.0}, Limit(240, "ceiling", "default")),
        ("bedroom-pir", 22, {}, Limit(480, "ceiling", "default")),
        ("bedroom-pir", 22, {"bed_h": 9.0}, Limit(540, "ceiling", "config")),
        ("bedroom-pir", 22, {"awake_h": 3.0}, Limit(480, "ceiling", "default")),
        ("gone", 13, {}, Limit(240, "ceiling", "default")),
    ],
)
@pytest.mark.parametrize("days", [0, 14])
def test_where_nothing_is_known_the_ceiling_holds(
    sensor: str, hour: float, limits: dict[str, float], expected: Limit, days: int
) -> None:
    """Of the day or of the bed, as configured."""
    assert holds(known(days), sign(hour, sensor), hour, **limits) == expected
    assert (ceiling_min(set_up(), "bed"), ceiling_min(set_up(), "awake")) == (480, 240)
    assert source_of(set_up(bed_h=9.0), "bed_h") == "config"
    assert source_of(set_up(bed_h=9.0), "awake_h") == "default"


@pytest.mark.parametrize(
    ("silences", "expected"),
    [
        ({"living-pir/24": 100.0}, ("line", 140.0, 100.0)),
        ({"living-pir/22": 100.0}, ("line", 140.0, 100.0)),
        ({"living-pir/26": 100.0}, ("line", 140.0, 100.0)),
        ({"living-pir/27": 140.0}, ("day", 100.0, 140.0)),
        ({"living-pir/21": 140.0}, ("day", 100.0, 140.0)),
        ({"living-pir/0": 140.0}, ("day", 100.0, 140.0)),
        ({"kitchen-pir/26": 150.0}, ("hour", 105.0, 150.0)),
        ({"kitchen-pir/27": 150.0}, ("ceiling", 240.0, 0.0)),
        ({"bedroom-2/22": 150.0}, ("hour", 105.0, 150.0)),
        ({"entry-pir/24": 150.0}, ("ceiling", 240.0, 0.0)),  # no room
        ({"smoke/24": 150.0}, ("ceiling", 240.0, 0.0)),  # sees nobody
        ({"living-pir/24": 100.0, "kitchen-pir/24": 300.0}, ("hour", 180.0, 300.0)),
        ({"living-pir/24": 100.0, "kitchen-pir/24": 190.0}, ("line", 140.0, 100.0)),
        ({"living-pir/24": 20.0}, ("line", 90.0, 20.0)),  # the least
        ({"living-pir/24": 300.0}, ("ceiling", 240.0, 0.0)),
        ({"living": 100.0}, ("ceiling", 240.0, 0.0)),  # no bathroom, no kitchen
    ],
)
def test_awake_the_longest_of_three_is_usual(
    silences: dict[str, float], expected: tuple[str, float, float]
) -> None:
    """After this sensor about this time; half of that at any time; half of that elsewhere now."""
    limit = holds(known(silences=silences), sign(12), 14)
    assert (limit.reason, pytest.approx(limit.minutes), limit.longest) == expected
    assert limit.source == ("default" if expected[0] == "ceiling" else "learned")


def test_what_is_usual_goes_by_when_the_silence_began() -> None:
    """Not by how late it has become."""
    state = known(silences={"living-pir/31": 100.0})
    assert holds(state, sign(12), 15.5).reason == "day"
    assert holds(state, sign(15.6), 20).reason == "line"


def test_beside_a_doubtful_room_or_a_pet_any_room_counts_in_full() -> None:
    """He may have gone where nobody sees him. A doubtful door is no room."""
    state = known(silences={"kitchen-pir/24": 150.0})
    last = sign(12)
    assert holds(state, last, 13).minutes == pytest.approx(105)
    assert holds(state, last, 13, STUCK).minutes == pytest.approx(195)
    assert holds(state, last, 13, pets=True).minutes == pytest.approx(195)
    door = replace(AWAKE, doubts={"entry-pir": Doubt.STUCK})
    assert holds(state, last, 13, door).minutes == pytest.approx(105)


@pytest.mark.parametrize(
    ("longest", "expected"),
    [
        (100.0, ("room", 125.0, 100.0)),
        (60.0, ("room", 90.0, 60.0)),
        (200.0, ("line", 140.0, 100.0)),
        (0.0, ("line", 140.0, 100.0)),
    ],
)
def test_bathroom_and_kitchen_have_a_limit_of_the_room(
    longest: float, expected: tuple[str, float, float]
) -> None:
    """The longest there and a quarter, from an hour and a half on; the lower one holds."""
    for sensor, room in (("kitchen-pir", "kitchen"), ("bath-pir", "bathroom")):
        state = known(silences={f"{sensor}/24": 100.0, room: longest})
        limit = holds(state, sign(12, sensor), 13)
        assert (limit.reason, pytest.approx(limit.minutes), limit.longest) == expected
        doubtful = holds(state, sign(12, sensor), 13, STUCK)
        assert (doubtful.reason, doubtful.minutes) == ("line", pytest.approx(140))


def test_the_limit_of_the_room_is_learned_like_the_others() -> None:
    """On the tenth day three sevenths of it."""
    least = known(10, {"kitchen": 60.0})
    assert holds(least, sign(12, "kitchen-pir"), 13).minutes == pytest.approx(240 - 150 * 3 / 7)
    state = known(10, {"kitchen": 100.0})
    assert holds(state, sign(12, "kitchen-pir"), 13) == Limit(
        pytest.approx(240 - 115 * 3 / 7), "room", "learned", 100.0
    )


@pytest.mark.parametrize("sensor", ["entry-pir", "front-door", "gone"])
def test_at_the_door_only_the_ceiling_counts(sensor: str) -> None:
    """Its contact may be dead, and he may be out; nor is anything usual of a sensor that is gone."""
    state = known(silences={f"{sensor}/24": 100.0, "living-pir/24": 100.0})
    assert holds(state, sign(12, sensor), 13).reason == "ceiling"


@pytest.mark.parametrize(
    ("silences", "expected"),
    [
        ({"bed/4": 300.0}, ("line", 350.0, 300.0)),
        ({"bed/1": 300.0}, ("line", 350.0, 300.0)),
        ({"bed/7": 300.0}, ("line", 350.0, 300.0)),
        ({"bed/0": 300.0}, ("ceiling", 480.0, 0.0)),
        ({"bed/8": 300.0}, ("ceiling", 480.0, 0.0)),
        ({"bed/4": 50.0}, ("line", 120.0, 50.0)),  # the least
        ({"bedroom-pir/44": 300.0, "living-pir/44": 300.0}, ("ceiling", 480.0, 0.0)),
    ],
)
def test_in_bed_the_longest_by_this_half_hour_is_usual(
    silences: dict[str, float], expected: tuple[str, float, float]
) -> None:
    """At two, of somebody who went to bed at ten."""
    limit = holds(known(silences=silences), sign(22, "bedroom-pir"), 26)
    assert (limit.reason, pytest.approx(limit.minutes), limit.longest) == expected
    assert limit.source == ("default" if expected[0] == "ceiling" else "learned")


def test_a_nap_that_lasts_into_the_night_is_sleep() -> None:
    """And so is a night that lasts into the day; the ceiling goes by the present hour."""
    state = known(silences={"bed/42": 200.0, "bed/21": 150.0, "bedroom-pir/28": 100.0})
    assert holds(state, sign(14, "bedroom-pir"), 20.9).minutes == pytest.approx(140)
    assert holds(state, sign(14, "bedroom-pir"), 21).minutes == pytest.approx(240)
    assert holds(state, sign(9, "bedroom-pir"), 10.5).minutes == pytest.approx(185)
    assert holds(known(0), sign(9, "bedroom-pir"), 9.9).minutes == 480
    assert holds(known(0), sign(9, "bedroom-pir"), 10.0).minutes == 240


def test_without_the_time_of_day_the_bedroom_has_its_ceiling_only() -> None:
    """At any hour; other rooms have what is usual."""
    state = known(silences={"bedroom-pir/24": 100.0, "living-pir/24": 100.0, "bed/4": 100.0})
    assert holds(state, sign(12, "bedroom-pir"), 13, UNTOLD) == Limit(480, "ceiling", "default")
    assert holds(state, sign(22, "bedroom-pir"), 26, UNTOLD) == Limit(480, "ceiling", "default")
    assert holds(state, sign(12), 13, UNTOLD).reason == "line"


RISINGS = (7.5, *(7.0,) * 6)


@pytest.mark.parametrize(
    ("began", "hour", "expected"),
    [
        (3.0, 8.49, ("ceiling", 480.0)),
        (3.0, 8.5, ("not_up", 330.0)),
        (3.0, 9.5, ("not_up", 330.0)),
        (8.0, 9.0, ("not_up", 75.0)),  # the least
        (8.5, 9.0, ("not_up", 75.0)),
        (8.6, 9.0, ("ceiling", 480.0)),  # begun after that hour
    ],
)
def test_who_is_not_up_an_hour_after_the_latest_rising_is_late(
    began: float, hour: float, expected: tuple[str, float]
) -> None:
    """The silence that lasts until that hour, from then on."""
    limit = holds(known(risings=RISINGS), sign(began, "bedroom-pir"), hour)
    assert (limit.reason, pytest.approx(limit.minutes)) == expected
    assert limit.source == ("learned" if limit.reason == "not_up" else "default")
    assert holds(known(risings=RISINGS[1:]), sign(began, "bedroom-pir"), hour).reason == "ceiling"


def test_late_is_late_until_five_in_the_afternoon() -> None:
    """Then the next evening begins."""
    state, last = known(0, risings=RISINGS), sign(3, "bedroom-pir")
    assert holds(state, last, 16.99, awake_h=8.0).reason == "not_up"
    assert holds(state, last, 17.0, awake_h=8.0).reason == "ceiling"


def test_only_who_is_in_bed_can_be_late() -> None:
    """Nor does it hold where something lower does."""
    assert holds(known(risings=RISINGS), sign(3), 9).reason == "ceiling"
    state = known(risings=RISINGS, silences={"bed/18": 200.0})
    limit = holds(state, sign(3, "bedroom-pir"), 9)
    assert (limit.reason, limit.minutes) == ("line", pytest.approx(240))


@pytest.mark.parametrize(
    ("hour", "blind"), [(21.4, False), (21.5, True), (33.9, True), (34.0, False)]
)
def test_at_night_somebody_seen_elsewhere_last_may_be_asleep(hour: float, *, blind: bool) -> None:
    """Who went from bed without a sign of getting up: four hours above the ceiling of the bed."""
    state = known(silences={"living-pir/42": 100.0}, got_up_unseen=True)
    limit = holds(state, sign(21), hour)
    assert (limit.minutes, limit.reason) == (
        (720, "ceiling") if blind else (pytest.approx(140), "line")
    )
    if blind:
        assert holds(state, sign(21), hour, bed_h=6.0) == Limit(600, "ceiling", "config")
        assert limit.source == "default"
    in_bed = holds(state, sign(21, "bedroom-pir"), 21.5)
    assert in_bed.minutes == 480


def test_so_may_he_where_no_bedroom_sensor_is_believed() -> None:
    """One of two is enough to see him."""
    both = dict.fromkeys(("bedroom-pir", "bedroom-2"), Doubt.STUCK)
    state = known(silences={"living-pir/44": 100.0})
    assert holds(state, sign(22), 22.1, replace(AWAKE, doubts=both)).minutes == 720
    one = {"bedroom-pir": Doubt.STUCK, "kitchen-pir": Doubt.STUCK}
    assert holds(state, sign(22), 22.1, replace(AWAKE, doubts=one)).minutes == pytest.approx(140)


def test_a_home_without_a_bedroom_has_no_blind_one() -> None:
    """Nobody sleeps where nothing looks."""
    rooms = {n: s for n, s in SITE.sensors.items() if s.role is not Role.BEDROOM}
    setup = replace(set_up(), site=replace(SITE, sensors=rooms))
    state = known(silences={"living-pir/44": 100.0})
    assert limit_of(setup, state, sign(22), AWAKE, mono(22.1)).reason == "line"


@pytest.mark.parametrize(
    ("days", "bed_seen_h", "blind"),
    [(7, 16.99, True), (7, 17.0, False), (6, 16.0, False), (7, None, False)],
)
def test_and_where_nothing_was_heard_from_the_bedroom_all_evening(
    days: int, bed_seen_h: float | None, *, blind: bool
) -> None:
    """Five hours, once a week is known."""
    seen = None if bed_seen_h is None else mono(bed_seen_h)
    limit = holds(known(days, bed_seen=seen), sign(22), 22.1)
    assert limit.minutes == (720 if blind else 240)


def test_he_is_late_by_the_hour_of_rising_all_the_same() -> None:
    """Wherever he was seen last."""
    state = known(risings=RISINGS, got_up_unseen=True)
    assert holds(state, sign(22), 32.49).minutes == 720
    limit = holds(state, sign(22), 32.5)
    assert (limit.reason, limit.minutes) == ("not_up", pytest.approx(630))


@pytest.mark.parametrize(
    ("days", "lengths", "expected"),
    [
        (0, (60.0, 40.0), Limit(90, "ceiling", "default")),
        (7, (60.0, 40.0), Limit(90, "ceiling", "default")),
        (14, (60.0, 40.0), Limit(50, "room", "learned", 40.0)),
        (14, (40.0,), Limit(50, "room", "learned", 40.0)),
        (10, (60.0, 40.0), Limit(pytest.approx(90 - 40 * 3 / 7), "room", "learned", 40.0)),
        (14, (60.0, 20.0), Limit(30, "room", "learned", 20.0)),
        (14, (), Limit(30, "room", "learned", 5.0)),
        (14, (200.0, 100.0), Limit(90, "room", "learned", 100.0)),
    ],
)
def test_bathroom_and_kitchen_have_a_milder_limit(
    days: int, lengths: tuple[float, ...], expected: Limit
) -> None:
    """The second longest there and a quarter, between half an hour and one and a half."""
    for sensor, room in (("kitchen-pir", "kitchen"), ("bath-pir", "bathroom")):
        state = known(days, {room: lengths})
        assert wet(state, sign(12, sensor), 13) == expected


def test_no_other_room_has_one_nor_does_a_home_with_a_doubtful_room() -> None:
    """A doubtful door does not matter."""
    assert wet(known(), sign(12), 13) is None
    assert wet(known(), sign(12, "gone"), 13) is None
    assert wet(known(), sign(12, "kitchen-pir"), 13, STUCK) is None
    door = replace(AWAKE, doubts={"entry-pir": Doubt.STUCK})
    assert wet(known(), sign(12, "kitchen-pir"), 13, door) is not None


def test_who_may_be_asleep_unseen_has_the_mildest() -> None:
    """Back in bed, or still there: an hour and a half where he was seen to come; else none."""
    unseen = known(got_up_unseen=True)
    assert wet(unseen, sign(26, "bath-pir"), 26.1) == Limit(90, "ceiling", "default")
    assert wet(unseen, sign(14, "bath-pir"), 14.1) == Limit(30, "room", "learned", 5.0)
    assert wet(known(bed_seen=mono(12)), sign(22, "bath-pir"), 22.1) is None
    assert wet(known(bed_seen=mono(12)), sign(21, "bath-pir"), 22) is None
    assert wet(known(bed_seen=mono(12)), sign(21, "bath-pir"), 21.4) is not None


def test_an_ordinary_day_is_shown_as_it_would_be_judged() -> None:
    """By the hour, with everything believed; whoever asks need not know when the bed was seen."""
    silences = {"living-pir/24": 100.0, "kitchen-pir/24": 100.0, "kitchen": 40.0, "bed/4": 300.0}
    for seen in (None, mono(9)):
        state = known(silences=silences, bed_seen=seen)
        setup = set_up()
        assert limit_at(setup, state, 12.25, "living-pir") == (
            Limit(pytest.approx(140), "line", "learned", 100.0), None
        )  # fmt: skip
        assert limit_at(setup, state, 13.5, "living-pir")[0].reason == "day"
        assert limit_at(setup, state, 2.0, "bedroom-pir")[0].minutes == pytest.approx(350)
        assert limit_at(setup, state, 12.0, "kitchen-pir") == (
            Limit(90.0, "room", "learned", 40.0), Limit(50.0, "room", "learned", 40.0)
        )  # fmt: skip
        assert limit_at(setup, state, 22.0) == (Limit(240, "ceiling", "default"), None)


def test_bed_is_the_bedroom_from_nine_to_ten() -> None:
    """Without the time of day it is the bedroom."""
    setup = set_up()
    for hour, bed in ((20.9, "awake"), (21, "bed"), (33.9, "bed"), (34, "awake")):
        assert bed_or_awake(setup, Role.BEDROOM, at(hour)) == bed
        assert bed_or_awake(setup, Role.LIVING, at(hour)) == "awake"
        assert state_at(setup, AWAKE, sign(14, "bedroom-pir"), mono(hour)) == bed
        assert state_at(setup, AWAKE, sign(14), mono(hour)) == "awake"
        assert state_at(setup, UNTOLD, sign(14, "bedroom-pir"), mono(hour)) == "bed"
        assert state_at(setup, UNTOLD, sign(14), mono(hour)) == "awake"
    assert is_bed(setup, Role.BEDROOM, at(14), at(22))
    assert is_bed(setup, Role.BEDROOM, at(9), at(12))
    assert not is_bed(setup, Role.BEDROOM, at(12), at(14))
    assert not is_bed(setup, Role.LIVING, at(22), at(26))
    assert role_of(setup, sign(1, "bath-pir")) is Role.BATHROOM
    assert role_of(setup, sign(1, "gone")) is None
