"""The life of an alarm: one open per kind and subject, updated, never repeated, and cleared.

| open? | finding | event |
| --- | --- | --- |
| no | a level | raised (fault, for faults) |
| no | no level | none |
| yes | another level, certainty or evidence | updated |
| yes | the same | none |
| yes | no level | cleared (restored, for faults) |

Ids are derived, never random: an alarm's from site, kind, subject and onset, an event's from the
alarm and its revision. So an event that is concluded again after a crash has the id it had before.
An onset is a moment of monotonic time; the wall time told for it is what the clock says at the
raising, counted back. A clock that is not synchronised may say the same time twice, so such an
alarm's id follows from boot and monotonic onset too. When that boot's clock is set, the onset of an
open alarm follows it; the id stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agent import cap, texts
from agent.events import (
    FAULTS,
    LINES,
    Certainty,
    Event,
    Finding,
    Kind,
    WarningLevel,
    rfc3339,
    shifted,
)
from agent.site import Site
from drivers.reading import Stamp

LEAP = 1000  # more events than are concluded while a disk hangs, until the power fails


@dataclass(frozen=True, slots=True)
class Alarm:
    """An open alarm, as it was told last.

    Attributes:
        onset_boot: the boot in which it began to be told.
        onset_synced: whether the clock was synchronised when its onset was told.
    """

    id: str
    rev: int
    level: WarningLevel
    certainty: Certainty
    onset: str
    onset_boot: str
    onset_synced: bool
    sensors: tuple[str, ...]
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ledger:
    """All open alarms, by `<kind>/<subject>`, and how many events there have been.

    Attributes:
        left_out: numbers that were left out in all.
        leapt_at: monotonic second when they were last.
    """

    sequence: int = 0
    alarms: Mapping[str, Alarm] = field(default_factory=dict)
    left_out: int = 0
    leapt_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Voice:
    """What every event of this device says of itself.

    Attributes:
        is_plain: whether it is told without its evidence, since its own text cannot be made.
    """

    site: Site
    is_test: bool = False
    is_plain: bool = False


def alarm_id(site: str, kind: Kind, subject: str, onset: str) -> str:
    """16 hex digits that follow from what the alarm is."""
    words = "\n".join((site, kind.value, subject, onset))
    return hashlib.blake2s(words.encode(), digest_size=8).hexdigest()


def key(finding: Finding) -> str:
    """`<kind>/<subject>`: of each there is one open alarm at most."""
    return f"{finding.kind.value}/{finding.subject}"


def tell(
    voice: Voice, ledger: Ledger, finding: Finding, stamp: Stamp
) -> tuple[Ledger, Event | None]:
    """Turn a finding into the next event of its alarm's life, if there is anything new to tell."""
    name = key(finding)
    known = ledger.alarms.get(name)
    if finding.level is None and known is None:
        return ledger, None
    if known is None:
        # One that began before numbers were left out may have been told in those already.
        rev = 1 if finding.onset >= ledger.leapt_at else 1 + ledger.left_out
        alarm, step = _open(voice.site, finding, stamp, rev), _word(finding.kind, "raised")
    elif finding.level is None:
        alarm, step = replace(known, rev=known.rev + 1), _word(finding.kind, "cleared")
    elif (finding.level, finding.certainty, finding.evidence) == (
        known.level,
        known.certainty,
        known.evidence,
    ):
        return ledger, None
    else:
        alarm, step = _update(known, finding), "updated"
    others = {other: a for other, a in ledger.alarms.items() if other != name}
    alarms = others if finding.level is None else {**others, name: alarm}
    ledger = replace(ledger, sequence=ledger.sequence + 1, alarms=alarms)
    was = known.level if known else None
    told = texts.Told(finding, voice.site, step, alarm.level, was, voice.is_test, alarm.certainty)
    payload = _payload(voice, alarm, told, stamp, ledger.sequence)
    return ledger, Event(ledger.sequence, stamp.mono, finding.kind, payload)


