"""The service of systemd that runs the agent, as systemctl sees it."""

from __future__ import annotations

import subprocess

from agent.errors import ServiceError

PROGRAM = "systemctl"
UNIT = "street-agent.service"
PATIENCE_S = 30.0  # systemctl only hands a job over, which takes well below a second


class Service:
    """Asks systemctl.

    Args:
        program: systemctl, by name or path.
        unit: the service concerned.
    """

    def __init__(self, program: str = PROGRAM, unit: str = UNIT) -> None:
        self._program = program
        self._unit = unit

    def restart(self) -> None:
        """Have it started anew, without waiting until it is ready. Raise ServiceError."""
        self._done(f"{self._unit} cannot be restarted", "--no-block", "restart", self._unit)

    def reload(self) -> None:
        """Have systemd read the units and their drop-ins again. Raise ServiceError."""
        self._done("systemd has not read its units again", "daemon-reload")

    def is_active(self) -> bool:
        """Whether it runs, and has said that it is ready. Raise ServiceError."""
        return self._ask("is-active", self._unit).stdout.strip() == "active"

    def _done(self, otherwise: str, *words: str) -> None:
        done = self._ask(*words)
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
            raise ServiceError(f"{otherwise}: {said}")

    def _ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - a fixed command line
                [self._program, *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=PATIENCE_S,
                check=False,
                start_new_session=True,  # Ctrl-C is for the command, not for what it has begun
            )
        except subprocess.TimeoutExpired as error:
            raise ServiceError(
                f"{self._program} {' '.join(words)}: no answer within {PATIENCE_S:g} s"
            ) from error
        except OSError as error:
            raise ServiceError(f"{self._program}: {error.strerror}") from error
