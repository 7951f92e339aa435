"""A day as lines of text, 80 columns at most: a column for each half-hour. Pure.

The two drawings of stillness have four rows each. A bar rises by eighths of a row to the longest
silence known; the limit is a line through the row that it lies in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agent.detectors.habits import BINS
from agent.habits.day import Day, Meal, Stillness
from agent.habits.words import Lang, legend, put, sentences, title
from agent.texts.home import SLOT
from agent.texts.words import Pair
from agent.width import columns, pad, wrap

WIDTH, LABEL = 80, 20
ROWS = 4
EIGHTHS = " ▁▂▃▄▅▆▇█"
LIMIT = "━"
SHADES = " ░▒▓█"
AWAKE, BED = ("清醒", "awake"), ("卧床", "in bed")
ASLEEP, LEAVES, MEALS = ("睡眠", "asleep"), ("出门", "leaves"), ("用餐", "meals")


def lines(day: Day, lang: Lang) -> list[str]:
    """The drawing, and the sentences below it."""
    found = _both(lang, title(day), "")
    found += ["", pad("", LABEL) + "".join(f"{hour:<6}" for hour in range(0, 24, 3)) + "24"]
    found += _stillness(put(lang, AWAKE), day.awake)
    if day.bed is not None:
        found += _stillness(put(lang, BED), day.bed)
    if day.sleep is not None:
        found.append(pad(put(lang, ASLEEP), LABEL) + strip(day.sleep.asleep))
    if day.out is not None and day.out.count:
        most = max(day.out.leavings)
        bars = [_eighth(count / most) for count in day.out.leavings]
        found.append(pad(put(lang, LEAVES), LABEL) + "".join(bars))
    if day.meals:
        for number, language in enumerate(("zh", "en")):
            if lang in {language, "both"}:
                label = MEALS[number]
                found.append(pad(label, LABEL) + slots(day.meals, number))
    found = [line.rstrip() for line in found]
    for pair in (legend(), ("", ""), *sentences(day)):
        found += _both(lang, pair, "") if any(pair) else [""]
    return found


def strip(shares: Sequence[float]) -> str:
    """Shares from 0 to 1 as shades: blank for never, full for always."""
    return "".join(SHADES[0 if not s else max(1, int(s * (len(SHADES) - 1)))] for s in shares)


def slots(meals: Mapping[str, Meal], language: int) -> str:
    """The hours of each meal with its name: in brackets a habit, in dots none yet."""
    row, drawn = "", 0
    for slot, meal in meals.items():
        first, stop = round(meal.from_h * 2), round(meal.until_h * 2)
        row += " " * (first - drawn)
        name = SLOT[slot][language]
        room = stop - first - 2 - columns(name)
        left, right, fill = ("[", "]", " ") if meal.is_habit else (".", ".", ".")
        row += left + fill * (room // 2) + name + fill * (room - room // 2) + right
        drawn = stop
    return pad(row, BINS)


def _stillness(label: str, still: Stillness) -> Iterator[str]:
    step_min = still.ceiling_min / ROWS
    for row in reversed(range(ROWS)):
        top = f"{(row + 1) * step_min / 60:g} h"
        name = label if row == ROWS - 1 else ""
        cells = [
            _cell(limit, longest, row * step_min, step_min)
            for limit, longest in zip(still.limit_min, still.longest_min, strict=True)
        ]
        yield f"{pad(name, LABEL - 7)}{top:>6} {''.join(cells)}"


def _cell(limit: float | None, longest: float | None, base_min: float, step_min: float) -> str:
    if limit is None or longest is None:
        return " "
    if base_min < limit <= base_min + step_min:
        return LIMIT
    return _eighth((longest - base_min) / step_min)


def _eighth(share: float) -> str:
    if share <= 0:
        return " "
    return EIGHTHS[max(1, min(8, round(8 * share)))]


def _both(lang: Lang, pair: Pair, indent: str) -> list[str]:
    found = []
    for language, text in zip(("zh", "en"), pair, strict=True):
        if lang in {language, "both"}:
            found += wrap(text, WIDTH, indent)
    return found
