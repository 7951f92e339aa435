"""Topics and payloads."""

import json
import time
from dataclasses import replace

import pytest

from agent.events import Kind
from agent.site import Place, Profile, Role, Sensor, Site
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Presence, Wire
from drivers.base import Traits
from drivers.reading import Grade, Quality, Quantity, Reading, Stamp

SETTINGS = UplinkSettings(("mqtts://broker.example",))


def resolve(pack):
    """Resolved records of a SenML pack, by RFC 8428 section 4.6: (name, absolute or relative t)."""
    base = {}
    records = []
    for record in pack:
        base |= {key: value for key, value in record.items() if key.startswith("b")}
        own = {key: value for key, value in record.items() if not key.startswith("b")}
        own["n"] = base["bn"] + own["n"]
        own["t"] = base.get("bt", 0) + own["t"]
        records.append(own | {"boot": base["boot"]})
    return records


def test_topics_stand_under_the_site(street, make_event, make_reading):
    """Every topic begins with the site's prefix, and only state, info and alarms are retained."""
    wire = Wire(street, SETTINGS)
    messages = [
        wire.state(Presence.ONLINE),
        wire.info("1.2", "abc"),
        wire.alarms([]),
        wire.event(make_event(1), 1000),
        wire.readings("road", [make_reading(1)], 1001),
        wire.health({"events": 3}),
    ]
    assert [(m.topic.removeprefix("street/v1/gz-hp-0001/"), m.retain) for m in messages] == [
        ("state", True),
        ("info", True),
        ("alarms", True),
        ("event/street.waterlogging", False),
        ("reading/road", False),
        ("health", False),
    ]


def test_prefix_is_configurable(street):
    """A configured prefix replaces the default, with or without its last slash."""
    settings = UplinkSettings(SETTINGS.brokers, prefix="city/east")
    assert Wire(street, settings).state(Presence.LOST).topic == "city/east/state"


@pytest.mark.parametrize("prefix", ["a/+/", "#", "/a", "$SYS/", "a\nb"])
def test_prefix_that_cannot_start_a_topic_is_an_error(street, prefix):
    """A prefix that no broker takes is refused before anything is sent."""
    with pytest.raises(ValueError, match="prefix"):
        Wire(street, UplinkSettings(SETTINGS.brokers, prefix=prefix))


@pytest.mark.parametrize(
    ("profile", "configured", "sent"),
    [
        (Profile.HOME, None, False),
        (Profile.STREET, None, True),
        (Profile.HOME, True, True),
        (Profile.OUTFALL, False, False),
    ],
)
def test_readings_stay_in_homes(profile, configured, sent):
    """Readings leave a home only where that is configured."""
    site = Site("x", profile, "UTC", Place("", ""), "", {})
    assert Wire(site, UplinkSettings(SETTINGS.brokers, readings=configured)).sends_readings is sent


def test_info_has_no_place():
    """Version, configuration and sensors are told, the address is not."""
    sensor = Sensor("bedroom-pir", "pir", Role.BEDROOM, Traits((Quantity.MOTION,), 30.0, None))
    place = Place("下中路12号", "12 Xiazhong Road")
    site = Site("h1", Profile.HOME, "Asia/Shanghai", place, "", {"bedroom-pir": sensor})
    content = Wire(site, SETTINGS).info("1.2", "abc").payload.decode()
    assert json.loads(content) == {
        "version": "1.2",
        "config": "abc",
        "sensors": [
            {"name": "bedroom-pir", "driver": "pir", "role": "bedroom", "quantities": ["motion"]}
        ],
    }


@pytest.mark.parametrize(("now", "waited"), [(1000.0, 0), (1000.9, 0), (1061.5, 61), (900.0, 0)])
def test_event_tells_how_long_it_waited(street, make_event, now, waited):
    """The payload is the stored one but for whole seconds of waiting; the stored one is not touched."""
    event = make_event(7, mono=1000.0)
    before = json.dumps(event.payload)
    sent = json.loads(Wire(street, SETTINGS).event(event, now).payload)
    assert sent["data"].pop("buffered_s") == waited
    stored = json.loads(before)
    del stored["data"]["buffered_s"]
    assert sent == stored
    assert json.dumps(event.payload) == before


