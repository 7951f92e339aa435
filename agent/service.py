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
        done = self._ask("restart", "--no-block")
        if done.returncode:
            said = " ".join((done.stderr or done.stdout).split()) or f"exit code {done.returncode}"
            raise ServiceError(f"{self._unit} cannot be restarted: {said}")

    def is_active(self) -> bool:
        """Whether it runs, and has said that it is ready. Raise ServiceError."""
        return self._ask("is-active").stdout.strip() == "active"

    def _ask(self, verb: str, *options: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - a fixed command line
                [self._program, *options, verb, self._unit],
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
                f"{self._program} {verb} {self._unit}: no answer within {PATIENCE_S:g} s"
            ) from error
        except OSError as error:
            raise ServiceError(f"{self._program}: {error.strerror}") from error
