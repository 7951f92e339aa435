"""Evidence is enough to decide again: every waterlogging event is recomputed from its payload."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sites import MONDAY, Player, street

from agent.detectors.waterlogging import Config

LEVELS = ("blue", "yellow", "orange", "red")
MOUNT_MM = 2700.0
WET_MM = 20.0  # below it the lowest point's depth is not added: the road is dry
RISE = ((3, 30.0), (2, 60.0))  # good readings in a row, seconds
FALL_S, CLEAR_S, STALE_S = 300.0, 900.0, 600.0
RATE_MM_MIN, AHEAD_MIN = 10.0, 10.0
Payload = Mapping[str, Any]


def line(*corners: tuple[float, float], pace_s: float = 60.0) -> list[tuple[float, float]]:
    """Seconds and depths in mm, straight between (minute, mm) corners."""
    rows = []
    for (m0, d0), (m1, d1) in itertools.pairwise(corners):
        count = round((m1 - m0) * 60 / pace_s)
        rows += [(m0 * 60 + i * pace_s, d0 + (d1 - d0) * i / count) for i in range(count)]
    return rows


DRY = ((0, 0), (40, 0))
FLOODS = {
    "slow, to red": line(*DRY, (100, 480), (110, 480), (170, 0), (230, 0)),
    "cloudburst": line(*DRY, (52, 560), (72, 560), (160, 0), (220, 0)),
    "every ten seconds": line(*DRY, (80, 420), (85, 420), (140, 0), (170, 0), pace_s=10.0),
    "to yellow alone": line(*DRY, (60, 190), (70, 190), (100, 0), (150, 0)),
    "twice": line(*DRY, (60, 190), (90, 0), (150, 0), (170, 300), (200, 0), (260, 0)),
    "an object": line(*DRY) + line((40, 1300), (80, 1300), (80.01, 0), (140, 0)),
    "waves": [(t, d + 9 * (i % 3 - 1)) for i, (t, d) in enumerate(line(*DRY, (90, 300), (130, 0)))],
}
LOW_POINTS_MM = (0.0, 120.0)


def told(rows: list[tuple[float, float]], low_point_mm: float) -> list[Payload]:
    """Events of a flood, as they are sent."""
    player = Player(street(low_point_mm))
    player.play_all((MONDAY + at, "road-level", round(MOUNT_MM - depth)) for at, depth in rows)
    return [e.payload for e in player.events if e.payload["data"]["kind"] == "street.waterlogging"]


def depth_mm(raw_mm: float, evidence: Payload, low_point_mm: float) -> float:
    """Depth at the road's lowest point from a distance, with what the evidence says of the zero."""
    mount_mm = evidence.get("mount_height_mm", MOUNT_MM)
    depth = mount_mm - raw_mm - evidence.get("zero_mm", 0.0)
    low_mm = evidence.get("low_point_mm", low_point_mm)
    return float(depth + low_mm if depth >= WET_MM else depth)


def release_mm(level: str) -> float:
    """Below it for five minutes a level is over."""
    threshold = getattr(Config(), f"{level}_mm")
    return float(min(0.8 * threshold, threshold - 20.0))


def disputes(payload: Payload, before: str, low_point_mm: float) -> Iterator[str]:
    """What in an event does not follow from its evidence.

    Args:
        payload: the event.
        before: the level before it, empty where there was none.
        low_point_mm: of the site, where the evidence does not say so itself.
    """
    data = payload["data"]
    evidence, level = data["evidence"], data["level"]
    if evidence.get("stale_s"):
        if level != before or evidence["stale_s"] < STALE_S:
            yield "a level without data that was not held"
        return
    depth = data["value"]["value"]
    raw_mm = evidence.get("raw", {}).get("distance_mm")
    if raw_mm is not None and abs(depth - depth_mm(raw_mm, evidence, low_point_mm)) > 1:
        yield "the depth is not that of the reading"
    if data["condition"] == "cleared":
        if depth >= evidence["limit"] or evidence["for_s"] < CLEAR_S:
            yield "not dry for long enough"
        return
    yield from _step(data, depth, before, low_point_mm)
    if evidence.get("peak_mm", depth) < depth:
        yield "deeper than the peak"
    is_doubted = bool(evidence.get("doubt") or evidence.get("compare"))
    if is_doubted != (data["certainty"] == "possible"):
        yield "a doubt without its reason, or a reason without its doubt"


