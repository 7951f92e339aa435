"""A dead unit's identity: sealed, taken to another unit, and never to one beside a living one."""

from __future__ import annotations

import io
import json
import stat
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Mosquitto
from paho.mqtt import publish
from wrong_configs import HOME

from agent.cli import main
from agent.errors import StreetAgentError
from agent.identity import Identity, IdentityError, own, packed, sealed, unpacked, unsealed

SECRET, PHRASE = "hunter2", "correct horse battery"
WHOLE = Identity(
    "gz-hp-0001", "2026-11-25T00:00:00.000Z", b"[site]\n",
    {"/etc/street-agent/keys/password": b"hunter2\n"}, {"pipeline": {"habits": [1, 2]}},
)  # fmt: skip


@pytest.mark.parametrize("identity", [WHOLE, replace(WHOLE, snapshot=None, files={})])
def test_what_is_packed_is_unpacked(identity: Identity) -> None:
    """All of it, and nothing else."""
    assert unpacked(packed(identity)) == identity


def tar(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "archive",
    [b"", b"x" * 2000, tar(manifest_json=b"{}"), tar(manifest_json=b'{"schema": 9}'),
     tar(manifest_json=b'{"schema": 1, "site": "a", "exported": "", "files": {"x": "/y"}}',
         site_toml=b"")],
)  # fmt: skip
def test_what_is_none_is_said_to_be_none(archive: bytes) -> None:
    """No traceback of a library."""
    with pytest.raises(IdentityError, match="no identity of a device"):
        unpacked(archive)


def test_it_is_sealed() -> None:
    """The secret does not stand in it; the passphrase opens it, another one does not."""
    data = sealed(packed(WHOLE), PHRASE)
    assert SECRET.encode() not in data
    assert unpacked(unsealed(data, PHRASE)) == WHOLE
    with pytest.raises(IdentityError, match="the passphrase is wrong, or the file is damaged"):
        unsealed(data, "correct horse")


@pytest.mark.parametrize("at", [0, 5, 40, -40, -1])
def test_a_flipped_byte_is_noticed(at: int) -> None:
    """Wherever it is: nothing of such a file is used."""
    data = bytearray(sealed(packed(WHOLE), PHRASE))
    data[at] ^= 0x10
    with pytest.raises(IdentityError):
        unpacked(unsealed(bytes(data), PHRASE))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_file_that_was_cut_is_noticed(share: float) -> None:
    """By a full stick, say."""
    data = sealed(packed(WHOLE), PHRASE)
    with pytest.raises(IdentityError):
        unpacked(unsealed(data[: int(share * len(data))], PHRASE))


@pytest.mark.parametrize("phrase", ["", "two\nlines"])
def test_a_passphrase_is_one_line(phrase: str) -> None:
    """It goes by a line."""
    with pytest.raises(IdentityError, match="one line"):
        sealed(b"x", phrase)


def test_without_gnupg_it_is_said_what_to_install() -> None:
    """It is no part of Python."""
    with pytest.raises(IdentityError, match="apt-get install gnupg"):
        sealed(b"x", PHRASE, gpg="no-such-gpg")


def test_files_of_others_are_not_taken_along(tmp_path: Path) -> None:
    """The system's authorities are on every device."""
    mine = tmp_path / "key.pem"
    mine.write_text("key")
    found = own({"key_file": str(mine), "ca_file": "/etc/ssl/ca.pem", "cert_file": ""}, tmp_path)
    assert found == {str(mine): b"key"}
    with pytest.raises(IdentityError, match=r"no\.pem: No such file"):
        own({"key_file": str(tmp_path / "no.pem")}, tmp_path)


