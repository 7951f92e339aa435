"""Sensor threads and the one queue."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent.clock import ManualClock
from agent.inbox import Inbox, Stop, Why
from agent.worker import Worker
from drivers.base import DeviceSilent, Driver, Emit, PortError
from drivers.reading import Quantity, Reading, SensorState

PATIENCE_S = 10.0


class Scripted:
    """A driver that does what it is told, one poll after the other."""

    def __init__(self, polls: list[BaseException | float]) -> None:
        self._polls = polls
        self.closed = 0

    def open(self, emit: Emit) -> None:
        self._emit = emit

    def poll(self) -> None:
        match self._polls.pop(0) if self._polls else 0.0:
            case BaseException() as error:
                raise error
            case float() as value:
                self._emit(Quantity.MOTION, value)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(ManualClock())


def collected(inbox: Inbox, done: Callable[[list[object]], bool]) -> list[object]:
    found: list[object] = []
    while not done(found):
        batch = inbox.batch(PATIENCE_S)
        assert batch, f"nothing more came after {found}"
        found += batch
    return found


def states(found: list[object]) -> list[tuple[str, str]]:
    return [(item.status.value, item.reason) for item in found if isinstance(item, SensorState)]


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (PortError("unplugged"), "lost", "unplugged"),
        (DeviceSilent("nothing for 60 s"), "silent", "nothing for 60 s"),
        (ZeroDivisionError("oops"), "lost", "driver failed: ZeroDivisionError: oops"),
        (MemoryError(), "lost", "driver failed: MemoryError"),
        (SystemExit(3), "lost", "driver failed: SystemExit: 3"),
        (KeyboardInterrupt(), "lost", "driver failed: KeyboardInterrupt"),
        (OSError(24, "Too many open files"), "lost",
         "driver failed: OSError: [Errno 24] Too many open files"),
    ],
)  # fmt: skip
def test_a_driver_that_dies_is_reported_closed_and_opened_again(
    error: BaseException,
    status: str,
    reason: str,
    inbox: Inbox,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """Whatever it dies of, a library's exit() too, the thread lives on and a fresh driver reads."""
    record_property("injections", 1)
    monkeypatch.setattr("agent.worker.FIRST_PAUSE_S", 0.01)
    built: list[Scripted] = []

    def build() -> Driver:
        built.append(Scripted([1.0, error] if not built else [0.0]))
        return built[-1]

    worker = Worker("pir", build, 0.01, inbox)
    worker.start()
    found = collected(inbox, lambda f: sum(isinstance(i, Reading) for i in f) >= 2)
    worker.stop()
    worker.join(PATIENCE_S)
    assert states(found)[:3] == [("starting", ""), (status, reason), ("starting", "")]
    assert built[0].closed
    assert built[-1].closed


