"""Waterlogging, in the form that street officers forward."""

from __future__ import annotations

from agent.texts.words import COLOUR_ZH, Pair, Told, duration


def waterlogging(told: Told) -> Pair:
    """The sentence."""
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


def waterlogging_detail(told: Told) -> Pair:
    """Depth, trend, limit."""
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
