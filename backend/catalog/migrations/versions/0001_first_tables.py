"""The first tables: videos, tags, deliveries, targets, tokens, keyed answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0001"
down_revision = None


def upgrade() -> None:
    _targets()
    _tokens()
    _videos()
    _deliveries()
    _keyed_answers()
    _video_tags()


def downgrade() -> None:
    op.drop_table("video_tags")
    op.drop_table("keyed_answers")
    op.drop_table("deliveries")
    op.drop_table("videos")
    op.drop_table("tokens")
    op.drop_table("targets")


def _targets() -> None:
    op.create_table(
        "targets",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("circuit", sa.String(length=16), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("reason", VerbatimText(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("probes", sa.Integer(), nullable=False),
        sa.Column("next_probe_at", Instant(), nullable=True),
        sa.Column("last_success_at", Instant(), nullable=True),
        sa.Column("last_error_at", Instant(), nullable=True),
        sa.Column("last_error", VerbatimText(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_targets")),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", VerbatimText(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("projects", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )


def _videos() -> None:
    op.create_table(
        "videos",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("project_id", VerbatimText(), nullable=False),
        sa.Column("original_filename", VerbatimText(), nullable=False),
        sa.Column("stored_filename", sa.String(length=255), nullable=False),
        sa.Column("relative_path", sa.String(length=512), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime_type", sa.String(length=127), nullable=False),
        sa.Column("title", VerbatimText(), nullable=False),
        sa.Column("description", VerbatimText(), nullable=False),
        sa.Column("content_type", VerbatimText(), nullable=False),
        sa.Column("source", VerbatimText(), nullable=False),
        sa.Column("camera_id", VerbatimText(), nullable=False),
        sa.Column("start_at", Instant(), nullable=True),
        sa.Column("end_at", Instant(), nullable=True),
        sa.Column("custom", sa.JSON(), nullable=False),
        sa.Column("duplicate_of", sa.String(length=36), nullable=True),
        sa.Column("bytes_id", sa.String(length=36), nullable=False),
        sa.Column("uploaded_by", VerbatimText(), nullable=False),
        sa.Column("uploaded_by_id", sa.String(length=64), nullable=False),
        sa.Column("node", VerbatimText(), nullable=False),
        sa.Column("door", sa.String(length=32), nullable=False),
        sa.Column("idempotency_key", VerbatimText(), nullable=False),
        sa.Column("local_state", sa.String(length=16), nullable=False),
        sa.Column("pruned_at", Instant(), nullable=True),
        sa.Column("trashed_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_videos")),
        sa.UniqueConstraint("relative_path", name=op.f("uq_videos_relative_path")),
        sa.UniqueConstraint("stored_filename", name=op.f("uq_videos_stored_filename")),
    )
    op.create_index("ix_videos_created", "videos", ["created_at", "id"], unique=False)
    op.create_index("ix_videos_project_created", "videos", ["project_id", "created_at", "id"], unique=False)
    op.create_index("ix_videos_sha256", "videos", ["sha256"], unique=False)
    op.create_index("ix_videos_trashed", "videos", ["trashed_at"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("leased_by", VerbatimText(), nullable=False),
        sa.Column("bytes_sent", sa.BigInteger(), nullable=False),
        sa.Column("bytes_per_second", sa.Double(), nullable=True),
        sa.Column("resume", sa.JSON(), nullable=False),
        sa.Column("remote_key", VerbatimText(), nullable=False),
        sa.Column("proof", sa.JSON(), nullable=False),
        sa.Column("error", VerbatimText(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("verified_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_deliveries_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("video_id", "target", name=op.f("uq_deliveries_video_id_target")),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["target", "state", "next_attempt_at", "id"], unique=False)
    op.create_index("ix_deliveries_state", "deliveries", ["state", "updated_at"], unique=False)


def _keyed_answers() -> None:
    op.create_table(
        "keyed_answers",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_keyed_answers_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_keyed_answers")),
    )


def _video_tags() -> None:
    op.create_table(
        "video_tags",
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("tag", VerbatimText(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_video_tags_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("video_id", "tag", name=op.f("pk_video_tags")),
    )
    op.create_index("ix_video_tags_tag", "video_tags", ["tag"], unique=False)
