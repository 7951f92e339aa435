"""Distance to the water by ultrasound, over a serial line.

Parts: MaxBotix HRXL-MaxSonar-WR, TTL types MB7389 (5 m) and MB7388 (10 m), data sheet
"HRXL-MaxSonar-WR Series", pin 5; DFRobot A02YYUW (SEN0311), wiki page "A02YYUW Waterproof
Ultrasonic Sensor", and sensors of other makers with its frame. Wiring: sensor TX to RX, 9600 8N1;
feed 3.3 V, since the output follows the supply. RS-232 types (MB736x) need an inverter.

The sensor looks down; the pipeline subtracts from `mount_height_mm`. A reading is the median of a
burst of frames. A burst with too few echoes gives the sensor's own error code as it came (such as
5000, 300 or 0), which the pipeline marks bad by `Traits.valid`: no echo is never "no water".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from drivers.base import Emit, Spec, Traits
from drivers.frames import Shape
from drivers.reading import Quantity
from drivers.serial_port import FramedPort, SerialPort, check_line

# Posts that send once a minute, with gaps of minutes, are healthy; the agent learns their pace.
SILENT_AFTER_S = 900.0
BURST_ENDS = 6  # empty reads, 3 s: four times the pause of the slowest free run, 1.33 Hz
ENOUGH_ECHOES = 3
LOWEST_MM = 350  # below it lies the blind zone, or a height given in metres
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
        hint: what to look at when bytes come and never a frame.
    """

    shape: Shape
    value: Callable[[bytes], int]
    blind_mm: int
    reach_mm: int
    far_reach_mm: int
    is_reach_code: bool
    hint: str


MODELS: Mapping[str, Model] = {
    "maxbotix": Model(
        # Rogue FF bytes occur between and inside frames.
        shape=Shape(header=b"R", longest=6, measure=_maxbotix, ignored=b"\xff"),
        value=_maxbotix_mm,
        blind_mm=300,
        reach_mm=5000,
        far_reach_mm=9999,
        is_reach_code=True,
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
        hint="an a02yyuw sends FF, two bytes and their sum",
    ),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Keys of a `water_level` sensor.

    Attributes:
        port: path of the serial port, best under /dev/serial/by-id.
        mount_height_mm: sensor face to dry ground, 350 to 20000 mm: beyond the blind zone.
        low_point_mm: how much lower the place's lowest point is, -2000 to 2000 mm.
        burst: frames in one reading, 1 to 25; 1 = every frame is a reading.
        baud: rate of the serial line, 1200 to 921600.
        reach_mm: how far this type sees, 500 to 20000 mm; None = 5000 (maxbotix; 9999, as 10 m
            types do, where it is mounted higher) or 4500 (a02yyuw).
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    port: str
    model: Literal["maxbotix", "a02yyuw"]
    mount_height_mm: float
    low_point_mm: float = 0.0
    burst: int = 7
    baud: int = 9600
    reach_mm: int | None = None

    def __post_init__(self) -> None:
        check_line(self.port, self.baud)
        for name, value, low, high in (
            ("mount_height_mm", self.mount_height_mm, LOWEST_MM, FARTHEST_MM),
            ("low_point_mm", self.low_point_mm, -2000, 2000),
            ("burst", self.burst, 1, 25),
            ("reach_mm", self.reach, 500, FARTHEST_MM),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value} is outside {low} to {high}")

    @property
    def reach(self) -> int:
        """How far this type sees, in mm.

        Who is mounted higher than the usual type sees is the type that sees farther.
        """
        if self.reach_mm is not None:
            return self.reach_mm
        model = MODELS[self.model]
        return model.reach_mm if self.mount_height_mm < model.reach_mm else model.far_reach_mm

    @property
    def valid(self) -> tuple[int, int]:
        """Nearest and farthest distance that this type can measure, in mm."""
        model = MODELS[self.model]
        return model.blind_mm + 1, self.reach - (1 if model.is_reach_code else 0)


class WaterLevel:
    """Medians of bursts of echoes; see the head of this file."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._model = MODELS[config.model]
        self._line = FramedPort(
            SerialPort(config.port, config.baud),
            self._model.shape,
            SILENT_AFTER_S,
            self._model.hint,
        )
        self._burst: list[int] = []

    def open(self, emit: Emit) -> None:
        """Take the port. Raise PortError if that fails."""
        self._emit = emit
        self._burst.clear()
        self._line.open()

    def poll(self) -> None:
        """Read for half a second at most; emit what bursts that completes.

        A burst also ends where the line falls quiet, so that old echoes never mix with new ones.
        """
        for frame in self._line.read():
            self._burst.append(self._model.value(frame))
            if len(self._burst) == self._config.burst:
                self._end_burst()
        if self._burst and self._line.empty_reads >= BURST_ENDS:
            self._end_burst()

    def close(self) -> None:
        """Let go of the port; harmless when closed already."""
        self._line.close()

    def _end_burst(self) -> None:
        burst, self._burst = self._burst, []
        self._emit(Quantity.DISTANCE_MM, _level(burst, *self._config.valid))


def _level(burst: list[int], low: int, high: int) -> float:
    """The median of the echoes; of a burst with too few of them, its most frequent error code."""
    echoes = [mm for mm in burst if low <= mm <= high]
    if len(echoes) >= min(ENOUGH_ECHOES, (len(burst) + 1) // 2):
        return float(median(echoes))
    return float(Counter(mm for mm in burst if not low <= mm <= high).most_common(1)[0][0])


def _traits(config: Config) -> Traits:
    return Traits(
        quantities=(Quantity.DISTANCE_MM,),
        poll_s=0.0,
        silent_after_s=SILENT_AFTER_S,
        valid={Quantity.DISTANCE_MM: config.valid},
        claims=(config.port,),
        mount_height_mm=config.mount_height_mm,
        low_point_mm=config.low_point_mm,
    )


DRIVER = Spec(config=Config, build=WaterLevel, traits=_traits)
