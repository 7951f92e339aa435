"""What is said of the question that is asked in a home before an urgent alarm leaves it."""

from __future__ import annotations

from agent.events import Kind
from agent.texts.words import KIND, Pair, Told, duration


def answered(told: Told) -> Pair:
    """The sentence."""
    place = told.site.place
    if told.finding.level is None:
        return f"{place.zh}平安询问已结束。", f"{place.en}: the question is over."
    zh, en = KIND[Kind(told.evidence["about"])]
    if told.evidence["by"] == "button":
        return (
            f"{place.zh}住户已按键应答平安询问（{zh}），供参考。",
            f"{place.en}: asked about {en}, the resident pressed the button. For information.",
        )
    return (
        f"{place.zh}平安询问期间情况已解除（{zh}），供参考。",
        f"{place.en}: while the resident was asked about {en}, it ended. For information.",
    )


def answered_detail(told: Told) -> Pair:
    """How long it took."""
    if told.finding.level is None:
        return "", ""
    zh, en = duration(float(told.evidence["asked_s"]))
    return f"询问开始后{zh}。", f"{en} after the question began."


def is_unanswered(told: Told) -> bool:
    """Whether an alarm was asked about for the whole time, and nobody answered."""
    return bool(told.evidence.get("question", {}).get("outcome") == "unanswered")


def asked(told: Told) -> Pair:
    """What became of the question, to stand behind an alarm's own detail."""
    question = told.evidence["question"]
    zh, en = duration(float(question["asked_s"]))
    return {
        "unanswered": (f"已在家中询问{zh}，无应答。", f"Asked in the home for {en}: no answer."),
        "broken": (
            f"家中询问{zh}后装置故障。",
            f"Asked in the home for {en}, until the buzzer or its button failed.",
        ),
        "interrupted": (
            f"家中询问{zh}后设备中断。",
            f"Asked in the home for {en}, until the device stopped.",
        ),
    }[str(question["outcome"])]