def test_failed_attempts_to_open_are_no_news(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sensor that is away for hours is reported once, with pauses that grow."""
    waited: list[float] = []
    enough = threading.Event()

    def note(self: Worker, seconds: float) -> None:
        waited.append(seconds)
        if len(waited) >= 8:
            enough.set()
            self.stop()

    monkeypatch.setattr(Worker, "_wait", note)

    class Away(Scripted):
        def open(self, emit: Emit) -> None:  # noqa: ARG002
            raise PortError("no such port")

    worker = Worker("level", lambda: Away([]), 0.0, inbox)
    worker.start()
    assert enough.wait(PATIENCE_S)
    worker.join(PATIENCE_S)
    assert states(inbox.batch(0.0)) == [("lost", "no such port")]
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60]


def test_another_reason_is_said_here_and_is_no_event(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First it is not plugged in, then it may not be opened: who looks has to know the latter."""
    reasons = ["not there", "not there", "no permission", "no permission"]
    enough = threading.Event()

    def note(self: Worker, seconds: float) -> None:
        del seconds
        if not reasons:
            enough.set()
            self.stop()

    monkeypatch.setattr(Worker, "_wait", note)

    class Away(Scripted):
        def open(self, emit: Emit) -> None:  # noqa: ARG002
            raise PortError(reasons.pop(0))

    worker = Worker("level", lambda: Away([]), 0.0, inbox)
    worker.start()
    assert enough.wait(PATIENCE_S)
    worker.join(PATIENCE_S)
    found = inbox.batch(0.0)
    assert states(found) == [("lost", "not there")]
    assert [item for item in found if isinstance(item, Why)] == [Why("level", "no permission")]


def running(worker: Worker, inbox: Inbox, readings: int = 1) -> list[object]:
    """Start it and wait for its first readings."""
    worker.start()
    return collected(inbox, lambda f: sum(isinstance(i, Reading) for i in f) >= readings)


class Stoppable(Scripted):
    """Hangs in one of its methods until the test lets go."""

    def __init__(self, hangs_in: str) -> None:
        super().__init__([1.0, PortError("unplugged")] if hangs_in == "close" else [1.0])
        self._hangs_in = hangs_in
        self.is_hanging = threading.Event()
        self.let_go = threading.Event()

    def open(self, emit: Emit) -> None:
        super().open(emit)
        self._hang("open")

    def poll(self) -> None:
        if not self._polls:
            self._hang("poll")
        super().poll()

    def close(self) -> None:
        self._hang("close")
        super().close()

    def _hang(self, where: str) -> None:
        if where == self._hangs_in and not self.let_go.is_set():
            self.is_hanging.set()
            self.let_go.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("where", "reasons"),
    [
        ("open", [("lost", "the driver hangs"), ("starting", "")]),
        ("poll", [("starting", ""), ("lost", "the driver hangs"), ("starting", "")]),
        ("close", [("starting", ""), ("lost", "unplugged")]),
    ],
)
def test_a_driver_that_hangs_is_reported_and_shows_no_progress(
    where: str,
    reasons: list[tuple[str, str]],
    inbox: Inbox,
    record_property: Callable[[str, object], None],
) -> None:
    """In open, poll or close: the watchdog sees it, the sensor is down, stop and join still end."""
    record_property("injections", 1)
    driver = Stoppable(where)
    worker = Worker("level", lambda: driver, 0.0, inbox)
    worker.start()
    assert driver.is_hanging.wait(PATIENCE_S)
    before = worker.progress
    worker.mend()
    worker.mend()
    assert worker.is_alive
    assert worker.progress == before
    if where == "close":
        worker.stop()
        worker.join(0.01)
    driver.let_go.set()
    found = collected(inbox, lambda f: len(states(f)) >= len(reasons))
    assert states(found)[: len(reasons)] == reasons
    worker.stop()
    worker.join(PATIENCE_S)
    assert not worker._thread.is_alive()  # type: ignore[union-attr]


def test_a_close_that_fails_ends_nothing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """What the driver died of stays the reason, and the next driver reads."""
    record_property("injections", 1)
    monkeypatch.setattr("agent.worker.FIRST_PAUSE_S", 0.01)

    class Clumsy(Scripted):
        def close(self) -> None:
            raise OSError("bad file descriptor")

    drivers = iter([Clumsy([1.0, PortError("unplugged")])])
    worker = Worker("level", lambda: next(drivers, Scripted([2.0])), 0.01, inbox)
    found = running(worker, inbox, readings=2)
    worker.stop()
    worker.join(PATIENCE_S)
    assert states(found)[:3] == [("starting", ""), ("lost", "unplugged"), ("starting", "")]


