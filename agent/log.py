"""Logging to stderr: for the journal without time and with syslog priorities, else readable."""

from __future__ import annotations

import logging
import os
import sys

PRIORITY = {"DEBUG": "<7>", "INFO": "<6>", "WARNING": "<4>", "ERROR": "<3>", "CRITICAL": "<2>"}


class _Journal(logging.Formatter):
    """`<priority>logger: message`, as sd-daemon(3) wants it."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record).replace("\n", " | ")
        return f"{PRIORITY.get(record.levelname, '<6>')}{text}"


def set_up(*, verbose: bool) -> None:
    """Log everything from INFO on, or from DEBUG on."""
    handler = logging.StreamHandler(sys.stderr)
    if os.environ.get("JOURNAL_STREAM"):
        handler.setFormatter(_Journal("%(name)s: %(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
