"""Bringing a database to this version's tables, from nothing or from any earlier version."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError

from backend.catalog import events
from backend.catalog.database import Database, sqlite_path, told_in_words
from backend.disk.atomic import make_folder
from backend.errors import CatalogUnavailable

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Run all missing migrations, each in a transaction of its own. Raises `StorageError`."""
    path = sqlite_path(url)
    if path is not None:
        make_folder(path.parent)
    database = Database(url)
    try:
        config = Config()
        config.set_main_option("script_location", str(SCRIPTS))
        config.attributes["engine"] = database.writer
        with told_in_words():
            command.upgrade(config, "head")
            with database.writer.begin() as connection:
                events.begin(connection, datetime.now(UTC))
    except CommandError as error:
        raise CatalogUnavailable(
            "The database was made by a newer version of Holdfast, which this one does not understand. "
            "Nothing was changed. Install that version again."
        ) from error
    finally:
        database.close()
