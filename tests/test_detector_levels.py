"""Levels of sensors: what is a sign of life, and which sensor is not believed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from agent.detectors.levels import Doubt, Line, doubts_of, is_sign, levelled
from drivers.reading import Quantity, Reading, Stamp

NONE: Mapping[str, Doubt] = {}
OTHER = {"hall": Doubt.STUCK}


class Watched:
    """A sensor, its level so far, and what is held against it."""

    def __init__(
        self, quantity: Quantity = Quantity.MOTION, doubts: Mapping[str, Doubt] = NONE
    ) -> None:
        self.quantity, self.doubts = quantity, doubts
        self.line: Line | None = None

    def tell(self, at: float, value: float) -> bool:
        """Report a level; whether it is a sign of life."""
        stamp = Stamp("test", at, at, synced=True, sequence=1)
        now = Reading("pir", self.quantity, value, stamp)
        before, self.line = self.line, levelled(self.line, now)
        self.doubts = doubts_of(self.doubts, now, before, self.line)
        return is_sign(now, before, self.line)

    @property
    def doubt(self) -> Doubt | None:
        return self.doubts.get("pir")

    def chatter(self, minute: int, minutes: int, changes: int = 21) -> None:
        """Change so often in each of some minutes."""
        assert self.line is not None
        for number in range(minute, minute + minutes):
            for n in range(changes):
                self.tell(number * 60 + 2 * n, 1 - self.line.value)


def chattering() -> Watched:
    sensor = Watched()
    sensor.tell(0, 0)
    sensor.chatter(1, 6)
    assert sensor.doubt is Doubt.CHATTER
    return sensor


@pytest.mark.parametrize(
    ("quantity", "value", "sign"),
    [
        (Quantity.MOTION, 1, True),
        (Quantity.MOTION, 0, False),
        (Quantity.PRESENCE, 1, True),
        (Quantity.CONTACT, 1, False),
        (Quantity.CONTACT, 0, False),
    ],
)
def test_a_first_report_of_movement_alone_is_a_sign(
    quantity: Quantity, value: float, *, sign: bool
) -> None:
    """A door that stands open when the agent starts has not been moved."""
    assert Watched(quantity).tell(100, value) is sign


def test_a_change_is_a_sign_up_and_down() -> None:
    """A pulse has two; a door too, however long it stood."""
    pir, door = Watched(), Watched(Quantity.CONTACT)
    assert [pir.tell(at, value) for at, value in ((0, 0), (50, 1), (53, 0))] == [False, True, True]
    assert [door.tell(at, v) for at, v in ((0, 0), (50, 1), (9000, 0))] == [False, True, True]


@pytest.mark.parametrize(("lasts_s", "sign"), [(599.0, True), (600.0, False)])
def test_the_end_of_a_pulse_of_ten_minutes_is_no_sign(lasts_s: float, *, sign: bool) -> None:
    """It is the sensor's doing, not the resident's."""
    sensor = Watched()
    sensor.tell(0, 0)
    sensor.tell(50, 1)
    assert sensor.tell(50 + lasts_s, 0) is sign


def test_a_level_told_again_is_a_sign_at_1_for_ten_minutes() -> None:
    """At 0 it never is, and a door that stands open never is."""
    sensor = Watched()
    sensor.tell(0, 1)
    assert [sensor.tell(at, 1) for at in (100, 400, 600, 601)] == [True, True, True, False]
    still, door = Watched(), Watched(Quantity.CONTACT)
    assert [still.tell(at, 0) for at in (0, 30, 60)] == [False] * 3
    assert [door.tell(at, 1) for at in (0, 30, 60)] == [False] * 3


def test_a_movement_after_quiet_hours_is_a_sign() -> None:
    """However long the level stood at 0 before."""
    sensor = Watched()
    sensor.tell(5000, 0)
    assert [sensor.tell(15_000, 1), sensor.tell(15_060, 1)] == [True, True]


def test_told_again_at_1_after_half_an_hour_it_is_stuck() -> None:
    """Until it falls; to be stuck is held against motion sensors alone."""
    sensor, radar = Watched(doubts=OTHER), Watched(Quantity.PRESENCE)
    doubts = []
    for at, value in ((10, 1), (1000, 1), (1809, 1), (1810, 1), (1900, 1), (1990, 0)):
        sensor.tell(at, value)
        doubts.append(sensor.doubt)
        radar.tell(at, value)
        assert radar.doubt is None
    assert doubts == [None, None, None, Doubt.STUCK, Doubt.STUCK, None]
    assert sensor.doubts == OTHER


def test_a_stuck_sensor_is_not_believed_at_its_next_1() -> None:
    """One that was found stuck elsewhere (no level told for hours) is, when it falls."""
    sensor = Watched(doubts={"pir": Doubt.STUCK})
    sensor.tell(0, 1)
    assert sensor.doubt is Doubt.STUCK
    sensor.tell(5, 0)
    assert sensor.doubt is None


def test_a_level_of_0_counts_from_when_it_is_told_after_a_pause() -> None:
    """Within two minutes it is the same level told again."""
    sensor = Watched()
    since = []
    for at in (0, 120, 240, 361):
        sensor.tell(at, 0)
        assert sensor.line is not None
        since.append(sensor.line.since)
    assert since == [0, 0, 0, 361]


@pytest.mark.parametrize(
    ("minutes", "changes", "doubt"),
    [(6, 21, Doubt.CHATTER), (5, 21, None), (20, 20, None), (20, 5, None)],
)
def test_more_than_twenty_changes_a_minute_for_five_minutes_are_chatter(
    minutes: int, changes: int, doubt: Doubt | None
) -> None:
    """It is said at the first change after the five; cooking reaches four."""
    sensor = Watched()
    sensor.tell(0, 0)
    sensor.chatter(1, minutes, changes)
    assert sensor.doubt is doubt


def test_a_pause_of_a_minute_is_no_five_minutes_on_end() -> None:
    """Nor a calm minute among busy ones."""
    sensor = Watched()
    sensor.tell(0, 0)
    sensor.chatter(1, 4)
    sensor.chatter(6, 4)
    assert sensor.doubt is None
    sensor.chatter(10, 1, changes=3)
    sensor.chatter(11, 5)
    assert sensor.doubt is None


def test_a_door_does_not_chatter() -> None:
    """Whoever goes in and out all day has a reason; a radar that does so has none."""
    door, radar = Watched(Quantity.CONTACT), Watched(Quantity.PRESENCE)
    for sensor in (door, radar):
        sensor.tell(0, 0)
        sensor.chatter(1, 8)
    assert (door.doubt, radar.doubt) == (None, Doubt.CHATTER)


@pytest.mark.parametrize(("pause_s", "doubt"), [(299.0, Doubt.CHATTER), (300.0, None)])
def test_chatter_ends_with_five_calm_minutes(pause_s: float, doubt: Doubt | None) -> None:
    """Nothing heard for as long as it took to be found."""
    sensor = chattering()
    assert sensor.line is not None
    sensor.tell(sensor.line.heard + pause_s, 1 - sensor.line.value)
    assert sensor.doubt is doubt


def test_what_is_told_again_while_it_chatters_ends_nothing() -> None:
    """The level since is as busy as the changes were."""
    sensor = chattering()
    assert sensor.line is not None
    sensor.tell(sensor.line.heard + 300, sensor.line.value)
    assert sensor.doubt is Doubt.CHATTER


def test_it_chatters_on_at_twenty_one_changes_a_minute() -> None:
    """A pause of five minutes, and as busy again: it is not believed in between but once."""
    sensor = chattering()
    sensor.chatter(20, 1, changes=1)
    assert sensor.doubt is None
    sensor.chatter(30, 6)
    assert sensor.doubt is Doubt.CHATTER


def test_a_level_told_again_takes_nothing_back_of_a_busy_time() -> None:
    """Repeats between the changes are no calm."""
    sensor = Watched()
    sensor.tell(0, 0)
    for minute in range(1, 7):
        sensor.chatter(minute, 1)
        assert sensor.line is not None
        sensor.tell(minute * 60 + 50, sensor.line.value)
    assert sensor.doubt is Doubt.CHATTER


def test_chatter_remembered_of_a_sensor_that_is_new_again_is_forgotten() -> None:
    """Without a level before it there is nothing to be held against it."""
    sensor = Watched(doubts={"pir": Doubt.CHATTER, **OTHER})
    sensor.tell(0, 0)
    assert sensor.doubts == OTHER


def test_a_blind_sensor_is_believed_when_its_level_changes() -> None:
    """Told again, it shows that its wire is whole and no more."""
    sensor = Watched(doubts={"pir": Doubt.BLIND})
    for at in (0, 30):
        sensor.tell(at, 0)
        assert sensor.doubt is Doubt.BLIND
    sensor.tell(60, 1)
    assert sensor.doubt is None
