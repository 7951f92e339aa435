"""`street-agent erase`: a device is handed back; personal data and keys are deleted, with proof.

The order is state, keys, revisions, configuration: stopped half-way, it still knows whose it was
and may be run again.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from agent.cli.places import DEFAULT_CONFIG, DEFAULT_STATE, state_folder
from agent.config.load import Configuration, examine
from agent.erasing import Wiped, wipe_all
from agent.errors import ServiceError, StreetAgentError
from agent.service import Service
from agent.store.claim import claim

DECLINED, UNCONFIRMED = 1, 2
KINDS = {
    "state": ("状态：读数、事件、作息、居家日志", "state: readings, events, habits, the diary"),
    "keys": ("密钥和口令", "keys and passwords"),
    "revisions": ("历史配置", "earlier configurations"),
    "site": ("配置", "the configuration"),
}


class Running(StreetAgentError):
    """The agent runs."""


class Forbidden(StreetAgentError):
    """It needs root."""

    exit_code = 5


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "Deleted are the state folder, keys, earlier configurations and the configuration of this "
        "device; the program stays. To erase what was learned of a person and nothing else: "
        "street-agent forget --person."
    )
    parser.add_argument(
        "--site", type=Path, default=DEFAULT_CONFIG, metavar="SITE.toml",
        help="the configuration in force (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--state", type=Path, metavar="FOLDER", help="default: as in run")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--systemctl", default="systemctl", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Erase, if that is wanted, and print the proof."""
    configuration, _ = examine(args.site, is_installed=False)
    places = _places(args, configuration)
    site = configuration.site.id if configuration else "?"
    if not any(os.path.lexists(path) for path in places.values()):
        print(f"没有可清除的内容 nothing to erase: {', '.join(map(str, places.values()))}")
        return 0
    if _is_active(Service(args.systemctl)):
        raise Running("the agent runs; first: sudo systemctl disable --now street-agent")
    if not args.yes:
        if not sys.stdin.isatty():
            print("nobody to ask, and no --yes: nothing is erased", file=sys.stderr)
            return UNCONFIRMED
        if not _is_wanted(site, places):
            print("nothing is erased", file=sys.stderr)
            return DECLINED
    try:
        wiped = _wipe(places)
    except StreetAgentError as error:
        if isinstance(error.__cause__, PermissionError):
            words = " ".join(["street-agent", *sys.argv[1:]])
            raise Forbidden(f"{error}\nfix: sudo {words}") from error
        raise
    print("\n".join(_proof(site, dict(zip(places, wiped, strict=True)))))
    return 0


def _is_active(service: Service) -> bool:
    """Where nobody can be asked, the state folder says whether an agent works on it."""
    try:
        return service.is_active()
    except ServiceError:
        return False


def _places(args: argparse.Namespace, configuration: Configuration | None) -> dict[str, Path]:
    """What is deleted, in this order."""
    state = args.state or DEFAULT_STATE
    if configuration is not None:
        state = state_folder(args.state, configuration)
    etc = args.site.absolute().parent
    return {
        "state": state.absolute(),
        "keys": etc / "keys",
        "revisions": etc / "revisions",
        "site": args.site.absolute(),
    }


def _wipe(places: dict[str, Path]) -> list[Wiped]:
    """Delete, with the state claimed where there is one: nobody else works on it."""
    state, *others = places.values()
    if not state.is_dir():
        return wipe_all(state, others)
    with claim(state):
        return wipe_all(state, others)


def _is_wanted(site: str, places: dict[str, Path]) -> bool:
    print(site, *places.values(), sep="\n  ")
    print("将清除本机全部个人数据、密钥和配置，无法恢复。")
    print("All personal data, keys and the configuration of this device will be erased.")
    print("This cannot be undone.")
    print("yes / no: ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "是"}


def _proof(site: str, wiped: dict[str, Wiped]) -> Iterator[str]:
    """What was deleted, for somebody to sign: Chinese, then English below it, within 80 columns."""
    at = datetime.now(UTC)
    yield f"{site}  {at:%Y-%m-%d %H:%M:%S} UTC"
    yield "清除证明"
    yield "  proof of erasure"
    for kind, one in wiped.items():
        zh, en = KINDS[kind]
        yield f"已清除：{zh}"
        yield f"  erased: {en}: {one.files} files, {one.size} bytes"
        yield f"  {one.path}"
        yield "  已核对：不存在 looked for, and gone"
    yield "未清除：平台上的事件、另行录制的文件、系统日志"
    yield "  not erased: events that the platform has, recordings kept elsewhere, and the"
    yield "  system's journal, which has the times of events:"
    yield "  sudo journalctl --rotate && sudo journalctl --vacuum-time=1s"
    yield "文件已删除但未覆写：存储卡可能仍保留旧数据块，如需彻底清除请销毁存储卡。"
    yield "  Files are deleted, not overwritten: a card keeps old blocks to itself. Who"
    yield "  needs more than that destroys the card."
