"""Claiming deliveries: a lease with a token, so that any number of workers may run and a killed one loses nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, Update, and_, bindparam, func, select, update
from sqlalchemy.orm import Session, raiseload

from backend.catalog.models import Base, Delivery, DeliveryState, TargetRow, Video
from backend.disk.layout import without_category
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import lease_end

Columns = TypeVarTuple("Columns")
_TABLE = Base.metadata.tables[Delivery.__tablename__]


@dataclass(frozen=True)
class Claim:
    """One delivery in one worker's hands. Every later write names the token. `was_verified`: there, at any time."""

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
    was_verified: bool


def ready(session: Session, now: datetime) -> set[str]:
    """The targets that have something to claim. A look that locks nothing, so that an idle worker disturbs nobody."""
    working = select(TargetRow.name).where(TargetRow.circuit == "closed", TargetRow.paused.is_(False))
    return {name for name in session.scalars(working) if _any_waiting(session, name, now)}


def claim(
    session: Session, row: TargetRow, worker: str, max_concurrent: int, now: datetime, wanted: int = 1
) -> list[Claim]:
    """Take up to `wanted` deliveries for a target, those first that have waited longest; [] when there is none.

    `row` is the target's, locked: two workers cannot both find the last free place.
    """
    if row.paused or row.circuit != "closed":
        return []
    running = select(func.count()).where(
        Delivery.target == row.name, Delivery.state == DeliveryState.IN_PROGRESS, Delivery.lease_until > now
    )
    free = max_concurrent - (session.scalar(running) or 0)
    found = _longest_waiting(session, row.name, min(wanted, free), now)
    claims = (_take(session, delivery, video, worker, now) for delivery, video in found)
    return [taken for taken in claims if taken is not None]


def _any_waiting(session: Session, target: str, now: datetime) -> bool:
    kinds = (_in_turn(select(Delivery.id), target, due).limit(1) for due in _due(now))
    return any(session.scalar(query) is not None for query in kinds)


def _longest_waiting(session: Session, target: str, wanted: int, now: datetime) -> list[Row[Delivery, Video]]:
    if wanted < 1:
        return []
    found: list[Row[Delivery, Video]] = []
    for due in _due(now):
        query = _in_turn(select(Delivery, Video).options(raiseload("*")), target, due).limit(wanted)
        found += session.execute(query.with_for_update(skip_locked=True, of=Delivery)).all()
    return sorted(found, key=lambda pair: (pair[0].next_attempt_at, pair[0].id))[:wanted]


def _in_turn(query: Select[*Columns], target: str, due: list[ColumnElement[bool]]) -> Select[*Columns]:
    """For one kind of waiting at a time: so each query walks its stretch of the index, and may stop early."""
    return (
        query.join(Video, Video.id == Delivery.video_id)
        .where(Delivery.target == target, *due)
        .order_by(Delivery.next_attempt_at, Delivery.id)
    )


def _due(now: datetime) -> list[list[ColumnElement[bool]]]:
    """What makes a delivery claimable, for each kind of waiting."""
    # What is not hashed yet has nothing that its copy could be compared with.
    bytes_are_here = and_(Video.trashed_at.is_(None), Video.local_state == "present", Video.sha256 != "")
    common = [Delivery.next_attempt_at <= now, bytes_are_here]
    return [
        [Delivery.state == DeliveryState.PENDING, *common],
        [Delivery.state == DeliveryState.DAMAGED, *common],
        # Left behind by a worker that was killed.
        [Delivery.state == DeliveryState.IN_PROGRESS, Delivery.lease_until <= now, *common],
    ]


def _take(session: Session, delivery: Delivery, video: Video, worker: str, now: datetime) -> Claim | None:
    token, attempt = str(uuid.uuid4()), delivery.attempts + 1
    taken = _write(
        session,
        {"id": delivery.id, "state": delivery.state, "lease_token": delivery.lease_token},
        state=DeliveryState.IN_PROGRESS,
        lease_token=token,
        lease_until=lease_end(now),
        leased_by=worker,
        attempts=attempt,
        # Counts only if this worker dies: a file that kills its worker comes back later each time.
        next_attempt_at=now + timedelta(seconds=delay_seconds(attempt)),
        bytes_per_second=None,
        updated_at=now,
    )
    if not taken:
        return None
    return Claim(
        delivery_id=delivery.id,
        token=token,
        video_id=video.id,
        target=delivery.target,
        attempt=attempt,
        relative_path=video.relative_path,
        size_bytes=video.size_bytes,
        sha256=video.sha256,
        mime_type=video.mime_type,
        original_filename=video.original_filename,
        remote_key=delivery.remote_key or remote_key_of(video),
        resume=dict(delivery.resume),
        was_damaged=delivery.state == DeliveryState.DAMAGED,
        was_verified=delivery.verified_at is not None,
    )


def remote_key_of(video: Video) -> str:
    """`{project}/{stored_filename}`, with the project's name as sanitised for the disk: safe in any store."""
    return str(without_category(video.relative_path)).removeprefix("project_")


def holds(session: Session, claim: Claim) -> bool:
    """Whether the claim is still ours."""
    held = (Delivery.id == claim.delivery_id, Delivery.lease_token == claim.token)
    return session.scalar(select(Delivery.id).where(*held, Delivery.state == DeliveryState.IN_PROGRESS)) is not None


def write_held(session: Session, claim: Claim, **values: Any) -> bool:
    """Write the claimed row, if the claim still holds; False when another worker has it now."""
    held = {"id": claim.delivery_id, "state": DeliveryState.IN_PROGRESS, "lease_token": claim.token}
    return _write(session, held, **values)


def _write(session: Session, seen: Mapping[str, Any], **values: Any) -> bool:
    """Write one row if it still is as it was seen; False, and nothing is written, when it is not."""
    parameters = {f"seen_{name}": value for name, value in seen.items()}
    result = session.connection().execute(_conditional_update(*values), {**parameters, **values})
    return result.rowcount == 1


@lru_cache
def _conditional_update(*names: str) -> Update:
    """Put together once: with many small files, building statements cost more than running them."""
    columns = _TABLE.c
    return (
        update(_TABLE)
        .where(columns.id == bindparam("seen_id"), columns.state == bindparam("seen_state"))
        .where(columns.lease_token.is_not_distinct_from(bindparam("seen_lease_token")))
        .values({name: bindparam(name, type_=columns[name].type) for name in names})
    )
