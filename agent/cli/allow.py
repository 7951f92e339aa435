"""`street-agent allow`: write for systemd whom the service may speak to (agent/allowed.py).

Called by each deployment, as root, before the service is restarted. `allow_more` is for a
configuration that is tried.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from agent import allowed
from agent.cli.places import add_config
from agent.config.load import load
from agent.errors import NotConnected, StreetAgentError
from agent.uplink import broker
from agent.uplink.settings import UplinkSettings

DROP_IN = Path("/etc/systemd/system/street-agent.service.d/brokers.conf")
RESOLV_CONF = Path("/etc/resolv.conf")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config(parser)
    parser.add_argument(
        "--names", action="store_true",
        help="also where brokers are given by name: when a name comes to mean another address, "
        "the device is cut off until this is run again",
    )  # fmt: skip
    parser.add_argument(
        "--into", default=DROP_IN, type=Path, metavar="FILE", help="default: %(default)s"
    )


def run(args: argparse.Namespace) -> int:
    """Write the drop-in, or remove it where it is not asked for."""
    uplink = load(args.config, is_installed=False).uplink
    hosts = _hosts(uplink)
    by_name = args.names or allowed.is_by_name(_read(args.into))
    if hosts and (by_name or all(map(allowed.is_address, hosts))):
        _write(args.into, allowed.drop_in(_needed(hosts), by_name=by_name))
    else:
        _write(args.into, "")
    return 0


def allow_more(uplink: UplinkSettings, file: Path) -> bool:
    """Add the brokers of a configuration to a drop-in that is there; True = it has changed.

    Raises:
        StreetAgentError: it cannot be read or written.
    """
    text = _read(file)
    known = {*allowed.addresses(text)}
    if not text:
        return False
    with suppress(NotConnected):  # no address: nothing to let through
        needed = {*_needed(_hosts(uplink))}
        if needed - known:
            _write(file, allowed.drop_in(known | needed, by_name=allowed.is_by_name(text)))
            return True
    return False


def _read(file: Path) -> str:
    """The text of a drop-in; empty where there is none. Raise StreetAgentError."""
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StreetAgentError(f"{file}: {error.strerror}") from error


def _hosts(uplink: UplinkSettings) -> list[str]:
    return [broker.parse(url, insecure=uplink.insecure).host for url in uplink.brokers]


def _needed(hosts: Iterable[str]) -> list[str]:
    """Addresses of brokers and, where one has a name, of the resolvers. Raise NotConnected."""
    names = [host for host in hosts if not allowed.is_address(host)]
    found = [address for host in hosts for address in _resolved(host)]
    if not found:  # a list without a broker would cut the device off
        raise NotConnected(f"none of {', '.join(hosts)} has an address at this moment")
    known = RESOLV_CONF.read_text() if names and RESOLV_CONF.exists() else ""
    return [*found, *allowed.resolvers(known)]


def _resolved(host: str) -> Iterator[str]:
    try:
        for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
            yield str(entry[4][0])
    except OSError as error:
        print(f"{host}: {error.strerror}: not in the list of addresses", file=sys.stderr)


def _write(file: Path, text: str) -> None:
    """Put a file in place whole, or remove it where the text is empty."""
    try:
        if not text:
            file.unlink(missing_ok=True)
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        with new.open("w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError as error:
        raise StreetAgentError(f"{file}: {error.strerror}") from error
