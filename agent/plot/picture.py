"""A series as an SVG picture of its own, without scripts, fonts or links. Pure.

Water is drawn from the ground up, every other quantity as a band from the lowest to the highest
value of each pixel's time. Suspect readings are amber and bad ones a red tick below; a level's
limit is a dashed line in its colour, the tracked zero a thin grey one, an event a line through all
panels with its level's letter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from statistics import median
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from agent.events import WarningLevel
from agent.habits.words import Lang, put
from agent.plot.drawing import Column, columns
from agent.plot.series import Mark, Panel, Series
from agent.texts.words import Pair
from agent.width import wrap
from drivers.reading import Grade

LEFT, WIDE, RIGHT = 70, 900, 80
HIGH, GAP, STRIP = 220, 46, 8
LINE, TEXT_COLUMNS = 20, 118
MOST_TOLD = 24
MISSED = 3  # of the usual pauses between readings; beyond that there is no data
COLOUR = {
    WarningLevel.BLUE: "#2e6fb7",
    WarningLevel.YELLOW: "#c9a400",
    WarningLevel.ORANGE: "#e07b00",
    WarningLevel.RED: "#c0392b",
}
CLEAR = "#3b8f4a"
STYLE = (
    "text{font:14px sans-serif;fill:#222}.s{font-size:12px;fill:#555}.e{text-anchor:end}"
    ".m{text-anchor:middle}.w{fill:#9db8d2}.q{fill:none;stroke:#44546a;stroke-width:1.5}"
    ".p{fill:#e0a030}.x{fill:#c0392b}.g{stroke:#ddd}.z{stroke:#777;stroke-dasharray:1 3}"
    ".l{stroke-width:1;stroke-dasharray:6 4}.v{stroke-width:1;stroke-opacity:.7}"
)
KEY: Pair = (
    "琥珀色：可疑读数；红点：无效读数；空白：无数据；虚线：各级限值；竖线：事件（小写为待核实）。",
    "Amber: suspect readings. Red: no value. Blank: no data. Dashed: limits. Upright lines: "
    "events, small letters to be verified.",
)


def picture(series: Series, lang: Lang) -> str:
    """The whole file."""
    zone = ZoneInfo(series.zone)
    begin, end = (f"{datetime.fromtimestamp(t, zone):%Y-%m-%d %H:%M}" for t in _ends(series))
    title = f"{series.sensor}  {begin} - {end}"
    parts = [_text(10, 26, title), _text(10, 46, put(lang, series.place))]
    y = 76.0
    top = y
    for panel in series.panels:
        parts.append(_text(LEFT, y - 8, put(lang, panel.title)))
        parts += _panel(panel, series, y, lang)
        y += HIGH + STRIP + GAP
    bottom = y - GAP
    parts += _events(series, top, bottom)
    parts += _grid(series, zone, top, bottom)
    y = bottom + 44
    for text in _lines(lang, KEY):
        parts.append(_text(10, y, text, "s"))
        y += LINE
    for mark in series.marks[-MOST_TOLD:]:
        head = f"{datetime.fromtimestamp(mark.at, zone):%m-%d %H:%M}  {mark.level.word} {mark.step}"
        y += 6
        for text in [head, *_lines(lang, mark.text)]:
            parts.append(_text(10, y, text, "s" if text == head else ""))
            y += LINE
    total = LEFT + WIDE + RIGHT
    size = f'width="{total}" height="{y:.0f}" viewBox="0 0 {total} {y:.0f}"'
    body = "\n".join(parts)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg" {size}>\n'
        f'<title>{escape(title)}</title>\n<style>{STYLE}</style>\n<rect width="100%" height="100%" '
        f'fill="#fff"/>\n{body}\n</svg>\n'
    )


def _ends(series: Series) -> tuple[float, float]:
    return series.since, series.until


def _panel(panel: Panel, series: Series, top: float, lang: Lang) -> Iterator[str]:
    low, high = panel.span
    scale = HIGH / (high - low)
    foot = top + HIGH
    yield f'<path class="g" d="M{LEFT} {foot:.1f}H{LEFT + WIDE}M{LEFT} {top:.1f}H{LEFT + WIDE}"/>'
    for value in (low, (low + high) / 2, high):
        yield _text(LEFT - 6, foot - (value - low) * scale + 4, f"{value:.4g}", "s e")
    found = columns(panel.points, series.since, series.until, WIDE)
    if panel.is_depth:
        yield from _water(found, foot, low, scale)
    else:
        yield f'<path class="q" d="{_curve(found, foot, low, scale)}"/>'
    yield from _quality(found, foot)
    for limit in panel.limits:
        if low <= limit.value <= high:
            y = foot - (limit.value - low) * scale
            colour = COLOUR[limit.level]
            yield f'<path class="l" stroke="{colour}" d="M{LEFT} {y:.1f}H{LEFT + WIDE}"/>'
            name = f"{put(lang, limit.name) if lang != 'both' else limit.name[0]} {limit.value:g}"
            yield _text(LEFT + WIDE + 4, y + 4, name, "s")
    if panel.zeros:
        yield f'<path class="z" fill="none" d="{_zero(panel, series, foot, low, scale)}"/>'


def _water(found: list[Column], foot: float, low: float, scale: float) -> Iterator[str]:
    """Bars that reach to the next reading, where it came at the sensor's own pace."""
    ground = foot + low * scale
    full = [x for x, column in enumerate(found) if column.high is not None]
    steps = [after - x for x, after in pairwise(full)]
    reach = min(MISSED * median(steps), WIDE / 30) if steps else 1
    for x, step in zip(full, [*steps, 1], strict=False):
        column = found[x]
        kind = "w" if column.worst is not Grade.SUSPECT else "p"
        y = foot - (max(column.high or 0.0, 0.0) - low) * scale
        height = foot - (min(column.low or 0.0, 0.0) - low) * scale - y + 0.5
        place = f'x="{LEFT + x}" y="{y:.1f}" width="{step if step <= reach else 1}"'
        yield f'<rect class="{kind}" {place} height="{height:.1f}"/>'
    yield f'<path class="g" d="M{LEFT} {ground:.1f}H{LEFT + WIDE}"/>'


