"""A process that looks at what is due and hangs while its target is asked: `hang_process.py HOME DATABASE_URL`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from backend.targets.base import RemoteCopy
from tests.services.ledger import Ledger, MemoryTarget, place


def hang(_: RemoteCopy) -> None:
    sys.stdout.write("asked\n")
    sys.stdout.flush()
    threading.Event().wait()


def main(home: str, url: str) -> None:
    ledger = Ledger.open(Path(home), url, place(MemoryTarget(on_verify=hang)))
    ledger.reverifier().run_due("memory")


main(*sys.argv[1:])
