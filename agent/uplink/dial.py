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


def dial(
    broker: Broker,
    address: str,
    settings: UplinkSettings,
    timeout_s: float,
    floor: float | None,
) -> Stream:
    """Connect to one address of a broker. With TLS it must prove to be the broker by its name.

    Args:
        broker: its name and port.
        address: one of its addresses.
        settings: the files to use.
        timeout_s: for TCP, and again for TLS.
        floor: a moment that is surely past, where the clock is known to be behind it.

    Raises:
        NotConnected: it cannot be reached for now.
        Refused: it is not the broker, or a file is unusable: a person has to mend that.
    """
    context = _context(settings, checks_dates=floor is None) if broker.is_tls else None
    try:
        sock = socket.create_connection((address, broker.port), timeout_s)
    except OSError as error:
        raise NotConnected(tls.explain(error)) from error
    try:
        # What is small and waits behind something unacknowledged may be an alarm.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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


def _context(settings: UplinkSettings, *, checks_dates: bool) -> ssl.SSLContext:
    try:
        return tls.context(settings, checks_dates=checks_dates)
    except (OSError, ValueError) as error:
        said = tls.explain(error)
        raise Refused(f"ca_file, cert_file or key_file cannot be used: {said}") from error


def _hang_up(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.close()
