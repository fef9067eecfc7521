"""Counting everything anew: what `doctor` compares the kept counts with, and how they are mended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from backend.catalog import counts, projects
from backend.catalog.database import Database
from backend.catalog.models import Count, CountChange, Delivery, Video, VideoTag
from backend.catalog.videos import GONE
from backend.errors import CatalogUnavailable

Key = tuple[str, str, str, str]  # kind, project_id, name, state
Figures = tuple[int, int]  # count, bytes
_KEPT = Video.local_state.not_in(GONE)
_LISTED = and_(_KEPT, Video.trashed_at.is_(None))
_STATE = case((Video.trashed_at.is_not(None), "trashed"), (Video.local_state == "present", "present"), else_="pruned")


def differences(database: Database) -> dict[Key, tuple[Figures, Figures]]:
    """Where the counts that are kept are not what they should be: `{key: (kept, true)}`."""
    with database.read() as session:
        _at_one_moment(session)
        kept, true = _kept(session), _true(session)
    none = (0, 0)
    different = {key for key in kept.keys() | true.keys() if kept.get(key, none) != true.get(key, none)}
    return {key: (kept.get(key, none), true.get(key, none)) for key in sorted(different)}


def mend(database: Database) -> None:
    """Write the counts anew. Raises `CatalogUnavailable` while somebody folds: come again."""
    with database.write() as session:
        # Changes that others commit later are not in this snapshot, and their lines stay in the log.
        _at_one_moment(session)
        if not database.is_sqlite and not session.scalar(counts.LOCK):
            raise CatalogUnavailable("The counts are being added up by another process just now. Try again.")
        true = _true(session)
        session.execute(delete(CountChange))
        session.execute(delete(Count))
        names = ("kind", "project_id", "name", "state", "count", "bytes")
        rows = [dict(zip(names, (*key, *figures), strict=True)) for key, figures in true.items()]
        if rows:
            session.execute(insert(Count), rows)


def _at_one_moment(session: Session) -> None:
    """All that a session sees is of one moment. On SQLite it always is."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _kept(session: Session) -> dict[Key, Figures]:
    found: dict[Key, Figures] = {}
    every = select(Count.kind, Count.project_id, Count.name, Count.state, Count.count, Count.bytes)
    for *key, number, in_bytes in session.execute(every):
        kind, project_id, name, state = key
        found[kind, project_id, name, state] = (number, in_bytes)
    count, size = func.sum(CountChange.count), func.sum(CountChange.bytes)
    keys = CountChange.kind, CountChange.project_id, CountChange.name, CountChange.state
    _add(found, session.execute(select(*keys, count, size).group_by(*keys)))
    return found


def _true(session: Session) -> dict[Key, Figures]:
    found: dict[Key, Figures] = {}
    for query in _queries(session.get_bind().dialect.name):
        _add(found, session.execute(query))
    return found


def _add(found: dict[Key, Figures], rows: Any) -> None:
    for kind, project_id, name, state, count, size in rows:
        for key in ((kind, project_id, name, state), (f"{kind}*", "", name, state)):
            before = found.get(key, (0, 0))
            found[key] = (before[0] + int(count), before[1] + int(size))


def _queries(dialect: str) -> Iterator[Select[Any]]:
    utc = func.timezone("UTC", Video.created_at)
    day = func.substr(Video.created_at, 1, 10) if dialect == "sqlite" else func.to_char(utc, "YYYY-MM-DD")
    nothing = literal("")
    yield _counted("label", Video.content_type, _STATE).where(_KEPT)
    yield _counted("day", day, _STATE).where(_KEPT)
    yield _counted("camera", Video.camera_id, nothing).where(_LISTED, Video.camera_id != "")
    yield _counted("owned", nothing, nothing).where(Video.local_state == "present", Video.bytes_id == Video.id)
    yield _counted("tag", VideoTag.tag, nothing).join(VideoTag, VideoTag.video_id == Video.id).where(_LISTED)
    yield (
        _counted("copy", Delivery.target, Delivery.state).join(Delivery, Delivery.video_id == Video.id).where(_LISTED)
    )
    yield from projects.category_counts()
    yield _counted("alone", nothing, nothing).where(_LISTED, ~exists().where(Delivery.video_id == Video.id))


def _counted(kind: str, name: ColumnElement[str] | Any, state: ColumnElement[str] | Any) -> Select[Any]:
    columns = literal(kind), Video.project_id, name, state
    return select(*columns, func.count(), func.sum(Video.size_bytes)).select_from(Video).group_by(*columns[1:])
