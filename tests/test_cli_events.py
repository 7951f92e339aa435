"""`street-agent events export`: what is stored, and what a CAP 1.2 message is made of."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cap_schema import NAMESPACE, parsed, problems
from playing import REPLAYS
from test_store_history import make

from agent.cli import main
from agent.events import Event, Kind
from agent.store.layout import OUTBOX
from agent.store.outbox import Outbox

FLOOD = REPLAYS / "flood-to-red" / "events.jsonl"
CAR = REPLAYS / "parked-car" / "events.jsonl"
Export = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Export:
    """Runs the command: exit code, lines on stdout, stderr."""

    def run(*words: str | Path) -> tuple[int, list[str], str]:
        capsys.readouterr()
        try:
            code = main(["events", "export", *map(str, words)])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out.splitlines(), err

    return run


def flood() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FLOOD.read_text(encoding="utf-8").splitlines()]


def text(document: str, path: str) -> str | None:
    return parsed(document).findtext("/".join(f"{NAMESPACE}{p}" for p in path.split("/")))


def written(path: Path, payloads: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(p) + "\n" for p in payloads), encoding="utf-8")
    return path


@pytest.mark.parametrize(("file", "count"), [(FLOOD, 11), (CAR, 2)], ids=["flood", "car"])
def test_every_message_has_the_structure_of_cap_1_2(export: Export, file: Path, count: int) -> None:
    """Order, number, values and times, field by field."""
    code, lines, _ = export("--from", file, "--cap")
    assert code == 0
    assert len(lines) == count
    assert [problems(line) for line in lines] == [[]] * len(lines)


@pytest.mark.parametrize(
    ("old", "new"),
    [("<status>Actual<", "<status>Real<"), ("+08:00</sent>", "Z</sent>"),
     ("<scope>Public</scope>", ""), ("<urgency>", "<web>x</web><urgency>"),
     ("<severity>Minor</severity>", "<severity>Blue</severity>"),
     ("<identifier>", "<identifier>a b"), (">Alert<", ">Update<")],
)  # fmt: skip
def test_what_is_not_cap_1_2_is_found(export: Export, old: str, new: str) -> None:
    """The check above can fail."""
    first = export("--from", FLOOD, "--cap")[1][0]
    assert old in first
    assert problems(first.replace(old, new))


def test_a_flood_is_an_alert_updates_and_a_cancel_that_refer_to_those_before(
    export: Export,
) -> None:
    """Each names all earlier messages of its alarm, by sender, identifier and time."""
    lines = export("--from", FLOOD, "--cap")[1]
    assert [text(line, "msgType") for line in lines] == ["Alert", *["Update"] * 9, "Cancel"]
    named = [
        ",".join(str(text(line, name)) for name in ("sender", "identifier", "sent"))
        for line in lines
    ]
    for number, line in enumerate(lines):
        assert (text(line, "references") or "").split() == named[:number]
    assert len({text(line, "incidents") for line in lines}) == 1


def test_a_message_says_in_both_languages_what_the_event_says(export: Export) -> None:
    """Headline, description, area with the grid's code; the level as parameter."""
    line = export("--from", FLOOD, "--cap")[1][6]
    data = flood()[6]["data"]
    assert (data["level"], data["certainty"]) == ("red", "observed")
    infos = parsed(line).findall(f"{NAMESPACE}info")
    assert [info.findtext(f"{NAMESPACE}language") for info in infos] == ["zh-CN", "en-US"]
    for info, language in zip(infos, ("zh", "en"), strict=True):
        assert info.findtext(f"{NAMESPACE}headline") == data["text"][language]
        assert info.findtext(f"{NAMESPACE}description") == data["detail"][language]
        area = info.find(f"{NAMESPACE}area")
        assert area is not None
        assert area.findtext(f"{NAMESPACE}areaDesc") == data["place"][language]
        assert [value.text for value in area.iter(f"{NAMESPACE}value")] == ["440112-07-03"]
    values = [value.text for value in infos[0].iter(f"{NAMESPACE}value")]
    assert "red" in values


