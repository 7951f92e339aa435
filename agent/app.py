"""The composition root, the only file that knows every other: configuration in, agent out."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.config.load import Configuration
from agent.desk import Desk, place
from agent.errors import StorageError
from agent.events import rfc3339
from agent.expiry import Expiry
from agent.health import Health, ServiceManager, Watched
from agent.inbox import FROZEN_S, Inbox, Stop
from agent.keeper import Keeper
from agent.loop import Loop, Switch
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Recovered, Store, go_on
from agent.roll import Roll, Run
from agent.sent import sent_mark
from agent.site import Site
from agent.store import layout
from agent.store.buffer import Buffer
from agent.store.claim import claim
from agent.store.diary import Diary
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots
from agent.uplink import tls
from agent.uplink.delivery import Delivery
from agent.uplink.session import Session
from agent.uplink.wire import Presence, Wire
from agent.window import EventWindow, ReadingWindow
from agent.worker import Worker
from drivers.base import load
from drivers.reading import Quantity

log = logging.getLogger(__name__)

DISK_PATIENCE_S = 180.0  # a slow card is no reason to restart; it is told of as a fault
SPARE_BYTES = 16 << 20  # readings in memory where there is no disk
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
    with ExitStack() as held:
        store, trouble = _open_store(folder, configuration, held)
        clock = SystemClock(speed)
        if store.is_memory:  # it numbers from 1 again: order comes from boot and number
            clock.boot = secrets.token_hex(6)
        pipeline = Pipeline(
            site, configuration.limits, asks=configuration.question, is_test=speed != 1.0
        )
        mark = sent_mark(folder)
        recovered = go_on(pipeline, clock, store, 0 if store.is_memory else mark.number)
        inbox = Inbox(clock, recovered.sequence, FROZEN_S * speed)
        keeper = Keeper(store, inbox.post)
        wire = Wire(site, configuration.uplink)
        session = Session(
            configuration.uplink,
            configuration.uplink.client_id or f"street-agent-{site.id}",
            wire.state(Presence.LOST),
            inbox.post,
            floor=clock.floor,
        )
        expiry = Expiry(site.timezone, partial(tls.days_left, configuration.uplink), inbox.post)
        events = EventWindow(keeper, store.outbox.last_sequence, time.monotonic, mark)
        readings = ReadingWindow(keeper, store.buffer.last_sequence)
        delivery = Delivery(wire, session, events, readings if wire.sends_readings else None)
        workers = _workers(configuration, inbox, speed)
        health = Health(ServiceManager(), _watched(workers, keeper, session))
        desk = Desk(place(folder))
        run = Run(
            version("street-agent"), configuration.digest, rfc3339(clock.wall()), store.is_memory
        )
        loop = Loop(
            roll=Roll(site, run, desk.lay, time.monotonic()),
            inbox=inbox, pipeline=pipeline, keeper=keeper, events=events,
            readings=readings if wire.sends_readings else None, delivery=delivery, wire=wire,
            clock=clock, health=health, expiry=expiry, recovered=recovered,
            tick_s=max(1.0 / speed, 0.05), buzzers=_buzzers(site, workers),
        )  # fmt: skip
        _obey_signals(inbox)
        _begin(configuration, recovered, inbox, delivery, wire)
        if trouble:
            inbox.device_state("storage.folder", trouble)
        keeper.start()
        session.start()
        desk.start()
        for worker in workers:
            worker.start()
        health.ready()
        log.info("started site=%s sensors=%d speed=%g", site.id, len(workers), speed)
        try:
            loop.run()
        finally:
            health.stopping()
            for worker in workers:
                worker.stop()
            deadline = time.monotonic() + JOIN_S
            for worker in workers:
                worker.join(max(deadline - time.monotonic(), 0.0))
            loop.finish()
            desk.stop()
            session.stop(wire.state(Presence.STOPPED), FAREWELL_S)
    return 0


def _open_store(folder: Path, configuration: Configuration, held: ExitStack) -> tuple[Store, str]:
    """Open the store, or one in memory where the disk is of no use: alarms must go on.

    Returns:
        The store, and what is wrong with the folder; empty if nothing is.

    Raises:
        StorageError: what a technician has to mend first: another agent, or missing rights.
    """
    readings_bytes = configuration.store.readings_mib << 20
    try:
        held.enter_context(claim(folder))
        return _store(folder, readings_bytes), ""
    except StorageError as error:
        if isinstance(error.__cause__, BlockingIOError | PermissionError):
            raise
        log.error("state folder not usable, going on in memory error=%s", error)
        memory = os.environ.get("RUNTIME_DIRECTORY") or tempfile.gettempdir()
        spare = held.enter_context(tempfile.TemporaryDirectory(prefix="agent-", dir=memory))
        store = _store(Path(spare), min(readings_bytes, SPARE_BYTES))
        store.is_memory = True
        return store, str(error)


def _store(folder: Path, readings_bytes: int) -> Store:
    return Store(
        Buffer(folder / layout.READINGS, readings_bytes, history=layout.READINGS_HISTORY),
        Outbox(folder / layout.OUTBOX, layout.OUTBOX_HISTORY),
        Snapshots(folder / layout.SNAPSHOTS),
        Diary(folder / layout.DIARY),
    )


def _watched(workers: Sequence[Worker], keeper: Keeper, session: Session) -> list[Watched]:
    """All threads that must move, but for the deciding one, which looks after them."""
    sensors = [
        Watched(
            worker.sensor,
            partial(getattr, worker, "progress"),
            partial(getattr, worker, "is_alive"),
            mend=worker.mend,
        )
        for worker in workers
    ]
    return [
        *sensors,
        Watched("disk", lambda: keeper.progress, lambda: keeper.is_alive, DISK_PATIENCE_S),
        Watched("uplink", lambda: session.progress, lambda: session.is_alive),
    ]


def _begin(
    configuration: Configuration, recovered: Recovered, inbox: Inbox, delivery: Delivery, wire: Wire
) -> None:
    inbox.gap(recovered.alive_until, recovered.given)
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


def _buzzers(site: Site, workers: Sequence[Worker]) -> list[Switch]:
    return [
        worker.switch
        for worker in workers
        if Quantity.BUZZER in site.sensors[worker.sensor].traits.quantities
    ]


def _builder(driver: str, config: object) -> Callable[[], Any]:
    spec = load(driver)
    return lambda: spec.build(config)


def _obey_signals(inbox: Inbox) -> None:
    def stop(number: int, frame: object) -> None:
        del frame
        inbox.post(Stop(signal.Signals(number).name))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
