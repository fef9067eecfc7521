"""The worker's loop: prompt, patient, fair, and orderly at its end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from backend.catalog.describe import describe
from backend.errors import CatalogUnavailable, TargetParked, TransientFailure
from backend.outbox.clock import LEASE_SECONDS
from backend.targets.base import Source, Transfer
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, failing, place
from tests.services.waiting import wait_until


class Gate:
    """For `MemoryTarget.on_put`: holds every put until it is opened; `telling`: it goes on telling its progress."""

    def __init__(self, telling: bool = False) -> None:
        self.entered = threading.Semaphore(0)
        self.opened = threading.Event()
        self._telling = telling

    def __call__(self, source: Source, _key: str, transfer: Transfer) -> None:
        transfer.advance(source.size_bytes // 2)
        self.entered.release()
        while not self.opened.wait(0.02 if self._telling else None):
            transfer.advance(source.size_bytes // 2)

    def wait(self, puts: int = 1) -> None:
        for _ in range(puts):
            assert self.entered.acquire(timeout=20), "a put was expected"


def state_of_target(ledger: Ledger) -> str:
    return str(ledger.services.desk.targets()[0]["state"])


def test_what_is_saved_is_delivered_and_the_sidecar_knows_it(ledger: Ledger, target: MemoryTarget) -> None:
    with ledger.worker():
        videos = ledger.add_different(3)
        ledger.wait_for("delivered", 3)
    assert sorted(target.objects.values()) == sorted(ledger.path(v).read_bytes() for v in videos)
    assert {ledger.delivery_in_sidecar(v).state for v in videos} == {"delivered"}


def test_the_next_file_starts_when_one_ends_and_not_at_the_next_look(
    open_ledger: OpenLedger, target: MemoryTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.outbox.dispatch._IDLE_SECONDS", 3)
    ledger = open_ledger(place(target, max_concurrent=1))
    ledger.add_different(30)
    with ledger.worker():
        ledger.wait_for("delivered", 30)


def test_the_lease_is_renewed_and_the_progress_visible_while_one_long_part_moves(
    ledger: Ledger, target: MemoryTarget
) -> None:
    target.on_put = gate = Gate()
    video_id = ledger.add()
    with ledger.worker():
        gate.wait()
        for _ in range(2):
            ledger.set(video_id, lease_until=datetime.now(UTC) + timedelta(seconds=5))
            wait_until(
                lambda: (
                    (ledger.delivery(video_id).lease_until or datetime.min.replace(tzinfo=UTC))
                    > datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS - 10)
                ),
                "the lease to be renewed",
            )
        shown = describe(ledger.video(video_id))["deliveries"][0]
        assert (shown["state"], shown["attempts"], shown["next_attempt_at"]) == ("in_progress", 1, None)
        assert 0 < shown["bytes_sent"] < shown["bytes_total"]
        gate.opened.set()
        ledger.wait_for("delivered", 1)
    shown = describe(ledger.video(video_id))["deliveries"][0]
    assert shown["bytes_sent"] == shown["bytes_total"]
    assert shown["bytes_per_second"] is None


def test_no_transaction_is_open_while_bytes_move(ledger: Ledger, target: MemoryTarget) -> None:
    target.on_put = gate = Gate()
    ledger.add_different(3)
    with ledger.worker() as worker:
        gate.wait(3)
        pool = worker.database.engine.pool
        # The heartbeat and the looks take one for a moment.
        wait_until(lambda: pool.checkedout() == 0, "no connection to be in use")  # type: ignore[attr-defined] # of QueuePool
        assert target.at_once == 3
        gate.opened.set()


def test_no_target_gets_more_at_once_than_it_may_from_all_workers_together(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, max_concurrent=2))
    ledger.add_different(20)
    with ledger.worker(), ledger.worker(), ledger.worker():
        ledger.wait_for("delivered", 20)
    assert target.most_at_once <= 2
    assert set(Counter(target.puts).values()) == {1}


def test_fifty_files_and_two_workers_make_fifty_copies(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.add_different(50)
    with ledger.worker(), ledger.worker():
        ledger.wait_for("delivered", 50)
    assert len(target.puts) == len(set(target.puts)) == len(target.objects) == 50


def test_one_slow_target_does_not_hold_up_another(open_ledger: OpenLedger, target: MemoryTarget) -> None:
    other = MemoryTarget("other")
    ledger = open_ledger(place(target), place(other))
    target.on_put = gate = Gate()
    with ledger.worker():
        ledger.add_different(5)
        ledger.wait_for("delivered", 5, "other")
        ledger.wait_for("in_progress", 2)
        assert ledger.states().count("pending") == 3
        gate.opened.set()


# Failing targets


def test_a_target_that_fails_for_everybody_is_left_alone_and_gets_everything_when_it_is_back(
    ledger: Ledger, target: MemoryTarget
) -> None:
    target.on_put, target.check_error = failing(TransientFailure("does not answer")), "does not answer"
    ledger.add_different(20)
    with ledger.worker():
        wait_until(lambda: state_of_target(ledger) == "degraded", "the target to be paused")
        ledger.wait_for_probe(target)
        tried = len(target.puts)
        assert tried <= 5 + 3, "five that failed, and those that were under way with the fifth"
        ledger.add(b"\0\0\0\x18ftypmp42 new")
        ledger.wait_for_probe(target)
        assert len(target.puts) == tried, "while it is paused it gets probes only"
        target.on_put, target.check_error = None, ""
        ledger.wait_for_probe(target)
        ledger.wait_for("delivered", 21)
    assert state_of_target(ledger) == "up"


def test_a_file_that_always_fails_does_not_stop_its_target_for_the_others(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target, max_concurrent=1))
    poisonous = ledger.add(b"\0\0\0\x18ftypmp42 poison")
    target.on_put = failing(TransientFailure("broken pipe"), lambda source: source.video_id == poisonous)
    with ledger.worker():
        for _ in range(7):
            ledger.set(poisonous, next_attempt_at=datetime.now(UTC))
            tried = ledger.delivery(poisonous).attempts
            wait_until(lambda n=tried: ledger.delivery(poisonous).attempts > n, "the poisonous file to be tried again")  # type: ignore[misc]
            wait_until(lambda: ledger.delivery(poisonous).state == "pending", "it to fail")
        started = time.monotonic()
        ledger.add_different(10)
        ledger.wait_for("delivered", 10)
        assert time.monotonic() - started < 8
    row = ledger.delivery(poisonous)
    assert row.next_attempt_at > datetime.now(UTC), "and it keeps its own place in the queue"
    assert row.error == "broken pipe"


def test_a_target_that_needs_a_person_says_why_and_goes_on_by_itself_when_it_is_mended(
    ledger: Ledger, target: MemoryTarget
) -> None:
    target.on_put, target.check_error = failing(TargetParked("the key was revoked")), "the key was revoked"
    ledger.add_different(3)
    with ledger.worker():
        wait_until(lambda: state_of_target(ledger) == "parked", "the target to be parked")
        ledger.wait_for_probe(target)
        shown = ledger.services.desk.targets()[0]
        assert (shown["state"], shown["reason"]) == ("parked", "the key was revoked")
        assert "parked" in ledger.states()
        target.on_put, target.check_error = None, ""
        ledger.wait_for_probe(target)
        ledger.wait_for("delivered", 3)
    assert ledger.services.desk.targets()[0]["state"] == "up"


def test_a_restart_asks_a_parked_target_at_once(ledger: Ledger, target: MemoryTarget) -> None:
    """Whoever corrected targets.toml restarts the worker, and should not wait for the end of a long pause."""
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    far = datetime.now(UTC) + timedelta(minutes=5)
    ledger.set_target(circuit="parked", reason="wrong key", probes=9, next_probe_at=far)
    ledger.set(video_id, state="parked", next_attempt_at=far)
    with ledger.worker():
        ledger.wait_for("delivered", 1)


@pytest.mark.parametrize("how", ["retry", "retry_all", "resume", "check"])
def test_an_operator_gets_a_parked_delivery_going_in_each_way(ledger: Ledger, target: MemoryTarget, how: str) -> None:
    video_id, desk = ledger.add(), ledger.services.desk
    with ledger.worker():
        ledger.wait_for("delivered", 1)
        far = datetime.now(UTC) + timedelta(minutes=5)
        ledger.set_target(circuit="parked", reason="wrong key", probes=9, next_probe_at=far)
        ledger.set(video_id, state="parked", next_attempt_at=far)
        ways: dict[str, Callable[[], object]] = {
            "retry": lambda: desk.retry(video_id, "memory"),
            "retry_all": desk.retry_all,
            "resume": lambda: desk.resume("memory"),
            "check": lambda: desk.check("memory"),
        }
        ways[how]()
        ledger.wait_for("delivered", 1)


def test_an_operators_pause_lets_what_moves_finish_and_starts_nothing(ledger: Ledger, target: MemoryTarget) -> None:
    target.on_put = gate = Gate()
    ledger.add_different(4)
    with ledger.worker():
        gate.wait(4)
        ledger.services.desk.pause("memory")
        ledger.add(b"\0\0\0\x18ftypmp42 new")
        gate.opened.set()
        ledger.wait_for("delivered", 4)
        wait_until(lambda: not ledger.states().count("in_progress"), "nothing to move")
        assert len(target.puts) == 4
        ledger.services.desk.resume("memory")
        ledger.wait_for("delivered", 5)


def test_targets_that_are_not_configured_any_more_keep_their_rows_and_disturb_nobody(
    open_ledger: OpenLedger, target: MemoryTarget
) -> None:
    ledger = open_ledger(place(target), place(MemoryTarget("gone")))
    ledger.add_different(3)
    ledger.set_places(place(target))
    with ledger.worker():
        ledger.wait_for("delivered", 3)
    assert ledger.states("gone") == ["pending"] * 3


def test_a_target_that_is_added_later_gets_what_is_saved_from_then_on(ledger: Ledger, target: MemoryTarget) -> None:
    late = MemoryTarget("late")
    ledger.add_different(2)
    ledger.set_places(place(target), place(late))
    with ledger.worker():
        ledger.add(b"\0\0\0\x18ftypmp42 new")
        ledger.wait_for("delivered", 1, "late")
        ledger.wait_for("delivered", 3)
    assert len(late.objects) == 1


# Endings


def test_a_stop_lets_what_moves_finish(ledger: Ledger, target: MemoryTarget) -> None:
    target.on_put = gate = Gate()
    first, second = ledger.add_different(2)
    ledger.set(second, next_attempt_at=datetime.now(UTC) + timedelta(hours=1))
    with ledger.worker() as worker:
        gate.wait()
        worker.ask_to_stop()
        ledger.set(second, next_attempt_at=datetime.now(UTC))
        gate.opened.set()
    assert ledger.delivery(first).state == "delivered"
    assert ledger.delivery(second).state == "pending", "nothing new is started"


def test_what_does_not_finish_in_time_is_given_back_at_once_with_all_it_did(
    ledger: Ledger, target: MemoryTarget
) -> None:
    gate = Gate(telling=True)

    def put(source: Source, key: str, transfer: Transfer) -> None:
        transfer.save_resume({"upload_id": "u1"})
        gate(source, key, transfer)

    target.on_put = put
    video_id = ledger.add()
    with ledger.worker(stop_seconds=0.2):
        gate.wait()
    row = ledger.delivery(video_id)
    assert (row.state, row.lease_token, row.attempts, row.error) == ("pending", None, 0, "")
    assert row.resume == {"upload_id": "u1"}
    assert row.next_attempt_at <= datetime.now(UTC)
    target.on_put = None
    with ledger.worker():
        ledger.wait_for("delivered", 1)


def test_a_delivery_that_hangs_in_its_target_is_given_back_over_its_head(ledger: Ledger, target: MemoryTarget) -> None:
    target.on_put = gate = Gate()
    video_id = ledger.add()
    hanging = ledger.dispatcher(stop_seconds=0.1)
    loop = threading.Thread(target=hanging.run)
    loop.start()
    gate.wait()
    hanging.ask_to_stop()
    loop.join()
    assert hanging.finish() is False, "the process must end without waiting for it"
    assert (ledger.delivery(video_id).state, ledger.delivery(video_id).attempts) == ("pending", 0)
    gate.opened.set()
    hanging.database.close()


def test_a_worker_that_comes_back_after_its_lease_was_taken_over_settles_nothing(
    ledger: Ledger, target: MemoryTarget
) -> None:
    target.on_put = gate = Gate()
    video_id = ledger.add()
    frozen = ledger.dispatcher(stop_seconds=5)
    loop = threading.Thread(target=frozen.run)
    loop.start()
    gate.wait()
    over = frozen.database.engine
    event.listen(over, "begin", _nobody_home)  # it renews nothing, as if it were frozen
    ledger.set(video_id, lease_until=datetime.now(UTC), next_attempt_at=datetime.now(UTC))
    target.on_put = None
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    first = ledger.delivery(video_id)
    event.remove(over, "begin", _nobody_home)
    gate.opened.set()
    frozen.ask_to_stop()
    loop.join()
    assert frozen.finish()
    frozen.database.close()
    second = ledger.delivery(video_id)
    assert (second.state, second.verified_at, second.attempts) == ("delivered", first.verified_at, 2)
    assert len(ledger.log_lines("verified")) == 1
    assert len(ledger.log_lines("lease_lost")) == 1


def _nobody_home(*_: object) -> None:
    raise CatalogUnavailable("gone for a moment")


def test_a_database_that_is_away_for_a_while_costs_no_delivery_and_no_second_copy(
    ledger: Ledger, target: MemoryTarget
) -> None:
    target.on_put = gate = Gate()
    ledger.add_different(6)
    with ledger.worker() as worker:
        gate.wait(4)
        event.listen(worker.database.engine, "begin", _nobody_home)
        gate.opened.set()
        wait_until(lambda: ledger.log_lines("claim_failed"), "the worker to notice")
        assert ledger.states() == ["in_progress"] * 4 + ["pending"] * 2
        event.remove(worker.database.engine, "begin", _nobody_home)
        ledger.wait_for("delivered", 6)
    assert set(Counter(target.puts).values()) == {1}


def test_workers_come_and_go_in_any_order_and_each_file_is_delivered(ledger: Ledger, target: MemoryTarget) -> None:
    ledger.add_different(30)

    def slow(source: Source, _key: str, transfer: Transfer) -> None:
        for done in range(0, source.size_bytes, 512):
            transfer.advance(done)

    target.on_put = slow
    for wanted in (1, 5, 10):
        with ledger.worker(stop_seconds=0.05), ledger.worker(stop_seconds=0.05):
            wait_until(lambda n=wanted: ledger.states().count("delivered") >= n, "some to be delivered")  # type: ignore[misc]
    with ledger.worker():
        ledger.wait_for("delivered", 30)
    assert len(target.objects) == 30
