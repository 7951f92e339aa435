"""What a release is made of, and how it is named."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from releases import ROOT

sys.path.append(str(ROOT / "systemd"))
import lock
import pack


def stage(folder: Path) -> Path:
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "a.whl").write_bytes(b"wheel")
    (folder / "on-device.sh").write_text("#!/bin/sh\n")
    (folder / "release.json").write_text(json.dumps({"version": "1.2.3"}))
    return folder


def test_the_name_is_the_digest_of_all_digests(tmp_path: Path) -> None:
    """Whoever has the name can check every byte."""
    made = pack.archive(stage(tmp_path / "a"), tmp_path / "dist")
    name = re.fullmatch(r"street-agent-1\.2\.3-([0-9a-f]{12})\.tar", made.name)
    assert name
    with tarfile.open(made) as tar:
        content = {member.name.partition("/")[2]: tar.extractfile(member) for member in tar}
        data = {path: file.read() for path, file in content.items() if file}
    assert hashlib.sha256(data["digests"]).hexdigest()[:12] == name[1]
    listed = {line[66:]: line[:64] for line in data.pop("digests").decode().splitlines()}
    assert listed == {path: hashlib.sha256(text).hexdigest() for path, text in data.items()}


def test_the_same_files_give_the_same_release(tmp_path: Path) -> None:
    """Whenever, and wherever it is packed."""
    one = pack.archive(stage(tmp_path / "a"), tmp_path / "one")
    two = pack.archive(stage(tmp_path / "b"), tmp_path / "two")
    assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())


def test_every_requirement_is_pinned_with_digests() -> None:
    """What pyproject.toml asks for is in the list, and nothing in it lacks a digest."""
    text = lock.LOCK.read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(
        re.fullmatch(r"[a-z0-9-]+==\S+( +--hash=sha256:[0-9a-f]{64})+", line) for line in lines
    )
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.split(r"[<>=!~; \[]", one)[0].lower() for one in asked}
    assert names <= {line.partition("==")[0] for line in lines}


@pytest.mark.parametrize("python", lock.PYTHONS)
def test_a_target_is_not_this_machine(python: str) -> None:
    """Pip takes wheels for that Python and processor alone."""
    words = lock.target(python, "aarch64")
    assert f"--python-version={python.replace('.', '')}" in words
    assert "--only-binary=:all:" in words
    assert not [word for word in words if "x86_64" in word]
