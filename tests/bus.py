"""An RS-485 bus of real ptys with pymodbus's RTU server as the probes on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import threading
import tty
from collections.abc import Callable, Iterator

from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

BOUND_S = 10


class Wire:
    """A bus: what the agent writes at `path` reaches the probes at `probes`, and back.

    Attributes:
        asked: what the agent has sent, one piece a request.
        answer: what becomes of a piece on its way back.
        units: who hears a request; pymodbus would answer for units that are not there.
    """

    def __init__(self) -> None:
        self._agent, self._agent_end = os.openpty()
        self._probe, self._probe_end = os.openpty()
        for end in (self._agent_end, self._probe_end):
            tty.setraw(end)
        self.path, self.probes = os.ttyname(self._agent_end), os.ttyname(self._probe_end)
        self.asked: list[bytes] = []
        self.answer: Callable[[bytes], bytes] = bytes
        self.units: set[int] = set()
        self._stop, self._stopped = os.pipe()
        self._open = {self._agent, self._agent_end, self._probe, self._probe_end}
        self._thread = threading.Thread(target=self._pump, daemon=True)
        self._thread.start()

    def _pump(self) -> None:
        while True:
            ready, _, _ = select.select([self._agent, self._probe, self._stop], [], [], BOUND_S)
            if self._stop in ready or not ready:
                return
            if self._agent in ready:
                self.asked.append(os.read(self._agent, 1024))
                if self.asked[-1][0] in self.units:
                    os.write(self._probe, self.asked[-1])
            if self._probe in ready:
                os.write(self._agent, self.answer(os.read(self._probe, 1024)))

    def unplug(self) -> None:
        """Take the agent's adapter away."""
        os.write(self._stopped, b".")
        self._thread.join(BOUND_S)
        self._close({self._agent, self._agent_end})

    def close(self) -> None:
        os.write(self._stopped, b".")
        self._thread.join(BOUND_S)
        self._close(set(self._open))
        os.close(self._stop)
        os.close(self._stopped)

    def _close(self, ends: set[int]) -> None:
        for end in ends & self._open:
            os.close(end)
        self._open -= ends


@contextlib.contextmanager
def probes(wire: Wire, *devices: SimDevice) -> Iterator[None]:
    """Let these devices answer; units that are not there keep silent, as on a real bus."""
    wire.units = {device.id for device in devices}
    ready, failed = threading.Event(), []
    ends: list[Callable[[], None]] = []

    async def serve() -> None:
        server = ModbusSerialServer(list(devices), port=wire.probes, baudrate=9600)
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        ends.append(lambda: loop.call_soon_threadsafe(end.set))
        await server.serve_forever(background=True)
        ready.set()
        await end.wait()
        await server.shutdown()

    def run() -> None:
        try:
            asyncio.run(serve())
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(BOUND_S)
    assert not failed
    try:
        yield
    finally:
        ends[0]()
        thread.join(BOUND_S)
        assert not thread.is_alive()


def floats(unit: int, *values: float) -> SimDevice:
    return SimDevice(unit, [SimData(0, values=list(values), datatype=DataType.FLOAT32)])


def integers(unit: int, kind: DataType, *values: int) -> SimDevice:
    return SimDevice(unit, [SimData(0, values=list(values), datatype=kind)])
