"""The structure of CAP 1.2, field by field, from section 3.2 of the standard.

The schema of OASIS itself is not here: this says in our words what it says of order, number, values
and the form of times, so that it proves less than a validation against that schema would.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
TIME = re.compile(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")
ANY = 1000
Rows = tuple[tuple[str, int, int], ...]
"""Name, fewest and most, in the order in which they must come."""

ALERT: Rows = (
    ("identifier", 1, 1), ("sender", 1, 1), ("sent", 1, 1), ("status", 1, 1), ("msgType", 1, 1),
    ("source", 0, 1), ("scope", 1, 1), ("restriction", 0, 1), ("addresses", 0, 1),
    ("code", 0, ANY), ("note", 0, 1), ("references", 0, 1), ("incidents", 0, 1), ("info", 0, ANY),
)  # fmt: skip
INFO: Rows = (
    ("language", 0, 1), ("category", 1, ANY), ("event", 1, 1), ("responseType", 0, ANY),
    ("urgency", 1, 1), ("severity", 1, 1), ("certainty", 1, 1), ("audience", 0, 1),
    ("eventCode", 0, ANY), ("effective", 0, 1), ("onset", 0, 1), ("expires", 0, 1),
    ("senderName", 0, 1), ("headline", 0, 1), ("description", 0, 1), ("instruction", 0, 1),
    ("web", 0, 1), ("contact", 0, 1), ("parameter", 0, ANY), ("resource", 0, ANY),
    ("area", 0, ANY),
)  # fmt: skip
AREA: Rows = (
    ("areaDesc", 1, 1), ("polygon", 0, ANY), ("circle", 0, ANY), ("geocode", 0, ANY),
    ("altitude", 0, 1), ("ceiling", 0, 1),
)  # fmt: skip
PAIR: Rows = (("valueName", 1, 1), ("value", 1, 1))
BELOW: Mapping[str, Rows] = {
    "alert": ALERT, "info": INFO, "area": AREA, "parameter": PAIR, "geocode": PAIR,
    "eventCode": PAIR,
}  # fmt: skip
VALUES: Mapping[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "status": "Actual Exercise System Test Draft",
        "msgType": "Alert Update Cancel Ack Error",
        "scope": "Public Restricted Private",
        "category": "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other",
        "responseType": "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None",
        "urgency": "Immediate Expected Future Past Unknown",
        "severity": "Extreme Severe Moderate Minor Unknown",
        "certainty": "Observed Likely Possible Unlikely Unknown",
    }.items()
}
TIMES = frozenset({"sent", "effective", "onset", "expires"})


def parsed(text: str) -> ET.Element:
    """The element `alert` of a document of our own."""
    return ET.fromstring(text)  # noqa: S314 - no stranger has written it


def problems(text: str) -> list[str]:
    """What is wrong with a document."""
    root = parsed(text)
    if root.tag != f"{NAMESPACE}alert":
        return [f"the root is {root.tag}"]
    found = _below(root, "alert")
    for name in ("identifier", "sender"):
        if re.search(r"[\s,<&]", _text(root, name)):
            found.append(f"{name} has a character that may not be in it")
    if _text(root, "msgType") in {"Update", "Cancel"} and not _text(root, "references"):
        found.append("an Update or Cancel refers to nothing")
    for triple in _text(root, "references").split():
        parts = triple.split(",")
        if len(parts) != 3 or not TIME.fullmatch(parts[-1]):
            found.append(f"reference {triple}")
    return found


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{NAMESPACE}{name}") or ""


def _below(element: ET.Element, name: str) -> list[str]:
    rows = BELOW.get(name)
    if rows is None:
        return _leaf(element, name)
    found: list[str] = []
    names = [child.tag.removeprefix(NAMESPACE) for child in element]
    order = [row[0] for row in rows]
    found += [f"{name} has {other}" for other in names if other not in order]
    places = [order.index(each) for each in names if each in order]
    if places != sorted(places):
        found.append(f"the order in {name}: {names}")
    for each, fewest, most in rows:
        if not fewest <= names.count(each) <= most:
            found.append(f"{name} has {each} {names.count(each)} times")
    for child, each in zip(element, names, strict=True):
        found += _below(child, each)
    return found


def _leaf(element: ET.Element, name: str) -> list[str]:
    text = element.text or ""
    if len(element) or element.attrib:
        return [f"{name} is no plain text"]
    if name in VALUES and text not in VALUES[name]:
        return [f"{name} is {text}"]
    if name in TIMES and not TIME.fullmatch(text):
        return [f"{name} is {text}"]
    return [] if text.strip() else [f"{name} is empty"]
