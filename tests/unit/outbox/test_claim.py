"""Claims: each delivery in one worker's hands at a time, whoever runs, dies or comes back late."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from backend.catalog.models import Delivery, DeliveryState
from backend.outbox.circuit import lock_target
from backend.outbox.claim import Claim, claim, holds, ready, write_held
from backend.outbox.clock import LEASE_SECONDS
from tests.services.app import ROOT
from tests.services.ledger import Ledger, MemoryTarget, OpenLedger, place
from tests.services.postgres import PostgresServer

LATER = timedelta(seconds=LEASE_SECONDS + 1)
LONG_AFTER = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def take(
    ledger: Ledger, wanted: int = 1, *, worker: str = "w", most: int = 1000, at: datetime | None = None
) -> list[Claim]:
    with ledger.database.write() as session:
        return claim(session, lock_target(session, "memory"), worker, most, at or now(), wanted)


def test_a_delivery_is_claimed_once_however_many_threads_want_it(ledger: Ledger) -> None:
    ledger.add_different(40)
    start = threading.Barrier(8)

    def work(number: int) -> list[int]:
        start.wait()
        got: list[int] = []
        while found := take(ledger, 1 + number % 3, worker=str(number)):
            got += [c.delivery_id for c in found]
        return got

    with ThreadPoolExecutor(8) as threads:
        claimed = Counter(delivery_id for got in threads.map(work, range(8)) for delivery_id in got)
    assert sorted(claimed.values()) == [1] * 40


def test_a_delivery_is_claimed_once_however_many_processes_want_it(ledger: Ledger, database_url: str) -> None:
    ledger.add_different(40)
    script = Path(__file__).with_name("claim_process.py")
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(script), database_url, f"w{number}"],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)},
                )
            )
            for number in range(4)
        ]  # fmt: skip
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("go\n")
            worker.stdin.flush()
        lines = [line for worker in workers for line in worker.communicate(timeout=60)[0].splitlines()]
        assert all(worker.returncode == 0 for worker in workers)
    assert len(lines) == len(set(lines)) == 40
    assert all(line.endswith("True") for line in lines)


def test_writers_of_one_row_lose_nothing(ledger: Ledger, database_url: str) -> None:
    video_id = ledger.add()

    def add_one(_: int) -> None:
        with ledger.database.write() as session:
            row = session.scalars(select(Delivery).where(Delivery.video_id == video_id).with_for_update()).one()
            row.bytes_sent += 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add_one, range(200)))
    assert ledger.delivery(video_id).bytes_sent == 200


def test_max_concurrent_counts_the_deliveries_of_all_workers(ledger: Ledger) -> None:
    ledger.add_different(6)
    assert len(take(ledger, 2, worker="a", most=3)) == 2
    assert len(take(ledger, 5, worker="b", most=3)) == 1
    assert take(ledger, 5, worker="c", most=3) == []


def test_who_claims_while_another_does_waits_and_then_sees_that_no_place_is_left(ledger: Ledger) -> None:
    ledger.add_different(2)
    take(ledger, 0)  # makes the target's row
    with ThreadPoolExecutor(1) as threads:
        with ledger.database.write() as session:
            assert len(claim(session, lock_target(session, "memory"), "a", 1, now(), 1)) == 1
            second = threads.submit(take, ledger, 1, worker="b", most=1)
            assert wait([second], timeout=0.3).not_done, "it must wait for the first to commit"
        assert second.result() == []


def test_the_places_of_dead_workers_are_free_again(ledger: Ledger) -> None:
    ledger.add_different(3)
    take(ledger, 2, most=2)
    assert len(take(ledger, 2, most=2, at=now() + LATER)) == 2


def test_a_lease_that_ran_out_is_taken_over_with_what_was_done_so_far(ledger: Ledger) -> None:
    video_id = ledger.add()
    first = take(ledger)[0]
    with ledger.database.write() as session:
        assert write_held(session, first, resume={"upload_id": "u1"}, bytes_sent=77)
    assert take(ledger, at=now() + timedelta(seconds=LEASE_SECONDS - 1)) == [], "it is still held"
    second = take(ledger, worker="other", at=now() + LATER)[0]
    assert (second.delivery_id, second.attempt, second.resume) == (first.delivery_id, 2, {"upload_id": "u1"})
    assert ledger.delivery(video_id).bytes_sent == 77


def test_a_holder_that_lost_its_lease_can_write_nothing_more(ledger: Ledger) -> None:
    video_id = ledger.add()
    first = take(ledger)[0]
    second = take(ledger, worker="other", at=now() + LATER)[0]
    with ledger.database.write() as session:
        assert not holds(session, first)
        assert not write_held(session, first, state=DeliveryState.DELIVERED, resume={"mine": True})
        assert holds(session, second)
    row = ledger.delivery(video_id)
    assert (row.state, row.leased_by, row.resume) == ("in_progress", "other", {})


def test_nothing_is_written_to_a_claim_that_was_settled(ledger: Ledger) -> None:
    ledger.add()
    taken = take(ledger)[0]
    with ledger.database.write() as session:
        assert write_held(session, taken, state=DeliveryState.DELIVERED, lease_token=None)
    with ledger.database.write() as session:
        assert not write_held(session, taken, state=DeliveryState.PENDING)


def test_a_file_whose_worker_dies_each_time_comes_back_later_each_time(ledger: Ledger) -> None:
    poisonous, other = ledger.add_different(2)
    at, waits = now(), []
    for _ in range(12):
        assert [c.video_id for c in take(ledger, at=at)] == [poisonous]
        due = max(ledger.delivery(poisonous).next_attempt_at, ledger.delivery(poisonous).lease_until or at)
        waits.append((due - at).total_seconds())
        ledger.set(other, next_attempt_at=due + timedelta(days=1))
        assert take(ledger, at=due - timedelta(seconds=1)) == []
        at = due
    assert waits[0] == LEASE_SECONDS
    assert waits[-1] >= 450


def test_the_one_that_waited_longest_goes_first(ledger: Ledger) -> None:
    videos = ledger.add_different(4)
    for minutes, video_id in zip((3, 1, 4, 2), videos, strict=True):
        ledger.set(video_id, next_attempt_at=now() - timedelta(minutes=minutes))
    ledger.set(videos[3], state=DeliveryState.DAMAGED)
    assert [c.video_id for c in take(ledger, 9)] == [videos[2], videos[0], videos[3], videos[1]]


def test_what_was_left_behind_is_not_starved_by_new_uploads(ledger: Ledger) -> None:
    old = ledger.add(b"\0\0\0\x18ftypmp42 old")
    take(ledger)
    for video_id in ledger.add_different(5):
        ledger.set(video_id, next_attempt_at=now() + timedelta(seconds=5))
    assert take(ledger, at=now() + LONG_AFTER)[0].video_id == old


@pytest.mark.parametrize("state", sorted(set(DeliveryState) - {"pending", "damaged", "in_progress"}))
def test_what_is_over_is_not_claimed(ledger: Ledger, state: str) -> None:
    ledger.set(ledger.add(), state=state)
    assert take(ledger, at=now() + LONG_AFTER) == []


def test_nothing_is_claimed_without_local_bytes_from_the_trash_or_before_its_time(ledger: Ledger) -> None:
    pruned, trashed, early = ledger.add_different(3)
    ledger.set_video(pruned, local_state="pruned")
    ledger.set_video(trashed, trashed_at=now())
    ledger.set(early, next_attempt_at=now() + timedelta(minutes=1))
    assert take(ledger, 9) == []
    with ledger.database.read() as session:
        assert ready(session, now()) == set()


@pytest.mark.parametrize("values", [{"paused": True}, {"circuit": "open"}, {"circuit": "parked"}])
def test_nothing_is_claimed_for_a_paused_target(ledger: Ledger, values: dict[str, Any]) -> None:
    ledger.add()
    take(ledger, 0)  # makes the target's row
    ledger.set_target(**values)
    assert take(ledger) == []
    with ledger.database.read() as session:
        assert ready(session, now()) == set()


def test_an_idle_worker_sees_what_is_ready_without_a_write(ledger: Ledger) -> None:
    take(ledger, 0)
    video_id = ledger.add()
    with ledger.database.read() as session:
        assert ready(session, now()) == {"memory"}
    assert (ledger.delivery(video_id).state, ledger.delivery(video_id).lease_token) == ("pending", None)
    take(ledger)
    with ledger.database.read() as session:
        assert ready(session, now()) == set(), "it is being sent"
        assert ready(session, now() + LATER) == {"memory"}, "its worker died"


def test_on_postgresql_a_row_that_somebody_else_has_locked_is_passed_over(
    tmp_path: Path, postgres_server: PostgresServer, target: MemoryTarget
) -> None:
    ledger = Ledger.fresh(tmp_path, postgres_server.fresh_database(), place(target))
    first, second = ledger.add_different(2)
    with ledger.database.write() as session:
        session.scalars(select(Delivery).where(Delivery.video_id == first).with_for_update()).one()
        assert [c.video_id for c in take(ledger, 5)] == [second]
    ledger.services.close()


def test_a_claim_holds_all_that_a_target_needs(ledger: Ledger) -> None:
    video_id = ledger.add(name="Ferien/1.mp4", project_id="Über uns")
    video, taken = ledger.video(video_id), take(ledger)[0]
    assert taken.remote_key == video.relative_path.removeprefix("uploads/project_")
    assert taken.remote_key.count("/") == 1
    assert (taken.size_bytes, taken.sha256) == (video.size_bytes, video.sha256)
    assert taken.original_filename == "Ferien/1.mp4"


Steps = st.lists(
    st.one_of(
        st.tuples(st.just("claim"), st.sampled_from("abc"), st.integers(1, 3)),
        st.tuples(st.just("finish"), st.sampled_from("abc"), st.booleans()),
        st.tuples(st.just("wait"), st.just(""), st.sampled_from([1, 29, 31, 900])),
    ),
    max_size=25,
)


@given(steps=Steps)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_workers_do_one_delivery_has_one_holder(
    open_ledger: OpenLedger, target: MemoryTarget, steps: Sequence[tuple[str, str, int]]
) -> None:
    ledger = open_ledger(place(target))
    ledger.add_different(4 - len(ledger.states()))
    with ledger.database.write() as session:
        session.query(Delivery).update({"state": "pending", "attempts": 0, "lease_token": None, "lease_until": None})
        session.query(Delivery).update({"next_attempt_at": now() - timedelta(seconds=1)})
    at = now()
    in_hand: dict[str, list[Claim]] = {"a": [], "b": [], "c": []}
    delivered: list[int] = []
    for what, worker, value in steps:
        if what == "claim":
            got = take(ledger, value, worker=worker, most=3, at=at)
            in_hand[worker] += got
        elif what == "wait":
            at += timedelta(seconds=value)
        elif in_hand[worker]:
            mine = in_hand[worker].pop(0)
            end = DeliveryState.DELIVERED if value else DeliveryState.PENDING
            with ledger.database.write() as session:
                if write_held(session, mine, state=end, lease_token=None, lease_until=None) and value:
                    delivered.append(mine.delivery_id)
        with ledger.database.read() as session:
            holders = [c for claims in in_hand.values() for c in claims if holds(session, c)]
        assert len({c.delivery_id for c in holders}) == len(holders)
        assert not {c.delivery_id for c in holders} & set(delivered)
    assert len(delivered) == len(set(delivered))
