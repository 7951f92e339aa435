"""Months in homes that never existed: what is told without cause, and how soon each incident is.

python tests/bench/month.py [HOMES] [FIRST SEED]: 30 days each without an incident, then each kind
of incident by itself on day 20. About 10 s for each home.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from months import URGENT, Month, lived

DAY = 20
DAYS, UNTIL = 30, 27
# Incident, the kind and reasons of the event that it must lead to, and the sensor it must name.
EXPECTED = (
    (f"collapse@{DAY}", "home.stillness", ("line", "room", "ceiling"), ""),
    (f"collapse-in-bed@{DAY}", "home.stillness", ("line", "not_up", "ceiling"), ""),
    (f"night-exit@{DAY}", "home.outing", ("night_exit",), ""),
    (f"missed-meals@{DAY}", "home.meals", ("missed_twice",), ""),
    (f"missed-meals@{DAY}+60", "home.meals", ("not_eating",), ""),
    (f"holiday@{DAY}", "home.outing", ("travelling",), ""),
    (f"dead-bedroom@{DAY}+150", "monitoring.degraded", ("blind",), "bedroom-motion"),
    (f"dead-door@{DAY}+150", "monitoring.degraded", ("blind",), "front-door"),
    (f"stuck-kitchen@{DAY}", "sensor.fault", ("stuck",), "kitchen-motion"),
    (f"chatter-living@{DAY}", "sensor.fault", ("chatter",), "living-motion"),
)


def main() -> None:
    homes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    seeds = range(first, first + homes)
    levels: Counter[str] = Counter()
    for seed in seeds:
        month = lived(seed, days=DAYS)
        levels.update(told.level for told in month.news)
        told = Counter(told.level for told in month.news)
        print(f"home {seed:3}: " + ", ".join(f"{told[word]} {word}" for word in sorted(told)))
        for event in month.news:
            if event.level in {*URGENT, "yellow"}:
                print(f"    {event}")
    print(f"{homes} months: " + ", ".join(f"{n} {word}" for word, n in levels.most_common()))
    print(f"\n{'planted':24}{'told':>8}{'median':>9}{'latest':>9}  urgent without cause")
    for incident, kind, reasons, sensor in EXPECTED:
        delays, others = [], 0
        for seed in seeds:
            month = lived(seed, incident, UNTIL)
            delays += _delay(month, kind, reasons, sensor)
            others += _without_cause(month, kind)
        times = f"{median(delays):7.2f} h{max(delays):7.2f} h" if delays else ""
        print(f"{incident:24}{len(delays):>4}/{homes:<3}{times:18}  {others}")


def _delay(month: Month, kind: str, reasons: tuple[str, ...], sensor: str) -> list[float]:
    """Hours from the incident to its event; empty if none came before it was over."""
    planted = month.planted[0]
    for told in month.news:
        is_meant = told.kind == kind and told.reason in reasons
        is_named = not sensor or sensor in told.sensors
        if is_meant and is_named and planted.since <= told.at <= planted.until + 1800:
            return [(told.at - planted.since) / 3600]
    return []


def _without_cause(month: Month, kind: str) -> int:
    """Orange and red of other kinds, from the incident until a day after it."""
    planted = month.planted[0]
    return sum(
        told.level in URGENT
        and told.kind != kind
        and planted.since <= told.at < planted.until + 86400
        for told in month.news
    )


if __name__ == "__main__":
    main()
