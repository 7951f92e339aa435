"""`street-agent doctor`: looks at all that an agent needs, and says what to type where it lacks."""

from __future__ import annotations

import argparse
import contextlib
import grp
import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from agent.cli import status
from agent.cli.advice import SERVICE_USER
from agent.cli.places import DEFAULT_STATE, add_config, state_folder
from agent.config.load import Configuration, examine
from agent.doctor import Check, Facts, exit_code, judge
from agent.errors import ServiceError, StreetAgentError
from agent.habits.words import Lang
from agent.service import Service
from agent.standing import Standing
from agent.uplink import tls
from agent.uplink.broker import Broker, parse
from agent.width import wrap

BROKER_S, ALL_S = 4.0, 10.0
TERMINAL = 78
SAGGED = 0x50005  # under-voltage or throttled, now or since the boot (vcgencmd get_throttled)


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = (
        "Exit code 0: all is well; 4: the configuration is invalid; 3: no agent answers; "
        "6: hardware is absent or silent; 7: the platform cannot be reached; 1: something else."
    )
    add_config(parser)
    parser.add_argument("--socket", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--systemctl", default="systemctl", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print it for a script to read")
    parser.add_argument(
        "--lang", choices=("zh", "en", "both"), default="both",
        help="language of the sentences (default: %(default)s)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Look, judge, print."""
    checks = judge(gather(args.config, args.socket or status.usual(), Service(args.systemctl)))
    if args.json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False, indent=2))
    else:
        print("\n".join(line for check in checks for line in lines(check, args.lang)))
    return exit_code(checks)


def lines(check: Check, lang: Lang) -> list[str]:
    """A check within 80 columns: `ok` or `!!`, and the command below."""
    mark = "!! " if check.code else "ok "
    texts = {"zh": check.what[:1], "en": check.what[1:], "both": check.what}[lang]
    found = [line for text in texts for line in wrap(text, TERMINAL - 3)]
    shown = [(mark if n == 0 else "   ") + line for n, line in enumerate(found)]
    return [*shown, f"   $ {check.command}"] if check.command else shown


def gather(file: Path, socket_: Path, service: Service) -> Facts:
    """Look at everything; ten seconds at most for the brokers."""
    configuration, problems = examine(file)
    folder = state_folder(None, configuration) if configuration else DEFAULT_STATE
    sensors = configuration.site.sensors.values() if configuration else ()
    claims = [(s.name, claim) for s in sensors for claim in s.traits.claims]
    return Facts(
        file=str(file),
        problems=[str(problem) for problem in problems if not problem.is_warning],
        digest=configuration.digest if configuration else "",
        release=version("street-agent"),
        is_active=_is_active(service),
        standing=_standing(socket_),
        groups=_groups(),
        has_chip=any(Path("/dev").glob("gpiochip*")),
        pins=[name for name, claim in claims if claim.startswith("pin ")],
        ports=_ports(claims),
        free_bytes=_free(folder),
        is_writable=_is_writable(folder),
        brokers=_brokers(configuration) if configuration else (),
        days_left=tls.days_left(configuration.uplink, time.time()) if configuration else None,
        is_throttled=_is_throttled(),
    )


def _is_active(service: Service) -> bool:
    try:
        return service.is_active()
    except ServiceError:
        return False


def _standing(path: Path) -> Standing | None:
    try:
        return status.look(path)
    except StreetAgentError:
        return None


def _groups() -> frozenset[str] | None:
    try:
        user = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        return None
    own = {g.gr_name for g in grp.getgrall() if SERVICE_USER in g.gr_mem}
    with contextlib.suppress(KeyError):
        own.add(grp.getgrgid(user.pw_gid).gr_name)
    return frozenset(own)


def _ports(claims: list[tuple[str, str]]) -> list[tuple[str, str, bool]]:
    """Serial ports among the claims; behind a port may stand the unit of a bus."""
    paths = [(name, claim.split(" ")[0]) for name, claim in claims if claim.startswith("/")]
    return [(name, path, Path(path).exists()) for name, path in paths]


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(_existing(folder)).free
    except OSError:
        return None


def _is_writable(folder: Path) -> bool:
    try:
        return not os.statvfs(_existing(folder)).f_flag & os.ST_RDONLY
    except OSError:
        return False


def _existing(folder: Path) -> Path:
    """The folder, or the first above it that may be looked at."""
    for path in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            path.stat()
            return path
    return folder


def _brokers(configuration: Configuration) -> list[tuple[str, str]]:
    """Each broker, and what keeps it from being reached."""
    uplink, end = configuration.uplink, time.monotonic() + ALL_S
    found = []
    for url in uplink.brokers:
        broker = parse(url, insecure=uplink.insecure)
        left_s = end - time.monotonic()
        why = _reach(broker, uplink.ca_file, min(BROKER_S, left_s)) if left_s > 0 else "not tried"
        found.append((str(broker), why))
    return found


def _reach(broker: Broker, ca_file: str, timeout_s: float) -> str:
    """Connect, with TLS where it is asked for; why that fails, empty where it does not."""
    try:
        with socket.create_connection((broker.host, broker.port), timeout_s) as line:
            if broker.is_tls:
                context = ssl.create_default_context(cafile=ca_file or None)
                with context.wrap_socket(line, server_hostname=broker.host):
                    pass
    except (OSError, ValueError) as error:
        return getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return ""


def _is_throttled() -> bool | None:
    program = shutil.which("vcgencmd")
    if program is None:
        return None
    try:
        said = subprocess.run(  # noqa: S603 - of Raspberry Pi OS
            [program, "get_throttled"], capture_output=True, text=True, timeout=5.0, check=False
        ).stdout
        return bool(int(said.partition("=")[2], 16) & SAGGED)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
