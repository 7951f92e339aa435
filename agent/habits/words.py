"""What is known of a home, as a few sentences for a relative and a technician; zh and en. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from agent.detectors import sleep
from agent.detectors.hours import zone_of
from agent.detectors.outing import ENOUGH as OUTINGS_ENOUGH
from agent.detectors.patience import LEARN_FROM, LEARN_UNTIL
from agent.habits.day import Day, Meal, Nights, Outings, Stillness
from agent.texts.faults import DOUBT
from agent.texts.home import SLOT
from agent.texts.words import ROLE, Pair, duration

Lang = Literal["zh", "en", "both"]


def put(lang: Lang, pair: Pair) -> str:
    """One or both of two short texts."""
    zh, en = pair
    return {"zh": zh, "en": en, "both": f"{zh} {en}"}[lang]


def title(day: Day) -> Pair:
    """Whose day, and as of when."""
    if day.wall is None:
        return f"{day.site} 的一天：尚无任何记录", f"The day of {day.site}: nothing recorded yet"
    at = f"{datetime.fromtimestamp(day.wall, zone_of(day.zone)):%Y-%m-%d %H:%M}"
    return f"{day.site} 的一天，截至 {at}", f"The day of {day.site}, as of {at}"


def legend() -> Pair:
    """How to read the drawing of stillness."""
    return (
        "横线：静止多久报警（取最久的起居处）。柱：目前所知最长的静止。清醒时按开始的时段。",
        "Line: stillness that raises an alarm, in the room that allows most. Bars: the longest "
        "known. Awake, by when it begins.",
    )


def sentences(day: Day) -> list[Pair]:
    """What is known, one thing a sentence."""
    found = [_learned(day), _awake(day)]
    if day.bed is not None:
        found.append(_bed(day, day.bed))
    found += [_nights(day.sleep)] if day.sleep is not None or day.bed is not None else []
    if day.out is not None:
        found.append(_out(day.out))
    found += [_meals(day)] if day.meals else []
    found.append(_doubts(day))
    return found


def clock(hour: float) -> str:
    """An hour of the day, to the minute; 26.5 is 02:30."""
    minutes = round(hour * 60) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _learned(day: Day) -> Pair:
    match day.source:
        case "default":
            return (
                f"已了解{day.days}天，不足{LEARN_FROM}天：用固定限值。",
                f"{_days(day.days)} known, fewer than {LEARN_FROM}: fixed limits hold.",
            )
        case "blended":
            return (
                f"已了解{day.days}天：限值由固定值逐步过渡到个人习惯（{day.share:.0%}），"
                f"满{LEARN_UNTIL}天后完全按习惯。",
                f"{_days(day.days)} known: limits are blended, {day.share:.0%} learned and the "
                f"rest fixed; learned alone from day {LEARN_UNTIL} on.",
            )
    return (
        f"已了解{day.days}天：限值按个人习惯。",
        f"{_days(day.days)} known: limits are this person's own.",
    )


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def _awake(day: Day) -> Pair:
    zh, en = _limits(day.awake)
    yellow = sorted((minutes, role) for role, minutes in day.yellow_min.items())
    if not yellow:
        return f"清醒时静止{zh}报警。", f"Awake, stillness of {en} raises an alarm."
    rooms_zh = "、".join(f"{ROLE[r][0]}{duration(60 * m)[0]}" for m, r in yellow)
    rooms_en = ", ".join(f"{ROLE[r][1]} {duration(60 * m)[1]}" for m, r in yellow)
    return (
        f"清醒时静止{zh}报警；此前先发黄色提醒：{rooms_zh}。",
        f"Awake, stillness of {en} raises an alarm; a yellow one comes first: {rooms_en}.",
    )


def _bed(day: Day, bed: Stillness) -> Pair:
    zh, en = _limits(bed)
    if day.up_by_h is None:
        return f"卧床静止{zh}报警。", f"In bed, stillness of {en} raises one."
    at = clock(day.up_by_h)
    return (
        f"卧床静止{zh}报警，{at}仍未起床也报警。",
        f"In bed, stillness of {en} raises one, and so does not being up by {at}.",
    )


def _limits(still: Stillness) -> Pair:
    known = [minutes for minutes in still.limit_min if minutes is not None]
    (low_zh, low_en), (high_zh, high_en) = (
        duration(60 * round(minutes)) for minutes in (min(known), max(known))
    )
    if low_en == high_en:
        return low_zh, low_en
    return f"{low_zh}至{high_zh}（视时段）", f"{low_en} to {high_en}, by the hour,"


def _nights(nights: Nights | None) -> Pair:
    if nights is None:
        return "尚未了解夜间作息。", "No night is known yet."
    onset, wake = (_around(*map(clock, hours)) for hours in (nights.onset_h, nights.wake_h))
    length = _around(*(f"{hours:.1f}" for hours in nights.length_h))
    count = f"{nights.count} night{'' if nights.count == 1 else 's'}"
    zh = f"{nights.count}夜，通常（范围）：入睡{onset[0]}，起床{wake[0]}，睡{length[0]}小时。"
    en = f"{count}, usually (range): asleep {onset[1]}, up {wake[1]}, for {length[1]} h."
    if nights.count < sleep.ENOUGH:
        zh += f"满{sleep.ENOUGH}夜后才判断异常。"
        en += f" Nothing is told of nights before {sleep.ENOUGH} are known."
    return zh, en


def _around(low: str, middle: str, high: str) -> Pair:
    if low == high:
        return middle, middle
    return f"{middle}（{low}-{high}）", f"{middle} ({low}-{high})"


def _out(out: Outings) -> Pair:
    limit_zh, limit_en = duration(60 * out.limit_min)
    if not out.count:
        return (
            f"尚未了解外出习惯；外出超过{limit_zh}报警。",
            f"No outing is known yet; absence of {limit_en} raises an alarm.",
        )
    hours = "、".join(_busiest(out.leavings)), ", ".join(_busiest(out.leavings))
    longest_zh, longest_en = duration(60 * out.longest_min)
    zh = f"外出{out.count}次，多在{hours[0]}出门，最长{longest_zh}；超过{limit_zh}报警。"
    en = (
        f"{out.count} outing{'' if out.count == 1 else 's'}, most begun {hours[1]}, the longest "
        f"{longest_en}; absence of {limit_en} raises an alarm."
    )
    if out.count < OUTINGS_ENOUGH:
        zh += f"满{OUTINGS_ENOUGH}次后按习惯判断。"
        en += f" Learned limits hold from {OUTINGS_ENOUGH} on."
    return zh, en


def _busiest(leavings: Sequence[int]) -> list[str]:
    """Spans of half-hours with at least half as many leavings as the busiest; three at most."""
    busy = [2 * count >= max(leavings) for count in leavings]
    starts = [n for n, is_busy in enumerate(busy) if is_busy and not (n and busy[n - 1])]
    spans = [(n, next((m for m in range(n, len(busy)) if not busy[m]), len(busy))) for n in starts]
    ranked = sorted(spans, key=lambda span: -sum(leavings[slice(*span)]))[:3]
    return [f"{clock(first / 2)}-{clock(stop / 2)}" for first, stop in sorted(ranked)]


def _meals(day: Day) -> Pair:
    if not any(meal.days for meal in day.meals.values()):
        return "尚未了解用餐习惯。", "No meal is known yet."
    told = [(SLOT[slot], meal) for slot, meal in day.meals.items()]
    zh = "；".join(f"{name[0]}{_meal(meal)[0]}" for name, meal in told)
    en = "; ".join(f"{name[1]} {_meal(meal)[1]}" for name, meal in told)
    return f"{zh}。", f"{en[0].upper()}{en[1:]}."


def _meal(meal: Meal) -> Pair:
    hours = f"{clock(meal.from_h)}-{clock(meal.until_h)}"
    zh, en = f"{meal.used}/{meal.days}天", f"on {meal.used} of {_days(meal.days)}"
    if meal.is_habit:
        return f"{hours}，{zh}", f"{hours} {en}"
    return f"{hours}，{zh}，缺餐尚不报", f"{hours} {en}, not missed yet"


def _doubts(day: Day) -> Pair:
    if not day.doubts:
        return "所有传感器可信。", "Every sensor is believed."
    zh = "；".join(f"{name}{DOUBT[why][0]}" for name, why in day.doubts.items())
    en = "; ".join(f"{name} {DOUBT[why][1]}" for name, why in day.doubts.items())
    return f"暂不采信：{zh}。这期间不学习。", f"Not believed: {en}. Nothing is learned meanwhile."
