"""Holds, share links, the audit, and when the bytes here were last read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0005"
down_revision = "0004"

# Whatever program holds the database open, lines are only added.
_REFUSED = "the audit is append-only"


def upgrade() -> None:
    op.add_column("videos", sa.Column("scrubbed_at", Instant(), nullable=True))
    op.create_table(
        "holds",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("reason", VerbatimText(), nullable=False),
        sa.Column("owner", VerbatimText(), nullable=False),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("until_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_holds_video", "holds", ["video_id"])
    op.create_table(
        "share_links",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("label", VerbatimText(), nullable=False),
        sa.Column("may_download", sa.Boolean(), nullable=False),
        sa.Column("created_by", VerbatimText(), nullable=False),
        sa.Column("created_by_id", sa.String(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.Column("opened", sa.Integer(), nullable=False),
        sa.Column("last_opened_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["video_id"], ["videos.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_share_links_video", "share_links", ["video_id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("who", VerbatimText(), nullable=False),
        sa.Column("who_id", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(48), nullable=False),
        sa.Column("video_id", sa.String(36), nullable=False),
        sa.Column("project_id", VerbatimText(), nullable=False),
        sa.Column("what", sa.JSON(), nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_audit_video", "audit", ["video_id", "id"])
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)


def _guards(dialect: str) -> list[str]:
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
        return [f"CREATE TRIGGER audit_keeps_{what} BEFORE {what} ON audit {refuse}" for what in ("UPDATE", "DELETE")]
    refuse = f"LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    when = "BEFORE UPDATE OR DELETE OR TRUNCATE ON audit FOR EACH STATEMENT"
    return [
        f"CREATE FUNCTION audit_refuse() RETURNS trigger {refuse}",
        f"CREATE TRIGGER audit_keeps {when} EXECUTE FUNCTION audit_refuse()",
    ]


def downgrade() -> None:
    for table in ("audit", "share_links", "holds"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_refuse()")
    op.drop_column("videos", "scrubbed_at")
