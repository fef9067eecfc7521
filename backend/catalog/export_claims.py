"""Claiming exports, to cut them and to copy them away: a lease with a token. Those that kill their workers are set
aside. Also what an hourly look finds to be over."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from backend.catalog.gaps import Stretch
from backend.catalog.media import written
from backend.catalog.models import Export, ExportStatus
from backend.catalog.videos import Scope

LEASE = timedelta(seconds=30)
# One that ends its worker is given one more chance: the first time, something else may have been to blame.
MOST_DEATHS = 2
_FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}


@dataclass(frozen=True)
class ExportClaim:
    """One export in one worker's hands. Every later write names the token."""

    id: str
    token: str
    attempt: int
    camera_ids: tuple[str, ...]
    bounds: Stretch
    format: str
    cut: str
    layout: str
    slate: bool
    incomplete: str
    reason: str
    requester: str
    scope: Scope
    created_at: datetime
    was_left: bool  # by a worker that died


@dataclass(frozen=True)
class CopyClaim:
    """A result that is to be copied away, or whose copy is to be deleted."""

    id: str
    token: str
    attempt: int
    file_path: str
    size_bytes: int
    sha256: str
    mime_type: str
    remote_key: str
    is_removal: bool
    created_at: datetime
    resume: Mapping[str, Any] = field(default_factory=dict)
    proof: Mapping[str, Any] = field(default_factory=dict)


def any_due(session: Session, now: datetime) -> bool:
    """Whether a claim would find something. Locks nothing, so that an idle worker disturbs nobody."""
    return session.scalar(select(Export.id).where(_due(now)).limit(1)) is not None


def claim(session: Session, worker: str, node: str, wanted: int, now: datetime) -> list[ExportClaim]:
    """Take up to `wanted` exports, those that have waited longest first."""
    query = select(Export).where(_due(now)).order_by(Export.next_attempt_at, Export.id).limit(wanted)
    return [_take(one, worker, node, now) for one in session.scalars(query.with_for_update(skip_locked=True)).all()]


def any_to_bury(session: Session, now: datetime) -> bool:
    return session.scalar(select(Export.id).where(_suspect(now)).limit(1)) is not None


def bury(session: Session, now: datetime) -> list[Export]:
    """Set aside what has ended its worker too often; returns those."""
    found = list(session.scalars(select(Export).where(_suspect(now)).with_for_update(skip_locked=True)))
    for export in found:
        export.deaths += 1
        words = (
            f"The worker died {export.deaths} times while it was at this, so it is set aside. The recordings are safe. "
            "Look into the log before you retry it."
        )
        end(export, ExportStatus.FAILED, "worker-died", words, now)
    return found


def renew(session: Session, progress: Mapping[str, tuple[float, str]], now: datetime) -> set[str]:
    """Prolong the leases of these tokens and write how far they are; the tokens that are ours no more."""
    lost = set()
    for token, (done, phase) in progress.items():
        change = update(Export).where(Export.lease_token == token, Export.status == ExportStatus.PROCESSING)
        values = {"lease_until": now + LEASE, "progress": done, "phase": phase, "updated_at": now}
        if not written(session, change.values(**values)):
            lost.add(token)
    return lost


def held(session: Session, claim: ExportClaim | CopyClaim) -> Export | None:
    """The row, locked, if the claim still holds: nobody else has it, nor was it cancelled."""
    query = select(Export).where(Export.id == claim.id, Export.lease_token == claim.token)
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def end(export: Export, status: ExportStatus, code: str, words: str, now: datetime) -> None:
    export.status, export.error_code, export.error = status, code, words
    export.lease_token, export.lease_until, export.phase = None, None, ""
    export.completed_at = export.updated_at = now


def put_off(export: Export, code: str, words: str, until: datetime, now: datetime) -> None:
    """Try it again at `until`, by itself."""
    export.status, export.lease_token, export.lease_until = ExportStatus.PENDING, None, None
    export.next_attempt_at, export.error, export.error_code, export.updated_at = until, words, code, now
    export.phase, export.progress = "", 0.0


def give_back(export: Export, now: datetime) -> None:
    """Its worker stops: nobody's fault, and the next one begins it anew."""
    export.attempts -= 1
    put_off(export, "", "", now, now)


