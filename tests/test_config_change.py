"""A configuration is tried, confirmed, returned: the agent and the clock are played."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from changing import (
    AT_ONCE,
    BROKEN,
    COMMENTED,
    DEAD,
    LOST,
    NEW,
    NEWER,
    OLD,
    SENSOR,
    TRIAL,
    UPLINK_LOST,
    Changing,
)

from agent.config.attempt import Ending, Order, Reason
from agent.config.change import apply, confirm, earlier, give_up
from agent.config.going_back import return_if_due
from agent.config.history import State, rows
from agent.config.revisions import KEPT, Busy, digest
from agent.config.trial import RETURN_S
from agent.errors import StorageError, StreetAgentError


@pytest.fixture
def here(tmp_path: Path) -> Changing:
    return Changing(tmp_path / "etc")


def state(here: Changing) -> dict[int, State]:
    pending = here.revisions.pending()
    found = rows(
        here.revisions.lines(), here.revisions.kept(), digest(here.in_force),
        pending.number if pending else None,
    )  # fmt: skip
    return {row.number: row.state for row in found}


def test_a_good_configuration_is_on_trial_until_confirmed(here: Changing) -> None:
    """It is in force and read, its owner and mode are kept, and `confirm` makes it last."""
    os.chown(here.site, os.getuid(), os.getgid())
    outcome = apply(here.device, NEW, TRIAL)
    assert outcome.ending is Ending.ON_TRIAL
    assert (outcome.number, outcome.back_to, outcome.is_restarted) == (2, 1, True)
    assert 500 < outcome.remaining_s < 600
    assert here.in_force == here.agent.text == NEW
    assert here.site.stat().st_mode & 0o777 == 0o640
    assert state(here) == {2: State.ON_TRIAL, 1: State.CONFIRMED}
    assert confirm(here.device, anyway=False).ending is Ending.LASTS
    here.clock.sleep(10_000)
    assert return_if_due(here.device) is None
    assert here.in_force == NEW
    assert state(here) == {2: State.IN_FORCE, 1: State.CONFIRMED}
    assert sorted(path.name for path in here.revisions.folder.iterdir()) == [
        "0001.toml", "0002.toml", "history.jsonl",
    ]  # fmt: skip


def test_who_forgets_gets_the_old_one_back(here: Changing) -> None:
    """Unconfirmed, it is in force to the last second, and not one longer."""
    apply(here.device, NEW, TRIAL)
    began = here.revisions.pending()
    assert began
    while here.is_on_trial:
        outcome = return_if_due(here.device)
        here.clock.sleep(0 if outcome else 30)
        assert here.clock.mono <= began.began.mono + 600 + 60
    assert outcome
    assert (outcome.ending, outcome.reason) == (Ending.RETURNED, Reason.UNCONFIRMED)
    assert here.in_force == here.agent.text == OLD
    assert state(here)[2] is State.RETURNED
    assert confirm(here.device, anyway=False).worse == ("unconfirmed",)


def test_a_run_that_is_followed_too_late_waits_for_the_deadline(here: Changing) -> None:
    """The return begins at its second, not at the next run of the timer, to be over in time."""
    apply(here.device, NEW, TRIAL)
    pending = here.revisions.pending()
    assert pending
    here.clock.mono = pending.began.mono + 560
    changed: list[float] = []
    put_back = here.agent.restart
    here.agent.restart = lambda: (changed.append(here.clock.mono), put_back())[1]  # type: ignore[method-assign]
    assert return_if_due(here.device)
    assert changed == [pytest.approx(pending.began.mono + 600 - RETURN_S)]


@pytest.mark.parametrize(
    ("text", "says"),
    [(DEAD, f"sensor {SENSOR} was open, is lost: no such port"),
     (BROKEN, "the agent is not running")],
)  # fmt: skip
def test_what_got_worse_is_undone_at_once(here: Changing, text: bytes, says: str) -> None:
    """A sensor that is lost and an agent that does not start bring the old one back."""
    outcome = apply(here.device, text, TRIAL)
    assert (outcome.ending, outcome.worse) == (Ending.RETURNED, (says,))
    assert here.in_force == here.agent.text == OLD
    assert not here.is_on_trial
    assert here.revisions.lines()[-1].why == f"worse: {says}"


def test_an_uplink_has_time_until_the_deadline(here: Changing) -> None:
    """A lost broker is named, not undone, but `confirm` does not take it; --anyway does."""
    outcome = apply(here.device, LOST, TRIAL)
    assert outcome.ending is Ending.ON_TRIAL
    assert outcome.waits_for == ("uplink was linked, is not: broker.example:8883: refused",)
    assert confirm(here.device, anyway=False).ending is Ending.NOT_HEALTHY
    assert here.is_on_trial
    assert confirm(here.device, anyway=True).ending is Ending.LASTS


def test_without_a_trial_the_uplink_counts_at_once(here: Changing) -> None:
    """`--confirm-within 0` lasts at once, or not at all."""
    assert apply(here.device, LOST, AT_ONCE).ending is Ending.RETURNED
    assert here.in_force == OLD
    assert apply(here.device, NEW, AT_ONCE).ending is Ending.LASTS
    assert not here.is_on_trial
    assert here.in_force == NEW


def test_an_uplink_that_was_down_before_is_not_asked_for(tmp_path: Path) -> None:
    """A device without a link may get a new configuration all the same."""
    here = Changing(tmp_path / "etc", LOST)
    changed = LOST.replace(NEW, NEWER)
    assert UPLINK_LOST in changed
    found = apply(here.device, changed, AT_ONCE)
    assert found.ending is Ending.LASTS


def test_the_same_file_does_nothing(here: Changing) -> None:
    """Nothing is written, nobody is restarted."""
    assert apply(here.device, OLD, TRIAL).ending is Ending.UNCHANGED
    assert here.agent.restarts == 0
    assert list(here.revisions.folder.iterdir()) == []


def test_comments_need_no_restart_and_no_trial(here: Changing) -> None:
    """What the agent reads is the same: it goes on, and there is nothing to confirm."""
    outcome = apply(here.device, COMMENTED, TRIAL)
    assert (outcome.ending, outcome.is_restarted) == (Ending.LASTS, False)
    assert here.in_force == COMMENTED
    assert here.agent.restarts == 0
    outcome = apply(here.device, NEW, TRIAL)
    assert outcome.is_restarted
    assert outcome.back_to == 2


def test_true_for_1_is_no_comment(here: Changing) -> None:
    """Python's `1 == 1.0 == True` hides no change."""
    here.site.write_bytes(OLD + b"[store]\nreadings_mib = 100\n")
    here.agent.boot()
    assert apply(here.device, OLD + b"[store]\nreadings_mib = 100.0\n", TRIAL).is_restarted


