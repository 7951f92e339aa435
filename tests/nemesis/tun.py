"""A slow line between two namespaces: packets through TUN devices, paced, delayed and lost.

It stands for `tc netem`, which not every kernel has.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import struct
import threading
import time
from dataclasses import dataclass

TUN = "/dev/net/tun"
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
CLONE_NEWNET = 0x40000000
PACKET = 65536


@dataclass(frozen=True, slots=True)
class Quality:
    """What a line is like, the same in both directions.

    Attributes:
        delay_s: from one end to the other, beside the time that the bits take.
        loss: share of packets that vanish.
        bits_per_s: its rate.
        queue_s: what waits for longer than that is not taken.
    """

    delay_s: float
    loss: float
    bits_per_s: float
    queue_s: float = 5.0


GPRS = Quality(delay_s=0.3, loss=0.05, bits_per_s=20_000)


class SlowLine:
    """Passes packets between two TUN devices on a thread of its own, and closes them at its end."""

    def __init__(self, near: int, far: int, quality: Quality, draw: random.Random) -> None:
        self._other = {near: far, far: near}
        self._quality = quality
        self._draw = draw
        self._free_at = {near: 0.0, far: 0.0}  # when the way that begins there has sent its bits
        self._under_way: list[tuple[float, int, int, bytes]] = []
        self._count = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slow-line", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a tenth of a second."""
        self._stopping.set()
        self._thread.join()
        for end in self._other:
            os.close(end)

    def _run(self) -> None:
        ends = list(self._other)
        while not self._stopping.is_set():
            next_at = self._under_way[0][0] if self._under_way else float("inf")
            wait_s = min(0.1, max(0.0, next_at - time.monotonic()))
            for end in select.select(ends, [], [], wait_s)[0]:
                self._take(end, os.read(end, PACKET))
            now = time.monotonic()
            while self._under_way and self._under_way[0][0] <= now:
                _, _, to, packet = heapq.heappop(self._under_way)
                with contextlib.suppress(OSError):  # that end is not up: nobody is there to take it
                    os.write(to, packet)

    def _take(self, end: int, packet: bytes) -> None:
        now, quality = time.monotonic(), self._quality
        begins = max(now, self._free_at[end])
        if begins - now > quality.queue_s:
            return
        self._free_at[end] = begins + 8 * len(packet) / quality.bits_per_s
        if self._draw.random() < quality.loss:
            return  # lost on its way: it has taken its time on the line all the same
        self._count += 1  # packets of one moment keep their order
        arrives = self._free_at[end] + quality.delay_s
        heapq.heappush(self._under_way, (arrives, self._count, self._other[end], packet))


def open_tun(name: str, namespace: str | None = None) -> int:
    """Make a TUN device in this network namespace, or in that of a file in /proc."""
    made: list[int | OSError] = []

    def make() -> None:  # a namespace belongs to a thread
        try:
            if namespace is not None:
                _enter(namespace)
            made.append(_make(name))
        except OSError as error:
            made.append(error)

    thread = threading.Thread(target=make, name="tun")
    thread.start()
    thread.join()
    found = made[0]
    if isinstance(found, OSError):
        raise found
    return found


def _make(name: str) -> int:
    descriptor = os.open(TUN, os.O_RDWR)
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _enter(namespace: str) -> None:
    descriptor = os.open(namespace, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)  # os.setns comes with Python 3.12
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
    finally:
        os.close(descriptor)
