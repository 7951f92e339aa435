"""What people read: one sentence to forward, and a longer one with figures and reasons; zh and en.

The sentence for a waterlogging warning is the one that the district's street officers forward as it
is; its form is fixed. Chinese sentences stay within 70 characters, one text message, for places of
up to 40.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.site import Role, Site

COLOUR_ZH = {
    WarningLevel.BLUE: "蓝色",
    WarningLevel.YELLOW: "黄色",
    WarningLevel.ORANGE: "橙色",
    WarningLevel.RED: "红色",
}
ROLE = {
    Role.BEDROOM: ("卧室", "bedroom"),
    Role.BATHROOM: ("卫生间", "bathroom"),
    Role.KITCHEN: ("厨房", "kitchen"),
    Role.LIVING: ("客厅", "living room"),
    Role.WORK: ("书房", "study"),
    Role.HALL: ("走廊", "hall"),
    Role.ENTRY: ("门厅", "entry"),
    Role.FRONT_DOOR: ("大门", "front door"),
    Role.CABINET: ("机柜", "cabinet"),
    Role.ROADSIDE: ("路边", "roadside"),
    Role.OUTFALL: ("排口", "outfall"),
}
PLACED = {Role.ENTRY: "at the entry", Role.FRONT_DOOR: "at the front door"}
PART = {
    "uplink": ("平台连接", "connection to the platform"),
    "storage.lent": ("已存数据读取", "reading back what is stored"),
    "storage.slow": ("存储响应慢", "slow storage"),
    "storage.behind": ("存储跟不上，读数丢失", "storage too slow, readings dropped"),
    "storage.folder": ("数据存储不可用", "storage cannot be used"),
    "uplink.clock": ("设备时钟", "the device's clock"),
    "uplink.certificate": ("设备证书", "the device's certificate"),
    "identity.conflict": ("设备身份冲突", "another device with the same identity"),
    "uplink.message": ("消息上报", "messages that the platform refuses"),
    "storage": ("数据存储", "storage"),
    "storage.readings": ("读数存储", "storage of readings"),
    "storage.damaged": ("存储数据损坏", "damaged records in storage"),
    "storage.thinned": ("存储空间不足", "storage too small"),
}
CAUSE = {
    "silent": ("无数据", "has stopped reporting"),
    "lost": ("连接中断", "cannot be reached"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made from.

    Attributes:
        step: raised, updated, cleared, fault or restored.
        level: the level now; where the alarm is over, its last one.
        was: the level before, None for a new alarm.
        is_test: whether it is told in a trial.
    """

    finding: Finding
    site: Site
    step: str
    level: WarningLevel
    was: WarningLevel | None
    is_test: bool = False

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What the finding rests on."""
        return self.finding.evidence

    def room(self, sensor: str) -> tuple[str, str]:
        """The room in which a sensor stands, in English with its preposition."""
        found = self.site.sensors.get(sensor)
        if found is None:
            return "家中", "in the home"
        zh, en = ROLE[found.role]
        return zh, PLACED.get(found.role, f"in the {en}")


Pair = tuple[str, str]

REMOVED = "removed"  # evidence.reason of an alarm whose subject is no longer configured


def sentence(told: Told) -> dict[str, str]:
    """The sentence that people forward."""
    if told.evidence.get("reason") == REMOVED:
        zh, en = _removed(told)
    else:
        zh, en = _SENTENCES[told.finding.kind](told)
    if told.finding.certainty is Certainty.POSSIBLE and told.finding.level is not None:
        zh, en = f"【待核实】{zh}", f"[To be verified on site] {en}"
    if told.is_test:  # whoever forwards it forwards that too
        zh, en = f"【测试】{zh}", f"[TEST] {en}"
    return {"zh": zh, "en": en}


def detail(told: Told) -> dict[str, str]:
    """The longer one with figures and reasons."""
    if told.evidence.get("reason") == REMOVED:
        return {"zh": "", "en": ""}
    zh, en = _DETAILS.get(told.finding.kind, _no_detail)(told)
    return {"zh": zh, "en": en}


def _removed(told: Told) -> Pair:
    place, name = told.site.place, told.finding.subject
    return (
        f"{place.zh}{name}已从配置中撤除，其未结束的警报已关闭，请人工核实。",
        f"{place.en}: {name} was taken out of the configuration; its open alarm was closed. "
        "Please verify.",
    )


def duration(seconds: float) -> Pair:
    """A length of time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f}秒", f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f}分钟", f"{seconds / 60:.0f} min"
    hours = f"{seconds / 3600:.1f}".removesuffix(".0")
    return f"{hours}小时", f"{hours} h"