def test_senml_resolves_to_names_values_and_times(street, make_reading):
    """A pack resolves to the global name, the value with its unit, and the wall time of each."""
    pack = json.loads(
        Wire(street, SETTINGS)
        .readings("road", [make_reading(1), make_reading(4, value=7.5)], 2e3)
        .payload
    )
    assert pack[0]["bn"] == "gz-hp-0001:road:"
    assert resolve(pack) == [
        {"n": "gz-hp-0001:road:depth_mm", "u": "mm", "v": 120.0, "t": 1_790_000_001.0, "seq": 1,
         "boot": "b00700700700"},
        {"n": "gz-hp-0001:road:depth_mm", "u": "mm", "v": 7.5, "t": 1_790_000_004.0, "seq": 4,
         "boot": "b00700700700"},
    ]  # fmt: skip


def test_unsynced_readings_have_a_relative_time(street, make_reading):
    """A reading of an untrusted clock carries seconds before sending, also after trusted ones."""
    readings = [make_reading(1), make_reading(2, synced=False), make_reading(3)]
    pack = json.loads(Wire(street, SETTINGS).readings("road", readings, 1010.0).payload)
    assert [record["t"] for record in resolve(pack)] == [1_790_000_001.0, -8.0, 1_790_000_003.0]


def test_two_state_quality_and_strange_values(street):
    """Two states are booleans, doubt is labelled, and what JSON cannot say is said in words."""
    stamp = Stamp("b", 1.0, 1_790_000_000.0, synced=True, sequence=1)
    readings = [
        Reading("门 1", Quantity.CONTACT, 1.0, stamp),
        Reading("门 1", Quantity.PH, float("nan"), stamp, Quality(Grade.BAD, ("nan",))),
    ]
    message = Wire(street, SETTINGS).readings("门 1", readings, 1.0)
    assert message.topic == "street/v1/gz-hp-0001/reading/__1"
    door, probe = json.loads(message.payload)
    assert door["vb"] is True
    assert "q" not in door
    assert (probe["vs"], probe["q"]) == ("nan", "bad")
    assert "v" not in probe


def test_packet_size_is_never_understated(street, make_event):
    """The size compared with the broker's limit covers everything around topic and payload."""
    message = Wire(street, SETTINGS).event(make_event(1), 1000.0)
    variable = 2 + len(message.topic.encode()) + 2 + 1 + len(message.payload)
    assert message.packet_bytes >= 1 + 4 + variable


def test_text_that_is_no_unicode_is_sent_all_the_same(street, make_event):
    """Half a surrogate pair in a text of another system becomes a question mark."""
    event = make_event(1)
    event.payload["data"]["place"]["zh"] = "萝\ud800岗"
    sent = json.loads(Wire(street, SETTINGS).event(event, 1000.0).payload)
    assert sent["data"]["place"]["zh"] == "萝?岗"


def test_packs_are_encoded_fast(street, make_reading):
    """More than 50,000 readings a second are encoded in packs of 500."""
    readings = [make_reading(n, value=n / 7) for n in range(500)]
    wire = Wire(street, SETTINGS)
    wire.readings("road", readings, 3e3)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        wire.readings("road", readings, 3e3)
        best = min(best, time.perf_counter() - start)
    assert 500 / best > 50_000


def test_kinds_are_topics(street, make_event):
    """Each kind of event has a topic of its own."""
    wire = Wire(street, SETTINGS)
    topics = {wire.event(make_event(1, kind), 1e3).topic for kind in Kind}
    assert len(topics) == len(Kind)


BOOT = "b00700700700"  # of the fixtures
OFFSET = 1_790_000_000.0  # so the event at mono 1000 was at 1_790_001_000


def unsynced(event, **more):
    """An event of a clock that stood at the agent's build when the event was told."""
    data = {**event.payload["data"], "clock": "unsynced", "onset": "2026-01-01T00:00:00.000Z"}
    payload = {**event.payload, "time": "2026-01-01T00:01:00.000Z", **more, "data": data}
    return replace(event, payload=payload)


