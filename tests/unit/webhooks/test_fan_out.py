"""Handing events over: each to those that want it, once, whoever does it and how often."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.catalog import events
from backend.catalog.database import Database
from backend.catalog.models import Webhook
from backend.catalog.webhook_claims import look
from backend.events import TARGET_PARKED, TARGET_RESUMED, VIDEO_ADDED
from backend.outbox.clock import instant
from backend.webhooks.fan_out import FanOut
from tests.services.ledger import Ledger, OpenLedger
from tests.services.ledger_fixtures import open_ledger
from tests.unit.webhooks.conftest import House

__all__ = ["open_ledger"]


def behind(house: House) -> tuple[str, ...]:
    with house.database.read() as session:
        return look(session, instant(session)).news


def test_a_webhook_is_told_of_what_follows_it_and_of_what_it_asked_for(house: House) -> None:
    house.happen()
    everything, resumed = house.webhook().webhook.id, house.webhook(TARGET_RESUMED).webhook.id
    assert behind(house) == ()
    house.happen(2)
    house.happen(1, TARGET_RESUMED)
    assert set(behind(house)) == {everything, resumed}
    assert not FanOut(house.database, house.log).turn(behind(house))
    assert [one.name for one in house.sent(everything)] == [TARGET_PARKED, TARGET_PARKED, TARGET_RESUMED]
    assert [one.name for one in house.sent(resumed)] == [TARGET_RESUMED]
    assert behind(house) == (), "also what it did not ask for is behind it"


def test_a_turn_is_bounded_and_says_that_there_is_more(house: House) -> None:
    webhook_id = house.webhook().webhook.id
    house.happen(5)
    fan_out = FanOut(house.database, house.log, most=2)
    assert [fan_out.turn([webhook_id]) for _ in range(3)] == [True, True, False]
    assert [one.payload["data"]["number"] for one in house.sent()] == [0, 1, 2, 3, 4]


def test_the_same_event_is_never_handed_over_twice(house: House) -> None:
    webhook_id = house.webhook().webhook.id
    house.happen(3)
    FanOut(house.database, house.log).turn([webhook_id])
    before = [(one.id, one.event_id) for one in house.sent()]
    with house.database.write() as session:
        session.execute(update(Webhook).values(xid=0, seq=0))  # as after a backup was restored
    FanOut(house.database, house.log).turn([webhook_id])
    assert [(one.id, one.event_id) for one in house.sent()] == before


def test_one_that_is_paused_is_told_afterwards_and_what_is_lost_is_said(house: House) -> None:
    webhook_id = house.webhook().webhook.id
    house.happen(1)
    FanOut(house.database, house.log).turn([webhook_id])
    house.desk.change(webhook_id, {"enabled": False})
    house.happen(2)
    assert behind(house) == ()
    FanOut(house.database, house.log).turn([webhook_id])
    assert len(house.sent()) == 1
    house.desk.change(webhook_id, {"enabled": True})
    FanOut(house.database, house.log).turn(behind(house))
    assert len(house.sent()) == 3
    assert not house.row(webhook_id).last_error
    house.desk.change(webhook_id, {"enabled": False})
    house.happen(3)
    with house.database.write() as session:
        events.prune(session, instant(session) + timedelta(days=1))
    house.desk.change(webhook_id, {"enabled": True})
    FanOut(house.database, house.log).turn(behind(house))
    assert len(house.sent()) == 4, "the newest is always kept"
    assert "not sent" in house.row(webhook_id).last_error


def test_a_project_is_told_of_its_own_videos_only(open_ledger: OpenLedger) -> None:
    ledger: Ledger = open_ledger()
    films = ledger.services.webhooks.create("http://127.0.0.1:1/", project_id="films").webhook.id
    wanted = ledger.add(project_id="films")
    ledger.add(b"\x00\x00\x00\x18ftypmp42" + b"other", project_id="news")
    with ledger.database.insert() as connection:
        events.append(connection, TARGET_PARKED, target="nas")
    FanOut(ledger.database, ledger.services.log).turn([films])
    page = ledger.services.webhooks.deliveries(films, 10)
    assert {one.payload["data"]["video_id"] for one in page.deliveries} == {wanted}
    assert VIDEO_ADDED in {one.name for one in page.deliveries}


def test_several_workers_at_once_hand_each_event_over_once_and_miss_none(house: House) -> None:
    webhook_id = house.webhook().webhook.id
    writing = threading.Event()

    def work(database: Database) -> None:
        fan_out = FanOut(database, house.log, most=3)
        while not writing.is_set() or behind(house):
            fan_out.turn([webhook_id])

    with (
        closing(Database(house.url)) as one,
        closing(Database(house.url)) as two,
        ThreadPoolExecutor(3) as threads,
    ):
        done = [threads.submit(work, database) for database in (one, two)]
        for number in range(15):
            # Two writers at once.
            late = threads.submit(house.happen, 2) if number % 3 == 0 else None
            house.happen()
            if late is not None:
                late.result()
        writing.set()
        for worker in done:
            worker.result()
    assert [len({one.event_id for one in house.sent()}), len(house.sent())] == [25, 25]


def test_what_a_webhook_does_not_take_waits_in_the_stream_not_in_rows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.catalog.webhook_claims.MOST_WAITING", 4)
    full, other = house.webhook().webhook.id, house.webhook(TARGET_RESUMED).webhook.id
    house.happen(6)
    fan_out = FanOut(house.database, house.log)
    for _ in range(2):
        fan_out.turn(behind(house))
    assert behind(house) == (), "one is full, the other is told of nothing"
    fan_out.turn([full])
    assert (len(house.sent(full)), house.sent(other)) == (4, [])
    house.until_delivered(house.courier(), 4)
    fan_out.turn(behind(house))
    assert [one.payload["data"]["number"] for one in house.sent(full)] == list(range(6))
