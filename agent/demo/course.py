"""The course of the demo: start everything, take the broker away once, bring it back, sum up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.demo.agents import Agents
from agent.demo.broker import Broker
from agent.demo.centre import Centre, Heard
from agent.demo.page import Page
from agent.demo.screen import Screen
from agent.demo.sites import SITES
from agent.demo.summary import Summary
from agent.demo.tally import SiteTally, Tally

LOOK_S = 0.1
PLAIN_S = 5.0  # between two lines where nothing can be redrawn
OUTAGE_AT_S, OUTAGE_S = 20.0, 8.0
DRAINED_LAG_S = 1.0  # readings come after events: where they are fresh, nothing waits
STEADY_S = 1.0  # and stay fresh: what was in the network at the time of the outage is no backlog
DRAIN_S = 20.0
QUIET_S, FAREWELL_S = 1.0, 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """When what happens, in seconds since the agents' start.

    Attributes:
        until_s: when it ends; None = when it is interrupted.
    """

    outage_at_s: float
    outage_s: float
    until_s: float | None


def plan(for_s: float | None) -> Plan:
    """Take the broker away at 40 % of the time for 8 s, or for a quarter of a short time."""
    if for_s is None:
        return Plan(OUTAGE_AT_S, OUTAGE_S, None)
    return Plan(0.4 * for_s, min(OUTAGE_S, 0.25 * for_s), for_s)


class Course:
    """One run of the demo; its parts are started here and ended by whoever made them.

    Args:
        is_interrupted: whether somebody has asked for the end.
    """

    def __init__(
        self,
        *,
        broker: Broker,
        centre: Centre,
        agents: Agents,
        page: Callable[[], Page],
        screen: Screen,
        tally: Tally,
        is_interrupted: Callable[[], bool],
    ) -> None:
        self._broker = broker
        self._centre = centre
        self._agents = agents
        self._page = page
        self._screen = screen
        self._tally = tally
        self._is_interrupted = is_interrupted
        self._begun = 0.0
        self._away_at: float | None = None
        self._back_at: float | None = None
        self._first_back_at: float | None = None
        self._fresh_since: float | None = None
        self._drained_at: float | None = None
        self._spoke_at = 0.0

    def run(self, course: Plan) -> Summary:
        """Run until the plan's end, or the interruption; return what came of it.

        Raises:
            StreetAgentError: an agent or the broker does not run.
        """
        self._broker.start()
        self._centre.join()
        self._begun = time.monotonic()
        self._agents.start()
        while not (self._is_interrupted() or self._elapsed_s >= (course.until_s or 1e9)):
            self._agents.check()
            self._turn()
            if self._away_at is None and self._elapsed_s >= course.outage_at_s:
                self._take_away()
            if self._is_away and time.monotonic() - (self._away_at or 0) >= course.outage_s:
                self._bring_back()
        return self._end()

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._begun

    @property
    def _is_away(self) -> bool:
        return self._away_at is not None and self._back_at is None

    def _turn(self) -> int:
        """Take in what has come and show it; return how many messages there were."""
        heard = self._centre.hear(LOOK_S)
        page = self._page()
        for message in heard:
            event = self._tally.take(message.at, message.topic, message.payload)
            if event is not None:
                self._screen.say(page.event(event))
            if self._back_at is not None and self._first_back_at is None and _is_news(message):
                self._first_back_at = message.at
        self._watch_backlog(page)
        self._show(page)
        return len(heard)

    def _watch_backlog(self, page: Page) -> None:
        if self._first_back_at is None or self._drained_at is not None:
            return
        now = time.monotonic()
        if self._tally.lag_s >= DRAINED_LAG_S:
            self._fresh_since = None
            return
        self._fresh_since = self._fresh_since or now
        if now - self._fresh_since >= STEADY_S:
            self._drained_at = self._fresh_since
            after_s = self._drained_at - (self._back_at or 0)
            self._screen.say(
                page.notice(
                    f"积压数据已按顺序补传完毕（恢复后{after_s:.1f}秒）",
                    f"the backlog has drained, in order, {after_s:.1f} s after the return",
                )
            )

    def _take_away(self) -> None:
        self._broker.take_away()
        if self._broker.drops_links:
            self._centre.leave()
        self._away_at = time.monotonic()
        self._screen.say(
            self._page().notice(
                "消息服务器已中断：设备继续监测，事件先存入本机",
                "the broker is taken away: the agents go on sensing and keep events on disk",
            )
        )

    def _bring_back(self) -> None:
        self._broker.bring_back()
        self._back_at = time.monotonic()
        self._tally.expect_news()
        self._screen.say(self._page().notice("消息服务器已恢复", "the broker is back"))
        if self._broker.drops_links:
            self._centre.join()

    def _end(self) -> Summary:
        """Let the backlog drain, end the agents, and take in their last messages."""
        if self._is_away:
            self._bring_back()
        deadline = time.monotonic() + DRAIN_S
        while self._back_at and self._drained_at is None and time.monotonic() < deadline:
            self._turn()
        self._agents.end()
        deadline, quiet_since = time.monotonic() + FAREWELL_S, time.monotonic()
        while time.monotonic() < min(deadline, quiet_since + QUIET_S):
            if self._turn():
                quiet_since = time.monotonic()
        return self._summary()

    def _summary(self) -> Summary:
        back, tally = self._back_at, self._tally
        return Summary(
            raised=self._agents.raised(),
            delivered=len(tally.delivered),
            duplicated=tally.duplicated,
            readings=tally.readings,
            first_event_s=_between(self._begun, tally.first_event_at),
            outage_s=_between(self._away_at, back),
            first_back_s=_between(back, self._first_back_at),
            drained_s=_between(back, self._drained_at),
        )

    def _show(self, page: Page) -> None:
        if self._screen.is_live:
            none = SiteTally()
            lines = [page.live(site, self._tally.sites.get(site.id, none)) for site in SITES]
            self._screen.draw([*lines, self._status(page)])
        elif time.monotonic() - self._spoke_at >= PLAIN_S:
            self._spoke_at = time.monotonic()
            self._screen.say([self._status(page)])

    def _status(self, page: Page) -> str:
        away_s = time.monotonic() - (self._away_at or 0)
        broker = (
            page.words(f"中断{away_s:.0f}秒", f"away {away_s:.0f} s")
            if self._is_away
            else self._broker.name
        )
        tally = self._tally
        return page.status(broker, self._elapsed_s, len(tally.delivered), tally.readings)


def _is_news(message: Heard) -> bool:
    return message.is_fresh and ("/event/" in message.topic or "/reading/" in message.topic)


def _between(since: float | None, until: float | None) -> float | None:
    return None if since is None or until is None else until - since
