"""Pollution at an outfall, for whoever has to go and look."""

from __future__ import annotations

from agent.events import WarningLevel
from agent.texts.words import Pair, Told, duration

SOURCE = {
    "sewage": ("生活污水", "domestic sewage"),
    "industrial": ("工业废水", "industrial waste water"),
    "fish_pond": ("鱼塘排水", "a fish pond"),
    "storm_runoff": ("雨水径流", "storm runoff"),
    "unknown": ("来源不明", "an unknown source"),
}
WHY = {
    "cond_up": ("电导率升高", "conductivity up"),
    "cond_rather_up": ("电导率略升", "conductivity slightly up"),
    "cond_down": ("电导率降低", "conductivity down"),
    "do_down": ("溶解氧骤降", "oxygen down"),
    "do_low": ("溶解氧低", "oxygen low"),
    "turb_far_up": ("浊度剧升", "turbidity far up"),
    "turb_up": ("浊度升高", "turbidity up"),
    "ph_out": ("pH超出6-9", "pH outside 6 to 9"),
    "ph_far": ("pH突变", "pH changed"),
    "nh3_up": ("氨氮升高", "ammonia up"),
    "orp_down": ("氧化还原电位下降", "redox potential down"),
    "cod_up": ("COD升高", "COD up"),
    "level_up": ("水位上涨", "level up"),
}
UPSTREAM = {
    "same": ("上游探头同样异常", "the probe upstream sees the same"),
    "clean": (
        "上游探头正常，污染来自本排口",
        "the probe upstream is clean: it comes from this outfall",
    ),
}


def pollution(told: Told) -> Pair:
    """The sentence."""
    place = told.site.place
    if told.finding.level is None:
        return f"{place.zh}水质已恢复。", f"{place.en}: the water is as usual again."
    zh, en = SOURCE[str(told.evidence["source"])]
    if told.level is WarningLevel.BLUE:
        return (
            f"{place.zh}雨后水质变化，疑为{zh}，供参考。",
            f"{place.en}: the water has changed, likely by {en}. For information.",
        )
    act_zh, act_en = ("立即", "now") if told.level >= WarningLevel.ORANGE else ("今日", "today")
    likely = "" if told.evidence["source"] == "unknown" else "疑为"
    return (
        f"{place.zh}排口水质异常，{likely}{zh}，请{act_zh}到场核查并取样。",
        f"{place.en}: the outfall's water is polluted, likely by {en}. "
        f"Please go there {act_en} and take a sample.",
    )


def pollution_detail(told: Told) -> Pair:
    """What has changed, and for how long."""
    evidence = told.evidence
    for_zh, for_en = duration(float(evidence["for_s"]))
    if told.finding.level is None:
        return f"各项读数恢复正常已{for_zh}。", f"All channels as usual for {for_en}."
    pairs = [WHY[word] for word in evidence["why"]]
    if evidence["outside"]:
        limits = ", ".join(evidence["limits"])
        pairs.append((f"超出限值（{limits}）", f"outside the limits of {limits}"))
    if not pairs:
        pairs.append(("多项指标同时偏离", "several channels are off at once"))
    if evidence["upstream"]:
        pairs.append(UPSTREAM[evidence["upstream"]])
    zh = "、".join(pair[0] for pair in pairs)
    en = "; ".join(pair[1] for pair in pairs)
    return f"{zh}，已持续{for_zh}。", f"{en[:1].upper()}{en[1:]}, for {for_en}."
