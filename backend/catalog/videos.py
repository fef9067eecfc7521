"""Queries about videos: add, find, page, and the way between a row and its sidecar."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, insert, literal, or_, select
from sqlalchemy.orm import Session

from backend.catalog.models import Base, Delivery, DeliveryState, Video, VideoTag
from backend.catalog.types import VerbatimText
from backend.disk.sidecar import DeliveryFacts, LocalFacts, Sidecar, VideoFacts
from backend.errors import BadField, NotFound

_SAME_NAME = tuple(name for name in VideoFacts.model_fields if name not in ("tags", "metadata", "saved_at", "id"))

# Statements of every upload. Made once, of bare columns: making one costs more than running it.
_TABLES = {model: Base.metadata.tables[model.__tablename__] for model in (Video, VideoTag, Delivery)}
_INSERTS = {model: insert(table) for model, table in _TABLES.items()}
_C = _TABLES[Video].c
_ANY_WITH = select(_C.id).where(_C.sha256 == bindparam("sha256"), _C.size_bytes == bindparam("size_bytes")).limit(1)

# Bytes removed at the end of the trash: such rows are history, in no list and no total.
GONE = ("purging", "purged")


@dataclass(frozen=True)
class Scope:
    """The projects a caller may see; None: all of them."""

    projects: frozenset[str] | None = None

    def allows(self, project_id: str) -> bool:
        return self.projects is None or project_id in self.projects

    def condition(self) -> list[ColumnElement[bool]]:
        return [] if self.projects is None else [Video.project_id.in_(self.projects)]


EVERYTHING = Scope()


@dataclass(frozen=True)
class Wanted:
    """What a list shows. Empty fields do not filter."""

    project_id: str = ""
    content_type: str = ""
    text: str = ""
    ids: tuple[str, ...] = ()
    state: str = ""


@dataclass(frozen=True)
class Page:
    videos: Sequence[Video]
    next_cursor: str | None


def row_of(sidecar: Sidecar) -> Video:
    """A new row with tags and deliveries, as the sidecar tells it."""
    facts = sidecar.video
    video = Video(id=facts.id, created_at=facts.saved_at)
    apply(video, sidecar)
    video.deliveries = [_delivery_row(d, facts) for d in sidecar.deliveries]
    return video


def add(connection: Connection, row: Video) -> None:
    """Insert a row of `row_of` with its tags and deliveries. A session does the same for three times the processor
    time, which was the largest share of a small upload."""
    connection.execute(_INSERTS[Video], _values(row))
    for rows in (row.tags, row.deliveries):
        if rows:
            connection.execute(_INSERTS[type(rows[0])], [_values(r) | {"video_id": row.id} for r in rows])


def _values(row: Video | VideoTag | Delivery) -> dict[str, Any]:
    columns = _TABLES[type(row)].c
    return {name: value for name, value in vars(row).items() if name in columns}


def apply(video: Video, sidecar: Sidecar) -> None:
    """Bring a row to what the sidecar says; deliveries are left to the ledger."""
    facts = sidecar.video
    for name in _SAME_NAME:
        setattr(video, name, getattr(facts, name))
    video.custom = facts.metadata
    video.tags = [VideoTag(tag=tag, position=n) for n, tag in enumerate(facts.tags)]
    video.local_state = sidecar.local.state
    video.pruned_at = sidecar.local.pruned_at
    video.revision = sidecar.revision


def facts_of(video: Video) -> VideoFacts:
    """The row as the sidecar's `video` part."""
    same = {name: getattr(video, name) for name in _SAME_NAME}
    return VideoFacts(
        id=video.id,
        saved_at=video.created_at,
        metadata=video.custom,
        tags=tuple(t.tag for t in video.tags),
        **same,
    )


def delivery_facts_of(delivery: Delivery) -> DeliveryFacts:
    """A ledger row as the sidecar keeps it: what another catalog would need to go on."""
    return DeliveryFacts(
        target=delivery.target,
        state=delivery.state,
        remote_key=delivery.remote_key,
        proof=delivery.proof,
        resume=delivery.resume,
        verified_at=delivery.verified_at,
        error=delivery.error,
        error_code=delivery.error_code,
    )


def sidecar_of(video: Video) -> Sidecar:
    """The whole document for a row."""
    return Sidecar(
        revision=video.revision,
        video=facts_of(video),
        local=LocalFacts.model_validate({"state": video.local_state, "pruned_at": video.pruned_at}),
        deliveries=tuple(delivery_facts_of(d) for d in video.deliveries),
    )


def get(session: Session, video_id: str, scope: Scope = EVERYTHING) -> Video:
    """One video by id, or `NotFound` (also when it is in a project the caller may not see)."""
    video = session.get(Video, video_id)
    if video is None or not scope.allows(video.project_id):
        raise NotFound(f"There is no video {video_id}.")
    return video


def by_stored_name(session: Session, stored_filename: str, scope: Scope = EVERYTHING) -> Video:
    """One video by its name on disk, or `NotFound`."""
    video = session.scalar(select(Video).where(Video.stored_filename == stored_filename, *scope.condition()))
    if video is None:
        raise NotFound(f"There is no video named {stored_filename}.")
    return video


def any_with(connection: Connection, sha256: str, size_bytes: int) -> bool:
    """Whether there ever was a video of this content: for most uploads the end of the search for a twin."""
    return connection.execute(_ANY_WITH, {"sha256": sha256, "size_bytes": size_bytes}).first() is not None


