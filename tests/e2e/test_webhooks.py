"""Webhooks by the real program: what a door takes is told by the worker, whoever is killed, always with the same id."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from backend.catalog import events
from backend.catalog.database import Database
from backend.catalog.models import Webhook, WebhookDelivery, WebhookState
from backend.catalog.webhooks import lock_all
from backend.events import TARGET_PARKED
from tests.services.app import RunningApp
from tests.services.receiver import Message, Receiver, Reply
from tests.services.waiting import wait_until

ENV = {"MEDIA_JOBS": "0"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, running_app: Callable[..., RunningApp]) -> RunningApp:
    more = {}
    if request.param == "postgresql":
        more["DATABASE_URL"] = request.getfixturevalue("postgres_server").fresh_database()
    return running_app(ENV | more)


def make(app: RunningApp, url: str, *names: str) -> dict[str, Any]:
    answer = app.request("POST", "/api/webhooks", json={"url": url, "events": list(names)})
    assert answer.status == 201, answer.data
    made: dict[str, Any] = answer.json()
    return made


def upload(app: RunningApp, name: str) -> str:
    answer = app.request("POST", "/api/upload-video", fields={"video": (name, name.encode() * 40, "video/mp4")})
    assert answer.status == 201, answer.data
    return str(answer.json()["video_id"])


def catalog(app: RunningApp) -> Database:
    found = app.environ.get("DATABASE_URL") or f"sqlite:///{app.storage_path / 'metadata' / 'catalog.db'}"
    return Database(found)


def run_leases_out(app: RunningApp) -> None:
    """What a minute does to the claims of a worker that is gone."""
    with closing(catalog(app)) as database, database.write() as session:
        held = update(WebhookDelivery).where(WebhookDelivery.state == WebhookState.IN_PROGRESS)
        session.execute(held.values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))


def hurry(app: RunningApp) -> None:
    """What time does: waits and pauses are over."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    with closing(catalog(app)) as database, database.write() as session:
        lock_all(session)
        session.execute(update(WebhookDelivery).values(next_attempt_at=past))
        session.execute(update(Webhook).where(Webhook.next_probe_at.is_not(None)).values(next_probe_at=past))


def states(app: RunningApp, webhook_id: str) -> list[str]:
    found = app.request("GET", f"/api/webhooks/{webhook_id}/deliveries?limit=200").json()["deliveries"]
    return [one["state"] for one in found]


def test_a_worker_killed_between_the_answer_and_its_record_is_followed_by_one_that_sends_the_same_id(
    app: RunningApp, receiver: Receiver
) -> None:
    made = make(app, receiver.url, "video_added")
    release = threading.Event()
    # The status has been said, the rest of the answer has not: it is recorded nowhere yet.
    receiver.answer = lambda _: Reply(release=release, after_status=True)
    video_id = upload(app, "a.mp4")
    wait_until(lambda: receiver.messages, "the first message")
    app.kill9("worker")
    release.set()
    receiver.answer = lambda _: Reply()
    assert states(app, made["webhook"]["id"]) == ["in_progress"]
    run_leases_out(app)
    app.start("worker")
    wait_until(lambda: states(app, made["webhook"]["id"]) == ["delivered"], "the second message to be recorded")
    first, second = (message.verified(made["secret"]) for message in receiver.messages)
    assert first == second
    assert first["data"]["video_id"] == video_id
    assert receiver.ids == [first["id"]] * 2


def test_two_hundred_events_arrive_though_half_fail_and_the_worker_is_killed(
    app: RunningApp, receiver: Receiver
) -> None:
    made = make(app, receiver.url, TARGET_PARKED)
    turn = Counter[str]()

    def answer(_: Message) -> Reply:
        turn["all"] += 1
        return (Reply(), Reply(503), Reply(), Reply(close=True))[turn["all"] % 4]

    receiver.answer = answer
    with closing(catalog(app)) as database, database.insert() as connection:
        for number in range(200):
            events.append(connection, TARGET_PARKED, target="nas", number=number)
    wait_until(lambda: len(receiver.messages) > 60, "some of them")
    app.kill9("worker")
    run_leases_out(app)
    app.start("worker")

    def all_delivered() -> bool:
        hurry(app)
        return Counter(states(app, made["webhook"]["id"])) == {"delivered": 200}

    wait_until(all_delivered, "all of them", seconds=120)
    told: dict[str, set[int]] = {}
    for message in receiver.messages:
        told.setdefault(message.id, set()).add(message.verified(made["secret"])["data"]["number"])
    assert sorted(told.values(), key=min) == [{number} for number in range(200)], "each under one id of its own"


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)
def test_a_receiver_that_hangs_keeps_no_worker_from_its_orderly_end(app: RunningApp, receiver: Receiver) -> None:
    made = make(app, receiver.url, "video_added")
    release = threading.Event()
    receiver.answer = lambda _: Reply(release=release)
    upload(app, "a.mp4")
    wait_until(lambda: receiver.messages, "the first message")
    app.stop("worker", seconds=20)
    release.set()
    receiver.answer = lambda _: Reply()
    run_leases_out(app)
    app.start("worker")
    wait_until(lambda: states(app, made["webhook"]["id"]) == ["delivered"], "the second message")
    assert len(set(receiver.ids)) == 1
    log = app.log_file.read_text()
    assert "webhook_delivered" in log
    assert made["secret"] not in log
