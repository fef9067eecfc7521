"""The way into the catalog: nothing is lost between writers, and trouble is told in our own words."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.catalog.models import TargetRow
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


def test_more_requests_than_connections_are_told_to_come_again(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    monkeypatch.setattr("backend.catalog.database._POOL", few)
    with closing(Database(f"sqlite:///{catalog}")) as database, database.read() as session:
        session.execute(select(TargetRow))
        with pytest.raises(CatalogUnavailable, match="too busy"):
            _read(database)


def _read(database: Database) -> None:
    with database.read() as session:
        session.execute(select(TargetRow))


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


def _counter(url: str) -> Database:
    migrate(url)
    database = Database(url)
    with database.write() as session:
        session.add(TargetRow(name="counter"))
    return database


def test_writers_in_many_threads_and_processes_lose_nothing(database_url: str) -> None:
    """SQLAlchemy's default on SQLite lost most concurrent updates without a word."""
    database = _counter(database_url)
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=add_many, args=(database_url, 100)) for _ in range(2)]
    for process in others:
        process.start()
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: add_many(database_url, 25), range(4)))
    for process in others:
        process.join(60)
        assert process.exitcode == 0
    with database.read() as session:
        assert session.scalars(select(TargetRow.failures)).one() == 300
    database.close()


def add_many(url: str, times: int) -> None:
    """Read, add one, write: what loses updates where a reader's lock is upgraded late."""
    database = Database(url)
    for _ in range(times):
        with database.write() as session:
            row = session.scalars(select(TargetRow).with_for_update()).one()
            row.failures = row.failures + 1
    database.close()


def test_a_block_that_fails_changes_nothing(database_url: str) -> None:
    database = _counter(database_url)

    def fail() -> None:
        with database.write() as session:
            session.scalars(select(TargetRow)).one().failures = 9
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as session:
        assert session.scalars(select(TargetRow.failures)).one() == 0
    database.close()


def test_a_reader_is_not_held_up_by_a_writer_and_sees_nothing_half_done(database_url: str) -> None:
    database = _counter(database_url)
    with database.write() as session:
        session.scalars(select(TargetRow)).one().failures = 9
        session.flush()
        with database.read() as reader:
            assert reader.scalars(select(TargetRow.failures)).one() == 0
    with database.read() as reader:
        assert reader.scalars(select(TargetRow.failures)).one() == 9
    database.close()


def test_what_sqlite_acknowledges_is_on_the_disk(tmp_path: Path) -> None:
    """NORMAL lost acknowledged rows in 34 of 193 replayed power losses, FULL in none."""
    database = _counter(f"sqlite:///{tmp_path / 'catalog.db'}")
    with database.look() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]
    database.close()


def test_a_database_that_is_not_there_is_told_in_words_without_its_password() -> None:
    database = Database("postgresql+psycopg://holdfast:secret-word@127.0.0.1:9/nowhere")
    with pytest.raises(CatalogUnavailable, match="does not answer") as told:
        database.ping()
    assert "secret-word" not in str(told.value) + str(told.value.detail)
    database.close()
