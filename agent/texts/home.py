"""What is said of somebody who lives alone; read by relatives, neighbours and officers."""

from __future__ import annotations

import math

from agent.texts.words import ACT, COLOUR_ZH, Pair, Told, duration


def stillness(told: Told) -> Pair:
    """The sentence."""
    place, level = told.site.place, told.finding.level
    if level is None:
        return (
            f"{place.zh}家中又有活动，长时间无活动预警解除。",
            f"{place.en}: movement has been seen again; stillness warning lifted.",
        )
    act_zh, act_en = ACT[level]
    if told.evidence["reason"] == "not_up":
        return (
            f"{place.zh}住户今早未见起床，{COLOUR_ZH[level]}预警，{act_zh}。",
            f"{level.word.capitalize()} warning: nobody has been seen to get up at {place.en}. "
            f"{act_en}",
        )
    for_zh, for_en = duration(float(told.evidence["for_s"]))
    return (
        f"{place.zh}住户已{for_zh}未见活动，{COLOUR_ZH[level]}预警，{act_zh}。",
        f"{level.word.capitalize()} warning: no movement seen for {for_en} at {place.en}. {act_en}",
    )


BESIDE = {
    "": ("", ""),
    "company": ("当时家中可能有访客。", " Somebody else may have been there."),
    "pet": ("此后零星的活动可能来自宠物。", " Single movements since may be the pet's."),
}


def stillness_detail(told: Told) -> Pair:
    """Where, and beyond which limit."""
    evidence = told.evidence
    if told.finding.level is None:
        zh, en = told.room(told.finding.sensors[0])
        return f"{zh}检测到活动。", f"Movement {en}."
    for_zh, for_en = duration(float(evidence["for_s"]))
    limit_zh, limit_en = duration(float(evidence["limit"]) * 60)
    days = int(evidence["days_learned"])
    longest_zh, longest_en = duration(float(evidence["longest_min"]) * 60)
    zh, en = told.room(str(evidence["last_sensor"]))
    why_zh, why_en = {
        "line": (
            f"近{days}天此时段在此最久{longest_zh}未见活动，满{limit_zh}即预警",
            f"the longest without movement there at this time of day in {days} days was "
            f"{longest_en}, and {limit_en} is the limit",
        ),
        "room": (
            f"近{days}天在此最久{longest_zh}未见活动，满{limit_zh}即预警",
            f"the longest without movement there in {days} days was {longest_en}, "
            f"and {limit_en} is the limit",
        ),
        "day": (
            f"近{days}天在此任何时段最久{longest_zh}未见活动，此时段满{limit_zh}即预警",
            f"the longest without movement there at any time of day in {days} days was "
            f"{longest_en}, and {limit_en} is the limit at this one",
        ),
        "hour": (
            f"近{days}天此时段在别处最久{longest_zh}未见活动，在此满{limit_zh}即预警",
            f"the longest without movement elsewhere at this time of day in {days} days was "
            f"{longest_en}, and {limit_en} is the limit there",
        ),
        "not_up": (
            f"{for_zh}前；已过近三周最晚起床时间一小时",
            f"{for_en} ago; an hour past the latest rising of three weeks",
        ),
        "ceiling": (
            f"满{limit_zh}未见活动一律预警",
            f"{limit_en} without movement is a fixed limit",
        ),
    }[str(evidence["reason"])]
    beside_zh, beside_en = BESIDE[str(evidence.get("beside", ""))]
    if evidence["reason"] == "not_up":
        return (
            f"最后一次活动在{zh}，{why_zh}。{beside_zh}",
            f"Last movement {en}, {why_en}.{beside_en}",
        )
    return f"最后一次活动在{zh}；{why_zh}。{beside_zh}", f"Last movement {en}; {why_en}.{beside_en}"


