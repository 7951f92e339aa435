"""From what waits on disk to the session and back, with a session that only writes down."""

import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from outgoing import Recorder, Waiting

from agent.events import Event, Kind
from agent.site import Place, Profile, Site
from agent.uplink.delivery import RETRY_S, STATE_S, Delivery, Refusal
from agent.uplink.link import Acked, LinkDown, LinkUp
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Presence, Wire
from drivers.reading import Quantity, Reading, Stamp

SITE = Site("gz-hp-0001", Profile.STREET, "Asia/Shanghai", Place("", ""), "", {})


class Device:
    """A Delivery, its queues and a session, with shorthands for what happens to them."""

    def __init__(self, pack: int = 500) -> None:
        self.wire = Wire(SITE, UplinkSettings(("mqtts://b",), pack=pack))
        self.session = Recorder()
        self.events: Waiting[Event] = Waiting()
        self.readings: Waiting[Reading] = Waiting()
        self.now = 2000.0
        self.links = 0
        self.restart()

    def restart(self) -> None:
        """The process is gone and a new one begins with what is on disk."""
        self.session.link = None
        self.delivery = Delivery(self.wire, self.session, self.events, self.readings)

    def up(self, window: int = 20, max_packet: int | None = None) -> None:
        self.links += 1
        self.session.link = self.links
        self.delivery.handle(LinkUp(self.links, "b:8883", "5", window, max_packet), self.now)

    def down(self) -> None:
        self.session.link = None
        self.delivery.handle(LinkDown(self.links, "gone"), self.now)

    def pump(self, seconds: float = 0.0) -> None:
        self.now += seconds
        self.delivery.pump(self.now, self.now)

    def ack(self, mid: int, code: int = 0, link: int | None = None) -> None:
        self.delivery.handle(Acked(link or self.links, mid, code, f"code {code:#x}"), self.now)

    def answer_all(self, code: int = 0) -> None:
        """Pump and answer until nothing more is sent."""
        answered = 0
        while True:
            self.pump()
            if answered == len(self.session.sent):
                return
            for mid, _ in self.session.sent[answered:]:
                self.ack(mid, code)
            answered = len(self.session.sent)


@pytest.fixture
def device():
    return Device()


def sequences(recorder):
    """Sequence of each event, in the order of sending."""
    return [
        int(json.loads(message.payload)["sequence"])
        for _, message in recorder.sent
        if "/event/" in message.topic
    ]


def packs(recorder, sensor="road"):
    """`seq` of the records of each pack of a sensor."""
    return [
        [record["seq"] for record in json.loads(message.payload)]
        for _, message in recorder.sent
        if message.topic.endswith(f"reading/{sensor}")
    ]


def test_nothing_is_handed_over_without_a_link(device, make_event):
    """Paho would queue what is published offline in memory: it is given nothing."""
    device.events.put(make_event(1))
    device.delivery.post(device.wire.state(Presence.ONLINE))
    device.pump()
    assert device.session.sent == []
    assert not device.delivery.is_idle


def test_event_is_deleted_at_the_puback_and_not_before(device, make_event):
    """An event stays on disk until the broker has said that it has it."""
    device.events.put(make_event(1))
    device.up()
    device.pump()
    assert list(device.events.items) == [1]
    device.ack(1)
    assert not device.events.items
    assert device.delivery.is_idle


@pytest.mark.parametrize("code", [0x00, 0x10])
def test_no_matching_subscribers_is_success(device, make_event, code):
    """A broker to which nobody listens has taken the event all the same."""
    device.events.put(make_event(1))
    device.up()
    device.pump()
    device.ack(1, code)
    assert not device.events.items
    assert device.delivery.counters.refused == 0


def test_window_bounds_what_is_under_way(device, make_event):
    """At most as many messages as the broker's receive maximum are without PUBACK, in order."""
    device.events.put(*[make_event(n) for n in range(1, 100)])
    device.up(window=3)
    device.pump()
    device.pump()
    assert sequences(device.session) == [1, 2, 3]
    device.ack(2)
    device.pump()
    assert sequences(device.session) == [1, 2, 3, 4]


def test_latest_value_wins_and_goes_first(device, make_event):
    """Of several posts on one topic the newest is sent, ahead of events."""
    device.events.put(make_event(1))
    device.delivery.post(device.wire.health({"n": 1}))
    device.delivery.post(device.wire.health({"n": 2}))
    device.up()
    device.answer_all()
    assert device.session.topics == ["health", "street.waterlogging"]
    assert json.loads(device.session.sent[0][1].payload) == {"n": 2}


