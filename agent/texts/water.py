"""Waterlogging: the sentence in the form that street officers forward, and figures and reasons.

| told | sentence |
| --- | --- |
| a level, measured | 广州市黄埔区萝岗街下中路内涝红色预警，请提醒市民及时绕行。 |
| a level, to be reached soon | 【预计】 before it |
| a level that is held without data | 【数据中断】 before it |
| a lower level | 内涝预警降为黄色 |
| only possible | 疑似内涝（红色）, with 【待核实】 before it; nobody is sent round for it |
| over | 内涝预警解除; of one that was only possible: 读数已恢复正常 |

Of the evidence only what is there is told, so that a detector may leave out what it does not know.
Each Chinese text is at most 70 characters, one text message, for a place of up to 20.
"""

from __future__ import annotations

from agent.events import Certainty
from agent.texts.words import COLOUR_ZH, Pair, Told, duration

# Why it is doubted, by the detector's word for it, and what else somebody on site looks at.
DOUBT = {
    "object": (
        ("读数突变，水不会涨得这样快，可能是车辆或杂物遮挡", "，并移开遮挡物"),
        ("the level came faster than water can: perhaps a car or an object", ", and move it"),
    ),
    "two_state": (
        ("读数在两个高度间来回跳变，可能有物体时遮时离", "和探头下方物体"),
        (
            "the level jumps between two heights: perhaps an object",
            ", and what is below the sensor",
        ),
    ),
    "second_echo": (
        ("回波可能来自旁边物体，并非水面", "，并清理探头周围"),
        ("the echo may come from something beside the sensor", ", and clear what is around it"),
    ),
    "no_echo": (
        ("探头大量丢失回波，读数不可靠", "，并清洁探头"),
        ("many echoes are lost, so the level is unreliable", ", and clean the sensor"),
    ),
    "stuck": (
        ("读数长时间不变，探头可能失灵", "，并检查探头"),
        ("the reading does not move: the sensor may have failed", ", and check it"),
    ),
    "unsteady": (
        ("读数忽高忽低，不像水面", "，并检查探头和支架"),
        ("the level is too unsteady for water", ", and check the sensor and its bracket"),
    ),
    "drift": (
        ("探头零点偏移过大，支架可能倾斜", "，并校正安装"),
        ("the sensor's zero has moved too far: its post may lean", ", and set it right"),
    ),
    "blocked": (
        ("探头前方长时间有物体遮挡", "，并移开遮挡物"),
        ("something has stood before the sensor for hours", ", and move it"),
    ),
    "gap": (
        ("数据中断后读数已高，未见上涨过程", ""),
        ("the level was high after a gap in the data; nobody saw it rise", ""),
    ),
}
OTHER_DOUBT = (("读数可疑", "，并检查探头"), ("the reading is doubtful", ", and check the sensor"))
TREND = {
    "rising": ("水位上涨", "rising"),
    "steady": ("水位平稳", "steady"),
    "falling": ("水位回落", "falling"),
}
SLOWEST_MM_MIN = 0.5  # what is told as a rate; below it, it says nothing


def waterlogging(told: Told) -> Pair:
    """The sentence."""
    place, level = told.site.place, told.level
    colour = COLOUR_ZH[level]
    if told.finding.level is None:
        return _over(told)
    mark_zh, mark_en = _mark(told)
    if told.finding.certainty is Certainty.POSSIBLE:
        return (
            f"{mark_zh}{place.zh}疑似内涝（{colour}），请派人到场核实。",
            f"{mark_en}Possible waterlogging, level {level.word}: {place.en}. "
            "Please send somebody to look.",
        )
    if told.was is not None and level < told.was:
        return (
            f"{mark_zh}{place.zh}内涝预警降为{colour}，请提醒市民继续注意绕行。",
            f"{mark_en}Waterlogging warning lowered to {level.word}: {place.en}. "
            "Please keep advising people to detour.",
        )
    return (
        f"{mark_zh}{place.zh}内涝{colour}预警，请提醒市民及时绕行。",
        f"{mark_en}{level.word.capitalize()} waterlogging warning: {place.en}. "
        "Please advise people to detour.",
    )


def waterlogging_detail(told: Told) -> Pair:
    """Depth, trend, rate and limit; why it is doubted, and what to do on site."""
    if told.finding.level is None:
        return _over_detail(told)
    if _stale_s(told):
        return _held_detail(told)
    if told.finding.certainty is Certainty.POSSIBLE:
        return _doubt_detail(told)
    if _is_ahead(told):
        return _ahead_detail(told)
    if told.was is not None and told.level < told.was:
        return _fall_detail(told)
    return _rise_detail(told)


def _over(told: Told) -> Pair:
    place = told.site.place
    if told.certainty is Certainty.POSSIBLE:
        return (
            f"{place.zh}疑似内涝读数已恢复正常，待核实警报解除。",
            f"Possible waterlogging is over: {place.en}. The readings are normal again.",
        )
    return (
        f"{place.zh}内涝预警解除，请确认路面安全后恢复通行。",
        f"Waterlogging warning lifted: {place.en}. "
        "Please make sure that the road is safe before reopening it.",
    )


def _over_detail(told: Told) -> Pair:
    limit = told.evidence.get("limit")
    for_zh, for_en = _for(told)
    below_zh = f"积水已低于{limit / 10:g}厘米" if limit else "积水已退"
    below_en = f"Below {limit / 10:g} cm" if limit else "The water is gone"
    peak = None if told.certainty is Certainty.POSSIBLE else _peak(told)
    peak_zh, peak_en = (f"；{peak[0]}", f"; {peak[1]}") if peak else ("", "")
    return f"{below_zh}{for_zh}{peak_zh}。", f"{below_en}{for_en}{peak_en}."