def claim_copy(session: Session, target: str, node: str, worker: str, now: datetime) -> CopyClaim | None:
    """Take one result of this node that is to be copied to `target`, or whose copy is to be deleted there."""
    query = select(Export).where(_copy_due(target, node, now)).order_by(Export.delivery_next_at, Export.id).limit(1)
    export = session.scalar(query.with_for_update(skip_locked=True))
    if export is None:
        return None
    export.lease_token, export.lease_until, export.leased_by = str(uuid.uuid4()), now + LEASE, worker
    export.delivery_attempts += 1
    return CopyClaim(
        id=export.id, token=export.lease_token, attempt=export.delivery_attempts, file_path=export.file_path or "",
        size_bytes=export.file_size or 0, sha256=export.checksum,
        mime_type=str(export.findings.get("mime_type", "application/octet-stream")), remote_key=export.remote_key,
        is_removal=export.delivery_state == "deleting", created_at=export.created_at,
        resume=dict(export.delivery_resume), proof=dict(export.proof),
    )  # fmt: skip


def any_copy_due(session: Session, target: str, node: str, now: datetime) -> bool:
    return session.scalar(select(Export.id).where(_copy_due(target, node, now)).limit(1)) is not None


def write_copy(session: Session, claim: CopyClaim, **values: Any) -> bool:
    """Write the claimed row, if the claim still holds."""
    return bool(written(session, update(Export).where(Export.lease_token == claim.token).values(**values)))


def settle_copy(session: Session, claim: CopyClaim, **values: Any) -> bool:
    """As `write_copy`, and give it back. Not what was marked for deletion while it was sent: that stays marked."""
    meant = "deleting" if claim.is_removal else "pending"
    change = update(Export).where(Export.lease_token == claim.token, Export.delivery_state == meant)
    if written(session, change.values(**values, **_FREE)):
        return True
    written(session, update(Export).where(Export.lease_token == claim.token).values(**_FREE))
    return False


def expired(session: Session, now: datetime, limit: int) -> Sequence[str]:
    query = select(Export.id).where(Export.status == ExportStatus.COMPLETED, Export.expires_at <= now)
    return session.scalars(query.order_by(Export.expires_at, Export.id).limit(limit)).all()


def half_removed(session: Session, node: str, limit: int) -> Sequence[str]:
    """Those whose file may still be here though their time is over."""
    mine = Export.status == ExportStatus.EXPIRED, Export.file_path.is_not(None), Export.node == node
    return session.scalars(select(Export.id).where(*mine).limit(limit)).all()


def forget(session: Session, before: datetime) -> int:
    """Remove the rows of what ended before, and is nowhere any more."""
    over = Export.status.in_((ExportStatus.FAILED, ExportStatus.CANCELLED, ExportStatus.EXPIRED))
    nowhere = Export.delivery_state != "deleting"
    return written(session, delete(Export).where(over, nowhere, Export.updated_at < before))


def _due(now: datetime) -> ColumnElement[bool]:
    waits = and_(Export.status == ExportStatus.PENDING, Export.next_attempt_at <= now)
    return or_(waits, and_(_left_behind(now), Export.deaths < MOST_DEATHS - 1))


def _suspect(now: datetime) -> ColumnElement[bool]:
    return and_(_left_behind(now), Export.deaths >= MOST_DEATHS - 1)


def _left_behind(now: datetime) -> ColumnElement[bool]:
    """By a worker that was killed."""
    return and_(Export.status == ExportStatus.PROCESSING, Export.lease_until <= now)


def _copy_due(target: str, node: str, now: datetime) -> ColumnElement[bool]:
    sends = and_(Export.status == ExportStatus.COMPLETED, Export.delivery_state == "pending", Export.node == node)
    removes = and_(Export.status == ExportStatus.EXPIRED, Export.delivery_state == "deleting")
    free = or_(Export.lease_until.is_(None), Export.lease_until <= now)
    return and_(or_(sends, removes), Export.delivery_target == target, Export.delivery_next_at <= now, free)


def _take(export: Export, worker: str, node: str, now: datetime) -> ExportClaim:
    was_left = export.status == ExportStatus.PROCESSING
    export.deaths += was_left
    export.status, export.leased_by, export.node = ExportStatus.PROCESSING, worker, node
    export.lease_token, export.lease_until = str(uuid.uuid4()), now + LEASE
    export.attempts += 1
    export.progress, export.phase, export.updated_at = 0.0, "", now
    export.started_at = export.started_at or now
    projects = None if export.projects is None else frozenset(export.projects)
    return ExportClaim(
        id=export.id, token=export.lease_token, attempt=export.attempts, camera_ids=tuple(export.camera_ids),
        bounds=Stretch(export.start_time, export.end_time), format=export.format, cut=export.cut,
        layout=export.layout, slate=export.slate, incomplete=export.incomplete, reason=export.reason or "",
        requester=export.created_by or "", scope=Scope(projects), created_at=export.created_at, was_left=was_left,
    )  # fmt: skip
