"""Counts of videos, bytes, tags and copies, kept while they change: what every figure of the whole is read from.

Triggers (migration 0006) write each change into `count_log`, in the transaction that makes it; `fold` adds what has
gathered there to `counts`. What is true now is both together, so a fold that is late, or died, costs a little time
and no figure. Kinds, each by project and (with a "*") over all projects:

label   videos by content type; state: present | pruned | trashed      day    the same by the day of saving (UTC)
tag     listed videos by tag                                           camera listed videos by camera
copy    copies of listed videos by target and state                    alone  listed videos without any copy
owned   bytes on the disk, without those that are shared with another video
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, exists, func, or_, select, text, union_all
from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.catalog.models import Count, CountChange
from backend.catalog.videos import EVERYTHING, Scope

LISTED = ("present", "pruned")
_AT_ONCE, _MOST_ROUNDS = 50_000, 1000

# One fold at a time. Any number that nothing else uses.
LOCK = text("SELECT pg_try_advisory_xact_lock(4011974)")
_SOME = f"SELECT id FROM count_log ORDER BY id LIMIT {_AT_ONCE}"
_FIELDS = "kind, project_id, name, state, count, bytes"
_ADD = f"""
INSERT INTO counts ({_FIELDS})
SELECT kind, project_id, name, state, sum(count), sum(bytes)
FROM (SELECT {_FIELDS} FROM taken UNION ALL SELECT kind || '*', '', name, state, count, bytes FROM taken) AS every
WHERE true GROUP BY kind, project_id, name, state
ON CONFLICT (kind, project_id, name, state)
DO UPDATE SET count = counts.count + excluded.count, bytes = counts.bytes + excluded.bytes
"""
# What is taken from the log is exactly what is added, whatever is written meanwhile. SQLite needs two statements for
# it, and has one writer.
_FOLD = {
    "postgresql": [f"WITH taken AS (DELETE FROM count_log WHERE id IN ({_SOME}) RETURNING {_FIELDS}) {_ADD}"],
    "sqlite": [
        f"WITH taken AS (SELECT {_FIELDS} FROM count_log WHERE id IN ({_SOME})) {_ADD}",
        f"DELETE FROM count_log WHERE id IN ({_SOME})",
    ],
}


@dataclass(frozen=True)
class Sum:
    """`key`: the values of the columns that were asked for."""

    key: tuple[str, ...]
    count: int
    bytes: int


def sums(
    session: Session,
    kind: str,
    scope: Scope = EVERYTHING,
    by: Sequence[str] = ("name",),
    states: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Sum]:
    """The counts of one kind, summed by some of `project_id`, `name`, `state`; nothing of what there is none of.
    `states`, `names`: only these."""
    source = _now(kind, scope, per_project="project_id" in by)
    columns = [source.c[name] for name in by]
    count, size = func.sum(source.c.count), func.sum(source.c.bytes)
    query = select(*columns, count, size).group_by(*columns).having(or_(count != 0, size != 0))
    if states:
        query = query.where(source.c.state.in_(states))
    if names:
        query = query.where(source.c.name.in_(names))
    return [Sum(tuple(key), int(n), int(b)) for *key, n, b in session.execute(query)]


def whole(session: Session, kind: str, scope: Scope = EVERYTHING, states: Sequence[str] = ()) -> Sum:
    """All counts of one kind together."""
    found = sums(session, kind, scope, ("state",), states)
    return Sum((), sum(s.count for s in found), sum(s.bytes for s in found))


def _now(kind: str, scope: Scope, *, per_project: bool) -> FromClause:
    """Counts and log as one. Always in one statement: between two, PostgreSQL may fold."""
    mine = [] if scope.projects is None else list(scope.projects)
    counts = select(Count.project_id, Count.name, Count.state, Count.count, Count.bytes)
    log = select(CountChange.project_id, CountChange.name, CountChange.state, CountChange.count, CountChange.bytes)
    log = log.where(CountChange.kind == kind)
    if scope.projects is not None:
        counts = counts.where(Count.kind == kind, Count.project_id.in_(mine))
        log = log.where(CountChange.project_id.in_(mine))
    else:
        counts = counts.where(Count.kind == (kind if per_project else f"{kind}*"))
    return union_all(counts, log).subquery()


def most_used(session: Session, kind: str, scope: Scope, limit: int) -> list[tuple[str, int]]:
    """The names of a kind with the most videos, and how many each has; those with as many go by the alphabet."""
    if scope.projects is not None:
        return _first(session, _now(kind, scope, per_project=False), limit)
    log = select(CountChange.name, func.sum(CountChange.count).label("count")).where(CountChange.kind == kind)
    changes = log.group_by(CountChange.name).cte("changes")
    base = select(Count.name, Count.count).where(Count.kind == f"{kind}*", Count.project_id == "")
    # So many are taken that whatever stands behind them stays there, whichever of them the log makes fewer.
    enough = limit + select(func.count()).select_from(changes).scalar_subquery()
    top = base.where(Count.count > 0).order_by(Count.count.desc(), Count.name).limit(enough).cte("top")
    others = base.where(Count.name.in_(select(changes.c.name)), Count.name.not_in(select(top.c.name)))
    every = union_all(select(top.c.name, top.c.count), others, select(changes.c.name, changes.c.count))
    return _first(session, every.subquery(), limit)


def _first(session: Session, source: FromClause, limit: int) -> list[tuple[str, int]]:
    count = func.sum(source.c.count)
    query = select(source.c.name, count).where(source.c.name != "").group_by(source.c.name).having(count > 0)
    return [(name, int(n)) for name, n in session.execute(query.order_by(count.desc(), source.c.name).limit(limit))]


def estimate(session: Session, kind: str, **values: Iterable[str]) -> int:
    """How many there were at the last fold, in all projects: for choosing a way to them. `name`, `state` or
    `project_id`: any of these values."""
    per_project = "project_id" in values
    where: list[Any] = [Count.kind == (kind if per_project else f"{kind}*")]
    where += [getattr(Count, column).in_(list(any_of)) for column, any_of in values.items()]
    return int(session.scalar(select(func.coalesce(func.sum(Count.count), 0)).where(*where)) or 0)


def fold(database: Database) -> None:
    """Add the log to the counts. On PostgreSQL one node does it at a time, and the others leave it to that one."""
    for _ in range(_MOST_ROUNDS):
        with database.read() as session:
            if not session.scalar(select(exists().where(CountChange.id.is_not(None)))):
                return
        with database.write() as session:
            if not database.is_sqlite and not session.scalar(LOCK):
                return
            for statement in _FOLD["sqlite" if database.is_sqlite else "postgresql"]:
                session.execute(text(statement))
