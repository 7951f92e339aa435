"""`street-agent forget --person`: what is known of a person is erased from this device.

For when somebody moves out, or takes the consent back. It needs the folder to itself: the agent has
to be stopped before, and started again afterwards.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from agent.cli.places import add_config, state_folder
from agent.clock import SystemClock
from agent.config.load import Configuration, load
from agent.errors import StorageError, StreetAgentError
from agent.forgetting import Erased, check, forget
from agent.pipeline.pipeline import Pipeline
from agent.recovery import Store
from agent.sent import sent_mark
from agent.site import Profile
from agent.store import layout
from agent.store.buffer import Buffer
from agent.store.claim import claim
from agent.store.diary import Diary
from agent.store.files import failure
from agent.store.outbox import Outbox
from agent.store.snapshots import Snapshots

DECLINED = 1
UNCONFIRMED = 2


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config(parser)
    parser.add_argument(
        "--person", action="store_true", required=True,
        help="everything learned of the resident, and every recorded reading",
    )  # fmt: skip
    parser.add_argument(
        "--state", type=Path, metavar="FOLDER", help="the agent's state folder (default: as in run)"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Erase, if that is wanted; raise StorageError where the folder is in use or of no use."""
    configuration = load(args.config, is_installed=False)
    folder = state_folder(args.state, configuration)
    if configuration.site.profile is not Profile.HOME:
        raise StreetAgentError(
            f"{args.config}: nothing is known of a person at a site of profile "
            f"{configuration.site.profile}, nothing is erased"
        )
    _require_state(folder)
    with claim(folder):
        if not args.yes:
            if not sys.stdin.isatty():
                print("nobody to ask, and no --yes: nothing is erased", file=sys.stderr)
                return UNCONFIRMED
            if not _is_wanted(configuration.site.id, folder):
                print("nothing is erased", file=sys.stderr)
                return DECLINED
        print("\n".join(_told(_forget(configuration, folder))))
    return 0


def _require_state(folder: Path) -> None:
    """Raise StorageError where no agent has its state: a claim would make the folder."""
    try:
        is_there = any((folder / name).is_dir() for name in (layout.SNAPSHOTS, layout.READINGS))
    except OSError as error:  # it may not be looked into
        raise failure(error, folder) from error
    if not is_there:
        raise StorageError(f"{folder}: no state of an agent here, nothing is erased")


def _is_wanted(site: str, folder: Path) -> bool:
    print(f"{site} {folder}")
    print("将清除学到的全部作息和读数记录，无法恢复。")
    print("All that was learned of the resident and every recorded reading will be erased.")
    print("This cannot be undone.")
    print("yes / no: ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes", "是"}


def _forget(configuration: Configuration, folder: Path) -> Erased:
    store = Store(
        Buffer(folder / layout.READINGS, configuration.store.readings_mib << 20),
        Outbox(folder / layout.OUTBOX),
        Snapshots(folder / layout.SNAPSHOTS),
        Diary(folder / layout.DIARY),
    )
    try:
        check(Pipeline(configuration.site, configuration.limits), store)
        pipeline = Pipeline(configuration.site, configuration.limits)
        return forget(pipeline, SystemClock(), store, folder, sent_mark(folder).number)
    finally:
        store.buffer.close()
        store.outbox.close()
        store.diary.close()


def _told(erased: Erased) -> list[str]:
    """What became of it, within 80 columns: Chinese, then English below it."""
    pairs = [
        (
            "已清除：学到的限值、作息和行踪（两份快照）",
            "erased: limits, habits and whereabouts that were learned, in both snapshots",
        ),
        (
            f"已清除：全部读数记录，其中{erased.unsent}条平台未收到",
            f"erased: every recorded reading; the platform has not had {erased.unsent} of them",
        ),
        (
            f"已清除：居家日志{erased.activities}条",
            f"erased: {_counted(erased.activities, 'line')} on what the resident did",
        ),
        *_damaged(erased),
        (
            f"已清除：平台已收到或拒收的事件{erased.events}个",
            f"erased: {_counted(erased.events, 'event')} that the platform has had or refused",
        ),
        (
            f"保留：平台尚未收到的事件{erased.waiting}个",
            f"kept: {_counted(erased.waiting, 'event')} that the platform has not acknowledged",
        ),
        (
            f"保留：未结束的警报{erased.alarms}个及其此刻的依据",
            f"kept: {_counted(erased.alarms, 'open alarm')}, with what holds at this moment",
        )
        if erased.alarms
        else ("没有未结束的警报", "kept: no alarm is open"),
        (
            f"保留：事件编号（至{erased.sequence}）、设备状态",
            f"kept: the numbering of events, now at {erased.sequence}; the device's own state",
        ),
        (
            "平台和录制文件不受影响。请重新启动设备程序。",
            "The platform's and other copies are not touched. Start the agent again.",
        ),
    ]
    return [line for zh, en in pairs for line in (zh, f"  {en}")]


def _damaged(erased: Erased) -> list[tuple[str, str]]:
    if not erased.damaged:
        return []
    damaged = _counted(erased.damaged, "damaged file")
    return [(f"已清除：损坏文件{erased.damaged}个", f"erased: {damaged} set aside")]


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
