"""What happened, who is told of it outside, what videos look like, and callers' vectors."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0010"
down_revision = "0009"

_COUNTED_UP = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = ("events", "webhooks", "webhook_deliveries", "fingerprints", "likenesses", "vectors")


def upgrade() -> None:
    op.add_column("videos", sa.Column("sha1", sa.String(40), nullable=False, server_default=""))
    _events()
    _webhooks()
    _deliveries()
    _likeness()


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("seq", _COUNTED_UP, nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("project_id", VerbatimText(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("id"),
        # An id is never given twice, though the oldest events are removed: somebody may have read up to the last.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_place", "events", ["xid", "seq"])
    op.create_index("ix_events_at", "events", ["at"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("label", VerbatimText(), nullable=False),
        sa.Column("url", VerbatimText(), nullable=False),
        sa.Column("secret", VerbatimText(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("project_id", VerbatimText(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", VerbatimText(), nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused_reason", VerbatimText(), nullable=False),
        sa.Column("next_probe_at", Instant(), nullable=True),
        sa.Column("last_success_at", Instant(), nullable=True),
        sa.Column("last_error_at", Instant(), nullable=True),
        sa.Column("last_error", VerbatimText(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", _COUNTED_UP, nullable=False),
        sa.Column("webhook_id", sa.String(36), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("lease_token", sa.String(36), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("answered_seconds", sa.Double(), nullable=True),
        sa.Column("error", VerbatimText(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("webhook_id", "event_id"),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["state", "next_attempt_at", "id"])
    op.create_index("ix_webhook_deliveries_log", "webhook_deliveries", ["webhook_id", "id"])


def _likeness() -> None:
    op.create_table(
        "fingerprints",
        sa.Column("seq", _COUNTED_UP, nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("interval_seconds", sa.Double(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("qualities", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("video_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "likenesses",
        sa.Column("later_id", sa.String(36), nullable=False),
        sa.Column("earlier_id", sa.String(36), nullable=False),
        sa.Column("share_of_later", sa.Double(), nullable=False),
        sa.Column("share_of_earlier", sa.Double(), nullable=False),
        sa.Column("ranges", sa.JSON(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["later_id"], ["videos.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["earlier_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("later_id", "earlier_id"),
    )
    op.create_index("ix_likenesses_earlier", "likenesses", ["earlier_id"])
    op.create_table(
        "vectors",
        sa.Column("seq", _COUNTED_UP, nullable=False),
        sa.Column("namespace", sa.String(64), nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("dimensions", sa.Integer(), nullable=False),
        sa.Column("values", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_vectors_video", "vectors", ["namespace", "video_id"], unique=True)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.drop_column("videos", "sha1")
