"""A device whose configuration is changed: real files, an agent and a clock that are played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.config.attempt import Device, Order
from agent.config.gate import Standing, standing
from agent.config.revisions import FOLDER, Revisions, digest
from agent.config.trial import Moment
from agent.errors import ServiceError

EXAMPLE = Path(__file__).parent.parent / "systemd" / "street.toml"
OLD = EXAMPLE.read_bytes()
NEW = OLD.replace(b'place = { zh = "', b'place = { zh = "\xe6\x96\xb0')
NEWER = NEW.replace(b'zh = "', b'zh = "\xe6\x9b\xb4', 1)
COMMENTED = OLD + b"\n# nothing else\n"
SENSOR_DEAD, UPLINK_LOST, NO_START = (b"readings_mib = %d\n" % mib for mib in (101, 102, 103))
# What PlayedAgent makes of these stands in the line before.
DEAD, LOST, BROKEN = (NEW + b"[store]\n" + mib for mib in (SENSOR_DEAD, UPLINK_LOST, NO_START))
OTHER = NEW + b"[store]\nreadings_mib = 100\n"
SENSOR = "road-level"
TRIAL = Order(600.0, "a trial")
AT_ONCE = Order(0.0)


class PlayedAgent:
    """Reads the configuration when it is restarted, and is what that makes of it.

    Attributes:
        restarts: how often it was restarted.
        refuses: what systemctl says instead of restarting it.
    """

    def __init__(self, site: Path, clock: PlayedClock) -> None:
        self._site = site
        self._clock = clock
        self.restarts = 0
        self.refuses = ""
        self.text = site.read_bytes()
        self._since = clock.mono - 1000.0

    def restart(self) -> None:
        if self.refuses:
            raise ServiceError(self.refuses)
        self.restarts += 1
        self.boot()

    def boot(self) -> None:
        self.text = self._site.read_bytes()
        self._since = self._clock.mono

    def is_active(self) -> bool:
        return NO_START not in self.text

    def look(self) -> Standing | None:
        if not self.is_active():
            return None
        return standing(self.document())

    def document(self) -> dict[str, Any]:
        uptime_s = self._clock.mono - self._since
        is_open = SENSOR_DEAD not in self.text and uptime_s > 2
        return {
            "config": digest(self.text),
            "uptime_s": uptime_s,
            "sensors": [
                {
                    "name": SENSOR,
                    "status": "open" if is_open else "lost",
                    "reason": "" if is_open else "no such port",
                    "last_reading_s": 1.0 if is_open else None,
                }
            ],
            "uplink": {
                "is_linked": UPLINK_LOST not in self.text and uptime_s > 3,
                "broker": "broker.example:8883",
                "reason": "refused",
            },
        }


class PlayedClock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.boot = "one"
        self.mono = 5000.0
        self.wall = 1_790_000_000.0
        self.is_synced = True

    def now(self) -> Moment:
        return Moment(self.boot, self.mono, self.wall, self.is_synced)

    def sleep(self, seconds: float) -> None:
        self.mono += seconds
        self.wall += seconds

    def reboot(self, wall: float | None = None, *, after_s: float = 20.0) -> None:
        self.boot += "+"
        self.mono = after_s
        self.is_synced = wall is None
        self.wall = self.wall + after_s if wall is None else wall


class Changing:
    """All of it together.

    Attributes:
        device: to be handed to what is tested.
    """

    def __init__(self, folder: Path, text: bytes = OLD) -> None:
        folder.mkdir(exist_ok=True)
        self.site = folder / "site.toml"
        self.site.write_bytes(text)
        self.site.chmod(0o640)
        self.clock = PlayedClock()
        self.agent = PlayedAgent(self.site, self.clock)
        self.revisions = Revisions(self.site, folder / FOLDER)
        self.device = Device(
            self.revisions, self.agent, self.agent, self.clock.now, self.clock.sleep, "li (ssh)"
        )

    @property
    def in_force(self) -> bytes:
        return self.site.read_bytes()

    @property
    def is_on_trial(self) -> bool:
        return self.revisions.pending() is not None

    def deeds(self) -> list[tuple[int, str]]:
        return [(line.number, line.deed.value) for line in self.revisions.lines()]
