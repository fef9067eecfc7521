"""A copy of the whole catalog as one SQLite file, consistent while everything runs, checked before it counts.

SQLite is copied by its own online backup, in one step: writers go on beside it. From PostgreSQL all tables are read
in one snapshot, into a file of the same tables: whatever the catalog runs on, a backup is read in the same way.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, create_engine, insert, select, text

from backend.catalog.database import Database, told_in_words
from backend.catalog.migrate import migrate
from backend.catalog.models import Base
from backend.disk.atomic import forget, fsync_file, fsync_folder, make_folder, told_as
from backend.errors import BadField, CatalogDamaged, DiskFault, DiskFull

_NAME = re.compile(r"catalog-\d{8}T\d{6}Z(-\d+)?\.db")
_KEPT = "kept_beside"  # of no other name in the catalog
_ROWS_AT_ONCE = 2000
_BUSY_SECONDS = 30
_HOUR_OF_NIGHT = 2  # UTC


def back_up(
    database: Database, folder: Path, begun: datetime | None = None, kept: Iterable[tuple[str, bytes]] = ()
) -> Path:
    """Make a copy in `folder`; durable and proved readable when its path is returned. Raises `StorageError`.

    It is named by the time at which it was `begun`, which is now where none is given. `kept`: what goes along with it,
    by names, and comes back by `kept_in`.
    """
    begun = begun or datetime.now(UTC)
    make_folder(folder)
    # It holds digests of tokens: nobody else's.
    temporary = folder / f".{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        with _told():
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            _copy(database, temporary)
            _keep(temporary, kept)
            check(temporary)
        with told_as("making a backup durable"):
            fd = os.open(temporary, os.O_RDONLY)
        try:
            fsync_file(fd)
        finally:
            os.close(fd)
        final = _publish(temporary, folder, begun)
        fsync_folder(folder)
        return final
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            forget(Path(f"{temporary}{suffix}"))


def check(path: Path) -> None:
    """Raise `CatalogDamaged` unless the file is a whole catalog, or `BadField` when it is none at all."""
    if not path.is_file():
        raise BadField(f"There is no file {path}.", detail={"field": "file"})
    try:
        with closing(_opened(path)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise CatalogDamaged(f"{path.name} is no backup of a catalog: {error}.") from error
    if found != "ok":
        raise CatalogDamaged(f"The backup {path.name} is damaged: {found}.")


def backups(folder: Path) -> list[Path]:
    """The backups in a folder, the oldest first."""
    with told_as("listing a folder"):
        found = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=lambda path: path.name.replace("Z.db", "Z-00000.db"))


def keep_newest(folder: Path, count: int) -> list[Path]:
    """Remove all backups but the newest; returns those that went."""
    gone = backups(folder)[:-count] if count > 0 else []
    for path in gone:
        forget(path)
    return gone


def kept_in(path: Path) -> list[tuple[str, bytes]]:
    """What went along with the catalog; nothing in backups of versions that took nothing. Raises `CatalogDamaged` for a
    file that is no backup."""
    check(path)
    with closing(_opened(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [_KEPT]).fetchone():
            return []
        return connection.execute(f"SELECT name, content FROM {_KEPT} ORDER BY name").fetchall()


def back_up_nightly(
    database: Database,
    folder: Path,
    keep: int,
    now: datetime,
    kept: Callable[[], Iterable[tuple[str, bytes]]] = tuple,
) -> Path | None:
    """Make the backup of this night, if it is night and there is none; at once where the last is older than a day."""
    newest = max(map(made_at, backups(folder)), default=None)
    if keep == 0 or (newest is not None and now < _night_after(newest)):
        return None
    made = back_up(database, folder, now, kept())
    keep_newest(folder, keep)
    return made


def _night_after(at: datetime) -> datetime:
    same_day = at.replace(hour=_HOUR_OF_NIGHT, minute=0, second=0, microsecond=0)
    return same_day if at < same_day else same_day + timedelta(days=1)


def made_at(path: Path) -> datetime:
    """When a backup was begun, by its name."""
    return datetime.strptime(path.name[8:24], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _publish(temporary: Path, folder: Path, begun: datetime) -> Path:
    """Never in the place of another: several may be made in one second."""
    stamp = begun.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in range(1, 10_000):
        final = folder / f"catalog-{stamp}{f'-{number:05}' if number > 1 else ''}.db"
        try:
            with told_as("naming a backup"):
                os.link(temporary, final)
        except FileExistsError:
            continue
        return final
    raise DiskFault("No free name was found for the backup.")


def _keep(place: Path, kept: Iterable[tuple[str, bytes]]) -> None:
    with closing(_opened(place)) as connection:
        # A catalog that was a backup itself has them already, from then.
        connection.execute(f"DROP TABLE IF EXISTS {_KEPT}")
        connection.execute(f"CREATE TABLE {_KEPT} (name TEXT PRIMARY KEY, content BLOB NOT NULL)")
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO {_KEPT} VALUES (?, ?)", kept)
        connection.execute("COMMIT")


def _copy(database: Database, place: Path) -> None:
    if database.path is not None:
        with closing(sqlite3.connect(database.path, timeout=_BUSY_SECONDS)) as source, closing(_opened(place)) as copy:
            # All pages in one step: begun again whenever somebody writes, it might never end.
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode=DELETE")
        return
    place.unlink()
    migrate(f"sqlite:///{place}")
    place.chmod(0o600)
    engine = create_engine(f"sqlite:///{place}")
    try:
        _copy_tables(database.engine, engine)
    finally:
        engine.dispose()


def _copy_tables(source: Engine, target: Engine) -> None:
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True, "stream_results": True}
    with told_in_words(), source.connect().execution_options(**options) as reader, target.begin() as writer:
        triggers = [(n, s) for n, s in writer.execute(text(_TRIGGERS))]
        # They would count and guard what is copied as if it happened now.
        for name, _ in triggers:
            writer.exec_driver_sql(f'DROP TRIGGER "{name}"')
        for table in Base.metadata.sorted_tables:
            # The migrations themselves may have filled one.
            writer.execute(table.delete())
            for rows in reader.execute(select(table)).mappings().partitions(_ROWS_AT_ONCE):
                writer.execute(insert(table), [dict(row) for row in rows])
        for (index,) in writer.execute(text(_INDEXES)).all():
            writer.exec_driver_sql(f'INSERT INTO "{index}" ("{index}") VALUES (\'rebuild\')')
        for _, statement in triggers:
            writer.exec_driver_sql(statement)
    with target.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("PRAGMA journal_mode=DELETE")


_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
_INDEXES = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'"


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)


@contextmanager
def _told() -> Iterator[None]:
    try:
        with told_as("writing a backup"):
            yield
    except sqlite3.Error as error:
        if "full" in str(error):
            raise DiskFull(
                "There is no room for a backup of the catalog. Free space, or name another folder."
            ) from error
        raise DiskFault(f"The backup could not be written: {error}.") from error