def _waterlogging(told: Told) -> Pair:
    place, level = told.site.place, told.level
    if told.finding.level is None:
        return (
            f"{place.zh}内涝预警解除，请确认路面安全后恢复通行。",
            f"Waterlogging warning lifted: {place.en}. "
            "Please make sure that the road is safe before reopening it.",
        )
    if told.was is not None and level < told.was:
        return (
            f"{place.zh}内涝预警降为{COLOUR_ZH[level]}，请提醒市民继续注意绕行。",
            f"Waterlogging warning lowered to {level.word}: {place.en}. "
            "Please keep advising people to detour.",
        )
    return (
        f"{place.zh}内涝{COLOUR_ZH[level]}预警，请提醒市民及时绕行。",
        f"{level.word.capitalize()} waterlogging warning: {place.en}. "
        "Please advise people to detour.",
    )


def _waterlogging_detail(told: Told) -> Pair:
    evidence = told.evidence
    depth_cm = told.finding.value[1] / 10 if told.finding.value else 0.0
    for_zh, for_en = duration(float(evidence["for_s"]))
    peak_cm = evidence["peak_mm"] / 10
    if told.finding.level is None:
        return (
            f"积水已低于{evidence['limit'] / 10:g}厘米，持续{for_zh}；最深时约{peak_cm:.0f}厘米。",
            f"Below {evidence['limit'] / 10:g} cm for {for_en}; "
            f"this flood's greatest depth was about {peak_cm:.0f} cm.",
        )
    doubt_zh = "；读数跳变过快，可能是遮挡物，请现场核实" if evidence["compare"] else ""
    doubt_en = "; it came faster than water can: perhaps an object" if evidence["compare"] else ""
    if told.was is not None and told.level < told.was:
        return (
            f"积水约{depth_cm:.0f}厘米，水位回落，低于{COLOUR_ZH[told.was]}解除线已{for_zh}{doubt_zh}。",
            f"Depth about {depth_cm:.0f} cm and falling; for {for_en} low enough "
            f"to end {told.was.word}{doubt_en}.",
        )
    is_set = evidence["limit_source"] == "config"
    source_zh, source_en = ("现场设定", "set for this site") if is_set else ("默认", "default")
    return (
        f"积水约{depth_cm:.0f}厘米，水位上涨，{COLOUR_ZH[told.level]}限值"
        f"{evidence['limit'] / 10:g}厘米（{source_zh}），已持续{for_zh}{doubt_zh}。",
        f"Depth about {depth_cm:.0f} cm and rising; for {for_en} at or above the {told.level.word} "
        f"limit of {evidence['limit'] / 10:g} cm ({source_en}){doubt_en}.",
    )


def _stillness(told: Told) -> Pair:
    place = told.site.place
    if told.finding.level is None:
        return (
            f"{place.zh}住户已恢复活动，长时间无活动预警解除。",
            f"{place.en}: the resident is moving again; stillness warning lifted.",
        )
    for_zh, for_en = duration(float(told.evidence["for_s"]))
    return (
        f"{place.zh}住户已{for_zh}无活动，{COLOUR_ZH[told.level]}预警，请立即联系或上门查看。",
        f"{told.level.word.capitalize()} warning: no movement for {for_en} at {place.en}. "
        "Please call or visit now.",
    )


