"""What makes a device this device: taken from a dead unit to the one that takes its place.

One file: a tar archive, encrypted and sealed with a passphrase by GnuPG (symmetric, AES-256, with
its integrity protection), which every Raspberry Pi OS has. In it: the configuration, the files with
keys and passwords that it names and that stand beside it, and, if asked for, what was learned.

Event ids stay apart by themselves: an id follows from its alarm's kind, subject and onset, and its
place in the order from the id of the boot that it was concluded in.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import StreetAgentError

SCHEMA = 1
MANIFEST, SITE, SNAPSHOT, FILES = "manifest.json", "site.toml", "snapshot.json", "files"
LARGEST = 16 << 20
GPG_S = 60.0


class IdentityError(StreetAgentError):
    """The file is of no use, or may not be used here; the text says why."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What is taken along.

    Attributes:
        site: id of the site.
        exported: RFC 3339, UTC.
        configuration: the file, as it was.
        files: path as it stands in the configuration -> content.
        snapshot: what was learned; None where it was not asked for.
    """

    site: str
    exported: str
    configuration: bytes
    files: Mapping[str, bytes] = field(default_factory=dict)
    snapshot: Mapping[str, Any] | None = None


def packed(identity: Identity) -> bytes:
    """As a tar archive."""
    names = {f"{FILES}/{n}": path for n, path in enumerate(identity.files)}
    manifest = {
        "schema": SCHEMA, "site": identity.site, "exported": identity.exported, "files": names,
    }  # fmt: skip
    members = {
        MANIFEST: json.dumps(manifest).encode(),
        SITE: identity.configuration,
        **{name: identity.files[path] for name, path in names.items()},
    }
    if identity.snapshot is not None:
        members[SNAPSHOT] = json.dumps(identity.snapshot).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def unpacked(archive: bytes) -> Identity:
    """Read it back; nothing in it is trusted to be a path on this machine. Raise IdentityError."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            members = {}
            for entry in tar.getmembers():
                file = tar.extractfile(entry)
                if file is None or entry.size > LARGEST:
                    raise ValueError(f"{entry.name} is no file")
                members[entry.name] = file.read()
        manifest = json.loads(members[MANIFEST])
        if manifest["schema"] != SCHEMA:
            raise ValueError(f"schema {manifest['schema']}, not {SCHEMA}")
        files = {path: members[name] for name, path in manifest["files"].items()}
        snapshot = json.loads(members[SNAPSHOT]) if SNAPSHOT in members else None
        return Identity(manifest["site"], manifest["exported"], members[SITE], files, snapshot)
    except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IdentityError(f"this is no identity of a device: {error}") from error


def sealed(archive: bytes, passphrase: str, gpg: str = "gpg") -> bytes:
    """Encrypt and seal. Raise IdentityError."""
    words = ["--symmetric", "--cipher-algo", "AES256", "--s2k-digest-algo", "SHA512",
             "--s2k-count", "65011712"]  # fmt: skip
    return _gpg(gpg, words, archive, passphrase)


def unsealed(data: bytes, passphrase: str, gpg: str = "gpg") -> bytes:
    """Decrypt. Raise IdentityError: a wrong passphrase, or a single byte of it has changed."""
    return _gpg(gpg, ["--decrypt"], data, passphrase)


def _gpg(gpg: str, words: list[str], data: bytes, passphrase: str) -> bytes:
    """Run it; the passphrase goes by a pipe, where no list of processes shows it."""
    if not passphrase or "\n" in passphrase:
        raise IdentityError("the passphrase is one line that is not empty")
    # A home of its own: nothing is kept, and the process that gpg starts beside it ends with it.
    with tempfile.TemporaryDirectory(prefix="gpg-", ignore_cleanup_errors=True) as home:
        reader, writer = os.pipe()
        command = [gpg, "--homedir", home, "--batch", "--quiet", "--no-options",
                   "--no-symkey-cache", "--pinentry-mode", "loopback",
                   "--passphrase-fd", str(reader), *words, "--output", "-"]  # fmt: skip
        try:
            os.write(writer, f"{passphrase}\n".encode())
            os.close(writer)
            done = subprocess.run(  # noqa: S603 - the words are ours
                command, input=data, capture_output=True, pass_fds=(reader,), timeout=GPG_S,
                check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise IdentityError(f"{gpg}: {error}; fix: sudo apt-get install gnupg") from error
        finally:
            os.close(reader)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise IdentityError(f"the passphrase is wrong, or the file is damaged: {reason}")
    return done.stdout


def own(files: Mapping[str, str], beside: Path) -> dict[str, bytes]:
    """Files of the configuration that stand in its folder; others are not this device's.

    Raises:
        IdentityError: One cannot be read.
    """
    found = {}
    for name in files.values():
        path = Path(name)
        if name and path.is_absolute() and path.is_relative_to(beside):
            try:
                found[name] = path.read_bytes()
            except OSError as error:
                raise IdentityError(f"{path}: {error.strerror}") from error
    return found
