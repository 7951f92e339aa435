"""Addresses of brokers, as they stand in the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

PORTS = {"mqtts": 8883, "mqtt": 1883}  # IANA: secure-mqtt, mqtt


@dataclass(frozen=True, slots=True)
class Broker:
    """Where a broker is, and whether it is spoken to through TLS only or without."""

    host: str
    port: int
    is_tls: bool

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse(url: str, *, insecure: bool) -> Broker:
    """Read `mqtts://host[:port]`, or `mqtt://host[:port]` where `insecure`.

    Raises:
        ValueError: it is neither, or says more than that.
    """
    form = "mqtts://host or mqtts://host:port"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"brokers: {url!r}: {error}; allowed is {form}") from error
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise ValueError(f"brokers: {url!r} is no address of a broker; allowed is {form}")
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            f"brokers: the address at {parts.hostname} holds more than host and port; allowed is "
            f"{form}, and the password stands in password_file"
        )
    is_tls = parts.scheme == "mqtts"
    if not is_tls and not insecure:
        raise ValueError(f"brokers: {url!r} is without TLS; use mqtts://, or set insecure = true")
    return Broker(parts.hostname, port or PORTS[parts.scheme], is_tls)
