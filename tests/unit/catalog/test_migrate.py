"""Migrations: from nothing, again, and not from the future; the tables are those of the models."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.catalog.models import Base
from backend.errors import CatalogUnavailable


def test_migrations_make_exactly_the_tables_of_the_models(database_url: str) -> None:
    migrate(database_url)
    migrate(database_url)
    database = Database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_database_of_a_newer_version_is_told_and_left_alone(database_url: str) -> None:
    migrate(database_url)
    database = Database(database_url)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogUnavailable, match="newer version"):
        migrate(database_url)
    with database.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()
