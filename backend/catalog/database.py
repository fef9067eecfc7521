"""The way into the catalog: one engine, reading and writing sessions, and errors in our own words.

A transaction's events are told to this process once it is committed; one that is rolled back tells nothing.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.orm import Session, sessionmaker

from backend import events
from backend.errors import CatalogDamaged, CatalogUnavailable, DiskFault, DiskFull, OutOfHandles, StorageError

_BUSY_SECONDS = 30
# Far fewer than threads: most of those wait for bytes. Several processes must fit into PostgreSQL's usual 100.
_POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 16, "pool_timeout": _BUSY_SECONDS}
# Of a connection: what its transaction will have told once it is committed, and how much of that at each savepoint.
_TOLD, _MARKS = "holdfast_told", "holdfast_marks"


class Database:
    """The catalog's engine. Make one per process, after fork. `on_receiver_error`: see `events.send`."""

    def __init__(self, url: str, on_receiver_error: Callable[[Exception, str], None] = events.broke) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self._on_receiver_error = on_receiver_error
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        event.listen(self._sessions, "after_begin", _begin_to_tell)
        event.listen(self.engine, "savepoint", _mark)
        event.listen(self.engine, "release_savepoint", _unmark)
        event.listen(self.engine, "rollback_savepoint", _take_back)
        self.writer = self.engine.execution_options(holdfast_writes=True)
        self.path = sqlite_path(url)
        self._opened: tuple[int, int] | None = None
        event.listen(self.engine, "connect", self._remember_file)
        self._turn = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only looks. Keep it short: never while bytes move."""
        with told_in_words(), self._sessions() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are durable when the block ends without an exception."""
        told: list[events.Happened] = []
        sessions = self._sessions(bind=self.writer, info={_TOLD: told})
        with told_in_words(), self._in_turn(), sessions as session, session.begin():
            yield session
        events.send(told, self._on_receiver_error)

    @contextmanager
    def look(self) -> Iterator[Connection]:
        """A bare connection, for the one query that each request or upload makes: half the cost of a session."""
        with told_in_words(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def insert(self) -> Iterator[Connection]:
        """As `write`, but a bare connection: for the transaction of each upload."""
        told: list[events.Happened] = []
        with told_in_words(), self._in_turn(), self.writer.begin() as connection:
            connection.info[_TOLD] = told
            yield connection
        events.send(told, self._on_receiver_error)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite has one writer at a time and lets the others sleep by guess; those of one process queue here."""
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=_BUSY_SECONDS):
            raise CatalogUnavailable("The database is busy. Nothing was changed. Try again in a minute.")
        try:
            yield
        finally:
            self._turn.release()

    def ping(self) -> None:
        """Raise `CatalogUnavailable` when the database does not answer."""
        with self.read() as session:
            session.execute(text("SELECT 1"))
        if self._opened != self._file():
            # What is open still answers, but what is written there is lost with this process.
            raise CatalogUnavailable(
                "The database file was removed or replaced while this process ran. Stop the server, then start it.",
                detail={"kind": "replaced"},
            )

    def close(self) -> None:
        self.engine.dispose()

    def _remember_file(self, *_: Any) -> None:
        # Only once: a later connection would open whatever lies there by then.
        if self._opened is None:
            self._opened = self._file()

    def _file(self) -> tuple[int, int] | None:
        """Which file lies at SQLite's path now; None without one."""
        try:
            found = self.path.stat() if self.path is not None else None
        except FileNotFoundError:
            return None
        return (found.st_dev, found.st_ino) if found else None


def remember(connection: Connection, happened: events.Happened) -> None:
    """Tell this process of it when the connection's transaction is committed, if it is one of `Database`."""
    told = connection.info.get(_TOLD)
    if told is not None:
        told.append(happened)


def _begin_to_tell(session: Session, _: Any, connection: Connection) -> None:
    connection.info[_TOLD] = session.info.get(_TOLD)


def _mark(connection: Connection, _: Any) -> None:
    connection.info.setdefault(_MARKS, []).append(len(connection.info.get(_TOLD) or ()))


def _unmark(connection: Connection, *_: Any) -> None:
    connection.info[_MARKS].pop()


def _take_back(connection: Connection, *_: Any) -> None:
    """Savepoints lie within one another: it is the last one."""
    mark = connection.info[_MARKS].pop()
    if told := connection.info.get(_TOLD):
        del told[mark:]


def sqlite_path(url: str) -> Path | None:
    """The file behind a SQLite address, None for other databases."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


def _sqlite_engine(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, **_POOL)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _: Any) -> None:
        # sqlite3's own transaction handling starts writers late and loses concurrent updates; we BEGIN ourselves.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        # SQLite's own knows the letters of ASCII only, and a search would find no ÜBUNG for übung.
        connection.create_function("lower", 1, _lower, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("holdfast_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _lower(value: object) -> str | None:
    return None if value is None else str(value).lower()


def _postgres_engine(url: str) -> Engine:
    # One address may name a pool of servers; a connection that died while idle is replaced before use.
    engine = create_engine(url, pool_pre_ping=True, **_POOL)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        # Compiling a query takes PostgreSQL a tenth of a second, and ours take a hundredth.
        connection.execute("SET jit = off")
        connection.commit()

    return engine


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn the driver's trouble into StorageError; integrity errors pass, they are answers."""
    try:
        yield
    except OperationalError as error:
        raise _translated(error) from error
    except NoConnectionFree as error:
        raise CatalogUnavailable("The database is too busy. Nothing was changed. Try again in a minute.") from error
    except DBAPIError as error:
        # A file that is damaged, or no database at all, is no OperationalError to sqlite3.
        if error.connection_invalidated or _is_damage(error):
            raise _translated(error) from error
        raise


def _translated(error: DBAPIError) -> StorageError:
    said = str(error.orig).lower()
    kind = type(error.orig).__name__
    name = getattr(error.orig, "sqlite_errorname", "")
    # The last one: SQLite's shared memory is a file too, and found no room to grow.
    if "disk is full" in said or "no space left" in said or kind == "DiskFull" or name == "SQLITE_IOERR_SHMSIZE":
        return DiskFull("The database has no space left. Nothing was changed. Ask an operator to free space.")
    if "unable to open" in said:
        return OutOfHandles("The database could not be opened, often because too many files are open. Try again soon.")
    if _is_damage(error):
        return CatalogDamaged(f"The catalog file is damaged ({said}). The videos are not: an operator can rebuild it.")
    if "disk i/o" in said:
        return DiskFault(f"The database failed: {said}. An operator must look at the disk.")
    return CatalogUnavailable(
        "The database does not answer. Nothing was changed. Try again in a minute.", detail={"kind": kind}
    )


def _is_damage(error: DBAPIError) -> bool:
    said = str(error.orig).lower()
    return isinstance(error.orig, sqlite3.Error) and ("malformed" in said or "not a database" in said)
