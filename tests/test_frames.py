"""Bytes to frames: the same frames however the bytes are cut, whatever stands between them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.frames import Framer, Shape
from drivers.water_level import MODELS

MAXBOTIX = MODELS["maxbotix"].shape
A02 = MODELS["a02yyuw"].shape


def measure_counted(window: bytes) -> int | None:
    """A frame with a header, a little-endian length and a tail, and no checksum at all."""
    if len(window) < 6:
        return None
    length = 4 + 2 + int.from_bytes(window[4:6], "little") + 4
    if length > 45:
        return 0
    if len(window) < length:
        return None
    return length if window[length - 4 : length] == bytes.fromhex("f8f7f6f5") else 0


COUNTED = Shape(header=bytes.fromhex("f4f3f2f1"), longest=45, measure=measure_counted)

RADAR = [
    bytes.fromhex("f4f3f2f10d0002aa0251000000003b00005500f8f7f6f5"),
    bytes.fromhex("f4f3f2f10d0002aa0045003e00003a00005500f8f7f6f5"),
    bytes.fromhex("f4f3f2f10d0002aa034f00644c006432005500f8f7f6f5"),
]


def a02(mm: int) -> bytes:
    head = b"\xff" + mm.to_bytes(2, "big")
    return head + bytes([sum(head) & 0xFF])


def ascii_mm(mm: int) -> bytes:
    return b"R%04d\r" % mm


CASES = {
    "maxbotix": (MAXBOTIX, st.integers(0, 9999).map(ascii_mm)),
    "a02": (A02, st.integers(0, 4500).map(a02)),
    "counted": (COUNTED, st.sampled_from(RADAR)),
}
cases = pytest.mark.parametrize("case", CASES)


def frames_of(shape: Shape, stream: bytes) -> list[bytes]:
    return Framer(shape).feed(stream)


def is_part(few: Sequence[bytes], many: Sequence[bytes]) -> bool:
    rest = iter(many)
    return all(one in rest for one in few)


@pytest.mark.parametrize(
    ("text", "mm"),
    [("FF07A1A7", 1953), ("FF025859", 600), ("FF1194A4", 4500), ("FF0000FF", 0), ("FF01FFFF", 511)],
)
def test_a02_vectors(text: str, mm: int) -> None:
    """The published A02 frames are frames and mean these distances."""
    frame = bytes.fromhex(text)
    assert frames_of(A02, frame) == [frame]
    assert MODELS["a02yyuw"].value(frame) == mm


@pytest.mark.parametrize(("frame", "mm"), [(b"R1234\r", 1234), (b"R5000\r", 5000)])
def test_maxbotix_vectors(frame: bytes, mm: int) -> None:
    """R, four digits and a carriage return are a frame."""
    assert frames_of(MAXBOTIX, frame) == [frame]
    assert MODELS["maxbotix"].value(frame) == mm


@pytest.mark.parametrize(
    ("shape", "stream"),
    [
        (A02, bytes.fromhex("FF07A1A8")),
        (A02, bytes.fromhex("FFFF01FF")),  # a right sum, 65281 mm
        (MAXBOTIX, b"R12A4\r"),
        (MAXBOTIX, b"R123\rR"),
        (MAXBOTIX, b"R12345\r"),
        (MAXBOTIX, b"R1234\n"),
        (MAXBOTIX, "R１２３４\r".encode()),
        (COUNTED, RADAR[0][:-1] + b"\x00"),
        (COUNTED, RADAR[0].replace(b"\x0d\x00", b"\xff\xff")),
    ],
)
def test_bad_frames_are_counted_and_no_frames(shape: Shape, stream: bytes) -> None:
    """A wrong sum, form, tail or range is a bad frame, and nothing comes of it."""
    framer = Framer(shape)
    assert framer.feed(stream) == []
    assert framer.bad >= 1
    assert framer.frames == 0


@cases
@given(data=st.data())
def test_cuts_do_not_matter(case: str, data: st.DataObject) -> None:
    """Any bytes give the same frames and the same counts however they are cut."""
    shape, frames = CASES[case]
    noise = st.one_of(st.binary(max_size=8), st.sampled_from([shape.header, shape.header[:1] * 3]))
    stream = b"".join(data.draw(st.lists(st.one_of(frames, noise), max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    whole, cut = Framer(shape), Framer(shape)
    found = [
        frame
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for frame in cut.feed(stream[start:end])
    ]
    assert found == whole.feed(stream)
    assert (cut.frames, cut.bad, cut.dropped) == (whole.frames, whole.bad, whole.dropped)


@cases
@given(data=st.data())
def test_bytes_one_by_one(case: str, data: st.DataObject) -> None:
    """A frame comes out with its last byte, not later."""
    shape, frames = CASES[case]
    framer = Framer(shape)
    for frame in data.draw(st.lists(frames, min_size=1, max_size=5)):
        fed = [framer.feed(bytes([byte])) for byte in frame]
        assert fed == [[]] * (len(frame) - 1) + [[frame]]


@cases
@given(data=st.data())
def test_garbage_between_frames(case: str, data: st.DataObject) -> None:
    """Garbage without a header in it costs no frame, and every byte of it is counted."""
    shape, frames = CASES[case]
    noise = st.binary(max_size=20).map(lambda raw: raw.replace(shape.header[:1], b""))
    sent = data.draw(st.lists(st.tuples(noise, frames), min_size=1, max_size=8))
    framer = Framer(shape)
    assert framer.feed(b"".join(g + f for g, f in sent)) == [f for _, f in sent]
    assert framer.dropped == sum(len(g) for g, _ in sent)


@cases
@given(data=st.data())
def test_a_frame_broken_off_costs_only_itself(case: str, data: st.DataObject) -> None:
    """After the beginning of a frame that was cut off, all whole frames come out."""
    shape, frames = CASES[case]
    broken = data.draw(frames)
    head = broken[: data.draw(st.integers(1, len(broken) - 1))]
    whole = data.draw(st.lists(frames, min_size=1, max_size=4))
    stream = head + b"".join(whole)
    assume(not any(frames_of(shape, stream[i : i + len(broken)]) for i in range(len(head))))
    assert frames_of(shape, stream) == whole


@pytest.mark.parametrize(
    ("shape", "frames"),
    [
        (MAXBOTIX, [ascii_mm(mm) for mm in (1234, 301, 4999, 777)]),
        (A02, [a02(mm) for mm in (1953, 600, 4500, 2048)]),
        (COUNTED, RADAR),
    ],
)
def test_any_one_wrong_byte_costs_at_most_its_frame(shape: Shape, frames: list[bytes]) -> None:
    """Every change of every single byte loses at most the frame that it stands in."""
    size = len(frames[0])
    stream = b"".join(frames)
    after = frames * 2  # lets a lying length run out
    for place in range(len(stream)):
        kept = frames[: place // size] + frames[place // size + 1 :] + after
        for value in set(range(256)) - {stream[place]}:
            wrong = stream[:place] + bytes([value]) + stream[place + 1 :]
            found = frames_of(shape, wrong + b"".join(after))
            assert is_part(kept, found), (place, value)
            assert len(found) <= len(kept) + 1


@given(
    st.lists(st.integers(31, 4500), min_size=2, max_size=6),
    st.integers(0, 23),
    st.integers(0, 255),
)
def test_a02_loses_one_frame_unless_its_sum_is_fooled(
    levels: list[int], place: int, value: int
) -> None:
    """A wrong byte costs one A02 frame at most, but where 8 bits of sum happen to fit across two."""
    frames = [a02(mm) for mm in levels]
    stream = b"".join(frames)
    place %= len(stream)
    wrong = stream[:place] + bytes([value]) + stream[place + 1 :]
    shifted = [wrong[i : i + 4] for i in range(len(wrong) - 3) if i % 4]
    assume(not any(frames_of(A02, window) for window in shifted))
    kept = frames[: place // 4] + frames[place // 4 + 1 :]
    assert is_part(kept, frames_of(A02, wrong))


@pytest.mark.parametrize("late", range(4))
def test_511_mm_comes_into_step_from_any_byte(late: int) -> None:
    """The distance whose checksum is a header is read right wherever listening begins."""
    trap = bytes.fromhex("FF01FFFF")
    assert frames_of(A02, (trap * 10)[late:])[-9:] == [trap] * 9


def test_rogue_ff_bytes_are_ignored() -> None:
    """FF bytes between and inside MaxBotix frames are dropped and cost nothing."""
    framer = Framer(MAXBOTIX)
    assert framer.feed(b"\xff\xffR12\xff34\r\xffR0500\r") == [b"R1234\r", b"R0500\r"]
    assert (framer.bad, framer.dropped) == (0, 4)


def test_power_up_text_is_no_frame() -> None:
    """Lines of text before the first distance are passed over."""
    text = b"HRXL-MaxSonar-WR\rPN:MB7389\rRoHS 1.7b\rTempI\r"
    assert frames_of(MAXBOTIX, text + b"R1234\r") == [b"R1234\r"]


def test_a_lying_length_costs_only_its_frame() -> None:
    """A frame that claims to be longer than it is hides none of those behind it."""
    liar = RADAR[0].replace(b"\x0d\x00", b"\x22\x00")
    assert frames_of(COUNTED, liar + RADAR[1] + RADAR[2]) == RADAR[1:]


@cases
@given(data=st.data())
def test_memory_stays_below_one_frame(case: str, data: st.DataObject) -> None:
    """Whatever comes, less than the longest frame is remembered."""
    shape, frames = CASES[case]
    header = st.integers(1, 200).map(lambda n: shape.header * n)
    pieces = data.draw(st.lists(st.one_of(st.binary(max_size=60), header, frames), max_size=20))
    framer = Framer(shape)
    fed = used = 0
    for piece in pieces:
        fed += len(piece)
        used += sum(map(len, framer.feed(piece)))
        assert 0 <= fed - used - framer.dropped < shape.longest


def test_a_measure_that_never_decides_ends_at_the_longest_frame() -> None:
    """Asking for more bytes than the longest frame has counts as no frame."""
    framer = Framer(Shape(header=b"A", longest=4, measure=lambda _: None))
    assert framer.feed(b"A" * 100) == []
    assert (framer.bad, framer.dropped) == (97, 97)
