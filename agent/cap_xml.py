"""Events as CAP 1.2 messages, in XML: OASIS Standard CAP-V1.2 of 1 July 2010.

| event of an alarm | msgType |
| --- | --- |
| the first that is known here | Alert |
| a later one | Update, with references to those before |
| its all-clear | Cancel, with references to those before |

The first event that is known may be a later revision, where a device has delivered and erased the
ones before; then a `note` says so. `incidents` has the alarm's id, which joins them all. `sent`
is in whole seconds, so that two messages may have the same: their identifiers differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from agent.cap import ALL_CLEAR, cap_time

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
NOT_IN_NAMES = re.compile(r"[\s,<&]")  # of a sender or identifier, section 3.2.1
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
INSTRUCTION = {
    ("Met", "Avoid"): (
        "请绕行积水路段，不要涉水通行。",
        "Take another road. Do not go into the water.",
    ),
    ("Met", "Monitor"): ("请现场核实后再发布。", "Please verify on site before passing it on."),
    ("Met", ALL_CLEAR): ("请确认路面安全后恢复通行。", "Make sure that the road is safe first."),
    ("Env", "Avoid"): ("请勿接触或取用该处水体。", "Do not touch or use this water."),
    ("Env", "Monitor"): ("请关注后续通报。", "Please follow further messages."),
    ("Env", ALL_CLEAR): ("无需采取措施。", "Nothing needs to be done."),
}


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as it is referred to: sender, identifier, sent."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        """As in `references`."""
        return f"{self.sender},{self.identifier},{self.sent}"


@dataclass(frozen=True, slots=True)
class Message:
    """An event as a CAP message.

    Attributes:
        name: its identifier.
        payload: the event.
        root: the element `alert`.
    """

    name: str
    payload: Mapping[str, Any]
    root: ET.Element

    def text(self, *, is_indented: bool) -> str:
        """The document; without indentation it is one line, and its encoding is not declared."""
        if not is_indented:
            return ET.tostring(self.root, encoding="unicode")
        ET.indent(self.root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(self.root, "unicode")}\n'


def messages(
    payloads: Iterable[Mapping[str, Any]], sender: str = "", *, is_exercise: bool = False
) -> Iterator[Message]:
    """Give a message for each event that has CAP fields; the others are passed over.

    Args:
        payloads: events in their order.
        sender: who says so; the site's id, under `street-agent`, if empty.
        is_exercise: whether all of this is no more than an exercise.

    Raises:
        KeyError, TypeError, ValueError: something is not as the agent tells an event.
    """
    told: dict[str, list[Sent]] = {}
    for payload in payloads:
        data = payload["data"]
        if not data.get("cap"):
            continue
        site = str(payload["source"]).rpartition("/")[2]
        end = datetime.fromisoformat(data["cap"]["expires"])
        sent = Sent(
            NOT_IN_NAMES.sub("_", sender or f"street-agent.{site}"),
            NOT_IN_NAMES.sub("_", payload["id"]),
            cap_time(datetime.fromisoformat(payload["time"]), end.tzinfo or UTC),
        )
        before = told.setdefault(data["alarm"], [])
        if any(earlier.identifier == sent.identifier for earlier in before):
            continue  # delivered twice
        yield Message(sent.identifier, payload, _alert(payload, sent, before, site, is_exercise))
        before.append(sent)


def _alert(
    payload: Mapping[str, Any], sent: Sent, before: list[Sent], site: str, is_exercise: bool
) -> ET.Element:
    """The element `alert`; the order of what is in it is the schema's."""
    data = payload["data"]
    kind = "Alert"
    if before:
        kind = "Cancel" if data["cap"]["responseType"] == ALL_CLEAR else "Update"
    root = ET.Element("alert", xmlns=NAMESPACE)
    _add(root, "identifier", sent.identifier)
    _add(root, "sender", sent.sender)
    _add(root, "sent", sent.sent)
    _add(root, "status", "Test" if data["test"] else "Exercise" if is_exercise else "Actual")
    _add(root, "msgType", kind)
    _add(root, "scope", "Public")
    if not before and data["rev"] > 1:
        _add(root, "note", "Earlier messages of this alarm are no longer stored on the device.")
    if before:
        _add(root, "references", " ".join(map(str, before)))
    _add(root, "incidents", NOT_IN_NAMES.sub("_", data["alarm"]))
    for index, language in enumerate(LANGUAGES):
        _add_info(root, data, index, language, site)
    return root


def _add_info(
    root: ET.Element, data: Mapping[str, Any], index: int, language: str, site: str
) -> None:
    cap = data["cap"]
    info = ET.SubElement(root, "info")
    _add(info, "language", LANGUAGES[language])
    _add(info, "category", cap["category"])
    _add(info, "event", cap["event"][language])
    for name in ("responseType", "urgency", "severity", "certainty", "onset", "expires"):
        _add(info, name, cap[name])
    _add(info, "senderName", site)
    _add(info, "headline", data["text"][language])
    if data["detail"][language]:
        _add(info, "description", data["detail"][language])
    instruction = INSTRUCTION.get((cap["category"], cap["responseType"]))
    if instruction:
        _add(info, "instruction", instruction[index])
    _add_pair(info, "parameter", "level", data["level"])
    if data["value"]:
        _add_pair(info, "parameter", data["value"]["quantity"], str(data["value"]["value"]))
    area = ET.SubElement(info, "area")
    _add(area, "areaDesc", cap["areaDesc"][language])
    if data["grid"]:
        _add_pair(area, "geocode", "grid", data["grid"])


def _add_pair(parent: ET.Element, name: str, value_name: str, value: str) -> None:
    pair = ET.SubElement(parent, name)
    _add(pair, "valueName", value_name)
    _add(pair, "value", value)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = NOT_IN_XML.sub("?", text)
