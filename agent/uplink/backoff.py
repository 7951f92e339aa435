"""When to try which broker again. Pure: time and chance are handed in.

Two things set how long a pause may be; each pause is then drawn evenly between nothing and that
("full jitter", so that a city does not come back in step), shared among the brokers tried in turn:

- How long the outage lasts. 1 s before the first try, up to 2 s for two minutes: a broker that is
  restarted is found within 3 s. After that doubled with every round up to 300 s.
- How short the links are. A link that held for 60 s clears the record. The first three shorter
  ones cost nothing, as a broker is often restarted more than once; each further one doubles the
  limit from 2 s to 300 s: a broker that throws everybody out must not become a storm of
  connections.

A broker may also be left alone for a while; the others are tried meanwhile:

| rest     | after                             | seconds                                      |
| -------- | --------------------------------- | -------------------------------------------- |
| BUSY     | it asks for patience              | 10 to 30                                     |
| LONG     | it denies this device             | 60 to 120                                    |
| CONFLICT | another device has this client id | 60 to 120, then twice that, then 150 to 300; |
|          |                                   | from the start again after 30 quiet minutes  |
| CLOCK    | this device's clock is wrong      | none, but no pause is longer than 30 s:      |
|          |                                   | the clock may be set at any moment           |

In a conflict both devices go on living: each takes the link over from the other a few times an hour
and delivers what waits.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

FIRST_S = 1.0
QUICK_S = 2.0
QUICK_FOR_S = 120.0
LONGEST_S = 300.0
SHORTEST_S = 0.05  # no busy loop, however the draw falls
HELD_S = 60.0
FREE_FLAPS = 3
BUSY_S = (10.0, 30.0)
REST_S = (60.0, 120.0)
CALM_S = 1800.0  # a link that held that long ends a conflict
CLOCK_S = 30.0


class Rest(Enum):
    """How to treat a broker after a failure."""

    NONE = auto()
    BUSY = auto()
    LONG = auto()
    CONFLICT = auto()
    CLOCK = auto()


class Backoff:
    """The order and the pauses of attempts at several brokers.

    Args:
        brokers: how many there are; they are known by number, from 0 on.
        draw: a random number between two limits, such as `random.uniform`.
    """

    def __init__(self, brokers: int, draw: Callable[[float, float], float]) -> None:
        self._draw = draw
        self._turn = 0
        self._rests_until = [float("-inf")] * brokers
        self._down_since: float | None = None  # None = never tried
        self._tries = 0  # since the link was lost
        self._ceiling_s = QUICK_S
        self._flaps = 0
        self._conflicts = 0
        self._waits_for_clock = False

    def choose(self, now: float) -> tuple[int, float]:
        """Whose turn it is, and how long to wait before.

        Args:
            now: monotonic seconds.
        """
        count = len(self._rests_until)
        pause = self._pause(now)
        order = [(self._turn + step) % count for step in range(count)]
        chosen = next(
            (b for b in order if self._rests_until[b] <= now + pause),
            min(order, key=self._rests_until.__getitem__),
        )
        self._turn = (chosen + 1) % count
        return chosen, max(pause, self._rests_until[chosen] - now)

    def failed(self, broker: int, now: float, rest: Rest = Rest.NONE) -> None:
        """Take note of an attempt that led to no link, or of a link that the broker denied us."""
        if self._down_since is None:
            self._down_since = now
        self._tries += 1
        self._waits_for_clock = rest is Rest.CLOCK
        self._rests_until[broker] = now + self._rest_s(rest)

    def lost(self, now: float, held_s: float) -> None:
        """Take note that a link was lost which had held that long."""
        self._flaps = 0 if held_s >= HELD_S else self._flaps + 1
        if held_s >= CALM_S:
            self._conflicts = 0
        self._down_since = now
        self._tries = 0
        self._ceiling_s = QUICK_S
        self._waits_for_clock = False

    def _rest_s(self, rest: Rest) -> float:
        match rest:
            case Rest.BUSY:
                return self._draw(*BUSY_S)
            case Rest.LONG:
                return self._draw(*REST_S)
            case Rest.CONFLICT:
                low = min(REST_S[0] * 2 ** min(self._conflicts, 10), LONGEST_S / 2)
                self._conflicts += 1
                return self._draw(low, 2 * low)
            case _:
                return 0.0

    def _pause(self, now: float) -> float:
        if self._down_since is None:
            return 0.0
        count = len(self._rests_until)
        if now - self._down_since < QUICK_FOR_S:
            ceiling = FIRST_S if self._tries < count else QUICK_S
        else:
            if self._tries % count == 0:
                self._ceiling_s = min(LONGEST_S, self._ceiling_s * 2)
            ceiling = self._ceiling_s
        # Capped in the exponent as well: a device may flap for years.
        beyond = min(10, max(0, self._flaps - FREE_FLAPS))
        if beyond:
            ceiling = max(ceiling, min(LONGEST_S, QUICK_S * 2**beyond))
        if self._waits_for_clock:
            ceiling = min(ceiling, CLOCK_S)
        return max(SHORTEST_S, self._draw(0.0, ceiling / count))
