"""The demo's last words: what was raised, delivered, lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from agent.width import pad


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of a run.

    Attributes:
        raised: events that the agents' own stores have seen.
        delivered: different events that the command centre has received.
        duplicated: events that came again under their id, which is harmless.
        first_event_s: real seconds from the agents' start to the first event; None = none came.
        outage_s: how long the broker was away; None where it never was.
        first_back_s: seconds from its return to the first event or reading; None = none came.
        drained_s: seconds from its return until nothing waited any more; None = not seen.
    """

    raised: int
    delivered: int
    duplicated: int
    readings: int
    first_event_s: float | None
    outage_s: float | None = None
    first_back_s: float | None = None
    drained_s: float | None = None

    @property
    def lost(self) -> int:
        """Events that were raised and did not arrive."""
        return self.raised - self.delivered

    def failure(self, patience_s: float) -> str:
        """What went wrong; empty if nothing did.

        Args:
            patience_s: by when the first event must have come.
        """
        if self.lost:
            return f"{self.lost} events were not delivered"
        if self.first_event_s is None or self.first_event_s > patience_s:
            return f"no event came within {patience_s:g} s"
        return ""

    def lines(self) -> list[str]:
        """For people, both languages, at most 80 columns."""
        rows = [
            ("产生 raised", f"{self.raised:,}", "written by the agents' own stores"),
            ("送达 delivered", f"{self.delivered:,}", "different events received"),
            ("丢失 lost", f"{self.lost:,}", ""),
            ("重复 duplicated", f"{self.duplicated:,}", "same id again: harmless"),
            ("读数 readings", f"{self.readings:,}", "received"),
            ("首个事件 first event", _seconds(self.first_event_s), "after the agents' start"),
        ]
        if self.outage_s is not None:
            rows += [
                ("中断 broker away", _seconds(self.outage_s), ""),
                ("恢复 first delivery", _seconds(self.first_back_s), "after its return"),
                ("补传 backlog drained", _seconds(self.drained_s), "after its return"),
            ]
        return [f"  {pad(name, 22)}{figure:>10}  {note}".rstrip() for name, figure, note in rows]


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.1f} s"
