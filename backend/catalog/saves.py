"""The one transaction of a save: the video, its deliveries and its Idempotency-Key, all or nothing.

The key's row makes a retried upload exactly one video, also when two tries run at once or a crash came
between publishing and this transaction: the key is in the sidecar too, and adoption brings it here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.catalog.models import KeyedAnswer, Video
from backend.catalog.videos import GONE, add, apply, row_of
from backend.disk.sidecar import Sidecar
from backend.errors import KeyReused

KEYS_KEPT = timedelta(days=7)


def save(database: Database, sidecar: Sidecar, caller_id: str) -> Video:
    """Record a published video; returns its row, or the row of the one that the same key saved a moment before."""
    row = row_of(sidecar)
    try:
        with database.insert() as connection:
            add(connection, row)
            _add_key(connection, sidecar, caller_id)
    except IntegrityError:
        with database.read() as session:
            # The sweep may have found the published file first and adopted it: the same row, by another hand.
            present = session.get(Video, row.id)
            earlier = _find_key(session, caller_id, sidecar.video.idempotency_key)
            if present is None and earlier is not None:
                present = _demand_same_content(session, earlier, row.sha256)
        if present is None:
            raise
        return present
    return row


def knows(database: Database, sidecar: Sidecar) -> bool:
    """True when the catalog has the video, in this state or a later one."""
    with database.read() as session:
        row = session.get(Video, sidecar.video.id)
        return row is not None and row.revision >= sidecar.revision


def adopt(database: Database, sidecar: Sidecar) -> bool:
    """Record what the disk holds and the catalog does not, or an older state of; True when something changed."""
    with database.write() as session:
        row = session.get(Video, sidecar.video.id)
        if row is not None and row.revision >= sidecar.revision:
            return False
        if row is None:
            add(session.connection(), row_of(sidecar))
            _adopt_key(session, sidecar)
        else:
            apply(row, sidecar)
    return True


def earlier_save(database: Database, caller_id: str, key: str, sha256: str) -> str | None:
    """The video this caller saved with this key; `KeyReused` when that was other content.

    A key whose video was deleted is free again: answering with it would tell "saved" of what is not listed.
    """
    if not key:
        return None
    with database.read() as session:
        found = _find_key(session, caller_id, key)
        if found is None:
            return None
        video = session.get_one(Video, found)
        if video.trashed_at is None and video.local_state not in GONE:
            _demand_same_content(session, found, sha256)
            return found
    with database.write() as session:
        # By its video as well: another try may have freed the key and used it again since.
        freed = (KeyedAnswer.caller == caller_id, KeyedAnswer.key == key, KeyedAnswer.video_id == found)
        session.execute(delete(KeyedAnswer).where(*freed))
    return None


def forget_old_keys(database: Database) -> None:
    """Drop keys nobody retries any more."""
    with database.write() as session:
        session.execute(delete(KeyedAnswer).where(KeyedAnswer.created_at < datetime.now(UTC) - KEYS_KEPT))


def _add_key(connection: Connection, sidecar: Sidecar, caller_id: str) -> None:
    video = sidecar.video
    if video.idempotency_key:
        key = {"caller": caller_id, "key": video.idempotency_key, "video_id": video.id, "created_at": video.saved_at}
        connection.execute(insert(KeyedAnswer), key)


def _adopt_key(session: Session, sidecar: Sidecar) -> None:
    video = sidecar.video
    taken = _find_key(session, video.uploaded_by_id, video.idempotency_key) if video.idempotency_key else None
    if taken is None:
        _add_key(session.connection(), sidecar, video.uploaded_by_id)


def _demand_same_content(session: Session, video_id: str, sha256: str) -> Video:
    video = session.get_one(Video, video_id)
    if video.sha256 != sha256:
        raise KeyReused(
            "This Idempotency-Key was used for another file. Use a new key for each file; repeat one only to retry.",
            detail={"video_id": video_id},
        )
    return video


def _find_key(session: Session, caller_id: str, key: str) -> str | None:
    """The video that this caller's key saved."""
    return session.scalar(select(KeyedAnswer.video_id).where(KeyedAnswer.caller == caller_id, KeyedAnswer.key == key))
