"""A change of the configuration, from the check to the confirmation or the return."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.config.load import load
from agent.config.revisions import Entry, Now, Pending, RevisionError, Revisions, is_due, now
from agent.errors import StreetAgentError
from agent.service import Service
from agent.standing import Standing, worse

START_S, GATE_S, LOOK_S = 30.0, 60.0, 1.0
Look = Callable[[], Standing | None]
"""Asks the agent how it stands; None where none answers."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a change.

    Attributes:
        number: the revision that is in force now.
        worse: what got worse, so that it was taken back; empty where nothing did.
        is_restarted: False where the daemon reads the same in it.
    """

    number: int
    worse: tuple[str, ...] = ()
    is_restarted: bool = True


@dataclass(frozen=True, slots=True)
class Changer:
    """Puts configurations in force.

    Attributes:
        revisions: where they are kept.
        service: is restarted.
        look: asks the agent.
        now: asks for the time.
        wait: waits so many seconds.
    """

    revisions: Revisions
    service: Service
    look: Look
    now: Callable[[], Now] = now
    wait: Callable[[float], None] = time.sleep

    def apply(
        self, path: Path, within_s: float, who: str = "", why: str = "", step: str = "applied"
    ) -> Result:
        """Put a configuration in force until it is confirmed; take it back where things get worse.

        Raises:
            ConfigError: It is wrong; nothing is touched.
            RevisionError: It is in force already, or another change is pending.
            ServiceError: The service could not be restarted; the old one is in force again.
        """
        known = load(path)
        content = path.read_bytes()
        revisions, time_ = self.revisions, self.now()
        if revisions.pending() is not None:
            raise RevisionError(
                "a change is not confirmed yet; first: street-agent config confirm, or rollback"
            )
        back = revisions.keep_in_force(time_.wall)
        before = self.look()
        number = revisions.keep(content)
        if number == back:
            raise RevisionError(f"revision {number} is this and in force: nothing to do")
        is_new = back is None or _differs(revisions.content(back), content)
        revisions.pend(number, number if back is None else back, time_, within_s)
        revisions.note(Entry(number, step, time_.wall, who, why))
        revisions.replace(number)
        if not is_new:
            return Result(number, is_restarted=False)
        try:
            self.service.restart()
            said = self._gate(known.digest, before)
        except StreetAgentError as error:
            self.go_back(str(error))
            raise
        if said:
            return Result(self.go_back("; ".join(said)), tuple(said))
        return Result(number)

    def confirm(self, who: str = "") -> int:
        """Let the pending change stay; return its number. Raise RevisionError for none."""
        pending = self._pending()
        self.revisions.note(Entry(pending.number, "confirmed", self.now().wall, who))
        self.revisions.settle()
        return pending.number

    def go_back(self, why: str, who: str = "") -> int:
        """Take the pending change back; return the revision that is in force then."""
        pending = self._pending()
        revisions, time_ = self.revisions, self.now()
        if revisions.in_force() not in {pending.number, pending.back}:
            revisions.keep_in_force(time_.wall)
        revisions.replace(pending.back)
        revisions.note(Entry(pending.back, "returned", time_.wall, who, why))
        self.service.restart()
        revisions.settle()
        return pending.back

    def return_if_due(self) -> int | None:
        """Take a change back that nobody has confirmed in time; None where there is none."""
        pending = self.revisions.pending()
        if pending is None or not is_due(pending, self.now()):
            return None
        return self.go_back("not confirmed in time")

    def before_last(self) -> int:
        """The revision that was in force before this one. Raise RevisionError for none."""
        here = self.revisions.in_force()
        kept = set(self.revisions.numbers())
        steps = {"found", "edited", "applied", "returned", "rolled back"}
        was = [e.number for e in self.revisions.history() if e.step in steps]
        for number in reversed(was):
            if number != here and number in kept:
                return number
        raise RevisionError("there is no earlier revision")

    def _pending(self) -> Pending:
        pending = self.revisions.pending()
        if pending is None:
            raise RevisionError("no change is waiting for a confirmation")
        return pending

    def _gate(self, digest: str, before: Standing | None) -> list[str]:
        """Wait for the new agent, and until nothing is worse; say what is where that stays so."""
        waited = 0.0
        said = [f"the agent has not come up within {START_S:.0f} s"]
        while waited <= GATE_S:
            standing = self.look()
            if standing is not None and standing.config == digest:
                said = worse(before, standing) if before else []
                if not said:
                    return []
            elif waited >= START_S:
                return said
            self.wait(LOOK_S)
            waited += LOOK_S
        return said


def _differs(old: bytes, new: bytes) -> bool:
    try:
        return tomllib.loads(old.decode()) != tomllib.loads(new.decode())
    except (ValueError, UnicodeDecodeError):
        return True
