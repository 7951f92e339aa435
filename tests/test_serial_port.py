"""A serial port on a real pty: bounded reads, and errors that a technician can act on."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import tracemalloc
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import serial_port
from drivers.base import DeviceSilent, FrameError, PortError
from drivers.frames import Shape
from drivers.serial_port import FramedPort, SerialPort

LINES = Shape(b"<", 4, lambda window: None if len(window) < 4 else 4 * window.endswith(b">"))
FRAME = b"<ab>"


class Line:
    """Both ends of a pty; the sensor talks into it, the port is the path of the other end."""

    def __init__(self) -> None:
        self.sensor, port = os.openpty()
        tty.setraw(port)
        self.path = os.ttyname(port)
        self._ends = [self.sensor, port]

    def say(self, text: bytes) -> None:
        assert os.write(self.sensor, text) == len(text)

    def unplug(self) -> None:
        while self._ends:
            os.close(self._ends.pop())


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.unplug()


@pytest.fixture
def port(line: Line) -> Iterator[SerialPort]:
    port = SerialPort(line.path, 9600)
    port.open()
    yield port
    port.close()


def read_all(port: SerialPort, size: int) -> bytes:
    got = b""
    while len(got) < size and (piece := port.read()):
        got += piece
    return got


def test_a_read_returns_what_is_there(line: Line, port: SerialPort) -> None:
    """A read ends with the bytes that have come; it waits for no more of them."""
    line.say(b"abc")
    assert read_all(port, 3) == b"abc"
    line.say(b"d")
    assert port.read() == b"d"


def test_silence_is_no_bytes(port: SerialPort) -> None:
    """A line that says nothing gives an empty read, after a bounded wait."""
    assert port.read() == b""


def test_a_read_wakes_for_a_late_byte(line: Line, port: SerialPort) -> None:
    """A read that waits already gets the byte that comes meanwhile."""
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(port.read()))
    reader.start()
    line.say(b"x")
    reader.join(5)
    assert got == [b"x"]


def test_stale_input_is_discarded(line: Line) -> None:
    """What waited in the port before it was opened is never read."""
    line.say(b"stale")
    port = SerialPort(line.path, 9600)
    port.open()
    line.say(b"fresh")
    assert read_all(port, 5) == b"fresh"
    port.close()


def test_reads_are_bounded_on_an_endless_stream(line: Line) -> None:
    """A stream that never ends and never holds a frame is read in bounded pieces, in flat memory."""
    port = FramedPort(SerialPort(line.path, 9600), LINES, 60, "")
    port.open()
    os.set_blocking(line.sensor, False)
    tracemalloc.start()
    written, errors = 0, 0
    for _ in range(100):
        with contextlib.suppress(BlockingIOError):
            written += os.write(line.sensor, b"<" * 4096)
        try:
            assert port.read() == []
        except FrameError:
            errors += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    port.close()
    assert written > 200_000
    assert errors > 80
    assert peak < 200_000


def test_a_missing_port_names_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening a port that is not there says which adapters are."""
    monkeypatch.setattr(serial_port, "BY_ID", tmp_path)
    missing = SerialPort(str(tmp_path / "missing"), 9600)
    with pytest.raises(PortError, match=r"holds nothing: is it plugged in\?"):
        missing.open()
    (tmp_path / "usb-B-port0").touch()
    (tmp_path / "usb-A-port0").touch()
    with pytest.raises(PortError, match=r"no port .*missing; .* holds usb-A-port0, usb-B-port0$"):
        missing.open()
    monkeypatch.setattr(serial_port, "BY_ID", tmp_path / "none")
    with pytest.raises(PortError, match="holds nothing"):
        missing.open()


