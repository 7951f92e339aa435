"""Text on a terminal: a Chinese character takes two columns, and no line may be broken anyhow."""

from __future__ import annotations

import re
import unicodedata

CLOSING = "，。、；：？！）》】」』”’…"  # never first in a line
OPENING = "（《【「『“‘"  # never last
TOKEN = re.compile(
    rf"\s+|[{OPENING}]*(?:[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
    rf"|[^\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff{OPENING}{CLOSING}]+"
    rf"|)[{CLOSING}]*"
)


def columns(text: str) -> int:
    """How many columns a text takes: East Asian Width W and F are two, marks none (UAX 11)."""
    return sum(_columns(character) for character in text)


def clip(text: str, most: int) -> str:
    """Cut a text to that many columns, without half a character."""
    taken = 0
    for index, character in enumerate(text):
        taken += _columns(character)
        if taken > most:
            return text[:index]
    return text


def pad(text: str, least: int) -> str:
    """Fill a text with blanks up to that many columns."""
    return text + " " * (least - columns(text))


def wrap(text: str, most: int, indent: str = "") -> list[str]:
    """Break a text into lines of that many columns, the indent included.

    Latin words stay whole where they fit into a line; Chinese breaks between any two characters,
    but not before a closing mark or after an opening one.
    """
    room = max(most - columns(indent), 2)
    lines, line = [], ""
    for token in (part for word in TOKEN.findall(text) for part in _pieces(word, room)):
        if line and columns(line) + columns(token.rstrip()) > room:
            lines.append(line.rstrip())
            line = ""
        line += token if line else token.lstrip()
    if line.strip():
        lines.append(line.rstrip())
    return [indent + line for line in lines]


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(word: str, room: int) -> list[str]:
    pieces = []
    while columns(word) > room:
        piece = clip(word, room)
        pieces.append(piece)
        word = word[len(piece) :]
    return [*pieces, word] if word else pieces
