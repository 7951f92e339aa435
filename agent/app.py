"""The composition root, the only file that knows every other: configuration in, agent out."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.config.load import Configuration
from agent.health import Health, ServiceManager
from agent.inbox import Inbox, Stop
from agent.keeper import Keeper
from agent.loop import Loop
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Recovered, Store, go_on
from agent.store import layout
from agent.store.buffer import Buffer
from agent.store.claim import claim
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from agent.uplink.delivery import Delivery
from agent.uplink.session import Session
from agent.uplink.wire import Presence, Wire
from agent.window import EventWindow, ReadingWindow
from agent.worker import Worker
from drivers.base import load

log = logging.getLogger(__name__)

JOIN_S = 0.5  # for all drivers together; a hung one ends with the process
FAREWELL_S = 1.0


def run(configuration: Configuration, folder: Path, speed: float = 1.0) -> int:
    """Run the agent until SIGTERM or SIGINT; return the exit code.

    Args:
        configuration: what the site's file says.
        folder: where the state lives.
        speed: how much faster than real time it runs; at any other than 1 every event is a test.

    Raises:
        StorageError: Another agent runs on the folder, or it cannot be used.
    """
    site = configuration.site
    with claim(folder):
        clock = SystemClock(speed)
        pipeline = Pipeline(site, configuration.limits, is_test=speed != 1.0)
        store = Store(
            Buffer(folder / layout.READINGS, configuration.store.readings_mib << 20),
            Outbox(folder / layout.OUTBOX),
            Snapshots(folder / layout.SNAPSHOTS),
        )
        recovered = go_on(pipeline, clock, store)
        inbox = Inbox(clock, recovered.sequence)
        keeper = Keeper(store, inbox.post)
        events = EventWindow(keeper, store.outbox.last_sequence, time.monotonic)
        wire = Wire(site, configuration.uplink)
        session = Session(
            configuration.uplink,
            configuration.uplink.client_id or f"street-agent-{site.id}",
            wire.state(Presence.LOST),
            inbox.post,
        )
        readings = (
            ReadingWindow(keeper, store.buffer.last_sequence) if wire.sends_readings else None
        )
        delivery = Delivery(wire, session, events, readings)
        workers = _workers(configuration, inbox, speed)
        manager = ServiceManager()
        health = Health(
            manager,
            [(worker.sensor, _progress(worker)) for worker in workers]
            + [("uplink", lambda: session.progress)],
        )
        loop = Loop(
            inbox=inbox, pipeline=pipeline, keeper=keeper, events=events, readings=readings,
            delivery=delivery, wire=wire, clock=clock, health=health, recovered=recovered,
            tick_s=max(1.0 / speed, 0.05),
        )  # fmt: skip
        _obey_signals(inbox)
        _begin(configuration, recovered, inbox, delivery, wire)
        keeper.start()
        session.start()
        for worker in workers:
            worker.start()
        health.ready()
        log.info("started site=%s sensors=%d speed=%g", site.id, len(workers), speed)
        loop.run()
        health.stopping()
        for worker in workers:
            worker.stop()
        deadline = time.monotonic() + JOIN_S
        for worker in workers:
            worker.join(max(deadline - time.monotonic(), 0.0))
        loop.finish()
        session.stop(wire.state(Presence.STOPPED), FAREWELL_S)
    return 0


def _begin(
    configuration: Configuration, recovered: Recovered, inbox: Inbox, delivery: Delivery, wire: Wire
) -> None:
    inbox.gap(recovered.alive_until)
    delivery.post(wire.state(Presence.ONLINE))
    delivery.post(wire.info(version("street-agent"), configuration.digest))


def _workers(configuration: Configuration, inbox: Inbox, speed: float) -> list[Worker]:
    return [
        Worker(
            sensor.name,
            _builder(sensor.driver, configuration.drivers[sensor.name]),
            sensor.traits.poll_s / speed,
            inbox,
        )
        for sensor in configuration.site.sensors.values()
    ]


def _builder(driver: str, config: object) -> Callable[[], Any]:
    spec = load(driver)
    return lambda: spec.build(config)


def _progress(worker: Worker) -> Callable[[], float]:
    return lambda: worker.progress


def _obey_signals(inbox: Inbox) -> None:
    def stop(number: int, frame: object) -> None:
        del frame
        inbox.post(Stop(signal.Signals(number).name))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
