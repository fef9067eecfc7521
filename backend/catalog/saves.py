"""The one transaction of a save: the video, its deliveries and its Idempotency-Key, all or nothing.

The key's row makes a retried upload exactly one video, also when two tries run at once or a crash came
between publishing and this transaction: the key is in the sidecar too, and adoption brings it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.catalog import audit, events, news, segments
from backend.catalog.database import Database
from backend.catalog.models import KeyedAnswer, Video
from backend.catalog.videos import GONE, add, apply, row_of
from backend.disk.sidecar import Sidecar
from backend.errors import KeyReused
from backend.events import VIDEO_ADDED

# Doors that nobody stands at: files that lie in a folder.
_IMPORTS = ("import", "inbox")
KEYS_KEPT = timedelta(days=7)


def save(database: Database, sidecar: Sidecar, caller_id: str) -> Video:
    """Record a published video; returns its row, or the row of the one that the same key saved a moment before."""
    row = _row_of(sidecar)
    try:
        with database.insert() as connection:
            add(connection, row)
            segments.add(connection, row)
            _add_key(connection, sidecar, caller_id)
            _announce(connection, row)
            _write_down_save(connection, sidecar)
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


def _row_of(sidecar: Sidecar) -> Video:
    if sidecar.video.door not in _IMPORTS:
        return row_of(sidecar)
    # It may bear the date of long ago; its copies wait, and its bytes were read, since now.
    now = datetime.now(UTC)
    row = row_of(sidecar, queued_at=now)
    row.scrubbed_at = now
    return row


def knows(database: Database, sidecar: Sidecar) -> bool:
    """True when the catalog has the video, in this state or a later one."""
    with database.read() as session:
        row = session.get(Video, sidecar.video.id)
        return row is not None and row.revision >= sidecar.revision


def adopt(
    database: Database,
    sidecar: Sidecar,
    *,
    found: bool = False,
    is_news: bool = False,
    edits: Mapping[str, object] | None = None,
) -> bool:
    """Record what the disk holds and the catalog does not, or an older state of; True when something changed.

    For the audit, `found`: nobody brought it here just now; `edits`: what somebody changed just now. `is_news`: its
    save broke off, so nobody was told of it; one whose catalog was lost was announced long ago.
    """
    with database.write() as session:
        row = session.get(Video, sidecar.video.id)
        if row is not None and row.revision >= sidecar.revision:
            return False
        if row is None:
            row = row_of(sidecar)
            add(session.connection(), row)
            segments.add(session.connection(), row)
            _adopt_key(session, sidecar)
            if is_news:
                _announce(session, row)
            if found:
                _write_down_save(session, sidecar, adopted=True)
        else:
            was = news.before(row)
            apply(row, sidecar)
            session.flush()
            segments.follow(session, row)
            if edits is not None:
                news.tell(session, was, row)
                video = sidecar.video
                audit.append(session, "video.edited", video_id=video.id, project_id=video.project_id, **edits)
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


def knows_key(database: Database, caller_id: str, key: str) -> bool:
    """Whether this caller saved something with this key."""
    with database.read() as session:
        return _find_key(session, caller_id, key) is not None


def forget_old_keys(database: Database) -> None:
    """Drop keys nobody retries any more."""
    with database.write() as session:
        session.execute(delete(KeyedAnswer).where(KeyedAnswer.created_at < datetime.now(UTC) - KEYS_KEPT))


def _add_key(connection: Connection, sidecar: Sidecar, caller_id: str) -> None:
    video = sidecar.video
    if video.idempotency_key:
        key = {"caller": caller_id, "key": video.idempotency_key, "video_id": video.id, "created_at": video.saved_at}
        connection.execute(insert(KeyedAnswer), key)


def _announce(catalog: Session | Connection, row: Video) -> None:
    more = {"duplicate_of": row.duplicate_of} if row.duplicate_of else {}
    events.append(catalog, VIDEO_ADDED, row, door=row.door, **more)


def _write_down_save(catalog: Session | Connection, sidecar: Sidecar, *, adopted: bool = False) -> None:
    video = sidecar.video
    what: dict[str, object] = {
        "name": video.original_filename,
        "bytes": video.size_bytes,
        "sha256": video.sha256,
        "door": video.door,
    }
    if video.duplicate_of:
        what["duplicate_of"] = video.duplicate_of
    if adopted:
        what |= {"adopted": True, "by": video.uploaded_by}
    action = "video.imported" if video.door in _IMPORTS else "video.saved"
    audit.append(catalog, action, video_id=video.id, project_id=video.project_id, **what)


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