def _curve(found: list[Column], foot: float, low: float, scale: float) -> str:
    """A line from column to column, broken where more than a thirtieth of the width is blank."""
    steps, last = [], -WIDE
    for number, column in enumerate(found):
        if column.low is None or column.high is None:
            continue
        upper, lower = (foot - (value - low) * scale for value in (column.high, column.low))
        joins = number - last <= WIDE // 30
        steps.append(f"{'L' if joins else 'M'}{LEFT + number} {lower:.1f}V{upper:.1f}")
        last = number
    return "".join(steps)


def _quality(found: list[Column], foot: float) -> Iterator[str]:
    kinds = {Grade.SUSPECT: "p", Grade.BAD: "x"}
    for x, column in enumerate(found, start=LEFT):
        if column.worst in kinds:
            kind = kinds[column.worst]
            y = f"{foot + 2:.0f}"
            yield f'<rect class="{kind}" x="{x}" y="{y}" width="1" height="{STRIP - 2}"/>'


def _zero(panel: Panel, series: Series, foot: float, low: float, scale: float) -> str:
    ends = [at for at, _ in panel.zeros[1:]] + [series.until]
    steps = []
    for (at, value), end in zip(panel.zeros, ends, strict=True):
        x, stop = (_x(series, max(t, series.since)) for t in (at, end))
        if stop > x:
            steps.append(f"M{x:.1f} {foot - (value - low) * scale:.1f}H{stop:.1f}")
    return "".join(steps)


def _x(series: Series, at: float) -> float:
    return LEFT + WIDE * (at - series.since) / ((series.until - series.since) or 1.0)


def _events(series: Series, top: float, bottom: float) -> Iterator[str]:
    for mark in series.marks:
        x = _x(series, mark.at)
        colour, letter = _sign(mark)
        yield f'<path class="v" stroke="{colour}" d="M{x:.1f} {top - 4:.0f}V{bottom:.0f}"/>'
        yield _text(x, bottom + 12, letter, "s m")


def _sign(mark: Mark) -> tuple[str, str]:
    if mark.step in ("cleared", "restored"):
        return CLEAR, "-"
    letter = mark.level.word[0]
    return COLOUR[mark.level], letter if mark.is_possible else letter.upper()


def _grid(series: Series, zone: ZoneInfo, top: float, bottom: float) -> Iterator[str]:
    moments = [series.since + (series.until - series.since) * n / 6 for n in range(7)]
    shape = "%m-%d %H:%M" if series.until - series.since > 86400 else "%H:%M"
    for number, moment in enumerate(moments):
        x = LEFT + WIDE * number / 6
        yield f'<path class="g" d="M{x:.0f} {top:.0f}V{bottom:.0f}"/>'
        text = f"{datetime.fromtimestamp(moment, zone):{shape}}"
        yield _text(x, bottom + 26, text, "s m")


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    styled = f' class="{kind}"' if kind else ""
    return f'<text{styled} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _lines(lang: Lang, pair: Pair) -> list[str]:
    found = []
    for language, text in zip(("zh", "en"), pair, strict=True):
        if lang in {language, "both"}:
            found += wrap(text, TEXT_COLUMNS)
    return found
