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
    """

    finding: Finding
    site: Site
    step: str
    level: WarningLevel
    was: WarningLevel | None

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What the finding rests on."""
        return self.finding.evidence

    def room(self, sensor: str) -> tuple[str, str]:
        """Name of the room in which a sensor stands."""
        found = self.site.sensors.get(sensor)
        return ROLE[found.role] if found else ("", "")


Pair = tuple[str, str]


def sentence(told: Told) -> dict[str, str]:
    """The sentence that people forward."""
    zh, en = _SENTENCES[told.finding.kind](told)
    if told.finding.certainty is Certainty.POSSIBLE and told.finding.level is not None:
        zh, en = f"【待核实】{zh}", f"To be verified on site: {en}"
    return {"zh": zh, "en": en}


def detail(told: Told) -> dict[str, str]:
    """The longer one with figures and reasons."""
    zh, en = _DETAILS.get(told.finding.kind, _no_detail)(told)
    return {"zh": zh, "en": en}


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
            f"Depth about {depth_cm:.0f} cm and falling; below what lifts {told.was.word} "
            f"for {for_en}{doubt_en}.",
        )
    source_zh = "现场设定" if evidence["limit_source"] == "config" else "默认"
    return (
        f"积水约{depth_cm:.0f}厘米，水位上涨，{COLOUR_ZH[told.level]}限值"
        f"{evidence['limit'] / 10:g}厘米（{source_zh}），已持续{for_zh}{doubt_zh}。",
        f"Depth about {depth_cm:.0f} cm and rising; {told.level.word} limit "
        f"{evidence['limit'] / 10:g} cm ({evidence['limit_source']}), for {for_en}{doubt_en}.",
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
        return f"{zh}检测到活动。", f"Movement in the {en}."
    limit_zh, limit_en = duration(float(told.evidence["limit"]) * 60)
    zh, en = told.room(str(told.evidence["last_sensor"]))
    return (
        f"最后一次活动在{zh}；超过固定上限{limit_zh}（尚未学习到个人规律）。",
        f"Last movement in the {en}; beyond the fixed ceiling of {limit_en} "
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
        return f"{place.zh}住户呼救记录已关闭。", f"{place.en}: the call for help was closed."
    count = int(told.evidence["count"])
    again_zh = f"（第{count}次）" if count > 1 else ""
    again_en = f" (press {count})" if count > 1 else ""
    return (
        f"{place.zh}住户按下求助按钮{again_zh}，请立即联系或上门。",
        f"Call for help{again_en}: {place.en}. Call or go there now.",
    )


def _sensor_fault(told: Told) -> Pair:
    place, name = told.site.place, told.finding.subject
    if told.finding.level is None:
        return (
            f"{place.zh}传感器{name}已恢复。",
            f"{place.en}: sensor {name} is well again.",
        )
    zh, en = CAUSE[str(told.evidence["reason"])]
    return (
        f"{place.zh}传感器{name}{zh}，监测受影响，请安排检修。",
        f"{place.en}: sensor {name} {en}; please have it repaired.",
    )


def _sensor_fault_detail(told: Told) -> Pair:
    if told.finding.level is None:
        return "", ""
    for_zh, for_en = duration(float(told.evidence["for_s"]))
    cause = str(told.evidence["cause"])
    return (
        f"最后数据在{for_zh}前。{cause}".strip(),
        f"Last heard {for_en} ago. {cause}".strip(),
    )


def _device_fault(told: Told) -> Pair:
    place = told.site.place
    what = told.finding.subject
    if told.finding.level is None:
        return f"{place.zh}设备{what}已恢复。", f"{place.en}: device {what} is well again."
    return (
        f"{place.zh}设备故障（{what}），其他功能继续运行，请安排检修。",
        f"{place.en}: device fault ({what}); the rest goes on. Please have it repaired.",
    )


def _device_fault_detail(told: Told) -> Pair:
    cause = str(told.evidence.get("cause", ""))
    return cause, cause


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
