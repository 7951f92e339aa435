"""The command line: `street-agent COMMAND`. Each command is a file here, imported when it is used.

A command file has `configure(parser)` and `run(args) -> exit code`. Data goes to stdout, messages
to stderr.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from agent.cli.advice import to_permit
from agent.errors import StreetAgentError
from agent.process import keep_streams

COMMANDS = {
    "run": "run the agent: the daemon that systemd starts",
    "status": "how the agent on this device stands, and what to mend",
    "doctor": "look at all that the agent needs, and say what to type where it lacks",
    "check": "check a configuration; nothing is opened",
    "config": "change the configuration: tried, confirmed, or returned by itself",
    "replay": "run recorded readings through the same pipeline",
    "plot": "draw what a sensor has measured, with its limits and events",
    "habits": "show what has been learned of a home",
    "forget": "erase what has been learned of a person, and recorded activity",
    "identity": "take a device's identity to the unit that takes its place",
    "erase": "erase all personal data and keys of a device that is handed back",
    "activities": "look at what a resident did, as kept on this device",
    "buffer": "look at readings stored on this device",
    "events": "print events, also as CAP 1.2 messages",
    "allow": "write for systemd whom the service may speak to",
    "demo": "a home, a street and an outfall that never existed, in this terminal",
    "simulate": "write weeks in a home that never existed as a recording for replay",
}
PERMISSION = 5


def parser(only: str | None) -> argparse.ArgumentParser:
    """Build the parser; only the command named `only` gets its options (the others cost time)."""
    top = argparse.ArgumentParser(
        prog="street-agent", description="Edge agent for street-level sensors."
    )
    top.add_argument(
        "--version", action="version", version=f"street-agent {version('street-agent')}"
    )
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        if name == only:
            importlib.import_module(f"agent.cli.{name}").configure(command)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    keep_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    only = next((word for word in words if word in COMMANDS), None)
    args = parser(only).parse_args(words)
    try:
        code = int(importlib.import_module(f"agent.cli.{args.command}").run(args))
        sys.stdout.flush()
        return code
    except StreetAgentError as error:
        is_denied = isinstance(error.__cause__, PermissionError)
        hint = f"\n{to_permit(error, words)}" if is_denied else ""
        print(f"street-agent {args.command}: {error}{hint}", file=sys.stderr)
        return PERMISSION if is_denied else error.exit_code
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # of the output: a full disk behind `>`, say
        print(f"street-agent {args.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
