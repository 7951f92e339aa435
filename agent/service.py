"""The agent's service as systemd knows it: restarted, and asked whether it runs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from agent.errors import StreetAgentError

UNIT = "street-agent.service"
PATIENCE_S = 60.0


class ServiceError(StreetAgentError):
    """systemd does not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Service:
    """One unit.

    Attributes:
        systemctl: the program to ask.
    """

    systemctl: str = "systemctl"
    unit: str = UNIT

    def restart(self) -> None:
        """Stop and start it. Raise ServiceError with what systemctl says."""
        self._ask("restart", self.unit)

    def is_active(self) -> bool:
        """Whether it runs, or is about to."""
        try:
            self._ask("is-active", "--quiet", self.unit)
        except ServiceError:
            return False
        return True

    def _ask(self, *words: str) -> None:
        command = [self.systemctl, *words]
        try:
            done = subprocess.run(  # noqa: S603 - the words are ours
                command, capture_output=True, text=True, timeout=PATIENCE_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServiceError(f"{' '.join(command)}: {error}") from error
        if done.returncode:
            said = done.stderr.strip() or f"exit code {done.returncode}"
            raise ServiceError(f"{' '.join(command)}: {said}")
