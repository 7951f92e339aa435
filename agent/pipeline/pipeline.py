"""Readings in, events out: debounce, quality, detectors, question, alarms, in one fixed order.

The pipeline has no clock. Whatever it takes in carries a stamp; first every deadline that lies
before the stamp is served, each at exactly its own moment, then the input itself. So it does not
matter how often a live agent looks at the clock: the same inputs give the same events, live, in a
replay, or run again after a restart.

Where the wall clock was set follows from the stamps of two inputs: what it says beyond the count of
monotonic time has changed. Detectors are told before the input that shows it, so that what they
remember of the time of day follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from agent import texts
from agent.detectors import Conclusion, Now
from agent.events import (
    Activity,
    ClockStep,
    DeviceState,
    Event,
    Finding,
    Gap,
    Input,
    Kind,
    Tick,
    WarningLevel,
)
from agent.pipeline import alarms, debounce, qc, question
from agent.pipeline.routes import (
    NEVER,
    Channel,
    Instance,
    Limits,
    Sight,
    channels,
    instances,
    sights,
)
from agent.site import Site
from drivers.reading import GOOD, Grade, Quality, Reading, SensorState, Stamp

FAULTS = f"{Kind.DEVICE_FAULT.value}/"
DETECTORS = f"{FAULTS}detector."
STEP_S = 2.0  # a leap second and the slewing of NTP are less; no rule asks for the second
BOUNCE = Quality(Grade.SUSPECT, ("bounce",))


class Pipeline:
    """All deciding of one site.

    Attributes:
        last: stamp of the newest input; None before the first.
        reached: monotonic second up to which deadlines have been served.
        ledger: the open alarms.
        activities: what residents did; whoever reads them empties the list.
        lived: how many activities there have been.
        question: findings that are held back while the home is asked about them.
    """

    def __init__(
        self,
        site: Site,
        limits: Limits,
        *,
        asks: question.Config | None = None,
        is_test: bool = False,
    ) -> None:
        self.site = site
        self.last: Stamp | None = None
        self.reached = -NEVER
        self.ledger = alarms.Ledger()
        self.activities: list[Activity] = []
        self.lived = 0
        self.question = question.State()
        self.sights = sights(site)
        self.instances = instances(site, limits, self.sights)
        self.channels = channels(site, self.instances, self.sights)
        self._plan = question.plan(site, asks or question.Config())
        self._voice = alarms.Voice(site, is_test)
        self._events: list[Event] = []
        self._due = NEVER  # never later than the earliest deadline

    @property
    def is_asking(self) -> bool:
        """Whether the home is being asked: then its buzzer has to sound."""
        return bool(self.question.held)

    def take(self, item: Input) -> tuple[Input, list[Event]]:
        """Serve what was due before this input, then the input.

        Returns:
            The input, a reading with its quality, and the events it led to, in order.
        """
        stamp = item.stamp
        if self.last is None:
            self._begin(stamp)
        horizon = stamp.mono
        if isinstance(item, Gap):
            horizon = item.since
            if item.given > self.ledger.sequence:
                self.ledger = alarms.leap(self.ledger, stamp.mono, item.given)
        if horizon > self._due:
            self._serve(horizon)
        last, self.last = self.last or stamp, stamp
        self.reached = stamp.mono
        self._watch_clock(last, stamp)
        if isinstance(item, Reading):
            item = self._reading(item)
        elif isinstance(item, SensorState):
            if self._plan.has(item.sensor):
                self._go_on(question.lose(self._plan, self.question, item), stamp)
            self._look((s for s in self.sights.values() if item.sensor in s.listens), item)
            self._ask((i for i in self.instances if item.sensor in i.listens), item)
        elif isinstance(item, DeviceState):
            self._tell(_device_fault(item.part, item.reason, stamp, item.facts), stamp)
        else:
            self._resume_after(item, last)
        return item, self._taken()

    def advance(self, mono: float) -> list[Event]:
        """Let time pass without an input; return the events that came of it, in order."""
        if mono > self._due and self.last is not None:
            self._serve(mono)
        self.reached = max(self.reached, mono)
        return self._taken()

    def numbered(self) -> list[tuple[int, Activity]]:
        """Empty the list of activities, each with its number: the same when run again."""
        first = self.lived - len(self.activities) + 1
        found = list(enumerate(self.activities, start=first))
        self.activities.clear()
        return found

    def resume(self) -> None:
        """Take up the deadlines of states that were put in from outside."""
        for sight in self.sights.values():
            if sight.state is None and self.last is not None:
                sight.state = sight.perception.start(sight.plan, self.last.mono)
            due = sight.perception.due(sight.plan, sight.state)
            sight.due = NEVER if due is None else max(due, self.reached)
        for instance in self.instances:
            if instance.state is None and self.last is not None:
                instance.state = instance.detector.start(instance.setup, self.last.mono)
            due = instance.due_of(instance.state)
            instance.due = NEVER if due is None else max(due, self.reached)
        for channel in self.channels.values():
            self._await(channel)
        self._due = self._earliest()

    def _begin(self, stamp: Stamp) -> None:
        self.last, self.reached = stamp, stamp.mono
        self.resume()

    def _watch_clock(self, last: Stamp, stamp: Stamp) -> None:
        delta_s = (stamp.wall - stamp.mono) - (last.wall - last.mono)
        is_step = abs(delta_s) > STEP_S
        if is_step or stamp.synced != last.synced:
            self.ledger = alarms.follow_clock(self.ledger, delta_s, stamp)
        if is_step:
            step = ClockStep(delta_s, stamp)
            self._look(self.sights.values(), step)
            self._ask(self.instances, step)

    def _resume_after(self, gap: Gap, last: Stamp) -> None:
        stamp = gap.stamp
        if last.boot != stamp.boot:
            self.ledger = alarms.leap(self.ledger, stamp.mono)
        for part in self._failing():  # a restart may be the end of it; if not, it is told again
            self._tell(_device_fault(part, "", stamp), stamp)
        for channel in self.channels.values():  # nobody saw whether a change held
            channel.line = debounce.forget(channel.line)
            self._await(channel)
        self._go_on(question.resume(self._plan, self.question, gap), stamp)
        self._close_removed(stamp)
        self._look(self.sights.values(), gap)
        self._ask(self.instances, gap)

    def _reading(self, reading: Reading) -> Reading:
        channel = self.channels.get((reading.sensor, reading.quantity))
        if channel is None:  # journalled under an earlier configuration, and run again under this
            return reading
        if channel.bounds is None:
            channel.line, counted = debounce.settle(channel.settle, channel.line, reading)
            self._await(channel)
            if counted is None:
                return replace(reading, quality=BOUNCE)
            self._count(channel, counted)
            return reading
        channel.track, quality = qc.judge(channel.bounds, channel.track, reading)
        if quality is not GOOD:
            reading = replace(reading, quality=quality)
        self._look(channel.sights, reading)
        self._ask(channel.listeners, reading)
        return reading

    def _count(self, channel: Channel, counted: Reading) -> None:
        """Hand on a level that counts."""
        if self._plan.has(counted.sensor):
            step = question.listen(self._plan, self.question, counted)
            self._go_on(step, counted.stamp)
        self._look(channel.sights, counted)
        self._ask(channel.listeners, counted)

    def _await(self, channel: Channel) -> None:
        due = debounce.due(channel.settle, channel.line)
        channel.due = NEVER if due is None else due
        self._due = min(self._due, channel.due)

    def _ask(self, listeners: Iterable[Instance], now: Now) -> None:
        for instance in listeners:
            self._step(instance, now)

    def _look(self, looking: Iterable[Sight], now: Now) -> None:
        """Let perceptions take something in, before the detectors that see by them are asked."""
        for sight in looking:
            perception = sight.perception
            try:
                state = perception.step(sight.plan, sight.state, now)
                due = perception.due(sight.plan, state)
                if due is not None:
                    _refuse_past(due, now)
            except Exception as error:  # noqa: BLE001 - as in _step
                sight.due = NEVER
                self._report(sight.name, sight.name, error, now.stamp)
                continue
            sight.state = state
            sight.due = NEVER if due is None else max(due, now.stamp.mono)
            self._due = min(self._due, sight.due)

    def _step(self, instance: Instance, now: Now) -> None:
        """Ask one detector. One that fails is reported, and must not stop the others."""
        try:
            state, conclusions, due = instance.step(now)
            if due is not None:
                _refuse_past(due, now)
        except Exception as error:  # noqa: BLE001 - a crash becomes a reported fault
            instance.due = NEVER
            self._report(instance.name, instance.key, error, now.stamp)
            return
        instance.state = state
        if due is None:
            instance.due = NEVER
        else:
            instance.due = due = max(due, now.stamp.mono)
            self._due = min(self._due, due)
        if not conclusions:
            return
        try:
            for conclusion in conclusions:
                self._conclude(conclusion, now.stamp)
        except Exception as error:  # noqa: BLE001 - what cannot be told at all stops nobody else
            self._report(instance.name, instance.key, error, now.stamp)

    def _report(self, name: str, key: str, error: Exception, stamp: Stamp) -> None:
        """Tell of a crash once; its words may differ every time."""
        crash = _crash(name, key, error, stamp)
        if crash.subject not in self._failing():
            self._tell(crash, stamp)

    def _conclude(self, conclusion: Conclusion, stamp: Stamp) -> None:
        if isinstance(conclusion, Activity):
            self.activities.append(conclusion)
            self.lived += 1
            return
        told = self.ledger.alarms.get(alarms.key(conclusion))
        self.question, findings = question.hear(self._plan, self.question, conclusion, told, stamp)
        self._due = min(self._due, self._asked_until)
        for finding in findings:
            self._tell(finding, stamp)

    def _go_on(self, step: question.Step, stamp: Stamp) -> None:
        """Take up what became of a question. What cannot be told at all stops nobody else."""
        self.question, findings = step
        for finding in findings:
            try:
                self._tell(finding, stamp)
            except Exception as error:  # noqa: BLE001 - as in _step
                self._report("question", alarms.key(finding), error, stamp)

    def _tell(self, finding: Finding, stamp: Stamp) -> None:
        """Tell a finding, in plain words where its own text cannot be made, which is reported."""
        # The guard around a detector would be too late: its state says by then that this was told,
        # and it will not say it again. All that is told comes by here, what a question has held
        # back too, so that one guard serves every text.
        mistake = None
        try:
            ledger, event = alarms.tell(self._voice, self.ledger, finding, stamp)
        except Exception as error:  # noqa: BLE001 - a mistake in a text must not cost an alarm
            mistake = error
            plain = replace(self._voice, is_plain=True)
            ledger, event = alarms.tell(plain, self.ledger, finding, stamp)
        self.ledger = ledger
        if event is not None:
            self._events.append(event)
        if mistake is not None:
            self._report(f"text.{finding.kind.value}", alarms.key(finding), mistake, stamp)

    def _failing(self) -> list[str]:
        """Parts of the device that are detectors and have been told to fail."""
        return [key.removeprefix(FAULTS) for key in self.ledger.alarms if key.startswith(DETECTORS)]

    def _close_removed(self, stamp: Stamp) -> None:
        """Close alarms whose subject the configuration no longer has: nobody else ever would."""
        subjects = {instance.setup.subject for instance in self.instances}
        for key in self.ledger.alarms:
            kind, _, subject = key.partition("/")
            if not key.startswith(FAULTS) and subject not in subjects:
                gone = {"reason": texts.REMOVED}
                self._tell(Finding(Kind(kind), subject, None, stamp.mono, evidence=gone), stamp)

    def _serve(self, horizon: float) -> None:
        """Serve every deadline before the horizon, the earliest first."""
        assert self.last is not None
        last = self.last
        while True:
            self._due = due = self._earliest()
            if due >= horizon:
                return
            wall = due + (last.wall - last.mono)
            stamp = Stamp(last.boot, due, wall, last.synced, last.sequence)
            for channel in self.channels.values():
                if channel.due == due:
                    self._elapse(channel, stamp)
            tick = Tick(stamp)
            for sight in self.sights.values():
                if sight.due == due:
                    self._look_on(sight, tick)
            for instance in self.instances:
                if instance.due == due:
                    self._step(instance, tick)
            if self._asked_until == due:
                self._go_on(question.expire(self._plan, self.question, stamp), stamp)

    def _look_on(self, sight: Sight, tick: Tick) -> None:
        before = sight.state
        self._look((sight,), tick)
        if sight.state != before:
            self._ask((i for i in self.instances if i.sight is sight), tick)

    def _elapse(self, channel: Channel, stamp: Stamp) -> None:
        channel.line, counted = debounce.elapse(
            channel.settle, channel.line, stamp, channel.sensor, channel.quantity
        )
        self._await(channel)
        if counted is not None:
            self._count(channel, counted)

    @property
    def _asked_until(self) -> float:
        due = question.due(self._plan, self.question)
        return NEVER if due is None else due

    def _earliest(self) -> float:
        return min(
            min((c.due for c in self.channels.values()), default=NEVER),
            min((i.due for i in self.instances), default=NEVER),
            min((s.due for s in self.sights.values()), default=NEVER),
            self._asked_until,
        )

    def _taken(self) -> list[Event]:
        if not self._events:
            return []
        events, self._events = self._events, []
        return events


def _refuse_past(due: float, now: Now) -> None:
    if due <= now.stamp.mono and isinstance(now, Tick):
        raise ValueError(f"asked at {now.stamp.mono} for a tick at {due}")


def _crash(name: str, key: str, error: Exception, stamp: Stamp) -> Finding:
    cause = f"{key}: {type(error).__name__}: {error}"
    return _device_fault(f"detector.{name}", cause[:200], stamp)


def _device_fault(
    part: str, cause: str, stamp: Stamp, facts: Mapping[str, Any] = MappingProxyType({})
) -> Finding:
    return Finding(
        Kind.DEVICE_FAULT,
        part,
        WarningLevel.YELLOW if cause else None,
        stamp.mono,
        evidence={"reason": part.partition(".")[0], "cause": cause, **facts},
    )
