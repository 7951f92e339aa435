"""Releases made for tests: this tree under another version, perhaps with a fault put into it."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENDS = (
    "agent/cli/run.py",
    "    log.set_up(",
    '    raise RuntimeError("this release ends at once")\n    log.set_up(',
)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
FOLDERS = ("agent", "drivers", "systemd")
FILES = ("pyproject.toml", "README.md", "LICENSE")


@functools.cache
def release(version: str, *change: str) -> Path:
    """Pack this tree under a version.

    Args:
        version: such as 1.0.1.
        change: a file, a text in it, and the text in its place.
    """
    folder = Path(tempfile.mkdtemp(prefix="release-"))
    tree = folder / "tree"
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in FILES:
        shutil.copy(ROOT / name, tree)
    project = tree / "pyproject.toml"
    lines = project.read_text().splitlines(keepends=True)
    project.write_text(
        "".join(f'version = "{version}"\n' if x.startswith("version = ") else x for x in lines)
    )
    if change:
        name, old, new = change
        text = (tree / name).read_text()
        assert old in text
        (tree / name).write_text(text.replace(old, new, 1))
    return packed(tree, folder, PYTHON)


def packed(tree: Path, into: Path, python: str) -> Path:
    """Pack a tree for one Python and this machine's processor."""
    command = [
        sys.executable, str(tree / "systemd/pack.py"), "--python", python,
        "--arch", platform.machine(), "--into", str(into),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


def name(archive: Path) -> str:
    """The name of a packed release, as it is called on a device."""
    return archive.stem.removeprefix("street-agent-")


def environment() -> dict[str, str]:
    """What this process has, without what would lead the packed agent back into this tree."""
    left_out = {"PYTHONPATH", "VIRTUAL_ENV"}
    kept = {key: value for key, value in os.environ.items() if key not in left_out}
    return kept | {"PYTHON": sys.executable, "RETRY_S": "0"}
