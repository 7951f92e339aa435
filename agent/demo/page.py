"""What the command centre shows, as lines of text. Pure: no terminal here.

A line that is too long is cut, a sentence is wrapped; both count Chinese characters as two columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Literal

from agent.demo.sites import MOUNT_MM, DemoSite
from agent.demo.tally import SiteTally
from agent.width import clip, columns, pad, wrap

Lang = Literal["zh", "en", "both"]
Pair = tuple[str, str]

# SGR codes (ECMA-48 section 8.3.117); orange is 208 of the 256 colours.
LEVEL_SGR = {"blue": "94", "yellow": "33", "orange": "38;5;208", "red": "1;91"}
FAULT_SGR = "35"
LEVEL_ZH = {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
STEP_ZH = {
    "raised": "发布",
    "updated": "更新",
    "cleared": "解除",
    "fault": "故障",
    "restored": "恢复",
}
NO_ECHO_MM = 4999.0
LABELS: Mapping[str, Pair] = {
    "bedroom-motion": ("卧", "bed"),
    "bathroom-motion": ("卫", "bath"),
    "kitchen-motion": ("厨", "kitchen"),
    "living-motion": ("客", "living"),
    "entry-motion": ("廊", "entry"),
    "front-door": ("门", "door"),
    "smoke": ("烟", "smoke"),
    "help": ("呼", "help"),
    "float": ("浮球", "float"),
    "road-level": ("水深", "depth"),
    "ph": ("", "pH"),
    "dissolved_oxygen_mg_l": ("溶氧", "DO"),
    "conductivity_us_cm": ("电导", "EC"),
    "turbidity_ntu": ("浊度", "NTU"),
    "ammonia_n_mg_l": ("氨氮", "NH3-N"),
    "water_temp_degc": ("水温", "T"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """How things are put: language, width, colour, time zone."""

    lang: Lang
    width: int
    is_coloured: bool
    zone: tzinfo
    speed: float

    def event(self, event: Mapping[str, Any]) -> list[str]:
        """An event: a line about it, then its sentence to be forwarded. A fault has no level."""
        data = event["data"]
        step, kind, level = event["type"].split(".")[2], data["kind"], data["level"]
        is_fault = kind.endswith(".fault")
        moment = datetime.fromisoformat(event["time"]).astimezone(self.zone)
        graded = "" if is_fault else f"{self.words(LEVEL_ZH[level], level)}  "
        head = f"{moment:%H:%M:%S}  {graded}{kind}  "
        head += self.words(STEP_ZH.get(step, step), step)
        waited_s = data["buffered_s"] / self.speed
        if waited_s >= 1:
            head += "  " + self.words(f"迟到{waited_s:.0f}秒", f"{waited_s:.0f} s late")
        lines = [self.paint(clip(head, self.width), FAULT_SGR if is_fault else LEVEL_SGR[level])]
        for language in ("zh", "en"):
            if self.lang in {language, "both"}:
                lines += wrap(data["text"][language], self.width, " " * 10)
        return lines

    def notice(self, zh: str, en: str) -> list[str]:
        """What the demo itself has to say."""
        lines = []
        for language, text in (("zh", zh), ("en", en)):
            if self.lang in {language, "both"}:
                lines += wrap(text, self.width, "-- ")
        return [self.paint(line, "36") for line in lines]

    def live(self, site: DemoSite, tally: SiteTally) -> str:
        """One line with the latest readings of a site."""
        name = pad(self.words(*site.name), 14)
        parts = []
        for (sensor, quantity), value in tally.values.items():
            key = quantity if sensor == "sonde" else sensor
            parts.append((list(LABELS).index(key), f"{self._label(key)}{_shown(key, value)}"))
        values = " ".join(text for _, text in sorted(parts))
        count = f"{tally.readings:,}"
        room = self.width - columns(count) - 1
        return pad(clip(f"{name}{values}", room), room + 1) + count

    def status(self, broker: str, elapsed_s: float, events: int, readings: int) -> str:
        """One line about the demo as a whole."""
        hours, minutes = divmod(int(elapsed_s * self.speed / 60), 60)
        parts = [
            f"{elapsed_s:.0f} s = {hours}h{minutes:02d}",
            f"{events:,} {self.words('事件', 'events')}",
            f"{readings:,} {self.words('读数', 'readings')}",
            broker,
        ]
        return self.paint(clip(" | ".join(parts), self.width), "7")

    def words(self, zh: str, en: str) -> str:
        """One or both of two short texts."""
        return {"zh": zh, "en": en, "both": f"{zh} {en}"}[self.lang]

    def paint(self, text: str, sgr: str) -> str:
        """Colour a text."""
        return f"\x1b[{sgr}m{text}\x1b[0m" if self.is_coloured else text

    def _label(self, key: str) -> str:
        zh, en = LABELS[key]
        return en if self.lang == "en" or not zh else zh


def _shown(key: str, value: float) -> str:
    """A value beside its label: `*` = movement, open, wet, alarm; `.` = none."""
    if key == "road-level":
        return " ----" if value >= NO_ECHO_MM else f"{max(MOUNT_MM - value, 0):4.0f}mm"
    if key in {"conductivity_us_cm", "turbidity_ntu"}:
        return f" {value:.0f}"
    if key in {"ph", "dissolved_oxygen_mg_l", "ammonia_n_mg_l", "water_temp_degc"}:
        return f" {value:.1f}"
    return "*" if value else "."