def outing(told: Told) -> Pair:
    """The sentence; a closed door and a quiet home are all that is known of an outing."""
    place, reason = told.site.place, str(told.evidence.get("reason", ""))
    if told.finding.level is None:
        zh, en = {
            "returned": ("已有人回到家中，外出提示解除", "somebody has come home; notice lifted"),
            "": ("大门及外出提示解除", "notice about the front door or an outing lifted"),
        }.get(reason, ("家中有人活动，外出提示解除", "somebody is about at home; notice lifted"))
        return f"{place.zh}{zh}。", f"{place.en}: {en}."
    for_zh, for_en = duration(float(told.evidence["for_s"]))
    is_learned = told.evidence.get("limit_source") == "learned"
    usual_zh, usual_en = ("久于平时，", ", longer than usual") if is_learned else ("", "")
    return {
        "night_exit": (
            f"{place.zh}住户可能夜间外出，已{for_zh}未归，请联系确认。",
            f"{place.en}: the resident seems to have left at night, {for_en} ago. Please call.",
        ),
        "absent_long": (
            f"{place.zh}住户可能外出已{for_zh}未归，{usual_zh}请联系确认。",
            f"{place.en}: the resident seems to have been out for {for_en}{usual_en}. Please call.",
        ),
        "unusual_hour": (
            f"{place.zh}住户可能在不常见的时间外出，供参考。",
            f"{place.en}: the resident seems to have gone out at an unusual hour. For information.",
        ),
        "door_left_open": (
            f"{place.zh}大门已敞开{for_zh}，请提醒住户关门。",
            f"{place.en}: the front door has stood open for {for_en}. Please remind the resident.",
        ),
        "travelling": (
            f"{place.zh}住户可能外出已超过一天，或在外过夜，回家前不再提示。",
            f"{place.en}: the resident seems to have been away for a day, perhaps travelling. "
            "Nothing more is told until the return.",
        ),
    }[reason]


LEFT_BY = {
    "door": ("大门关闭后", "the front door closed"),
    "door_open": ("大门打开后", "the front door opened"),
    "no_contact": ("门厅有人经过后", "somebody passed the entry"),
}


def outing_detail(told: Told) -> Pair:
    """What it rests on, and the limit where it is one."""
    evidence, reason = told.evidence, str(told.evidence.get("reason", ""))
    if told.finding.level is None or "limit" not in evidence:
        return "", ""
    limit_zh, limit_en = duration(float(evidence["limit"]) * 60)
    if reason == "door_left_open":
        return f"满{limit_zh}即提示。", f"The limit is {limit_en}."
    since_zh, since_en = LEFT_BY[str(evidence["left_by"])]
    seen_zh, seen_en = f"{since_zh}家中未见有人活动", f"Nobody has been about since {since_en}"
    count = int(evidence["outings_learned"])
    more_zh, more_en = {
        "absent_long": (f"；满{limit_zh}即提示", f"; the limit is {limit_en}"),
        "unusual_hour": (
            f"；此前{count}次外出均不在此时",
            f"; none of the {count} outings so far began at this time",
        ),
    }.get(reason, ("", ""))
    return f"{seen_zh}{more_zh}。", f"{seen_en}{more_en}."


def sleep(told: Told) -> Pair:
    """The sentence."""
    place, reason = told.site.place, str(told.evidence.get("reason", ""))
    if told.finding.level is None:
        if reason == "up":
            return (
                f"{place.zh}住户已离开卧室，未起床提示解除。",
                f"{place.en}: the resident has left the bedroom; notice lifted.",
            )
        return f"{place.zh}睡眠提示结束。", f"{place.en}: the notice about sleep has ended."
    for_zh, for_en = duration(float(told.evidence["for_s"]))
    return {
        "late_rising": (
            f"{place.zh}住户已过平时最晚起床时间仍未离开卧室，请今日内联系查看。",
            f"{place.en}: the resident is still in the bedroom, later than usual. "
            "Please look in today.",
        ),
        "short_night": (
            f"{place.zh}住户昨夜睡眠可能明显偏短，供参考。",
            f"{place.en}: the resident seems to have slept much less than usual. For information.",
        ),
        "long_night": (
            f"{place.zh}住户昨夜睡眠可能明显偏长，供参考。",
            f"{place.en}: the resident seems to have slept much longer than usual. "
            "For information.",
        ),
        "restless": (
            f"{place.zh}住户昨夜起床次数可能明显增多，供参考。",
            f"{place.en}: the resident seems to have got up more often than usual. "
            "For information.",
        ),
        "up_at_night": (
            f"{place.zh}住户夜间可能已离床{for_zh}，供参考。",
            f"{place.en}: the resident seems to have been out of bed for {for_en} at night. "
            "For information.",
        ),
    }[reason]


