"""What spans keys, and what a key's own type cannot say."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from agent.config import windows
from agent.config.positions import Path
from agent.config.problems import Report
from agent.config.tables import SiteTable
from agent.config.wording import quoted, suggestion
from agent.site import Profile, Role
from agent.uplink.settings import UplinkSettings

MOST_SENSORS, MOST_BROKERS = 64, 8
FILES = ("password_file", "key_file", "ca_file", "cert_file")
SITE_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9])?")
SENSOR_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
LONGEST_ZH, LONGEST_EN, LONGEST_PREFIX = 40, 120, 200
ASKING = ("buzzer", "answer_button")  # drivers that a question needs
USUAL_ROLES = {
    Profile.HOME: frozenset(Role) - {Role.ROADSIDE, Role.OUTFALL},
    Profile.STREET: frozenset({Role.ROADSIDE, Role.CABINET}),
    Profile.OUTFALL: frozenset({Role.OUTFALL, Role.ROADSIDE, Role.CABINET}),
}


def check_site(table: SiteTable, report: Report) -> None:
    """Check id, time zone, place, pets, maintenance and consent."""
    at: Path = ("site",)
    if not SITE_ID.fullmatch(table.id):
        report.value((*at, "id"), f"found {quoted(table.id)}, allowed: 1 to 64 of A-Z a-z 0-9 - _")
    if not _is_zone(table.timezone):
        guess = suggestion(table.timezone, sorted(zoneinfo.available_timezones()))
        guess = guess if guess.startswith("did") else "allowed: a name such as Asia/Shanghai"
        report.value((*at, "timezone"), f"unknown time zone {quoted(table.timezone)}; {guess}")
    for key, name, most in (
        ("zh", table.place.zh, LONGEST_ZH),
        ("en", table.place.en, LONGEST_EN),
    ):
        if not 1 <= len(name.strip()) <= most:
            message = f"{len(name.strip())} characters, allowed: 1 to {most}"
            report.value((*at, "place", key), message)
    if table.pets and table.profile is not Profile.HOME:
        message = f"only a home has pets, and the profile is {table.profile}; remove the key"
        report.value((*at, "pets"), message)
    check_maintenance(table, report)
    if table.profile is Profile.HOME and table.consent is None:
        example = '{ given_by = "resident", on = 2026-11-01 }'
        report.missing((*at, "consent"), f"missing; a home needs {example}")


def check_maintenance(table: SiteTable, report: Report) -> None:
    """Check the windows in which somebody works at an outfall."""
    if table.maintenance and table.profile is not Profile.OUTFALL:
        message = f"only an outfall has windows, and the profile is {table.profile}"
        report.value(("site", "maintenance"), f"{message}; remove the key")
        return
    for index, text in enumerate(table.maintenance):
        try:
            windows.window(text, "UTC")
        except ValueError as error:
            report.value(("site", "maintenance", index), str(error))


def check_name(name: str, path: Path, seen: Mapping[str, Path], report: Report) -> None:
    """Check a sensor's name, which stands in topics, against its pattern and those before it."""
    if not SENSOR_NAME.fullmatch(name):
        allowed = "a-z 0-9 -, a letter first, at most 40"
        report.value((*path, "name"), f"found {quoted(name)}, allowed: {allowed}")
    elif name in seen:
        line = report.line((*seen[name], "name"))
        report.value((*path, "name"), f"{quoted(name)} is used twice, first in line {line}")


def check_claims(
    claims: Iterable[str],
    raw: Mapping[str, Any],
    path: Path,
    first: dict[str, Path],
    report: Report,
) -> None:
    """Check that no sensor before this one uses the same pin or port; add its own to `first`."""
    for claim in claims:
        key = next((k for k, v in raw.items() if claim == f"{k} {v}" or _covers(v, claim)), None)
        place = (*path, key) if key else path
        if rival := next((c for c in first if _covers(c, claim) or _covers(claim, c)), None):
            report.value(place, f"{claim} is used twice, first in line {report.line(first[rival])}")
        first.setdefault(claim, place)


