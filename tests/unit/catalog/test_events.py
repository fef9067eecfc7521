"""The stream of events: nothing is told before it is durable, and nothing is lost by whoever reads it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from backend.catalog import events
from backend.catalog.database import Database
from backend.catalog.models import Event, TargetRow
from backend.events import ANY, BEGINNING, TARGET_PARKED, TARGET_RESUMED, VIDEO_ADDED, Happened, Place, signal
from tests.services.ledger import Ledger

on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.service)], indirect=True
)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with closing(Database(database_url)) as found:
        yield found


@contextmanager
def listening() -> Iterator[list[Happened]]:
    heard: list[Happened] = []
    with signal(ANY).connected_to(heard.append):
        yield heard


def put(database: Database, *targets: str) -> None:
    for target in targets:
        with database.insert() as connection:
            events.append(connection, TARGET_PARKED, target=target)


def read(database: Database, place: Place = BEGINNING, limit: int = 100) -> list[Happened]:
    with database.read() as session:
        return list(events.after(session, place, limit))


def targets(found: list[Happened]) -> list[str]:
    return [one.data["target"] for one in found]


def test_a_signal_comes_after_the_commit_with_what_is_in_the_stream(database: Database) -> None:
    with listening() as heard:
        with database.write() as session:
            events.append(session, TARGET_PARKED, target="nas")
            assert not heard
        with database.insert() as connection:
            events.append(connection, TARGET_RESUMED, target="nas")
            assert len(heard) == 1
    found = read(database)
    assert [(one.id, one.name, one.at, one.data) for one in found] == [
        (one.id, one.name, one.at, one.data) for one in heard
    ]
    assert [one.place for one in heard] == [None, None]


def test_a_bare_connection_of_a_session_is_heard_too(database: Database) -> None:
    with listening() as heard, database.write() as session:
        events.append(session.connection(), TARGET_PARKED, target="nas")
    assert targets(heard) == ["nas"]


def test_what_is_rolled_back_is_neither_told_nor_kept(database: Database) -> None:
    with listening() as heard:
        with suppress(RuntimeError), database.write() as session:
            events.append(session, TARGET_PARKED, target="one")
            raise RuntimeError
        with suppress(RuntimeError), database.insert() as connection:
            events.append(connection, TARGET_PARKED, target="two")
            raise RuntimeError
        put(database, "three")
    assert targets(heard) == targets(read(database)) == ["three"]


def test_what_a_savepoint_took_back_is_not_told(database: Database) -> None:
    with listening() as heard, database.write() as session:
        events.append(session, TARGET_PARKED, target="before")
        with suppress(RuntimeError), session.begin_nested():
            events.append(session, TARGET_PARKED, target="within")
            raise RuntimeError
        with session.begin_nested():
            events.append(session, TARGET_PARKED, target="kept")
    assert targets(heard) == targets(read(database)) == ["before", "kept"]


def test_a_receiver_may_write_and_may_fail(database_url: str) -> None:
    failed: list[str] = []

    with closing(Database(database_url, lambda _, name: failed.append(name))) as catalog:

        def answer(happened: Happened) -> None:
            if happened.data["target"] == "first":
                put(catalog, "second")
            raise RuntimeError

        with signal(TARGET_PARKED).connected_to(answer):
            put(catalog, "first")
        assert targets(read(catalog)) == ["first", "second"]
    assert failed == [TARGET_PARKED] * 2


def test_a_name_that_nobody_knows_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="There is no event"), database.write() as session:
        events.append(session, "video_vanished")


def test_of_a_video_it_tells_what_others_know_it_by(ledger: Ledger) -> None:
    video = ledger.video(ledger.add())
    with ledger.database.write() as session:
        events.append(session, VIDEO_ADDED, video, door="form")
    happened = read(ledger.database)[-1]
    assert (happened.video_id, happened.project_id) == (video.id, video.project_id)
    assert happened.data["door"] == "form"
    assert happened.data["sha256"] == video.sha256
    assert happened.data["stored_filename"] == video.stored_filename
    assert {"video_id", "project_id", "original_filename", "size_bytes", "mime_type", "sha1"} <= set(happened.data)


def test_pages_go_on_where_the_last_one_ended(database: Database) -> None:
    names = [str(number) for number in range(7)]
    put(database, *names)
    found, place = [], BEGINNING
    while page := read(database, place, 3):
        found += page
        assert page[-1].place is not None
        place = page[-1].place
    assert targets(found) == names


def test_only_the_names_and_projects_that_were_asked_for(ledger: Ledger) -> None:
    video = ledger.video(ledger.add())
    with ledger.database.write() as session:
        events.append(session, TARGET_PARKED, target="nas")
        events.append(session, VIDEO_ADDED, video, door="here")
    with ledger.database.read() as session:
        here = [e.data.get("door") for e in events.after(session, BEGINNING, 9, [VIDEO_ADDED], [video.project_id])]
        assert "here" in here
        assert not events.after(session, BEGINNING, 9, projects=["another"])
        assert not events.after(session, BEGINNING, 9, projects=[])
        assert [e.name for e in events.after(session, BEGINNING, 9, [TARGET_PARKED])] == [TARGET_PARKED]


@on_postgresql
def test_a_transaction_that_ends_late_is_not_skipped(database: Database) -> None:
    """Its row has the smaller number and appears after the other: who reads `seq > last` would lose it."""
    with database.insert() as late:
        events.append(late, TARGET_PARKED, target="late")
        put(database, "early")
        with database.read() as session:
            assert [seq % 2**32 for seq in session.scalars(select(Event.seq))] == [2], (
                "a naive reader would go on behind this one"
            )
            assert events.newest(session) == BEGINNING
        assert read(database) == []
    assert targets(read(database)) == ["late", "early"]


@on_postgresql
def test_a_transaction_whose_number_came_before_its_row_is_not_skipped(database: Database) -> None:
    """Its row has the larger number but the older transaction: places go by the transaction first."""
    with database.write() as late:
        late.add(TargetRow(name="nas"))
        late.flush()
        put(database, "early")
        assert read(database) == []
        events.append(late, TARGET_PARKED, target="late")
    found = read(database)
    assert targets(found) == ["late", "early"]
    assert found[0].place is not None
    assert targets(read(database, found[0].place)) == ["early"]


def test_the_newest_place_is_followed_by_news_only(database: Database) -> None:
    with database.read() as session:
        assert (events.newest(session), events.oldest(session)) == (BEGINNING, None)
    put(database, "one", "two")
    with database.read() as session:
        place = events.newest(session)
    put(database, "three")
    assert targets(read(database, place)) == ["three"]


def test_old_events_go_but_never_the_newest(database: Database) -> None:
    put(database, "one", "two", "three")
    places = [one.place for one in read(database) if one.place]
    at = datetime.now(UTC)
    with database.write() as session:
        session.execute(update(Event).where(Event.seq < places[-1].seq).values(at=at - timedelta(days=8)))
        assert events.prune(session, at - timedelta(days=7)) == 2
    assert targets(read(database)) == ["three"]
    with database.write() as session:
        assert events.prune(session, at + timedelta(days=1)) == 0
        assert session.scalar(select(func.count()).select_from(Event)) == 1
        assert [events.follows(session, place) for place in places] == [False, False, True]


def test_after_a_move_to_another_server_news_comes_after_what_was_moved(database: Database) -> None:
    """A dump that is read into a new server brings numbers of transactions that are still to come there."""
    put(database, "one", "two")
    with database.write() as session:
        assert not events.begin_anew(session)
        session.execute(update(Event).values(xid=Event.xid + 10**9))
    with database.write() as session:
        assert events.begin_anew(session)
        assert not events.begin_anew(session)
    with database.read() as session:
        place = events.newest(session)
    put(database, "three")
    assert targets(read(database)) == ["one", "two", "three"]
    assert targets(read(database, place)) == ["three"]


def test_a_place_of_another_catalog_is_not_gone_on_from(database: Database) -> None:
    with database.read() as session:
        assert events.follows(session, BEGINNING)
        assert not events.follows(session, Place(0, 1))
    put(database, "one")
    with database.read() as session:
        assert events.follows(session, BEGINNING)
        last = events.newest(session)
        assert events.follows(session, last)
        assert not events.follows(session, Place(last.xid, last.seq + 1))


def test_what_was_heard_of_a_catalog_that_was_lost_is_no_place_of_the_next_one(database: Database) -> None:
    """Who comes back after a rebuild would go on behind events that it never heard."""
    put(database, "one", "two", "three")
    heard = [one.place for one in read(database) if one.place]
    _lose_all_events(database)
    with database.writer.begin() as connection:
        events.begin(connection, datetime.now(UTC) + timedelta(seconds=5))
    with database.read() as session:
        assert events.follows(session, BEGINNING)
        assert not any(events.follows(session, place) for place in heard)
    put(database, *"abcdef")
    with database.read() as session:
        assert events.follows(session, BEGINNING), "nothing of this stream is missing"
        assert not any(events.follows(session, place) for place in heard)
        assert all(events.follows(session, one.place) for one in read(database) if one.place)


def test_a_stream_that_has_begun_keeps_its_numbers(database: Database) -> None:
    put(database, "one")
    with database.writer.begin() as connection:
        events.begin(connection, datetime.now(UTC) + timedelta(days=5))
    put(database, "two")
    assert [one.place.seq % 2**32 for one in read(database) if one.place] == [1, 2]


def _lose_all_events(database: Database) -> None:
    anew = {
        "sqlite": ("DELETE FROM events", "DELETE FROM sqlite_sequence WHERE name = 'events'"),
        "postgresql": ("TRUNCATE events RESTART IDENTITY",),
    }
    with database.writer.begin() as connection:
        for statement in anew[connection.dialect.name]:
            connection.execute(text(statement))