def sleep_detail(told: Told) -> Pair:
    """What was seen, and the limit."""
    evidence, reason = told.evidence, str(told.evidence.get("reason", ""))
    if told.finding.level is None or "limit" not in evidence:
        return "", ""
    for_zh, for_en = duration(float(evidence["for_s"]))
    limit, nights = float(evidence["limit"]), int(evidence["nights_learned"])
    by_zh, by_en = f"参照近{nights}晚", f"going by the last {nights} nights"
    if reason == "late_rising":
        minutes = round(limit * 60)
        clock = f"{minutes // 60 % 24}:{minutes % 60:02d}"
        return (
            f"在卧室已{for_zh}；近{nights}晚后起床均早于{clock}。",
            f"In the bedroom for {for_en}; up before {clock} after each of the last "
            f"{nights} nights.",
        )
    exits = evidence.get("exits")
    return {
        "short_night": (
            f"约{for_zh}；{by_zh}，不足{limit:.1f}小时为偏短。",
            f"About {for_en}; {by_en}, less than {limit:.1f} h is short.",
        ),
        "long_night": (
            f"约{for_zh}；{by_zh}，超过{limit:.1f}小时为偏长。",
            f"About {for_en}; {by_en}, more than {limit:.1f} h is long.",
        ),
        "restless": (
            f"起床{exits}次；{by_zh}，满{limit:.0f}次为偏多。",
            f"Up {exits} times; {by_en}, {limit:.0f} times are many.",
        ),
        "up_at_night": (
            f"离床满{limit:.0f}分钟即提示。",
            f"Told after {limit:.0f} min out of bed.",
        ),
    }[reason]


SLOT = {
    "breakfast": ("早餐", "breakfast"),
    "lunch": ("午餐", "lunch"),
    "dinner": ("晚餐", "dinner"),
}


def meals(told: Told) -> Pair:
    """The sentence; that the kitchen is used is all that is known of a meal."""
    place = told.site.place
    zh, en = SLOT[str(told.evidence["slot"])]
    if told.finding.level is None:
        return (
            f"{place.zh}{zh}时段厨房又有活动，用餐提示解除。",
            f"{place.en}: the kitchen was used at {en} time; notice about meals lifted.",
        )
    missed = int(told.evidence["missed"])
    reason = str(told.evidence["reason"])
    if reason == "not_eating" and not told.evidence["kitchen_seen"]:
        return (
            f"{place.zh}厨房已两天无人活动，或为传感器故障，请今日内联系查看。",
            f"{place.en}: nobody was seen in the kitchen for two days; its sensor may be dead. "
            "Please look in today.",
        )
    return {
        "missed": (
            f"{place.zh}住户可能未吃{zh}，供参考。",
            f"{place.en}: the resident seems to have missed {en}. For information.",
        ),
        "missed_twice": (
            f"{place.zh}住户可能连续{missed}餐未吃（最近为{zh}），请今日内联系查看。",
            f"{place.en}: the resident seems to have missed {missed} meals in a row "
            f"({en} the last). Please look in today.",
        ),
        "not_eating": (
            f"{place.zh}住户可能已两天未用餐，请立即联系或上门查看。",
            f"{place.en}: the resident seems not to have eaten for two days. "
            "Please call or visit now.",
        ),
    }[reason]


def meals_detail(told: Told) -> Pair:
    """What was seen in the kitchen."""
    evidence = told.evidence
    if told.finding.level is None:
        return "", ""
    score, least, days = evidence["score"], math.ceil(evidence["limit"]), evidence["days_learned"]
    return (
        f"厨房活动在40分钟内最多{score}次，参照近{days}天，不足{least}次视为未用餐。",
        f"Seen in the kitchen {'once' if score == 1 else f'{score} times'} within 40 min at most; "
        f"going by the last {days} days, "
        f"fewer than {least} are no meal.",
    )


def smoke(told: Told) -> Pair:
    """The sentence."""
    place = told.site.place
    if told.finding.level is None:
        return (
            f"{place.zh}烟雾报警器已停止报警，请确认现场安全。",
            f"{place.en}: the smoke alarm has stopped. Please make sure that there is no fire.",
        )
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
