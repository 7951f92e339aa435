"""The device's own certificate, looked at once a day at a technician's hour.

A certificate that runs out takes the device off the platform, and the way to renew it is a visit.
So it is told at 30 days, again at 7, and when it is over; at 10:00 local time, as it wakes nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from agent import daily
from drivers.reading import Stamp

HOUR = 10.0
LIMITS = (
    (0.0, "this device's certificate has expired"),
    (7.0, "this device's certificate expires within 7 days"),
    (30.0, "this device's certificate expires within 30 days"),
)


@dataclass(frozen=True, slots=True)
class Left:
    """For how many days the certificate is valid; None = there is none, or it cannot be read."""

    days: float | None

    @property
    def reason(self) -> str:
        """What is to be told; empty = nothing."""
        if self.days is None:
            return ""
        return next((text for limit, text in LIMITS if self.days < limit), "")


class Expiry:
    """Looks once a day, on a thread of its own, since it reads a file.

    Args:
        zone: the site's IANA time zone.
        days_left: gives the days from the wall seconds of now.
        post: takes Left; the agent's queue.
    """

    def __init__(
        self,
        zone: str,
        days_left: Callable[[float], float | None],
        post: Callable[[Left], None],
    ) -> None:
        self._when = daily.Appointment(zone, HOUR)
        self._days_left = days_left
        self._post = post
        self._done = daily.NOTHING

    def look(self, stamp: Stamp) -> None:
        """Look, if today's look is due by a clock that can be trusted."""
        if not stamp.synced or not daily.is_due(self._when, self._done, stamp.wall):
            return
        self._done = daily.do(self._when, self._done, stamp.wall)
        threading.Thread(
            target=lambda: self._post(Left(self._days_left(stamp.wall))), name="expiry", daemon=True
        ).start()
