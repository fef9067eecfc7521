"""Sending: at least once with one id, tried again, held back as one, and none in the way of another."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

from sqlalchemy import event, update

from backend.catalog.models import Webhook, WebhookDelivery
from backend.webhooks.books import AT_ONCE, FAILURES_TO_PAUSE
from tests.services.receiver import Message, Receiver, Reply
from tests.services.waiting import wait_until
from tests.unit.webhooks.conftest import House


def test_what_happens_arrives_signed_and_is_in_the_log(house: House) -> None:
    made, courier = house.webhook(), house.courier()
    house.happen()
    house.work(courier)
    (message,), (one,) = house.receiver.messages, house.sent()
    payload = message.verified(made.secret)
    assert (payload["id"], payload["type"]) == (message.id, "target_parked") == (one.event_id, one.name)
    assert (one.state, one.attempts, one.status_code, one.error) == ("delivered", 1, 200, "")
    assert one.answered_seconds is not None
    assert house.row(made.webhook.id).last_success_at is not None


def test_two_hundred_events_arrive_though_half_of_all_requests_fail(house: House) -> None:
    made, courier = house.webhook(), house.courier()
    house.happen(200)
    turn = Counter[str]()

    def answer(_: Message) -> Reply:
        turn["all"] += 1
        # In turn, each kind of failure.
        return (Reply(), Reply(500), Reply(), Reply(close=True), Reply(), Reply(302))[turn["all"] % 6]

    house.receiver.answer = answer
    house.until_delivered(courier, 200)
    told = {message.verified(made.secret)["data"]["number"] for message in house.receiver.messages}
    assert told == set(range(200))
    assert len(set(house.receiver.ids)) == 200, "each at every attempt with its own id"
    assert house.receiver.most_at_once <= AT_ONCE


def test_a_worker_that_is_gone_is_followed_by_one_that_sends_the_same_id_again(house: House) -> None:
    house.webhook()
    first, second = house.courier(), house.courier()
    house.happen()
    release = threading.Event()
    house.receiver.answer = lambda _: Reply(release=release)
    first.turn()
    wait_until(lambda: house.receiver.messages, "the first to send")
    house.work(second)
    assert len(house.receiver.messages) == 1, "it is the first one's"
    house.run_leases_out()
    house.receiver.answer = lambda _: Reply(500)
    house.work(second)
    release.set()
    house.settle(first)
    assert house.receiver.ids == [house.sent()[0].event_id] * 2
    assert house.states() == ["pending"], "what the first one heard counts no more"


def test_a_slow_receiver_holds_up_nobody_else(house: House) -> None:
    release = threading.Event()
    with Receiver(answer=lambda _: Reply(release=release)) as slow:
        stuck, quick = house.webhook(url=slow.url).webhook.id, house.webhook().webhook.id
        courier = house.courier()
        house.happen(20)

        def done() -> bool:
            courier.turn()
            return house.states(quick) == ["delivered"] * 20

        wait_until(done, "the quick one")
        assert slow.most_at_once == AT_ONCE
        assert Counter(house.states(stuck)) == {"in_progress": AT_ONCE, "pending": 20 - AT_ONCE}
        release.set()
        house.until_delivered(courier, 40)


def test_one_that_always_fails_is_paused_as_one_asked_slowly_and_resumes_by_itself(house: House) -> None:
    webhook_id, courier = house.webhook().webhook.id, house.courier()
    house.happen(30)
    house.receiver.answer = lambda _: Reply(500)
    house.work(courier)
    row, asked = house.row(webhook_id), len(house.receiver.messages)
    assert "10 deliveries in a row failed" in row.paused_reason
    assert row.next_probe_at is not None
    assert FAILURES_TO_PAUSE <= asked < FAILURES_TO_PAUSE + AT_ONCE
    house.work(courier)
    assert len(house.receiver.messages) == asked, "its turn has not come"
    house.work(courier, hurry=True)
    assert len(house.receiver.messages) == asked + 1, "it is asked with one"
    house.receiver.answer = lambda _: Reply()
    house.hurry()
    house.work(courier)
    house.until_delivered(courier, 30)
    assert (house.row(webhook_id).paused_reason, house.row(webhook_id).failures) == ("", 0)


def test_an_event_that_is_never_taken_keeps_no_other_from_ending_a_pause(house: House) -> None:
    webhook_id, courier = house.webhook().webhook.id, house.courier()
    house.happen(30)
    house.receiver.answer = lambda _: Reply(500)
    house.work(courier)
    assert house.row(webhook_id).paused_reason
    poison = house.sent()[0].event_id
    house.receiver.answer = lambda message: Reply(400 if message.id == poison else 200)
    # It has waited longest, so it is asked with first.
    with house.database.write() as session:
        first = update(WebhookDelivery).where(WebhookDelivery.event_id == poison)
        session.execute(first.values(next_attempt_at=house.sent()[0].created_at - timedelta(days=1)))

    def over() -> bool:
        past = house.sent()[0].created_at - timedelta(days=1)
        with house.database.write() as session:
            session.execute(update(Webhook).values(next_probe_at=past))
        house.work(courier)
        return not house.row(webhook_id).paused_reason

    wait_until(over, "the pause to end")
    assert Counter(house.states())["delivered"] == 29


def test_its_wish_to_wait_holds_for_all_of_its_deliveries(house: House) -> None:
    webhook_id, courier = house.webhook().webhook.id, house.courier()
    house.happen(1)
    house.receiver.answer = lambda _: Reply(429, {"Retry-After": "3600"})
    house.work(courier)
    house.happen(5)
    house.work(courier)
    assert len(house.receiver.messages) == 1
    row, (first, *_) = house.row(webhook_id), house.sent()
    assert row.next_probe_at is not None
    for at in (row.next_probe_at, first.next_attempt_at):
        assert timedelta(minutes=59) < at - first.updated_at < timedelta(minutes=61)
    house.receiver.answer = lambda _: Reply()
    house.until_delivered(courier, 6)


def test_a_receiver_that_is_gone_is_paused_in_words_until_somebody_resumes_it(house: House) -> None:
    webhook_id, courier = house.webhook().webhook.id, house.courier()
    house.happen()
    house.receiver.answer = lambda _: Reply(410)
    house.work(courier)
    row = house.row(webhook_id)
    assert (row.enabled, house.states()) == (False, ["pending"])
    assert "410 Gone" in row.paused_reason
    house.happen()
    house.work(courier, hurry=True)
    assert len(house.receiver.messages) == 1
    house.receiver.answer = lambda _: Reply()
    house.desk.change(webhook_id, {"enabled": True})
    house.until_delivered(courier, 2)


def test_there_is_no_last_attempt_while_the_event_is_young_and_none_by_itself_after(house: House) -> None:
    webhook_id, young, old = house.webhook().webhook.id, house.courier(), house.courier(keep=timedelta(0))
    house.happen()
    house.receiver.answer = lambda _: Reply(500)
    for _ in range(30):
        house.work(young, hurry=True)
    assert house.states() == ["pending"]
    assert house.sent()[0].attempts == 30
    house.work(old, hurry=True)
    (one,) = house.sent()
    assert (one.state, one.error) == ("failed", "It answered 500 Internal Server Error.")
    house.work(old, hurry=True)
    assert len(house.receiver.messages) == 31
    house.receiver.answer = lambda _: Reply()
    house.desk.change(webhook_id, {"enabled": True})
    house.desk.retry(webhook_id, one.id)
    house.work(young)
    assert house.states() == ["delivered"]
    assert set(house.receiver.ids) == {one.event_id}


def test_what_ended_is_forgotten_and_what_nobody_tried_is_told_as_failed(house: House) -> None:
    webhook_id, courier = house.webhook().webhook.id, house.courier()
    house.happen(2)
    house.work(courier)
    house.happen(1)
    house.receiver.answer = lambda _: Reply(410)
    house.work(courier)
    courier.tidy()
    assert house.states() == ["delivered", "delivered", "pending"]
    assert not house.row(webhook_id).enabled
    with house.database.write() as session:
        past = house.sent()[0].created_at - timedelta(days=8)
        session.execute(update(WebhookDelivery).values(created_at=past, updated_at=past, next_attempt_at=past))
    courier.tidy()
    (left,) = house.sent()
    assert (left.state, left.error) == ("failed", "It answered 410 Gone: nobody listens there any more.")


def test_a_changed_server_secret_is_told_and_a_new_one_mends_it(house: House) -> None:
    made, courier = house.webhook(), house.courier()
    courier.server_secret = "another"
    house.happen()
    house.work(courier)
    assert "new secret" in house.sent()[0].error
    assert not house.receiver.messages
    courier.server_secret = house.desk.server_secret
    renewed = house.desk.new_secret(made.webhook.id)
    assert renewed.secret != made.secret
    house.work(courier, hurry=True)
    for secret in (renewed.secret, made.secret):
        house.receiver.messages[0].verified(secret)


def test_the_thread_works_by_itself_and_ends_in_order(house: House) -> None:
    house.webhook()
    courier = house.courier()
    courier.start()
    house.happen(10)
    wait_until(lambda: house.states() == ["delivered"] * 10, "all of them")
    assert courier.finish(5)
    house.happen()
    assert not courier._thread.is_alive()
    assert len(house.states()) == 10


def test_what_hangs_at_the_end_is_left_to_the_next_worker(house: House) -> None:
    house.webhook()
    courier = house.courier()
    release = threading.Event()
    house.receiver.answer = lambda _: Reply(release=release)
    courier.start()
    house.happen()
    wait_until(lambda: house.receiver.messages, "it to begin")
    assert not courier.finish(0.1)
    assert house.states() == ["in_progress"]
    release.set()


def test_one_that_breaks_keeps_no_other_from_being_told(house: House) -> None:
    broken, well = house.webhook().webhook.id, house.webhook().webhook.id
    # What a hand in the database may leave: it can neither be compared with names nor told.
    with house.database.write() as session:
        session.execute(update(Webhook).where(Webhook.id == broken).values(events=5))
    courier = house.courier()
    house.happen(3)
    house.work(courier)
    assert house.states(well) == ["delivered"] * 3
    assert house.states(broken) == []
    assert "webhooks_failed" in house.log.path.read_text()


def test_many_webhooks_are_told_in_few_transactions(house: House) -> None:
    """Each commit is waited for by uploads: there are no more of them because more listen."""
    for _ in range(20):
        house.webhook()
    courier = house.courier()
    house.happen(2)
    commits = 0

    def count(_: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(house.database.writer, "commit", count)
    courier.turn()
    event.remove(house.database.writer, "commit", count)
    assert house.states() == ["in_progress"] * 40
    assert commits <= 4, "one hands over, one claims"
    house.until_delivered(courier, 40)