def follow_clock(ledger: Ledger, delta_s: float, stamp: Stamp) -> Ledger:
    """Let onsets that this boot's clock told wrongly follow it; `stamp` is the first that shows it.

    What a synchronised clock has told stays, and what an earlier boot has told.
    """
    return replace(
        ledger,
        alarms={
            key: replace(alarm, onset=shifted(alarm.onset, delta_s), onset_synced=stamp.synced)
            if alarm.onset_boot == stamp.boot and not alarm.onset_synced
            else alarm
            for key, alarm in ledger.alarms.items()
        },
    )


def leap(ledger: Ledger, mono: float, given: int = 0) -> Ledger:
    """Leave out numbers that may have been given to events of which the disk knows nothing.

    While a disk is slow, events are sent before it has them. One that the platform knows and this
    device does not must not share its id with another that is concluded now.

    Args:
        ledger: as it is known.
        mono: monotonic second.
        given: number of the newest event that was given out, where that is known. No alarm has had
            more revisions than there were events.
    """
    count = max(given - ledger.sequence, 0) + LEAP
    known = {key: replace(alarm, rev=alarm.rev + count) for key, alarm in ledger.alarms.items()}
    return Ledger(ledger.sequence + count, known, ledger.left_out + count, mono)


def _open(site: Site, finding: Finding, stamp: Stamp, rev: int) -> Alarm:
    assert finding.level is not None
    onset = rfc3339(stamp.wall - (stamp.mono - finding.onset))
    unique = onset if stamp.synced else f"{onset}\n{stamp.boot}\n{finding.onset:.3f}"
    return Alarm(
        alarm_id(site.id, finding.kind, finding.subject, unique),
        rev,
        finding.level,
        finding.certainty,
        onset,
        stamp.boot,
        stamp.synced,
        finding.sensors,
        dict(finding.evidence),
    )


def _update(known: Alarm, finding: Finding) -> Alarm:
    assert finding.level is not None
    return replace(
        known,
        rev=known.rev + 1,
        level=finding.level,
        certainty=finding.certainty,
        sensors=finding.sensors,
        evidence=dict(finding.evidence),
    )


def _word(kind: Kind, step: str) -> str:
    """A fault is never an alarm: its life has words of its own."""
    return {"raised": "fault", "cleared": "restored"}[step] if kind in FAULTS else step


def _payload(
    voice: Voice, alarm: Alarm, told: texts.Told, stamp: Stamp, sequence: int
) -> dict[str, Any]:
    finding, site = told.finding, voice.site
    value = finding.value
    public = cap.fields(told, alarm.onset, stamp.wall)
    # An extension of ours, only where it says something: `clock` does not speak for this onset.
    other_boot = {"onsetboot": alarm.onset_boot} if alarm.onset_boot != stamp.boot else {}
    return {
        "specversion": "1.0",
        "id": f"{alarm.id}.{alarm.rev}",
        "boot": stamp.boot,
        **other_boot,
        "sequence": f"{sequence:012d}",
        "source": f"/street/{site.id}",
        "type": f"street-agent.alarm.{told.step}.v1",
        "subject": alarm.id,
        "time": rfc3339(stamp.wall),
        "datacontenttype": "application/json",
        "dataschema": "urn:street-agent:alarm:1",
        "data": {
            "alarm": alarm.id,
            "rev": alarm.rev,
            "kind": finding.kind.value,
            "level": alarm.level.word,
            "certainty": alarm.certainty.value,
            "condition": "active" if finding.level is not None else "cleared",
            "handling": "none",
            "onset": alarm.onset,
            "sensors": list(alarm.sensors),
            "value": {"quantity": value[0].value, "value": value[1]} if value else None,
            "evidence": dict(finding.evidence),
            "quality": "suspect" if finding.suspect else "good",
            "clock": "synced" if stamp.synced else "unsynced",
            "test": voice.is_test,
            "buffered_s": 0,
            "grid": site.grid,
            "line": LINES[finding.kind],
            "place": {"zh": site.place.zh, "en": site.place.en},
            "text": texts.plain(told) if voice.is_plain else texts.sentence(told),
            "detail": {"zh": "", "en": ""} if voice.is_plain else texts.detail(told),
            **({"cap": public} if public else {}),
        },
    }
