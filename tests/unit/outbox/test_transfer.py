"""A running delivery: its progress, its lease, its bandwidth, and the word to stop."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import TransferCancelled
from backend.outbox.circuit import lock_target
from backend.outbox.claim import Claim, claim
from backend.outbox.clock import LEASE_SECONDS
from backend.outbox.transfer import LedgerTransfer, Throttle, held_from_now, renew
from tests.services.ledger import Ledger
from tests.services.waiting import wait_until

MIB = 1024 * 1024
GIB = 1024 * MIB


def take(ledger: Ledger, at: datetime | None = None) -> Claim:
    with ledger.database.write() as session:
        return claim(session, lock_target(session, "memory"), "w", 9, at or datetime.now(UTC))[0]


def begin(ledger: Ledger, taken: Claim | None = None, limit: float | None = None, **changes: Any) -> LedgerTransfer:
    parts = {"throttle": Throttle(limit), "held_until": held_from_now(), **changes}
    return LedgerTransfer(taken or take(ledger), ledger.database, ledger.services.layout, **parts)


def test_the_heartbeat_renews_the_lease_and_shows_the_progress(ledger: Ledger) -> None:
    video_id = ledger.add()
    transfer = begin(ledger)
    ledger.set(video_id, lease_until=datetime.now(UTC) + timedelta(seconds=1))
    transfer.advance(0)
    renew(ledger.database, [transfer])
    transfer.advance(1000)
    renew(ledger.database, [transfer])
    row = ledger.delivery(video_id)
    assert row.lease_until is not None
    assert (row.lease_until - datetime.now(UTC)).total_seconds() > LEASE_SECONDS - 5
    assert row.bytes_sent == 1000
    assert row.bytes_per_second is not None
    assert row.bytes_per_second > 0


def test_all_transfers_of_a_worker_are_renewed_together_and_one_that_was_lost_stops_alone(ledger: Ledger) -> None:
    ledger.add_different(3)
    transfers = [begin(ledger) for _ in range(3)]
    ledger.set(transfers[1].claim.video_id, lease_token="another worker's")
    renew(ledger.database, transfers)
    transfers[0].advance(1)
    transfers[2].advance(1)
    with pytest.raises(TransferCancelled, match="another worker"):
        transfers[1].advance(1)
    assert ledger.delivery(transfers[1].claim.video_id).lease_token == "another worker's"


def test_a_worker_that_was_frozen_for_longer_than_its_lease_sends_nothing_more(ledger: Ledger) -> None:
    ledger.add()
    transfer = begin(ledger, held_until=time.monotonic() - 0.001)
    with pytest.raises(TransferCancelled, match="could not be renewed"):
        transfer.advance(1)
    with pytest.raises(TransferCancelled):
        transfer.save_resume({"late": True})


def test_what_a_resumed_upload_already_holds_costs_neither_time_nor_speed(ledger: Ledger) -> None:
    ledger.add()
    transfer = begin(ledger, limit=1)
    transfer.advance(10 * GIB)
    transfer.measure()
    transfer.measure()
    assert transfer.done_bytes == 10 * GIB
    assert transfer.rate == 0


def test_a_copy_that_was_found_wrong_is_sent_again_from_nothing(ledger: Ledger) -> None:
    ledger.add()
    transfer = begin(ledger, limit=1000)
    for done in (10 * GIB, 10 * GIB, 0, MIB):
        transfer.advance(done)
    assert transfer.done_bytes == MIB


def test_the_speed_is_that_of_the_last_seconds(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.add()
    transfer = begin(ledger)
    clock = [transfer.held_until - LEASE_SECONDS]
    monkeypatch.setattr("backend.outbox.transfer.time.monotonic", lambda: clock[0])
    transfer.advance(0)
    for second in range(1, 20):
        transfer.measure()
        clock[0] += 1
        transfer.advance(second * 5 * MIB)
    transfer.measure()
    assert transfer.rate == pytest.approx(5 * MIB, rel=0.01)


@given(st.lists(st.integers(0, 50 * MIB), min_size=1, max_size=30), st.floats(0.5, 500))
def test_a_throttle_never_lets_more_through_than_its_limit(sizes: list[int], limit: float) -> None:
    throttle, started = Throttle(limit), time.monotonic()
    wait = 0.0
    for size in sizes:
        wait = max(wait, throttle.turn(size))
    needed = sum(sizes) / (limit * MIB)
    assert time.monotonic() - started + wait >= needed - 1e-6


def test_a_target_without_a_limit_never_waits() -> None:
    assert Throttle(None).turn(10 * GIB) == 0


def test_a_transfer_that_waits_for_bandwidth_stops_at_once(ledger: Ledger) -> None:
    ledger.add()
    transfer = begin(ledger, limit=0.01)
    transfer.advance(0)
    ended = threading.Event()

    def send() -> None:
        with pytest.raises(TransferCancelled, match="the worker stops"):
            transfer.advance(GIB)
        ended.set()

    thread = threading.Thread(target=send)
    thread.start()
    wait_until(lambda: transfer.done_bytes == GIB, "the transfer to wait")
    transfer.stop("the worker stops")
    thread.join(5)
    assert ended.is_set()


def test_resume_state_is_beside_the_video_too_so_that_a_rebuild_makes_no_second_object(ledger: Ledger) -> None:
    video_id = ledger.add()
    transfer = begin(ledger)
    transfer.save_resume({"upload_id": "u1"})
    assert ledger.delivery(video_id).resume == {"upload_id": "u1"}
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    row = ledger.delivery(video_id)
    assert (row.state, row.resume, row.remote_key) == ("pending", {"upload_id": "u1"}, transfer.claim.remote_key)


def test_resume_state_of_a_lost_claim_is_stored_nowhere(ledger: Ledger) -> None:
    video_id = ledger.add()
    first = begin(ledger)
    second = begin(ledger, take(ledger, datetime.now(UTC) + timedelta(seconds=LEASE_SECONDS + 1)))
    second.save_resume({"upload_id": "second"})
    with pytest.raises(TransferCancelled, match="another worker"):
        first.save_resume({"upload_id": "first"})
    assert ledger.delivery(video_id).resume == {"upload_id": "second"}
    assert ledger.delivery_in_sidecar(video_id).resume == {"upload_id": "second"}


def test_a_missing_sidecar_stops_no_delivery(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.services.layout.sidecar_of(ledger.video(video_id).relative_path).unlink()
    begin(ledger).save_resume({"upload_id": "u1"})
    assert ledger.delivery(video_id).resume == {"upload_id": "u1"}
