"""What is learned of a resident: stillness, outings, sleep and meals after two weeks."""

from __future__ import annotations

from typing import Any

import pytest
from routine import at, day, lived, passing, stirring
from sites import Player, home

from agent.detectors.habits import Silences, around, bin_of
from agent.events import Gap
from drivers.reading import Stamp

LEARNED = 16


def told(player: Player, kind: str) -> list[dict[str, Any]]:
    return [event.payload["data"] for event in player.events if event.kind == kind]


def until_noon(number: int, player: Player, hour: float = 12.0) -> None:
    player.play_all(row for row in day(number) if row[0] < at(number * 24 + hour))


def test_an_ordinary_fortnight_is_no_event() -> None:
    """Somebody who lives by the clock is left alone from the first day on."""
    assert lived(LEARNED).events == []


def test_a_learned_limit_comes_before_the_ceiling_and_says_why() -> None:
    """Silences of two hours at most at that time of day: told after a tenth and half an hour more."""
    player = lived(LEARNED)
    until_noon(LEARNED, player, 15.3)
    player.until(at(LEARNED * 24 + 23))
    first = told(player, "home.stillness")[0]
    evidence = first["evidence"]
    assert (first["level"], evidence["limit_source"]) == ("orange", "learned")
    assert evidence["reason"] in {"line", "day", "hour"}
    assert 90 <= evidence["limit"] < 240
    assert evidence["days_learned"] >= 14
    assert evidence["longest_min"] <= evidence["limit"]
    assert "天" in first["detail"]["zh"]


def test_who_does_not_get_up_is_missed_an_hour_after_the_latest_rising() -> None:
    """In bed since eleven, with the exit at three, and nothing after it."""
    player = lived(LEARNED)
    until_noon(LEARNED, player, 4.0)
    player.until(at(LEARNED * 24 + 12))
    still, late = told(player, "home.stillness"), told(player, "home.sleep")
    assert still[0]["level"] == "orange"
    assert player.events[0].mono <= at(LEARNED * 24 + 8.3)
    assert [data["evidence"]["reason"] for data in late] == ["late_rising"]


def test_a_restless_morning_in_bed_is_late_rising_alone() -> None:
    """Alive, but not up: yellow, and no stillness."""
    player = lived(LEARNED)
    until_noon(LEARNED, player, 4.0)
    base = LEARNED * 24
    player.play_all(stirring(base + 4, base + 9.5, "bedroom-pir", 1500))
    assert [data["level"] for data in told(player, "home.sleep")] == ["yellow"]
    assert not told(player, "home.stillness")
    player.play_all(stirring(base + 9.6, base + 9.9, "living-pir", 30))
    player.until(at(base + 11))
    reasons = [(d["condition"], d["evidence"]["reason"]) for d in told(player, "home.sleep")]
    assert reasons == [("active", "late_rising"), ("cleared", "up"), ("active", "long_night")]


def test_nights_are_written_down_with_their_exits() -> None:
    """Bed at 22:42 to 7, out of it at three for six minutes; one blip is no exit."""
    player = lived(3)
    nights = [a for a in player.pipeline.activities if a.activity == "sleep"]
    exits = [a for a in player.pipeline.activities if a.activity == "bed_exit"]
    assert [(a.start, a.end) for a in nights] == [
        (at(3.1), at(7.0)),  # it began to watch at three
        (at(22.7), at(24 + 7.0)),
        (at(24 + 22.7), at(48 + 7.0)),
    ]
    assert [a.start for a in exits] == [at(24 + 3.0), at(48 + 3.0)]
    assert all(a.end_decided is not None and a.end_decided >= (a.end or 0) for a in nights + exits)
    blip = [(at(73), "living-pir", 1.0), (at(73) + 2, "living-pir", 0.0)]
    player.play_all(blip)
    player.play_all(row for row in day(3) if row[0] > at(73))
    player.until(at(75.2) + 1300)
    assert len([a for a in player.pipeline.activities if a.activity == "bed_exit"]) == 3


def test_meals_are_written_down_and_a_missed_one_told_when_its_slot_ends() -> None:
    """Blue for one; the next slot without one makes it yellow; a meal ends it."""
    player = lived(LEARNED)
    meals = [a.slot for a in player.pipeline.activities if a.activity == "meal"]
    assert meals.count("lunch") == LEARNED
    player.play_all(day(LEARNED, skips=("lunch", "dinner")))
    player.until(at(LEARNED * 24 + 23.9))
    data = told(player, "home.meals")
    assert [(d["level"], d["evidence"]["reason"], d["evidence"]["slot"]) for d in data] == [
        ("blue", "missed", "lunch"),
        ("yellow", "missed_twice", "dinner"),
    ]
    player.play_all(day(LEARNED + 1))
    assert told(player, "home.meals")[-1]["condition"] == "cleared"


