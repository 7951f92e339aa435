"""Where in the state folder each part of the store lives."""

READINGS = "readings"
OUTBOX = "outbox"
SNAPSHOTS = "snapshots"
DIARY = "diary"

# What people may look back at, in segments of 256 KiB: some 140,000 readings, three months of one a
# minute, and some 1,500 events. A disk that is full gives it up first.
READINGS_HISTORY = 64
OUTBOX_HISTORY = 16
