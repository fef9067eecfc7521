"""Fixtures: a ledger with one target in memory, on either database. A conftest that wants them imports them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.outbox.places import Place
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place


@pytest.fixture
def target() -> MemoryTarget:
    return MemoryTarget()


@pytest.fixture
def open_ledger(tmp_path: Path, database_url: str) -> Iterator[OpenLedger]:
    """`open_ledger(place(target, max_concurrent=4), TRASH_DAYS="0")` makes an installation."""
    opened: list[Ledger] = []

    def make(*there: Place, **env: str) -> Ledger:
        opened.append(Ledger.on_tables(tmp_path, database_url, *there, **env))
        return opened[-1]

    yield make
    for ledger in opened:
        ledger.services.close()


@pytest.fixture
def ledger(open_ledger: OpenLedger, target: MemoryTarget) -> Ledger:
    return open_ledger(place(target, max_concurrent=4))
