"""The desk: answers whoever on this device asks how the agent stands, over a Unix socket.

Who connects gets one JSON document and the end; nothing that is sent to it is read. The deciding
thread only lays down the newest document. A client that does not read is given up after a second;
a socket that cannot be opened costs the status and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import threading
from pathlib import Path

from agent.standing import Standing

log = logging.getLogger(__name__)

NAME = "agent.sock"
MODE = 0o660  # who is in the group street-agent may ask
WAITING = 8
SEND_S = 1.0
LONGEST = 107  # bytes of a path that the kernel takes (unix(7))


def place(state: Path) -> Path:
    """Where the agent with this state folder answers."""
    return Path(os.environ.get("RUNTIME_DIRECTORY") or state) / NAME


class Desk:
    """Answers on a thread of its own, from `start` until `stop`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._document = b"{}\n"
        self._server: socket.socket | None = None

    def lay(self, standing: Standing) -> None:
        """Put down the newest document; from the deciding thread."""
        text = json.dumps(standing.to_json(), ensure_ascii=False)
        self._document = f"{text}\n".encode()

    def start(self) -> None:
        """Listen. What stands in the way is logged: status is no reason not to sense."""
        try:
            self._server = _listen(self._path)
        except OSError as error:
            log.warning("status cannot be asked for path=%s error=%s", self._path, error)
            return
        thread = threading.Thread(
            target=self._serve, args=(self._server,), name="desk", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # "can't start new thread"
            log.warning("status cannot be asked for error=%s", error)
            self.stop()

    def stop(self) -> None:
        """Listen no longer."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
            self._path.unlink(missing_ok=True)

    def _serve(self, server: socket.socket) -> None:
        while self._server is server:
            try:
                client, _ = server.accept()
            except OSError as error:
                if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS}:
                    threading.Event().wait(SEND_S)
                    continue
                return
            with client, contextlib.suppress(OSError):
                client.settimeout(SEND_S)
                client.sendall(self._document)


def _listen(path: Path) -> socket.socket:
    """Listen at a path. What a process that died has left there is replaced."""
    if len(os.fsencode(path)) > LONGEST:
        raise OSError(errno.ENAMETOOLONG, "longer than a socket's name may be", str(path))
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        server.bind(str(path))
        path.chmod(MODE)
        server.listen(WAITING)
    except OSError:
        server.close()
        raise
    return server


def ask(path: Path, timeout_s: float = 5.0) -> str:
    """Ask an agent; return its document. Raise OSError."""
    parts = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(timeout_s)
        client.connect(str(path))
        while part := client.recv(1 << 16):
            parts.append(part)
    return b"".join(parts).decode()