def test_comments_during_a_trial_do_not_end_it(here: Changing) -> None:
    """A trial of a trial's comments goes back to where the first began."""
    apply(here.device, NEW, TRIAL)
    outcome = apply(here.device, NEW + b"# a word\n", TRIAL)
    assert (outcome.ending, outcome.is_restarted, outcome.back_to) == (Ending.ON_TRIAL, False, 1)
    assert confirm(here.device, anyway=False).ending is Ending.LASTS


def test_a_trial_on_a_trial_goes_back_to_the_start(here: Changing) -> None:
    """What was never confirmed is nothing to go back to."""
    apply(here.device, NEW, TRIAL)
    assert apply(here.device, NEWER, TRIAL).back_to == 1
    assert state(here) == {3: State.ON_TRIAL, 2: State.UNCONFIRMED, 1: State.CONFIRMED}
    assert apply(here.device, DEAD, TRIAL).ending is Ending.RETURNED
    assert here.in_force == OLD


def test_applying_the_old_one_ends_a_trial(here: Changing) -> None:
    """Who puts the old file back by hand means `rollback`."""
    apply(here.device, NEW, TRIAL)
    outcome = apply(here.device, OLD, TRIAL)
    assert (outcome.ending, outcome.reason) == (Ending.RETURNED, Reason.ASKED)
    assert here.agent.text == OLD
    assert not here.is_on_trial


def test_rollback_ends_a_trial_or_goes_to_the_one_before(here: Changing) -> None:
    """Once for the trial, and to and fro between the last two that lasted."""
    apply(here.device, NEW, TRIAL)
    assert give_up(here.device).ending is Ending.RETURNED
    assert here.agent.text == OLD
    apply(here.device, NEWER, AT_ONCE)
    assert earlier(here.device, None) == 1
    apply(here.device, here.revisions.text(1), AT_ONCE)
    assert earlier(here.device, None) == 3
    assert earlier(here.device, 2) == 2
    with pytest.raises(StreetAgentError, match=r"revision 9 is not kept; kept: 1, 2, 3"):
        earlier(here.device, 9)


def test_a_reboot_into_a_clock_that_is_wrong(here: Changing) -> None:
    """Ten years ahead it does not come back early, in 1970 not late."""
    for wall in (0.0, 1_790_000_000.0 + 10 * 366 * 86400):
        assert apply(here.device, NEW, TRIAL).ending is Ending.ON_TRIAL
        here.clock.reboot(wall)
        here.agent.boot()
        assert return_if_due(here.device) is None
        assert here.in_force == NEW
        for _ in range(19):
            here.clock.sleep(30)
            return_if_due(here.device)
        assert here.in_force == here.agent.text == OLD
        here.clock.is_synced = True


