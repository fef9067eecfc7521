"""Where people open a copy, when it was last looked at again, and what targets keep for themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from backend.catalog.types import Instant, VerbatimText

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "target_notes",
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", VerbatimText(), nullable=False),
        sa.PrimaryKeyConstraint("target", "name", name=op.f("pk_target_notes")),
    )
    op.add_column("deliveries", sa.Column("checked_at", Instant(), nullable=True))
    op.add_column("deliveries", sa.Column("link", VerbatimText(), nullable=False, server_default=""))
    op.execute("UPDATE deliveries SET checked_at = verified_at")
    op.create_index("ix_deliveries_checked", "deliveries", ["target", "state", "checked_at"])


def downgrade() -> None:
    op.drop_index("ix_deliveries_checked", "deliveries")
    op.drop_column("deliveries", "link")
    op.drop_column("deliveries", "checked_at")
    op.drop_table("target_notes")
