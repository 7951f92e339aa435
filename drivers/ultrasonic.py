"""Distance to the water by ultrasound, over a serial line: what water_level.py does with sensors.

Parts: MaxBotix HRXL-MaxSonar-WR, TTL types MB7389 (5 m) and MB7388 (10 m), data sheet
"HRXL-MaxSonar-WR Series", pin 5; DFRobot A02YYUW (SEN0311), wiki page "A02YYUW Waterproof
Ultrasonic Sensor", and sensors of other makers with its frame. Wiring: sensor TX to RX, 9600 8N1;
feed 3.3 V, since the output follows the supply. RS-232 types (MB736x) need an inverter.

The sensor looks down; the pipeline subtracts from the mounting height. A level is the median of a
burst of frames. A burst with too few echoes gives the sensor's own error code as it came (such as
5000, 300 or 0), and one whose echoes scatter (median distance from their median above `spread_mm`)
the code for "no distance": something moves through the beam, and the median of a car's roof and the
road is neither. The pipeline marks codes bad by `Traits.valid`: no echo is never "no water". Bursts
that scatter are counted, and the count is logged when the port is closed.

An a02yyuw does not correct for temperature: 0.17 %/K, 4.7 mm/K at 2.7 m. An `air_temperature` probe
in the shade lets the agent do so.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from drivers.base import Emit
from drivers.frames import Shape
from drivers.pace import Pace
from drivers.reading import Quantity
from drivers.serial_port import FramedPort, SerialPort

log = logging.getLogger(__name__)

# Posts that send once a minute, with gaps of minutes, are healthy; one that has sent a whole burst
# at once sends all the time, and is silent long before.
SILENT_AFTER_S, STREAM_SILENT_S = 900.0, 120.0
STREAM = 3  # frames
BURST_ENDS = 6  # empty reads, 3 s: four times the pause of the slowest free run, 1.33 Hz
ENOUGH_ECHOES = 3
FARTHEST_MM = 20_000  # beyond any such sensor


def _maxbotix(window: bytes) -> int | None:
    """`R`, four digits, carriage return. There is no checksum: anything else is no frame."""
    if len(window) < 6:
        return None
    return 6 if window[1:5].isdigit() and window[5] == 0x0D else 0


def _a02(window: bytes) -> int | None:
    """`FF`, high, low, low 8 bits of their sum.

    The range is part of the check: 511 mm is FF 01 FF FF, and read from its last byte on, the sum
    is right as well, as 65281 mm, in every frame to come.
    """
    if len(window) < 4:
        return None
    in_range = _a02_mm(window) <= FARTHEST_MM
    return 4 if in_range and sum(window[:3]) & 0xFF == window[3] else 0


def _a02_mm(frame: bytes) -> int:
    return int.from_bytes(frame[1:3], "big")


def _maxbotix_mm(frame: bytes) -> int:
    return int(frame[1:5])


@dataclass(frozen=True, slots=True)
class Model:
    """A family of sensors with one protocol.

    Attributes:
        value: millimetres in a valid frame.
        blind_mm: highest value that means "too near".
        reach_mm: how far the usual type sees.
        far_reach_mm: how far the type sees that sees farthest.
        is_reach_code: whether the reach itself means "nothing in range".
        is_compensated: whether it corrects for the speed of sound in warm air.
        hint: what to look at when bytes come and never a frame.
    """

    shape: Shape
    value: Callable[[bytes], int]
    blind_mm: int
    reach_mm: int
    far_reach_mm: int
    is_reach_code: bool
    is_compensated: bool
    hint: str

    def no_echo(self, reach_mm: int) -> int:
        """The code for "no distance" of a type that sees so far."""
        return reach_mm if self.is_reach_code else 0


MODELS: Mapping[str, Model] = {
    "maxbotix": Model(
        # Rogue FF bytes occur between and inside frames.
        shape=Shape(header=b"R", longest=6, measure=_maxbotix, ignored=b"\xff"),
        value=_maxbotix_mm,
        blind_mm=300,
        reach_mm=5000,
        far_reach_mm=9999,
        is_reach_code=True,
        is_compensated=True,
        hint="possible polarity: endless garbage at the right rate is what an MB736x without "
        "inverter sends",
    ),
    "a02yyuw": Model(
        shape=Shape(header=b"\xff", longest=4, measure=_a02),
        value=_a02_mm,
        blind_mm=30,
        reach_mm=4500,
        far_reach_mm=4500,
        is_reach_code=False,
        is_compensated=False,
        hint="an a02yyuw sends FF, two bytes and their sum",
    ),
}


class Ultrasonic:
    """Medians of bursts of echoes; see the head of this file.

    Args:
        model: its protocol.
        port: where it is.
        burst: frames in a level.
        valid: nearest and farthest distance that this type can measure, in mm.
        no_echo_mm: the code for "no distance".
        spread_mm: how far echoes may scatter.
        wet_mm: distance at which there is water.
        pace: which levels are told.
    """

    def __init__(
        self,
        model: Model,
        port: SerialPort,
        *,
        burst: int,
        valid: tuple[float, float],
        no_echo_mm: int,
        spread_mm: float,
        wet_mm: float,
        pace: Pace,
    ) -> None:
        self._model = model
        self._line = FramedPort(port, model.shape, SILENT_AFTER_S, model.hint)
        self._length = burst
        self._valid = valid
        self._no_echo_mm = no_echo_mm
        self._spread_mm = spread_mm
        self._wet_mm = wet_mm
        self._pace = pace
        self._now = 0.0
        self._burst: list[int] = []
        self._scattered = 0

    def tell_time(self, mono_s: float) -> None:
        """Take note of the time."""
        self._now = mono_s

    def open(self, emit: Emit) -> None:
        """Take the port. Raise PortError if that fails."""
        self._emit = emit
        self._burst.clear()
        self._scattered = 0
        self._line.silent_after_s = SILENT_AFTER_S
        self._line.open()

    def poll(self) -> None:
        """Read for half a second at most; emit what bursts that completes, as the pace wants.

        A burst also ends where the line falls quiet, so that old echoes never mix with new ones.
        """
        for frame in self._line.read():
            self._burst.append(self._model.value(frame))
            if len(self._burst) == self._length:
                if self._length >= STREAM:
                    self._line.silent_after_s = STREAM_SILENT_S
                self._end_burst()
        if self._burst and self._line.empty_reads >= BURST_ENDS:
            self._end_burst()

    def close(self) -> None:
        """Let go of the port; harmless when closed already."""
        self._line.close()
        if self._scattered:
            log.info("bursts without a distance scattered=%d", self._scattered)
            self._scattered = 0

    def _end_burst(self) -> None:
        burst, self._burst = self._burst, []
        mm = level(burst, *self._valid)
        low, high = self._valid
        is_echo = low <= mm <= high
        if is_echo and spread(burst, low, high) > self._spread_mm:
            self._scattered += 1
            mm, is_echo = float(self._no_echo_mm), False
        is_wet = is_echo and mm <= self._wet_mm
        if self._pace.tells(self._now, mm if is_echo else None, is_wet=is_wet):
            self._emit(Quantity.DISTANCE_MM, mm)


def level(burst: list[int], low: float, high: float) -> float:
    """The median of the echoes; of a burst with too few of them, its most frequent error code."""
    echoes = [mm for mm in burst if low <= mm <= high]
    if len(echoes) >= min(ENOUGH_ECHOES, (len(burst) + 1) // 2):
        return float(median(echoes))
    return float(Counter(mm for mm in burst if not low <= mm <= high).most_common(1)[0][0])


def spread(burst: list[int], low: float, high: float) -> float:
    """Median distance of the echoes from their median, in mm; a burst has at least one."""
    echoes = [mm for mm in burst if low <= mm <= high]
    middle = median(echoes)
    return float(median(abs(mm - middle) for mm in echoes))
