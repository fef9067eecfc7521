"""The rows of callers' vectors: kept, read in order, found among what may be seen, forgotten. See models/likeness.

A row that is replaced gets a new number, larger than all others, so an index that reads on from the last number it saw
misses nothing. Rows that go leave no trace: what an index finds is looked for here before it is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, text
from sqlalchemy.orm import Session

from backend.catalog.holds import counting
from backend.catalog.models import Hold, Video
from backend.catalog.models.likeness import Vector
from backend.catalog.videos import GONE, Scope
from backend.errors import BadField

MOST_NAMESPACES = 100
# On PostgreSQL, numbers are given out before rows can be seen. Under this lock they are seen in order.
_TURN = "SELECT pg_advisory_xact_lock(7201461)"


class Row(NamedTuple):
    """`values` are little-endian 32-bit floats."""

    seq: int
    video_id: str
    values: bytes


class Extent(NamedTuple):
    """How far the rows of a namespace go: its dimensions, None when it is empty, and the last number of all rows."""

    dimensions: int | None
    last: int


def put(session: Session, namespace: str, video_id: str, values: bytes, now: datetime) -> None:
    """Keep a vector in place of the one the video had in this namespace; all there must have as many dimensions."""
    in_turn(session)
    dimensions = len(values) // 4
    other = session.scalar(select(Vector.dimensions).where(_in(namespace), Vector.video_id != video_id).limit(1))
    if other not in (None, dimensions):
        raise BadField(
            f"The vectors of the namespace '{namespace}' have {other} dimensions each; this one has {dimensions}. "
            "Use another namespace for vectors of another kind.",
            detail={"field": "vector", "dimensions": other},
        )
    if other is None and len([name for name in namespaces(session) if name != namespace]) >= MOST_NAMESPACES:
        raise BadField(
            f"There are {MOST_NAMESPACES} namespaces of vectors, and there can be no more. Use one of them.",
            detail={"field": "namespace"},
        )
    remove(session, namespace, video_id)
    session.add(Vector(namespace=namespace, video_id=video_id, dimensions=dimensions, values=values, updated_at=now))
    session.flush()


def remove(session: Session, namespace: str, video_id: str) -> bool:
    """False: there was none."""
    found = session.execute(delete(Vector).where(_in(namespace), Vector.video_id == video_id).returning(Vector.seq))
    return found.first() is not None


def forget(session: Session, video_id: str) -> None:
    """Forget all vectors of a video: it is gone for good."""
    # By namespace, as that is how they are indexed.
    for namespace in list(namespaces(session)):
        remove(session, namespace, video_id)


def namespaces(session: Session) -> Iterator[str]:
    """Those that have vectors: each is one step along the index, however many vectors it has."""
    last = session.scalar(select(func.min(Vector.namespace)))
    while last is not None:
        yield last
        last = session.scalar(select(func.min(Vector.namespace)).where(Vector.namespace > last))


def extent(session: Session, namespace: str) -> Extent:
    last = session.scalar(select(func.max(Vector.seq))) or 0
    return Extent(session.scalar(select(Vector.dimensions).where(_in(namespace)).limit(1)), last)


def count(session: Session, namespace: str, last: int | None = None) -> int:
    """How many there are, or how many up to that number."""
    query = select(func.count()).select_from(Vector).where(_in(namespace))
    return session.scalar(query if last is None else query.where(Vector.seq <= last)) or 0


def after(session: Session, namespace: str, seq: int, last: int, limit: int) -> list[Row]:
    """The next ones up to `last`, whoever may see them."""
    query = select(Vector.seq, Vector.video_id, Vector.values)
    query = query.where(_in(namespace), Vector.seq > seq, Vector.seq <= last)
    return [Row(*row) for row in session.execute(query.order_by(Vector.seq).limit(limit))]


def seen_after(session: Session, namespace: str, seq: int, limit: int, scope: Scope, now: datetime) -> list[Row]:
    """The next ones of videos that may be seen."""
    query = select(Vector.seq, Vector.video_id, Vector.values).join(Video, Video.id == Vector.video_id)
    query = query.where(_in(namespace), Vector.seq > seq, *_seen(scope, now))
    return [Row(*row) for row in session.execute(query.order_by(Vector.seq).limit(limit))]


def those_seen(session: Session, namespace: str, ids: Collection[str], scope: Scope, now: datetime) -> list[Row]:
    """Of these videos, the vectors of those that may be seen."""
    query = select(Vector.seq, Vector.video_id, Vector.values).join(Video, Video.id == Vector.video_id)
    query = query.where(_in(namespace), Vector.video_id.in_(ids), *_seen(scope, now))
    return [Row(*row) for row in session.execute(query)]


def those_here(session: Session, namespace: str, ids: Collection[str]) -> set[str]:
    """Which of these videos have a vector here, whoever may see them."""
    return set(session.scalars(select(Vector.video_id).where(_in(namespace), Vector.video_id.in_(ids))))


def _in(namespace: str) -> ColumnElement[bool]:
    return Vector.namespace == namespace


def _seen(scope: Scope, now: datetime) -> list[ColumnElement[bool]]:
    """Not in the trash, not gone, and whose own time is not over, unless a hold keeps it."""
    held = exists().where(Hold.video_id == Video.id, counting(now))
    there = or_(Video.expires_at.is_(None), Video.expires_at > now, held)
    return [Video.trashed_at.is_(None), Video.local_state.not_in(GONE), there, *scope.condition()]


def in_turn(session: Session | Connection) -> None:
    """Until the transaction ends, nobody else adds rows: their numbers are seen in order."""
    bind = session.get_bind() if isinstance(session, Session) else session
    if bind.dialect.name == "postgresql":
        session.execute(text(_TURN))
