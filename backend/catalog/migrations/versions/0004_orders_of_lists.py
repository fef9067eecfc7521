"""Indexes for the orders of lists. That of the trash holds only what is in it, so that no other list is led by it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_IN_TRASH = sa.text("trashed_at IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_videos_trashed", "videos")
    op.create_index("ix_videos_trashed", "videos", ["trashed_at"], sqlite_where=_IN_TRASH, postgresql_where=_IN_TRASH)
    op.drop_index("ix_video_tags_tag", "video_tags")
    op.create_index("ix_video_tags_tag", "video_tags", ["tag", "video_id"])
    op.create_index("ix_videos_size", "videos", ["size_bytes", "id"])
    op.create_index("ix_videos_duration", "videos", ["duration_seconds", "id"])


def downgrade() -> None:
    for name in ("ix_videos_duration", "ix_videos_size", "ix_videos_trashed"):
        op.drop_index(name, "videos")
    op.create_index("ix_videos_trashed", "videos", ["trashed_at"])
    op.drop_index("ix_video_tags_tag", "video_tags")
    op.create_index("ix_video_tags_tag", "video_tags", ["tag"])
