"""A series as lines of text, 80 columns at most. Pure.

Each panel has twelve rows of two half-cells; a column shows all values of its time from the lowest
to the highest, water from the ground up. Below it stand the quality, the worst of the column
(`?` suspect, which is shaded above, `x` no value), and the events by the first letter of their
level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.habits.words import Lang, put
from agent.plot.series import Limit, Mark, Panel, Point, Series
from agent.texts.words import Pair
from agent.width import pad, wrap
from drivers.reading import Grade

WIDTH, LABEL, COLUMNS = 80, 9, 69
ROWS = 12
HALVES = " ▄▀█"  # bit 1: lower half, bit 2: upper half
LIMIT, ZERO = "┄", "╌"
QUALITY = {None: " ", Grade.GOOD: "·", Grade.SUSPECT: "?", Grade.BAD: "x"}
NO_READINGS = ("这段时间没有读数。", "No readings in this time.")
LEGEND: Pair = (
    "质量：· 好，? 可疑，x 无效，空白为无数据。事件：b 蓝 y 黄 o 橙 r 红，小写为待核实，- 解除。",
    "Quality: · good, ? suspect, x no value, blank for no data. Events: B blue Y yellow O orange "
    "R red, small letters to be verified, - cleared.",
)
MOST_TOLD = 12


@dataclass(frozen=True, slots=True)
class Column:
    """Lowest and highest value in it, None for none; the worst grade, None for no reading."""

    low: float | None = None
    high: float | None = None
    worst: Grade | None = None


def lines(series: Series, lang: Lang) -> list[str]:
    """The drawing, and the sentences that were told, the newest last."""
    zone = ZoneInfo(series.zone)
    found = [f"{series.sensor}  {_span(series, zone)}"]
    found += wrap(put(lang, series.place), WIDTH)
    for panel in series.panels:
        found += ["", *_panel(panel, series, lang)]
    found += ["", pad("", LABEL) + _events(series), *_axis(series, zone)]
    pairs = [LEGEND]
    if not any(panel.points for panel in series.panels):
        pairs.insert(0, NO_READINGS)
    found.append("")
    for pair in pairs:
        found += _said(pair, lang, "")
    for mark in series.marks[-MOST_TOLD:]:
        found += ["", f"{_moment(mark.at, zone)}  {mark.level.word:<6} {mark.kind} {mark.step}"]
        found += _said(mark.text, lang, "  ")
    return [line.rstrip() for line in found]


def columns(points: Sequence[Point], since: float, until: float, count: int) -> list[Column]:
    """The points by columns of equal time."""
    found: list[Column] = [Column()] * count
    wide = (until - since) / count or 1.0
    for point in points:
        number = min(int((point.at - since) / wide), count - 1)
        was = found[number]
        low, high = was.low, was.high
        if point.grade is not Grade.BAD:
            low = point.value if low is None else min(low, point.value)
            high = point.value if high is None else max(high, point.value)
        worst = point.grade if was.worst is None else max(was.worst, point.grade, key=_badness)
        found[number] = Column(low, high, worst)
    return found


def _badness(grade: Grade) -> int:
    return (Grade.GOOD, Grade.SUSPECT, Grade.BAD).index(grade)


def _panel(panel: Panel, series: Series, lang: Lang) -> list[str]:
    bottom, top = panel.span
    found = columns(panel.points, series.since, series.until, COLUMNS)
    step = (top - bottom) / (2 * ROWS)
    levels: dict[int, list[Limit]] = {}
    for limit in panel.limits:
        if limit.value <= top:
            levels.setdefault(_half(limit.value, bottom, step) // 2, []).append(limit)
    zeros = _zeros(panel, series)
    rows = [put(lang, panel.title)]
    for row in reversed(range(ROWS)):
        limits = levels.get(row, [])
        cells = [_cell(column, row, bottom, step, panel) for column in found]
        if limits:
            cells = [LIMIT if cell == " " else cell for cell in cells]
        for number, zero in enumerate(zeros):
            if zero is not None and _half(zero, bottom, step) // 2 == row and cells[number] == " ":
                cells[number] = ZERO
        label = ""
        if limits:
            label = _figure(limits[-1].value)
        elif row == ROWS - 1:
            label = _figure(top)
        elif row == 0:
            label = _figure(bottom)
        tail = "".join(_letter(limit.name, lang) for limit in limits[-1:])
        rows.append(f"{label:>{LABEL - 1}}│{''.join(cells)}{tail}")
    rows.append(pad("", LABEL) + "".join(QUALITY[column.worst] for column in found))
    return rows


def _letter(name: Pair, lang: Lang) -> str:
    return name[0][:1] if lang != "en" else name[1][:1].upper()


def _zeros(panel: Panel, series: Series) -> list[float | None]:
    """Where the tracked zero lies in each column; None where it is the installed one."""
    wide = (series.until - series.since) / COLUMNS
    found: list[float | None] = [None] * COLUMNS
    for number in range(COLUMNS):
        end = series.since + (number + 1) * wide
        known = [value for at, value in panel.zeros if at <= end]
        if known and known[-1]:
            found[number] = known[-1]
    return found


def _half(value: float, bottom: float, step: float) -> int:
    """Which half-cell a value lies in, counted from the bottom."""
    return min(max(int((value - bottom) / step), 0), 2 * ROWS - 1)


def _cell(column: Column, row: int, bottom: float, step: float, panel: Panel) -> str:
    if column.low is None or column.high is None:
        return " "
    high = _half(column.high, bottom, step)
    low = _half(min(0.0, column.low) if panel.is_depth else column.low, bottom, step)
    bits = sum(bit for half, bit in ((2 * row, 1), (2 * row + 1, 2)) if low <= half <= high)
    return "░" if bits and column.worst is Grade.SUSPECT else HALVES[bits]


def _events(series: Series) -> str:
    """The highest level of each column, and where an alarm ended."""
    cells = [" "] * COLUMNS
    ranks = [0] * COLUMNS
    wide = (series.until - series.since) / COLUMNS or 1.0
    for mark in series.marks:
        number = min(int((mark.at - series.since) / wide), COLUMNS - 1)
        if mark.step in ("cleared", "restored"):
            cells[number] = "-" if not ranks[number] else cells[number]
        elif mark.level > ranks[number]:
            ranks[number], cells[number] = int(mark.level), _initial(mark)
    return "".join(cells)


def _initial(mark: Mark) -> str:
    letter = mark.level.word[0]
    return letter if mark.is_possible else letter.upper()


def _axis(series: Series, zone: ZoneInfo) -> list[str]:
    """Times below the columns, each under its own."""
    every = 14
    wide = (series.until - series.since) / COLUMNS
    is_long = series.until - series.since > 86400
    shape = "%m-%d %H:%M" if is_long else "%H:%M"
    marks, texts = "", ""
    for number in range(0, COLUMNS, every):
        moment = datetime.fromtimestamp(series.since + number * wide, zone)
        marks += f"{'┴':─<{every}}"
        texts += f"{moment:{shape}}".ljust(every)
    return [pad("", LABEL) + marks, pad("", LABEL) + texts]


def _span(series: Series, zone: ZoneInfo) -> str:
    return f"{_moment(series.since, zone)} - {_moment(series.until, zone)}"


def _moment(at: float, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _said(pair: Pair, lang: Lang, indent: str) -> list[str]:
    found = []
    for language, text in zip(("zh", "en"), pair, strict=True):
        if lang in {language, "both"}:
            found += wrap(text, WIDTH, indent)
    return found
