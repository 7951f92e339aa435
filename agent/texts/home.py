"""What is said of somebody who lives alone; read by relatives, neighbours and officers."""

from __future__ import annotations

from agent.texts.words import ACT, COLOUR_ZH, Pair, Told, duration


def stillness(told: Told) -> Pair:
    """The sentence."""
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


def stillness_detail(told: Told) -> Pair:
    """Where, and beyond which limit."""
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
            f"超过该时段的个人限值{limit_zh}（近{days}天此处此时段最长{longest_zh}）",
            f"beyond this person's limit of {limit_en} here at this time of day "
            f"(longest in {days} days: {longest_en})",
        ),
        "room": (
            f"超过该房间的个人限值{limit_zh}（近{days}天最长{longest_zh}）",
            f"beyond this person's limit of {limit_en} in this room "
            f"(longest in {days} days: {longest_en})",
        ),
        "hour": (
            f"超过该时段的个人限值{limit_zh}（近{days}天此时段其他房间最长{longest_zh}）",
            f"beyond this person's limit of {limit_en} at this time of day "
            f"(longest elsewhere in {days} days: {longest_en})",
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


def outing(told: Told) -> Pair:
    """The sentence."""
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


def outing_detail(told: Told) -> Pair:
    """The limit, and what it rests on."""
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


def sleep(told: Told) -> Pair:
    """The sentence."""
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


def sleep_detail(told: Told) -> Pair:
    """The limit, and what it rests on."""
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


def meals(told: Told) -> Pair:
    """The sentence."""
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


def meals_detail(told: Told) -> Pair:
    """What was seen in the kitchen."""
    evidence = told.evidence
    if told.finding.level is None:
        return "", ""
    return (
        f"厨房活动{evidence['score']}次，通常不少于{evidence['limit']:g}次"
        f"（已学习{evidence['days_learned']}天）。",
        f"Seen in the kitchen {evidence['score']} times; usually at least "
        f"{evidence['limit']:g} ({evidence['days_learned']} days learned).",
    )


def smoke(told: Told) -> Pair:
    """The sentence."""
    place = told.site.place
    if told.finding.level is None:
        return f"{place.zh}烟雾报警已解除。", f"{place.en}: the smoke alarm has ended."
    return (
        f"{place.zh}住户烟雾报警，请立即联系住户并核实火情。",
        f"Smoke alarm: {place.en}. Call the resident and check for fire now.",
    )


def call_for_help(told: Told) -> Pair:
    """The sentence."""
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
