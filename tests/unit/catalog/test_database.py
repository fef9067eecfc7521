"""The way into the catalog: damage, and a file that was taken away, are told in our own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.errors import CatalogDamaged, CatalogUnavailable


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    migrate(f"sqlite:///{tmp_path / 'catalog.db'}")
    return tmp_path / "catalog.db"


@pytest.fixture
def database(catalog: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{catalog}")
    found.ping()
    yield found
    found.close()


def test_migrations_of_a_damaged_file_are_told_in_words(catalog: Path) -> None:
    catalog.write_bytes(b"no database " * 417)
    with pytest.raises(CatalogDamaged, match="is damaged"):
        migrate(f"sqlite:///{catalog}")


def test_a_ping_notices_that_the_file_is_gone(database: Database, catalog: Path) -> None:
    catalog.unlink()
    with pytest.raises(CatalogUnavailable, match="removed or replaced"):
        database.ping()


def test_a_ping_notices_that_another_file_lies_there(database: Database, catalog: Path) -> None:
    content = catalog.read_bytes()
    catalog.rename(catalog.with_name("old"))
    catalog.write_bytes(content)
    for _ in range(2):
        with pytest.raises(CatalogUnavailable, match="removed or replaced"):
            database.ping()


def test_a_ping_notices_it_with_new_connections_too(database: Database, catalog: Path) -> None:
    catalog.rename(catalog.with_name("old"))
    database.close()
    with pytest.raises(CatalogUnavailable):
        database.ping()


def test_a_ping_of_an_untouched_database_is_silent(database_url: str) -> None:
    migrate(database_url)
    database = Database(database_url)
    for _ in range(2):
        database.ping()
    database.close()
