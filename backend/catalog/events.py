"""The stream of events: written in the transaction that makes the change, read in an order that loses nothing.

On PostgreSQL a row with a smaller `seq` may become visible after one with a larger: its transaction took longer. Who
reads `seq > last` loses it. So a row carries the number of its transaction, rows are read in the order (xid, seq), and
only those of transactions older than every one that still runs: no row can come before one that was read. A writer
anywhere on that PostgreSQL server that takes long makes readers wait, never miss.

A catalog that was lost begins another stream. Each counts from a number of its own, its era: a place that was heard in
the one before is no place of this one, however many events this one has by then.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from backend.catalog.database import remember
from backend.catalog.models import Base, Event, Video, Webhook
from backend.catalog.types import iso
from backend.events import BEGINNING, NAMES, Happened, Place

# The upper bits of `seq`: the second in which the stream began. The lower ones count its events from 1.
_ERA_BITS = 32
_FIRST_ERA_AT = datetime(2020, 1, 1, tzinfo=UTC)
_COUNTED = {
    "postgresql": "SELECT pg_sequence_last_value(pg_get_serial_sequence('events', 'seq')::regclass)",
    "sqlite": "SELECT max(seq) FROM sqlite_sequence WHERE name = 'events'",
}
_COUNT_FROM = {
    "postgresql": "SELECT setval(pg_get_serial_sequence('events', 'seq'), :last)",
    "sqlite": "INSERT INTO sqlite_sequence (name, seq) VALUES ('events', :last)",
}
# Where a video is damaged or repaired: on our own disk; otherwise the name of a target.
HERE = "here"
_TABLE = Base.metadata.tables[Event.__tablename__]
_C = _TABLE.c
_PLACE = tuple_(_C.xid, _C.seq)
_OWN_XID = cast(cast(func.pg_current_xact_id(), Text), BigInteger)
_VIDEOS = Base.metadata.tables[Video.__tablename__]
_ONE = select(_VIDEOS).where(_VIDEOS.c.id == bindparam("id"))
_OLDEST_RUNNING = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), Text), BigInteger)
# Made once: making a statement costs more than running it.
_INSERTS = {
    "postgresql": insert(_TABLE).values(xid=_OWN_XID).inline(),
    "sqlite": insert(_TABLE).values(xid=0).inline(),
}


def append(session: Session | Connection, name: str, video: Video | Row[Any] | None = None, **data: Any) -> None:
    """Write down what the transaction does; the signal follows its commit. `data`: JSON values, no secrets. Without a
    video, `project_id` in them says whose news it is.

    Before the audit's line, which comes last.
    """
    if name not in NAMES:
        raise ValueError(f"There is no event '{name}'; known: {', '.join(NAMES)}.")
    if isinstance(session, Session):
        session.flush()
        connection = session.connection()
    else:
        connection = session
    happened = Happened(
        id=str(uuid.uuid4()),
        name=name,
        at=datetime.now(UTC),
        video_id=video.id if video is not None else "",
        project_id=video.project_id if video is not None else str(data.get("project_id", "")),
        data=_about(video) | data,
    )
    fields = {name: value for name, value in vars(happened).items() if name != "place"}
    connection.execute(_INSERTS[connection.dialect.name], fields)
    remember(connection, happened)


def append_of(session: Session, name: str, video_id: str, **data: Any) -> None:
    """As `append`, for who has not read the video."""
    append(session, name, session.execute(_ONE, {"id": video_id}).first(), **data)


def after(
    session: Session | Connection,
    place: Place,
    limit: int,
    names: Collection[str] = (),
    projects: Collection[str] | None = None,
) -> Sequence[Happened]:
    """What follows `place`, in order, at most `limit`. `names` empty: all of them. `projects` None: all, and what is
    about no project."""
    wanted = [tuple_(_C.xid, _C.seq) > tuple_(*place), *_readable(session)]
    if names:
        wanted.append(_C.name.in_(names))
    if projects is not None:
        wanted.append(_C.project_id.in_(projects))
    found = session.execute(select(_TABLE).where(*wanted).order_by(_C.xid, _C.seq).limit(limit))
    return [
        Happened(row.id, row.name, row.at, row.video_id, row.project_id, row.data, Place(row.xid, row.seq))
        for row in found
    ]


def newest(session: Session | Connection) -> Place:
    """The last place that can be read now: what follows it is news."""
    last = select(_C.xid, _C.seq).where(*_readable(session)).order_by(_C.xid.desc(), _C.seq.desc()).limit(1)
    found = session.execute(last).first()
    return Place(found.xid, found.seq) if found else BEGINNING


def oldest(session: Session | Connection) -> Place | None:
    """The first place that is kept; None when there is none."""
    found = session.execute(select(_C.xid, _C.seq).order_by(_C.xid, _C.seq).limit(1)).first()
    return Place(found.xid, found.seq) if found else None


def follows(session: Session | Connection, place: Place) -> bool:
    """Whether nothing is missing after `place`: what followed it is kept, and it is a place of this very stream."""
    first = oldest(session)
    if first is None or (place == BEGINNING and _is_very_first(first)):
        return place == BEGINNING
    last = newest(session)
    return first <= place <= last and _era(place) == _era(last)


def prune(session: Session, before: datetime) -> int:
    """Forget what happened before; returns how many. The newest stays: by it a reader's place is judged."""
    last = newest(session)
    kept = select(_C.xid, _C.seq).where(_C.at >= before).order_by(_C.xid, _C.seq).limit(1)
    found = session.execute(kept).first()
    first = min(last, Place(found.xid, found.seq)) if found else last
    gone = session.execute(delete(_TABLE).where(tuple_(*first) > _PLACE).returning(_C.seq))
    return len(gone.all())


