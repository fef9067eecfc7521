"""Indexes of the few among a million videos: those without local bytes, those with an end of their own, and copies
that something was wrong with.

Each holds few rows, so making it is one read of its table: some seconds for a million videos, once. On PostgreSQL
other nodes write meanwhile.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

# Name, table, columns, and which rows.
_INDEXES = (
    ("ix_videos_pruned", "videos", ["created_at", "id"], "local_state IN ('pruning', 'pruned')"),
    ("ix_videos_expires", "videos", ["expires_at", "id"], "expires_at IS NOT NULL"),
    ("ix_deliveries_error", "deliveries", ["error_code", "video_id"], "error_code <> ''"),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _make(concurrently=False)
        return
    with op.get_context().autocommit_block():
        for name, *_ in _INDEXES:
            # What was cut off here left an index that nothing uses.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        _make(concurrently=True)


def _make(*, concurrently: bool) -> None:
    for name, table, columns, condition in _INDEXES:
        op.create_index(
            name, table, columns, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition),
            postgresql_concurrently=concurrently,
        )  # fmt: skip


def downgrade() -> None:
    for name, table, *_ in _INDEXES:
        op.drop_index(name, table)