class Unit:
    """A device's folder, where its configuration names a password file in it."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.folder = folder
        self.site = folder / "etc" / "site.toml"
        self.password = folder / "etc" / "keys" / "password"
        self.phrase = folder / "phrase"
        self.broker = broker

    def install(self) -> Unit:
        self.password.parent.mkdir(parents=True, exist_ok=True)
        self.password.write_text(f"{SECRET}\n")
        self.password.chmod(0o640)
        self.phrase.write_text(f"{PHRASE}\n")
        text = HOME.replace("mqtts://broker.example:8883", self.broker.url)
        uplink = f'[uplink]\ninsecure = true\nusername = "u"\npassword_file = "{self.password}"\n'
        self.site.write_text(text.replace("[uplink]\n", uplink))
        return self

    def clear(self) -> None:
        self.site.unlink()
        self.password.unlink()
        self.password.parent.rmdir()

    def identity(self, action: str, *words: str) -> int:
        return main(["identity", action, str(self.folder / "unit.gpg"), "--site", str(self.site),
                     "--passphrase-file", str(self.phrase), "--state", str(self.folder / "state"),
                     *words])  # fmt: skip

    def say(self, state: str) -> None:
        payload = json.dumps({"state": state}) if state else ""
        topic = "street/v1/gz-hp-0001/state"
        publish.single(topic, payload, qos=1, retain=True, port=self.broker.port)


@pytest.fixture
def unit(tmp_path: Path, mosquitto: Callable[..., Any]) -> Unit:
    return Unit(tmp_path, mosquitto()).install()


@pytest.mark.parametrize("state", ["lost", "stopped", ""])
def test_another_unit_takes_a_dead_ones_place(unit: Unit, state: str) -> None:
    """Byte for byte; nobody else may read it."""
    before = unit.site.read_bytes()
    assert unit.identity("export") == 0
    assert stat.S_IMODE((unit.folder / "unit.gpg").stat().st_mode) == 0o600
    unit.say(state)
    unit.clear()
    assert unit.identity("import") == 0
    assert unit.site.read_bytes() == before
    assert unit.password.read_text() == f"{SECRET}\n"
    assert stat.S_IMODE(unit.password.stat().st_mode) & 0o007 == 0


def test_a_unit_that_is_alive_is_not_cloned(unit: Unit, capsys: pytest.CaptureFixture[str]) -> None:
    """The platform hears it: two of them would throw each other out for ever."""
    unit.identity("export")
    unit.say("online")
    unit.clear()
    assert unit.identity("import") == 1
    assert unit.identity("import", "--force-dead") == 1
    assert "gz-hp-0001 is alive" in capsys.readouterr().err
    assert not unit.site.exists()
    assert not unit.password.exists()


def test_nobody_to_ask_is_no_proof_of_death(unit: Unit, capsys: pytest.CaptureFixture[str]) -> None:
    """Only who holds the old unit in his hand may say so."""
    unit.identity("export")
    unit.broker.kill()
    unit.clear()
    assert unit.identity("import") == 1
    assert "--force-dead" in capsys.readouterr().err
    assert not unit.site.exists()
    assert unit.identity("import", "--force-dead") == 0
    assert unit.site.exists()


def test_a_device_that_is_somebody_stays_that(
    unit: Unit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until it is erased; and an export overwrites nothing."""
    assert unit.identity("export") == 0
    assert unit.identity("export") == 1
    assert unit.identity("import") == 1
    said = capsys.readouterr().err
    assert "nothing is overwritten" in said
    assert "this device is gz-hp-0001 already; first: sudo street-agent erase" in said


def test_habits_are_taken_along_where_they_are_asked_for(
    unit: Unit, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a home where something has been learned."""
    assert unit.identity("export", "--with-habits") == 1
    assert "nothing has been learned yet" in capsys.readouterr().err


def test_a_file_that_wants_to_stand_elsewhere_is_refused(unit: Unit, tmp_path: Path) -> None:
    """Whoever made it."""
    unit.identity("export")
    known = unpacked(unsealed((unit.folder / "unit.gpg").read_bytes(), PHRASE))
    for name in (str(tmp_path / "elsewhere"), str(unit.site.parent / ".." / "x")):
        evil = replace(known, files={name: b"x"})
        (unit.folder / "unit.gpg").write_bytes(sealed(packed(evil), PHRASE))
        if unit.site.exists():
            unit.clear()
        assert unit.identity("import") == 1
        assert not unit.site.exists()


def test_the_errors_are_the_agents_own() -> None:
    """So that they are printed, and not shown as a crash."""
    assert issubclass(IdentityError, StreetAgentError)