def test_hard_stopped_while_it_is_tried(here: Changing) -> None:
    """What was not yet found healthy is returned at boot."""

    class HardStop(BaseException):
        pass

    def stop(seconds: float) -> None:
        raise HardStop

    device = type(here.device)(
        here.revisions, here.agent, here.agent, here.clock.now, stop, "li"
    )  # fmt: skip
    with pytest.raises(HardStop):
        apply(device, NEW, TRIAL)
    assert here.in_force == NEW
    here.clock.reboot()
    here.agent.boot()
    here.clock.sleep(10)
    outcome = return_if_due(here.device)
    assert outcome
    assert outcome.reason is Reason.INTERRUPTED
    assert here.in_force == here.agent.text == OLD


def test_systemctl_that_fails(here: Changing) -> None:
    """The old one is back on disk; restarting is tried again until it works."""
    here.agent.refuses = "street-agent.service cannot be restarted: no bus"
    outcome = apply(here.device, NEW, TRIAL)
    assert outcome.ending is Ending.RETURNED
    assert outcome.worse == (here.agent.refuses,)
    assert here.in_force == OLD
    assert not here.is_on_trial  # the agent has never read the new one


def test_a_restart_that_fails_on_the_way_back(here: Changing) -> None:
    """The trial is not over before the agent has the old one."""
    apply(here.device, NEW, TRIAL)
    here.agent.refuses = "no bus"
    outcome = give_up(here.device)
    assert outcome.troubles == ("no bus",)
    assert (here.in_force, here.agent.text, here.is_on_trial) == (OLD, NEW, True)
    here.agent.refuses = ""
    assert return_if_due(here.device)
    assert (here.agent.text, here.is_on_trial) == (OLD, False)
    assert here.deeds().count((2, "returned")) == 1


