"""Whether the agent is as well as before: what it says of itself, and what of that got worse.

The status document comes over a Unix socket: one JSON object a connection, nothing is asked.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

SOCKET = Path("/run/street-agent/agent.sock")
LARGEST = 1 << 20  # bytes; 64 sensors take some 20 KiB
ANSWER_S = 2.0
SETTLED_S = 10.0  # an agent that runs for so long is not in a loop of crashes, RestartSec is 2


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts here of a status document.

    Attributes:
        digest: SHA-256 of the configuration that the agent has read.
        sensors: name -> how it is, and why; "open" is well.
        reading: the sensors that are open and have read.
        is_linked: whether the broker has the device.
        link: the broker, and why there is no link.
    """

    digest: str
    uptime_s: float
    sensors: Mapping[str, str]
    reading: frozenset[str]
    is_linked: bool
    link: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the agent was before a change; nothing is expected where it did not answer."""

    reading: frozenset[str] = frozenset()
    is_linked: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What got worse, in the words for the technician; empty = nothing.

    Attributes:
        worse: what a change is undone for at once.
        uplink: what may take until the deadline of a trial.
    """

    worse: tuple[str, ...] = ()
    uplink: tuple[str, ...] = ()


class Watch(Protocol):
    """Looks at a running agent."""

    def look(self) -> Standing | None:
        """What it says of itself; None where nobody answers."""


class SocketWatch:
    """Looks through the agent's status socket."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path

    def look(self) -> Standing | None:
        """What the agent says; None where nobody answers, or not in time, or not in these words."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
                sock.settimeout(ANSWER_S)
                sock.connect(str(self._path))
                return standing(json.loads(_whole(sock)))
        except (OSError, ValueError, RecursionError):
            return None


def standing(document: Any) -> Standing:
    """Take what counts from a status document. Raise ValueError where it is none."""
    try:
        sensors = {str(item["name"]): item for item in document["sensors"]}
        uplink = document["uplink"]
        return Standing(
            str(document["config"]),
            float(document["uptime_s"]),
            {name: _how(item["status"], item.get("reason")) for name, item in sensors.items()},
            frozenset(
                name
                for name, item in sensors.items()
                if item["status"] == "open" and item.get("last_reading_s") is not None
            ),
            bool(uplink["is_linked"]),
            _how(uplink.get("broker") or "no broker", uplink.get("reason")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no status document: {error}") from error


def baseline(before: Standing | None) -> Baseline:
    """What is to be expected after a change."""
    return Baseline(before.reading, before.is_linked) if before else Baseline()


def verdict(after: Standing | None, digest: str, before: Baseline) -> Verdict:
    """Compare. A sensor that the new configuration does not have any more is not missed."""
    if after is None:
        return Verdict(("the agent does not answer",))
    if after.digest != digest:
        return Verdict(("the agent has not read the new configuration",))
    if after.uptime_s < SETTLED_S:
        return Verdict((f"the agent does not run for {SETTLED_S:g} s without a restart",))
    lost = sorted(name for name in before.reading if not _is_open(after.sensors.get(name, "open")))
    return Verdict(
        tuple(f"sensor {name} was open, is {after.sensors[name]}" for name in lost),
        (f"uplink was linked, is not: {after.link}",) if not after.is_linked and before.is_linked
        else (),
    )  # fmt: skip


def _is_open(how: str) -> bool:
    return how == "open" or how.startswith("open: ")


def _how(status: object, reason: object) -> str:
    return f"{status}: {reason}" if reason else str(status)


def _whole(sock: socket.socket) -> bytes:
    data = b""
    while more := sock.recv(65536):
        data += more
        if len(data) > LARGEST:
            raise ValueError("too long for a status document")
    return data