def begin(connection: Connection, now: datetime) -> None:
    """Give a stream that has no event yet, nor ever had one, its era."""
    kind = connection.dialect.name
    if connection.scalar(text(_COUNTED[kind])) is None:
        era = int((now - _FIRST_ERA_AT).total_seconds())
        connection.execute(text(_COUNT_FROM[kind]), {"last": max(1, era) << _ERA_BITS})


def begin_anew(session: Session) -> bool:
    """After a move to another database server, which numbers its transactions from the beginning: what is here comes
    before all that it will write, or news would lie behind the places of those who listen. True when it was needed."""
    if session.get_bind().dialect.name == "postgresql":
        foreign = _C.xid >= cast(cast(func.pg_snapshot_xmax(func.pg_current_snapshot()), Text), BigInteger)
    else:
        foreign = _C.xid > 0
    if session.execute(select(_C.seq).where(foreign).limit(1)).first() is None:
        return False
    for table in (_TABLE, Base.metadata.tables[Webhook.__tablename__]):
        session.execute(update(table).values(xid=0))
    return True


def _era(place: Place) -> int:
    return place.seq >> _ERA_BITS


def _is_very_first(place: Place) -> bool:
    return place.seq - (_era(place) << _ERA_BITS) == 1


def _readable(session: Session | Connection) -> list[ColumnElement[bool]]:
    """SQLite has one writer at a time: its rows become visible in the order of their numbers."""
    bind = session.get_bind() if isinstance(session, Session) else session
    return [_C.xid < _OLDEST_RUNNING] if bind.dialect.name == "postgresql" else []


def _about(video: Video | Row[Any] | None) -> dict[str, Any]:
    if video is None:
        return {}
    return {
        "video_id": video.id,
        "project_id": video.project_id,
        "original_filename": video.original_filename,
        "stored_filename": video.stored_filename,
        "size_bytes": video.size_bytes,
        "mime_type": video.mime_type,
        "sha1": video.sha1 or None,
        "sha256": video.sha256 or None,
        "saved_at": iso(video.created_at),
    }
