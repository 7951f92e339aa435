"""The deciding thread with its store on disk: order, crash, restart, faults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sites import MONDAY, asked_home, home, limits, street

from agent.clock import ManualClock
from agent.errors import StorageError, StorageFull
from agent.events import Event, Input
from agent.expiry import Expiry
from agent.health import Health, ServiceManager
from agent.inbox import Inbox, Stop
from agent.keeper import Keeper
from agent.loop import Loop
from agent.pipeline.memory import remember
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store, go_on
from agent.roll import Roll, Run
from agent.sent import SentMark
from agent.site import Site
from agent.standing import Standing
from agent.store.buffer import Buffer
from agent.store.diary import Diary
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from agent.uplink.delivery import Delivery
from agent.uplink.link import Acked, LinkDown, LinkUp
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Message, Wire
from agent.window import EventWindow, ReadingWindow
from drivers.reading import Quantity, SensorStatus


class FakeSession:
    """Takes what is published; a test acknowledges."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.given_up: list[str] = []

    def give_up(self, link: int, reason: str) -> None:  # noqa: ARG002
        self.given_up.append(reason)

    def publish(self, message: Message, link: int) -> int | None:  # noqa: ARG002
        self.sent.append(message)
        return len(self.sent)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(m.payload) for m in self.sent if "/event/" in m.topic]


class Life:
    """One run of the agent on a folder; `Life` again on the same folder is a restart."""

    def __init__(self, of: Site, folder: Path, clock: ManualClock) -> None:
        self.clock = clock
        self.days_left: float | None = None
        self.session = FakeSession()
        self.switched: list[bool] = []
        self.standings: list[Standing] = []
        self.store = Store(
            Buffer(folder / "readings", 64 << 20),
            Outbox(folder / "outbox"),
            Snapshots(folder / "snapshots"),
            Diary(folder / "diary"),
        )
        self.pipeline = Pipeline(of, limits())
        mark = SentMark(folder / "sent")
        recovered = go_on(self.pipeline, clock, self.store, mark.number)
        self.inbox = Inbox(clock, recovered.sequence)
        wire = Wire(of, UplinkSettings(brokers=("mqtts://broker.example",), readings=True))
        self.keeper = Keeper(self.store, self.inbox.post, clock.mono)
        events = EventWindow(self.keeper, self.store.outbox.last_sequence, clock.mono, mark)
        readings = ReadingWindow(self.keeper, self.store.buffer.last_sequence)
        self.delivery = Delivery(wire, self.session, events, readings)
        self.loop = Loop(
            roll=Roll(of, Run("0.1.0", "digest", ""), self.standings.append, clock.mono()),
            inbox=self.inbox,
            pipeline=self.pipeline,
            keeper=self.keeper,
            events=events,
            readings=readings,
            delivery=self.delivery,
            wire=wire,
            clock=clock,
            health=Health(ServiceManager(), []),
            expiry=Expiry(of.timezone, lambda _: self.days_left, self.inbox.post),
            recovered=recovered,
            tick_s=1.0,
            buzzers=[self.switch],
            now=clock.mono,
        )
        self.inbox.gap(recovered.alive_until, recovered.given)
        self.turn()

    def switch(self, *, is_on: bool) -> None:
        self.switched.append(is_on)

    def turn(self) -> None:
        """The deciding thread, the disk's, and what comes back, until there is no more to do."""
        self.loop.turn(0.0)
        for _ in range(10):
            self.keeper.turn(0.0)
            if not self.inbox.waiting:
                break
            self.loop.turn(0.0)

    def finish(self) -> None:
        """SIGTERM: here the disk's thread runs, as nobody else would let it work."""
        self.keeper.start()
        self.loop.finish()

    def feed(self, sensor: str, quantity: Quantity, value: float, after_s: float = 1.0) -> None:
        self.clock.advance(after_s)
        self.inbox.emitter(sensor)(quantity, value)
        self.turn()

    def connect(self) -> None:
        self.inbox.post(LinkUp(1, "broker.example:8883", "5", 20))
        self.turn()

    def stored(self) -> list[Event]:
        return list(self.store.outbox.take(0, 10_000))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(mono=5000.0, wall=MONDAY)


