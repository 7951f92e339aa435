"""Write systemd/requirements.txt: what the agent needs, pinned, with the digest of every wheel.

A wheel is taken for each Python and processor that a device may have. Run by `make lock`; pip asks
whatever index it is set up to ask, and no name of one is written down.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "systemd" / "requirements.txt"
PYTHONS = ("3.11", "3.13")  # Raspberry Pi OS bookworm, trixie
PROCESSORS = ("aarch64", "x86_64")
# No wheel of these is made: they come from apt, which systemd/device/ asks for.
FROM_APT = {"3.13": ("lgpio",)}
# colorzero asks for it and does not import it: 7 MB on each device.
UNUSED = ("setuptools",)
# glibc 2.36 is bookworm's. pip takes a wheel only for a platform that it was told by name.
PLATFORMS = [f"manylinux_2_{minor}" for minor in (36, 34, 31, 28, 27, 26, 24, 17)] + [
    "manylinux2014"
]
HEAD = "# What a release carries besides the agent itself. Written by `make lock`: do not edit.\n"


def main() -> int:
    """Resolve for each target; all have to agree on every version."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    versions: dict[str, str] = {}
    digests: dict[str, set[str]] = {}
    for python in PYTHONS:
        for processor in PROCESSORS:
            pins = [f"{name}=={version}" for name, version in versions.items()]
            asked = _without([*wanted, *pins], FROM_APT.get(python, ()))
            for name, version, digest in _resolved(python, processor, asked):
                if name in UNUSED:
                    continue
                if versions.setdefault(name, version) != version:
                    print(f"{name}: {versions[name]} and {version}", file=sys.stderr)
                    return 1
                digests.setdefault(name, set()).add(digest)
    LOCK.write_text(HEAD + "".join(_lines(versions, digests)))
    return 0


def target(python: str, processor: str) -> list[str]:
    """Options of pip that name a target which is not this machine."""
    platforms = [word for name in PLATFORMS for word in ("--platform", f"{name}_{processor}")]
    python = python.replace(".", "")
    return [
        "--only-binary=:all:", "--implementation=cp", f"--python-version={python}",
        f"--abi=cp{python}", "--abi=abi3", "--abi=none", *platforms,
    ]  # fmt: skip


def _without(wanted: list[str], names: tuple[str, ...]) -> list[str]:
    return [line for line in wanted if not line.startswith(names)]


def _resolved(python: str, processor: str, wanted: list[str]) -> Iterator[tuple[str, str, str]]:
    command = [
        sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed",
        "--disable-pip-version-check", "--report=-", "--target=unused", *target(python, processor),
        *wanted,
    ]  # fmt: skip
    report: dict[str, Any] = json.loads(subprocess.check_output(command))  # noqa: S603
    for item in report["install"]:
        metadata = item["metadata"]
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        yield metadata["name"].lower().replace("_", "-"), metadata["version"], digest


def _lines(versions: dict[str, str], digests: dict[str, set[str]]) -> Iterator[str]:
    for name, version in sorted(versions.items()):
        hashes = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(digests[name]))
        yield f"{name}=={version}{hashes}\n"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--target"]:
        print("\n".join(target(*sys.argv[2:])))
    else:
        sys.exit(main())
