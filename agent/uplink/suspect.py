"""The message that a broker hangs up over, found without its help.

MQTT 5 says what is too large. A broker of 3.1.1 just closes the connection, and everything would
wait for ever behind one message. So the oldest unanswered message of a link that ended young is
watched; with two such ends in a row it is sent alone, and if the link ends again it is left out for
a while: reported, not forgotten, and nothing waits for it.
"""

from __future__ import annotations

V311 = "3.1.1"
YOUNG_S = 5.0  # after sending; a link that ends later ends for reasons of its own
STRIKES_ALONE, STRIKES_OUT = 2, 3
BARRED_S = 300.0


class Suspect:
    """At most one message, and what was barred."""

    def __init__(self) -> None:
        self._key = ""
        self._strikes = 0
        self._barred: dict[str, float] = {}

    @property
    def is_watched(self) -> bool:
        """Whether messages are to go one by one."""
        return self._strikes >= STRIKES_ALONE

    def is_barred(self, key: str, now: float) -> bool:
        """Whether a message is to be left out for now."""
        return self._barred.get(key, now) > now

    def ended(self, protocol: str, oldest: str, age_s: float, now: float) -> None:
        """Take note that a link ended by itself.

        Args:
            protocol: the version of MQTT that it spoke.
            oldest: key of the message that was unanswered for longest; empty = none was.
            age_s: for how long.
            now: seconds.
        """
        if protocol != V311 or not oldest or age_s > YOUNG_S:
            self.cleared()
            return
        if oldest != self._key:
            self._key, self._strikes = oldest, 0
        self._strikes += 1
        if self._strikes >= STRIKES_OUT:
            self._barred = {k: until for k, until in self._barred.items() if until > now}
            self._barred[self._key] = now + BARRED_S
            self.cleared()

    def answered(self, key: str) -> None:
        """Take note that the broker answers a message; what it says of others proves nothing."""
        if key == self._key:
            self.cleared()

    def cleared(self) -> None:
        """Suspect nothing any more."""
        self._key, self._strikes = "", 0
