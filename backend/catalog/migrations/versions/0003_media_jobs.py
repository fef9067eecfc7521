"""What is made from videos: jobs, and how far each video is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0003"
down_revision = "0002"

_NOT_READY = sa.text("media_state != 'ready'")


def upgrade() -> None:
    op.create_table(
        "media_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("video_id", sa.String(length=36), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("parameters", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.String(length=8), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("lease_token", sa.String(length=36), nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("leased_by", VerbatimText(), nullable=False),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("error", VerbatimText(), nullable=False),
        sa.Column("error_code", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["video_id"], ["videos.id"], name=op.f("fk_media_jobs_video_id_videos"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_jobs")),
        sa.UniqueConstraint("video_id", "kind", "parameters", name=op.f("uq_media_jobs_video_id_kind_parameters")),
    )
    op.create_index("ix_media_jobs_due", "media_jobs", ["lane", "state", "urgency", "next_attempt_at", "id"])
    op.create_index("ix_media_jobs_state", "media_jobs", ["state", "updated_at"])
    op.add_column("videos", sa.Column("media_state", sa.String(length=16), nullable=False, server_default="new"))
    op.add_column("videos", sa.Column("media_reason", VerbatimText(), nullable=False, server_default=""))
    op.add_column("videos", sa.Column("duration_seconds", sa.Double(), nullable=True))
    op.create_index(
        "ix_videos_media_state",
        "videos",
        ["media_state", "created_at"],
        sqlite_where=_NOT_READY,
        postgresql_where=_NOT_READY,
    )


def downgrade() -> None:
    op.drop_index("ix_videos_media_state", "videos")
    for name in ("duration_seconds", "media_reason", "media_state"):
        op.drop_column("videos", name)
    op.drop_table("media_jobs")
