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
ACT = {
    WarningLevel.BLUE: ("供参考", "For information."),
    WarningLevel.YELLOW: ("请今日内联系查看", "Please look in on the resident today."),
    WarningLevel.ORANGE: ("请立即联系或上门查看", "Please call or visit now."),
    WarningLevel.RED: ("请立即上门查看", "Please go there now."),
}
CAUSE = {
    "stuck": ("一直处于触发状态", "is stuck"),
    "chatter": ("频繁误触发", "triggers without end"),
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
    act_zh, act_en = ACT[told.level]
    return (
        f"{place.zh}住户已{for_zh}无活动，{COLOUR_ZH[told.level]}预警，{act_zh}。",
        f"{told.level.word.capitalize()} warning: no movement for {for_en} at {place.en}. {act_en}",
    )


def _stillness_detail(told: Told) -> Pair:
    evidence = told.evidence
    if told.finding.level is None:
        zh, en = told.room(told.finding.sensors[0])
        return f"{zh}检测到活动。", f"Movement {en}."
    limit_zh, limit_en = duration(float(evidence["limit"]) * 60)
    days = int(evidence["days_learned"])
    longest_zh, longest_en = duration(float(evidence["longest_min"]) * 60)
    zh, en = told.room(str(evidence["last_sensor"]))
    why_zh, why_en = {
        "line": (
            f"超过该时段的个人限值{limit_zh}（近{days}天此时段最长{longest_zh}）",
            f"beyond this person's limit of {limit_en} at this time of day "
            f"(longest in {days} days: {longest_en})",
        ),
        "room": (
            f"超过该房间的个人限值{limit_zh}（近{days}天最长{longest_zh}）",
            f"beyond this person's limit of {limit_en} in this room "
            f"(longest in {days} days: {longest_en})",
        ),
        "not_up": (
            "已过平时最晚起床时间一小时",
            "an hour past the latest rising so far",
        ),
        "ceiling": (
            f"超过固定上限{limit_zh}",
            f"beyond the fixed ceiling of {limit_en}",
        ),
    }[str(evidence["reason"])]
    return f"最后一次活动在{zh}；{why_zh}。", f"Last movement {en}; {why_en}."


def _outing(told: Told) -> Pair:
    place, reason = told.site.place, str(told.evidence.get("reason", ""))
    if told.finding.level is None:
        if reason == "returned":
            return f"{place.zh}住户已回家。", f"{place.en}: the resident is back home."
        return f"{place.zh}外出提示已解除。", f"{place.en}: notice about going out lifted."
    for_zh, for_en = duration(float(told.evidence["for_s"]))
    return {
        "night_exit": (
            f"{place.zh}住户夜间外出{for_zh}未归，请联系确认。",
            f"{place.en}: the resident left at night and has been out for {for_en}. Please call.",
        ),
        "absent_long": (
            f"{place.zh}住户外出已{for_zh}，久于平时，请联系确认。",
            f"{place.en}: the resident has been out for {for_en}, longer than ever. Please call.",
        ),
        "unusual_hour": (
            f"{place.zh}住户在不寻常的时间外出，供参考。",
            f"{place.en}: the resident went out at an unusual hour. For information.",
        ),
        "door_left_open": (
            f"{place.zh}大门已敞开{for_zh}，请提醒住户关门。",
            f"{place.en}: the front door has stood open for {for_en}. Please remind the resident.",
        ),
        "travelling": (
            f"{place.zh}住户外出已超过一天，可能在旅行，供参考。",
            f"{place.en}: the resident has been away for a day, perhaps travelling. "
            "For information.",
        ),
    }[reason]


def _outing_detail(told: Told) -> Pair:
    evidence = told.evidence
    if told.finding.level is None or "limit" not in evidence:
        return "", ""
    limit_zh, limit_en = duration(float(evidence["limit"]) * 60)
    if evidence["reason"] == "door_left_open":
        return f"限值{limit_zh}。", f"Limit {limit_en}."
    count = int(evidence["outings_learned"])
    return (
        f"外出时长限值{limit_zh}；已学习{count}次外出。",
        f"Limit for an absence {limit_en}; {count} outings learned.",
    )


def _sleep(told: Told) -> Pair:
    place, reason = told.site.place, str(told.evidence.get("reason", ""))
    if told.finding.level is None:
        return f"{place.zh}睡眠提示已解除。", f"{place.en}: notice about sleep lifted."
    return {
        "late_rising": (
            f"{place.zh}住户已过平时最晚起床时间仍未起床，请今日内联系查看。",
            f"{place.en}: the resident is still in bed, later than ever. Please look in today.",
        ),
        "short_night": (
            f"{place.zh}住户昨夜睡眠明显偏短，供参考。",
            f"{place.en}: the resident slept much less than usual. For information.",
        ),
        "long_night": (
            f"{place.zh}住户昨夜睡眠明显偏长，供参考。",
            f"{place.en}: the resident slept much longer than usual. For information.",
        ),
        "restless": (
            f"{place.zh}住户昨夜起床次数明显增多，供参考。",
            f"{place.en}: the resident got up more often than usual. For information.",
        ),
        "up_at_night": (
            f"{place.zh}住户夜间起床已超过一小时，供参考。",
            f"{place.en}: the resident has been up for an hour at night. For information.",
        ),
    }[reason]


def _sleep_detail(told: Told) -> Pair:
    evidence = told.evidence
    if told.finding.level is None or "limit" not in evidence:
        return "", ""
    for_zh, for_en = duration(float(evidence["for_s"]))
    nights = int(evidence["nights_learned"])
    limit = f"{float(evidence['limit']):.1f}"
    if evidence["reason"] == "late_rising":
        clock = f"{int(float(limit)):d}:{round(float(limit) % 1 * 60) % 60:02d}"
        return (
            f"已卧床{for_zh}；限值{clock}（已学习{nights}个夜晚）。",
            f"In bed for {for_en}; limit {clock} ({nights} nights learned).",
        )
    unit_zh, unit_en = {
        "h": ("小时", "h"), "exits": ("次起床", "times"), "min": ("分钟", "min")
    }[str(evidence["unit"])]  # fmt: skip
    return (
        f"时长{for_zh}；限值{limit}{unit_zh}（已学习{nights}个夜晚）。",
        f"{for_en}; limit {limit} {unit_en} ({nights} nights learned).",
    )


SLOT = {
    "breakfast": ("早餐", "breakfast"),
    "lunch": ("午餐", "lunch"),
    "dinner": ("晚餐", "dinner"),
}


def _meals(told: Told) -> Pair:
    place = told.site.place
    zh, en = SLOT[str(told.evidence["slot"])]
    if told.finding.level is None:
        return f"{place.zh}住户已正常用餐（{zh}）。", f"{place.en}: the resident has had {en}."
    return {
        "missed": (
            f"{place.zh}住户可能未吃{zh}，供参考。",
            f"{place.en}: the resident seems to have missed {en}. For information.",
        ),
        "missed_twice": (
            f"{place.zh}住户可能连续两餐未吃（最近为{zh}），请今日内联系查看。",
            f"{place.en}: the resident seems to have missed two meals ({en} the last). "
            "Please look in today.",
        ),
        "not_eating": (
            f"{place.zh}住户可能已两天未用餐，请立即联系或上门查看。",
            f"{place.en}: the resident seems not to have eaten for two days. "
            "Please call or visit now.",
        ),
    }[str(told.evidence["reason"])]


def _meals_detail(told: Told) -> Pair:
    evidence = told.evidence
    if told.finding.level is None:
        return "", ""
    return (
        f"厨房活动{evidence['score']}次，通常不少于{evidence['limit']:g}次"
        f"（已学习{evidence['days_learned']}天）。",
        f"Seen in the kitchen {evidence['score']} times; usually at least "
        f"{evidence['limit']:g} ({evidence['days_learned']} days learned).",
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
    Kind.OUTING: _outing,
    Kind.SLEEP: _sleep,
    Kind.MEALS: _meals,
    Kind.SMOKE: _smoke,
    Kind.HELP: _help,
    Kind.SENSOR_FAULT: _sensor_fault,
    Kind.DEVICE_FAULT: _device_fault,
}
_DETAILS: dict[Kind, Callable[[Told], Pair]] = {
    Kind.WATERLOGGING: _waterlogging_detail,
    Kind.STILLNESS: _stillness_detail,
    Kind.OUTING: _outing_detail,
    Kind.SLEEP: _sleep_detail,
    Kind.MEALS: _meals_detail,
    Kind.SENSOR_FAULT: _sensor_fault_detail,
    Kind.DEVICE_FAULT: _device_fault_detail,
}
