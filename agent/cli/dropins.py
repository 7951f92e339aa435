"""`street-agent dropins`: write what the configuration asks of systemd beside the service.

Called by each deployment, as root, before the service is restarted.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

from agent import dropins
from agent.cli.places import add_config
from agent.config.load import load
from agent.config.rules import FILES
from agent.errors import NotConnected, StreetAgentError
from agent.uplink import broker
from agent.uplink.settings import UplinkSettings

RESOLV_CONF = Path("/etc/resolv.conf")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config(parser)
    parser.add_argument(
        "--into", required=True, type=Path, metavar="FOLDER",
        help="such as /etc/systemd/system/street-agent.service.d",
    )  # fmt: skip
    parser.add_argument(
        "--allow-list", action="store_true",
        help="let the service speak to its brokers alone, also where they are given by name: when "
        "a name comes to mean another address, the device is cut off until this is run again",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Write the drop-ins, and remove those that are not asked for."""
    uplink = load(args.config, is_installed=False).uplink
    files = {key: getattr(uplink, key) for key in FILES}
    _write(args.into / "credentials.conf", dropins.credentials(files))
    hosts = [broker.parse(url, insecure=uplink.insecure).host for url in uplink.brokers]
    is_fixed = all(dropins.is_address(host) for host in hosts)
    _write(
        args.into / "brokers.conf", _allow_list(uplink, hosts) if is_fixed or args.allow_list else ""
    )
    return 0


def _allow_list(uplink: UplinkSettings, hosts: list[str]) -> str:
    addresses: list[str] = []
    for host in hosts:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            print(f"{host}: {error.strerror}: not in the list of addresses", file=sys.stderr)
            continue
        addresses += [str(address[4][0]) for address in found]
    if not addresses:  # a list without a broker would cut the device off
        raise NotConnected(f"none of {', '.join(uplink.brokers)} has an address at this moment")
    known = RESOLV_CONF.read_text() if RESOLV_CONF.exists() else ""
    return dropins.allow_list([*addresses, *dropins.resolvers(known)])


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