def test_a_thread_that_could_not_be_started_is_started_later(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Without a thread to spare the sensor is down, once; with one it reads."""
    record_property("injections", 3)
    worker = Worker("cord", lambda: Scripted([]), 0.01, inbox)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", out_of_threads)
        worker.start()
        worker.mend()
        worker.mend()
    assert not worker.is_alive
    worker.mend()
    assert worker.is_alive
    found = collected(inbox, lambda f: any(isinstance(i, Reading) for i in f))
    worker.stop()
    worker.join(PATIENCE_S)
    assert states(found) == [
        ("lost", "no thread for the driver: can't start new thread"),
        ("starting", ""),
    ]


def out_of_threads(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ended_all_the_same_is_replaced(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Where even the report of a failure fails, for want of memory, a new thread takes over."""
    record_property("injections", 1)
    state = Inbox.sensor_state

    def no_memory(*_: object) -> None:
        raise MemoryError

    worker = Worker("cord", lambda: Scripted([1.0, PortError("gone")]), 0.01, inbox)
    running(worker, inbox)
    with monkeypatch.context() as patch:
        patch.setattr(Inbox, "sensor_state", no_memory)
        worker.join(PATIENCE_S)
    assert not worker.is_alive
    assert Inbox.sensor_state is state
    worker.mend()
    found = collected(inbox, lambda f: any(isinstance(i, Reading) for i in f))
    assert worker.is_alive
    worker.stop()
    worker.join(PATIENCE_S)
    assert ("lost", "the driver's thread has ended") in states(found)


def test_stamps_are_in_the_order_of_the_queue(inbox: Inbox) -> None:
    """Eight threads emit at once: sequences and times never go back, none is missing."""
    emitters = [inbox.emitter(f"s{i}") for i in range(8)]
    threads = [
        threading.Thread(target=lambda e=e: [e(Quantity.MOTION, 1.0) for _ in range(500)])
        for e in emitters
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    found = []
    while batch := inbox.batch(0.0):
        found += [item for item in batch if isinstance(item, Reading)]
    assert [item.stamp.sequence for item in found] == list(range(1, 4001))


def test_a_stop_is_taken_in_its_place(inbox: Inbox) -> None:
    """What was emitted before the signal is decided before it."""
    inbox.emitter("pir")(Quantity.MOTION, 1.0)
    inbox.post(Stop("SIGTERM"))
    first, second = inbox.batch(0.0)
    assert isinstance(first, Reading)
    assert second == Stop("SIGTERM")


class Output(Scripted):
    """An output that writes down what it was told before each poll."""

    def __init__(self, polls: list[BaseException | float]) -> None:
        super().__init__(polls)
        self.told: list[bool] = []

    def switch(self, *, is_on: bool) -> None:
        self.told.append(is_on)


def test_an_output_is_told_its_level_before_every_poll(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was switched on before it opened, or broke and opened again, is on at once."""
    monkeypatch.setattr("agent.worker.FIRST_PAUSE_S", 0.01)
    built: list[Output] = []

    def build() -> Driver:
        built.append(Output([0.0, PortError("gone")] if not built else []))
        return built[-1]

    worker = Worker("buzzer", build, 0.01, inbox)
    worker.switch(is_on=True)
    worker.start()
    collected(inbox, lambda f: sum(isinstance(i, Reading) for i in f) >= 2)
    assert built[0].told == [True, True]
    assert built[1].told[0]
    worker.switch(is_on=False)
    collected(inbox, lambda f: sum(isinstance(i, Reading) for i in f) >= 3)
    worker.stop()
    worker.join(PATIENCE_S)
    assert not built[1].told[-1]


class Clockless(Scripted):
    """A driver that writes down what time it was told before each poll."""

    def __init__(self, polls: list[BaseException | float]) -> None:
        super().__init__(polls)
        self.told: list[float] = []

    def tell_time(self, mono_s: float) -> None:
        self.told.append(mono_s)


def test_a_driver_that_asks_for_it_is_told_the_time_before_every_poll(inbox: Inbox) -> None:
    """It goes on, and never back."""
    driver = Clockless([])
    worker = Worker("level", lambda: driver, 0.01, inbox)
    found = running(worker, inbox, readings=3)
    worker.stop()
    worker.join(PATIENCE_S)
    assert len(driver.told) >= sum(isinstance(item, Reading) for item in found)
    assert driver.told == sorted(set(driver.told))