def same_content(session: Session, sha256: str, size_bytes: int, scope: Scope) -> Video | None:
    """The oldest video with these bytes here on disk that the caller may read."""
    return session.scalar(
        select(Video)
        .where(Video.sha256 == sha256, Video.size_bytes == size_bytes, *scope.condition())
        .where(Video.local_state == "present", Video.trashed_at.is_(None))
        .order_by(Video.created_at, Video.id)
        .limit(1)
    )


def with_content(session: Session, sha256: str, size_bytes: int) -> Sequence[Video]:
    """Every video with these bytes, wherever they are, the oldest first."""
    same = select(Video).where(Video.sha256 == sha256, Video.size_bytes == size_bytes)
    return session.scalars(same.order_by(Video.created_at, Video.id)).all()


def page(session: Session, wanted: Wanted, scope: Scope, cursor: str | None, limit: int) -> Page:
    """One page, newest first. `cursor` is what the page before gave; it stays right while videos arrive."""
    query = select(Video).where(*conditions(wanted), *scope.condition())
    if cursor:
        at, last_id = _read_cursor(cursor)
        query = query.where(or_(Video.created_at < at, and_(Video.created_at == at, Video.id < last_id)))
    rows = session.scalars(_newest_first(query).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], _make_cursor(rows[limit - 1]) if more else None)


def places_below(session: Session, prefix: str) -> dict[str, str]:
    """`{relative_path: local_state}` of every video below a folder (prefix without wildcards of LIKE)."""
    inside = Video.relative_path.startswith(prefix, autoescape=True)
    found = session.execute(select(Video.relative_path, Video.local_state).where(inside))
    return {path: state for path, state in found}  # noqa: C416 - dict() does not know that a Row is a pair


def trashed_before(session: Session, at: datetime) -> list[str]:
    """Ids of videos whose time in the trash is over and whose removal was not finished."""
    due = select(Video.id).where(Video.trashed_at <= at, Video.local_state != "purged")
    return list(session.scalars(due.order_by(Video.trashed_at)))


def in_local_state(session: Session, states: Sequence[str]) -> Sequence[Video]:
    return session.scalars(select(Video).where(Video.local_state.in_(states))).all()


def local_before(session: Session, at: datetime) -> Sequence[Video]:
    """Videos whose bytes are here and that were saved before `at`, the oldest first."""
    here = select(Video).where(Video.local_state == "present", Video.created_at <= at)
    return session.scalars(here.order_by(Video.created_at, Video.id)).all()


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The WHERE of a list."""
    found: list[ColumnElement[bool]] = []
    in_trash = wanted.state == "trashed"
    found.append(Video.trashed_at.is_not(None) if in_trash else Video.trashed_at.is_(None))
    found.append(Video.local_state.not_in(GONE))
    if wanted.project_id:
        found.append(Video.project_id == wanted.project_id)
    if wanted.content_type:
        found.append(Video.content_type == wanted.content_type)
    if wanted.ids:
        found.append(Video.id.in_(wanted.ids))
    if wanted.state and not in_trash:
        found.append(_has_delivery(wanted.state))
    if wanted.text:
        found.append(_mentions(wanted.text))
    return found


def _has_delivery(state: str) -> ColumnElement[bool]:
    if state not in list(DeliveryState):
        known = ", ".join([*DeliveryState, "trashed"])
        raise BadField(f"state={state} is unknown; known states: {known}.", detail={"field": "state"})
    return exists().where(Delivery.video_id == Video.id, Delivery.state == state)


def _mentions(text: str) -> ColumnElement[bool]:
    # Written as the columns are written; '!' escapes, because that form has backslashes of its own.
    escaped = re.sub(r"[!%_]", r"!\g<0>", text.lower())
    pattern = literal(f"%{escaped}%", VerbatimText())
    columns = (Video.original_filename, Video.stored_filename, Video.title, Video.description)
    in_words = [func.lower(column).like(pattern, escape="!") for column in columns]
    in_tags = exists().where(VideoTag.video_id == Video.id, func.lower(VideoTag.tag).like(pattern, escape="!"))
    return or_(*in_words, in_tags)


def _newest_first(query: Select[Video]) -> Select[Video]:
    return query.order_by(Video.created_at.desc(), Video.id.desc())


def _delivery_row(facts: DeliveryFacts, video: VideoFacts) -> Delivery:
    # A claim does not survive the catalog: what was in progress waits again.
    waiting = facts.state == DeliveryState.IN_PROGRESS
    return Delivery(
        target=facts.target,
        state=DeliveryState.PENDING if waiting else facts.state,
        attempts=0,
        next_attempt_at=video.saved_at,
        remote_key=facts.remote_key,
        proof=facts.proof,
        resume=facts.resume,
        verified_at=facts.verified_at,
        error=facts.error,
        error_code=facts.error_code,
        bytes_sent=video.size_bytes if facts.state == DeliveryState.DELIVERED else 0,
        created_at=video.saved_at,
        updated_at=video.updated_at,
    )


def _make_cursor(video: Video) -> str:
    return base64.urlsafe_b64encode(json.dumps([video.created_at.isoformat(), video.id]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, last_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        instant = datetime.fromisoformat(at)
        if instant.tzinfo is None:
            raise ValueError("no list gives a time without a zone")
    except (ValueError, binascii.Error, TypeError) as error:
        raise BadField("cursor is not one that a list gave.", detail={"field": "cursor"}) from error
    return instant, str(last_id)
