"""Migrations: from nothing, again, and not from the future; the tables are those of the models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import text

from backend.catalog import listing, recount, search, stats
from backend.catalog.database import Database
from backend.catalog.listing import Wanted
from backend.catalog.migrate import SCRIPTS, migrate
from backend.catalog.models import Base
from backend.catalog.videos import EVERYTHING
from backend.errors import CatalogUnavailable


def test_migrations_make_exactly_the_tables_of_the_models(empty_database_url: str) -> None:
    migrate(empty_database_url)
    migrate(empty_database_url)
    database = Database(empty_database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_a_model_s})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_videos_of_an_older_version_are_found_counted_and_sorted(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["engine"] = database.writer
    command.upgrade(config, "0005")
    with database.insert() as connection:
        for number in range(7):
            connection.execute(
                text(_OLD_VIDEO), {"n": number, "id": f"video-{number}", "at": _AT + timedelta(days=number)}
            )
            connection.execute(
                text("INSERT INTO video_tags VALUES (:id, 'sea \\\\ sand', 0)"), {"id": f"video-{number}"}
            )
        connection.execute(text(_OLD_COPY), {"at": _AT})
    migrate(empty_database_url)
    assert recount.differences(database) == {}
    with database.read() as session:
        assert search.unfindable(session) == []
        page = listing.page(session, Wanted(text="sand uber 3"), EVERYTHING, None, 9)
        assert [v.id for v in page.videos] == ["video-3"]
        assert page.videos[0].name_key == "über 3"
        assert stats.totals(session, EVERYTHING).videos == stats.Amount(7, 21)
    database.close()


_AT = datetime(2026, 11, 21, tzinfo=UTC)
_OLD_VIDEO = """
INSERT INTO videos (id, project_id, original_filename, stored_filename, relative_path, sha256, size_bytes, mime_type,
  title, description, content_type, source, camera_id, custom, bytes_id, uploaded_by, uploaded_by_id, node, door,
  idempotency_key, local_state, created_at, updated_at, revision)
VALUES (:id, 'p', 'a.mp4', :id, :id, '', :n, '', 'Über ' || CAST(:n AS text), '', 'Raw', '', 'gate', '{}', :id, '', '',
  '', '', '', 'present', :at, :at, 1)
"""
_OLD_COPY = """
INSERT INTO deliveries (video_id, target, state, attempts, next_attempt_at, leased_by, bytes_sent, resume, remote_key,
  proof, error, error_code, created_at, updated_at)
VALUES ('video-1', 'nas', 'delivered', 1, :at, '', 0, '{}', '', '{}', '', '', :at, :at)
"""


def _is_a_model_s(name: str | None, kind: str, _: object) -> bool:
    """All but the index of words, which is made of what each database has for it."""
    return not (name or "").startswith(search.INDEX_TABLE) and name != search.INDEX


def test_database_of_a_newer_version_is_told_and_left_alone(empty_database_url: str) -> None:
    migrate(empty_database_url)
    database = Database(empty_database_url)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CatalogUnavailable, match="newer version"):
        migrate(empty_database_url)
    with database.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"
    database.close()
