"""What is said of an outfall, for the river's keepers and environmental officers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.events import WarningLevel
from agent.texts.words import COLOUR_ZH, Pair, Told, duration
from drivers.reading import Quantity

SOURCE = {
    "sewage": ("疑似生活污水", "probably domestic sewage"),
    "industrial": ("疑似工业废水", "probably industrial waste water"),
    "fish_pond": ("疑似鱼塘排水", "probably water from fish ponds"),
    "storm_runoff": ("雨水径流", "storm runoff"),
    "unknown": ("来源不明", "of unknown origin"),
}
WHY = {
    "do_low": ("溶解氧偏低", "little oxygen"),
    "do_down": ("溶解氧骤降", "oxygen down"),
    "turb_far_up": ("浊度剧升", "turbidity far up"),
    "cond_rather_up": ("电导率略升", "conductivity slightly up"),
    "ph_far": ("pH突变", "pH far from usual"),
    "orp_down": ("氧化还原电位骤降", "redox potential down"),
    "do_high": ("溶解氧偏高", "much oxygen"),
    "cond_up": ("电导率升高", "conductivity up"),
    "cond_down": ("电导率降低", "conductivity down"),
    "turb_up": ("浊度升高", "turbidity up"),
    "ph_out": ("pH超出6至9", "pH outside 6 to 9"),
    "ph_up": ("pH升高", "pH up"),
    "ph_down": ("pH降低", "pH down"),
    "nh3_up": ("氨氮升高", "ammonia nitrogen up"),
    "orp_low": ("氧化还原电位偏低", "redox potential low"),
    "cod_up": ("化学需氧量升高", "COD up"),
    "temp_up": ("水温升高", "warmer"),
    "chlorine": ("余氯异常", "chlorine unusual"),
    "level_up": ("水位上升", "level up"),
    "upstream": ("上游无此变化", "not so upstream"),
    "absolute": ("超过设定标准", "beyond the limits set for this site"),
}
GRADES = {
    "light": ("轻度黑臭", "lightly black and odorous"),
    "heavy": ("重度黑臭", "heavily black and odorous"),
    "beyond V": ("劣Ⅴ类", "beyond class V"),
    "I": ("Ⅰ类", "class I"),
    "II": ("Ⅱ类", "class II"),
    "III": ("Ⅲ类", "class III"),
    "IV": ("Ⅳ类", "class IV"),
    "V": ("Ⅴ类", "class V"),
}
CHANNEL: Mapping[str, tuple[str, str, str]] = {  # in both languages, and the unit
    Quantity.WATER_TEMP_DEGC: ("水温", "temperature", "°C"),
    Quantity.PH: ("pH", "pH", ""),
    Quantity.DISSOLVED_OXYGEN_MG_L: ("溶解氧", "oxygen", "mg/L"),
    Quantity.CONDUCTIVITY_US_CM: ("电导率", "conductivity", "µS/cm"),
    Quantity.TURBIDITY_NTU: ("浊度", "turbidity", "NTU"),
    Quantity.AMMONIA_N_MG_L: ("氨氮", "ammonia nitrogen", "mg/L"),
    Quantity.ORP_MV: ("氧化还原电位", "redox potential", "mV"),
    Quantity.COD_MG_L: ("化学需氧量", "COD", "mg/L"),
    Quantity.CHLORINE_MG_L: ("余氯", "chlorine", "mg/L"),
    Quantity.DEPTH_MM: ("水位", "level", "mm"),
}
ACT = {
    WarningLevel.BLUE: ("供参考", "For information."),
    WarningLevel.YELLOW: ("请今日内核查", "Please check on site today."),
    WarningLevel.ORANGE: ("请立即核查", "Please check on site now."),
    WarningLevel.RED: ("请立即核查", "Please check on site now."),
}


def pollution(told: Told) -> Pair:
    """The sentence: how urgent, and the likely source."""
    place, level = told.site.place, told.finding.level
    if level is None:
        return (
            f"{place.zh}水质已恢复平时水平，污染预警解除。",
            f"{place.en}: the water is as usual again; pollution warning lifted.",
        )
    source_zh, source_en = SOURCE.get(str(told.evidence.get("source")), SOURCE["unknown"])
    act_zh, act_en = ACT[level]
    is_lowered = told.was is not None and level < told.was
    head_zh = f"水质预警降为{COLOUR_ZH[level]}" if is_lowered else f"水质{COLOUR_ZH[level]}预警"
    head_en = (
        f"Pollution warning lowered to {level.word}"
        if is_lowered
        else f"{level.word.capitalize()} pollution warning"
    )
    return (
        f"{place.zh}{head_zh}：{source_zh}，{act_zh}。",
        f"{head_en}, {source_en}: {place.en}. {act_en}",
    )


def pollution_detail(told: Told) -> Pair:
    """What was measured, beside what is usual; the class of the water; why this source."""
    evidence = told.evidence
    parts: list[Pair] = []
    channels = _channels(evidence.get("channels", {}))
    if channels[0]:
        parts.append(channels)
    if "for_s" in evidence:
        for_zh, for_en = duration(float(evidence["for_s"]))
        if told.finding.level is None:
            parts.append((f"已恢复{for_zh}", f"as usual for {for_en}"))
        else:
            parts.append((f"已持续{for_zh}", f"for {for_en}"))
    if evidence.get("class"):
        name = str(evidence["class"])
        zh, en = GRADES.get(name, (name, name))
        parts.append((f"按所测项目相当于{zh}", f"by what is measured {en}"))
    if evidence.get("why") and told.finding.level is not None:
        words = [_why(str(word)) for word in evidence["why"]]
        zh, en = "、".join(w[0] for w in words), ", ".join(w[1] for w in words)
        parts.append((f"依据：{zh}", f"because: {en}"))
    return _sentence("；".join(p[0] for p in parts), "; ".join(p[1] for p in parts))


def discharge(told: Told) -> Pair:
    """The sentence: water is coming out, by how much it has risen."""
    place, level = told.site.place, told.finding.level
    if level is None:
        zh, en = {
            "rain": ("电导率下降，水位上升应为降雨所致，排放预警解除",
                     "the water has been thinned, so it was probably rain; "
                     "discharge warning lifted"),
            "lasting": ("水位已持续偏高一天，今后视为常态，排放预警关闭，请核实",
                        "the level has stayed high for a day and counts as usual from now on; "
                        "discharge warning closed. Please verify"),
        }.get(
            str(told.evidence.get("reason")),
            ("水位已回落，排放预警解除", "the level is back; discharge warning lifted"),
        )  # fmt: skip
        return f"{place.zh}{zh}。", f"{place.en}: {en}."
    rise_zh, rise_en = _rise(float(told.evidence["rise_mm"]))
    act_zh, act_en = ACT[level]
    if told.evidence["weather"] == "unknown":
        return (
            f"{place.zh}水位上升{rise_zh}，是否降雨未知，{act_zh}。",
            f"The outfall's level has risen by {rise_en}: {place.en}. "
            f"Whether it rains is not known. {act_en}",
        )
    return (
        f"{place.zh}无雨排水{COLOUR_ZH[level]}预警：水位升{rise_zh}，{act_zh}。",
        f"{level.word.capitalize()} warning of a discharge without rain: {place.en}. "
        f"The level has risen by {rise_en}. {act_en}",
    )


def discharge_detail(told: Told) -> Pair:
    """The level beside what is usual, the limit, and what tells the weather."""
    evidence = told.evidence
    if told.finding.level is None:
        for_zh, for_en = duration(float(evidence["for_s"]))
        peak_zh, peak_en = _rise(float(evidence["peak_rise_mm"]))
        parts = [(f"历时{for_zh}，最高上升{peak_zh}", f"Lasted {for_en}, at most {peak_en} up")]
    else:
        for_zh, for_en = duration(float(evidence["for_s"]))
        limit_zh, limit_en = _rise(float(evidence["limit"]))
        source_zh, source_en = {
            "learned": ("按近日波动", "from how much it moved of late"),
            "config": ("现场设定", "set for this site"),
        }.get(str(evidence["limit_source"]), ("默认", "default"))
        parts = [
            (
                f"高于平时水位已{for_zh}，上升超过{limit_zh}（{source_zh}）",
                f"For {for_en} more than {limit_en} ({source_en}) above the usual level",
            )
        ]
        if evidence["reason"] == "jump":
            parts.append(
                ("水位跳变过快，可能有遮挡物", "it came faster than water can: perhaps an object")
            )
    parts += [
        (
            f"电导率{value:g} µS/cm（平时{usual:g}）",
            f"conductivity {value:g} µS/cm (usual {usual:g})",
        )
        for value, usual in evidence["conductivity"].values()
    ]
    return _sentence("；".join(p[0] for p in parts), "; ".join(p[1] for p in parts))


def _channels(channels: Mapping[str, Any]) -> Pair:
    """Values with their usual ones; a usual of None is not known."""
    zh, en = [], []
    for name, (value, usual) in channels.items():
        name_zh, name_en, unit = CHANNEL.get(name, (name, name, ""))
        figure = f"{value:g} {unit}".rstrip()
        zh.append(f"{name_zh}{figure}" + ("" if usual is None else f"（平时{usual:g}）"))
        en.append(f"{name_en} {figure}" + ("" if usual is None else f" (usual {usual:g})"))
    return "，".join(zh), ", ".join(en)


def _why(word: str) -> Pair:
    return WHY.get(word, (word, word))


def _rise(mm: float) -> Pair:
    """Centimetres, to the half where they are few."""
    cm = f"{mm / 10:.0f}" if mm >= 100 else f"{round(mm / 5) / 2:g}"
    return f"{cm}厘米", f"{cm} cm"


def _sentence(zh: str, en: str) -> Pair:
    if not zh:
        return "", ""
    return f"{zh}。", f"{en[0].upper()}{en[1:]}."
