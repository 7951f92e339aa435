"""How the agent stands, for a technician with a phone: what is wrong, and how to mend it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.events import Kind, WarningLevel
from agent.site import Role
from agent.standing import OPEN, SensorStanding, Standing
from agent.texts.faults import PART
from agent.texts.words import COLOUR_ZH, KIND, ROLE, Pair, duration

STATE = {"sensing": ("运行正常", "sensing"), "degraded": ("运行中，有故障", "sensing, with faults")}
STATUS = {
    "starting": ("启动中", "starting"),
    OPEN: ("正常", "open"),
    "silent": ("无数据", "silent"),
    "lost": ("未连接", "lost"),
}
LONG_START_S = 120.0  # a sensor that has said nothing for so long will not by itself
SERIAL = frozenset({"water_level", "water_quality", "presence_radar", "thermal_array"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something to mend.

    Attributes:
        what: one sentence.
        reason: as the system or the broker says it, in English; empty where there is none.
        command: what to type; empty where hands are needed.
    """

    what: Pair
    reason: str = ""
    command: str = ""


def head(standing: Standing) -> list[Pair]:
    """Who it is, and since when."""
    zh, en = duration(standing.uptime_s)
    state_zh, state_en = STATE[standing.state]
    return [
        (f"{standing.site}：{state_zh}", f"{standing.site}: {state_en}"),
        (f"版本 {standing.release}，已运行 {zh}", f"release {standing.release}, up for {en}"),
    ]


def sensor(one: SensorStanding) -> Pair:
    """A sensor's status, and its last value."""
    zh, en = STATUS.get(one.status, (one.status, one.status))
    role_zh, role_en = ROLE[Role(one.role)]
    if one.last_reading_s is None:
        return f"{role_zh} {zh}，尚无读数", f"{role_en}, {en}, no reading yet"
    ago_zh, ago_en = duration(one.last_reading_s)
    said = f"{one.quantity} {one.value:g}"
    return f"{role_zh} {zh}，{ago_zh}前 {said}", f"{role_en}, {en}, {said}, {ago_en} ago"


def link(standing: Standing) -> Pair:
    """The link to the platform, and what waits for it."""
    up = standing.uplink
    zh, en = duration(up.since_s)
    waiting = standing.store.events_waiting
    wait_zh, wait_en = f"{waiting} 个事件待发", f"{waiting} events waiting"
    if up.is_linked:
        return (
            f"平台：已连接 {up.broker}（{zh}），{wait_zh}",
            f"platform: linked to {up.broker} for {en}, {wait_en}",
        )
    return (
        f"平台：未连接（{zh}），{wait_zh}，联网后自动补传",
        f"platform: no link for {en}; {wait_en}, sent once there is one",
    )


def alarms(standing: Standing) -> Iterator[Pair]:
    """Open alarms, one a line."""
    for one in standing.alarms:
        zh, en = KIND[Kind(one["kind"])]
        level = WarningLevel[str(one["level"]).upper()]
        names = ", ".join(one["sensors"])
        onset = datetime.fromisoformat(one["onset"]).astimezone(ZoneInfo(standing.timezone))
        since = f"{onset:%m-%d %H:%M}"
        yield (
            f"{COLOUR_ZH[level]} {zh} {names} {since} 起",
            f"{level.word} {en} {names}, since {since}",
        )


def troubles(standing: Standing) -> list[Trouble]:
    """What is wrong, the gravest first."""
    found = []
    if standing.store.is_memory:
        what = ("存储不可用：断电即丢失", "The state folder cannot be used: a power cut loses all.")
        found.append(Trouble(what, "", "sudo dmesg | tail; df -h /var/lib/street-agent"))
    found += [_sensor_trouble(one) for one in standing.sensors if _is_wrong(one)]
    if not standing.uplink.is_linked:
        what = (f"未连接平台 {standing.uplink.broker}", f"No link to {standing.uplink.broker}.")
        found.append(Trouble(what, standing.uplink.reason, "journalctl -u street-agent -n 50"))
    for fault in standing.faults:
        zh, en = PART.get(fault["part"], (fault["part"], fault["part"]))
        found.append(Trouble((f"设备故障：{zh}", f"A fault of the device: {en}."), fault["reason"]))
    if standing.clock != "synced":
        what = ("时钟未同步", "The clock has not been set from the network.")
        found.append(Trouble(what, "", "timedatectl status"))
    return found


def _is_wrong(one: SensorStanding) -> bool:
    return one.status in {"silent", "lost"} or (
        one.status == "starting" and one.since_s > LONG_START_S
    )


def _sensor_trouble(one: SensorStanding) -> Trouble:
    zh, en = STATUS.get(one.status, (one.status, one.status))
    command = "ls -l /dev/serial/by-id/" if one.driver in SERIAL else "ls -l /dev/gpiochip*"
    what = (
        f"{one.name} {zh}，请检查供电与接线",
        f"{one.name} is {en}. Check its power and its cable.",
    )
    return Trouble(what, one.reason, command)
