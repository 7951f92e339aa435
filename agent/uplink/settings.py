"""The `[uplink]` table of the configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """How to reach the platform.

    Attributes:
        brokers: URLs, tried in turn: mqtts://host[:8883], or mqtt://host[:1883] where `insecure`.
        insecure: allow brokers without TLS.
        client_id: MQTT client id; empty = `street-agent-<site id>`.
        username: for brokers that ask for one; empty = none.
        password_file: file whose first line is the password; readable by the agent alone.
        ca_file: PEM of the authority that signed the broker's certificate; empty = the system's.
        cert_file: PEM of this device's certificate; empty = none.
        key_file: PEM of its key; readable by the agent alone.
        prefix: start of every topic; empty = `street/v1/<site id>/`.
        readings: whether readings are sent; None = not from homes, but from elsewhere.
        keepalive_s: MQTT keep-alive, 5 to 3600 s; a dead link is noticed after twice as long.
        window: messages in flight without PUBACK, 1 to 1000.
        pack: most readings joined into one SenML pack, 1 to 5000.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    brokers: tuple[str, ...]
    insecure: bool = False
    client_id: str = ""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    prefix: str = ""
    readings: bool | None = None
    keepalive_s: int = 30
    window: int = 20
    pack: int = 500

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("keepalive_s", self.keepalive_s, 5, 3600),
            ("window", self.window, 1, 1000),
            ("pack", self.pack, 1, 5000),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: {value} is outside {low} to {high}")
