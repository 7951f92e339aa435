"""A day as an SVG picture of its own, without scripts, fonts or links. Pure.

The same as in the drawing: bars for the longest silences known, a stepped line for the limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from agent.habits.day import Day, Stillness
from agent.habits.drawing import ASLEEP, AWAKE, BED, LEAVES, MEALS
from agent.habits.words import Lang, legend, put, sentences, title
from agent.texts.home import SLOT
from agent.texts.words import Pair
from agent.width import wrap

LEFT, BIN, WIDTH = 110, 14, 810
HIGH, LOW, GAP = 120, 22, 26
LINE = 20
COLUMNS = 100  # of the sentences; at 14 px, some 7.5 px each
STYLE = (
    "text{font:14px sans-serif;fill:#222}.s{font-size:12px;fill:#555}.e{text-anchor:end}"
    ".m{text-anchor:middle}.b{fill:#9db8d2}.n{fill:#44546a}.o{fill:#c08a3e}.h{fill:#cfe3c8}"
    ".p{fill:#eee}.l{fill:none;stroke:#c0392b;stroke-width:2}.g{stroke:#ddd}"
)


def picture(day: Day, lang: Lang) -> str:
    """The whole file."""
    parts: list[str] = []
    y = 30.0
    for text in _lines(lang, title(day)):
        parts.append(_text(10, y, text))
        y += LINE
    top = y + 10
    y = top
    parts += _stillness(y, put(lang, AWAKE), day.awake)
    y += HIGH + GAP
    if day.bed is not None:
        parts += _stillness(y, put(lang, BED), day.bed)
        y += HIGH + GAP
    if day.sleep is not None:
        parts += _strip(y, put(lang, ASLEEP), day.sleep.asleep, "n")
        y += LOW + 8
    if day.out is not None and day.out.count:
        most = max(day.out.leavings)
        parts += _strip(y, put(lang, LEAVES), [n / most for n in day.out.leavings], "o")
        y += LOW + 8
    if day.meals:
        parts += _meals(y, day, lang)
        y += LOW + 8
    grid = list(_grid(top - 4, y))
    y += 36
    for pair in (legend(), *sentences(day)):
        for text in _lines(lang, pair):
            parts.append(_text(10, y, text))
            y += LINE
    size = f'width="{WIDTH}" height="{y:.0f}" viewBox="0 0 {WIDTH} {y:.0f}"'
    body = "\n".join([*grid, *parts])
    name = escape(put(lang, title(day)))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {size}>\n'
        f'<title>{name}</title>\n<style>{STYLE}</style>\n<rect width="100%" height="100%" '
        f'fill="#fff"/>\n{body}\n</svg>\n'
    )


def _stillness(y: float, label: str, still: Stillness) -> Iterator[str]:
    bottom = y + HIGH
    scale = HIGH / still.ceiling_min
    yield _text(10, y + 35, label)
    for share in (0.5, 1.0):
        hours = f"{share * still.ceiling_min / 60:g} h"
        yield _text(LEFT - 6, bottom - share * HIGH + 5, hours, "s e")
    for number, longest in enumerate(still.longest_min):
        if longest:
            high = min(HIGH, longest * scale)
            yield _rect(LEFT + number * BIN + 1, bottom - high, BIN - 2, high, "b")
    yield f'<path class="l" d="{_path(still.limit_min, bottom, scale)}"/>'


def _path(limits: Sequence[float | None], bottom: float, scale: float) -> str:
    """A stepped line, with a gap where no limit is."""
    steps, is_drawn = [], False
    for number, limit in enumerate(limits):
        if limit is not None:
            x, y = LEFT + number * BIN, bottom - limit * scale
            steps.append(f"{'L' if is_drawn else 'M'}{x} {y:.1f}H{x + BIN}")
        is_drawn = limit is not None
    return "".join(steps)


def _strip(y: float, label: str, shares: Sequence[float], kind: str) -> Iterator[str]:
    yield _text(10, y + 16, label)
    for number, share in enumerate(shares):
        if share:
            high = max(2.0, LOW * share)
            yield _rect(LEFT + number * BIN, y + LOW - high, BIN, high, kind)


def _meals(y: float, day: Day, lang: Lang) -> Iterator[str]:
    yield _text(10, y + 16, put(lang, MEALS))
    for slot, meal in day.meals.items():
        x, wide = LEFT + meal.from_h * 2 * BIN, (meal.until_h - meal.from_h) * 2 * BIN
        yield _rect(x + 1, y, wide - 2, LOW, "h" if meal.is_habit else "p")
        yield _text(x + wide / 2, y + 16, put(lang, SLOT[slot]), "s m")


def _grid(top: float, bottom: float) -> Iterator[str]:
    for hour in range(0, 25, 3):
        x = LEFT + hour * 2 * BIN
        yield f'<path class="g" d="M{x} {top:.0f}V{bottom:.0f}"/>'
        yield _text(x, bottom + 14, str(hour), "s m")


def _rect(x: float, y: float, wide: float, high: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:.1f}" width="{wide:g}" height="{high:.1f}"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text{styled} x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _lines(lang: Lang, pair: Pair) -> list[str]:
    found = []
    for language, text in zip(("zh", "en"), pair, strict=True):
        if lang in {language, "both"}:
            found += wrap(text, COLUMNS)
    return found
