"""The nemesis's invariant checker: each check passes what is right and finds what is wrong."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from nemesis import checker

SITE = "/street/s"


def water(rev: int = 1, raw: int = 2500, level: str = "blue", **more: Any) -> dict[str, Any]:
    data = {
        "rev": rev,
        "kind": "street.waterlogging",
        "level": level,
        "sensors": ["road-0"],
        "value": {"quantity": "depth_mm", "value": 2700 - raw},
        "evidence": {"limit": 100, "trend": "rising", "raw": {"distance_mm": raw}},
        "buffered_s": 0,
        "onset": "2026-11-24T00:00:00Z",
        "clock": "synced",
    }
    event = {
        "id": f"a.{rev}",
        "boot": "first",
        "sequence": f"{rev:012d}",
        "source": SITE,
        "subject": "a",
        "type": f"street-agent.alarm.{'raised' if rev == 1 else 'updated'}.v1",
        "time": "2026-11-24T00:00:30Z",
        "data": {**data, **more},
    }
    return copy.deepcopy(event)


def fault(kind: str, step: str = "fault", **evidence: Any) -> dict[str, Any]:
    event = water(kind=kind, evidence=evidence)
    return {**event, "type": f"street-agent.alarm.{step}.v1"}


def ahead(rate: float, certainty: str = "likely") -> dict[str, Any]:
    """200 mm deep and told to reach 270 mm."""
    evidence = {"limit": 270, "trend": "rising", "raw": {"distance_mm": 2500}}
    return water(certainty=certainty, evidence={**evidence, "reason": "rate", "rate_mm_min": rate})


def unsteady(breaks: int, raw: int = 2500) -> dict[str, Any]:
    return fault("sensor.fault", reason="unsteady", breaks_24h=breaks, raw={"distance_mm": raw})


def zeroed(off: float, depth: int) -> dict[str, Any]:
    """Of a sensor whose zero has moved."""
    evidence = {"limit": 100, "trend": "rising", "raw": {"distance_mm": 2500}}
    return water(value={"value": depth}, evidence={**evidence, "zero_mm": off, "sag_mm": 0.5})


def back(limit: int) -> dict[str, Any]:
    """200 mm, rising, and readings have just come back."""
    evidence = {"limit": limit, "trend": "rising", "raw": {"distance_mm": 2500}, "for_s": 0}
    return water(evidence=evidence)


def held(stale_s: int, limit: int = 270) -> dict[str, Any]:
    """A level that is held while no reading comes."""
    return water(value=None, evidence={"reason": "depth", "limit": limit, "stale_s": stale_s})


FED = checker.Injected({"road-0": {2500, 2400}})


def test_an_acknowledged_event_that_never_came_is_missing() -> None:
    """Each once, however often it was acknowledged."""
    assert checker.missing(["a.1", "a.2", "a.1"], {"a.1", "a.2"}) == []
    assert checker.missing(["a.1", "a.2", "a.2"], {"a.1"}) == [
        "event a.2 was acknowledged and never came"
    ]


def test_the_same_event_twice_is_one_content() -> None:
    """How long it waited, and what a corrected clock changes, may differ."""
    again = water(buffered_s=7, clock="corrected", onset="2026-11-24T08:00:00Z")
    again["time"] = "2026-11-24T08:00:30Z"
    assert checker.contents([water(), again]) == []
    cap = {"severity": "Minor", "expires": "2026-11-24T14:00:00+08:00"}
    later = {**cap, "expires": "2026-11-24T14:00:01+08:00"}
    assert checker.contents([water(cap=cap), water(cap=later)]) == []
    assert checker.contents([water(cap=cap), water(cap={**later, "severity": "Extreme"})])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("level", water(level="red")),
        ("value", water(raw=2400)),
        ("sequence", {**water(), "sequence": "000000000009"}),
    ],
)
def test_one_id_with_two_contents_is_found(name: str, other: dict[str, Any]) -> None:
    """A platform that keeps the first would never know the second."""
    (found,) = checker.contents([water(), other])
    assert found.startswith(f"event a.1 came with two contents: {name} ")


def test_revisions_in_order_with_repeats_are_in_order() -> None:
    """A repeat is no step back."""
    assert checker.order([water(1), water(2), water(1), water(2), water(3)]) == []


@pytest.mark.parametrize(
    "events",
    [[water(2), water(1)], [water(1), water(3)], [water(1), {**water(2), "sequence": "1"}]],
    ids=["turned", "hole", "number"],
)
def test_revisions_out_of_order_are_found(events: list[dict[str, Any]]) -> None:
    """Turned round, with a hole, or with a number that does not rise."""
    assert checker.order(events)


def test_another_boot_leaves_revisions_out_and_turns_nothing_round() -> None:
    """A hole is one of the same boot; a step back is one of any."""
    later = {"boot": "second"}
    assert checker.order([water(1), {**water(1002), **later}, {**water(1003), **later}]) == []
    assert checker.order([water(1), {**water(1002), **later}, {**water(1004), **later}])
    assert checker.order([water(3), {**water(2), **later}])


def test_alarms_may_overtake_each_other() -> None:
    """Order holds within an alarm."""
    other = {**water(1), "id": "b.1", "subject": "b", "sequence": "000000000009"}
    assert checker.order([other, water(1), water(2)]) == []


def test_readings_in_order_with_repeats_are_in_order() -> None:
    """Each boot counts by itself."""
    records = [("road-0", "b1", 7, 1.0), ("road-0", "b1", 8, 2.0), ("road-0", "b1", 7, 1.0),
               ("road-0", "b2", 3, 3.0), ("road-1", "b1", 2, 4.0)]  # fmt: skip
    assert checker.reading_order(records) == []


@pytest.mark.parametrize(
    ("second", "words"),
    [(("road-0", "b1", 6, 2.0), "came after 7"), (("road-0", "b1", 7, 2.0), "two values")],
)
def test_readings_out_of_order_are_found(second: tuple[str, str, int, float], words: str) -> None:
    """Also a number that was given twice."""
    found = checker.reading_order([("road-0", "b1", 7, 1.0), second])
    assert len(found) == 1
    assert words in found[0]


def test_what_was_fed_explains_a_warning() -> None:
    """A rise at or above its limit, and an all-clear below it."""
    cleared = fault("street.waterlogging", "cleared", limit=30)
    cleared["data"]["value"]["value"] = 12
    assert checker.unexplained([water(), water(2, 2400), cleared], FED) == []


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (water(raw=2450), "never fed"),
        (water(raw=2500, value={"value": 620}), "no depth"),
        (water(evidence={"limit": 270, "trend": "rising", "raw": {"distance_mm": 2500}}), "below"),
        (water(sensors=["road-1"]), "never fed"),
        (fault("street.waterlogging", "cleared", limit=30), "cleared at 200 mm"),
        (fault("sensor.fault", reason="silent"), "nobody silenced"),
        (ahead(6.8), "6.8 mm a minute"),
        (ahead(20.0, "confirmed"), "and confirmed"),
        (zeroed(-7.0, 200), "no depth"),
        (zeroed(-100.0, 300), "no depth"),
        (back(270), "below 216"),
        (held(599), "held after 599 s"),
        (held(600, limit=400), "never fed"),
        (unsteady(5), "called unsteady"),
        (unsteady(6, raw=2450), "never fed"),
        (fault("device.fault", part="storage"), "nobody broke"),
        (water(kind="home.smoke"), "nothing of that kind"),
    ],
)
def test_what_nothing_explains_is_found(event: dict[str, Any], words: str) -> None:
    """Neither a reading nor an injected fault leads to it."""
    found = checker.unexplained([event], FED)
    assert len(found) == 1
    assert words in found[0]


def test_a_level_told_ahead_is_explained_by_its_rate() -> None:
    """Water at 200 mm that rises 10 mm a minute is at 270 mm within ten minutes."""
    assert checker.unexplained([ahead(10.0)], FED) == []


def test_a_zero_that_moved_explains_the_depth() -> None:
    """By as much as the event says, and no more."""
    assert checker.unexplained([zeroed(-7.0, 207), zeroed(7.0, 192)], FED) == []


def test_a_level_that_is_held_is_explained_by_what_was_fed() -> None:
    """It had been that deep, and nothing has come for ten minutes."""
    assert checker.unexplained([held(600), back(240)], FED) == []


def test_readings_that_no_water_makes_explain_unsteady() -> None:
    """What was fed went up and down by 100 mm."""
    assert checker.unexplained([unsteady(6)], FED) == []
    still = checker.Injected({"road-0": {2500, 2450}})
    assert "called unsteady" in checker.unexplained([unsteady(6)], still)[0]


def test_injected_faults_explain_themselves() -> None:
    """A part covers those beneath it, and no others."""
    injected = checker.Injected({}, silenced=["road-0"], parts=["storage"])
    told = [
        fault("sensor.fault", reason="lost"),
        fault("device.fault", part="storage.readings"),
        fault("device.fault", "restored", part="storage"),
    ]
    assert checker.unexplained(told, injected) == []
    assert checker.unexplained([fault("device.fault", part="storages")], injected)


def test_a_slope_is_told_from_noise() -> None:
    """The straight line counts, not the highest sample."""
    noise = [(float(x), 100.0 + (x % 3)) for x in range(60)]
    rising = [(float(x), 100.0 + x + (x % 3)) for x in range(60)]
    assert checker.slope([(0.0, 1.0), (1.0, 3.0), (2.0, 5.0)]) == pytest.approx(2.0)
    assert checker.grows("memory", noise, 5.0) == []
    assert checker.grows("memory", rising, 5.0) == ["memory grew by 59.1, more than 5"]
    assert checker.grows("memory", noise[:5], 5.0) == ["memory: only 5 samples"]
