"""The site of the virtual machine: a home that has every kind of sensor, and a road before it."""

from __future__ import annotations

from dataclasses import dataclass

PORT = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_LEVEL01-if00-port0"
SECRET = "hunter2-of-the-test"  # noqa: S105 - of a broker that lives for a minute


@dataclass(frozen=True, slots=True)
class Wire:
    """A two-state sensor: its name, driver, role and pin, and the level at which it says yes."""

    name: str
    driver: str
    role: str
    pin: int
    active: str = "pull-up"

    @property
    def idle(self) -> str:
        """The level at which it says no."""
        return "pull-down" if self.active == "pull-up" else "pull-up"


# Contacts pull their pin to ground when they close: an open one reads high.
WIRES = (
    Wire("bedroom-pir", "pir", "bedroom", 17),
    Wire("kitchen-pir", "pir", "kitchen", 22),
    Wire("entry-pir", "pir", "entry", 5),
    Wire("front-door", "door_contact", "front-door", 23),
    Wire("kitchen-smoke", "smoke_alarm", "kitchen", 24),
    Wire("bathroom-cord", "help_button", "bathroom", 25, "pull-down"),
)
CORD = next(wire for wire in WIRES if wire.driver == "help_button")
SMOKE = next(wire for wire in WIRES if wire.driver == "smoke_alarm")


def config(broker: str) -> str:
    """The configuration, with its broker."""
    sensors = "".join(
        f'[[sensor]]\nname = "{w.name}"\ndriver = "{w.driver}"\nrole = "{w.role}"\npin = {w.pin}\n'
        for w in WIRES
    )
    return f"""\
[site]
id = "vm-0001"
profile = "home"
timezone = "Asia/Shanghai"
place = {{ zh = "测试户", en = "Test household" }}
consent = {{ given_by = "resident", on = 2026-11-01 }}
[uplink]
brokers = ["{broker}"]
insecure = true
readings = true
username = "vm"
password_file = "/etc/street-agent/keys/password"
{sensors}[[sensor]]
name = "road-level"
driver = "water_level"
role = "roadside"
model = "maxbotix"
port = "{PORT}"
mount_height_mm = 2700
idle_s = 0
rising_s = 0
burst = 1
"""
