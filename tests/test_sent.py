"""The mark of what was sent before it was on disk."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agent.sent import SentMark, sent_mark


def test_the_mark_outlives_the_agent_and_never_sinks(tmp_path: Path) -> None:
    """The highest number counts, whoever asks for it and when."""
    mark = SentMark(tmp_path / "sent")
    assert mark.number == 0
    for number in (7, 9, 8):
        mark.reach(number)
    assert SentMark(tmp_path / "sent").number == 9


@pytest.mark.parametrize("content", [b"", b"no number", b"\xff\xfe"])
def test_a_mark_that_cannot_be_read_is_none(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, and the next one is set all the same."""
    (tmp_path / "sent").write_bytes(content)
    mark = SentMark(tmp_path / "sent")
    assert mark.number == 0
    assert "not readable" in caplog.text
    mark.reach(3)
    assert SentMark(tmp_path / "sent").number == 3


def test_what_cannot_be_noted_is_sent_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An alarm does not wait for the mark; a failure is said once for each number."""
    mark = SentMark(tmp_path / "missing" / "sent")
    with caplog.at_level(logging.WARNING):
        mark.reach(1)
        mark.reach(1)
    assert caplog.text.count("cannot be set") == 1


def test_each_state_folder_has_a_mark_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two agents on one machine do not take each other's numbers for theirs."""
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    sent_mark(tmp_path / "one").reach(5)
    assert sent_mark(tmp_path / "other").number == 0
    assert sent_mark(tmp_path / "one").number == 5