def test_ctrl_c_goes_back(here: Changing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has seen enough gets the old one at once."""

    def interrupt(seconds: float) -> None:
        here.device.sleep(seconds)
        raise KeyboardInterrupt

    device = type(here.device)(
        here.revisions, here.agent, here.agent, here.clock.now, interrupt, "li"
    )  # fmt: skip
    outcome = apply(device, NEW, TRIAL)
    assert outcome.ending is Ending.RETURNED
    assert outcome.worse == ("interrupted at the keyboard",)
    assert here.in_force == here.agent.text == OLD


def test_edited_by_hand_in_a_trial(here: Changing) -> None:
    """It is noticed, kept under a number, not confirmed unseen, and not lost at the deadline."""
    apply(here.device, NEW, TRIAL)
    here.site.write_bytes(NEWER)
    outcome = confirm(here.device, anyway=False)
    assert (outcome.ending, outcome.edited) == (Ending.EDITED, 3)
    assert here.in_force == NEWER
    here.site.write_bytes(NEWER + b"# more\n")
    here.clock.sleep(700)
    returned = return_if_due(here.device)
    assert returned
    assert returned.edited == 4
    assert here.in_force == OLD
    assert here.revisions.text(3) == NEWER
    assert here.revisions.text(4) == NEWER + b"# more\n"
    assert state(here) == {
        4: State.EDITED, 3: State.EDITED, 2: State.RETURNED, 1: State.IN_FORCE,
    }  # fmt: skip


def test_what_was_edited_in_a_trial_is_tried(here: Changing) -> None:
    """Applied as it stands it is on trial itself, and goes back to where the first trial began."""
    apply(here.device, NEW, TRIAL)
    here.site.write_bytes(NEWER)
    outcome = apply(here.device, NEWER, TRIAL)
    assert (outcome.ending, outcome.number, outcome.back_to) == (Ending.ON_TRIAL, 3, 1)
    assert here.agent.text == NEWER
    assert confirm(here.device, anyway=False).ending is Ending.LASTS


def test_edited_by_hand_without_a_trial(here: Changing) -> None:
    """The next change keeps it, says so, and goes back to it."""
    apply(here.device, NEW, AT_ONCE)
    here.site.write_bytes(NEWER)
    outcome = apply(here.device, OLD, TRIAL)
    assert outcome.edited == outcome.back_to == 3
    assert here.revisions.text(3) == NEWER


def test_an_edit_that_is_invalid_is_nothing_to_go_back_to(here: Changing) -> None:
    """Half a file saved by hand is kept, but the last good one comes back."""
    apply(here.device, NEW, AT_ONCE)
    here.site.write_bytes(NEW[: NEW.index(b"[uplink]") + 5])
    outcome = apply(here.device, NEWER, TRIAL)
    assert (outcome.edited, outcome.back_to) == (3, 2)
    give_up(here.device)
    assert here.in_force == NEW


def test_applying_what_was_edited_in_place(here: Changing) -> None:
    """It is tried like any other, and goes back to what the agent had read."""
    here.site.write_bytes(NEW)
    outcome = apply(here.device, NEW, TRIAL)  # nobody knows yet what the agent had read
    assert outcome.ending is Ending.UNCHANGED
    assert "edited in place" in outcome.troubles[0]
    apply(here.device, NEWER, AT_ONCE)
    here.site.write_bytes(DEAD)
    outcome = apply(here.device, DEAD, TRIAL)
    assert (outcome.ending, outcome.back_to) == (Ending.RETURNED, 2)
    assert here.in_force == here.agent.text == NEWER


def test_the_file_in_force_is_deleted_in_a_trial(here: Changing) -> None:
    """The old one comes back all the same."""
    apply(here.device, NEW, TRIAL)
    here.site.unlink()
    here.clock.sleep(700)
    assert return_if_due(here.device)
    assert here.in_force == OLD
    assert here.site.stat().st_mode & 0o777 == 0o640


def test_two_at_once(here: Changing) -> None:
    """The second says so and changes nothing; the timer leaves the first alone."""
    with here.revisions.locked():
        with pytest.raises(Busy, match="another street-agent config"):
            apply(here.device, NEW, TRIAL)
        assert return_if_due(here.device) is None
    assert here.in_force == OLD


def test_ten_are_kept_and_the_one_to_go_back_to(here: Changing) -> None:
    """However many follow, the old one of a trial stays; so does the one in force."""
    for number in range(15):
        apply(here.device, NEW + b"[store]\nreadings_mib = %d\n" % (200 + number), TRIAL)
    kept = here.revisions.kept()
    assert len(kept) == KEPT + 1
    assert 1 in kept
    assert give_up(here.device).back_to == 1
    assert here.in_force == OLD
    apply(here.device, NEWER, AT_ONCE)
    assert len(here.revisions.kept()) == KEPT + 1  # the tenth, and the one that it replaced


def test_a_damaged_history_is_set_aside(here: Changing) -> None:
    """What can be read of it stays, the rest is kept for who wants to look."""
    apply(here.device, NEW, AT_ONCE)
    path = here.revisions.folder / "history.jsonl"
    path.write_bytes(path.read_bytes() + b'\xff\0{"number": 1}\n[]\n{"num')
    assert state(here) == {2: State.IN_FORCE, 1: State.CONFIRMED}
    apply(here.device, NEWER, TRIAL)
    assert here.deeds()[-1] == (3, "applied")
    assert path.with_name("history.jsonl.damaged").read_bytes().endswith(b'{"num')


@pytest.mark.parametrize("kind", ["gone", "folder"])
def test_no_history_at_all(here: Changing, kind: str) -> None:
    """Revisions are found by what is in them: going back works without a history."""
    apply(here.device, NEW, AT_ONCE)
    path = here.revisions.folder / "history.jsonl"
    path.unlink()
    if kind == "folder":
        path.mkdir()
    assert earlier(here.device, None) == 1
    assert apply(here.device, OLD, TRIAL).ending is Ending.ON_TRIAL
    assert state(here) == {2: State.KEPT, 1: State.ON_TRIAL}


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff" * 100, b"[" * 100_000])
def test_a_damaged_note_of_a_trial(here: Changing, damage: bytes) -> None:
    """Nobody knows the deadline any more: the old one comes back at once."""
    apply(here.device, NEW, TRIAL)
    (here.revisions.folder / "pending.json").write_bytes(damage)
    with pytest.raises(StorageError, match=r"pending\.json"):
        apply(here.device, NEWER, TRIAL)
    outcome = return_if_due(here.device)
    assert outcome
    assert (outcome.ending, outcome.reason) == (Ending.RETURNED, Reason.DAMAGED)
    assert here.in_force == here.agent.text == OLD
    assert not here.is_on_trial


def test_a_revision_that_is_damaged_is_not_put_back(here: Changing) -> None:
    """With the copy that stands ready gone as well, the file in force stays whole."""
    apply(here.device, NEW, TRIAL)
    (here.revisions.folder / "return.toml").write_bytes(OLD[:100])
    here.revisions.path(1).write_bytes(OLD[:100])
    with pytest.raises(StorageError, match="not what it was"):
        give_up(here.device)
    assert here.in_force == NEW


def test_a_device_without_a_configuration(here: Changing) -> None:
    """There is nothing to change: it says which file is missing."""
    here.site.unlink()
    with pytest.raises(StorageError, match=r"site\.toml: No such file"):
        apply(here.device, NEW, TRIAL)


def test_an_order_keeps_its_reason(here: Changing) -> None:
    """Who and why are in the history."""
    apply(here.device, NEW, Order(60.0, "a new broker"))
    line = here.revisions.lines()[-1]
    assert (line.who, line.why, line.is_synced) == ("li (ssh)", "a new broker", True)
