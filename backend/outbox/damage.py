"""A copy that was verified once and is not what it should be any more: said so at once, and sent again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.catalog import events, videos
from backend.catalog.database import Database
from backend.catalog.models import NO_COPY_LEFT, Delivery, DeliveryState, Video
from backend.disk.layout import Layout
from backend.errors import StorageError
from backend.events import VIDEO_DAMAGED
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.outbox.record import record_delivery

_LOST = (
    "No other copy is known and the server's own bytes were removed: unless the copy comes back, the video is lost. "
    "Send the same file again if anybody has it: that repairs it."
)


@dataclass(frozen=True)
class Noted:
    """What the ledger says of a damaged copy. `lost`: it was the last one of its video."""

    reason: str
    lost: bool


def note_damage(
    database: Database,
    layout: Layout,
    log: UploadLog,
    video: Video,
    target: str,
    reason: str,
    token: str | None = None,
) -> Noted | None:
    """A later check of a delivered copy failed. While the local bytes are here, the ledger sends them again.

    `token`: only while the caller's lease holds. None when the copy is not one to be called damaged any more.
    """
    with database.write() as session:
        now = instant(session)
        damaged = update(Delivery).where(
            Delivery.video_id == video.id, Delivery.target == target, Delivery.state == DeliveryState.DELIVERED
        )
        if token is not None:
            damaged = damaged.where(Delivery.lease_token == token)
        noted = damaged.values(
            state=DeliveryState.DAMAGED,
            attempts=0,
            next_attempt_at=now,
            error=reason,
            error_code="",
            lease_token=None,
            lease_until=None,
            leased_by="",
            updated_at=now,
        )
        returned = noted.returning(Delivery.id).execution_options(synchronize_session=False)
        if session.scalar(returned) is None:
            return None
        lost = is_lost(session, video.id)
        if lost:
            _say_lost(session, video.id, target, reason)
        events.append(session, VIDEO_DAMAGED, video, where=target, target=target, reason=reason, lost=lost)
    log.write("warning", "damaged", upload=video.id, name=video.original_filename, target=target, error=reason)
    _tell(database, layout, log, video, target, lost)
    return Noted(_with_loss(reason) if lost else reason, lost)


def note_loss(database: Database, layout: Layout, log: UploadLog, video: Video, target: str) -> None:
    """The bytes behind a damaged copy could not be fetched back: say so when there is nowhere to get them from."""
    with database.write() as session:
        words = session.execute(
            select(Delivery.error, Delivery.error_code).where(
                Delivery.video_id == video.id, Delivery.target == target, Delivery.state == DeliveryState.DAMAGED
            )
        ).first()
        lost = words is not None and is_lost(session, video.id)
        if words is not None and lost and words.error_code != NO_COPY_LEFT:
            _say_lost(session, video.id, target, words.error)
    if lost:
        _tell(database, layout, log, video, target, lost)


def _with_loss(reason: str) -> str:
    return f"{reason} {_LOST}".strip()


def without_loss(words: str) -> str:
    """The reason of the damage, once the bytes are here again."""
    return words.removesuffix(_LOST).strip()


def is_lost(session: Session, video_id: str) -> bool:
    """Whether neither this server nor any verified copy has the bytes, as far as the ledger knows."""
    video = videos.get(session, video_id)
    same = videos.with_content(session, video.sha256, video.size_bytes)
    here = any(v.local_state == "present" for v in same)
    return not here and not any(d.state == DeliveryState.DELIVERED for v in same for d in v.deliveries)


def _say_lost(session: Session, video_id: str, target: str, reason: str) -> None:
    row = (Delivery.video_id == video_id, Delivery.target == target, Delivery.state == DeliveryState.DAMAGED)
    values = {"error": _with_loss(reason), "error_code": NO_COPY_LEFT}
    session.execute(update(Delivery).where(*row).values(values).execution_options(synchronize_session=False))


def _tell(database: Database, layout: Layout, log: UploadLog, video: Video, target: str, lost: bool) -> None:
    if lost:
        log.write("error", "lost", upload=video.id, name=video.original_filename, target=target, error=_LOST)
    tell_sidecar(database, layout, log, video, target)


def tell_sidecar(database: Database, layout: Layout, log: UploadLog, video: Video, target: str) -> None:
    """What the ledger says of a copy now. A sidecar that cannot take it stops nothing."""
    try:
        record_delivery(database, layout, video.relative_path, video.id, target)
    except FileNotFoundError:
        log.write("error", "sidecar_missing", upload=video.id, target=target)
    except StorageError as error:
        # The catalog knows it; after a rebuild the copy is looked at once more.
        log.write("error", "sidecar_late", upload=video.id, target=target, error=error.message)