def _stillness_detail(told: Told) -> Pair:
    if told.finding.level is None:
        zh, en = told.room(told.finding.sensors[0])
        return f"{zh}检测到活动。", f"Movement {en}."
    limit_zh, limit_en = duration(float(told.evidence["limit"]) * 60)
    zh, en = told.room(str(told.evidence["last_sensor"]))
    return (
        f"最后一次活动在{zh}；超过固定上限{limit_zh}（尚未学习到个人规律）。",
        f"Last movement {en}; beyond the fixed ceiling of {limit_en} "
        "(nothing learned of this person yet).",
    )


def _smoke(told: Told) -> Pair:
    place = told.site.place
    if told.finding.level is None:
        return f"{place.zh}烟雾报警已解除。", f"{place.en}: the smoke alarm has ended."
    return (
        f"{place.zh}住户烟雾报警，请立即联系住户并核实火情。",
        f"Smoke alarm: {place.en}. Call the resident and check for fire now.",
    )


def _help(told: Told) -> Pair:
    place = told.site.place
    if told.finding.level is None:
        return (
            f"{place.zh}住户呼救已超时自动关闭，请确认已有人处理。",
            f"{place.en}: the call for help has timed out. "
            "Please make sure that somebody has answered it.",
        )
    count = int(told.evidence["count"])
    again_zh = f"（第{count}次）" if count > 1 else ""
    again_en = f", pressed {count} times" if count > 1 else ""
    return (
        f"{place.zh}住户按下求助按钮{again_zh}，请立即联系或上门。",
        f"Call for help{again_en}: {place.en}. Call or go there now.",
    )


def _sensor_fault(told: Told) -> Pair:
    place, name = told.site.place, told.finding.subject
    if told.finding.level is None:
        return (
            f"{place.zh}传感器{name}已恢复。",
            f"{place.en}: sensor {name} is working again.",
        )
    zh, en = CAUSE[str(told.evidence["reason"])]
    return (
        f"{place.zh}传感器{name}{zh}，监测受影响，请安排检修。",
        f"{place.en}: sensor {name} {en}; please have it repaired.",
    )


def _sensor_fault_detail(told: Told) -> Pair:
    if told.finding.level is None:
        return "", ""
    zh, en = _cause(told)
    for_s = float(told.evidence["for_s"])
    if not for_s:  # it never was heard of, or fell silent as it spoke
        return zh, en
    for_zh, for_en = duration(for_s)
    return f"最后数据在{for_zh}前。{zh}", f"Last heard {for_en} ago. {en}".strip()


def _device_fault(told: Told) -> Pair:
    place = told.site.place
    zh, en = PART.get(told.finding.subject, (told.finding.subject, told.finding.subject))
    if told.finding.level is None:
        return f"{place.zh}设备故障已恢复（{zh}）。", f"{place.en}: device fault over ({en})."
    return (
        f"{place.zh}设备故障（{zh}），其他功能继续运行，请安排检修。",
        f"{place.en}: device fault ({en}). Everything else goes on; please have it repaired.",
    )


def _device_fault_detail(told: Told) -> Pair:
    return _cause(told)


def _cause(told: Told) -> Pair:
    """What the technician is told, which is English only."""
    cause = str(told.evidence.get("cause", ""))
    return (f"原因：{cause}", f"Cause: {cause}") if cause else ("", "")


def _no_detail(told: Told) -> Pair:
    del told
    return "", ""


_SENTENCES: dict[Kind, Callable[[Told], Pair]] = {
    Kind.WATERLOGGING: _waterlogging,
    Kind.STILLNESS: _stillness,
    Kind.SMOKE: _smoke,
    Kind.HELP: _help,
    Kind.SENSOR_FAULT: _sensor_fault,
    Kind.DEVICE_FAULT: _device_fault,
}
_DETAILS: dict[Kind, Callable[[Told], Pair]] = {
    Kind.WATERLOGGING: _waterlogging_detail,
    Kind.STILLNESS: _stillness_detail,
    Kind.SENSOR_FAULT: _sensor_fault_detail,
    Kind.DEVICE_FAULT: _device_fault_detail,
}
