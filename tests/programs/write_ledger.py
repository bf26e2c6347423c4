"""A ledger writer in a process of its own, fed from a file; killed where its argument says.

Usage: write_ledger.py FOLDER URL RECORDS CRASH_POINT
RECORDS holds decision record values, each after its length in four bytes.  Prints size and root.
"""

from __future__ import annotations

import sys
from pathlib import Path

from broker import logs
from broker.adapters.crash import crash_probe
from tests.audit_world import TestLedger

__all__ = ["main"]


def main(folder: str, url: str, records: str, crash: str) -> None:
    """Write everything, or die on the way."""
    logs.configure("ledger")
    ledger = TestLedger(Path(folder), url, crash_probe(crash, development=True))
    ledger.put(list(_values(Path(records).read_bytes())))
    while ledger.writer.step(0.0):
        pass
    state = ledger.store.acquire()
    print(state.size, state.frontier.root())  # noqa: T201 - the answer


def _values(data: bytes) -> list[bytes]:
    values, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        values.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return values


if __name__ == "__main__":
    main(*sys.argv[1:])
