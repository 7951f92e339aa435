"""The two tables of the nemesis, 80 columns wide: by promise, and by line of the catalogue."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from faults import LATER_PROMISES, PROMISES
from outcome import Fault, Outcome

WIDTH = 80
HELD, FAILED, NOT_RUN, NO_TEST, LATER = "held", "FAILED", "not run", "NO TEST", "later"


def verdict(fault: Fault, outcome: Outcome | None) -> str:
    """One word for a line of the catalogue."""
    if fault.later:
        return LATER
    if outcome is None:
        return NO_TEST
    if outcome.failures:
        return FAILED
    return NOT_RUN if outcome.not_run else HELD


def promises(faults: Sequence[Fault], outcomes: Mapping[str, Outcome]) -> str:
    """Promise, the faults that put it to the test, how often, and whether it was kept."""
    rows = []
    for promise, text in PROMISES.items():
        own = [fault for fault in faults if promise in fault.promises]
        verdicts = [verdict(fault, outcomes.get(fault.id)) for fault in own]
        count = sum(outcomes[fault.id].injections for fault in own if fault.id in outcomes)
        ids = " ".join(fault.id for fault in own)
        if promise in LATER_PROMISES:
            ids = f"{ids} ({LATER_PROMISES[promise]})".strip()
        rows.append((f"{promise} {text}", ids, f"{count:,}", _worst(verdicts)))
    return table(("promise", "faults", "injected", "result"), rows, (30, 25, 8, 7))


def catalogue(faults: Sequence[Fault], outcomes: Mapping[str, Outcome]) -> str:
    """Every line: what is injected how, how often, and what came of it."""
    rows = []
    for fault in faults:
        outcome = outcomes.get(fault.id)
        word = verdict(fault, outcome)
        how = fault.how
        if word == NOT_RUN and outcome is not None:
            how = f"not injected here: {outcome.not_run}"
        count = f"{outcome.injections:,}" if outcome is not None else ""
        rows.append((fault.id, fault.name, how, count, word))
    return table(("id", "fault", "injected by", "times", "result"), rows, (3, 27, 25, 7, 7))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    """A Markdown table whose cells are broken over lines."""
    lines = [_line(head, widths), "|".join(["", *("-" * (w + 1) for w in widths), ""])]
    for row in rows:
        cells = [
            textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)
        ]
        lines += [_line(words, widths) for words in zip_longest(*cells, fillvalue="")]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "|" + "|".join(cell.ljust(w + 1) for cell, w in zip(cells, widths, strict=True)) + "|"


def _worst(verdicts: Sequence[str]) -> str:
    for word in (FAILED, NO_TEST, NOT_RUN, HELD):
        if word in verdicts:
            return word
    return LATER
