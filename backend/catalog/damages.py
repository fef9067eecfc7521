"""What is known to be damaged here: noted with a line in the audit, kept until mended, mended with another line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from backend.catalog import audit, events
from backend.catalog.models import FILE, SIDECAR, Base, Damage, DeliveryState, Video
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, GONE, Scope, with_content
from backend.events import VIDEO_DAMAGED, VIDEO_REPAIRED

_C = Base.metadata.tables[Damage.__tablename__].c
_REASON = select(_C.reason).where(_C.video_id == bindparam("video_id"), _C.part == FILE)
# What pruned or purged bytes were damaged of is history.
_COUNTS = or_(
    and_(Damage.part == FILE, Video.local_state == "present"),
    and_(Damage.part == SIDECAR, Video.local_state.not_in(GONE)),
)


def why_bad(connection: Connection, video_id: str) -> str | None:
    """Why the file here is known not to be what was saved; None when nothing is known against it."""
    return connection.scalar(_REASON, {"video_id": video_id})


def note(session: Session, video: Video, part: str, kind: str, reason: str, now: datetime) -> bool:
    """Write down what was found; True when it is new. Call it last in a transaction: it writes to the audit."""
    known = session.get(Damage, (video.id, part), with_for_update=True)
    if known is not None:
        known.kind, known.reason, known.seen_at = kind, reason, now
        return False
    session.add(
        Damage(video_id=video.id, part=part, kind=kind, reason=reason, next_attempt_at=now, found_at=now, seen_at=now)
    )
    session.flush()
    told = {"part": part, "kind": kind, "reason": reason}
    events.append(session, VIDEO_DAMAGED, video, where=events.HERE, **told)
    audit.append(session, "scrub.damage", video_id=video.id, project_id=video.project_id, **told)
    return True


def put_off(session: Session, video_id: str, part: str, until: datetime, reason: str, *, no_copy: bool) -> None:
    """It could not be mended now: when it is tried again, and the whole story in words."""
    row = update(Damage).where(Damage.video_id == video_id, Damage.part == part)
    values = {"next_attempt_at": until, "reason": reason, "no_copy": no_copy, "attempts": Damage.attempts + 1}
    session.execute(row.values(values).execution_options(synchronize_session=False))


def settle(session: Session, video: Video, part: str, how: str) -> bool:
    """It is mended; True when anything was known to be damaged. Call it last in a transaction."""
    if not forget(session, video.id, part):
        return False
    events.append(session, VIDEO_REPAIRED, video, where=events.HERE, part=part, how=how)
    audit.append(session, "scrub.repaired", video_id=video.id, project_id=video.project_id, part=part, how=how)
    return True


def forget(session: Session, video_id: str, part: str) -> bool:
    row = delete(Damage).where(Damage.video_id == video_id, Damage.part == part).returning(Damage.part)
    return session.scalar(row.execution_options(synchronize_session=False)) is not None


def get(session: Session, video_id: str, part: str) -> Damage | None:
    return session.get(Damage, (video_id, part))


def due(session: Session, nodes: Sequence[str], now: datetime | None, most: int) -> Sequence[Damage]:
    """What is to be tried again, the longest waiting first; also what a clock that was wrong put off too far. `now`
    None: whatever it waits for."""
    query = _open(EVERYTHING).where(Video.node.in_(nodes))
    if now is not None:
        query = query.where(or_(Damage.next_attempt_at <= now, Damage.next_attempt_at > now + timedelta(days=2)))
    return session.scalars(query.order_by(Damage.next_attempt_at).limit(most)).all()


def listed(session: Session, scope: Scope, most: int) -> Sequence[Damage]:
    """What is damaged now, the oldest first, each with its video."""
    return session.scalars(_open(scope).order_by(Damage.found_at, Damage.video_id).limit(most)).all()


def count(session: Session, scope: Scope) -> int:
    query = select(func.count()).select_from(Damage).join(Video, Video.id == Damage.video_id)
    return session.scalar(query.where(_COUNTS, *scope.condition())) or 0


def has_no_copy(session: Session, video: Video) -> bool:
    """Whether no verified copy of these bytes is known, of this video or of another one."""
    same = with_content(session, video.sha256, video.size_bytes)
    return not any(d.state == DeliveryState.DELIVERED for v in same for d in v.deliveries)


def has_bad_file() -> ColumnElement[bool]:
    """For lists: whether the video's file here is known to be damaged."""
    return exists().where(Damage.video_id == Video.id, Damage.part == FILE)


def describe(damage: Damage) -> dict[str, Any]:
    video = damage.video
    return {
        "video_id": video.id,
        "filename": video.original_filename,
        "project_id": video.project_id,
        "part": damage.part,
        "kind": damage.kind,
        "reason": damage.reason,
        "no_copy": damage.no_copy,
        "found_at": iso(damage.found_at),
        "next_attempt_at": iso(damage.next_attempt_at),
    }


def _open(scope: Scope) -> Select[Damage]:
    query = select(Damage).join(Damage.video).where(_COUNTS, *scope.condition())
    return query.options(joinedload(Damage.video))
