"""The files that a configuration names: there, and secret where they hold a secret."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path as File

from agent.config.problems import Report
from agent.config.rules import FILES
from agent.uplink.secret import openness
from agent.uplink.settings import UplinkSettings

SECRET = ("password_file", "key_file")
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


def handed_over(uplink: UplinkSettings) -> UplinkSettings:
    """Where systemd hands over a copy of a file under the name of its key, that copy is meant.

    The file itself may then belong to root alone; agent/dropins.py has the other half.
    """
    folder = os.environ.get(CREDENTIALS, "")
    copies = {key: File(folder, key) for key in FILES if folder and getattr(uplink, key)}
    found = {key: str(copy) for key, copy in copies.items() if copy.is_file()}
    return replace(uplink, **found) if found else uplink


def check_files(uplink: UplinkSettings, report: Report) -> None:
    """Check the files of `[uplink]` on this machine."""
    for key in FILES:
        name = getattr(uplink, key)
        if name.startswith("/") and (problem := _problem(File(name), is_secret=key in SECRET)):
            report.value(("uplink", key), problem)


def _problem(file: File, *, is_secret: bool) -> str | None:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return f"{file}: {error.strerror}"
    if not stat.S_ISREG(mode):
        return f"{file}: not a file"
    return openness(file) or None if is_secret else None
