"""Whom the service may speak to: the drop-in of systemd that no other packet gets past.

Addresses are those of the moment it is written. Where a broker's name or the network's resolver
comes to mean another address, the device would be cut off: so it is written unasked only where all
brokers are given by address. A configuration on trial adds its brokers and takes none away, so that
a return needs no change here; each deployment writes the list anew.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

HEAD = (
    "# Written from the configuration by `street-agent allow`, at each deployment: do not edit.\n"
)
NAMES = "# Asked for with --names: deployments look the brokers' names up again.\n"
KEY = "IPAddressAllow="


def drop_in(addresses: Iterable[str], *, by_name: bool) -> str:
    """The drop-in that lets the service speak to these addresses and to this machine alone.

    With `by_name` it says that it was asked for although brokers have names.
    """
    head = HEAD + NAMES if by_name else HEAD
    allowed = "".join(f"{KEY}{address}\n" for address in sorted({*addresses}))
    return f"{head}[Service]\nIPAddressDeny=any\n{KEY}localhost\n{allowed}"


def is_by_name(text: str) -> bool:
    """Whether a drop-in was asked for although brokers have names."""
    return NAMES in text


def addresses(text: str) -> list[str]:
    """The addresses in a drop-in, without this machine's own."""
    values = (line.removeprefix(KEY) for line in text.splitlines() if line.startswith(KEY))
    return [value for value in values if is_address(value)]


def resolvers(resolv_conf: str) -> list[str]:
    """Addresses of the name servers in the text of a resolv.conf, without a zone such as %eth0."""
    words = (line.split() for line in resolv_conf.splitlines())
    named = (line[1].partition("%")[0] for line in words if line[:1] == ["nameserver"] and line[1:])
    return [name for name in named if is_address(name)]


def is_address(host: str) -> bool:
    """Whether this is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
