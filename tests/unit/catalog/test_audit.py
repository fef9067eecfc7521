"""The audit's chain: one line follows the other whoever writes, the database keeps lines, and tampering shows."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from backend.actor import Actor, acting
from backend.catalog import audit
from backend.catalog.audit import digest_of
from backend.catalog.audit_check import Chain, Trouble, follow
from backend.catalog.audit_list import Asked, every, export_line
from backend.catalog.database import Database
from backend.errors import Conflict, HoldfastError

ODD = {"name": "a\x00b\ud800 ü\\", "list": [1, 2.5, None, True], "deep": {"z": 1, "a": {"é": "x"}}}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def write(database: Database, *actions: str, **what: Any) -> None:
    for action in actions:
        with database.write() as session:
            audit.append(session, action, video_id="v", project_id="p", **what)


def troubles(database: Database) -> tuple[int, list[Trouble]]:
    chain = Chain()
    found = list(follow(database, chain))
    return chain.lines, found


def kinds(database: Database) -> list[tuple[str, int]]:
    return [(trouble.kind, trouble.line) for trouble in troubles(database)[1]]


def tamper(database: Database, change: Callable[[Connection], object]) -> None:
    """As somebody would who may do anything with the database."""
    with database.writer.begin() as connection:
        if database.is_sqlite:
            guards = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            ours = [(name, sql) for name, sql in guards if name.startswith("audit_keeps")]
            for name, _ in ours:
                connection.execute(text(f"DROP TRIGGER {name}"))
            change(connection)
            for _, sql in ours:
                connection.exec_driver_sql(sql)
        else:
            connection.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_keeps"))
            change(connection)
            connection.execute(text("ALTER TABLE audit ENABLE TRIGGER audit_keeps"))


def run(*statements: str) -> Callable[[Connection], object]:
    return lambda connection: [connection.execute(text(statement)) for statement in statements]


def test_lines_follow_one_another_and_say_who_did_it(database: Database) -> None:
    with acting(Actor("t-1", "Ann", "203.0.113.9")):
        write(database, "video.saved", **ODD)
    write(database, "video.trashed")
    first, second = every(database, Asked())
    assert (first.who, first.who_id, first.address) == ("Ann", "t-1", "203.0.113.9")
    assert (second.who, second.who_id, second.address) == ("Holdfast", "system", "")
    assert first.what == ODD
    assert second.before == first.digest
    assert troubles(database) == (2, [])


def test_an_export_holds_all_that_the_chain_is_made_of(database: Database) -> None:
    write(database, "video.saved", "video.trashed", **ODD)
    before = audit.FIRST
    for line in every(database, Asked()):
        told = export_line(line)
        assert told["before"] == before
        before = told["digest"]
        assert digest_of({**told, "at": line.at}) == told["digest"]


_CHANGES = ("UPDATE audit SET who = 'nobody'", "DELETE FROM audit")
_OF_ONE_DATABASE = {
    True: ("REPLACE INTO audit SELECT * FROM audit",),
    False: ("TRUNCATE audit",),
}


@pytest.mark.parametrize("number", range(3))
def test_the_database_itself_refuses_to_change_or_remove_lines(database: Database, number: int) -> None:
    write(database, "video.saved")
    statement = (*_CHANGES, *_OF_ONE_DATABASE[database.is_sqlite])[number]
    with pytest.raises((DBAPIError, HoldfastError), match="append-only"), database.write() as session:
        session.execute(text(statement))
    assert troubles(database) == (1, [])


def test_numbers_that_a_transaction_took_and_gave_back_are_no_gap(database: Database) -> None:
    write(database, "video.saved")
    with suppress(ZeroDivisionError), database.write() as session:
        audit.append(session, "video.trashed", video_id="v")
        raise ZeroDivisionError
    write(database, "video.edited", "video.purged")
    assert troubles(database) == (3, [])


def test_a_changed_line_is_named(database: Database) -> None:
    write(database, "video.saved", "video.trashed", "video.purged")
    tamper(database, run("UPDATE audit SET who = 'somebody else' WHERE id = 2"))
    assert kinds(database) == [("changed", 2)]
    assert "Line 2 (video.trashed" in troubles(database)[1][0].words


@pytest.mark.parametrize(
    "change", ["what = '{'", "what = x'ff'", "at = 'some day'", "at = 5", "who = x'ff'", "before = x'ff'"]
)
def test_a_line_that_nobody_can_read_any_more_is_named_and_the_others_are_followed(
    migrated_sqlite: Path, tmp_path: Path, change: str
) -> None:
    """SQLite takes any value in any column. A reader is told in words where to look."""
    place = tmp_path / "catalog.db"
    place.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{place}")
    write(database, "video.saved", "video.trashed", "video.edited", "video.purged")
    tamper(database, run(f"UPDATE audit SET {change} WHERE id = 2", "UPDATE audit SET who = 'Eve' WHERE id = 4"))
    assert {("changed", 2), ("changed", 4)} <= set(kinds(database))
    assert troubles(database)[0] == 4
    with suppress(Conflict):
        assert len(list(every(database, Asked()))) == 4
    database.close()


def test_a_changed_line_with_a_digest_made_anew_is_named_by_the_next(database: Database) -> None:
    write(database, "video.saved", "video.trashed", "video.purged")

    def forge(connection: Connection) -> None:
        line = next(line for line in every(database, Asked()) if line.id == 2)
        names = ("at", "who", "who_id", "address", "action", "video_id", "project_id", "what", "before")
        digest = digest_of({name: getattr(line, name) for name in names} | {"who": "somebody else"})
        connection.execute(text("UPDATE audit SET who = 'somebody else', digest = :d WHERE id = 2"), {"d": digest})

    tamper(database, forge)
    assert kinds(database) == [("changed", 2)]


@pytest.mark.parametrize(("gone", "told"), [(1, 2), (2, 2), (3, 3)])
def test_a_line_that_was_taken_out_is_missed(database: Database, gone: int, told: int) -> None:
    write(database, "video.saved", "video.edited", "video.trashed", "video.purged")
    tamper(database, run(f"DELETE FROM audit WHERE id = {gone}"))
    assert kinds(database) == [("missing", told)]


def test_lines_that_changed_places_are_named(database: Database) -> None:
    write(database, "video.saved", "video.edited", "video.trashed", "video.purged")
    swap = "UPDATE audit SET id = -2 WHERE id = 2", "UPDATE audit SET id = 2 WHERE id = 3"
    tamper(database, run(*swap, "UPDATE audit SET id = 3 WHERE id = -2"))
    found = kinds(database)
    assert {kind for kind, _ in found} == {"moved"}
    assert [line for _, line in found] == [2, 3, 4]


def test_a_line_that_was_put_in_front_is_seen(database: Database) -> None:
    write(database, "video.saved", "video.edited")
    tamper(database, run("UPDATE audit SET id = -5 WHERE id = 2"))
    assert ("moved", 1) in kinds(database)


def _append_many(url: str, who: str, count: int) -> None:
    database = Database(url)
    with acting(Actor(who, who)):
        write(database, *["video.edited"] * count)
    database.close()


def test_processes_that_write_at_once_keep_one_chain(database: Database, database_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_append_many, args=(database_url, f"w{n}", 15)) for n in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert troubles(database) == (30, [])
    assert {line.who for line in every(database, Asked())} == {"w0", "w1"}


def test_a_long_chain_is_followed_page_by_page(database: Database) -> None:
    with database.write() as session:
        for _ in range(1001):
            audit.append(session, "video.edited")
    assert troubles(database) == (1001, [])
    tamper(database, run("UPDATE audit SET action = 'video.saved' WHERE id IN (500, 501)"))
    assert kinds(database) == [("changed", 500), ("changed", 501)]


def test_what_is_too_long_for_its_column_is_cut_and_the_chain_holds(database: Database, tmp_path: Path) -> None:
    with acting(Actor("i" * 99, "n" * 9999, "a" * 99)):
        write(database, "video.saved")
    assert troubles(database) == (1, [])
