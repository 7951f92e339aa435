"""What a made case is: a life, and what must be said of it, whatever its golden file holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from resident import FOREVER, Life, on

from agent.events import WarningLevel

FORTNIGHT = "ordinary-fortnight"
SHANGHAI, FIRST = "Asia/Shanghai", date(2026, 6, 1)  # a Monday
TOLD, OVER = frozenset({"raised", "updated", "fault"}), frozenset({"cleared", "restored"})

ROLES = {
    "bedroom-pir": "bedroom",
    "bathroom-pir": "bathroom",
    "kitchen-pir": "kitchen",
    "living-pir": "living",
    "hall-pir": "hall",
    "entry-pir": "entry",
    "front-door": "front-door",
    "smoke": "kitchen",
    "cord": "bathroom",
}
DRIVERS = {"front-door": "door_contact", "smoke": "smoke_alarm", "cord": "help_button"}
FIRST_PIN = 4

Said = tuple[float, dict[str, str]]
"""True second of an event, and its kind, step, level and reason."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is said at some time.

    Attributes:
        reasons: any of these, separated by |; empty for any.
        between: hours since the first midnight.
    """

    kind: str
    steps: frozenset[str]
    level: str
    reasons: str
    between: tuple[float, float]

    def fits(self, case: Case, said: Said) -> bool:
        """Whether this is what is claimed."""
        at, words = said
        life = case.begun()
        return (
            words["kind"] == self.kind
            and words["step"] in self.steps
            and (not self.level or words["level"] in self.level.split("|"))
            and (not self.reasons or words["reason"] in self.reasons.split("|"))
            and life.moment(self.between[0]) <= at <= life.moment(self.between[1])
        )


def told(kind: str, level: str, reasons: str, day: int, from_h: float, until_h: float) -> Claim:
    """It is raised, or becomes this, on that day between two hours."""
    return Claim(kind, TOLD, level, reasons, (on(day, from_h), on(day, until_h)))


def over(kind: str, day: int, from_h: float, until_h: float, reasons: str = "") -> Claim:
    """It ends on that day between two hours."""
    return Claim(kind, OVER, "", reasons, (on(day, from_h), on(day, until_h)))


@dataclass(frozen=True, slots=True)
class Case:
    """A recording that is made, and what it proves.

    Attributes:
        claim: what it proves, in one sentence.
        lives: makes the recording.
        must: what has to be said; nothing else may be but for the next two.
        may: what may be said as well.
        beside: kinds that the case is not about, with the highest level that they may have.
        keeps: words of a detector's docstring of which this is the case; empty for none.
        follows: the case whose recording comes before this one's; empty for none.
        until: hour up to which time passes; the midnight after the last reading if it is not given.
        roles: where the sensors are.
        unkept: why the agent does not do what is claimed, where it does not.
    """

    name: str
    claim: str
    lives: Callable[[Life], None]
    must: tuple[Claim, ...] = ()
    may: tuple[Claim, ...] = ()
    beside: dict[str, str] = field(default_factory=dict)
    keeps: str = ""
    follows: str = FORTNIGHT
    until: float = FOREVER
    zone: str = SHANGHAI
    first: date = FIRST
    roles: dict[str, str] = field(default_factory=lambda: ROLES)
    unkept: str = ""
    pets: bool = False

    def begun(self) -> Life:
        """A recording without a reading."""
        return Life(self.zone, self.first, "resident")

    def made(self) -> Life:
        """The recording."""
        life = self.begun()
        self.lives(life)
        life.silence(self.until)
        return life

    def config(self) -> str:
        """Its config.toml."""
        sensors = "".join(
            f'\n[[sensor]]\nname = "{name}"\ndriver = "{DRIVERS.get(name, "pir")}"\n'
            f'role = "{role}"\npin = {FIRST_PIN + n}\n'
            for n, (name, role) in enumerate(self.roles.items())
        )
        return (
            '[site]\nid = "gz-hp-0009"\nprofile = "home"\n'
            f'timezone = "{self.zone}"\n'
            'place = { zh = "广州市黄埔区萝岗街某小区", '
            'en = "A housing estate in Luogang, Huangpu, Guangzhou" }\n'
            'consent = { given_by = "resident", on = 2026-05-01 }\n'
            + "pets = true\n" * self.pets
            + '\n[uplink]\nbrokers = ["mqtts://broker.example:8883"]\n'
            + sensors
        )

    def missing(self, said: list[Said]) -> list[Claim]:
        """What has to be said and is not."""
        return [claim for claim in self.must if not any(claim.fits(self, one) for one in said)]

    def unexpected(self, said: list[Said]) -> list[Said]:
        """What is said and may not be."""
        return [one for one in said if one[1]["step"] in TOLD and not self._may_be(one)]

    def _may_be(self, one: Said) -> bool:
        most = self.beside.get(one[1]["kind"])
        if most is not None and level(one[1]["level"]) <= level(most):
            return True
        return any(claim.fits(self, one) for claim in (*self.must, *self.may))


def case(claim: str, **words: Any) -> Callable[[Callable[[Life], None]], Case]:
    """Make a case of a function that makes the recording; its name is the function's."""

    def named(lives: Callable[[Life], None]) -> Case:
        return Case(lives.__name__.replace("_", "-"), claim, lives, **words)

    return named


def level(word: str) -> WarningLevel:
    """A level by the word in a payload."""
    return WarningLevel[word.upper()]
