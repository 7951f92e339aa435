"""TOML in, frozen dataclasses out: what is installed at a site, and how it is set."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any, TypeVar

from agent.config import rules
from agent.config.document import contents, parsed
from agent.config.files import check_carried, check_files, handed_over
from agent.config.fitness import judge
from agent.config.positions import Path
from agent.config.problems import Problem, Report
from agent.config.sensors import read_sensors
from agent.config.tables import Consent, Limits, SiteTable
from agent.config.validation import read, required
from agent.config.windows import window
from agent.config.wording import found, printable
from agent.detectors import detectors
from agent.errors import ConfigError
from agent.pipeline.question import Config as QuestionConfig
from agent.site import Place, Site
from agent.store.settings import StoreSettings
from agent.uplink.settings import UplinkSettings

TABLES = ("site", "uplink", "store", "sensor", "detector", "question")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration without a mistake.

    Attributes:
        digest: SHA-256 of the file, in hex.
        consent: None only where nobody lives.
        limits: detector -> its Config and the names of the keys that the file sets.
        drivers: sensor -> its driver's Config.
    """

    file: File
    digest: str
    site: Site
    consent: Consent | None
    uplink: UplinkSettings
    store: StoreSettings
    limits: Limits
    question: QuestionConfig
    drivers: Mapping[str, object]


def load(path: File, *, is_installed: bool = True) -> Configuration:
    """Load a configuration. Raise ConfigError that names every problem, one a line.

    Args:
        path: the file.
        is_installed: whether the files that it names must be there, and secret where they hold a
            secret; False for a replay on another machine.
    """
    return _accepted(*_read(path, is_installed=is_installed))


def parse(text: bytes, name: str) -> Configuration:
    """Load a configuration from memory, without a look at the files that it names."""
    return _accepted(*_examined(text, File(name), is_installed=False))


def examine(
    path: File, *, is_installed: bool = True, keys: File | None = None
) -> tuple[Configuration | None, tuple[Problem, ...]]:
    """Load a configuration and list its problems; None where one is more than a warning.

    A configuration that can be used is also judged: what it cannot do is a warning.

    Args:
        path: the file.
        is_installed: as for `load`.
        keys: a folder with what will be in the device's; no other file is then looked for.
    """
    configuration, report = _read(path, is_installed=is_installed, keys=keys)
    if configuration is not None:
        judge(configuration.site, configuration.limits, report)
    return configuration, report.problems


def _read(
    path: File, *, is_installed: bool, keys: File | None = None
) -> tuple[Configuration | None, Report]:
    try:
        data = contents(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        report = Report(printable(str(path)), "")
        report.file_itself(f"cannot be read: {reason}")
        return None, report
    return _examined(data, path, is_installed=is_installed, keys=keys)


def _accepted(configuration: Configuration | None, report: Report) -> Configuration:
    if configuration is None:
        raise ConfigError("\n".join(str(p) for p in report.problems if not p.is_warning))
    return configuration


def _examined(
    data: bytes, path: File, *, is_installed: bool, keys: File | None = None
) -> tuple[Configuration | None, Report]:
    document, report = parsed(data, printable(str(path)))
    if document is None:
        return None, report
    for key in document.keys() - set(TABLES):
        report.unknown((key,), TABLES, what="table")
    site = _table(SiteTable, document, "site", report)
    if site:
        rules.check_site(site, report)
    uplink = _table(UplinkSettings, document, "uplink", report)
    if uplink:
        uplink = rules.check_uplink(uplink, report)
        if keys is not None:
            check_carried(uplink, keys, report)
        elif is_installed:
            uplink = handed_over(uplink)
            check_files(uplink, report)
    store = _table(StoreSettings, {"store": {}} | document, "store", report)
    sensors, drivers = read_sensors(document, site.profile if site else None, report)
    limits = _limits(document, report)
    question = _table(QuestionConfig, {"question": {}} | document, "question", report)
    rules.check_question(document, site.profile if site else None, report)
    if report.is_fatal or not (site and uplink and store and question):
        return None, report
    place = Place(site.place.zh.strip(), site.place.en.strip())
    maintenance = tuple(window(text, site.timezone) for text in site.maintenance)
    known = Site(
        site.id, site.profile, site.timezone, place, site.grid, sensors, site.pets, maintenance
    )
    digest = hashlib.sha256(data).hexdigest()
    configuration = Configuration(
        path, digest, known, site.consent, uplink, store, limits, question, drivers
    )
    return configuration, report


def _table(kind: type[T], document: Mapping[str, Any], key: str, report: Report) -> T | None:
    if key not in document:
        report.missing((key,), f"missing; allowed: [{key}] with {', '.join(required(kind))}")
        return None
    if not isinstance(document[key], dict):
        report.value((key,), f"found {found(document[key])}, allowed: a table [{key}]")
        return None
    return read(kind, document[key], (key,), report)


def _limits(document: Mapping[str, Any], report: Report) -> Limits:
    tables = document.get("detector", {})
    if not isinstance(tables, dict):
        report.value(("detector",), f"found {found(tables)}, allowed: tables [detector.<name>]")
        return {}
    for name in tables.keys() - detectors().keys():
        report.unknown(("detector", name), detectors(), what="detector")
    limits = {}
    for name, detector in detectors().items():
        raw = tables.get(name, {})
        path: Path = ("detector", name)
        if not isinstance(raw, dict):
            report.value(path, f"found {found(raw)}, allowed: a table [detector.{name}]")
        elif limit := read(detector.config, raw, path, report):
            limits[name] = (limit, frozenset(raw))
    return limits