FLOOD = [2700.0 - min(12 * max(m - 10, 0), 480) for m in range(60)]


def flood(life: Life, depths: Sequence[float]) -> None:
    for distance in depths:
        life.feed("road-level", Quantity.DISTANCE_MM, distance, after_s=60.0)


def ids(events: Sequence[Event]) -> list[str]:
    return [event.id for event in events]


def test_an_event_is_on_disk_before_it_is_sent(tmp_path: Path, clock: ManualClock) -> None:
    """At the moment of publishing, a second reader finds the event in the outbox."""
    life = Life(home(), tmp_path, clock)
    life.connect()
    on_disk: list[list[str]] = []
    publish = life.session.publish

    def look(message: Message, link: int) -> int | None:
        if "/event/" in message.topic:
            on_disk.append(ids(Outbox(tmp_path / "outbox").take(0, 10)))
        return publish(message, link)

    life.session.publish = look  # type: ignore[method-assign]
    life.feed("cord", Quantity.HELP, 1.0)
    assert on_disk == [ids(life.stored())]
    assert on_disk[0]


def test_an_event_leaves_the_disk_only_on_puback(tmp_path: Path, clock: ManualClock) -> None:
    """Published is not delivered."""
    life = Life(home(), tmp_path, clock)
    life.connect()
    life.feed("cord", Quantity.HELP, 1.0)
    mid = next(i for i, m in enumerate(life.session.sent, start=1) if "/event/" in m.topic)
    assert life.stored()
    life.inbox.post(Acked(1, mid))
    life.turn()
    assert not life.stored()


def test_without_a_broker_everything_is_kept(tmp_path: Path, clock: ManualClock) -> None:
    """The agent senses, decides and stores with nobody to tell."""
    life = Life(street(), tmp_path, clock)
    flood(life, FLOOD)
    levels = dict.fromkeys(event.payload["data"]["level"] for event in life.stored())
    assert list(levels) == ["blue", "yellow", "orange", "red"]
    assert not life.session.sent


@pytest.mark.parametrize("crash_at", [1, 15, 23, 24, 25, 40, 59])
def test_a_crash_at_any_point_changes_no_event(
    crash_at: int, tmp_path: Path, clock: ManualClock
) -> None:
    """Killed and started again within the minute: the same events as without."""
    whole = Life(street(), tmp_path / "whole", ManualClock(clock.mono(), clock.wall()))
    flood(whole, FLOOD)
    life = Life(street(), tmp_path / "cut", clock)
    flood(life, FLOOD[:crash_at])
    life = Life(street(), tmp_path / "cut", clock)  # nothing was closed
    flood(life, FLOOD[crash_at:])
    assert [(e.id, e.payload["data"]["level"], e.sequence) for e in life.stored()] == [
        (e.id, e.payload["data"]["level"], e.sequence) for e in whole.stored()
    ]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.floats(0, 520)),
        st.tuples(st.sampled_from(["crash", "up", "down", "ack", "stop"]), st.just(0.0)),
    ),
    min_size=5,
    max_size=60,
)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
def test_no_interleaving_loses_an_event(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, float]]
) -> None:
    """Readings, crashes, links and PUBACKs in any order: every event is stored or was taken."""
    folder = tmp_path_factory.mktemp("life")
    clock = ManualClock(mono=5000.0, wall=MONDAY)
    life = Life(street(), folder, clock)
    taken: dict[int, str] = {}
    link = acked = 0
    for what, depth in steps:
        match what:
            case "read":
                life.feed("road-level", Quantity.DISTANCE_MM, 2700 - depth, after_s=60.0)
            case "crash":
                life, link, acked = Life(street(), folder, clock), 0, 0
            case "stop":
                life.finish()
                life, link, acked = Life(street(), folder, clock), 0, 0
            case "up":
                link += 1
                acked = len(life.session.sent)
                life.inbox.post(LinkUp(link, "b", "5", 20))
            case "down":
                life.inbox.post(LinkDown(link, "gone"))
            case "ack" if acked < len(life.session.sent):
                message = life.session.sent[acked]
                acked += 1
                if "/event/" in message.topic:
                    event = json.loads(message.payload)
                    taken[int(event["sequence"])] = event["id"]
                life.inbox.post(Acked(link, acked))
        life.turn()
    waiting = {event.sequence: event.id for event in life.stored()}
    known = taken | waiting
    assert sorted(known) == list(range(1, life.pipeline.ledger.sequence + 1))
    assert len(set(known.values())) == len(known)


