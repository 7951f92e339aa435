"""`street-agent identity`: a dead unit's place is taken by another one.

`export` writes what makes this device this device into one sealed file, while it is well: kept by
the bureau, it is what a dead unit leaves. `import` puts it on a unit that has no identity yet, and
refuses where the platform still hears the old one.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.cli.places import DEFAULT_CONFIG, state_folder
from agent.clock import SystemClock
from agent.config.load import Configuration, load, parse
from agent.config.rules import FILES
from agent.errors import NeedsRoot, NotConnected, StreetAgentError
from agent.events import rfc3339
from agent.identity import Identity, IdentityError, own, packed, sealed, unpacked, unsealed
from agent.recovery import NAME
from agent.site import Profile
from agent.store import layout
from agent.store.files import sync_folder
from agent.store.snapshots import Snapshots, stored
from agent.uplink.question import state_of
from agent.uplink.settings import UplinkSettings
from agent.uplink.wire import Presence, Wire

MODE = 0o640


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    export = actions.add_parser("export", help="write this device's identity into a sealed file")
    export.add_argument(
        "--with-habits", action="store_true",
        help="what was learned of the resident and the open alarms too: for the same home only",
    )  # fmt: skip
    import_ = actions.add_parser("import", help="take the identity of a dead unit")
    import_.add_argument(
        "--force-dead", action="store_true",
        help="although nobody can ask the platform; if the old unit lives, the two throw each other"
        " out",
    )  # fmt: skip
    for action in (export, import_):
        action.add_argument("file", type=Path, metavar="FILE")
        action.add_argument(
            "--passphrase-file", type=Path, metavar="FILE", help="its first line (default: asks)"
        )
        action.add_argument(
            "--site", type=Path, default=DEFAULT_CONFIG, metavar="SITE.toml",
            help="the configuration in force (default: %(default)s)",
        )  # fmt: skip
        action.add_argument("--state", type=Path, metavar="FOLDER", help="default: as in run")


def run(args: argparse.Namespace) -> int:
    """Do it."""
    try:
        return _export(args) if args.action == "export" else _import(args)
    except PermissionError as error:
        if isinstance(error, StreetAgentError):
            raise
        raise NeedsRoot(f"{error.filename}: {error.strerror}") from error
    except OSError as error:
        if isinstance(error, StreetAgentError):
            raise
        raise IdentityError(f"{error.filename}: {error.strerror}") from error


def _export(args: argparse.Namespace) -> int:
    configuration = load(args.site)
    if args.file.exists():
        raise IdentityError(f"{args.file} exists: nothing is overwritten")
    files = {key: getattr(configuration.uplink, key) for key in FILES}
    snapshot = None
    if args.with_habits:
        if configuration.site.profile is not Profile.HOME:
            raise IdentityError("--with-habits: only of a home something is learned")
        snapshot = stored(state_folder(args.state, configuration) / layout.SNAPSHOTS, NAME)
        if snapshot is None:
            raise IdentityError("--with-habits: nothing has been learned yet")
    identity = Identity(
        configuration.site.id,
        rfc3339(SystemClock().wall()),
        args.site.read_bytes(),
        own(files, args.site.absolute().parent),
        snapshot,
    )
    data = sealed(packed(identity), _passphrase(args.passphrase_file, is_new=True))
    _write(args.file, data, 0o600)
    learned = ", with what was learned" if snapshot is not None else ""
    print(f"{args.file}: identity of {identity.site}, {len(identity.files)} files{learned}")
    return 0


def _import(args: argparse.Namespace) -> int:
    if args.site.exists():
        known = load(args.site, is_installed=False).site.id
        raise IdentityError(f"this device is {known} already; first: sudo street-agent erase")
    data = args.file.read_bytes()
    identity = unpacked(unsealed(data, _passphrase(args.passphrase_file, is_new=False)))
    configuration = parse(identity.configuration, f"{args.file}:site.toml")
    _require_dead(identity, configuration, is_forced=args.force_dead)
    folder = args.site.absolute().parent
    for name, content in identity.files.items():
        path = Path(name)
        if not path.is_relative_to(folder) or ".." in path.parts:
            raise IdentityError(f"{name} stands outside {folder}: this file is not of this kind")
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _write(path, content, MODE)
    if identity.snapshot is not None:
        state = state_folder(args.state, configuration)
        Snapshots(state / layout.SNAPSHOTS).save(NAME, identity.snapshot)
    _write(args.site, identity.configuration, MODE)  # last: from here on this device is that one
    print(f"this device is {identity.site} now. It needs:")
    print(f"  sudo chown -R root:street-agent {folder}")
    if identity.snapshot is not None:
        print(f"  sudo chown -R street-agent: {state_folder(args.state, configuration)}")
    print("  sudo systemctl enable --now street-agent && street-agent status")
    return 0


def _require_dead(identity: Identity, configuration: Configuration, *, is_forced: bool) -> None:
    """Raise IdentityError where the unit lives, or nobody can say that it does not."""
    with tempfile.TemporaryDirectory() as folder:
        uplink = _with_files(configuration.uplink, identity, Path(folder))
        topic = Wire(configuration.site, uplink).state(Presence.LOST).topic
        try:
            state = state_of(uplink, topic)
        except NotConnected as error:
            if is_forced:
                print(f"nobody could be asked: {error}", file=sys.stderr)
                return
            raise IdentityError(
                f"nobody can say whether {identity.site} lives: {error}\n"
                "if the old unit is in your hand and off: --force-dead"
            ) from error
    if state == Presence.ONLINE:
        raise IdentityError(
            f"{identity.site} is alive: the platform hears it. Switch the old unit off first; the "
            "broker notices within a minute or so"
        )


def _with_files(uplink: UplinkSettings, identity: Identity, folder: Path) -> UplinkSettings:
    """The settings with copies of the files that are not in place yet."""
    copies: dict[str, Any] = {}
    for key in FILES:
        name = getattr(uplink, key)
        if name in identity.files:
            copy = folder / key
            _write(copy, identity.files[name], 0o600)
            copies[key] = str(copy)
    return replace(uplink, **copies)


def _passphrase(file: Path | None, *, is_new: bool) -> str:
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        return lines[0] if lines else ""
    if not sys.stdin.isatty():
        raise IdentityError("nobody to ask for the passphrase: --passphrase-file FILE")
    first = getpass.getpass("passphrase: ")
    if is_new and getpass.getpass("once more: ") != first:
        raise IdentityError("the two are not the same: nothing is written")
    return first


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
