"""The agent in one process with hands that close contacts; gpiozero's mock pins are the only double.

python tests/nemesis/presser.py FILE ALARMS SECONDS PYTHON -m agent run ...

What stands behind the numbers is the agent's own command. As soon as its pins are open, and the
alarm of a first contact has been acknowledged, a thread closes so many contacts more, SECONDS apart
on average, and opens them again. FILE gets for each: when it was closed, and when the alarm that it
led to was acknowledged: the moment at which the deciding thread hears of the broker's PUBACK.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from agent import cli
from agent.uplink import sources

HELP_PINS, SMOKE_PINS = (4, 5, 6, 7), (8, 9, 10, 11)
PINS = tuple(pin for pair in zip(HELP_PINS, SMOKE_PINS, strict=True) for pin in pair)
HELD = 3  # contacts that are closed at a time
START_S, LAST_S = 60.0, 120.0


class Acknowledged:
    """When which event was; taken where the agent lets go of it."""

    def __init__(self) -> None:
        self.found: list[tuple[float, bytes]] = []
        accepted = sources.Events.accepted

        def note(events: sources.Events, parcel: sources.Parcel) -> None:
            self.found.append((time.monotonic(), parcel.message.payload))
            accepted(events, parcel)

        sources.Events.accepted = note  # type: ignore[method-assign]

    def alarms(self) -> dict[str, float]:
        """When each was, by sensor and number."""
        raised: Counter[str] = Counter()
        when: dict[str, float] = {}
        for at, payload in list(self.found):
            event = json.loads(payload)
            step = event["type"].split(".")[2]
            if event["data"]["kind"] in {"home.help", "home.smoke"} and step != "cleared":
                name = event["data"]["sensors"][0]
                raised[name] += 1
                count = event["data"]["evidence"]["count"]
                when[f"{name} {count if name.startswith('help') else raised[name]}"] = at
        return when


def press(
    factory: MockFactory, count: int, pause_s: float, acknowledged: Acknowledged
) -> dict[str, float]:
    """Close contacts in turn; when each was closed, by sensor and number."""
    draw = random.Random(1)
    pins = [factory.pin(pin) for pin in PINS]
    _wait(lambda: all(pin.when_changed is not None for pin in pins), START_S)
    closed: dict[str, float] = {}
    for turn in range(count + 1):
        index = turn % len(PINS)
        closed[f"{name(PINS[index])} {turn // len(PINS) + 1}"] = time.monotonic()
        pins[index].drive_low()
        if turn == 0:
            _wait(lambda: bool(acknowledged.alarms()), START_S)
            closed.clear()  # it has shown that there is a link
        time.sleep(pause_s * draw.uniform(0.5, 1.5))
        if turn >= HELD:
            pins[(turn - HELD) % len(PINS)].drive_high()
    _wait(lambda: len(acknowledged.alarms()) > count, LAST_S, 1.0)
    return closed


def name(pin: int) -> str:
    """The sensor on a pin."""
    return f"help-{pin}" if pin in HELP_PINS else f"smoke-{pin}"


def main() -> int:
    file, count, pause_s, *command = sys.argv[1:]
    Device.pin_factory = factory = MockFactory()
    acknowledged = Acknowledged()

    def run() -> None:
        closed = press(factory, int(count), float(pause_s), acknowledged)
        when = acknowledged.alarms()
        draft = Path(file).with_suffix(".new")
        draft.write_text(json.dumps([[at, when.get(key)] for key, at in closed.items()]))
        draft.replace(file)

    threading.Thread(target=run, name="hands", daemon=True).start()
    return cli.main(command[command.index("agent") + 1 :])


def _wait(claim: Callable[[], bool], timeout_s: float, every_s: float = 0.01) -> None:
    end = time.monotonic() + timeout_s
    while not claim() and time.monotonic() < end:
        time.sleep(every_s)


if __name__ == "__main__":
    sys.exit(main())