def test_on_a_slow_line_latest_values_are_ten_seconds_apart(device):
    """An alarm that comes need not wait for a list; where answers are quick again, so are they."""
    device.up()
    device.delivery.post(device.wire.health({"n": 1}))
    device.pump()
    device.now += 1.5
    device.ack(1)
    device.delivery.post(device.wire.health({"n": 2}))
    device.pump()
    device.pump(STATE_S - 2.0)
    assert device.session.topics == ["health"]
    device.pump(0.5)
    assert device.session.topics == ["health", "health"]
    device.ack(2)
    device.delivery.post(device.wire.health({"n": 3}))
    device.pump()
    assert device.session.topics == ["health", "health", "health"]


def test_retained_values_are_posted_again_after_every_link_up(device):
    """A new link gets state and alarms again, counters only once."""
    device.delivery.post(device.wire.state(Presence.ONLINE))
    device.delivery.post(device.wire.health({}))
    device.up()
    device.answer_all()
    device.down()
    device.up()
    device.pump()
    assert device.session.topics == ["state", "health", "state"]


def test_unacknowledged_go_again_in_order_after_link_down(device, make_event):
    """What a lost link left open is sent again on the next one, in order, and counted."""
    device.events.put(*[make_event(n) for n in range(1, 6)])
    device.up()
    device.pump()
    device.ack(2)
    device.down()
    device.up()
    device.pump()
    assert sequences(device.session) == [1, 2, 3, 4, 5, 1, 3, 4, 5]
    assert device.delivery.counters.resent == 4


def test_late_news_of_an_old_link_is_ignored(device, make_event):
    """A PUBACK or LinkDown of an earlier link does not touch what is under way on this one."""
    device.events.put(make_event(1))
    device.up()
    device.pump()
    device.down()
    device.up()
    device.pump()
    device.ack(1, link=1)
    device.delivery.handle(LinkDown(1, "late"), device.now)
    assert list(device.events.items) == [1]
    device.ack(2, link=2)
    device.ack(1, link=2)
    assert not device.events.items


def test_link_up_without_a_link_down_starts_anew(device, make_event):
    """Should the news of the loss be lost, the next LinkUp says the same."""
    device.events.put(make_event(1))
    device.up()
    device.pump()
    device.up()
    device.pump()
    device.ack(1)
    assert not device.events.items


@pytest.mark.parametrize("code", [0x87, 0x90, 0x95, 0x99])
def test_lasting_refusal_is_left_out_and_reported(device, make_event, code):
    """Paho calls a message refused by reason code published: it stays on disk, and others pass."""
    device.events.put(make_event(1), make_event(2))
    device.up()
    device.pump()
    device.ack(1, code)
    device.ack(2)
    device.pump(10 * RETRY_S)
    assert sequences(device.session) == [1, 2]
    assert list(device.events.items) == [1]
    topic = "street/v1/gz-hp-0001/event/street.waterlogging"
    assert device.delivery.take_refusals() == [
        Refusal(topic, code, f"code {code:#x}", is_lasting=True)
    ]
    assert device.delivery.take_refusals() == []
    assert device.delivery.is_idle
    device.down()
    device.up()
    device.pump()
    assert sequences(device.session) == [1, 2, 1]


@pytest.mark.parametrize("code", [0x80, 0x83, 0x97])
def test_passing_refusal_is_tried_again_later(device, make_event, code):
    """Quota exceeded and the like: the event comes again after a pause, blocking nothing."""
    device.events.put(make_event(1), make_event(2))
    device.up(window=1)
    device.pump()
    device.ack(1, code)
    device.pump()
    device.ack(2)
    device.pump(RETRY_S - 1)
    assert sequences(device.session) == [1, 2]
    assert not device.delivery.is_idle
    device.pump(1)
    assert sequences(device.session) == [1, 2, 1]
    device.ack(3)
    assert not device.events.items


def test_refused_slot_waits_for_its_time_and_yields_to_a_newer_one(device):
    """A refused state is posted again later, in its newest form."""
    device.delivery.post(device.wire.state(Presence.ONLINE))
    device.up()
    device.pump()
    device.delivery.post(device.wire.state(Presence.STOPPED))
    device.ack(1, 0x97)
    device.pump()
    assert len(device.session.sent) == 1
    device.pump(RETRY_S)
    assert json.loads(device.session.sent[1][1].payload) == {"state": "stopped"}


def test_slot_refused_for_good_does_not_keep_the_agent_from_being_idle(device):
    """A topic that the broker denies is left out until the next link."""
    device.delivery.post(device.wire.state(Presence.ONLINE))
    device.up()
    device.answer_all(0x87)
    assert device.delivery.is_idle
    device.up()
    assert not device.delivery.is_idle


def test_event_too_large_is_parked_and_does_not_block(device, make_event):
    """A message beyond the broker's maximum never reaches paho, which would loop over it."""
    large = make_event(1)
    large.payload["data"]["text"] = "x" * 1000
    device.events.put(large, make_event(2))
    device.up(max_packet=600)
    device.answer_all()
    assert sequences(device.session) == [2]
    assert list(device.events.items) == [1]
    assert [refusal.code for refusal in device.delivery.take_refusals()] == [0x95]


