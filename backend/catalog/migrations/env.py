"""Alembic's entry: runs the migrations on the engine that `catalog.migrate` hands over."""

from __future__ import annotations

from alembic import context

from backend.catalog.models import Base

with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        # SQLite cannot alter columns in place: Alembic copies the table instead.
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
