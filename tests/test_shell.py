"""The shell scripts, as shellcheck sees them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(
    file
    for folder in (".", ".ci", "tests/vm")
    for file in (ROOT / folder).iterdir()
    if file.is_file() and file.read_bytes().startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
)


def test_all_are_looked_at() -> None:
    """A script that is found by its first line is not forgotten."""
    assert {"deploy.sh", "run", "prepare", "image.sh"} <= {file.name for file in SCRIPTS}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda file: file.name)
def test_shellcheck_finds_nothing(script: Path) -> None:
    """Not even a matter of style."""
    done = subprocess.run(
        ["shellcheck", "--severity=style", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_the_devices_script(tmp_path: Path) -> None:
    """Its parts are one script, and only whole do they make sense."""
    whole = tmp_path / "on-device.sh"
    parts = sorted((ROOT / "systemd" / "device").glob("*.sh"))
    whole.write_text("".join(part.read_text() for part in parts))
    test_shellcheck_finds_nothing(whole)
