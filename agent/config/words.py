"""What people read of a change of the configuration and of its history; zh and en. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from agent.config.attempt import Ending, Outcome, Reason
from agent.config.history import Row, State
from agent.texts.words import Pair
from agent.width import clip, pad, wrap

Lang = Literal["zh", "en", "both"]

WIDTH = 80
WORSE: Pair = ("变差", "worse")
WAITS: Pair = ("期限内应恢复", "still to come")
DO = "sudo street-agent config"

STATE: dict[State, Pair] = {
    State.ON_TRIAL: ("试用中", "on trial"),
    State.IN_FORCE: ("当前生效", "in force"),
    State.EDITED_IN_FORCE: ("手工改动生效", "edited by hand, in force"),
    State.EDITED: ("手工改动", "edited by hand"),
    State.CONFIRMED: ("曾生效", "confirmed"),
    State.RETURNED: ("已退回", "returned"),
    State.UNCONFIRMED: ("未确认", "not confirmed"),
    State.KEPT: ("留存", "kept"),
}
HEAD: dict[Lang, str] = {
    "zh": "修订  时间              操作人             状态",
    "en": " No.  When              Who                State",
    "both": " No.  时间 When         操作人 Who         状态 State",
}
REASON: dict[Reason, Pair] = {
    Reason.UNCONFIRMED: ("未在期限内确认", "not confirmed in time"),
    Reason.WORSE: ("有变差之处", "something got worse"),
    Reason.INTERRUPTED: ("试用被中断", "the trial was interrupted"),
    Reason.ASKED: ("人工退回", "as asked for"),
    Reason.DAMAGED: ("试用记录损坏", "the note of the trial is damaged"),
}


def told(outcome: Outcome, now: datetime, lang: Lang = "both") -> list[str]:
    """How a command ended, line by line.

    Args:
        outcome: how.
        now: the time at the site, from which deadlines are counted.
        lang: which languages.
    """
    until = f"{now + timedelta(seconds=outcome.remaining_s):%H:%M:%S}"
    pairs = _ending(outcome, until)
    if outcome.edited:
        pairs.append(
            (
                f"手工改动的内容已另存为修订 {outcome.edited}。",
                f"What was edited by hand is kept as revision {outcome.edited}.",
            )
        )
    lines = _lines(pairs, lang) + _details(outcome, lang)
    if outcome.remaining_s:
        lines += [f"  {DO} {do}  # {' '.join(_put(what, lang))}" for do, what in _next(outcome)]
    return lines


def table(rows: Sequence[Row], zone: tzinfo, lang: Lang = "both") -> list[str]:
    """The history, the newest first."""
    lines = [HEAD[lang]]
    for row in rows:
        lines += _row(row, zone, lang)
    return lines


def _next(outcome: Outcome) -> list[tuple[str, Pair]]:
    """What there is to type while a trial is under way."""
    back = ("rollback", ("立即退回", "to go back now"))
    if outcome.ending is not Ending.EDITED:
        return [("confirm ", ("确认保留", "to confirm")), back]
    what = ("试用手工改动的内容", "to try what was edited")
    return [back, (f"rollback {outcome.edited}", what)] if outcome.edited else [back]


def _ending(outcome: Outcome, until: str) -> list[Pair]:
    number, back_to = outcome.number, outcome.back_to
    match outcome.ending:
        case Ending.UNCHANGED:
            pair = (
                "文件与生效的配置相同，未做任何操作。",
                "This is the configuration in force: nothing was done.",
            )
            return [pair, *(_deadline(until, back_to) if outcome.remaining_s else [])]
        case Ending.LASTS:
            pair = f"修订 {number} 生效，长期保留。", f"Revision {number} is in force, and lasts."
            return [pair, *_restart(outcome)]
        case Ending.ON_TRIAL:
            pair = f"修订 {number} 试用中。", f"Revision {number} is on trial."
            return [pair, *_restart(outcome), *_deadline(until, back_to)]
        case Ending.RETURNED:
            zh, en = REASON[outcome.reason or Reason.ASKED]
            pair = (
                f"修订 {number} 已退回，修订 {back_to} 重新生效：{zh}。",
                (f"Revision {number} was returned, {back_to} is in force again: {en}."),
            )
            return [pair]
        case Ending.NOTHING if outcome.worse:
            (zh, en), _ = _reason(outcome.worse[0])
            pair = (
                f"没有试用中的配置：修订 {number} 已退回（{zh}）。",
                f"Nothing is on trial: revision {number} was returned ({en}).",
            )
            return [pair]
        case Ending.NOTHING:
            return [("没有试用中的配置。", "No configuration is on trial.")]
        case Ending.EDITED:
            pair = (
                f"未确认：修订 {number} 试用期间，配置文件被手工改动。",
                f"Not confirmed: the file was edited by hand in the trial of revision {number}.",
            )
            return [pair, *_deadline(until, back_to)]
        case Ending.NOT_HEALTHY:
            pair = (
                "未确认：有些情况比试用前差。仍要保留，加 --anyway。",
                (
                    "Not confirmed: something is worse than before the trial. With --anyway it "
                    "lasts all the same."
                ),
            )
            return [pair, *_deadline(until, back_to)]


def _restart(outcome: Outcome) -> list[Pair]:
    if outcome.is_restarted is not False:
        return []
    en = "Only comments or blanks differ: the agent was not restarted."
    return [("只有注释或空白不同，程序未重启。", en)]


def _deadline(until: str, back_to: int) -> list[Pair]:
    return [
        (
            f"{until} 前不确认，就自动退回修订 {back_to}。",
            f"Unless it is confirmed until {until}, revision {back_to} comes back.",
        )
    ]


def _details(outcome: Outcome, lang: Lang) -> list[str]:
    """What got worse, in the agent's own words, which are English."""
    if outcome.ending is Ending.NOTHING:
        return []
    found = [(WORSE, text) for text in outcome.worse] + [
        (WAITS, text) for text in outcome.waits_for
    ]
    return [
        line
        for label, text in found
        for line in wrap(f"{' '.join(_put(label, lang))}: {text}", WIDTH, "  ")
    ]


def _row(row: Row, zone: tzinfo, lang: Lang) -> list[str]:
    when = "-"
    if row.at is not None:
        doubt = "" if row.is_synced else "?"
        when = f"{datetime.fromtimestamp(row.at, zone):%Y-%m-%d %H:%M}{doubt}"
    who = pad(clip(row.who or "-", 18), 18)
    lines = [f"{row.number:4d}  {when:17} {who} {' '.join(_put(STATE[row.state], lang))}"]
    if row.why:
        lines += wrap(row.why, WIDTH, "      ")
    if row.returned:
        pair, detail = _reason(row.returned)
        text = " ".join(_put(pair, lang)) + (f": {detail}" if detail else "")
        lines += wrap(text, WIDTH, "      ")
    return lines


def _reason(text: str) -> tuple[Pair, str]:
    """A reason as it stands in the history: one word, and perhaps what got worse."""
    word, _, detail = text.partition(": ")
    try:
        return REASON[Reason(word)], detail
    except ValueError:  # of another release
        return (word, word), detail


def _put(pair: Pair, lang: Lang) -> list[str]:
    return {"zh": [pair[0]], "en": [pair[1]], "both": list(pair)}[lang]


def _lines(pairs: Iterable[Pair], lang: Lang) -> list[str]:
    lines = []
    for zh, en in pairs:
        lines += wrap(zh, WIDTH) if lang != "en" else []
        lines += wrap(en, WIDTH, "  " if lang == "both" else "") if lang != "zh" else []
    return lines
