"""The audit: one line for each change, added in the transaction that makes the change, each chained to the one before.

`digest` is the SHA-256 over the line's own fields and the digest of the line before it, so a line that was changed or
taken out shows: `video_manager audit verify`.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, text
from sqlalchemy.orm import Session

from backend.actor import actor
from backend.catalog.models import AuditLine, Base, Video

_TABLE = Base.metadata.tables[AuditLine.__tablename__]
_INSERT = insert(_TABLE)
_LAST = select(_TABLE.c.digest).order_by(_TABLE.c.id.desc()).limit(1)
# Any number that nothing else uses: lines are added one after the other, by whichever node.
_LOCK = text("SELECT pg_advisory_xact_lock(4011973)")
FIRST = "0" * 64
_MOST = 64


def append(
    session: Session | Connection, action: str, *, video_id: str = "", project_id: str = "", **what: Any
) -> None:
    """Write down a change. `action`: noun and participle, such as "video.trashed"; `what`: JSON values, no secrets.

    Call it last in a transaction: on PostgreSQL other writers wait for their turn from here to its end.
    """
    if isinstance(session, Session):
        # What the session still holds back would lock its rows after the audit: two could wait for each other.
        session.flush()
        connection = session.connection()
    else:
        connection = session
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK)
    who = actor()
    line: dict[str, Any] = {
        "at": datetime.now(UTC),
        "who": who.name,
        "who_id": who.id[:_MOST],
        "address": who.address[:_MOST],
        "action": action,
        "video_id": video_id,
        "project_id": project_id,
        "what": what,
        "before": connection.scalar(_LAST) or FIRST,
    }
    connection.execute(_INSERT, {**line, "digest": digest_of(line)})


def append_about(session: Session | Connection, video: Video, action: str, **what: Any) -> None:
    """As `append`, of one video."""
    append(session, action, video_id=video.id, project_id=video.project_id, **what)


def digest_of(line: dict[str, Any]) -> str:
    """SHA-256 (hex) over a line's fields but its id and its own digest."""
    fields = {name: value for name, value in line.items() if name not in ("id", "digest")}
    fields["at"] = fields["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
