"""A process that races for notes and prints what it was told is kept: `note_process.py DATABASE_URL WORKER COUNT`."""

from __future__ import annotations

import sys

from backend.catalog.database import Database
from backend.outbox.notes import CatalogNotes


def main(url: str, worker: str, count: str) -> None:
    database = Database(url)
    notes = CatalogNotes(database, "drive")
    sys.stdin.readline()  # all begin together
    for number in range(int(count)):
        made = notes.put(f"new {number}", worker)
        replaced = notes.put(f"gone {number}", worker, instead_of="old")
        sys.stdout.write(f"new {number}\t{made}\ngone {number}\t{replaced}\n")
    database.close()


main(*sys.argv[1:])