def _doubt_detail(told: Told) -> Pair:
    (why_zh, more_zh), (why_en, more_en) = DOUBT.get(str(told.evidence.get("doubt")), OTHER_DOUBT)
    cm = _cm(told)
    return (
        f"读数相当于积水约{cm}厘米；{why_zh}。请到场查看有无积水{more_zh}。",
        f"Reads as about {cm} cm of water; {why_en}. Please look whether there is water{more_en}.",
    )


def _held_detail(told: Told) -> Pair:
    """The depth is that of before; where the detector tells none any more, the greatest one."""
    since_zh, since_en = duration(_stale_s(told))
    depth_zh, depth_en = _depth(told)
    if told.finding.value is None:
        depth_zh, depth_en = _peak(told) or ("水深不明", "depth unknown")
    return (
        f"已{since_zh}无有效数据，维持{COLOUR_ZH[told.level]}；中断前{depth_zh}。"
        "请到场查看水情和设备。",
        f"No valid data for {since_en}, so {told.level.word} is held; before that: "
        f"{depth_en}. Please look at the water and the device on site.",
    )


def _ahead_detail(told: Told) -> Pair:
    depth_zh, depth_en = _depth(told)
    limit = float(told.evidence["limit"]) / 10
    colour = COLOUR_ZH[told.level]
    return (
        f"{depth_zh}，预计10分钟内达到{colour}限值{limit:g}厘米{_source(told)[0]}。",
        f"{_upper(depth_en)}; expected to reach the {told.level.word} limit of {limit:g} cm"
        f"{_source(told)[1]} within 10 min.",
    )


def _fall_detail(told: Told) -> Pair:
    assert told.was is not None
    depth_zh, depth_en = _depth(told, "falling")
    for_zh, for_en = _for(told)
    peak = _peak(told)
    peak_zh, peak_en = (f"；{peak[0]}", f"; {peak[1]}") if peak else ("", "")
    return (
        f"{depth_zh}，低于{COLOUR_ZH[told.was]}解除线{for_zh}{peak_zh}。",
        f"{_upper(depth_en)}; low enough to end {told.was.word}{for_en}{peak_en}.",
    )


def _rise_detail(told: Told) -> Pair:
    depth_zh, depth_en = _depth(told)
    limit = told.evidence.get("limit")
    if not limit:
        return f"{depth_zh}。", f"{_upper(depth_en)}."
    for_zh, for_en = _for(told)
    is_sure = told.finding.certainty is Certainty.OBSERVED
    sure_zh, sure_en = ("", "") if is_sure else ("；很可能，尚待确认", "; likely, not yet certain")
    return (
        f"{depth_zh}，已达{COLOUR_ZH[told.level]}限值{limit / 10:g}厘米{_source(told)[0]}"
        f"{for_zh}{sure_zh}。",
        f"{_upper(depth_en)}; at or above the {told.level.word} limit of {limit / 10:g} cm"
        f"{_source(told)[1]}{for_en}{sure_en}.",
    )


def _mark(told: Told) -> Pair:
    """What stands before a sentence that rests on something else than a measured depth."""
    if _stale_s(told):
        return "【数据中断】", "[No data, level held] "
    return ("【预计】", "[Expected] ") if _is_ahead(told) else ("", "")


def _is_ahead(told: Told) -> bool:
    """Whether the level is told before the water has stood at it.

    It has not reached it, or the detector's reason is the rate.
    """
    if told.finding.certainty is not Certainty.LIKELY or "limit" not in told.evidence:
        return False
    value = told.finding.value
    is_below = value is not None and value[1] < told.evidence["limit"]
    return is_below or told.evidence.get("reason") == "rate"


def _stale_s(told: Told) -> float:
    return float(told.evidence.get("stale_s") or 0.0)


def _cm(told: Told) -> int:
    """The depth in whole centimetres."""
    return round(told.finding.value[1] / 10) if told.finding.value else 0


def _peak(told: Told) -> Pair | None:
    peak_mm = told.evidence.get("peak_mm")
    if not peak_mm:
        return None
    return f"最深时约{peak_mm / 10:.0f}厘米", f"greatest depth about {peak_mm / 10:.0f} cm"


def _depth(told: Told, trend: str = "") -> Pair:
    """Depth, trend and rate, as far as they are known."""
    zh, en = f"积水约{_cm(told)}厘米", f"depth about {_cm(told)} cm"
    known = TREND.get(str(told.evidence.get("trend") or trend))
    if known:
        zh, en = f"{zh}，{known[0]}", f"{en}, {known[1]}"
    rate_mm_min = abs(float(told.evidence.get("rate_mm_min") or 0.0))
    if known and rate_mm_min >= SLOWEST_MM_MIN and known != TREND["steady"]:
        zh = f"{zh}（每分钟{rate_mm_min / 10:.1f}厘米）"
        en = f"{en} by {rate_mm_min / 10:.1f} cm a minute"
    return zh, en


def _for(told: Told) -> Pair:
    """For how long, with what joins it to the words before."""
    for_s = float(told.evidence.get("for_s") or 0.0)
    if not for_s:
        return "", ""
    zh, en = duration(for_s)
    return f"，持续{zh}", f" for {en}"


def _source(told: Told) -> Pair:
    """Where the limit comes from."""
    source = told.evidence.get("limit_source")
    if source == "config":
        return "（现场设定）", " (set for this site)"
    return ("（默认）", " (default)") if source == "default" else ("", "")


def _upper(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
