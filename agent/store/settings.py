"""The `[store]` table of the configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """What may be kept on disk.

    Attributes:
        folder: where the state lives; empty = the service's state directory.
        readings_mib: most that readings may take, 8 to 65536 MiB; beyond it the oldest are thinned.
            Below 8, what a restart runs again (the inputs since the last snapshot but one, at most
            40,000 of some 115 bytes) would leave no room for what is unsent.
    """

    __pydantic_config__ = {"extra": "forbid", "strict": True}

    folder: str = ""
    readings_mib: int = 256

    def __post_init__(self) -> None:
        if not 8 <= self.readings_mib <= 65536:
            raise ValueError(f"readings_mib: {self.readings_mib} is outside 8 to 65536")