def test_readings_go_in_packs_per_sensor(device, make_reading):
    """Readings are joined per sensor, in order, and deleted when their pack is acknowledged."""
    device.readings.put(*[make_reading(n, "road" if n % 2 else "yard") for n in range(1, 8)])
    device.up()
    device.pump()
    assert packs(device.session, "road") == [[1, 3, 5, 7]]
    assert packs(device.session, "yard") == [[2, 4, 6]]
    device.ack(1)
    assert sorted(device.readings.items) == [2, 4, 6]


def test_packs_are_bounded_and_follow_one_another(make_reading):
    """A backlog goes in packs of the configured size, each after the answer to the last."""
    device = Device(pack=3)
    device.readings.put(*[make_reading(n) for n in range(1, 9)])
    device.up()
    device.pump()
    assert packs(device.session) == [[1, 2, 3]]
    device.answer_all()
    assert packs(device.session) == [[1, 2, 3], [4, 5, 6], [7, 8]]
    assert device.delivery.is_idle


def test_packs_are_split_to_the_brokers_maximum(device, make_reading):
    """No pack is larger than the broker takes, and none of the readings is left behind."""
    device.readings.put(*[make_reading(n) for n in range(1, 101)])
    device.up(max_packet=700)
    device.answer_all()
    assert [seq for pack in packs(device.session) for seq in pack] == list(range(1, 101))
    assert max(message.packet_bytes for _, message in device.session.sent) <= 700
    assert not device.readings.items


def test_pieces_of_a_split_pack_keep_their_order(device, make_reading):
    """A piece goes only after the answer to the one before; if that is a refusal, the rest waits."""
    device.readings.put(*[make_reading(n) for n in range(1, 21)])
    device.up(max_packet=700)
    device.pump()
    first = packs(device.session)[0]
    device.ack(1, 0x97)
    device.pump(1.0)
    assert packs(device.session) == [first]
    device.now += RETRY_S
    device.answer_all()
    sent = [seq for pack in packs(device.session)[1:] for seq in pack]
    assert sent == list(range(1, 21))


def test_sensor_that_is_refused_does_not_stop_the_others(make_reading):
    """Where the broker denies one sensor's topic, the others' readings keep flowing."""
    device = Device(pack=2)
    device.readings.put(*[make_reading(n, "road" if n % 2 else "yard") for n in range(1, 41)])
    device.up()
    answered = 0
    for _ in range(30):
        device.pump()
        for mid, message in device.session.sent[answered:]:
            device.ack(mid, 0x87 if message.topic.endswith("road") else 0)
        answered = len(device.session.sent)
    assert sorted(device.readings.items) == list(range(1, 41, 2))
    assert len(packs(device.session, "road")) == 1


def test_order_per_sensor_survives_a_passing_refusal(make_reading):
    """While a pack waits to be tried again no later reading of its sensor overtakes it."""
    device = Device(pack=2)
    device.readings.put(*[make_reading(n) for n in range(1, 7)])
    device.up()
    device.pump()
    device.ack(1, 0x97)
    device.answer_all()
    assert packs(device.session) == [[1, 2]]
    device.now += RETRY_S
    device.answer_all()
    assert packs(device.session) == [[1, 2], [1, 2], [3, 4], [5, 6]]


def test_event_overtakes_a_backlog_of_readings(make_event, make_reading):
    """An event put while readings drain is sent at the very next pump, with no answer in between."""
    device = Device(pack=50)
    device.readings.put(*[make_reading(n, f"sensor-{n % 40}") for n in range(1, 5001)])
    device.up()
    device.pump()
    assert len(device.session.sent) == 15
    device.events.put(make_event(1))
    device.pump()
    assert device.session.topics[15:] == ["street.waterlogging"]


def test_event_is_next_even_with_a_window_of_one(make_event, make_reading):
    """With a receive maximum of 1 an event is what follows the readings under way."""
    device = Device(pack=2)
    device.readings.put(*[make_reading(n) for n in range(1, 9)])
    device.up(window=1)
    device.pump()
    device.events.put(make_event(1))
    device.ack(1)
    device.pump()
    assert device.session.topics == ["road", "street.waterlogging"]


def test_batches_shrink_on_a_slow_line_and_grow_again(make_reading):
    """What an event may have to queue behind shrinks where answers take longer than 2 s."""
    device = Device(pack=400)
    device.readings.put(*[make_reading(n) for n in range(1, 3000)])
    device.up()
    for seconds in (5, 5, 5, 0.1, 0.1, 0.1):
        device.pump()
        device.now += seconds
        device.ack(len(device.session.sent))
    assert [len(pack) for pack in packs(device.session)] == [400, 200, 100, 50, 100, 200]


