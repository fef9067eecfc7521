"""A process that claims copies for a look until none is left and prints whose: `look_process.py URL WORKER`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from backend.catalog.database import Database
from backend.outbox.look import Round, copies_of, take


def main(url: str, worker: str) -> None:
    database = Database(url)
    sys.stdin.readline()  # all begin together
    now = datetime.now(UTC)
    meant = Round("memory", now)
    with database.read() as session:
        ids = copies_of(session, meant, now)
    for delivery_id in ids:
        with database.write() as session:
            look = take(session, delivery_id, meant, worker, now)
        if look is not None:
            sys.stdout.write(f"{look.video.id}\n")
    database.close()


main(*sys.argv[1:])
