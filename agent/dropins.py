"""Drop-ins for the service, from its configuration: its secrets, and whom it may speak to.

`credentials.conf`: files that `[uplink]` names may belong to root alone. systemd reads them and hands
copies to the service; each goes by its key in the configuration, such as `key_file`.

`brokers.conf`: no packet to or from any other address than the brokers', the resolvers' and this
machine's. Addresses are those of the moment: where a broker's name comes to mean another address the
device is cut off until this is written again, which every deployment does. So it is only written
where brokers are given by address, or by name on request.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

HEAD = "# Written from the configuration by `street-agent dropins`, at each deployment: do not edit.\n"


def credentials(files: Mapping[str, str]) -> str:
    """The drop-in that loads each file under the name of its key; empty where there is none."""
    lines = [f"LoadCredential={key}:{_escaped(name)}\n" for key, name in files.items() if name]
    return f"{HEAD}[Service]\n{''.join(lines)}" if lines else ""


def allow_list(addresses: Iterable[str]) -> str:
    """The drop-in that lets the service speak to these addresses and to this machine alone."""
    allowed = "".join(f"IPAddressAllow={address}\n" for address in sorted(set(addresses)))
    return f"{HEAD}[Service]\nIPAddressDeny=any\nIPAddressAllow=localhost\n{allowed}"


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


def _escaped(name: str) -> str:
    return name.replace("%", "%%")