def test_time_without_the_agent_is_no_silence_of_sensors(
    tmp_path: Path, clock: ManualClock
) -> None:
    """After an hour off, no sensor is called faulty and no one is called still."""
    life = Life(home(), tmp_path, clock)
    life.feed("living-pir", Quantity.MOTION, 1.0)
    for _ in range(5):
        life.feed("smoke", Quantity.SMOKE, 0.0, after_s=10.0)
    life.finish()
    clock.advance(5 * 3600)
    life = Life(home(), tmp_path, clock)
    clock.advance(60)
    life.inbox.tick()
    life.turn()
    assert not life.stored()


def test_an_alarm_due_while_the_agent_was_killed_comes_once(
    tmp_path: Path, clock: ManualClock
) -> None:
    """A crash right after a deadline's event neither repeats nor loses it."""
    life = Life(home(), tmp_path, clock)
    life.feed("living-pir", Quantity.MOTION, 1.0)
    life.feed("living-pir", Quantity.MOTION, 0.0)
    clock.advance(4 * 3600 + 1)
    life.inbox.tick()
    life.turn()
    before = [(e.id, e.sequence) for e in life.stored()]
    life = Life(home(), tmp_path, clock)
    assert [(e.id, e.sequence) for e in life.stored()] == before
    assert len(before) == 1
    life.feed("living-pir", Quantity.MOTION, 1.0)
    assert [e.payload["type"].split(".")[2] for e in life.stored()] == ["raised", "cleared"]


def test_a_snapshot_of_another_release_does_not_stop_the_agent(
    tmp_path: Path, clock: ManualClock
) -> None:
    """What cannot be used starts anew; what is journalled is run again."""
    life = Life(street(), tmp_path, clock)
    flood(life, FLOOD[:30])
    life.store.snapshots.save("pipeline", {"pipeline": {"format": 99}, "clock": {}})
    told = ids(life.stored())
    life = Life(street(), tmp_path, clock)
    flood(life, FLOOD[30:])
    assert ids(life.stored())[: len(told)] == told
    assert len(set(ids(life.stored()))) == len(life.stored())


