"""Days with visitors, and with a pet, as they are lived: what is learned of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

import pytest
from routine import at, day, lived, stirring
from sites import Player, home

from agent.detectors.company import QUICK_S
from agent.detectors.meals import State as Meals
from agent.detectors.outing import State as Outing
from agent.detectors.patience import State as Stillness
from agent.detectors.presence import Home
from agent.detectors.sleep import State as Sleep

T = TypeVar("T")


def seen(player: Player) -> Home:
    state = player.pipeline.sights["presence"].state
    assert isinstance(state, Home)
    return state


def player_state(player: Player, detector: str, kind: type[T]) -> T:
    (state,) = (i.state for i in player.pipeline.instances if i.key.startswith(f"{detector}/"))
    assert isinstance(state, kind)
    return state


def visitors(begin_h: float, end_h: float) -> Iterator[tuple[float, str, float]]:
    """Many of them: in two rooms at once all the time."""
    rows = [
        *stirring(begin_h, end_h, "living-pir", 20),
        *stirring(begin_h, end_h, "kitchen-pir", 23),
    ]
    return iter(sorted(rows))


def test_nothing_is_learned_of_visitors() -> None:
    """Neither a silence, nor a step, nor a meal; and the next day they are not missed."""
    player, base = lived(16), 16 * 24.0
    player.play_all(visitors(base + 13, base + 15))
    assert seen(player).company.is_here(at(base + 15))
    still = player_state(player, "stillness", Stillness)
    meals = player_state(player, "meals", Meals)
    visits, steps = seen(player).walks.visits, seen(player).walks.steps
    player.play_all(visitors(base + 15, base + 15.2))
    player.play_all(visitors(base + 15.4, base + 15.6))
    assert player_state(player, "stillness", Stillness).silences == still.silences
    assert player_state(player, "meals", Meals).scores == meals.scores
    assert (seen(player).walks.visits, seen(player).walks.steps) == (visits, steps)


@pytest.mark.parametrize(
    ("stays", "nights", "outings"),
    [((), 2, 2), (((21.5, 22.65),), 1, 2), (((32.0, 32.9),), 2, 1)],
    ids=["alone", "until she goes to bed", "until she goes out"],
)
def test_nothing_is_learned_of_a_night_or_an_outing_that_begins_with_visitors(
    stays: tuple[tuple[float, float], ...], nights: int, outings: int
) -> None:
    """Of the night and the outing before them it is, as she was alone."""
    player, base = lived(16), 16 * 24.0
    slept = len(player_state(player, "sleep", Sleep).nights)
    left = len(player_state(player, "outing", Outing).hours)
    rows = [*day(16), *day(17)]
    for begin, end in stays:
        rows += visitors(base + begin, base + end)
    player.play_all(sorted(row for row in rows if row[0] < at(base + 35.4)))
    assert len(player_state(player, "sleep", Sleep).nights) - slept == nights
    assert len(player_state(player, "outing", Outing).hours) - left == outings


@pytest.mark.parametrize("is_alone", [True, False])
def test_no_rising_is_learned_after_visitors_at_night(is_alone: bool) -> None:
    """The silence may have been somebody else's."""
    player, base = lived(16), 16 * 24.0
    rows = [*day(16), *stirring(base + 3.81, base + 3.83, "bedroom-pir", 20)]
    if not is_alone:
        rows += visitors(base + 3.0, base + 3.8)
    player.play_all(sorted(row for row in rows if row[0] < at(base + 11)))
    assert (player_state(player, "stillness", Stillness).rising is not None) is is_alone


def test_with_a_pet_no_two_rooms_are_company() -> None:
    """It is in another room than she all day; without one the same is."""
    for has_pet in (True, False):
        player = Player(replace(home(), pets=has_pet))
        for n in range(600):
            room = ("bedroom-pir", "living-pir", "kitchen-pir", "living-pir")[n % 4]
            player.play_all(stirring(n / 20, n / 20 + 0.02, room, 20))
        for n in range(12):
            begin = at(32) + 60 * n
            player.play(begin, "kitchen-pir", 1)
            player.play(begin + QUICK_S / 2, "bedroom-pir", 1)
            player.play(begin + QUICK_S, "bedroom-pir", 0)
            player.play(begin + QUICK_S, "kitchen-pir", 0)
        assert bool(seen(player).company.apart) is not has_pet
