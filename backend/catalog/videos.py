"""Queries about videos: add, find, and the way between a row and its sidecar. Lists are in listing.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, insert, literal, literal_column, select, tuple_
from sqlalchemy.orm import Session, raiseload

from backend.catalog import search
from backend.catalog.models import Base, Delivery, DeliveryState, Hold, MediaState, Video, VideoTag
from backend.catalog.types import Instant
from backend.disk.holds import HoldFacts
from backend.disk.sidecar import DeliveryFacts, LocalFacts, Sidecar, VideoFacts
from backend.errors import NotFound

_OF_A_HOLD = set(HoldFacts.model_fields)
_SAME_NAME = tuple(name for name in VideoFacts.model_fields if name not in ("tags", "metadata", "saved_at", "id"))

# Statements of every upload. Made once, of bare columns: making one costs more than running it.
_TABLES = {model: Base.metadata.tables[model.__tablename__] for model in (Video, VideoTag, Hold, Delivery)}
_INSERTS = {model: insert(table) for model, table in _TABLES.items()}
_C = _TABLES[Video].c
_ANY_WITH = select(_C.id).where(_C.sha256 == bindparam("sha256"), _C.size_bytes == bindparam("size_bytes")).limit(1)

# Bytes removed at the end of the trash: such rows are history, in no list and no total.
GONE = ("purging", "purged")
# As `lines.is_recording` has it.
RECORDING: tuple[ColumnElement[bool], ...] = (
    # Not as a parameter: an index of the few that name one is known by this very text.
    Video.camera_id != literal_column("''"),
    Video.start_at.is_not(None),
    Video.end_at.is_not(None),
)


@dataclass(frozen=True)
class Scope:
    """The projects a caller may see; None: all of them."""

    projects: frozenset[str] | None = None

    def allows(self, project_id: str) -> bool:
        return self.projects is None or project_id in self.projects

    def condition(self) -> list[ColumnElement[bool]]:
        return [] if self.projects is None else [Video.project_id.in_(self.projects)]


EVERYTHING = Scope()


def row_of(sidecar: Sidecar, queued_at: datetime | None = None) -> Video:
    """A new row with tags and deliveries, as the sidecar tells it. `queued_at`: since when they wait, if not since the
    video was saved."""
    facts = sidecar.video
    video = Video(id=facts.id, created_at=facts.saved_at, media_state=MediaState.NEW, media_reason="")
    apply(video, sidecar)
    video.deliveries = [_delivery_row(d, facts, queued_at or facts.saved_at) for d in sidecar.deliveries]
    if sidecar.local.state in GONE:
        for delivery in video.deliveries:
            delivery.checked_at = None
    return video


def add(connection: Connection, row: Video) -> None:
    """Insert a row of `row_of` with its tags, holds and deliveries. A session does the same for three times the
    processor time, which was the largest share of a small upload."""
    connection.execute(_INSERTS[Video], _values(row))
    search.add(connection, row)
    for rows in (row.tags, row.holds, row.deliveries):
        if rows:
            connection.execute(_INSERTS[type(rows[0])], [_values(r) | {"video_id": row.id} for r in rows])


def _values(row: Video | VideoTag | Hold | Delivery) -> dict[str, Any]:
    columns = _TABLES[type(row)].c
    return {name: value for name, value in vars(row).items() if name in columns}


def apply(video: Video, sidecar: Sidecar) -> None:
    """Bring a row to what the sidecar says; deliveries are left to the ledger."""
    facts = sidecar.video
    for name in _SAME_NAME:
        setattr(video, name, getattr(facts, name))
    video.custom = facts.metadata
    video.tags = [VideoTag(tag=tag, position=n) for n, tag in enumerate(facts.tags)]
    held = {hold.id: hold.model_dump(include=_OF_A_HOLD) for hold in sidecar.holds}
    if held != {hold.id: _hold_values(hold) for hold in video.holds}:
        video.holds = [Hold(**values) for values in held.values()]
    video.local_state = sidecar.local.state
    video.pruned_at = sidecar.local.pruned_at
    video.revision = sidecar.revision
    video.name_key = search.name_key(video)


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


def hold_facts_of(hold: Hold) -> HoldFacts:
    """A row as the sidecar keeps it."""
    return HoldFacts(**_hold_values(hold))


def _hold_values(hold: Hold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in _OF_A_HOLD}


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
        link=delivery.link,
    )


def sidecar_of(video: Video) -> Sidecar:
    """The whole document for a row."""
    return Sidecar(
        revision=video.revision,
        video=facts_of(video),
        local=LocalFacts.model_validate({"state": video.local_state, "pruned_at": video.pruned_at}),
        deliveries=tuple(delivery_facts_of(d) for d in video.deliveries),
        holds=tuple(map(hold_facts_of, video.holds)),
    )


def get(session: Session, video_id: str, scope: Scope = EVERYTHING) -> Video:
    """One video by id, or `NotFound` (also when it is in a project the caller may not see)."""
    video = session.get(Video, video_id)
    if video is None or not scope.allows(video.project_id):
        raise NotFound(f"There is no video {video_id}.")
    return video


def get_alone(session: Session, video_id: str, scope: Scope = EVERYTHING) -> Video:
    """As `get`, but without tags, deliveries and media jobs: one query in place of four, for who serves its bytes."""
    video = session.get(Video, video_id, options=[raiseload("*")])
    if video is None or not scope.allows(video.project_id):
        raise NotFound(f"There is no video {video_id}.")
    return video


def several(session: Session, ids: Sequence[str], scope: Scope = EVERYTHING) -> Sequence[Video]:
    """Those of these that the caller may see, in no order."""
    return session.scalars(select(Video).where(Video.id.in_(ids), *scope.condition())).all()


def size_of(session: Session, video_id: str) -> int | None:
    """The size in bytes of a video that was saved, in whatever state it is now; None when there is none."""
    return session.scalar(select(Video.size_bytes).where(Video.id == video_id))


def by_stored_name(session: Session, stored_filename: str, scope: Scope = EVERYTHING) -> Video:
    """One video by its name on disk, or `NotFound`."""
    video = session.scalar(select(Video).where(Video.stored_filename == stored_filename, *scope.condition()))
    if video is None:
        raise NotFound(f"There is no video named {stored_filename}.")
    return video


def newest_at(session: Session) -> datetime | None:
    """When the newest video of all was saved; None when there never was one."""
    return session.scalar(select(Video.created_at).order_by(Video.created_at.desc()).limit(1))


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
    """Every video with these bytes, wherever they are, the oldest first; none for what is not hashed yet."""
    if not sha256:
        return []
    same = select(Video).where(Video.sha256 == sha256, Video.size_bytes == size_bytes)
    return session.scalars(same.order_by(Video.created_at, Video.id)).all()


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


def local_before(session: Session, at: datetime, after: tuple[datetime, str] | None, limit: int) -> Sequence[Video]:
    """A page of the videos whose bytes are here and that were saved before `at`, the oldest first."""
    here = select(Video).where(Video.local_state == "present", Video.created_at <= at)
    if after is not None:
        here = here.where(tuple_(Video.created_at, Video.id) > tuple_(literal(after[0], Instant()), literal(after[1])))
    return session.scalars(here.order_by(Video.created_at, Video.id).limit(limit)).all()


def _delivery_row(facts: DeliveryFacts, video: VideoFacts, queued_at: datetime) -> Delivery:
    # A claim does not survive the catalog: what was in progress waits again.
    waiting = facts.state == DeliveryState.IN_PROGRESS
    return Delivery(
        target=facts.target,
        state=DeliveryState.PENDING if waiting else facts.state,
        attempts=0,
        next_attempt_at=queued_at,
        remote_key=facts.remote_key,
        proof=facts.proof,
        link=facts.link,
        checked_at=(facts.verified_at or video.saved_at) if facts.state == DeliveryState.DELIVERED else None,
        resume=facts.resume,
        verified_at=facts.verified_at,
        error=facts.error,
        error_code=facts.error_code,
        bytes_sent=video.size_bytes if facts.state == DeliveryState.DELIVERED else 0,
        created_at=queued_at,
        updated_at=max(queued_at, video.updated_at),
    )