def _step(data: Payload, depth: float, before: str, low_point_mm: float) -> Iterator[str]:
    """What is wrong with the level, after the one before it."""
    evidence = data["evidence"]
    if evidence["limit"] != getattr(Config(), f"{data['level']}_mm"):
        yield "the limit is not the level's"
    steps = LEVELS.index(data["level"]) - (LEVELS.index(before) if before else -1)
    if steps > 0:
        yield from _rise(data, depth, steps, low_point_mm)
    if steps < -1:
        yield "more than one level down"
    if steps < 0 and (depth >= release_mm(before) or evidence["for_s"] < FALL_S):
        yield "not below the release for long enough"


def _rise(data: Payload, depth: float, steps: int, low_point_mm: float) -> Iterator[str]:
    evidence = data["evidence"]
    rate = evidence.get("rate_mm_min") or 0.0
    is_ahead = rate >= RATE_MM_MIN and depth + AHEAD_MIN * rate >= evidence["limit"]
    if data["certainty"] == "likely" and steps == 1 and is_ahead:
        return
    if depth < evidence["limit"]:
        yield "the water has not reached the level"
        return
    if evidence["for_s"] < RISE[0][1]:
        yield "not at the level for long enough"
    if "recent" not in evidence:
        return
    streak = []
    for ago_s, raw, grade in reversed(evidence["recent"]):
        if grade == "good":
            if depth_mm(raw, evidence, low_point_mm) < evidence["limit"]:
                break
            streak.append(ago_s)
    if not any(len(streak) >= n and streak[-1] >= span for n, span in RISE):
        yield "too few readings at the level"
    elif abs(streak[-1] - evidence["for_s"]) > 1 and len(streak) < len(evidence["recent"]):
        yield "the readings do not say for how long"


def with_before(payloads: list[Payload]) -> Iterator[tuple[Payload, str]]:
    """Each event with the level before it."""
    before = ""
    for payload in payloads:
        yield payload, before
        before = "" if payload["data"]["condition"] == "cleared" else payload["data"]["level"]


@pytest.mark.parametrize("low_point_mm", LOW_POINTS_MM)
@pytest.mark.parametrize("name", FLOODS)
def test_every_decision_follows_from_its_evidence(name: str, low_point_mm: float) -> None:
    """Level, persistence, certainty and end, by the published rules and the payload alone."""
    payloads = told(FLOODS[name], low_point_mm)
    assert payloads
    for payload, before in with_before(payloads):
        assert not list(disputes(payload, before, low_point_mm)), payload


def test_the_floods_have_every_step() -> None:
    """Levels that rise, skip, fall and end, doubtful ones too."""
    seen = {
        (payload["type"].split(".")[2], payload["data"]["level"], payload["data"]["certainty"])
        for rows in FLOODS.values()
        for payload in told(rows, 0.0)
    }
    assert {level for step, level, _ in seen if step == "updated"} == set(LEVELS)
    assert {step for step, *_ in seen} == {"raised", "updated", "cleared"}
    assert {"observed", "possible"} <= {certainty for *_, certainty in seen}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"value": {"quantity": "depth_mm", "value": 90}}, "the depth is not that of the reading"),
        ({"for_s": 10}, "not at the level for long enough"),
        ({"limit": 150.0}, "the limit is not the level's"),
        ({"raw": {"distance_mm": 2695.0}}, "the depth is not that of the reading"),
        ({"certainty": "possible"}, "a doubt without its reason"),
        ({"peak_mm": 10}, "deeper than the peak"),
        ({"recent": [[0.0, 2590.0, "good"]]}, "too few readings at the level"),
    ],
)
def test_evidence_that_does_not_bear_the_decision_is_found(
    change: dict[str, Any], complaint: str
) -> None:
    """The check above can fail."""
    first = told(FLOODS["to yellow alone"], 0.0)[0]
    data = first["data"]
    own = {key: value for key, value in change.items() if key in {"value", "certainty"}}
    evidence = {key: value for key, value in change.items() if key not in own}
    changed = {**data, **own, "evidence": {**data["evidence"], **evidence}}
    assert any(complaint in each for each in disputes({**first, "data": changed}, "", 0.0))


def test_a_fall_too_early_is_found() -> None:
    """Two levels at once, or before the five minutes are over."""
    payloads = told(FLOODS["slow, to red"], 0.0)
    fall, before = next(
        (p, b) for p, b in with_before(payloads) if b == "red" != p["data"]["level"]
    )
    assert not list(disputes(fall, before, 0.0))
    data = fall["data"]
    early = {**fall, "data": {**data, "evidence": {**data["evidence"], "for_s": 60}}}
    assert list(disputes(early, before, 0.0)) == ["not below the release for long enough"]
    two = {**data, "level": "yellow", "evidence": {**data["evidence"], "limit": 150.0}}
    assert list(disputes({**fall, "data": two}, before, 0.0)) == ["more than one level down"]