@pytest.mark.parametrize(
    ("is_test", "words", "status"),
    [(False, [], "Actual"), (False, ["--exercise"], "Exercise"), (True, ["--exercise"], "Test")],
)
def test_a_trial_is_never_actual(
    export: Export, tmp_path: Path, is_test: bool, words: list[str], status: str
) -> None:
    """A device under test says Test, whatever is asked for."""
    payloads = flood()
    for payload in payloads:
        payload["data"]["test"] = is_test
    lines = export("--from", written(tmp_path / "e.jsonl", payloads), "--cap", *words)[1]
    assert {text(line, "status") for line in lines} == {status}


def test_where_earlier_messages_are_gone_the_first_one_says_so(
    export: Export, tmp_path: Path
) -> None:
    """It refers to nothing, so it is an Alert; the next refers to it."""
    lines = export("--from", written(tmp_path / "e.jsonl", flood()[2:]), "--cap")[1]
    assert text(lines[0], "msgType") == "Alert"
    assert "no longer stored" in (text(lines[0], "note") or "")
    assert text(lines[1], "note") is None
    assert len((text(lines[1], "references") or "").split()) == 1
    assert not any(map(problems, lines))


def test_an_event_told_twice_is_one_message(export: Export, tmp_path: Path) -> None:
    """Events are delivered at least once, under one id."""
    payloads = [payload for payload in flood() for _ in range(2)]
    assert len(export("--from", written(tmp_path / "e.jsonl", payloads), "--cap")[1]) == 11


def test_a_sender_of_ones_own_cannot_break_a_reference(export: Export) -> None:
    """Blanks and commas have a meaning there."""
    lines = export("--from", FLOOD, "--cap", "--sender", "water bureau,<A>&B")[1]
    assert {text(line, "sender") for line in lines} == {"water_bureau__A>_B"}
    assert not any(map(problems, lines))


def test_since_leaves_out_messages_but_not_what_they_refer_to(export: Export) -> None:
    """An update without its alert would hang in the air."""
    time = flood()[3]["time"]
    lines = export("--from", FLOOD, "--cap", "--since", time)[1]
    assert len(lines) == 8
    assert len((text(lines[0], "references") or "").split()) == 3
    assert len(export("--from", FLOOD, "--since", time)[1]) == 9
    assert not export("--from", FLOOD, "--since", "0m")[1]


def test_kinds_can_be_asked_for_and_the_rest_is_counted(export: Export) -> None:
    """A sensor's fault has no CAP fields."""
    assert len(export("--from", FLOOD, "--kind", "sensor.fault")[1]) == 1
    _, lines, said = export("--from", FLOOD, "--cap", "--kind", "sensor.fault")
    assert not lines
    assert said == "0 messages; 1 event without CAP fields left out\n"


def test_lines_are_the_events_as_they_were_told(export: Export) -> None:
    """Byte for byte what the replay wrote."""
    assert export("--from", FLOOD)[1] == FLOOD.read_text(encoding="utf-8").splitlines()


def test_files_are_written_one_a_message(export: Export, tmp_path: Path) -> None:
    """Named by identifier, in a folder that is made; stdout stays empty."""
    code, lines, said = export("--from", FLOOD, "--cap", "--out", tmp_path / "a" / "b")
    assert (code, lines) == (0, [])
    assert said.startswith("11 messages")
    files = sorted((tmp_path / "a" / "b").iterdir())
    assert [file.name for file in files] == sorted(
        f"{p['id']}.xml" for p in flood() if "cap" in p["data"]
    )
    for file in files:
        assert file.read_bytes().startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<alert')
        assert not problems(file.read_text(encoding="utf-8"))


def test_an_identifier_leads_out_of_no_folder(export: Export, tmp_path: Path) -> None:
    """A file of events may be anybody's."""
    payload = flood()[0]
    payload["id"] = "../../evil"
    source = written(tmp_path / "e.jsonl", [payload])
    export("--from", source, "--cap", "--out", tmp_path / "in")
    assert [file.name for file in (tmp_path / "in").iterdir()] == [".._.._evil.xml"]


