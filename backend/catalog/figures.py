"""What the catalog says of everything at one moment, for those who watch: a few figures each, none by video or person.

Each is one query; most read what is kept incrementally, the others only what is unfinished or wrong, which is little.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from backend.catalog import damages
from backend.catalog.counts import LISTED, sums
from backend.catalog.database import Database
from backend.catalog.models import (
    Delivery,
    DeliveryState,
    Export,
    ExportStatus,
    JobState,
    MediaJob,
    Segment,
    TargetRow,
    Video,
    Webhook,
    WebhookDelivery,
    WebhookState,
)
from backend.catalog.projects import by_category
from backend.catalog.safety import OR_ENDED, safety
from backend.catalog.stats import Amount, copies, physical_bytes
from backend.catalog.videos import EVERYTHING

WAITING = (DeliveryState.PENDING, DeliveryState.IN_PROGRESS, DeliveryState.DAMAGED, DeliveryState.PARKED)
# Done are as many as there are videos, and nobody needs to look at them.
UNDONE = tuple(state for state in JobState if state is not JobState.DONE)
_UNSENT = (WebhookState.PENDING, WebhookState.IN_PROGRESS)
_PRESENT = (Video.local_state != "purged", Video.local_state == "present")
_VERIFIED = "verified"


@dataclass(frozen=True)
class Stored:
    """An export's result in a bucket of a target's, or, where `target` is "", here."""

    target: str
    count: int
    bytes: int


@dataclass(frozen=True)
class Picture:
    """`segments`: by camera, those with the most first, and of all that are left out under ""."""

    videos: dict[str, Amount]
    unsafe: int  # but for those that ended where they are not
    physical_bytes: int
    made_bytes: dict[str, int]
    copies: dict[str, dict[str, Amount]]
    oldest_waiting_at: dict[str, datetime]
    targets: dict[str, str]
    jobs: dict[tuple[str, str], int]
    damages: int
    oldest_check_at: dict[str, datetime]
    exports: dict[str, int]
    stored_exports: list[Stored]
    segments: dict[str, int]
    webhooks_stopped: int
    webhooks_waiting: int
    catalog_bytes: int


def picture(
    database: Database,
    names: Sequence[str],
    required: Collection[str],
    passing: Collection[str],
    most_cameras: int,
    of_recordings: Collection[str] = (),
) -> Picture:
    """`names` of all targets; `required`, `passing` and those required `of_recordings` alone as `Places` has them."""
    with database.read() as session:
        by_state = {s.key[0]: Amount(s.count, s.bytes) for s in sums(session, "label", EVERYTHING, ("state",))}
        listed = sum(by_state[state].count for state in LISTED if state in by_state)
        demanded = [*required, *of_recordings]
        # What ended by a VMS's retention is meant to be gone: no alarm is to last for ever because of it.
        asked = required, passing, of_recordings
        safe = safety(session, EVERYTHING, listed, *asked, there=OR_ENDED) if demanded else None
        made = by_category(session, EVERYTHING)
        return Picture(
            videos=by_state,
            unsafe=safe.videos - safe.verified - safe.exempt if safe else 0,
            physical_bytes=physical_bytes(session, EVERYTHING),
            made_bytes={name: made[name].bytes for name in ("thumbnails", "processed")},
            copies=copies(session, EVERYTHING),
            oldest_waiting_at=_oldest_waiting(session),
            targets=_targets(session),
            jobs=_jobs(session),
            damages=damages.count(session, EVERYTHING),
            oldest_check_at=_oldest_checks(session, names),
            exports=_exports(session),
            stored_exports=_stored_exports(session),
            segments=_segments(session, most_cameras),
            webhooks_stopped=_count(session, Webhook.paused_reason != "", Webhook.enabled),
            webhooks_waiting=_count(session, WebhookDelivery.state.in_(_UNSENT)),
            catalog_bytes=_size(database, session),
        )


def _oldest_waiting(session: Session) -> dict[str, datetime]:
    query = (
        select(Delivery.target, func.min(Delivery.created_at))
        .join(Video, Video.id == Delivery.video_id)
        .where(Delivery.state.in_(WAITING), Video.trashed_at.is_(None))
        .group_by(Delivery.target)
    )
    return dict(session.execute(query).all())


def _targets(session: Session) -> dict[str, str]:
    rows = session.execute(select(TargetRow.name, TargetRow.circuit, TargetRow.paused))
    return {name: "paused" if paused else circuit for name, circuit, paused in rows}


def _jobs(session: Session) -> dict[tuple[str, str], int]:
    query = select(MediaJob.kind, MediaJob.state, func.count()).where(MediaJob.state.in_(UNDONE))
    rows = session.execute(query.group_by(MediaJob.kind, MediaJob.state))
    return {(kind, state): count for kind, state, count in rows}


def _oldest_checks(session: Session, names: Sequence[str]) -> dict[str, datetime]:
    """When what was looked at longest ago was: of the files here (""), and of each target's copies."""
    never = select(func.min(Video.created_at)).where(*_PRESENT, Video.scrubbed_at.is_(None))
    again = select(func.min(Video.scrubbed_at)).where(*_PRESENT)
    here = [at for at in (session.scalar(never), session.scalar(again)) if at is not None]
    found = {"": min(here)} if here else {}
    for name in names:
        there = select(func.min(Delivery.checked_at)).where(Delivery.target == name)
        at = session.scalar(there.where(Delivery.state == DeliveryState.DELIVERED))
        found |= {name: at} if at is not None else {}
    return found


def _exports(session: Session) -> dict[str, int]:
    rows = session.execute(select(Export.status, func.count()).group_by(Export.status))
    return dict(rows.all())


def _stored_exports(session: Session) -> list[Stored]:
    size = func.sum(Export.file_size)
    here = session.execute(select(func.count(), size).where(Export.status == ExportStatus.COMPLETED)).one()
    there = select(Export.delivery_target, func.count(), size).where(Export.delivery_state == _VERIFIED)
    rows = session.execute(there.group_by(Export.delivery_target))
    return [Stored("", here[0], int(here[1] or 0)), *(Stored(target, count, int(b or 0)) for target, count, b in rows)]


def _segments(session: Session, most: int) -> dict[str, int]:
    count = func.count().label("count")
    query = select(Segment.camera_id, count).where(Segment.is_listed).group_by(Segment.camera_id)
    rows = session.execute(query.order_by(count.desc(), Segment.camera_id)).all()
    found = dict(rows[:most])
    left_out = sum(number for _, number in rows[most:])
    return found | ({"": left_out} if left_out else {})


def _count(session: Session, *where: object) -> int:
    return session.scalar(select(func.count()).where(*where)) or 0  # type: ignore[arg-type] # conditions of one table


def _size(database: Database, session: Session) -> int:
    if database.path is None:
        return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)
    beside = (database.path.with_name(database.path.name + end) for end in ("", "-wal"))
    return sum(path.stat().st_size for path in beside if path.exists())
