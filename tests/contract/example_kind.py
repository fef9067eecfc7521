"""A kind of target as somebody outside would write one: copies as rows of a SQLite file, found by an entry point.

It shows how little a kind needs, and keeps every promise of the contract by one transaction.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure
from backend.targets.base import CheckReport, Expected, Proof, RemoteCopy, Source, Transfer, Verdict
from backend.targets.config import Kind, Option, Shape, TargetConfig
from backend.targets.local_file import LocalFile, damaged

_HOW = "read back from the database and hashed"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS piece (key TEXT, number INTEGER, data BLOB, PRIMARY KEY (key, number)) WITHOUT ROWID"
)


class ExampleTarget:
    def __init__(self, config: TargetConfig) -> None:
        self.name = config.name
        self.kind = config.kind
        self._file = Path(config.options["file"])

    def put(self, source: Source, key: str, transfer: Transfer) -> RemoteCopy:
        with LocalFile(source) as local, self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            if _sha256(database, key) == source.sha256:
                transfer.advance(source.size_bytes)
            else:
                _write(database, key, local, transfer)
            database.execute("COMMIT")
        return RemoteCopy(key)

    def verify(self, expected: Expected, copy: RemoteCopy) -> Proof:
        with self._database() as database:
            size_bytes, sha256 = _size(database, copy.key), _sha256(database, copy.key)
        if not size_bytes:
            return Proof(Verdict.MISSING, _HOW, reason="There are no rows for it.")
        right = (size_bytes, sha256) == (expected.size_bytes, expected.sha256)
        verdict = Verdict.MATCHES if right else Verdict.DIFFERS
        return Proof(verdict, _HOW, size_bytes, f"sha256:{sha256}", "" if right else "The bytes are others.")

    def check(self) -> CheckReport:
        try:
            with self._database() as database:
                database.execute("BEGIN IMMEDIATE")
                database.execute("INSERT INTO piece VALUES ('.check', 0, x'00')")
                database.execute("ROLLBACK")
        except TargetError as error:
            return CheckReport.failed(error)
        return CheckReport(ok=True, message=f"The database {self._file} can be written.")

    def delete(self, copy: RemoteCopy) -> None:
        with self._database() as database:
            database.execute("DELETE FROM piece WHERE key = ?", (copy.key,))

    def read(self, copy: RemoteCopy) -> Iterator[bytes]:
        with self._database() as database:
            if not _size(database, copy.key):
                raise PermanentFailure(f"The database does not hold “{copy.key}”.")
            yield from _pieces(database, copy.key)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        if not self._file.parent.is_dir():
            raise TargetParked(f"The folder of {self._file} is not there. Make it.")
        try:
            with closing(sqlite3.connect(self._file, timeout=30, isolation_level=None)) as database:
                database.execute(_SCHEMA)
                yield database
        except sqlite3.OperationalError as error:
            raise TransientFailure(f"The database {self._file} failed: {error}.") from error


def _write(database: sqlite3.Connection, key: str, local: LocalFile, transfer: Transfer) -> None:
    database.execute("DELETE FROM piece WHERE key = ?", (key,))
    whole, done_bytes = hashlib.sha256(), 0
    for number, piece in enumerate(local.pieces(0, local.source.size_bytes)):
        transfer.advance(done_bytes)
        whole.update(piece)
        done_bytes += len(piece)
        database.execute("INSERT INTO piece VALUES (?, ?, ?)", (key, number, bytes(piece)))
    if whole.hexdigest() != local.source.sha256:
        raise damaged(local.source, "another SHA-256")
    transfer.advance(done_bytes)


def _pieces(database: sqlite3.Connection, key: str) -> Iterator[bytes]:
    for (data,) in database.execute("SELECT data FROM piece WHERE key = ? ORDER BY number", (key,)):
        yield data


def _size(database: sqlite3.Connection, key: str) -> int:
    row: tuple[Any] = database.execute("SELECT sum(length(data)) FROM piece WHERE key = ?", (key,)).fetchone()
    return int(row[0] or 0)


def _sha256(database: sqlite3.Connection, key: str) -> str:
    whole = hashlib.sha256()
    for piece in _pieces(database, key):
        whole.update(piece)
    return whole.hexdigest()


KIND = Kind(
    name="example",
    options=(Option("file", (Shape.TEXT,), "the SQLite file that holds the copies", required=True),),
    build=ExampleTarget,
)
