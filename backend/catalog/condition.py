"""What state the catalog's tables are in, asked without changing them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from backend.catalog.database import Database, sqlite_path, told_in_words

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


class Condition(StrEnum):
    ABSENT = "absent"  # no tables yet
    OLDER = "older"  # migrations are missing
    CURRENT = "current"
    NEWER = "newer"  # another version of the program was here


def known_versions() -> list[str]:
    """The versions this program can migrate to, the oldest first: each migration's file begins with its version."""
    return sorted(path.name.split("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))


def condition_of(url: str) -> Condition:
    """Ask a database, which need not exist. Raises `CatalogUnavailable` when a server does not answer."""
    path = sqlite_path(url)
    if path is not None and not path.exists():
        return Condition.ABSENT
    database = Database(url)
    try:
        return _compare(_version_in(database))
    finally:
        database.close()


def _version_in(database: Database) -> str | None:
    with told_in_words():
        if not inspect(database.engine).has_table("alembic_version"):
            return None
    with database.read() as session:
        return session.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _compare(version: str | None) -> Condition:
    known = known_versions()
    if version is None:
        return Condition.ABSENT
    if version not in known:
        return Condition.NEWER
    return Condition.CURRENT if version == known[-1] else Condition.OLDER


def clock_ahead_seconds(session: Session) -> float:
    """How far the database server's clock is ahead of ours; 0 where it has none of its own."""
    if session.get_bind().dialect.name != "postgresql":
        return 0.0
    before = datetime.now(UTC)
    theirs: datetime = session.scalars(select(func.clock_timestamp())).one()
    return (theirs - before).total_seconds()