def test_who_eats_nothing_for_two_days_is_looked_after_now() -> None:
    """Orange and in one alarm, where somebody fetches a glass of water now and then."""
    data = unfed(water=True)
    assert [d["level"] for d in data if d["evidence"]["reason"] == "not_eating"][:1] == ["orange"]
    assert len({d["alarm"] for d in data}) == 1


def test_a_kitchen_where_nobody_is_seen_for_two_days_may_have_a_dead_sensor() -> None:
    """Yellow, never more, and the sentence says so."""
    data = unfed(water=False)
    last = [d for d in data if d["evidence"]["reason"] == "not_eating"]
    assert last
    assert {d["level"] for d in last} == {"yellow"}
    assert all("传感器" in d["text"]["zh"] for d in last)
    assert not any(d["level"] == "orange" for d in data)


def unfed(*, water: bool) -> list[dict[str, Any]]:
    """What is told of three days without a meal."""
    player = lived(LEARNED)
    for n in range(LEARNED, LEARNED + 3):
        glass = stirring(n * 24 + 12.5, n * 24 + 12.505, "kitchen-pir", 60) if water else ()
        player.play_all(sorted([*day(n, skips=("breakfast", "lunch", "dinner")), *glass]))
    return told(player, "home.meals")


def test_a_holiday_is_one_piece_of_information() -> None:
    """Three days away: too long, then travelling, no missed meal and no stillness; back, and over."""
    player = lived(LEARNED)
    base = LEARNED * 24
    until_noon(LEARNED, player, 8.9)
    player.play_all(passing(base + 9.0, out=True))
    player.play_all(passing(base + 81.0, out=False))
    assert {event.kind for event in player.events} == {"home.outing"}
    data = told(player, "home.outing")
    assert [(d["level"], d["evidence"]["reason"]) for d in data] == [
        ("yellow", "absent_long"),
        ("blue", "travelling"),
        ("blue", "returned"),
    ]
    assert len({d["alarm"] for d in data}) == 1


def test_leaving_at_night_is_told_after_ten_minutes() -> None:
    """Half past two, and not back."""
    player = lived(LEARNED)
    base = LEARNED * 24
    player.play_all(passing(base + 2.5, out=True))
    player.until(at(base + 2.5) + 601)
    data = told(player, "home.outing")
    assert [(d["level"], d["evidence"]["reason"]) for d in data] == [("yellow", "night_exit")]
    player.play_all(passing(base + 3.5, out=False))
    assert told(player, "home.outing")[-1]["condition"] == "cleared"


@pytest.mark.parametrize(("hour", "level"), [(14.0, "blue"), (23.0, "yellow")])
def test_a_door_left_open_is_told_by_its_hour(hour: float, level: str) -> None:
    """A quarter of an hour, with the resident at home."""
    player = Player(home())
    player.play(at(hour - 1), "front-door", 0)
    player.play(at(hour), "front-door", 1)
    for n in range(1, 40):
        player.play_all(stirring(hour + n / 60, hour + n / 60 + 0.005, "living-pir", 30))
    player.play(at(hour + 0.7), "front-door", 0)
    data = told(player, "home.outing")
    assert [(d["level"], d["condition"]) for d in data] == [(level, "active"), (level, "cleared")]
    assert data[0]["evidence"]["reason"] == "door_left_open"


def test_nothing_is_learned_on_a_day_that_was_not_watched() -> None:
    """A gap of an hour and a half: its day does not count, and its silence is no habit."""
    player = lived(2)
    stamp = Stamp("test", at(48 + 14.6), at(48 + 14.6), synced=True, sequence=99_999)
    until_noon(2, player, 13.0)
    before = player.pipeline.instances
    state = next(i for i in before if i.name == "stillness").state
    player.pipeline.take(Gap(at(48 + 13.1), stamp))
    player.play_all(row for row in day(2) if row[0] > at(48 + 14.7))
    after = next(i for i in player.pipeline.instances if i.name == "stillness").state
    assert after.days == state.days
    assert after.silences.minutes(["living"], after.day) <= 150


def test_silences_decay_and_only_three_stay() -> None:
    """One odd evening does not count for ever."""
    silences = Silences()
    for length in (30.0, 90.0, 60.0, 45.0):
        silences = silences.learn({"awake/40": length}, 100)
    assert [length for length, _ in silences.longest["awake/40"]] == [90.0, 60.0, 45.0]
    assert silences.minutes(["awake/40"], 100) == 90.0
    assert silences.minutes(["awake/40"], 100 + 346) == pytest.approx(45.0, rel=0.01)
    assert silences.minutes(["kitchen"], 100) == 0.0


def test_half_hours_go_round_the_clock() -> None:
    """Midnight's neighbours are on both sides of it."""
    assert (bin_of(0.0), bin_of(23.99), bin_of(12.5)) == (0, 47, 25)
    assert around("bed", 0, 1) == ["bed/47", "bed/0", "bed/1"]
