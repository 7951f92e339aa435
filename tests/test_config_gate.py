"""What an agent says of itself over its socket, and what of that got worse."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from agent.config.gate import (
    Baseline,
    SocketWatch,
    Standing,
    baseline,
    standing,
    verdict,
)


def document(**changes: Any) -> dict[str, Any]:
    sensor = {"driver": "pir", "role": "bedroom", "reason": "", "since_s": 1.0,
              "last_reading_s": 2.0, "quantity": "motion", "value": 0}  # fmt: skip
    return {
        "schema": 1, "config": "new", "uptime_s": 60.0,
        "sensors": [
            sensor | {"name": "a", "status": "open"},
            sensor | {"name": "b", "status": "open", "last_reading_s": None},
            sensor | {"name": "c", "status": "lost", "reason": "no such port"},
        ],
        "uplink": {"is_linked": True, "broker": "broker.example:8883", "reason": ""},
        **changes,
    }  # fmt: skip


def test_what_counts_before() -> None:
    """A sensor counts that was open and had read; a broker that was linked."""
    assert baseline(standing(document())) == Baseline(frozenset({"a"}), is_linked=True)
    assert baseline(None) == Baseline()


def test_nothing_got_worse() -> None:
    """Sensors that were lost before, or have gone from the configuration, are not missed."""
    before = Baseline(frozenset({"a", "gone"}), is_linked=True)
    found = verdict(standing(document()), "new", before)
    assert not found.worse
    assert not found.uplink


def test_what_got_worse_is_named() -> None:
    """With the reason that the agent gives."""
    before = Baseline(frozenset({"a", "c"}), is_linked=True)
    uplink = {"is_linked": False, "broker": None, "reason": "refused"}
    found = verdict(standing(document(uplink=uplink)), "new", before)
    assert found.worse == ("sensor c was open, is lost: no such port",)
    assert found.uplink == ("uplink was linked, is not: no broker: refused",)


@pytest.mark.parametrize(
    ("after", "says"),
    [(None, "does not answer"),
     (standing(document(config="old")), "has not read"),
     (standing(document(uptime_s=3.0)), "10 s without a restart")],
)  # fmt: skip
def test_an_agent_that_is_not_ready(after: Standing | None, says: str) -> None:
    """Silent, with the old configuration, or only just started: not yet."""
    assert says in verdict(after, "new", Baseline()).worse[0]


def answer(path: Path, data: bytes) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        with server, server.accept()[0] as peer:
            for start in range(0, len(data), 1000):
                peer.sendall(data[start : start + 1000])

    threading.Thread(target=serve, daemon=True).start()


def test_over_a_socket(tmp_path: Path) -> None:
    """One document and the end of it, however it is cut."""
    answer(tmp_path / "s", json.dumps(document(more="x" * 5000)).encode())
    assert SocketWatch(tmp_path / "s").look() == standing(document())


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'"x"', b"null", b'{"config": 1}', b"[" * 99_999, b"\xff\xfe"]
)
def test_no_document(tmp_path: Path, data: bytes) -> None:
    """Whatever else is said counts as silence."""
    answer(tmp_path / "s", data)
    assert SocketWatch(tmp_path / "s").look() is None


def test_nobody_there(tmp_path: Path) -> None:
    """No socket, or one that nobody serves, is silence."""
    assert SocketWatch(tmp_path / "s").look() is None
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s"))
    server.close()
    assert SocketWatch(tmp_path / "s").look() is None


def test_a_server_that_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that hangs is silent, in bounded time."""
    monkeypatch.setattr("agent.config.gate.ANSWER_S", 0.05)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        assert SocketWatch(tmp_path / "s").look() is None
