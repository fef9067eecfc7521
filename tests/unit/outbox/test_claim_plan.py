"""With a hundred thousand deliveries waiting, a claim walks the index and looks at a handful of rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.catalog.models import Base
from backend.outbox.circuit import lock_target
from backend.outbox.claim import claim, ready
from backend.outbox.look import Round, copies_of
from tests.services.ledger import Ledger

WAITING = 100_000
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_COPIES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO {table} ({columns}) SELECT {values} FROM n CROSS JOIN (SELECT * FROM {table} LIMIT 1) AS model
"""


@pytest.fixture
def crowded(ledger: Ledger, request: pytest.FixtureRequest) -> Ledger:
    """One video saved in earnest, and a hundred thousand more rows like its own, all due at the same instant.

    As they are saved, or as verified copies at which nobody has looked for long.
    """
    video_id = ledger.add()
    if state := getattr(request, "param", None):
        ledger.set(video_id, state=state, checked_at=LONG_AGO, next_attempt_at=LONG_AGO)
    with ledger.database.write() as session:
        lock_target(session, "memory")
        number = "CAST(n.i AS VARCHAR(20))"
        _copy(session, "videos", id=number, relative_path=number, stored_filename=number)
        _copy(session, "deliveries", id="n.i + 1000000", video_id=number)
    with ledger.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return ledger


def _copy(session: Session, table: str, **changed: str) -> None:
    names = [c.name for c in Base.metadata.tables[table].columns]
    values = ", ".join(changed.get(name, f"model.{name}") for name in names)
    statement = _COPIES.format(count=WAITING, table=table, columns=", ".join(names), values=values)
    session.execute(text(statement))


def plans(database: Database, work: Callable[[Session], object]) -> list[str]:
    """How the database runs each SELECT on deliveries that `work` makes."""
    seen: list[tuple[str, Any]] = []

    def note(_c: Connection, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "deliveries" in statement:
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session:
        work(session)
        event.remove(database.engine, "before_cursor_execute", note)
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN (ANALYZE) "
        run = session.connection().exec_driver_sql
        return ["\n".join(str(row[-1]) for row in run(explain + s, p)) for s, p in seen]


def test_claims_and_looks_use_the_index_and_sort_nothing(crowded: Ledger) -> None:
    def work(session: Session) -> None:
        now = datetime.now(UTC)
        assert ready(session, now) == {"memory"}
        assert len(claim(session, lock_target(session, "memory"), "w", 8, now, wanted=8)) == 8

    found = plans(crowded.database, work)
    assert len(found) == 5, "a look that finds at once, a count, and one for each kind of waiting"
    for plan in found:
        assert "ix_deliveries_" in plan, plan
        assert not re.search(r"(SCAN|Seq Scan on) (deliveries|videos)", plan), plan
        # PostgreSQL may sort the handful that is in progress or damaged, never the thousands that wait.
        assert not re.search("Sort|B-TREE", plan) or re.search("'(in_progress|damaged)'", plan), plan


@pytest.mark.parametrize("crowded", ["delivered"], indirect=True)
def test_the_search_for_copies_to_look_at_again_uses_its_index_and_sorts_nothing(crowded: Ledger) -> None:
    def work(session: Session) -> None:
        now = datetime.now(UTC)
        assert len(copies_of(session, Round("memory", now - timedelta(days=7)), now, 20)) == 20

    found = plans(crowded.database, work)
    (plan,) = found
    assert "ix_deliveries_checked" in plan, plan
    assert not re.search(r"(SCAN|Seq Scan on) (deliveries|videos)", plan), plan
    assert not re.search("Sort|B-TREE", plan), plan
