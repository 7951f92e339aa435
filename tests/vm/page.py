"""The technician's page of README.md, command by command, as somebody who has only that page.

The commands run as they are printed, in a copy of this tree. What a person does between them is
played: `nano` puts the site in place, `ssh` finds the machine under the name of the page, a reboot is
a hard stop, and before `upgrade` there is a new version in the tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from machine import DEPLOY_S, GuestError, Machine
from releases import FILES, FOLDERS, ROOT, environment
from site_ import SECRET, config

SECTION = "## From a blank Pi to a verified installation"
SSH = """\
Host raspberrypi.local
  HostName 127.0.0.1
  Port {port}
  IdentityFile {key}
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
"""
LOOKS = (
    "street-agent status",
    "street-agent doctor",
    "deploy.sh status",
)  # not 0: they found something


def commands() -> list[str]:
    """What the page says to type."""
    page = (ROOT / "README.md").read_text().partition(SECTION)[2].partition("\n## ")[0]
    return [line.strip() for line in page.splitlines() if line.startswith("    ")]


def follow(machine: Machine, folder: Path, broker: str) -> str:
    """Do it. Raise GuestError where a command does not do what the page says."""
    tree = _tree(folder / "clone")
    env = environment() | {
        "HOME": str(folder),
        "PATH": f"{_tools(machine, folder, broker)}:{os.environ['PATH']}",
    }
    (folder / "password-of-this-device").write_text(f"{SECRET}\n")
    said = []
    for command in commands():
        if command.startswith("./deploy.sh upgrade"):
            project = tree / "pyproject.toml"
            project.write_text(project.read_text().replace('version = "', 'version = "9.', 1))
        begun = time.monotonic()
        done = subprocess.run(
            ["bash", "-c", command], cwd=tree, env=env, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEPLOY_S, check=False,
        )  # fmt: skip
        if command.endswith("sudo reboot"):
            machine.stop_hard()
            machine.start()
        elif done.returncode and not any(look in command for look in LOOKS):
            raise GuestError(f"{command}: exit {done.returncode}\n{done.stdout}")
        said.append(f"  {time.monotonic() - begun:6.1f} s  {done.returncode}  {command}")
        (folder / "page.log").open("a").write(f"$ {command}\n{done.stdout}\n")
    return "\n".join([f"{len(said)} commands:", *said])


def _tree(folder: Path) -> Path:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*FILES, "deploy.sh"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def _tools(machine: Machine, folder: Path, broker: str) -> Path:
    """A folder with what stands for the technician's hands and for the name of the machine."""
    tools = folder / "tools"
    tools.mkdir()
    (folder / "ssh_config").write_text(SSH.format(port=machine.port, key=machine.image / "key"))
    (folder / "wanted.toml").write_text(config(broker))
    for name, text in (
        ("ssh", f'exec /usr/bin/ssh -F {folder}/ssh_config "$@"'),
        ("nano", f'cat {folder}/wanted.toml >"$1"'),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    return tools
