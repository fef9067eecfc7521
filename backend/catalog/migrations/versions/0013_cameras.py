"""Cameras: their recordings on a line of time, and exports cut from them.

Videos that bear a camera's UUID and both instants already are segments from now on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0013"
down_revision = "0012"

_UUID = sa.Uuid(as_uuid=False).with_variant(sa.String(36), "sqlite")
_UUIDS = sa.ARRAY(sa.Uuid(as_uuid=False)).with_variant(sa.JSON(), "sqlite")
_LISTED = "(NEW.trashed_at IS NULL AND NEW.local_state NOT IN ('purging', 'purged'))"
_FOLLOW = f"UPDATE segments SET is_listed = {_LISTED} WHERE video_id = NEW.id"
# What is not hashed yet: by index, and which rows.
_UNHASHED = {"ix_videos_unhashed": "sha256 = ''", "ix_videos_without_sha1": "sha1 = ''"}
_AT_ONCE = 1000
# As the intake refuses longer ones: one would make every list of its camera slow.
_LONGEST_SECONDS = 7 * 86400


def upgrade() -> None:
    op.add_column("videos", sa.Column("segment_backend", sa.String(16), nullable=False, server_default=""))
    for name, rows in _UNHASHED.items():
        only = sa.text(rows)
        op.create_index(name, "videos", ["created_at", "id"], sqlite_where=only, postgresql_where=only)
    _cameras()
    _exports()
    _fill()
    for statement in _triggers(op.get_bind().dialect.name == "sqlite"):
        op.execute(statement)


def _cameras() -> None:
    op.create_table(
        "cameras",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("name", VerbatimText(), nullable=False),
        sa.Column("longest_seconds", sa.Double(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "segments",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("camera_id", _UUID, nullable=False),
        sa.Column("start_time", Instant(), nullable=False),
        sa.Column("end_time", Instant(), nullable=False),
        sa.Column("duration_seconds", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("storage_backend", sa.String(50), nullable=False),
        sa.Column("storage_path", VerbatimText(), nullable=False),
        sa.Column("checksum", sa.String(64), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("project_id", VerbatimText(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("thumbnail_key", VerbatimText(), nullable=False),
        sa.Column("thumbnail_next_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("video_id"),
    )
    told = ["camera_id", "start_time", "end_time", "is_listed", "project_id", "size_bytes"]
    op.create_index("idx_camera_time", "segments", told)
    op.create_index("idx_created_at", "segments", ["created_at"])
    op.create_index("ix_segments_thumbnail", "segments", ["thumbnail_next_at"])


def _exports() -> None:
    op.create_table(
        "exports",
        sa.Column("id", _UUID, nullable=False),
        sa.Column("camera_ids", _UUIDS, nullable=False),
        sa.Column("start_time", Instant(), nullable=False),
        sa.Column("end_time", Instant(), nullable=False),
        sa.Column("format", sa.String(10), nullable=False),
        sa.Column("reason", VerbatimText(), nullable=True),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("file_path", VerbatimText(), nullable=True),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("download_url", VerbatimText(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("created_by", sa.String(255), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("completed_at", Instant(), nullable=True),
        sa.Column("created_by_id", sa.String(64), nullable=False),
        sa.Column("projects", sa.JSON(), nullable=True),
        sa.Column("cut", sa.String(8), nullable=False),
        sa.Column("layout", sa.String(8), nullable=False),
        sa.Column("slate", sa.Boolean(), nullable=False),
        sa.Column("incomplete", sa.String(8), nullable=False),
        sa.Column("keep_hours", sa.Double(), nullable=False),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("checksum", sa.String(64), nullable=False),
        sa.Column("manifest", VerbatimText(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("node", VerbatimText(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("phase", VerbatimText(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("lease_token", sa.String(36), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("leased_by", VerbatimText(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("error", VerbatimText(), nullable=False),
        sa.Column("error_code", sa.String(64), nullable=False),
        sa.Column("delivery_target", sa.String(64), nullable=False),
        sa.Column("delivery_state", sa.String(16), nullable=False),
        sa.Column("delivery_attempts", sa.Integer(), nullable=False),
        sa.Column("delivery_next_at", Instant(), nullable=True),
        sa.Column("delivery_error", VerbatimText(), nullable=False),
        sa.Column("delivery_resume", sa.JSON(), nullable=False),
        sa.Column("remote_key", VerbatimText(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("idx_status", "exports", ["status", "next_attempt_at", "id"])
    # Seed 001 calls it idx_created_at, as that of the segments: PostgreSQL knows one index of a name.
    op.create_index("ix_exports_created", "exports", ["created_at", "id"])
    op.create_index("ix_exports_expires", "exports", ["expires_at"])
    op.create_index("ix_exports_delivery", "exports", ["delivery_state", "delivery_next_at"])


def _fill() -> None:
    columns = "id, camera_id, start_at, end_at, size_bytes, relative_path, sha256, created_at, project_id"
    query = sa.text(
        f"SELECT {columns}, {_LISTED.replace('NEW.', '')} AS is_listed FROM videos"
        " WHERE camera_id <> '' AND start_at IS NOT NULL AND end_at IS NOT NULL"
    ).columns(start_at=Instant(), end_at=Instant(), created_at=Instant(), is_listed=sa.Boolean())
    segments = list(_segments(op.get_bind().execute(query).mappings()))
    longest: dict[str, float] = {}
    for one in segments:
        seconds = (one["end_time"] - one["start_time"]).total_seconds()
        longest[one["camera_id"]] = max(seconds, longest.get(one["camera_id"], 0.0))
    now = datetime.now(UTC)
    cameras = [
        {"id": camera_id, "name": "", "longest_seconds": seconds, "created_at": now}
        for camera_id, seconds in longest.items()
    ]
    for name, rows in (("cameras", cameras), ("segments", segments)):
        made = sa.Table(name, sa.MetaData(), autoload_with=op.get_bind())
        table = sa.table(name, *(sa.column(c.name, _TYPES.get(c.name)) for c in made.columns))
        for start in range(0, len(rows), _AT_ONCE):
            op.bulk_insert(table, rows[start : start + _AT_ONCE])
    op.execute("UPDATE videos SET segment_backend = 'FILESYSTEM' WHERE id IN (SELECT video_id FROM segments)")


_TYPES: dict[str, Any] = {
    "id": _UUID,
    "camera_id": _UUID,
    "start_time": Instant(),
    "end_time": Instant(),
    "created_at": Instant(),
    "thumbnail_next_at": Instant(),
    "is_listed": sa.Boolean(),
}


def _segments(found: Any) -> Iterator[dict[str, Any]]:
    for row in found:
        try:
            camera_id = str(uuid.UUID(row["camera_id"]))
        except ValueError:
            continue
        seconds = (row["end_at"] - row["start_at"]).total_seconds()
        if not 0 < seconds <= _LONGEST_SECONDS:
            continue
        yield {
            "id": row["id"],
            "camera_id": camera_id,
            "start_time": row["start_at"],
            "end_time": row["end_at"],
            "duration_seconds": round(seconds),
            "size_bytes": row["size_bytes"],
            "storage_backend": "FILESYSTEM",
            "storage_path": row["relative_path"],
            "checksum": row["sha256"] or None,
            "created_at": row["created_at"],
            "video_id": row["id"],
            "project_id": row["project_id"],
            "is_listed": row["is_listed"],
            "thumbnail_key": "",
            "thumbnail_next_at": row["created_at"],
        }


def _triggers(on_sqlite: bool) -> Iterator[str]:
    """A segment is listed as long as its video is."""
    event = "AFTER UPDATE OF trashed_at, local_state ON videos"
    if on_sqlite:
        when = "WHEN OLD.trashed_at IS NOT NEW.trashed_at OR OLD.local_state IS NOT NEW.local_state"
        yield f"CREATE TRIGGER segments_follow {event} FOR EACH ROW {when} BEGIN {_FOLLOW}; END"
        return
    when = "WHEN (OLD.trashed_at IS DISTINCT FROM NEW.trashed_at OR OLD.local_state IS DISTINCT FROM NEW.local_state)"
    yield (
        f"CREATE FUNCTION segments_follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_FOLLOW}; RETURN NULL; END $$"
    )
    yield f"CREATE TRIGGER segments_follow {event} FOR EACH ROW {when} EXECUTE FUNCTION segments_follow()"


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute("DROP TRIGGER segments_follow" + ("" if on_sqlite else " ON videos"))
    if not on_sqlite:
        op.execute("DROP FUNCTION segments_follow()")
    for table in ("exports", "segments", "cameras"):
        op.drop_table(table)
    for name in _UNHASHED:
        op.drop_index(name, "videos")
    op.drop_column("videos", "segment_backend")
