"""Addresses of brokers. A resolver that hangs costs one thread of its own, and nobody's time.

`getaddrinfo` takes half a minute where the name servers do not answer, and cannot be interrupted.
It runs on a thread that is left to itself after RESOLVE_S; the next question for the same name
waits for that same thread, so there is never more than one for a name.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from itertools import chain, zip_longest

RESOLVE_S = 5.0
GLANCE_S = 0.1  # how soon a stop is noticed
MOST = 6  # addresses of one broker; each may take the whole time allowed for a connection

LookUp = Callable[[str], list[str]]


def look_up(host: str) -> list[str]:
    """Ask the system, in the order of its preference. Raise OSError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Resolver:
    """Finds addresses, in bounded time.

    Args:
        look_up: asks for a name; may take any time.
    """

    def __init__(self, look_up: LookUp = look_up) -> None:
        self._look_up = look_up
        self._asked: dict[str, _Question] = {}

    def addresses(self, host: str, is_stopping: Callable[[], bool]) -> list[str]:
        """Addresses of a host, both families in turn, so that a broken one costs little.

        Raises:
            OSError: there are none, or (TimeoutError) none so far.
        """
        if _is_address(host):
            return [host]
        question = self._asked.get(host)
        if question is None:
            question = self._asked[host] = _Question(self._look_up, host)
        deadline = time.monotonic() + RESOLVE_S
        while not question.is_answered.wait(GLANCE_S):
            if is_stopping() or time.monotonic() >= deadline:
                raise TimeoutError("no answer from the name servers")
        del self._asked[host]
        if question.error is not None:
            raise question.error
        return _in_turn(question.found)[:MOST]


class _Question:
    def __init__(self, look_up: LookUp, host: str) -> None:
        self.found: list[str] = []
        self.error: OSError | None = None
        self.is_answered = threading.Event()
        self._look_up = look_up
        self._host = host
        try:
            threading.Thread(target=self._ask, name="resolver", daemon=True).start()
        except RuntimeError as error:  # no more threads
            self.error = OSError(str(error))
            self.is_answered.set()

    def _ask(self) -> None:
        try:
            self.found = self._look_up(self._host)
        except OSError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - UnicodeError of a name that is none, say
            self.error = OSError(f"{type(error).__name__}: {error}")
        self.is_answered.set()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _in_turn(addresses: list[str]) -> list[str]:
    """The first address stays first, and families alternate from there on."""
    first = [a for a in addresses if (":" in a) == (":" in addresses[0])]
    second = [a for a in addresses if a not in first]
    return [a for a in chain.from_iterable(zip_longest(first, second)) if a is not None]
