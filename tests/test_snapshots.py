"""Snapshots: the newest whole version, whatever happened to the files."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.errors import StorageError, StorageFull
from agent.store.snapshots import Snapshots

ONE = {"detectors": {"stillness": [1, 2.5, None, "萝岗"]}, "n": 1}
TWO = {"detectors": {}, "n": 2}


def test_the_newest_version_is_loaded(tmp_path: Path) -> None:
    """A snapshot comes back the same, replaced as a whole, each name by itself."""
    folder = tmp_path / "new" / "snapshots"
    snapshots = Snapshots(folder)
    assert snapshots.load("pipeline") is None
    snapshots.save("pipeline", ONE)
    snapshots.save("identity", {"id": "x"})
    assert Snapshots(folder).load("pipeline") == ONE
    snapshots.save("pipeline", TWO)
    again = Snapshots(folder)
    assert again.load("pipeline") == TWO
    assert again.load("identity") == {"id": "x"}
    assert again.damaged == []
    assert sorted(path.name for path in folder.iterdir()) == [
        "identity.json",
        "pipeline.json",
        "pipeline.json.old",
    ]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "Name"])
def test_a_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    """A name that is no plain word is refused."""
    with pytest.raises(ValueError, match="lower-case"):
        Snapshots(tmp_path).save(name, ONE)


def test_a_damaged_version_falls_back(tmp_path: Path) -> None:
    """Any flipped or missing byte is noticed: the file is set aside and the older one is used."""
    file = tmp_path / "p.json"
    snapshots = Snapshots(tmp_path)
    snapshots.save("p", ONE)
    snapshots.save("p", TWO)
    whole, older = file.read_bytes(), (tmp_path / "p.json.old").read_bytes()
    for at in range(len(whole)):
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            file.write_bytes(damaged)
            (tmp_path / "p.json.old").write_bytes(older)
            again = Snapshots(tmp_path)
            assert again.load("p") == ONE
            assert again.damaged == [str(file)]
            assert (tmp_path / "p.json.damaged").read_bytes() == damaged
    (tmp_path / "p.json.old").write_bytes(b"")
    again = Snapshots(tmp_path)
    assert again.load("p") is None
    assert again.damaged == [f"{file}.old"]
    again.save("p", TWO)
    assert again.load("p") == TWO


def test_a_folder_in_its_place_is_set_aside(tmp_path: Path) -> None:
    """A directory instead of a file, or a file instead of the folder, stops nothing."""
    snapshots = Snapshots(tmp_path / "s")
    snapshots.save("p", ONE)
    snapshots.save("p", TWO)
    (tmp_path / "s" / "p.json").unlink()
    (tmp_path / "s" / "p.json").mkdir()
    assert snapshots.load("p") == ONE
    snapshots.save("p", TWO)
    assert snapshots.load("p") == TWO
    (tmp_path / "file").touch()
    assert Snapshots(tmp_path / "file").load("p") is None


class Killed(BaseException):
    """The process ends here."""


def kill_at(patch: pytest.MonkeyPatch, when: int) -> None:
    """End the process at one call of those that change the disk, counted from 1."""
    calls: list[str] = []

    def mortal(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any) -> Any:
            calls.append(name)
            if len(calls) == when:
                raise Killed
            return call(*args)

        return counted

    for name in ("pwrite", "fsync", "replace", "rename", "unlink"):
        patch.setattr(os, name, mortal(name, getattr(os, name)))


def test_killed_at_any_call_of_a_save(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a save is cut off, load gives the version before or the new one."""
    loaded = []
    for when in range(1, 7):
        folder = tmp_path / str(when)
        Snapshots(folder).save("p", {"n": 0})
        Snapshots(folder).save("p", ONE)
        with monkeypatch.context() as patch:
            kill_at(patch, when)
            with suppress(Killed):
                Snapshots(folder).save("p", TWO)
        again = Snapshots(folder)
        loaded.append(again.load("p"))
        assert again.damaged == []
        again.save("p", TWO)
        assert again.load("p") == TWO
    # write, fsync, rename to .old, rename in place, fsync of the folder; the sixth never comes
    assert loaded == [ONE, ONE, ONE, ONE, TWO, TWO]


def test_a_failed_save_keeps_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is StorageFull, another error StorageError; what was saved before stays."""
    snapshots = Snapshots(tmp_path)
    snapshots.save("p", ONE)
    for code, kind in ((errno.ENOSPC, StorageFull), (errno.EIO, StorageError)):

        def fail(*_: object, code: int = code) -> int:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(kind, match=r"p\.json"):
                snapshots.save("p", TWO)
        assert snapshots.load("p") == ONE
        assert sorted(path.name for path in tmp_path.iterdir()) == ["p.json"]
