"""The command that helps where permission is denied."""

from __future__ import annotations

import grp
import os
import pwd
import shlex
from collections.abc import Sequence
from pathlib import Path

from agent.errors import ConfigError, NeedsRoot, StreetAgentError

SERVICE_USER = "street-agent"
LOCK = "lock"  # the first file that agent/store/claim.py opens in a state folder


def to_permit(error: StreetAgentError, words: Sequence[str]) -> str:
    """Say what to type, as one command.

    A folder that belongs to a user of its own is that user's to work in; one that root has made by
    mistake is given away. A configuration is only read, so its group is enough.

    Args:
        error: with the PermissionError as its cause.
        words: the command line that failed.
    """
    if isinstance(error, NeedsRoot):
        return f"fix: sudo street-agent {shlex.join(words)}"
    cause = error.__cause__
    path = Path(cause.filename) if isinstance(cause, OSError) and cause.filename else Path("/")
    if os.geteuid() == 0 or path == Path("/"):
        return "this file system or its owner forbids it even to root"
    if isinstance(error, ConfigError):
        file = shlex.quote(str(path))
        return f"fix: sudo chgrp {_service_group()} {file} && sudo chmod g+r {file}"
    folder = path.parent if path.name == LOCK else path
    place = shlex.quote(str(folder))
    try:
        owner = folder.stat().st_uid
    except OSError:  # it could not be made, or not even be seen
        return f"fix: sudo install -d -m 700 -o {_service_user()} {place}"
    if owner not in {0, os.geteuid()}:
        return f"fix: sudo -u {shlex.quote(_name(owner))} street-agent {shlex.join(words)}"
    return f"fix: sudo chown -R {_service_user()}: {place}"


def _service_user() -> str:
    try:
        return pwd.getpwnam(SERVICE_USER).pw_name
    except KeyError:
        return _name(os.geteuid())


def _service_group() -> str:
    try:
        return grp.getgrgid(pwd.getpwnam(_service_user()).pw_gid).gr_name
    except KeyError:
        return SERVICE_USER


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"
