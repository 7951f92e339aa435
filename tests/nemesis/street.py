"""A street under water: ptys with floods on them, a broker, and the platform that listens."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from consumer import Consumer
from rig import Rig
from water import Floods


class Street:
    """What most trials begin with; everything runs when it is made.

    Args:
        pause_s: between two frames of one sensor.
        lines: more of the broker's configuration.

    Attributes:
        port: of the broker; trials that put something in between set their own.
    """

    def __init__(
        self, rig: Rig, draw: random.Random, sensors: int, pause_s: float, *lines: str
    ) -> None:
        self.rig = rig
        self.draw = draw
        self.broker = rig.broker(*lines)
        self.port = self.broker.port
        self.consumer = Consumer(self.port)
        rig.parts.callback(self.consumer.close)
        self.ports = rig.ports(sensors)
        self.floods = Floods(self.ports, pause_s, draw)
        rig.parts.callback(self.floods.stop)
        self.floods.start()

    def site(self, site: str = "nemesis", **more: Any) -> Path:
        """A site's configuration with these sensors and this broker."""
        return self.rig.site(self.ports, self.port, site, **more)
