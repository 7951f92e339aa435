"""Pack a release: this tree and the wheels that it needs, for `./deploy.sh pack`.

dist/street-agent-NAME.tar holds one folder with `release.json`, the wheels, the units, examples,
`on-device.sh`, and `digests` of all of these. NAME is the version and the beginning of the digest
of `digests`: two releases of one name are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from contextlib import suppress
from pathlib import Path

import lock

ROOT = lock.ROOT
UNITS = ("street-agent*", "journald.conf", "watchdog.conf")
EXAMPLES = ("*.toml", "other-time-service.conf")


def main() -> int:
    """Pack, and print the path of the archive."""
    parser = argparse.ArgumentParser(prog="deploy.sh pack", description="Pack a release.")
    parser.add_argument("--python", default=",".join(lock.PYTHONS), help="default: %(default)s")
    parser.add_argument("--arch", default=",".join(lock.PROCESSORS), help="default: %(default)s")
    parser.add_argument("--into", type=Path, default=ROOT / "dist", help="default: dist")
    args = parser.parse_args()
    targets = list(itertools.product(args.python.split(","), args.arch.split(",")))
    described = _described(["-".join(target) for target in targets])
    if made := _made_before(args.into, described):
        print(made)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "release"
        (stage / "wheels").mkdir(parents=True)
        try:
            _own_wheel(stage / "wheels", Path(folder) / "tree")
            for python, processor in targets:
                _fetch(stage / "wheels", python, processor)
        except subprocess.CalledProcessError:
            print("pack: pip could not get a wheel, see above; make lock renews the list of them",
                  file=sys.stderr)  # fmt: skip
            return 1
        _copy(stage)
        (stage / "release.json").write_text(json.dumps(described, indent=1) + "\n")
        print(archive(stage, args.into))
    return 0


def _made_before(into: Path, described: dict[str, object]) -> Path | None:
    """The archive of this very commit; None where the tree differs from it, or there is none."""
    for file in into.glob("street-agent-*.tar"):
        with suppress(tarfile.TarError, KeyError, ValueError), tarfile.open(file) as tar:
            found = tar.extractfile(f"{file.stem}/release.json")
            if found and json.load(found) == described:
                return file
    return None


def archive(stage: Path, into: Path) -> Path:
    """Write the digests of a folder and put all of it into an archive, the same bytes each time."""
    files = sorted(file for file in stage.rglob("*") if file.is_file())
    lines = [f"{_sha256(file)}  {file.relative_to(stage)}\n" for file in files]
    digests = stage / "digests"
    digests.write_text("".join(lines))
    described = json.loads((stage / "release.json").read_text())
    name = f"street-agent-{described['version']}-{_sha256(digests)[:12]}"
    into.mkdir(parents=True, exist_ok=True)
    target = into / f"{name}.tar"
    partial = target.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        for file in [*files, digests]:
            tar.add(file, f"{name}/{file.relative_to(stage)}", filter=_plain)
    partial.replace(target)
    return target


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.name.endswith(".sh") else 0o644
    return entry


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _own_wheel(into: Path, tree: Path) -> None:
    """From a copy: setuptools would leave a folder here, and take up what lies in it."""
    for name in ("agent", "drivers"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    _pip("wheel", "--no-deps", "--wheel-dir", str(into), str(tree))


def _fetch(into: Path, python: str, processor: str) -> None:
    left_out = lock.FROM_APT.get(python, ())
    entries = lock.LOCK.read_text().replace("\\\n", "").splitlines(keepends=True)
    wanted = into.parent.parent / f"{python}.txt"
    wanted.write_text("".join(line for line in entries if not line.startswith(left_out or "#")))
    _pip(
        "download", "--no-deps", "--require-hashes", "--dest", str(into),
        *lock.target(python, processor), "-r", str(wanted),
    )  # fmt: skip


def _pip(*words: str) -> None:
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(_built())}
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *words]
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)  # noqa: S603


def _copy(stage: Path) -> None:
    for folder, patterns in (("units", UNITS), ("examples", EXAMPLES)):
        (stage / folder).mkdir()
        for pattern in patterns:
            for file in (ROOT / "systemd").glob(pattern):
                shutil.copy(file, stage / folder)
    parts = sorted((ROOT / "systemd" / "device").glob("*.sh"))
    (stage / "on-device.sh").write_text("".join(part.read_text() for part in parts))
    shutil.copy(lock.LOCK, stage)


def _described(targets: list[str]) -> dict[str, object]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changed = "+changed" if _git("status", "--porcelain", "--untracked-files=no") else ""
    return {
        "version": project["version"],
        "commit": (_git("rev-parse", "HEAD") or "unknown") + changed,
        "built": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(_built())),
        "targets": targets,
    }


def _built() -> int:
    """Time of the commit: packing it again gives the same release. Now where the tree differs."""
    if _git("status", "--porcelain", "--untracked-files=no"):
        return int(time.time())
    return int(_git("show", "--no-patch", "--format=%ct", "HEAD") or time.time())


def _git(*words: str) -> str:
    try:
        command = ["git", "-C", str(ROOT), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
