"""What the nemesis is made of: faults of the catalogue, trials that inject them, what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Outcome:
    """What one trial found.

    Attributes:
        injections: how many faults were injected.
        failures: each broken promise in one sentence; none = it held.
        note: figures worth a line in the report.
        not_run: why it could not be run here; empty where it was.
    """

    injections: int = 0
    failures: list[str] = field(default_factory=list)
    note: str = ""
    not_run: str = ""

    def join(self, other: Outcome) -> Outcome:
        """Both as one."""
        return Outcome(
            self.injections + other.injections,
            self.failures + other.failures,
            "; ".join(filter(None, (self.note, other.note))),
            self.not_run or other.not_run,
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """A function that injects faults into the real agent, in a process and namespaces of its own.

    Attributes:
        name: `module.function`; the function is called with a rig, a `random.Random` drawn from the
            seed, and whether this is the long run.
        bound_s: it is killed after that, and has failed; in the long run after `long_bound_s`.
        shards: how many processes share its work, each with other random numbers.
        needs_root: whether it mounts something.
    """

    name: str
    bound_s: float = 300.0
    long_bound_s: float = 1800.0
    shards: int = 1
    needs_root: bool = False


@dataclass(frozen=True, slots=True)
class Pytest:
    """Tests that pytest runs; each says with `record_property("injections", n)` what it injected.

    Attributes:
        tests: node ids, without parameters.
    """

    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A line of the fault catalogue.

    Attributes:
        id: such as A1.
        name: the fault in a few words.
        promises: what it puts to the test, such as P1.
        how: how it is injected, or what stands for it.
        proofs: none = there is no test, which counts as a failure.
        later: belongs to what is not built yet; such a line is only listed.
    """

    id: str
    name: str
    promises: tuple[str, ...]
    how: str
    proofs: tuple[Trial | Pytest, ...] = ()
    later: bool = False


Run = Callable[[Any, random.Random, bool], Outcome]
