"""The rows of fingerprints and of what looks alike: kept, read in order, forgotten. What they mean: models/likeness."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, delete, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from backend.catalog.media import FINGERPRINT, PROBE
from backend.catalog.models import JobState, MediaJob, Segment, Video
from backend.catalog.models.likeness import Fingerprint, Likeness
from backend.catalog.videos import GONE, Scope

# Of the way in which frames are hashed. What was hashed in another way is comparable to nothing, and hashed anew.
VERSION = 1
HASH_BYTES = 32
# On PostgreSQL, numbers are given out before rows can be seen. Under this lock they are seen in order.
_TURN = "SELECT pg_advisory_xact_lock(7201460)"
# One side after the other, each along its index: of both together a database may read every video there is.
_SIDES = ((Likeness.later_id, Likeness.earlier_id), (Likeness.earlier_id, Likeness.later_id))
_TO_LATER, _TO_EARLIER = Likeness.share_of_later, Likeness.share_of_earlier


@dataclass(frozen=True)
class Hashed:
    """The frames of one video: `hashes` has 32 bytes for each, `qualities` one."""

    video_id: str
    interval_seconds: float
    hashes: bytes
    qualities: bytes


@dataclass(frozen=True)
class Camera:
    """What tells whether two videos may show the same moment."""

    video_id: str
    project_id: str
    camera_id: str
    start_at: datetime | None
    end_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Alike:
    """Another video that looks like one, told from that one's side. Seconds are pairs of begin and end."""

    video_id: str
    share_of_this: float
    share_of_other: float
    ranges: list[dict[str, Any]]


def put(session: Session, found: Hashed, now: datetime) -> None:
    """Keep the fingerprint of a video in place of an older one. It gets a new number, larger than all others."""
    _in_turn(session)
    session.execute(delete(Fingerprint).where(Fingerprint.video_id == found.video_id))
    session.add(
        Fingerprint(
            video_id=found.video_id,
            version=VERSION,
            interval_seconds=found.interval_seconds,
            frames=len(found.qualities),
            hashes=found.hashes,
            qualities=found.qualities,
            created_at=now,
        )
    )
    session.flush()


def after(session: Session, seq: int, limit: int) -> list[tuple[int, Hashed]]:
    """The next fingerprints with their numbers, of videos that are not gone."""
    query = select(Fingerprint).join(Video, Video.id == Fingerprint.video_id)
    query = query.where(Fingerprint.seq > seq, Fingerprint.version == VERSION, Video.local_state.not_in(GONE))
    rows = session.scalars(query.order_by(Fingerprint.seq).limit(limit))
    return [(row.seq, _hashed(row)) for row in rows]


def _in_turn(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(_TURN))


def of(session: Session, video_id: str) -> Hashed | None:
    row = session.scalar(select(Fingerprint).where(Fingerprint.video_id == video_id, Fingerprint.version == VERSION))
    return _hashed(row) if row else None


def is_there(session: Session, video_id: str) -> bool:
    query = select(Fingerprint.seq).where(Fingerprint.video_id == video_id, Fingerprint.version == VERSION)
    return session.scalar(query) is not None


def _hashed(row: Fingerprint) -> Hashed:
    return Hashed(row.video_id, row.interval_seconds, row.hashes, row.qualities)


def cameras(session: Session, ids: Iterable[str]) -> dict[str, Camera]:
    """Of those of these videos that are not gone."""
    columns = (Video.id, Video.project_id, Video.camera_id, Video.start_at, Video.end_at, Video.created_at)
    rows = session.execute(select(*columns).where(Video.id.in_(list(ids)), Video.local_state.not_in(GONE)))
    return {row.id: Camera(*row) for row in rows}


def likenesses(session: Session, video_id: str) -> set[str]:
    """Which others are known to look like it."""
    rows = session.execute(select(Likeness.later_id, Likeness.earlier_id).where(_about(video_id)))
    return {other for row in rows for other in row} - {video_id}


def unlike(session: Session, video_id: str, others: Iterable[str]) -> None:
    """These do not look like it any more."""
    those = list(others)
    for mine, theirs in _SIDES:
        session.execute(delete(Likeness).where(mine == video_id, theirs.in_(those)))


