"""The log never waits, never floods, keeps its order, and says what it has lost."""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from agent import log as agent_log
from agent.log import Handler
from agent.stderr import Writer

PATIENCE_S = 10.0
PIPE_BYTES = 65536


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe; a test leaves nothing to be written to it."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def drained(reader: int, until: bytes) -> str:
    """Read until this has come."""
    data, end = b"", time.monotonic() + PATIENCE_S
    while until not in data:
        assert select.select([reader], [], [], max(end - time.monotonic(), 0.0))[0], data[-200:]
        data += os.read(reader, PIPE_BYTES)
    return data.decode()


def logger_to(handler: logging.Handler, name: str) -> logging.Logger:
    logger = logging.Logger(name)  # noqa: LOG001 - one of the test's own, known to nobody else
    logger.addHandler(handler)
    return logger


def test_lines_of_many_threads_come_whole_and_each_in_its_order(pipe: tuple[int, int]) -> None:
    """Eight threads at once: every line is there, and no thread's lines change places."""
    reader, writer = pipe
    logger = logger_to(Handler(writer), "t")

    def say(thread: int) -> None:
        for n in range(50):
            logger.info("thread %d line %d", thread, n, extra={"always": True})

    threads = [threading.Thread(target=say, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    logger.info("the end")
    lines = drained(reader, b"the end\n").splitlines()
    assert len(lines) == 401
    for thread in range(8):
        mine = [line for line in lines if line.startswith(f"thread {thread} ")]
        assert mine == [f"thread {thread} line {n}" for n in range(50)]


def test_a_full_pipe_holds_nobody_up_and_the_loss_is_said_later(
    pipe: tuple[int, int], record_property: Callable[[str, object], None]
) -> None:
    """Ten thousand lines into a pipe that nobody reads; once it is read, each is there or counted."""
    record_property("injections", 1)
    reader = pipe[0]
    handler = Handler(pipe[1])
    logger = logger_to(handler, "t")
    begun = time.monotonic()
    for n in range(10_000):
        logger.info("line %d %s", n, "x" * 100, extra={"always": True})
    assert time.monotonic() - begun < 5.0
    written = drained(reader, b"line 1999 ")
    while not handler._writer.has_room:
        written += drained(reader, b"\n")
    logger.info("end")
    written += drained(reader, b"end\n")
    lines = written.splitlines()
    kept = [int(line.split()[1]) for line in lines if line.startswith("line ")]
    lost = [int(line.rpartition("=")[2]) for line in lines if line.startswith("log lines were")]
    assert kept == sorted(set(kept))
    assert lost
    assert len(kept) + sum(lost) == 10_000


@pytest.mark.parametrize("how", ["no reader", "closed", "full disk"])
def test_a_descriptor_that_takes_nothing_is_survived(
    how: str, record_property: Callable[[str, object], None]
) -> None:
    """EPIPE, EBADF or ENOSPC on every write: lines are counted, flush returns, nothing raises."""
    record_property("injections", 1)
    reader, fd = os.pipe() if how != "full disk" else (-1, os.open("/dev/full", os.O_WRONLY))
    if reader >= 0:
        os.close(reader)
    writer = Writer(fd, lambda: None)
    if how == "closed":
        os.close(fd)
    for n in range(5):
        writer.put(b"line %d\n" % n)
    writer.flush(PATIENCE_S)
    assert writer.lost == 5
    if how != "closed":
        os.close(fd)


def test_flush_does_not_wait_for_a_pipe_that_nobody_reads(
    pipe: tuple[int, int], record_property: Callable[[str, object], None]
) -> None:
    """An agent that is stopped ends in time, whatever its log does."""
    record_property("injections", 1)
    writer = Writer(pipe[1], lambda: None)
    for _ in range(100):
        writer.put(b"x" * 1023 + b"\n")
    begun = time.monotonic()
    writer.flush(0.2)
    assert time.monotonic() - begun < 2.0
    reader = threading.Thread(target=drained, args=(pipe[0], b"end\n"))
    reader.start()
    writer.put(b"end\n")
    writer.flush(PATIENCE_S)
    reader.join(PATIENCE_S)


def test_without_a_thread_to_spare_lines_go_out_at_once_or_are_counted(
    pipe: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """A process that may start no thread still says what it has to say, and never waits for it."""
    record_property("injections", 1)

    def none_left(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    writer = Writer(pipe[1], lambda: None)
    for n in range(100):
        writer.put(b"line %d %s\n" % (n, b"x" * 1010))
    writer.flush(PATIENCE_S)
    written = os.read(pipe[0], PIPE_BYTES).splitlines()
    assert [line.split()[1] for line in written] == [b"%d" % n for n in range(len(written))]
    assert len(written) >= 50
    assert writer.lost == 100 - len(written)


def test_a_flood_is_summed_up_and_events_are_exempt(pipe: tuple[int, int]) -> None:
    """Ten are shown of a thousand, in the next minute their sum; every event line is there."""
    now = 0.0
    handler = Handler(pipe[1], now=lambda: now)
    logger = logger_to(handler, "agent.x")
    for n in range(1000):
        logger.warning("sensor down sensor=%s", f"s{n}")
        logger.info("event id=%d", n, extra={"always": True})
    now = 61.0
    logger.info("end")
    lines = drained(pipe[0], b"end\n").splitlines()
    assert sum(line.startswith("event id=") for line in lines) == 1000
    assert sum(line.startswith("sensor down") for line in lines) == 11
    assert lines[-2] == "sensor down sensor=s999 ... repeated 990 times in 61 s"


def test_what_is_held_back_at_the_end_is_told_at_the_end(pipe: tuple[int, int]) -> None:
    """A stop within the minute does not swallow the sum."""
    handler = Handler(pipe[1], now=lambda: 0.0)
    logger = logger_to(handler, "agent.x")
    for _ in range(25):
        logger.warning("disk slow")
    handler.close()
    assert drained(pipe[0], b"repeated 15 times")


def test_a_quiet_log_still_tells_its_sums(pipe: tuple[int, int]) -> None:
    """Nobody needs to log anything for the minute to end."""
    now = 0.0
    logger = logger_to(Handler(pipe[1], now=lambda: now), "agent.x")
    for _ in range(25):
        logger.warning("disk slow")
    now = 60.0
    assert drained(pipe[0], b"repeated 15 times in 60 s\n")


def test_a_message_that_cannot_be_formatted_names_its_place(pipe: tuple[int, int]) -> None:
    """A wrong template is one line, not a traceback, and stops nothing."""
    logger = logger_to(Handler(pipe[1]), "agent.x")
    logger.info("%d sensors", "three")
    assert "cannot be logged: '%d sensors' of test_log.py:" in drained(pipe[0], b"\n")


def test_a_sensor_cannot_steer_the_readers_terminal(pipe: tuple[int, int]) -> None:
    """Control characters out of hostile bytes are not passed on; half a character is no crash."""
    handler = Handler(pipe[1])
    handler.setFormatter(agent_log._Journal("%(name)s: %(message)s"))
    logger_to(handler, "agent.x").error("reason=%s", "\x1b[2J\r\x07\x9b 坏\nline \udc80")
    assert drained(pipe[0], b"dc80\n") == "<3>agent.x: reason=?[2J??? 坏 | line \\udc80\n"


def test_what_dies_is_one_line_and_the_traceback_is_for_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A technician reads what happened and where; the rest comes with --verbose."""
    caplog.set_level(logging.DEBUG)
    try:
        int("x")
    except ValueError as error:
        agent_log._agent_died(ValueError, error, error.__traceback__)
    shown, traceback = caplog.records
    assert (shown.levelname, traceback.levelname) == ("ERROR", "DEBUG")
    assert shown.getMessage().startswith("the agent died error=ValueError: invalid literal")
    assert "tests/test_log.py:" in shown.getMessage()
    assert "\n" not in shown.getMessage()
