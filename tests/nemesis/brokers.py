"""Brokers that die, refuse, or are slow, in front of the real agent (D1, D3, D4, D5, D10)."""

from __future__ import annotations

import random
import time

import verdicts
from daemon import Agent
from outcome import Outcome
from proxy import Cut, Proxy
from rig import Rig, wait_for
from street import Street

SPEED = 400.0
PAUSE_S = 0.06
SENSORS = 6
CUTS, LONG_CUTS = 100, 500
KILLS = 5  # every so manieth cut is a kill of mosquitto itself
CALM = 3  # lost links after which the agent begins to take its time; then it is started anew
CODES = (0x80, 0x87, 0x97, 0x99)


class Behind(Street):
    """A street whose broker stands behind a proxy."""

    def __init__(
        self, rig: Rig, draw: random.Random, *lines: str, pause_s: float = PAUSE_S
    ) -> None:
        super().__init__(rig, draw, SENSORS, pause_s, *lines)
        self.proxy = Proxy(self.port)
        rig.parts.callback(self.proxy.close)
        self.port = self.proxy.port


def around_puback(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Cut the link, or kill the broker, at every point around a PUBACK: each id comes."""
    street = Behind(rig, draw)
    proxy = street.proxy
    config, state = street.site(), rig.name("state")
    count = rig.share(LONG_CUTS if is_long else CUTS)
    agents: list[Agent] = []
    failures: list[str] = []
    kills = 0
    points = list(Cut)
    for number in range(count):
        if number % CALM == 0:
            _end(agents, draw)
            agents.append(rig.agent(config, state, SPEED))
        if number % KILLS == KILLS - 1:
            kills += _kill_broker(street, draw)
            continue
        before = proxy.cuts
        proxy.arm(points[number % len(points)], draw.randint(0, 2))
        if not wait_for(lambda: proxy.cuts > before, 20.0):  # noqa: B023 - called at once
            failures.append(f"cut {number}: no event came to be cut: {list(agents[-1].log)[-2:]}")
    ids = verdicts.acknowledged(agents)
    has_all = verdicts.drained(street.consumer, ids, also_received=proxy.acknowledged)
    agents[-1].stop()
    ids = verdicts.acknowledged(agents)
    failures += [] if has_all else ["not delivered after the last cut"]
    failures += verdicts.judge(street, ids, also_received=proxy.acknowledged, in_order=False)
    failures += verdicts.crashed(agents)
    excused = len(set(ids) - street.consumer.ids)
    note = (f"{proxy.cuts} cuts, {kills} kills of mosquitto, {len(set(ids))} events, "
            f"{len(street.consumer.events) - len(street.consumer.ids)} came twice, "
            f"{excused} died in the broker after its PUBACK")  # fmt: skip
    return Outcome(proxy.cuts + kills, failures, note)


def _end(agents: list[Agent], draw: random.Random) -> None:
    """End the running one, rudely every other time."""
    if agents and draw.random() < 0.5:
        agents[-1].kill()
    elif agents:
        agents[-1].stop()


def _kill_broker(street: Behind, draw: random.Random) -> int:
    """Kill mosquitto when an event has gone out to it, perhaps a moment later; start it again."""
    gone: list[float] = []
    street.proxy.on_publish = lambda: gone.append(time.monotonic())
    found = wait_for(lambda: bool(gone), 20.0, 0.0005)
    street.proxy.on_publish = None
    time.sleep(draw.uniform(0.0, 0.003))
    street.broker.kill()
    time.sleep(draw.uniform(0.0, 0.2))
    street.broker.start()
    return int(found)


def refused(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """PUBACKs with an error code: the event stays, and comes; what is behind it goes on."""
    street = Behind(rig, draw)
    proxy = street.proxy
    wanted = 400 if is_long else 80
    said: dict[str, int] = {}

    def refuse(event: str) -> int | None:
        if len(said) >= wanted or event in said or draw.random() < 0.5:
            return None
        said[event] = draw.choice(CODES)
        return said[event]

    proxy.refuse = refuse
    agent = rig.agent(street.site(), rig.name("state"), SPEED)
    done = wait_for(lambda: len(said) >= wanted, 120.0)
    passed = street.consumer.wait(lambda: len(street.consumer.ids) > 5, 5.0)
    proxy.drop_all()  # a lasting refusal lasts for one link
    ids = verdicts.acknowledged([agent])
    verdicts.drained(street.consumer, set(ids))
    agent.stop()
    failures = [] if done else [f"only {len(said)} events came to be refused"]
    failures += [] if passed else ["refusals stopped what was behind them"]
    failures += verdicts.judge(street, ids, parts=("uplink",), in_order=False)
    note = f"{len(said)} PUBACKs with " + ", ".join(f"0x{code:02X}" for code in CODES)
    return Outcome(len(said), failures + verdicts.crashed([agent]), note)


def too_large(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Packs beyond the maximum are split; events beyond it wait, and block nothing behind them."""
    del is_long
    failures: list[str] = []
    street = Behind(rig, draw, "max_packet_size 3000", pause_s=0.02)
    config, state = street.site(), rig.name("state")
    agent = rig.agent(config, state, SPEED)
    street.consumer.wait(lambda: len(street.consumer.ids) > 3)
    street.broker.kill()
    time.sleep(4.0)  # meanwhile more readings gather than fit into one packet
    street.broker.start()
    ids = verdicts.acknowledged([agent])
    if not verdicts.drained(street.consumer, ids, also_received=street.proxy.acknowledged):
        failures.append("a backlog over the broker's maximum does not get through")
    agent.stop()
    received = street.proxy.acknowledged
    failures += verdicts.judge(street, ids, also_received=received, in_order=False)
    small = Street(rig, draw, SENSORS, PAUSE_S, "max_packet_size 700")
    state = rig.name("state")
    agent = rig.agent(small.site("small"), state, SPEED)
    agent.wait_acks(6)
    before = len(small.consumer.records)
    if not small.consumer.wait(lambda: len(small.consumer.records) > before + 30, 10.0):
        failures.append("events over the broker's maximum stop the readings behind them")
    if small.consumer.ids:
        failures.append("an event came through that is larger than the broker takes")
    if not agent.said("uplink.message"):
        failures.append("nobody is told that events are too large")
    agent.stop()
    ids = verdicts.acknowledged([agent])
    roomy = Street(rig, draw, SENSORS, PAUSE_S)
    agent = rig.agent(roomy.site("small"), state, SPEED)
    if not verdicts.drained(roomy.consumer, set(ids)):
        failures.append("events that were too large do not come when the broker takes them")
    agent.stop()
    return Outcome(
        1 + len(ids), failures + verdicts.crashed([agent]), f"{len(ids)} events too large"
    )


def forbidden(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A topic refused by an ACL, no retained messages: told, and other topics go on."""
    del is_long
    failures: list[str] = []
    acl = rig.name("acl")
    acl.write_text("topic readwrite #\ntopic deny street/v1/+/reading/road-0\n")
    street = Street(rig, draw, SENSORS, PAUSE_S, f"acl_file {acl}")
    agent = rig.agent(street.site(), rig.name("state"), SPEED)
    agent.wait_acks(12)
    ids = verdicts.acknowledged([agent])
    verdicts.drained(street.consumer, set(ids))
    due = set(street.ports) - {"road-0"}
    street.consumer.wait(lambda: due <= {record.sensor for record in street.consumer.records})
    sensors = {record.sensor for record in street.consumer.records}
    if sensors != due:
        failures.append(f"readings of {sorted(sensors)} came, not of all but road-0")
    told = [e for _, e in street.consumer.events if e["data"]["kind"] == "device.fault"]
    failures += [] if told else ["nobody is told that the broker refuses a topic"]
    agent.stop()
    failures += verdicts.judge(street, ids, parts=("uplink",))
    plain = Street(rig, draw, SENSORS, PAUSE_S, "retain_available false")
    second = rig.agent(plain.site("plain"), rig.name("state"), SPEED)
    second.wait_acks(6)
    ids = verdicts.acknowledged([second])
    if not verdicts.drained(plain.consumer, set(ids), 15.0):
        failures.append("a broker without retained messages gets no events")
    second.stop()
    failures += verdicts.judge(plain, ids, site="plain", parts=("uplink",))
    return Outcome(2, failures + verdicts.crashed([agent, second]), "ACL; retain_available false")


def without_qos1(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """A broker that cannot acknowledge is told of, gets nothing it could lose, and blocks nothing."""
    del is_long
    street = Street(rig, draw, SENSORS, PAUSE_S, "max_qos 0")
    state = rig.name("state")
    agent = rig.agent(street.site(), state, SPEED)
    agent.wait_acks(8)
    time.sleep(3.0)
    told = agent.said("device fault part=uplink") or agent.said("QoS")
    failures = [] if told else [f"nobody is told: {list(agent.log)[-3:]}"]
    agent.stop()
    ids = verdicts.acknowledged([agent])
    good = Street(rig, draw, SENSORS, PAUSE_S)
    second = rig.agent(good.site(), state, SPEED)
    if not verdicts.drained(good.consumer, set(ids)):
        failures.append("events did not wait for a broker that can acknowledge them")
    second.stop()
    return Outcome(1, failures + verdicts.crashed([agent, second]), f"{len(ids)} events waited")


def slow(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """PUBACKs that take long, one message at a time: the bound holds and every event comes."""
    street = Behind(rig, draw, "max_inflight_messages 1")
    proxy = street.proxy
    agent = rig.agent(street.site(), rig.name("state"), SPEED)
    agent.wait_acks(5)
    stalls = 20 if is_long else 5
    for _ in range(stalls):
        proxy.is_stalled.set()
        time.sleep(draw.uniform(2.0, 9.0))  # both sides of the deadline of an alarm, 5 s
        proxy.is_stalled.clear()
        time.sleep(1.0)
    ids = verdicts.acknowledged([agent])
    failures = []
    if not verdicts.drained(street.consumer, set(ids)):
        failures.append("events do not come after the stalls")
    if proxy.in_flight_most > 1:
        failures.append(f"{proxy.in_flight_most} messages in flight where the broker takes 1")
    agent.stop()
    failures += verdicts.judge(street, ids, parts=("uplink",), in_order=False)
    note = f"{stalls} stalls of 2 to 9 s, at most {proxy.in_flight_most} in flight"
    return Outcome(stalls, failures + verdicts.crashed([agent]), note)
