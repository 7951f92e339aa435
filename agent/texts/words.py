"""Words that several sentences share, and what a sentence is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.events import Certainty, Finding, Kind, WarningLevel
from agent.site import Role, Site

COLOUR_ZH = {
    WarningLevel.BLUE: "蓝色",
    WarningLevel.YELLOW: "黄色",
    WarningLevel.ORANGE: "橙色",
    WarningLevel.RED: "红色",
}


KIND = {
    Kind.STILLNESS: ("长时间无活动", "a long stillness"),
    Kind.OUTING: ("外出异常", "an unusual outing"),
    Kind.SLEEP: ("睡眠异常", "unusual sleep"),
    Kind.MEALS: ("未用餐", "missed meals"),
    Kind.SMOKE: ("烟雾报警", "a smoke alarm"),
    Kind.HELP: ("呼救", "a call for help"),
    Kind.QUESTION: ("平安询问", "a question in the home"),
    Kind.WATERLOGGING: ("积水", "waterlogging"),
    Kind.POLLUTION: ("水质污染", "pollution"),
    Kind.DISCHARGE: ("异常排放", "an unusual discharge"),
    Kind.INTRUSION: ("有人闯入", "an intrusion"),
    Kind.HAZARD: ("安全隐患", "a hazard"),
    Kind.SENSOR_FAULT: ("传感器故障", "a sensor fault"),
    Kind.DEVICE_FAULT: ("设备故障", "a device fault"),
    Kind.DEGRADED: ("监测能力下降", "monitoring that is incomplete"),
}


ROLE = {
    Role.BEDROOM: ("卧室", "bedroom"),
    Role.BATHROOM: ("卫生间", "bathroom"),
    Role.KITCHEN: ("厨房", "kitchen"),
    Role.LIVING: ("客厅", "living room"),
    Role.WORK: ("书房", "study"),
    Role.HALL: ("走廊", "hall"),
    Role.ENTRY: ("门厅", "entry"),
    Role.FRONT_DOOR: ("大门", "front door"),
    Role.CABINET: ("机柜", "cabinet"),
    Role.ROADSIDE: ("路边", "roadside"),
    Role.OUTFALL: ("排口", "outfall"),
}


PLACED = {Role.ENTRY: "at the entry", Role.FRONT_DOOR: "at the front door"}


ACT = {
    WarningLevel.BLUE: ("供参考", "For information."),
    WarningLevel.YELLOW: ("请今日内联系查看", "Please look in on the resident today."),
    WarningLevel.ORANGE: ("请立即联系或上门查看", "Please call or visit now."),
    WarningLevel.RED: ("请立即上门", "Please go there now."),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made from.

    Attributes:
        step: raised, updated, cleared, fault or restored.
        level: the level now; where the alarm is over, its last one.
        was: the level before, None for a new alarm.
        is_test: whether it is told in a trial.
        certainty: of the alarm; a finding that ends it has none of its own.
    """

    finding: Finding
    site: Site
    step: str
    level: WarningLevel
    was: WarningLevel | None
    is_test: bool = False
    certainty: Certainty = Certainty.OBSERVED

    @property
    def evidence(self) -> Mapping[str, Any]:
        """What the finding rests on."""
        return self.finding.evidence

    def room(self, sensor: str) -> tuple[str, str]:
        """The room in which a sensor stands, in English with its preposition."""
        found = self.site.sensors.get(sensor)
        if found is None:
            return "家中", "in the home"
        zh, en = ROLE[found.role]
        return zh, PLACED.get(found.role, f"in the {en}")


Pair = tuple[str, str]


def duration(seconds: float) -> Pair:
    """A length of time as people say it."""
    if seconds < 120:
        return f"{seconds:.0f}秒", f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f}分钟", f"{seconds / 60:.0f} min"
    hours = f"{seconds / 3600:.1f}".removesuffix(".0")
    return f"{hours}小时", f"{hours} h"
