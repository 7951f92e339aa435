"""What people read: one sentence to forward, and a longer one with figures and reasons; zh and en.

The sentence for a waterlogging warning is the one that the district's street officers forward as it
is; its form is fixed. Chinese sentences stay within 70 characters, one text message, for places of
up to 40.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.events import Certainty, Kind, WarningLevel
from agent.texts import faults, home, outfall, question, water
from agent.texts.words import COLOUR_ZH, KIND, Pair, Told

__all__ = ["REMOVED", "Told", "detail", "plain", "sentence"]

REMOVED = "removed"  # evidence.reason of an alarm whose subject is no longer configured


def sentence(told: Told) -> dict[str, str]:
    """The sentence that people forward."""
    if told.evidence.get("reason") == REMOVED:
        zh, en = _removed(told)
    else:
        zh, en = _SENTENCES[told.finding.kind](told)
    if told.finding.level is not None and question.is_unanswered(told):
        zh, en = f"【无应答】{zh}", f"[Asked, no answer] {en}"
    return _marked(told, zh, en)


def plain(told: Told) -> dict[str, str]:
    """The sentence where the usual one cannot be made: kind, level and place.

    It reads no evidence, so that nothing can be missing.
    """
    place, level = told.site.place, told.finding.level
    zh, en = KIND[told.finding.kind]
    if level is None:
        return _marked(  # a call for help may have timed out: nothing is said to be well
            told,
            f"{place.zh}警报已关闭（{zh}），请核实。",
            f"{place.en}: alarm closed ({en}). Please verify.",
        )
    now_zh, now_en = ("立即", " now") if level >= WarningLevel.ORANGE else ("", "")
    return _marked(
        told,
        f"{place.zh}{zh}，{COLOUR_ZH[level]}级别，请{now_zh}核实。",
        f"{en.capitalize()}, level {level.word}: {place.en}. Please verify{now_en}.",
    )


def detail(told: Told) -> dict[str, str]:
    """The longer one with figures and reasons."""
    if told.evidence.get("reason") == REMOVED:
        return {"zh": "", "en": ""}
    zh, en = _DETAILS.get(told.finding.kind, _no_detail)(told)
    if told.finding.level is not None and "question" in told.evidence:
        asked_zh, asked_en = question.asked(told)
        zh, en = f"{zh}{asked_zh}", f"{en} {asked_en}".strip()
    return {"zh": zh, "en": en}


def _marked(told: Told, zh: str, en: str) -> dict[str, str]:
    """With what stands before every sentence that is doubtful, or no more than a trial."""
    if told.finding.certainty is Certainty.POSSIBLE and told.finding.level is not None:
        zh, en = f"【待核实】{zh}", f"[To be verified on site] {en}"
    if told.is_test:  # whoever forwards it forwards that too
        zh, en = f"【测试】{zh}", f"[TEST] {en}"
    return {"zh": zh, "en": en}


def _removed(told: Told) -> Pair:
    place, name = told.site.place, told.finding.subject
    return (
        f"{place.zh}{name}已从配置中撤除，其未结束的警报已关闭，请人工核实。",
        f"{place.en}: {name} was taken out of the configuration; its open alarm was closed. "
        "Please verify.",
    )


def _no_detail(told: Told) -> Pair:
    del told
    return "", ""


_SENTENCES: dict[Kind, Callable[[Told], Pair]] = {
    Kind.WATERLOGGING: water.waterlogging,
    Kind.POLLUTION: outfall.pollution,
    Kind.DISCHARGE: outfall.discharge,
    Kind.STILLNESS: home.stillness,
    Kind.OUTING: home.outing,
    Kind.SLEEP: home.sleep,
    Kind.MEALS: home.meals,
    Kind.SMOKE: home.smoke,
    Kind.HELP: home.call_for_help,
    Kind.QUESTION: question.answered,
    Kind.DEGRADED: faults.degraded,
    Kind.SENSOR_FAULT: faults.sensor_fault,
    Kind.DEVICE_FAULT: faults.device_fault,
}


_DETAILS: dict[Kind, Callable[[Told], Pair]] = {
    Kind.WATERLOGGING: water.waterlogging_detail,
    Kind.POLLUTION: outfall.pollution_detail,
    Kind.DISCHARGE: outfall.discharge_detail,
    Kind.STILLNESS: home.stillness_detail,
    Kind.OUTING: home.outing_detail,
    Kind.SLEEP: home.sleep_detail,
    Kind.MEALS: home.meals_detail,
    Kind.QUESTION: question.answered_detail,
    Kind.DEGRADED: faults.degraded_detail,
    Kind.SENSOR_FAULT: faults.sensor_fault_detail,
    Kind.DEVICE_FAULT: faults.device_fault_detail,
}