def test_message_that_paho_does_not_take_goes_first_next_time(device, make_event):
    """A refused hand-over loses nothing and changes no order."""
    device.events.put(make_event(1), make_event(2))
    device.up()
    device.session.link = None
    device.pump()
    assert device.session.sent == []
    device.session.link = device.links
    device.pump()
    assert sequences(device.session) == [1, 2]


def test_counters_tell_what_happened(device, make_event):
    """Sent, acknowledged, refused and resent add up."""
    device.events.put(make_event(1), make_event(2))
    device.up()
    device.pump()
    device.ack(1)
    device.ack(2, 0x97)
    device.pump(RETRY_S)
    counters = device.delivery.counters
    assert (counters.sent, counters.acknowledged, counters.refused, counters.resent) == (3, 1, 1, 1)


class Interleavings(RuleBasedStateMachine):
    """The broker's side and the device's side, in any order of what may happen."""

    @initialize(window=st.integers(1, 5), pack=st.integers(1, 6))
    def begin(self, window, pack):
        self.device = Device(pack)
        self.window = window
        self.put = 0
        self.arrived: list[tuple[str, list[int]]] = []  # as the consumer sees it
        self.open: list[tuple[int, str, list[int]]] = []  # handed to the socket, not answered
        self.seen = 0

    @rule(count=st.integers(1, 12), sensor=st.sampled_from(["road", "yard"]))
    def readings_come(self, count, sensor):
        for _ in range(count):
            self.put += 1
            stamp = Stamp("b", 1000.0, 1.79e9, synced=True, sequence=self.put)
            self.device.readings.put(Reading(sensor, Quantity.DEPTH_MM, 1.0, stamp))

    @rule()
    def event_comes(self):
        self.put += 1
        level = "red" if self.put % 3 == 0 else "blue"
        data = {"rev": 1, "level": level, "clock": "synced"}
        payload = {"id": f"e{self.put}", "boot": "b", "sequence": str(self.put), "data": data}
        event = Event(self.put, 1000.0, Kind.SMOKE, payload)
        self.device.events.put(event)
        self.device.delivery.hurry([event])

    @rule(limit=st.sampled_from([None, None, 400, 800]))
    def link_up(self, limit):
        self.open.clear()
        self.device.up(self.window, limit)

    @rule()
    def link_down(self):
        self.open.clear()
        self.device.down()

    @rule()
    def crash(self):
        self.open.clear()
        self.device.restart()

    @rule(seconds=st.sampled_from([0.0, 1.0, RETRY_S]))
    def pump(self, seconds):
        self.device.pump(seconds)
        for mid, message in self.device.session.sent[self.seen :]:
            content = json.loads(message.payload)
            if isinstance(content, dict):
                self.open.append((mid, "event", [int(content["sequence"])]))
            else:
                sensor = message.topic.rpartition("/")[2]
                self.open.append((mid, sensor, [record["seq"] for record in content]))
        self.seen = len(self.device.session.sent)

    @precondition(lambda self: self.open)
    @rule(
        code=st.sampled_from([0, 0, 0, 0x10, 0x80, 0x87, 0x97]),
        reaches=st.booleans(),
        data=st.data(),
    )
    def answer(self, code, reaches, data):
        """The broker answers one message; the answer may be lost on the way."""
        index = data.draw(st.integers(0, len(self.open) - 1))
        mid, source, found = self.open.pop(index)
        if code < 0x80:
            self.arrived.append((source, found))
        if reaches:
            self.device.ack(mid, code)

    @invariant()
    def window_is_kept(self):
        assert len(getattr(self, "open", [])) <= getattr(self, "window", 0)

    @invariant()
    def nothing_is_lost(self):
        if not hasattr(self, "put"):
            return
        had = {seq for _, found in self.arrived for seq in found}
        waits = {*self.device.events.items, *self.device.readings.items}
        assert had | waits == set(range(1, self.put + 1))

    @invariant()
    def each_sensor_keeps_its_order(self):
        last: dict[str, int] = {}
        had: set[int] = set()
        for source, found in getattr(self, "arrived", []):
            for seq in found:
                if source != "event" and seq not in had:
                    assert seq > last.get(source, 0)
                    last[source] = seq
                had.add(seq)

    def teardown(self):
        """In the end, on a link that holds, everything arrives."""
        if not hasattr(self, "put"):
            return
        self.link_down()
        self.link_up(None)
        for _ in range(self.put + 2):
            self.pump(1.0)  # time passes: so many readings at once are paced
            while self.open:
                mid, source, found = self.open.pop(0)
                self.arrived.append((source, found))
                self.device.ack(mid)
        assert not self.device.events.items
        assert not self.device.readings.items
        assert self.device.delivery.is_idle
        self.nothing_is_lost()
        self.each_sensor_keeps_its_order()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
