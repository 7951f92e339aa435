"""The files that a configuration names: there, and secret where they hold a secret."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path as File
from typing import Any

from agent.config.problems import Report
from agent.config.rules import FILES
from agent.uplink.secret import openness
from agent.uplink.settings import UplinkSettings

SECRET = ("password_file", "key_file")
KEYS = File("/etc/street-agent/keys")
CREDENTIALS = "CREDENTIALS_DIRECTORY"  # systemd.exec(5)


def handed_over(uplink: UplinkSettings) -> UplinkSettings:
    """Take systemd's copy of each file that lies in `KEYS`, where the service was given one.

    The folder may then belong to root alone. `LoadCredential=keys:/etc/street-agent/keys` names
    the copy of `client.key` `keys_client.key`.
    """
    folder = os.environ.get(CREDENTIALS, "")
    copies: dict[str, Any] = {}
    for key in FILES:
        file = File(getattr(uplink, key))
        copy = File(folder, f"keys_{file.name}")
        if folder and file.parent == KEYS and copy.is_file():
            copies[key] = str(copy)
    return replace(uplink, **copies)


def check_files(uplink: UplinkSettings, report: Report) -> None:
    """Check the files of `[uplink]` on this machine."""
    for key in FILES:
        name = getattr(uplink, key)
        if name.startswith("/") and (problem := _problem(File(name), is_secret=key in SECRET)):
            report.value(("uplink", key), problem)


def check_carried(uplink: UplinkSettings, folder: File, report: Report) -> None:
    """Check that a folder has what `[uplink]` wants to find in `KEYS`."""
    for key in FILES:
        file = File(getattr(uplink, key))
        if file.parent == KEYS and not (folder / file.name).is_file():
            report.value(("uplink", key), f"{folder} has no {file.name}, which goes to {KEYS}")


def _problem(file: File, *, is_secret: bool) -> str | None:
    try:
        mode = file.stat().st_mode
    except OSError as error:
        return f"{file}: {error.strerror}"
    if not stat.S_ISREG(mode):
        return f"{file}: not a file"
    return openness(file) or None if is_secret else None
