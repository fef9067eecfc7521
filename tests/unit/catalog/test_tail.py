"""One reader for all who listen: nobody loses or repeats an event, however far behind, and nobody's memory grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from backend.catalog import events
from backend.catalog import tail as module
from backend.catalog.database import Database
from backend.catalog.tail import Tail
from backend.errors import Crowded
from backend.events import BEGINNING, TARGET_PARKED
from tests.services.waiting import wait_until


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as found:
        yield found


@contextmanager
def joined(tail: Tail) -> Iterator[Tail]:
    tail.join()
    try:
        yield tail
    finally:
        tail.leave()


def put(database: Database, *names: str) -> None:
    for name in names:
        with database.insert() as connection:
            events.append(connection, TARGET_PARKED, target=name)


def hear(tail: Tail, count: int) -> list[str]:
    """From the beginning until so many were heard."""
    place, heard = BEGINNING, list[str]()
    while len(heard) < count:
        found, place = tail.after(place, 1.0)
        heard += [one.data["target"] for one in found]
    return heard


def test_many_listeners_hear_all_that_many_writers_of_another_process_make(
    database: Database, database_url: str
) -> None:
    """Of another process, as far as the signals go: a database object of its own, whose commits nobody hears here."""
    tail, wanted = Tail(database, 9, poll_seconds=0.05), {f"{who}-{n}" for who in range(3) for n in range(20)}
    with closing(Database(database_url)) as other, ThreadPoolExecutor(6) as pool, joined(tail), joined(tail):
        listeners = [pool.submit(hear, tail, len(wanted)) for _ in range(3)]
        for who in range(3):
            pool.submit(put, other, *(f"{who}-{n}" for n in range(20)))
        heard = [listener.result() for listener in listeners]
    assert heard[0] == heard[1] == heard[2]
    assert (set(heard[0]), len(heard[0])) == (wanted, len(wanted))


def test_who_is_further_behind_than_what_is_kept_reads_the_table(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_KEPT", 5)
    monkeypatch.setattr(module, "_PAGE", 4)
    names = [str(number) for number in range(30)]
    with joined(Tail(database, 1, poll_seconds=0.05)) as tail:
        put(database, *names[:10])
        assert hear(tail, 10) == names[:10]
        put(database, *names[10:])
        assert hear(tail, 30) == names
        assert len(tail._kept) <= 5


def test_an_event_of_this_process_is_heard_at_once(database: Database) -> None:
    with joined(Tail(database, 1, poll_seconds=3600)) as tail:
        wait_until(lambda: tail._head is not None, "the first look")
        with database.read() as session:
            place = events.newest(session)
        threading.Timer(0.2, put, (database, "one")).start()
        found, _ = tail.after(place, 60)
    assert [one.data["target"] for one in found] == ["one"]


def test_a_place_moves_on_past_what_is_not_wanted(database: Database) -> None:
    put(database, "one", "two")
    with joined(Tail(database, 1, poll_seconds=0.05)) as tail:
        wait_until(lambda: tail._head is not None, "the first look")
        found, place = tail.after(BEGINNING, 1.0, ["video_added"])
        with database.read() as session:
            assert (list(found), place) == ([], events.newest(session))
        put(database, "three")
        wait_until(lambda: tail.after(place, 0.1, ["video_added"])[1] > place, "the place to move on")


def test_there_are_never_more_listeners_than_allowed_and_no_thread_without_one(database: Database) -> None:
    tail = Tail(database, 2, poll_seconds=0.05)
    with joined(tail), joined(tail), pytest.raises(Crowded):
        tail.join()
    wait_until(lambda: tail._thread is None, "the thread to end")
    with joined(tail):
        put(database, "one")
        assert hear(tail, 1) == ["one"]