def test_a_port_is_never_shared(line: Line, port: SerialPort) -> None:
    """A second open of the same port is refused, and says why."""
    with pytest.raises(PortError, match="in use by another program"):
        SerialPort(line.path, 9600).open()
    port.close()
    again = SerialPort(line.path, 9600)
    again.open()
    again.close()


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EACCES, "add the agent's user to the group dialout"),
        (errno.EBUSY, "in use by another program"),
        (errno.EIO, "cannot be opened as a serial port"),
    ],
)
def test_the_system_s_refusals_become_sentences(
    number: int, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal of the system becomes a sentence that names the port and the way out."""

    def refuse(path: str, flags: int) -> int:
        raise OSError(number, os.strerror(number), path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PortError, match=f"/dev/ttyUSB7.*{sentence}"):
        SerialPort("/dev/ttyUSB7", 9600).open()


def test_a_file_is_no_port(tmp_path: Path) -> None:
    """A path that is no serial port is refused with a PortError."""
    (tmp_path / "file").touch()
    with pytest.raises(PortError, match="cannot be opened as a serial port"):
        SerialPort(str(tmp_path / "file"), 9600).open()


def test_unplugging_is_a_port_error(line: Line, port: SerialPort) -> None:
    """A port that goes away ends the read with a PortError, and can still be closed."""
    line.unplug()
    with pytest.raises(PortError, match="has gone: is it unplugged"):
        port.read()
    port.close()
    assert not port.is_open


def test_an_adapter_that_hangs_up_is_a_port_error(
    line: Line, port: SerialPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that is ready and gives nothing, as a USB adapter pulled out does, is a PortError."""
    line.say(b"x")
    monkeypatch.setattr(os, "read", lambda *_: b"")
    with pytest.raises(PortError, match="has gone: is it unplugged"):
        port.read()


def test_bytes_taken_by_another_program_are_no_error(
    line: Line, port: SerialPort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a program that takes no lock was faster, a read is empty, and the next one goes on."""

    def nothing_left(fd: int, most: int) -> bytes:
        raise BlockingIOError

    line.say(b"x")
    with monkeypatch.context() as taken:
        taken.setattr(os, "read", nothing_left)
        assert port.read() == b""
    assert port.read() == b"x"


def test_the_same_path_opens_again_on_another_number(line: Line, tmp_path: Path) -> None:
    """A link that points to another device after a replug is followed at the next open."""
    link = tmp_path / "usb-LEVEL01-port0"
    link.symlink_to(line.path)
    port = SerialPort(str(link), 9600)
    port.open()
    other = Line()
    line.unplug()
    with pytest.raises(PortError):
        port.read()
    port.close()
    link.unlink()
    with pytest.raises(PortError, match="no port"):
        port.open()
    link.symlink_to(other.path)
    port.open()
    other.say(b"back")
    assert read_all(port, 4) == b"back"
    port.close()
    other.unplug()


def test_a_closed_port_reads_nothing() -> None:
    """Reading a port that was never opened is a PortError; closing it is harmless, twice too."""
    port = SerialPort("/dev/null", 9600)
    with pytest.raises(PortError, match="not open"):
        port.read()
    port.close()
    port.close()


def test_an_odd_rate_opens(line: Line) -> None:
    """256000 baud, which termios has no name for, can be set."""
    port = SerialPort(line.path, 256000)
    port.open()
    line.say(b"x")
    assert port.read() == b"x"
    port.close()


def framed(line: Line, silent_after_s: float = 60) -> FramedPort:
    port = FramedPort(SerialPort(line.path, 9600), LINES, silent_after_s, "look at the plug")
    port.open()
    return port


def read_frames(port: FramedPort) -> list[bytes]:
    while not (frames := port.read()):
        pass
    return frames


@pytest.mark.parametrize(
    ("garbage", "sentence"),
    [
        (b"\x00\xff" * 64, "wrong baud rate"),
        (b"\x00\xf8\xfe\x80" * 32, "wrong baud rate"),
        (b"hello world!" * 11, "check model, baud and wiring; look at the plug"),
    ],
)
def test_garbage_is_a_frame_error(line: Line, garbage: bytes, sentence: str) -> None:
    """Bytes that never hold a frame end in a FrameError that says what they look like."""
    port = framed(line)
    line.say(garbage)
    with pytest.raises(
        FrameError, match=f"{line.path}: 128 bytes and no valid frame: .*{sentence}"
    ):
        read_frames(port)
    port.close()


def test_a_good_frame_ends_the_count_of_garbage(line: Line) -> None:
    """Garbage below the limit between good frames is counted and never an error."""
    port = framed(line)
    for _ in range(5):
        line.say(b"<" * 100)
        while port.framer.bad % 100 < 97:
            assert port.read() == []
        line.say(FRAME)
        assert read_frames(port) == [FRAME]
    assert (port.framer.frames, port.framer.bad) == (5, 500)
    port.close()


def test_silence_is_told_after_its_time(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty reads add up to DeviceSilent; a frame starts the count anew, and so does reopening."""
    monkeypatch.setattr(serial_port, "TIMEOUT_S", 0.01)
    port = framed(line, silent_after_s=0.3)
    quiet = 29
    assert [port.read() for _ in range(quiet)] == [[]] * quiet
    line.say(FRAME)
    assert read_frames(port) == [FRAME]
    assert [port.read() for _ in range(quiet)] == [[]] * quiet
    for _ in range(2):
        with pytest.raises(DeviceSilent, match=r"no valid frame for 0\.3 s"):
            port.read()
    port.close()
    port.open()
    assert port.read() == []
    port.close()


def test_closing_tells_the_counts_once(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """One line of log gives the counts of the port, at the first close alone."""
    caplog.set_level("INFO")
    port = framed(line)
    line.say(b"<<" + FRAME)
    read_frames(port)
    port.close()
    port.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"serial port closed port={line.path} frames=1 bad_frames=2 dropped_bytes=2"
    ]
