"""tinydb as it comes, for comparison: inserts documents, and says so when insert has returned.

python tests/nemesis/stock.py FILE

Its JSONStorage syncs at each insert: it rewrites the whole file in place, then calls fsync.
"""

from __future__ import annotations

import sys

from tinydb import TinyDB

PAYLOAD = "x" * 900  # an event is of that size


def main() -> None:
    database = TinyDB(sys.argv[1])
    while True:
        number = database.insert({"payload": PAYLOAD})
        print(number, flush=True)


if __name__ == "__main__":
    main()
