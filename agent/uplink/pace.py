"""How much of what can wait may be under way. Pure: time is handed in.

Two limits, so that a live alarm never queues behind an old backlog:

- Bytes without an answer. A message that took longer than SLOW_S to be answered halves them, one
  that took less than QUICK_S doubles them: at 20 kbit/s no more than one event is under way, in
  front of which an alarm waits for a second.
- Messages a second. After an outage a whole city comes back at once; 200 a second from each device
  (16,000 readings or more, as they are joined) is as much as a broker should have to bear.
"""

from __future__ import annotations

FIRST_BYTES, FEWEST_BYTES, MOST_BYTES = 32 * 1024, 1024, 4 * 1024 * 1024
SLOW_S, QUICK_S = 2.0, 0.5
PER_S = 200.0


class Pace:
    """The allowance of one link.

    Attributes:
        is_slow: whether its last answer took longer than QUICK_S.
    """

    def __init__(self) -> None:
        self._bytes = FIRST_BYTES
        self._tokens = PER_S
        self._at = 0.0
        self.is_slow = False

    def allows(self, under_way: int, now: float) -> bool:
        """Whether one more message may be sent.

        Args:
            under_way: bytes of what is not answered yet.
            now: seconds.
        """
        self._tokens = min(PER_S, self._tokens + max(0.0, now - self._at) * PER_S)
        self._at = now
        return self._tokens >= 1 and under_way < self._bytes

    def sent(self) -> None:
        """Count a message that could have waited."""
        self._tokens -= 1

    def answered(self, took_s: float) -> None:
        """Learn from how long an answer took."""
        self.is_slow = took_s > QUICK_S
        if took_s > SLOW_S:
            self._bytes = max(FEWEST_BYTES, self._bytes // 2)
        elif took_s < QUICK_S:
            self._bytes = min(MOST_BYTES, self._bytes * 2)
