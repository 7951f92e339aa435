"""What is wrong with a sensor or the device, for whoever mends it."""

from __future__ import annotations

from agent.texts.words import Pair, Told, duration

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
    "storage.diary": ("居家日志", "the diary of the home"),
    "storage": ("数据存储", "storage"),
    "storage.readings": ("读数存储", "storage of readings"),
    "storage.damaged": ("存储数据损坏", "damaged records in storage"),
    "storage.thinned": ("存储空间不足", "storage too small"),
}


DOUBT = {
    "stuck": ("一直处于触发状态", "is stuck"),
    "chatter": ("频繁误触发", "triggers without end"),
    "blind": ("可能失明或被遮挡", "may be blind or covered"),
    "down": ("无数据", "is not reporting"),
}
CAUSE = {
    "stuck": ("一直处于触发状态", "is stuck"),
    "chatter": ("频繁误触发", "triggers without end"),
    "silent": ("无数据", "has stopped reporting"),
    "lost": ("连接中断", "cannot be reached"),
    "range": ("读数超出可能范围", "gives readings that water cannot have"),
    "code": ("上报错误码", "gives error codes"),
    "air": ("可能露出水面", "may hang in the air"),
    "no_echo": ("大量读数无回波", "gets no echo from the ground"),
    "unsteady": ("读数跳变，可能有遮挡", "jumps: something may be in its beam"),
    "drift": ("零点漂移，立杆可能倾斜", "has drifted: its post may have tilted"),
    "blocked": ("被物体遮挡", "is blocked by an object"),
}


def sensor_fault(told: Told) -> Pair:
    """The sentence."""
    place, name = told.site.place, told.finding.subject.partition("/")[0]
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


def sensor_fault_detail(told: Told) -> Pair:
    """When it was heard last, and the cause."""
    if told.finding.level is None:
        return "", ""
    zh, en = _cause(told)
    for_s = float(told.evidence["for_s"])
    if not for_s:  # it never was heard of, or fell silent as it spoke
        return zh, en
    for_zh, for_en = duration(for_s)
    return f"最后数据在{for_zh}前。{zh}", f"Last heard {for_en} ago. {en}".strip()


def device_fault(told: Told) -> Pair:
    """The sentence."""
    place = told.site.place
    zh, en = PART.get(told.finding.subject, (told.finding.subject, told.finding.subject))
    if told.finding.level is None:
        return f"{place.zh}设备故障已恢复（{zh}）。", f"{place.en}: device fault over ({en})."
    return (
        f"{place.zh}设备故障（{zh}），其他功能继续运行，请安排检修。",
        f"{place.en}: device fault ({en}). Everything else goes on; please have it repaired.",
    )


def device_fault_detail(told: Told) -> Pair:
    """The cause."""
    return _cause(told)


def _cause(told: Told) -> Pair:
    """What the technician is told, which is English only."""
    cause = str(told.evidence.get("cause", ""))
    return (f"原因：{cause}", f"Cause: {cause}") if cause else ("", "")


def degraded(told: Told) -> Pair:
    """The sentence."""
    place = told.site.place
    if told.finding.level is None:
        return f"{place.zh}监测已恢复正常。", f"{place.en}: monitoring is complete again."
    return (
        f"{place.zh}部分传感器不可信，监测能力下降，请尽快检修并加强联系。",
        f"{place.en}: some sensors cannot be believed, so the resident is seen less well. "
        "Please have them checked, and keep in touch.",
    )


def degraded_detail(told: Told) -> Pair:
    """Which sensors, and why."""
    doubts = told.evidence.get("doubts", {})
    zh = "；".join(f"{name}：{DOUBT[why][0]}" for name, why in doubts.items())
    en = "; ".join(f"{name} {DOUBT[why][1]}" for name, why in doubts.items())
    return (f"{zh}。", f"{en}.") if doubts else ("", "")
