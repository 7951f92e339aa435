"""What people read of every event, from the events of the replay cases, as a Markdown table.

python tests/event_table.py > docs/events.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from home_cases import CASES
from playing import REPLAYS

from agent.width import pad, wrap

WIDTHS = 19, 55
HEAD = """# Events, and what people read of them

Written by `make docs/events.md` from the events of the cases in tests/replays. One row for each
kind, reason, step and level, with the shortest example that there is: the sentence that is
forwarded, and below it the detail. A level says who acts how soon: blue is for information, yellow
asks for a look within the day, orange for a call or visit now, red for somebody to go there at once.

"""

Key = tuple[str, str, str, str]
"""Kind, reason, step and level; the end of an alarm has no level of its own."""


def examples() -> dict[Key, tuple[str, ...]]:
    """Sentence and detail, in Chinese and English, by what they tell; in order."""
    found: dict[Key, list[tuple[str, ...]]] = {}
    for data, step in _told():
        is_active = data["condition"] == "active"
        reason = str(data["evidence"].get("reason", ""))
        key = data["kind"], reason, step, data["level"] if is_active else ""
        text, detail = data["text"], data["detail"]
        words = text["zh"], detail["zh"], text["en"], detail["en"]
        found.setdefault(key, []).append(words)
    return {key: min(found[key], key=_length) for key in sorted(found, key=_order)}


def table() -> str:
    """The whole document."""
    lines = [_row("event", "what is read"), f"|{'-' * (WIDTHS[0] + 1)}|{'-' * (WIDTHS[1] + 1)}|"]
    for (kind, reason, step, level), words in examples().items():
        left = [kind, *([reason] if reason else []), f"{step}, {level}".strip(", ")]
        right = [line for text in words if text for line in wrap(text, WIDTHS[1])]
        height = max(len(left), len(right))
        left, right = ([*cells, *[""] * (height - len(cells))] for cells in (left, right))
        lines += [_row(*cells) for cells in zip(left, right, strict=True)]
        lines.append(_row("", ""))
    return HEAD + "\n".join(lines[:-1]) + "\n"


def _told() -> Iterator[tuple[dict[str, Any], str]]:
    unkept = {name for name, case in CASES.items() if case.unkept}  # these tell what is not so
    for file in sorted(REPLAYS.glob("*/events.jsonl")):
        if file.parent.name in unkept:
            continue
        for line in file.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            yield event["data"], event["type"].split(".")[2]


def _length(words: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return sum(map(len, words)), words


def _order(key: Key) -> tuple[str, bool, str, int, str]:
    kind, reason, step, level = key
    steps = ("raised", "fault", "updated", "cleared", "restored")
    return kind, not level, reason, steps.index(step), level


def _row(left: str, right: str) -> str:
    return f"|{pad(left, WIDTHS[0] + 1)}|{pad(right, WIDTHS[1] + 1)}|"


if __name__ == "__main__":
    print(table(), end="")