def _covers(wide: Any, claim: str) -> bool:
    """Whether a port alone claims all that stands on it, such as a Modbus unit."""
    return isinstance(wide, str) and (claim == wide or claim.startswith(f"{wide} "))


def check_role(profile: Profile, role: Role, path: Path, report: Report) -> None:
    """Warn of a role that no detector asks for at such a site."""
    usual = USUAL_ROLES[profile]
    if role not in usual:
        words = ", ".join(word for word in Role if word in usual)
        message = f'"{role}" is unusual for profile {profile}; usual: {words}'
        report.warn((*path, "role"), message)


def check_question(document: Mapping[str, Any], profile: Profile | None, report: Report) -> None:
    """Check that a home that is to be asked has both that it takes, and warn of one alone."""
    is_given = isinstance(document.get("question"), dict)
    if is_given and profile not in (Profile.HOME, None):
        report.value(("question",), f"only a home is asked, and the profile is {profile}")
        return
    tables = document.get("sensor")
    fitted: dict[object, Path] = {}
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        driver = table.get("driver") if isinstance(table, dict) else None
        if driver in ASKING:
            fitted.setdefault(driver, ("sensor", index, "driver"))
    lacking = [f'driver = "{driver}"' for driver in ASKING if driver not in fitted]
    if is_given and lacking:
        report.value(("question",), f"needs a sensor with {' and one with '.join(lacking)}")
    elif fitted and lacking:
        ((driver, place),) = fitted.items()
        report.warn(place, f'"{driver}" is of no use without a sensor with {lacking[0]}')


def check_uplink(uplink: UplinkSettings, report: Report) -> UplinkSettings:
    """Check brokers, prefix and credentials; the prefix comes back with its closing slash."""
    at: Path = ("uplink",)
    if not 1 <= len(uplink.brokers) <= MOST_BROKERS:
        message = f"{len(uplink.brokers)} brokers, allowed: 1 to {MOST_BROKERS}"
        report.value((*at, "brokers"), message)
    for index, url in enumerate(uplink.brokers[:MOST_BROKERS]):
        if problem := _broker_problem(url, uplink.insecure):
            report.value((*at, "brokers", index), problem)
    for key in FILES:
        if getattr(uplink, key)[:1] not in ("", "/"):  # it may be the password itself
            report.value((*at, key), "not a path; allowed: one that begins with /")
    if uplink.key_file and not uplink.cert_file:
        report.value((*at, "key_file"), "needs cert_file, the certificate that it belongs to")
    if uplink.password_file and not uplink.username:
        report.value((*at, "password_file"), "needs username")
    if problem := _prefix_problem(uplink.prefix):
        report.value((*at, "prefix"), problem)
    if uplink.prefix and not uplink.prefix.endswith("/"):
        return replace(uplink, prefix=f"{uplink.prefix}/")
    return uplink


def _prefix_problem(prefix: str) -> str | None:
    if "+" in prefix or "#" in prefix:
        return f"found {quoted(prefix)}, allowed: no wildcards + and #"
    if prefix.startswith(("/", "$")) or "//" in prefix:
        return f"found {quoted(prefix)}, allowed: such as street/v1/gz-hp-0001/"
    if len(prefix.encode()) > LONGEST_PREFIX:
        return f"{len(prefix.encode())} bytes, allowed: at most {LONGEST_PREFIX}"
    return None


def _broker_problem(url: str, insecure: bool) -> str | None:
    """Say what is wrong with a broker's address, never repeating a password."""
    if "@" in url:
        return "has credentials in it; allowed: username and password_file"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"found {quoted(url)}, allowed: mqtts://host:8883, port 1 to 65535"
    if parts.scheme == "mqtt" and not insecure:
        return f"{quoted(url)} is not encrypted; allowed: mqtts://, or insecure = true"
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or " " in url:
        return f"found {quoted(url)}, allowed: mqtts://host:8883"
    if port == 0:
        return f"found {quoted(url)}, allowed: port 1 to 65535"
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return f"found {quoted(url)}, allowed: nothing after host and port"
    return None


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True
