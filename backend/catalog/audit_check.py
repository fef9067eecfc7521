"""Following the audit's chain from its first line to its last, and saying where it does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from backend.catalog.audit import FIRST, digest_of
from backend.catalog.database import Database
from backend.catalog.models import AuditLine, Base
from backend.catalog.types import iso

_TABLE = Base.metadata.tables[AuditLine.__tablename__]
_AT_ONCE = 1000
# What a tampered line holds need not be what its column is for: SQLite takes anything anywhere.
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, DataError)


@dataclass(frozen=True)
class Trouble:
    """Where the chain does not hold. `line`: the number of the line that it concerns, 0 for the audit as a whole."""

    kind: Literal["changed", "missing", "moved", "cut-off", "head-missing", "head-forged"]
    line: int
    words: str


@dataclass
class Chain:
    """What following it has shown so far."""

    lines: int = 0
    last_id: int = 0
    last_digest: str = FIRST


def follow(database: Database, chain: Chain) -> Iterator[Trouble]:
    """Every trouble from the first line on; `chain` is filled on the way. Ids may jump: the chain counts, not they."""
    for line in _lines(database):
        told = _told(line)
        if not _as_written(line):
            yield Trouble("changed", line.id, f"{told} was changed after it was written.")
        if line.before != chain.last_digest:
            yield _broken_link(database, line, told, chain)
        chain.lines, chain.last_id, chain.last_digest = chain.lines + 1, line.id, line.digest


def digest_at(session: Session, line_id: int) -> str | None:
    """The digest of the line with this number; None when there is none."""
    return session.scalar(select(_TABLE.c.digest).where(_TABLE.c.id == line_id))


def last(session: Session) -> tuple[int, str]:
    """Number and digest of the last line; (0, FIRST) when there is none."""
    found = session.execute(select(_TABLE.c.id, _TABLE.c.digest).order_by(_TABLE.c.id.desc()).limit(1)).first()
    return (found[0], found[1]) if found is not None else (0, FIRST)


def _lines(database: Database) -> Iterator[Row[Any]]:
    """Bare rows, for a third of the time that objects take; no transaction stays open."""
    # Without a beginning: a line that was put in front of the first one is met too.
    page, full = select(_TABLE).order_by(_TABLE.c.id).limit(_AT_ONCE), True
    behind = page
    while full:
        with database.look() as connection:
            rows = _read(connection, behind)
        yield from rows
        full = len(rows) == _AT_ONCE
        behind = page.where(_TABLE.c.id > rows[-1].id) if full else page


def _read(connection: Connection, page: Select[Any]) -> Sequence[Row[Any]]:
    try:
        return connection.execute(page).all()
    except UNREADABLE:
        return [
            _read_one(connection, number) for number in connection.scalars(page.with_only_columns(_TABLE.c.id)).all()
        ]


def _read_one(connection: Connection, number: int) -> Row[Any]:
    """One line; of one that cannot be read, only its number and its place in the chain."""
    this = _TABLE.c.id == number
    whole: Select[Any] = select(_TABLE).where(this)
    links: Select[Any] = select(_TABLE.c.id, _TABLE.c.before, _TABLE.c.digest).where(this)
    try:
        return connection.execute(whole).one()
    except UNREADABLE:
        return connection.execute(links).one()


def _told(line: Row[Any]) -> str:
    try:
        return f"Line {line.id} ({line.action}, {iso(line.at)}, {line.who})"
    except UNREADABLE:
        return f"Line {line.id} (which cannot be read)"


def _as_written(line: Row[Any]) -> bool:
    try:
        return bool(digest_of(line._asdict()) == line.digest)
    except UNREADABLE:
        return False


def _broken_link(database: Database, line: Row[Any], told: str, chain: Chain) -> Trouble:
    """The line does not follow the one before it: that one, or those between them, are not what was written."""
    with database.read() as session:
        elsewhere = session.scalar(select(_TABLE.c.id).where(_TABLE.c.digest == line.before).limit(1))
    if elsewhere is not None:
        return Trouble("moved", line.id, f"{told} stands in the wrong place: it was written behind line {elsewhere}.")
    if line.before == FIRST:
        return Trouble("moved", line.id, f"{told} says that it is the first one, and is not.")
    if not chain.lines:
        return Trouble("missing", line.id, f"Before {_lower(told)}, which is now the first one, lines were taken out.")
    between = line.id - chain.last_id - 1
    if between:
        gap = (
            f"line {chain.last_id + 1}"
            if between == 1
            else f"one or more of the lines {chain.last_id + 1} to {line.id - 1}"
        )
        return Trouble("missing", chain.last_id + 1, f"Before {_lower(told)}, {gap} was taken out.")
    words = (
        f"{told} does not follow line {chain.last_id}: that one was written anew, or one between them was taken out."
    )
    return Trouble("changed", chain.last_id, words)


def _lower(told: str) -> str:
    return told[0].lower() + told[1:]
