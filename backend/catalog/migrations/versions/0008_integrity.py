"""What is damaged here, when anybody looked, and what is being fetched back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0008"
down_revision = "0006"

_HERE = sa.text("local_state != 'purged'")


def upgrade() -> None:
    op.create_table(
        "damages",
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("part", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reason", VerbatimText(), nullable=False),
        sa.Column("no_copy", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("found_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id", "part"),
    )
    op.create_table(
        "scrub_runs",
        sa.Column("name", sa.String(320), nullable=False),
        sa.Column("last_run_at", Instant(), nullable=False),
        sa.Column("checked", sa.Integer(), nullable=False),
        sa.Column("damaged", sa.Integer(), nullable=False),
        sa.Column("halted", VerbatimText(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "restores",
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("node", VerbatimText(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("error", VerbatimText(), nullable=False),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("video_id"),
    )
    columns = ["scrubbed_at", "created_at", "id", "local_state"]
    op.create_index("ix_videos_scrubbed", "videos", columns, sqlite_where=_HERE, postgresql_where=_HERE)


def downgrade() -> None:
    op.drop_index("ix_videos_scrubbed", "videos")
    for table in ("restores", "scrub_runs", "damages"):
        op.drop_table(table)
