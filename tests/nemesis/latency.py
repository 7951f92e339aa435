"""How long from a contact that closes to the broker's PUBACK, under load and over bad links (C3).

Real but for the pins: the agent's own command, ptys that bring water levels, mosquitto, packets on
a link. See presser.py for what is measured from when to when.
"""

from __future__ import annotations

import json
import math
import random
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle

import presser
from link import LISTENER, LOSS_30, PLATFORM, PORT, Link, needs_link
from outcome import Outcome
from rig import MOUNT_MM, SENSOR, Rig, wait_for
from tun import GPRS
from water import Port

HOME = """
[site]
id = "latency"
profile = "home"
timezone = "Asia/Shanghai"
place = {{ zh = "广州市黄埔区萝岗街下中路", en = "Xiazhong Road, Luogang, Huangpu, Guangzhou" }}
consent = {{ given_by = "resident", on = 2026-11-01 }}
[uplink]
brokers = ["mqtt://{host}:{port}"]
insecure = true
readings = {readings}
"""
CONTACT = """
[[sensor]]
name = "{name}"
driver = "{driver}"
role = "living"
pin = {pin}
contact = "normally_open"
"""
PORTS, PORT_HZ = 6, 50.0  # 300 readings a second beside the contacts
SLOW_PORTS, SLOW_HZ = 1, 1.0  # on a bad link, where many devices share this machine
LINES = 25  # devices side by side, each behind a bad link of its own
EACH, LONG_EACH = 40, 400  # alarms of each
PAUSE_S, SLOW_PAUSE_S = 0.03, 3.0  # between two alarms, on a good and on a bad link
LAST_S = 300.0  # start, first link, what is still under way at the end
LOOPBACK_BAR_S, LINK_BAR_S = 1.0, 10.0
RETRANSMISSION_S = 0.2  # the kernel sends nothing again sooner


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        took: seconds from contact to PUBACK, rising.
        missing: contacts whose alarm was not acknowledged by the end.
        connects: SYNs that reached the broker's side; None where nobody counted.
    """

    took: list[float]
    missing: int
    connects: int | None

    def quantile(self, share: float) -> float:
        """So many of all contacts were answered within this; one that was not takes for ever."""
        ranked = [*self.took, *([float("inf")] * self.missing)]
        return ranked[math.ceil(share * len(ranked)) - 1]

    @property
    def note(self) -> str:
        """In one line."""
        connects = "" if self.connects is None else f", {self.connects} SYN"
        return (f"{len(self.took)} alarms, p50 {self.quantile(0.5):.3f} s, p99 "
                f"{self.quantile(0.99):.3f} s, most {self.took[-1]:.3f} s{connects}")  # fmt: skip


class Load:
    """Water levels on ptys, a dry road, from a thread of its own."""

    def __init__(self, ports: dict[str, Port], hz: float) -> None:
        self._ports = ports
        self._hz = hz
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        for distance in cycle(range(MOUNT_MM - 20, MOUNT_MM)):
            for port in self._ports.values():
                port.send(distance)
            if self._stopping.wait(1.0 / self._hz):
                return


def measure(
    rig: Rig,
    alarms: int,
    pause_s: float = PAUSE_S,
    link: Link | None = None,
    rule: str = "",
    *,
    readings: tuple[int, float] = (PORTS, PORT_HZ),
    sends_readings: bool = True,
) -> Figures:
    """Close contacts and wait for the answers.

    Args:
        rig: where brokers, ports and agents come from.
        alarms: how many.
        pause_s: between two of them, on average.
        link: between device and broker; None = loopback.
        rule: what spoils the link, from the first alarm on.
        readings: how many ports bring water levels beside the contacts, and how many a second.
        sends_readings: whether the load goes over the link as well; not from homes by default.
    """
    broker = rig.broker(*([LISTENER] if link else []))
    ports = rig.ports(readings[0])
    host, port = (PLATFORM, PORT) if link else ("127.0.0.1", broker.port)
    config = rig.name("site").with_suffix(".toml")
    config.write_text(_home(ports, host, port, sends_readings=sends_readings))
    load = Load(ports, readings[1])
    load.start()
    rig.parts.callback(load.stop)
    file = rig.name("alarms").with_suffix(".json")
    agent = rig.agent(
        config, rig.name("state"),
        wrapper=[*(link.wrapper() if link else []), sys.executable, presser.__file__,
                 str(file), str(alarms), f"{pause_s:g}"],
    )  # fmt: skip
    if link and rule:
        wait_for(lambda: agent.said("uplink up"), 20.0)
        link.spoil(rule)
    connects = link.connects() if link else 0
    wait_for(lambda: file.exists() or not agent.is_running, alarms * pause_s * 1.5 + LAST_S, 0.2)
    if not file.exists():
        raise TimeoutError(f"the alarms did not come to an end: {list(agent.log)[-3:]}")
    connects = link.connects() - connects if link else 0
    agent.stop()
    found = [(at, then) for at, then in json.loads(file.read_text())]
    took = sorted(then - at for at, then in found if then is not None)
    return Figures(took, len(found) - len(took), connects if link else None)


def loopback(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """Under load, on a good link: within a second at p99."""
    figures = measure(rig, 10_000 if is_long else 1_000)
    return _judge(figures, LOOPBACK_BAR_S)


@needs_link
def gprs(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """0.3 s each way, 5 % loss, 20 kbit/s: within 10 s at p99, without a storm of connections."""
    figures = over_lines(rig, draw, _lines(is_long), lambda own: Link(GPRS, own))
    is_slow = all(took > 2 * GPRS.delay_s for took in figures.took)
    return _judge(figures, LINK_BAR_S, is_as_bad=is_slow)


@needs_link
def lossy(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
    """30 % of all packets lost, both ways: within 10 s at p99, without a storm of connections."""
    figures = over_lines(rig, draw, _lines(is_long), lambda _: Link(), LOSS_30)
    is_lossy = any(took > RETRANSMISSION_S for took in figures.took)
    return _judge(figures, LINK_BAR_S, is_as_bad=is_lossy)


def over_lines(
    rig: Rig,
    draw: random.Random,
    alarms: Sequence[int],
    make: Callable[[random.Random], Link],
    rule: str = "",
    pause_s: float = SLOW_PAUSE_S,
) -> Figures:
    """Devices side by side, each behind a bad link of its own and with a broker of its own.

    Args:
        rig: whose folder is used.
        draw: where each line has its own chances from.
        alarms: of each device.
        make: a line; called on the thread that it belongs to.
        rule: what spoils it, from the first alarm on.
        pause_s: between two alarms of a device, on average.
    """

    def one(n: int, own: random.Random) -> Figures:
        folder = rig.folder / f"line-{n}"
        folder.mkdir()
        with Rig(folder) as mine:
            link = mine.parts.enter_context(make(own))
            return measure(mine, alarms[n], pause_s, link, rule,
                           readings=(SLOW_PORTS, SLOW_HZ), sends_readings=False)  # fmt: skip

    chances = [random.Random(draw.random()) for _ in alarms]
    with ThreadPoolExecutor(len(alarms)) as threads:
        found = list(threads.map(one, range(len(alarms)), chances))
    return Figures(
        sorted(took for figures in found for took in figures.took),
        sum(figures.missing for figures in found),
        sum(figures.connects or 0 for figures in found),
    )


def _lines(is_long: bool) -> list[int]:
    return [LONG_EACH if is_long else EACH] * LINES


def _judge(figures: Figures, bar_s: float, *, is_as_bad: bool = True) -> Outcome:
    failures = [f"{figures.missing} alarms unanswered"] if figures.missing else []
    failures += [] if is_as_bad else ["the link was not as bad as it was to be"]
    p99 = figures.quantile(0.99)
    failures += [f"p99 {p99:.2f} s, not {bar_s:g} s"] if p99 > bar_s else []
    count = len(figures.took) + figures.missing
    # A dead-looking link may be given up now and then; more often than that is a storm.
    if figures.connects is not None and figures.connects > count:
        failures.append(f"{figures.connects} SYN for {count} alarms")
    return Outcome(count, failures, figures.note)


def _home(ports: dict[str, Port], host: str, port: int, *, sends_readings: bool) -> str:
    contacts = [("help_button", pin) for pin in presser.HELP_PINS]
    contacts += [("smoke_alarm", pin) for pin in presser.SMOKE_PINS]
    return "".join([
        HOME.format(host=host, port=port, readings=str(sends_readings).lower()),
        *(CONTACT.format(name=presser.name(pin), driver=driver, pin=pin) for driver, pin in contacts),
        *(SENSOR.format(name=name, path=port.path, mount=MOUNT_MM) for name, port in ports.items()),
    ])  # fmt: skip