def test_a_text_with_what_xml_forbids_is_still_xml(export: Export, tmp_path: Path) -> None:
    """Control characters and half a surrogate pair."""
    payload = flood()[0]
    payload["data"]["text"]["zh"] = "a\x00b\ud800<&>"
    lines = export("--from", written(tmp_path / "e.jsonl", [payload]), "--cap")[1]
    assert text(lines[0], "info/headline") == "a?b?<&>"


def test_events_come_from_standard_input_too(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a pipe from the replay."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FLOOD.read_bytes())))
    assert len(export("--from", "-", "--cap")[1]) == 11


def stored_outbox(folder: Path) -> list[dict[str, Any]]:
    """A device's outbox: delivered, refused and waiting events."""
    events = [
        Event(number, number / 7, Kind(payload["data"]["kind"]), payload)
        for number, payload in enumerate(flood(), start=1)
    ]
    outbox = Outbox(folder / OUTBOX)
    outbox.put(events)
    outbox.acknowledge([1, 2])
    outbox.reject(3, "too long")
    outbox.close()
    return [event.payload for event in events]


def test_a_device_gives_all_that_it_still_has(export: Export, tmp_path: Path) -> None:
    """Delivered, refused and waiting ones, in their order; nothing changes."""
    told = stored_outbox(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, lines, said = export("--state", tmp_path)
    assert (code, said) == (0, "12 events\n")
    assert [json.loads(line) for line in lines] == told
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert len(export("--state", tmp_path, "--cap")[1]) == 11


def test_a_device_that_has_told_nothing_gives_nothing(export: Export, tmp_path: Path) -> None:
    """Its folders are there and empty."""
    Outbox(tmp_path / OUTBOX).close()
    assert export("--state", tmp_path) == (0, [], "0 events\n")


def test_an_event_of_an_earlier_release_is_counted(export: Export, tmp_path: Path) -> None:
    """It has no CAP fields, and none are invented."""
    outbox = Outbox(tmp_path / OUTBOX)
    outbox.put([make(1, 10)])
    outbox.close()
    assert export("--state", tmp_path, "--cap")[2].endswith("1 event without CAP fields left out\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--state", "/nowhere"], 1, "is /nowhere an agent's state folder?"),
        (["--from", "/nowhere"], 1, "/nowhere: No such file or directory"),
        (["--since", "yesterday"], 2, "neither an age such as 2d"),
        (["--since", "2026-11-23T08:00:00"], 2, "ISO 8601 time with offset"),
        (["--kind", "flood"], 2, "street.waterlogging"),
        (["--from", str(FLOOD), "--out", "/nowhere/x"], 1, "/nowhere/x: No such file"),
        (["--from", str(FLOOD), "--cap", "--out", str(FLOOD)], 1, "File exists"),
        (["--from", str(FLOOD), "--state", "/nowhere"], 2, "not allowed with"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(
    export: Export, words: list[str], code: int, said: str
) -> None:
    """What it is, where, and what is allowed."""
    got, lines, stderr = export(*words)
    assert (got, lines) == (code, [])
    assert said in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("line", "said"),
    [("{", "Expecting property name"), ("[]", "list indices"), ('{"time": "x"}', "Invalid iso"),
     ('{"time": "2026-11-23T08:00:00Z"}', "no 'data'")],
)  # fmt: skip
def test_a_line_that_is_no_event_is_named(
    export: Export, tmp_path: Path, line: str, said: str
) -> None:
    """File, line and reason."""
    file = tmp_path / "e.jsonl"
    file.write_text(json.dumps(flood()[0]) + f"\n\n{line}\n", encoding="utf-8")
    code, lines, stderr = export("--from", file)
    assert (code, lines) == (1, [])
    assert f"{file}:3: not an event" in stderr
    assert said in stderr