def test_an_event_is_corrected_once_its_boot_is_synchronised(street, make_event):
    """Time and onset are the true ones, it says so, its id and all the rest stay."""
    wire, event = Wire(street, SETTINGS), unsynced(make_event(1, mono=1000.0))
    before = json.loads(wire.event(event, 1000.0).payload)
    assert before["data"]["clock"] == "unsynced"
    wire.synchronised(BOOT, OFFSET)
    after = json.loads(wire.event(event, 1000.0).payload)
    assert after.pop("time") == "2026-09-21T14:30:00.000Z"
    assert after["data"].pop("onset") == "2026-09-21T14:29:00.000Z"
    assert after["data"].pop("clock") == "corrected"
    del before["time"], before["data"]["onset"], before["data"]["clock"]
    assert after == before
    assert event.payload["data"]["clock"] == "unsynced"


def test_the_times_of_cap_are_corrected_too(street, make_event):
    """Onset and expiry follow the event's own times; the rest stays as it was told."""
    wire, event = Wire(street, SETTINGS), unsynced(make_event(1, mono=1000.0))
    told = {"severity": "Minor", "onset": "2026-01-01T08:00:00+08:00",
            "expires": "2026-01-01T14:01:00+08:00"}  # fmt: skip
    event = replace(
        event, payload={**event.payload, "data": {**event.payload["data"], "cap": told}}
    )
    assert json.loads(wire.event(event, 1000.0).payload)["data"]["cap"] == told
    wire.synchronised(BOOT, OFFSET)
    assert json.loads(wire.event(event, 1000.0).payload)["data"]["cap"] == {
        "severity": "Minor",
        "onset": "2026-09-21T22:29:00+08:00",
        "expires": "2026-09-22T04:30:00+08:00",
    }


def test_the_first_synchronised_stamp_of_a_boot_and_every_step_is_noted(street, make_event):
    """An unsynchronised one says nothing; a clock that is set again later corrects anew."""
    wire, event = Wire(street, SETTINGS), unsynced(make_event(1, mono=1000.0))

    def sent_after(wall, synced):
        wire.watch_clock(Stamp(BOOT, 1060.0, wall, synced=synced, sequence=2))
        return json.loads(wire.event(event, 1100.0).payload)["time"]

    assert sent_after(5.0, synced=False) == "2026-01-01T00:01:00.000Z"
    assert sent_after(OFFSET + 1060, synced=True) == "2026-09-21T14:30:00.000Z"
    assert sent_after(OFFSET + 1060.4, synced=True) == "2026-09-21T14:30:00.000Z"
    assert sent_after(OFFSET + 4660, synced=True) == "2026-09-21T15:30:00.000Z"


def test_what_was_synchronised_or_is_of_another_boot_stays(street, make_event):
    """A step of the clock later on, or another boot's clock, does not rewrite it."""
    wire, synced = Wire(street, SETTINGS), make_event(1)
    other = unsynced(make_event(2), boot="another")
    told = [wire.event(event, 1000.0) for event in (synced, other)]
    wire.synchronised(BOOT, OFFSET)
    assert [wire.event(event, 1000.0) for event in (synced, other)] == told


def test_the_onset_of_an_earlier_boot_is_not_this_clocks(street, make_event):
    """An alarm that was open when the power went keeps the onset that was told."""
    wire = Wire(street, SETTINGS)
    wire.synchronised(BOOT, OFFSET)
    event = unsynced(make_event(1, mono=1000.0), onsetboot="earlier")
    sent = json.loads(wire.event(event, 1000.0).payload)
    assert (sent["time"], sent["data"]["onset"]) == (
        "2026-09-21T14:30:00.000Z",
        "2026-01-01T00:00:00.000Z",
    )


def test_readings_are_corrected_once_their_boot_is_synchronised(street, make_reading):
    """Absolute time and a label, also between trusted ones; an untrusted boot stays relative."""
    wire = Wire(street, SETTINGS)
    readings = [make_reading(1, synced=False), make_reading(2), make_reading(3, synced=False)]
    wire.synchronised(BOOT, OFFSET)
    pack = json.loads(wire.readings("road", readings, 1010.0).payload)
    assert [record["t"] for record in resolve(pack)] == [
        1_790_001_001.0,
        1_790_000_002.0,
        1_790_001_003.0,
    ]
    assert [record["bclock"] for record in pack] == ["corrected", "synced", "corrected"]
    wire.synchronised("another", 0.0)
    assert "bclock" not in wire.readings("road", [make_reading(2)], 1010.0).payload.decode()