def test_a_disk_that_fails_is_told_and_costs_no_event(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events wait in memory until they can be written; the fault has an end."""
    life = Life(home(), tmp_path, clock)
    put = life.store.outbox.put

    def full(events: Sequence[Event]) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(life.store.outbox, "put", full)
    life.feed("cord", Quantity.HELP, 1.0)
    assert not life.stored()
    monkeypatch.setattr(life.store.outbox, "put", put)
    for _ in range(4):
        clock.advance(2.0)
        life.inbox.tick()
        life.turn()
    kinds = [(e.kind, e.payload["type"].split(".")[2]) for e in life.stored()]
    assert kinds[0] == ("home.help", "raised")
    assert ("device.fault", "fault") in kinds
    assert ("device.fault", "restored") in kinds


def test_a_broker_that_refuses_the_device_is_a_fault_and_a_lost_link_is_not(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Only what a person has to mend is reported."""
    life = Life(street(), tmp_path, clock)
    life.inbox.post(LinkDown(1, "connection lost"))
    life.turn()
    life.turn()
    assert not life.stored()
    life.inbox.post(LinkDown(2, "bad user name or password", is_refused=True))
    life.turn()
    life.turn()
    assert [e.payload["data"]["evidence"]["cause"] for e in life.stored()] == [
        "bad user name or password"
    ]


def test_open_alarms_are_a_retained_list(tmp_path: Path, clock: ManualClock) -> None:
    """Whoever connects later sees what is open."""
    life = Life(home(), tmp_path, clock)
    life.connect()
    life.feed("smoke", Quantity.SMOKE, 1.0)
    for mid in range(1, 10):  # latest values go one at a time
        life.inbox.post(Acked(1, mid))
        life.turn()
    last = [m for m in life.session.sent if m.topic.endswith("/alarms")][-1]
    assert last.retain
    assert [alarm["kind"] for alarm in json.loads(last.payload)] == ["home.smoke"]


def test_a_stop_ends_the_loop_after_everything_before_it(
    tmp_path: Path, clock: ManualClock
) -> None:
    """SIGTERM loses nothing that was queued before it."""
    life = Life(home(), tmp_path, clock)
    life.inbox.emitter("cord")(Quantity.HELP, 1.0)
    life.inbox.post(Stop("SIGTERM"))
    assert life.loop.run() == "SIGTERM"
    life.finish()
    assert [event.kind for event in life.stored()] == ["home.help"]


def without(of: Site, sensor: str) -> Site:
    return replace(of, sensors={s: of.sensors[s] for s in of.sensors if s != sensor})


def full(*_: object) -> None:
    raise StorageFull(28, "No space left on device")


def pass_time(life: Life, seconds: float) -> None:
    life.clock.advance(seconds)
    life.inbox.tick()
    life.turn()


def test_a_sensor_taken_out_of_the_configuration_does_not_stop_the_agent(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Killed, and started without a sensor whose readings are journalled still."""
    life = Life(home(), tmp_path, clock)
    life.feed("kitchen-pir", Quantity.MOTION, 1.0)
    life = Life(without(home(), "kitchen-pir"), tmp_path, clock)
    life.feed("cord", Quantity.HELP, 1.0)
    assert [event.kind for event in life.stored()] == ["home.help"]


def test_the_room_of_the_last_sign_may_be_gone(tmp_path: Path, clock: ManualClock) -> None:
    """Stillness goes on counting, under the ceiling for a person awake."""
    life = Life(home(), tmp_path, clock)
    life.feed("entry-pir", Quantity.MOTION, 1.0)
    life.finish()
    life = Life(without(home(), "entry-pir"), tmp_path, clock)
    assert not life.stored()
    pass_time(life, 4 * 3600 + 1)
    evidence = life.stored()[-1].payload["data"]["evidence"]
    assert (evidence["limit_name"], evidence["last_room"]) == ("awake_h", "")


def test_a_snapshot_waits_for_the_events_it_knows_of(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while the outbox could not be written, the agent concludes them again."""
    life = Life(home(), tmp_path, clock)
    monkeypatch.setattr(life.store.outbox, "put", full)
    life.feed("cord", Quantity.HELP, 1.0)
    pass_time(life, 301.0)
    life = Life(home(), tmp_path, clock)
    assert [event.kind for event in life.stored()][:1] == ["home.help"]


def test_what_bounced_before_a_gap_does_not_count_after_it(
    tmp_path: Path, clock: ManualClock
) -> None:
    """A level that nobody saw settle is neither a sign of life nor of an old silence."""
    life = Life(home(), tmp_path, clock)
    for _ in range(6):
        life.feed("front-door", Quantity.CONTACT, 0.0, after_s=30.0)
    life.feed("kitchen-pir", Quantity.MOTION, 1.0)
    life.feed("front-door", Quantity.CONTACT, 1.0)
    life.feed("front-door", Quantity.CONTACT, 0.0, after_s=0.01)
    clock.advance(6 * 3600)
    life = Life(home(), tmp_path, clock)
    pass_time(life, 5.0)
    assert not life.stored()


def test_refused_events_do_not_breed(tmp_path: Path, clock: ManualClock) -> None:
    """A broker over its quota for hours is told of once."""
    life = Life(home(), tmp_path, clock)
    life.connect()
    answered = 0
    life.feed("cord", Quantity.HELP, 1.0)
    for _ in range(400):
        sent = life.session.sent[answered:]
        for answered, message in enumerate(sent, start=answered + 1):  # noqa: B020
            code = 0x97 if "/event/" in message.topic else 0
            life.inbox.post(Acked(1, answered, code, "Quota exceeded"))
        pass_time(life, 1.0)
    assert [event.kind for event in life.stored()] == ["home.help", "device.fault"]


def test_inputs_that_cannot_be_journalled_are_one_fault(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fault and end do not alternate with every reading."""
    life = Life(home(), tmp_path, clock)
    extend = life.store.buffer.extend
    monkeypatch.setattr(life.store.buffer, "extend", full)
    for i in range(50):
        life.feed("kitchen-pir", Quantity.MOTION, float(i % 2), after_s=30.0)
    monkeypatch.setattr(life.store.buffer, "extend", extend)
    life.feed("kitchen-pir", Quantity.MOTION, 1.0)
    life.turn()
    assert [e.payload["type"].split(".")[2] for e in life.stored()] == ["fault", "restored"]


def test_a_failing_disk_that_names_another_file_each_time_is_one_fault(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an alarm would have to queue behind is not made by the fault itself."""
    life = Life(home(), tmp_path, clock)
    life.connect()

    def read_only(items: Sequence[Input]) -> None:
        raise StorageError(f"{items[-1].stamp.sequence}.seg: no") from OSError(30, "Read-only")

    monkeypatch.setattr(life.store.buffer, "extend", read_only)
    for i in range(50):
        life.feed("kitchen-pir", Quantity.MOTION, float(i % 2), after_s=30.0)
    assert [e["type"].split(".")[2] for e in life.session.events()] == ["fault"]


def test_an_input_missing_from_the_journal_is_known_after_a_restart(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm that it led to is still open, so it can end."""
    life = Life(home(), tmp_path, clock)
    extend = life.store.buffer.extend
    monkeypatch.setattr(life.store.buffer, "extend", full)
    life.feed("smoke", Quantity.SMOKE, 1.0)
    monkeypatch.setattr(life.store.buffer, "extend", extend)
    pass_time(life, 11.0)
    life = Life(home(), tmp_path, clock)
    life.feed("smoke", Quantity.SMOKE, 0.0)
    smoke = [e for e in life.stored() if e.kind == "home.smoke"]
    assert [e.payload["type"].split(".")[2] for e in smoke] == ["raised", "cleared"]
    assert len({e.payload["subject"] for e in smoke}) == 1


def test_a_stop_waits_for_a_long_queue_and_survives_a_full_disk(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than one batch is decided, and a snapshot that fails ends nothing."""
    life = Life(home(), tmp_path, clock)
    monkeypatch.setattr(life.store.snapshots, "save", full)
    for i in range(6000):
        life.inbox.emitter("kitchen-pir")(Quantity.MOTION, float(i % 2))
    life.inbox.emitter("cord")(Quantity.HELP, 1.0)
    life.finish()
    assert "home.help" in [event.kind for event in life.stored()]


def test_a_snapshot_fits_as_a_whole_or_is_not_taken(tmp_path: Path, clock: ManualClock) -> None:
    """Half of one would leave detectors without a state."""
    life = Life(home(), tmp_path, clock)
    life.feed("kitchen-pir", Quantity.MOTION, 1.0)
    document = remember(life.pipeline)
    document["ledger"]["later"] = 1
    life.store.snapshots.save("pipeline", {"pipeline": document, "clock": {}})
    life = Life(home(), tmp_path, clock)
    life.feed("cord", Quantity.HELP, 1.0)
    assert [event.kind for event in life.stored()] == ["home.help"]


def test_time_that_the_agent_ran_without_a_reading_is_no_gap(
    tmp_path: Path, clock: ManualClock
) -> None:
    """After hours in which no sensor said anything, a restart does not start stillness anew."""
    life = Life(home(), tmp_path, clock)
    life.feed("living-pir", Quantity.MOTION, 1.0)
    life.feed("living-pir", Quantity.MOTION, 0.0)
    for _ in range(235):
        pass_time(life, 60.0)
    life = Life(home(), tmp_path, clock)
    pass_time(life, 600.0)
    pass_time(life, 1800.0)
    assert [event.kind for event in life.stored()] == ["home.stillness"]


def test_the_alarm_of_a_sensor_that_was_taken_out_is_closed(
    tmp_path: Path, clock: ManualClock
) -> None:
    """Nobody else ever would; the sentence asks to verify and promises no calm."""
    life = Life(home(), tmp_path, clock)
    life.feed("smoke", Quantity.SMOKE, 1.0)
    life.finish()
    life = Life(without(home(), "smoke"), tmp_path, clock)
    last = life.stored()[-1].payload
    assert (last["type"].split(".")[2], last["data"]["kind"]) == ("cleared", "home.smoke")
    assert "请人工核实" in last["data"]["text"]["zh"]
    assert not life.pipeline.ledger.alarms


def test_what_a_resident_did_does_not_pile_up(tmp_path: Path, clock: ManualClock) -> None:
    """Outings are concluded, and not kept in memory for years."""
    life = Life(home(), tmp_path, clock)
    life.connect()
    life.feed("front-door", Quantity.CONTACT, 0.0)
    for _ in range(3):
        life.feed("living-pir", Quantity.MOTION, 1.0, after_s=60.0)
        life.feed("living-pir", Quantity.MOTION, 0.0)
        life.feed("front-door", Quantity.CONTACT, 1.0)
        life.feed("front-door", Quantity.CONTACT, 0.0)
        pass_time(life, 1800.0)
        life.feed("front-door", Quantity.CONTACT, 1.0)
        life.feed("front-door", Quantity.CONTACT, 0.0)
    assert life.pipeline.activities == []
    assert not [
        m for m in life.session.sent if "outing" in str(m.payload) and "/event/" not in m.topic
    ]


def test_what_was_told_without_its_inputs_keeps_its_ids_to_itself(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events on disk, readings and snapshots not, and a kill: nothing else is told under those ids."""
    life = Life(street(), tmp_path, clock)
    flood(life, FLOOD[:30])
    known = set(ids(life.stored()))
    with monkeypatch.context() as patch:
        patch.setattr(life.store.buffer, "extend", full)
        patch.setattr(life.store.snapshots, "save", full)
        flood(life, FLOOD[30:])
        told = {e.id: json.dumps(e.payload["data"]) for e in life.stored() if e.id not in known}
    assert told
    life.store.outbox.acknowledge([event.sequence for event in life.stored()])
    life = Life(street(), tmp_path, clock)
    flood(life, [2600.0, *[2700.0] * 40, *FLOOD])
    again = {e.id: json.dumps(e.payload["data"]) for e in life.stored()}
    assert again
    assert {name for name in told.keys() & again.keys() if told[name] != again[name]} == set()


@pytest.mark.parametrize("refuses", [(0,), (0, 1), (0, 1, 2), (1,), (0, 2)])
def test_what_was_sent_from_memory_keeps_its_ids_to_itself(
    refuses: tuple[int, ...], tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes nothing in some of four lives, each ended by a kill: no id stands for two."""
    told: dict[str, str] = {}
    for n in range(4):
        with monkeypatch.context() as patch:
            life = Life(street(), tmp_path, clock)
            if n in refuses:
                patch.setattr(life.store.buffer, "extend", full)
                patch.setattr(life.store.outbox, "put", full)
                patch.setattr(life.store.snapshots, "save", full)
            life.connect()
            acknowledged = 0
            for depth in (
                2690,
                *range(2690, 2500 - 100 * n, -40),
                *range(2500 - 100 * n, 2690, 40),
                *[2700] * 40,
                *range(2690, 2540 - 5 * n, -40),
                *[2540 - 5 * n] * 3,
            ):
                life.feed("road-level", Quantity.DISTANCE_MM, float(depth), after_s=60.0)
                for mid in range(acknowledged + 1, len(life.session.sent) + 1):
                    life.inbox.post(Acked(1, mid))
                acknowledged = len(life.session.sent)
            floods = [e for e in life.session.events() if "waterlogging" in e["data"]["kind"]]
            assert len(floods) >= 2
        for event in life.session.events():
            kept = {key: event[key] for key in ("id", "sequence", "type", "subject", "data")}
            content = json.dumps({**kept, "data": {**kept["data"], "buffered_s": 0}})
            assert told.setdefault(event["id"], content) == content


def asked(folder: Path, clock: ManualClock) -> Life:
    """A home that is being asked, because nobody has moved for four hours."""
    life = Life(asked_home(), folder, clock)
    life.feed("buzzer", Quantity.BUZZER, 0.0)
    life.feed("button", Quantity.ANSWER, 0.0)
    life.feed("living-pir", Quantity.MOTION, 1.0)
    life.feed("living-pir", Quantity.MOTION, 0.0)
    for _ in range(4 * 60):
        pass_time(life, 60.0)
    pass_time(life, 5.0)
    life.feed("button", Quantity.ANSWER, 0.0)  # its level, which is told every ten seconds
    return life


def told(life: Life) -> list[tuple[str, str]]:
    return [(event.kind.value, event.payload["data"]["level"]) for event in life.stored()]


def test_the_buzzer_is_told_what_is_and_never_waited_for(
    tmp_path: Path, clock: ManualClock
) -> None:
    """At every turn the level is told again; a press turns it off in the turn that takes it in."""
    life = asked(tmp_path, clock)
    assert told(life) == []
    assert life.switched[-1]
    assert not life.switched[0]
    count = len(life.switched)
    life.loop.turn(0.0)
    assert life.switched[count:] == [True]
    life.feed("button", Quantity.ANSWER, 1.0)
    pass_time(life, 1.0)
    assert not life.switched[-1]
    assert told(life) == [("home.question", "blue")] * 2


def test_a_kill_in_the_middle_of_a_question_changes_nothing(
    tmp_path: Path, clock: ManualClock
) -> None:
    """The buzzer goes on, and the alarm leaves as it would have, under the same id."""
    whole = asked(tmp_path / "whole", ManualClock(clock.mono(), clock.wall()))
    pass_time(whole, 400.0)
    life = asked(tmp_path / "cut", clock)
    life = Life(asked_home(), tmp_path / "cut", clock)  # nothing was closed
    assert life.switched[-1]
    pass_time(life, 400.0)
    assert not life.switched[-1]
    assert told(life) == [("home.stillness", "red")]
    assert ids(life.stored()) == ids(whole.stored())
    again = Life(asked_home(), tmp_path / "cut", clock)
    assert not any(again.switched)
    assert ids(again.stored()) == ids(whole.stored())


def test_a_buzzer_that_fails_lets_the_alarm_go(tmp_path: Path, clock: ManualClock) -> None:
    """What its thread reports is journalled like any sensor's, and a rerun tells the same."""
    life = asked(tmp_path, clock)
    life.inbox.sensor_state("buzzer", SensorStatus.LOST, "pin 16: gone")
    life.turn()
    assert told(life) == [("home.stillness", "orange"), ("sensor.fault", "yellow")]
    assert not life.switched[-1]
    before = ids(life.stored())
    again = Life(asked_home(), tmp_path, clock)
    assert ids(again.stored()) == before
