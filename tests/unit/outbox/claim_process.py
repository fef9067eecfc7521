"""A process that claims until nothing is left and prints what it got: `claim_process.py DATABASE_URL WORKER`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from backend.catalog.database import Database
from backend.catalog.models import DeliveryState
from backend.outbox.circuit import lock_target
from backend.outbox.claim import claim, write_held


def main(url: str, worker: str) -> None:
    database = Database(url)
    sys.stdin.readline()  # all begin together
    while True:
        with database.write() as session:
            found = claim(session, lock_target(session, "memory"), worker, 1000, datetime.now(UTC), wanted=3)
        if not found:
            break
        for one in found:
            with database.write() as session:
                held = write_held(session, one, state=DeliveryState.DELIVERED)
            sys.stdout.write(f"{one.delivery_id} {held}\n")
    database.close()


main(*sys.argv[1:])
