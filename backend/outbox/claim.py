"""Claiming deliveries: a lease with a token, so that any number of workers may run and a killed one loses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session

from backend.catalog.models import Delivery, DeliveryState, TargetRow, Video

LEASE_SECONDS = 30.0
_WAITING = (DeliveryState.PENDING, DeliveryState.DAMAGED)


@dataclass(frozen=True)
class Claim:
    """One delivery in one worker's hands. Every later write names the token."""

    delivery_id: int
    token: str
    video_id: str
    target: str
    attempt: int
    relative_path: str
    size_bytes: int
    sha256: str
    mime_type: str
    original_filename: str
    remote_key: str
    resume: dict[str, Any]
    was_damaged: bool


def claim(session: Session, target: str, worker: str, max_concurrent: int, now: datetime) -> Claim | None:
    """Take the delivery that has waited longest for `target`, or None when there is none to take.

    The target's row is locked first: two workers cannot both find the last free place.
    """
    row = session.scalar(select(TargetRow).where(TargetRow.name == target).with_for_update())
    if row is None or row.paused or row.circuit != "closed":
        return None
    running = select(func.count()).where(
        Delivery.target == target, Delivery.state == DeliveryState.IN_PROGRESS, Delivery.lease_until > now
    )
    if (session.scalar(running) or 0) >= max_concurrent:
        return None
    due = (
        select(Delivery.id)
        .join(Video, Video.id == Delivery.video_id)
        .where(Delivery.target == target, _is_due(now))
        .where(Video.trashed_at.is_(None), Video.local_state == "present")
        .order_by(Delivery.next_attempt_at, Delivery.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Delivery)
    )
    delivery_id = session.scalar(due)
    return None if delivery_id is None else _take(session, delivery_id, worker, now)


def _is_due(now: datetime) -> ColumnElement[bool]:
    waiting = and_(Delivery.state.in_(_WAITING), Delivery.next_attempt_at <= now)
    left_behind = and_(Delivery.state == DeliveryState.IN_PROGRESS, Delivery.lease_until <= now)
    return or_(waiting, left_behind)


def _take(session: Session, delivery_id: int, worker: str, now: datetime) -> Claim | None:
    delivery = session.get_one(Delivery, delivery_id)
    was_damaged = delivery.state == DeliveryState.DAMAGED
    token = str(uuid.uuid4())
    taken = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, _is_due(now))
        .values(
            state=DeliveryState.IN_PROGRESS,
            lease_token=token,
            lease_until=now + timedelta(seconds=LEASE_SECONDS),
            leased_by=worker,
            attempts=Delivery.attempts + 1,
            bytes_per_second=None,
            updated_at=now,
        )
        .execution_options(synchronize_session=False)
    )
    if _count(taken) == 0:
        return None
    video = delivery.video
    return Claim(
        delivery_id=delivery_id,
        token=token,
        video_id=video.id,
        target=delivery.target,
        attempt=delivery.attempts + 1,
        relative_path=video.relative_path,
        size_bytes=video.size_bytes,
        sha256=video.sha256,
        mime_type=video.mime_type,
        original_filename=video.original_filename,
        remote_key=delivery.remote_key or remote_key_of(video),
        resume=dict(delivery.resume),
        was_damaged=was_damaged,
    )


def remote_key_of(video: Video) -> str:
    """`{project}/{stored_filename}`, with the project's name as sanitised for the disk: safe in any store."""
    return video.relative_path.removeprefix("uploads/project_")


def write_held(session: Session, claim: Claim, **values: Any) -> bool:
    """Write the claimed row, if the claim still holds; False when another worker has it now."""
    held = (
        update(Delivery)
        .where(Delivery.id == claim.delivery_id, Delivery.lease_token == claim.token)
        .where(Delivery.state == DeliveryState.IN_PROGRESS)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return _count(session.execute(held)) == 1


def make_rows(session: Session, names: Sequence[str]) -> None:
    """Make the row of each configured target that has none."""
    known = set(session.scalars(select(TargetRow.name)))
    session.add_all(TargetRow(name=name) for name in names if name not in known)


def _count(result: object) -> int:
    # Session.execute is typed as Result; an UPDATE gives the CursorResult that counts rows.
    assert isinstance(result, CursorResult)
    return result.rowcount
