"""A device behind a link of its own, in network namespaces, and what can go wrong in between.

The calling process moves to a namespace of its own: the platform's side, where broker and consumer
run on its loopback. The device's side is held by a process that ends with this one; with the last
process in it a namespace ends, and with the namespace its interfaces and rules. Nothing has a name
that could be left behind. Needs root.
"""

from __future__ import annotations

import ctypes
import functools
import json
import random
import shutil
import subprocess
from pathlib import Path

from outcome import Outcome, Run
from rig import WAIT_S, Rig, wait_for
from tun import TUN, Quality, SlowLine, open_tun

CLONE_NEWNET = 0x40000000
PROGRAMS = ("ip", "nft", "nsenter", "setpriv", "unshare")
NAME = "link0"
PLATFORM, DEVICE, OTHER_DEVICE = "10.9.0.1", "10.9.0.2", "10.9.0.3"
PLATFORM6, DEVICE6 = "fd09::1", "fd09::2"
PORT = 1883  # of the broker, seen from the device
LISTENER = f"listener {PORT}"  # on every address of the platform's side
# The machine's own may be bbr, which hardly minds losses; a Raspberry Pi's cubic minds them as much
# as reno, which alone may be chosen in every namespace.
CONGESTION = "/proc/sys/net/ipv4/tcp_congestion_control"
# Every SYN that reaches the platform's side, before any fault may take it.
COUNTER = """
table inet count {
    counter connects {}
    chain seen {
        type filter hook prerouting priority -300;
        iifname "link0" tcp flags & (syn | ack) == syn counter name connects
    }
}
"""
# Rules of the platform's side, both ways.
SILENCE = "drop"
LOSS_30 = "numgen random mod 100 < 30 drop"
LARGE_LOST = "meta length > 576 drop"


class Link:
    """Both namespaces and the link between them; a context manager.

    Args:
        quality: of a line with delay, loss and little room; None = a good one (veth).
        draw: for the losses of such a line.
    """

    def __init__(self, quality: Quality | None = None, draw: random.Random | None = None) -> None:
        enter_namespace()
        run("ip", "link", "set", "lo", "up")
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--", "setpriv", "--pdeathsig", "KILL", "sleep", "infinity"]
        )
        self._line: SlowLine | None = None
        try:
            self._make(quality, draw or random.Random(1))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wrapper(self, resolv: Path | None = None) -> list[str]:
        """What runs a command on the device's side.

        Args:
            resolv: file that it sees as its resolv.conf; None = the machine's, whose name servers
                cannot be reached from there.
        """
        command = ["nsenter", f"--net={self._namespace}", "--"]
        if resolv is None:
            return command
        mount = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return [*command, "unshare", "--mount", "sh", "-c", mount, str(resolv)]

    def device(self, *words: str) -> None:
        """Run `ip` with these words on the device's side."""
        run(*self.wrapper(), "ip", *words)

    def address(self, address: str) -> None:
        """Give the device's side this address and no other, as a modem that dials in anew."""
        self.device("-4", "address", "flush", "dev", NAME)
        self.device("address", "add", f"{address}/24", "dev", NAME)

    def set_up(self, *, is_up: bool) -> None:
        """Raise or drop the interface of the device."""
        self.device("link", "set", NAME, "up" if is_up else "down")

    def set_far_up(self, *, is_up: bool) -> None:
        """Raise or drop the interface of the other side: the device's has no carrier then."""
        run("ip", "link", "set", NAME, "up" if is_up else "down")

    def spoil(self, rule: str) -> None:
        """Put this rule before everything that passes, in both directions."""
        self._rules(
            f'chain in {{ type filter hook prerouting priority 0; iifname "{NAME}" {rule}; }}\n'
            f'chain out {{ type filter hook postrouting priority 0; oifname "{NAME}" {rule}; }}'
        )

    def refuse(self, how: str) -> None:
        """Refuse every connection to the broker, such as `tcp reset`."""
        self._rules(
            f"chain in {{ type filter hook input priority 0;"
            f' iifname "{NAME}" tcp dport {PORT} reject with {how}; }}'
        )

    def heal(self) -> None:
        """Take every rule away."""
        nft("table inet faults {}\ndelete table inet faults\n")

    def connects(self) -> int:
        """SYNs that have come from the device so far."""
        command = ["nft", "--json", "list", "counter", "inet", "count", "connects"]
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return int(found["nftables"][1]["counter"]["packets"])

    def close(self) -> None:
        """Take it all down."""
        if self._line is not None:
            self._line.stop()
        self._holder.kill()
        self._holder.wait()

    @property
    def _namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    def _make(self, quality: Quality | None, draw: random.Random) -> None:
        own = Path("/proc/thread-self/ns/net").readlink()
        if not wait_for(lambda: Path(self._namespace).readlink() != own, WAIT_S):
            raise TimeoutError("no second network namespace")
        if quality is None:
            holder = str(self._holder.pid)
            run("ip", "link", "add", NAME, "type", "veth", "peer", "name", NAME, "netns", holder)
        else:
            near, far = open_tun(NAME), open_tun(NAME, self._namespace)
            self._line = SlowLine(near, far, quality, draw)
            self._line.start()
        self.device("link", "set", "lo", "up")
        # "nodad": no second of waiting for another owner of the address.
        for ip, address, address6 in (
            ([], PLATFORM, PLATFORM6),
            (self.wrapper(), DEVICE, DEVICE6),
        ):
            # Packets as they stand on a line, not joined by the kernel.
            run(*ip, "ip", "link", "set", NAME, "gso_max_segs", "1", "up")
            run(*ip, "sh", "-c", f"echo reno > {CONGESTION}")
            run(*ip, "ip", "address", "add", f"{address}/24", "dev", NAME)
            run(*ip, "ip", "address", "add", f"{address6}/64", "dev", NAME, "nodad")
        nft(COUNTER)

    def _rules(self, chains: str) -> None:
        # In one transaction; deleting asks for something to delete.
        nft(f"table inet faults {{}}\ndelete table inet faults\ntable inet faults {{\n{chains}\n}}")


def needs_link(run: Run) -> Run:
    """A trial that says so where the machine cannot make such a link."""

    @functools.wraps(run)
    def attempt(rig: Rig, draw: random.Random, is_long: bool) -> Outcome:
        absent = [name for name in PROGRAMS if shutil.which(name) is None]
        if absent or not Path(TUN).exists():
            return Outcome(not_run=f"needs {', '.join(absent) or TUN}")
        return run(rig, draw, is_long)

    return attempt


def enter_namespace() -> None:
    """Move this thread, and those that it starts, to a network namespace of their own."""
    libc = ctypes.CDLL(None, use_errno=True)  # os.unshare comes with Python 3.12
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network namespace of its own")


def run(*command: str) -> None:
    """Run a command; raise with what it says if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


def nft(text: str) -> None:
    """Apply rules on the platform's side."""
    done = subprocess.run(["nft", "-f", "-"], input=text, capture_output=True, text=True,
                          check=False)  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"nft: {done.stderr.strip()}")
