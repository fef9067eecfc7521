"""Shared commits: fewer of them, each as good as one's own, and nobody fails for another."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError

from backend.catalog.database import told_in_words
from backend.catalog.together import Together, Work
from backend.errors import CatalogUnavailable, DiskFull
from tests.services.waiting import wait_until


class Rows:
    """A table of one unique column. The first transaction begins only when `gate` is set; `commits` counts them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.gate, self.begun = threading.Event(), threading.Event()
        self.commits = 0
        self.failing: Exception | None = None
        self._engine = create_engine(f"sqlite:///{place}")
        with self._engine.begin() as connection:
            connection.execute(text("CREATE TABLE rows (name TEXT PRIMARY KEY)"))
        self.together = Together(self._begin)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        self.begun.set()
        assert self.gate.wait(20)
        with told_in_words(), self._engine.begin() as connection:
            yield connection
            if self.failing:
                raise self.failing
        self.commits += 1

    def add(self, name: str) -> None:
        self.together.run(lambda connection: insert(connection, name))
        # Durable when the call returns: another connection sees it.
        assert name in self.kept()

    def kept(self) -> list[str]:
        with sqlite3.connect(self.place) as db:
            return [name for (name,) in db.execute("SELECT name FROM rows ORDER BY name")]

    def close(self) -> None:
        self._engine.dispose()


def insert(connection: Connection, name: str) -> None:
    connection.execute(text("INSERT INTO rows VALUES (:name)"), {"name": name})


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[Rows]:
    made = Rows(tmp_path / "rows.db")
    yield made
    made.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def _behind_a_leader(rows: Rows, threads: ThreadPoolExecutor, names: list[str]) -> list[Future[None]]:
    """The first name's commit is held up until all the others wait for the next one."""
    first = threads.submit(rows.add, "first")
    assert rows.begun.wait(20)
    others = [threads.submit(rows.add, name) for name in names]
    wait_until(lambda: rows.together.waiting == len(names), "the others to wait")
    rows.gate.set()
    return [first, *others]


def test_those_who_wait_share_one_commit(rows: Rows, threads: ThreadPoolExecutor) -> None:
    for future in _behind_a_leader(rows, threads, ["a", "b", "c", "d", "e"]):
        future.result(20)
    assert rows.kept() == ["a", "b", "c", "d", "e", "first"]
    assert rows.commits == 2


def test_one_whose_row_is_there_already_fails_alone(rows: Rows, threads: ThreadPoolExecutor) -> None:
    futures = _behind_a_leader(rows, threads, ["a", "first", "b", "b"])
    errors = [future.exception(20) for future in futures]
    assert [type(error) for error in errors if error] == [IntegrityError, IntegrityError]
    assert rows.kept() == ["a", "b", "first"]


def test_a_full_disk_is_told_to_each_of_them_and_forgotten(rows: Rows, threads: ThreadPoolExecutor) -> None:
    rows.failing = DiskFull("full")
    for future in _behind_a_leader(rows, threads, ["a", "b"]):
        assert isinstance(future.exception(20), DiskFull)
    assert rows.kept() == []
    rows.failing = None
    rows.add("a")


def test_a_leader_that_breaks_leaves_nobody_waiting(rows: Rows, threads: ThreadPoolExecutor) -> None:
    rows.failing = ZeroDivisionError()
    errors = [future.exception(20) for future in _behind_a_leader(rows, threads, ["a", "b", "c"])]
    assert {type(error) for error in errors} == {ZeroDivisionError, CatalogUnavailable}
    rows.failing = None
    rows.add("a")


def test_what_is_alone_does_not_wait(rows: Rows) -> None:
    rows.gate.set()
    works: list[Work] = [lambda c: insert(c, "a"), lambda c: insert(c, "b")]
    for work in works:
        rows.together.run(work)
    assert (rows.kept(), rows.commits) == (["a", "b"], 2)