def write_likenesses(session: Session, this: Camera, found: Sequence[tuple[Camera, Alike]], now: datetime) -> None:
    """Write what `this` looks like. Of two that are found alike at once, both may write the same."""
    _in_turn(session)
    for other, alike in found:
        is_later = (this.created_at, this.video_id) > (other.created_at, other.video_id)
        ranges = alike.ranges if is_later else [{"this": r["other"], "other": r["this"]} for r in alike.ranges]
        session.merge(
            Likeness(
                later_id=this.video_id if is_later else other.video_id,
                earlier_id=other.video_id if is_later else this.video_id,
                share_of_later=alike.share_of_this if is_later else alike.share_of_other,
                share_of_earlier=alike.share_of_other if is_later else alike.share_of_this,
                ranges=ranges,
                found_at=now,
            )
        )
    session.flush()


def alike(session: Session, video_id: str, scope: Scope, limit: int) -> list[tuple[Video, Alike]]:
    """What looks like a video and may be seen in this scope, outside the trash; the most alike first."""
    most = case((_TO_LATER > _TO_EARLIER, _TO_LATER), else_=_TO_EARLIER)
    found = []
    for mine, theirs in _SIDES:
        query = select(Video, Likeness).join(Likeness, theirs == Video.id).where(*_told_of(mine, video_id, scope))
        rows = session.execute(query.order_by(most.desc(), Video.created_at, Video.id).limit(limit))
        found += [(other, _told(row, video_id)) for other, row in rows]
    found.sort(key=lambda pair: (-max(pair[1].share_of_this, pair[1].share_of_other), pair[0].created_at, pair[0].id))
    return found[:limit]


def count_alike(session: Session, video_id: str, scope: Scope) -> int:
    queries = (
        select(func.count()).select_from(Likeness).join(Video, theirs == Video.id)
        .where(*_told_of(mine, video_id, scope))
        for mine, theirs in _SIDES
    )  # fmt: skip
    return sum(session.scalar(query) or 0 for query in queries)


def _told_of(mine: Any, video_id: str, scope: Scope) -> list[ColumnElement[bool]]:
    return [mine == video_id, Video.trashed_at.is_(None), Video.local_state.not_in(GONE), *scope.condition()]


def _about(video_id: str) -> ColumnElement[bool]:
    return or_(Likeness.later_id == video_id, Likeness.earlier_id == video_id)


def _told(row: Likeness, video_id: str) -> Alike:
    if row.later_id == video_id:
        return Alike(row.earlier_id, row.share_of_later, row.share_of_earlier, row.ranges)
    turned = [{"this": each["other"], "other": each["this"]} for each in row.ranges]
    return Alike(row.later_id, row.share_of_earlier, row.share_of_later, turned)


def forget(session: Session, video_id: str) -> None:
    """Forget what a video looked like: it is gone for good."""
    session.execute(delete(Fingerprint).where(Fingerprint.video_id == video_id))
    session.execute(delete(Likeness).where(_about(video_id)))


class Unhashed(NamedTuple):
    """A video that was probed and has no fingerprint (of this version)."""

    video_id: str
    relative_path: str
    facts: dict[str, Any]  # what the probe found
    job_state: str | None  # of its fingerprint's job; None when there is none
    result: dict[str, Any] | None


def unhashed(session: Session, after_probe: int, limit: int) -> tuple[int, list[Unhashed]]:
    """Of the next `limit` probes by their ids: the last id, 0 when there are none; and those without a fingerprint."""
    probe, job = aliased(MediaJob), aliased(MediaJob)
    next_ones = select(probe.id).where(probe.id > after_probe, probe.kind == PROBE, probe.state == JobState.DONE)
    ids = session.scalars(next_ones.order_by(probe.id).limit(limit)).all()
    if not ids:
        return 0, []
    query = select(Video.id, Video.relative_path, probe.result, job.state, job.result)
    query = query.select_from(probe).join(Video, Video.id == probe.video_id)
    query = query.outerjoin(job, (job.video_id == Video.id) & (job.kind == FINGERPRINT))
    query = query.outerjoin(Fingerprint, (Fingerprint.video_id == Video.id) & (Fingerprint.version == VERSION))
    query = query.where(probe.id.in_(ids), Fingerprint.seq.is_(None))
    query = query.where(Video.local_state == "present", Video.trashed_at.is_(None))
    # Of recordings none is made: a camera sees the same every day.
    query = query.where(~exists().where(Segment.video_id == Video.id))
    return ids[-1], [Unhashed(*row) for row in session.execute(query.order_by(probe.id))]


def any_waiting(session: Session, lane: str, urgency: int) -> bool:
    """Whether jobs of a lane and urgency wait: along the index of what is due."""
    waits = (MediaJob.lane == lane, MediaJob.state == JobState.WAITING, MediaJob.urgency == urgency)
    return session.scalar(select(MediaJob.id).where(*waits).limit(1)) is not None
