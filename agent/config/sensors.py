"""The `[[sensor]]` tables: the common keys, and each driver's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.config.positions import Path
from agent.config.problems import Report
from agent.config.rules import MOST_SENSORS, check_claims, check_name, check_role
from agent.config.tables import SensorTable
from agent.config.validation import names, read
from agent.config.wording import found, quoted, suggestion
from agent.site import Profile, Sensor
from drivers import base

COMMON = names(SensorTable)


def read_sensors(
    document: Mapping[str, Any], profile: Profile | None, report: Report
) -> tuple[dict[str, Sensor], dict[str, object]]:
    """Read all sensors that are without a mistake; the second mapping holds the drivers' keys."""
    tables = document.get("sensor", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        report.value(("sensor",), f"found {found(tables)}, allowed: [[sensor]], one for each")
        return {}, {}
    if not tables:
        report.missing(("sensor",), "missing; allowed: at least one [[sensor]]")
    if len(tables) > MOST_SENSORS:
        report.value(("sensor",), f"{len(tables)} sensors, allowed: at most {MOST_SENSORS}")
        return {}, {}
    seen: dict[str, Path] = {}
    sensors: dict[str, Sensor] = {}
    drivers: dict[str, object] = {}
    claims: dict[str, Path] = {}
    for index, raw in enumerate(tables):
        path: Path = ("sensor", index)
        name = raw.get("name")
        if isinstance(name, str):
            check_name(name, path, seen, report)
            seen.setdefault(name, path)
        common = {key: raw[key] for key in COMMON if key in raw}
        table = read(SensorTable, common, path, report)
        if table and profile:
            check_role(profile, table.role, path, report)
        if made := _driver(raw, path, report):
            config, traits = made
            check_claims(traits.claims, raw, path, claims, report)
            if table:
                sensors[table.name] = Sensor(table.name, table.driver, table.role, traits)
                drivers[table.name] = config
    return sensors, drivers


def _driver(raw: dict[str, Any], path: Path, report: Report) -> tuple[object, base.Traits] | None:
    """Read the keys that belong to the sensor's driver."""
    spec = _spec(raw.get("driver"), path, report)
    if spec is None:
        return None
    own = names(spec.config)
    for key in raw:
        if key not in own and key not in COMMON:
            report.unknown((*path, key), [*COMMON, *own])
    config = read(spec.config, {key: raw[key] for key in own if key in raw}, path, report)
    return None if config is None else (config, spec.traits(config))


def _spec(driver: object, path: Path, report: Report) -> base.Spec[Any] | None:
    if not isinstance(driver, str):
        return None  # said with the common keys
    try:
        return base.load(driver)
    except base.UnknownDriver:
        guess = suggestion(driver, base.names())
        report.value((*path, "driver"), f"unknown driver {quoted(driver)}; {guess}")
    except ImportError as error:
        report.value((*path, "driver"), f"driver {quoted(driver)} cannot be loaded: {error}")
    return None
