"""What is said about wrong configurations."""

from __future__ import annotations

import pytest
from wrong_configs import CHANGES, FILES, HOME, said


def test_good_configuration_says_nothing() -> None:
    """The configuration that the others are made from is right."""
    assert said(HOME.encode()) == []


@pytest.mark.parametrize("what", CHANGES)
def test_change(what: str) -> None:
    """One wrong line gives exactly this message, at exactly this place."""
    old, new, messages = CHANGES[what]
    assert old in HOME
    text = HOME.replace(old, new)
    assert said(text.encode()) == [f"site.toml:{message}" for message in messages]


@pytest.mark.parametrize("what", FILES)
def test_file(what: str) -> None:
    """A file that is no configuration at all gives exactly one message."""
    text, message = FILES[what]
    assert said(text) == [f"site.toml:{message}"]
