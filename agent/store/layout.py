"""Where in the state folder each part of the store lives."""

READINGS = "readings"
OUTBOX = "outbox"
SNAPSHOTS = "snapshots"
DIARY = "diary"
