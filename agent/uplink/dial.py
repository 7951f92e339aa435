"""From an address to an open stream: files, TCP, TLS. No MQTT yet."""

from __future__ import annotations

import contextlib
import socket
import ssl

from agent.errors import NotConnected, Refused
from agent.uplink import tls
from agent.uplink.broker import Broker
from agent.uplink.settings import UplinkSettings
from agent.uplink.stream import Stream

SMALL_BYTES = 536  # what every way has to carry: RFC 9293 section 3.7.1
# linux/tcp.h; the socket module does not name it. What was lost is sent again six times at the same
# pace before the pauses double; where 30 % is lost, they outgrow an event's deadline, and p99 of an
# alarm was 10 s instead of 3.
TCP_THIN_LINEAR_TIMEOUTS = 16


def dial(
    broker: Broker,
    address: str,
    settings: UplinkSettings,
    timeout_s: float,
    floor: float | None,
    *,
    small: bool = False,
) -> Stream:
    """Connect to one address of a broker. With TLS it must prove to be the broker by its name.

    Args:
        broker: its name and port.
        address: one of its addresses.
        settings: the files to use.
        timeout_s: for TCP, and again for TLS.
        floor: a moment that is surely past, where the clock is known to be behind it.
        small: send and take small segments only, for a way that swallows large ones.

    Raises:
        NotConnected: it cannot be reached for now.
        Refused: it is not the broker, or a file is unusable: a person has to mend that.
    """
    context = _context(settings, checks_dates=floor is None) if broker.is_tls else None
    try:
        sock = _connect(address, broker.port, timeout_s, small=small)
    except OSError as error:
        raise NotConnected(tls.explain(error)) from error
    try:
        # What is small and waits behind something unacknowledged may be an alarm.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):  # not Linux: it only costs time on a bad link
            sock.setsockopt(socket.IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=broker.host)
            if floor is not None:
                tls.check_dates(sock, floor)
    except Refused:
        _hang_up(sock)
        raise
    except OSError as error:
        _hang_up(sock)
        raise tls.failure(error) from error
    return Stream(sock)


def _connect(address: str, port: int, timeout_s: float, *, small: bool) -> socket.socket:
    family, kind, proto, _, where = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    sock = socket.socket(family, kind, proto)
    try:
        sock.settimeout(timeout_s)
        if small:  # before the handshake, which tells the other side too
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_BYTES)
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock


def _context(settings: UplinkSettings, *, checks_dates: bool) -> ssl.SSLContext:
    try:
        return tls.context(settings, checks_dates=checks_dates)
    except (OSError, ValueError) as error:
        said = tls.explain(error)
        raise Refused(f"ca_file, cert_file or key_file cannot be used: {said}") from error


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.close()
