"""What each ending of an attempt means for the delivery and for its target."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.catalog.models import DeliveryState
from backend.errors import (
    PermanentFailure,
    TargetError,
    TargetParked,
    TransferCancelled,
    TransientFailure,
    Unsupported,
)
from backend.outbox.circuit import lock_target
from backend.outbox.claim import Claim, claim
from backend.outbox.deliver import Outcome
from backend.outbox.settle import Ended, settle
from backend.targets.base import RemoteCopy
from tests.services.ledger import Ledger, MemoryTarget, place

S = DeliveryState


def take(ledger: Ledger, at: datetime | None = None) -> Claim:
    with ledger.database.write() as session:
        return claim(session, lock_target(session, "memory"), "w", 9, at or datetime.now(UTC))[0]


def end(ledger: Ledger, taken: Claim, required: bool = True, **how: Any) -> Ended:
    there = place(MemoryTarget(), required=required)
    with ledger.database.write() as session:
        row = lock_target(session, "memory")
        return settle(session, row, Outcome(there, taken, **{"blame_target": True, **how}), datetime.now(UTC))


@pytest.mark.parametrize(
    ("error", "required", "state"),
    [
        (TransientFailure("busy"), True, S.PENDING),
        (TargetParked("revoked"), True, S.PARKED),
        (PermanentFailure("too long a name"), True, S.FAILED),
        (Unsupported("too large"), True, S.FAILED),
        (Unsupported("too large"), False, S.SKIPPED),
    ],
)
def test_each_kind_of_failure_has_its_state_and_its_words(
    ledger: Ledger, error: TargetError, required: bool, state: str
) -> None:
    video_id = ledger.add()
    assert end(ledger, take(ledger), required, error=error).state == state
    row = ledger.delivery(video_id)
    assert (row.state, row.error, row.error_code) == (state, error.message, error.code)
    assert (row.lease_token, row.lease_until, row.leased_by, row.bytes_per_second) == (None, None, "", None)
    assert (row.attempts, row.verified_at) == (1, None)


def test_a_verified_copy_is_delivered_and_old_errors_are_forgotten(ledger: Ledger) -> None:
    video_id = ledger.add()
    end(ledger, take(ledger), error=TransientFailure("busy"))
    taken = take(ledger, datetime.now(UTC) + timedelta(minutes=1))
    assert end(ledger, taken, copy=RemoteCopy("p/key", {"etag": "e"})).state == S.DELIVERED
    row = ledger.delivery(video_id)
    assert (row.state, row.remote_key, row.proof, row.error, row.resume) == (
        "delivered",
        "p/key",
        {"etag": "e"},
        "",
        {},
    )
    assert row.bytes_sent == taken.size_bytes
    assert row.verified_at is not None
    assert ledger.target_row().last_success_at is not None


def test_failures_wait_longer_each_time_and_at_least_as_long_as_the_remote_asks(ledger: Ledger) -> None:
    video_id, at = ledger.add(), datetime.now(UTC)
    for attempt in range(1, 4):
        end(ledger, take(ledger, at), error=TransientFailure("busy"), blame_target=False)
        row = ledger.delivery(video_id)
        wait = (row.next_attempt_at - datetime.now(UTC)).total_seconds()
        assert 2 ** (attempt - 1) - 1 < wait <= 2**attempt
        at = row.next_attempt_at
    end(ledger, take(ledger, at), error=TransientFailure("slow down", retry_after_seconds=600))
    wait = (ledger.delivery(video_id).next_attempt_at - datetime.now(UTC)).total_seconds()
    assert 590 < wait <= 600


def test_what_we_stopped_ourselves_goes_on_at_once_and_was_no_attempt(ledger: Ledger) -> None:
    video_id = ledger.add()
    for _ in range(30):
        assert end(ledger, take(ledger), error=TransferCancelled("the worker stops")).state == S.PENDING
    row = ledger.delivery(video_id)
    assert (row.attempts, row.error) == (0, "")
    assert row.next_attempt_at <= datetime.now(UTC)
    assert ledger.target_row().failures == 0


def test_resume_state_survives_every_end_but_success(ledger: Ledger) -> None:
    for error in (TransientFailure("cut"), TargetParked("full"), TransferCancelled("stop")):
        video_id = ledger.add()
        taken = take(ledger)
        ledger.set(video_id, resume={"upload_id": "u"})
        end(ledger, taken, error=error)
        assert ledger.delivery(video_id).resume == {"upload_id": "u"}
        ledger.set(video_id, state=S.FAILED)
        ledger.set_target(circuit="closed")


def test_a_damaged_copy_stays_one_until_it_is_repaired(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state=S.DAMAGED)
    for error in (TransientFailure("busy"), TransferCancelled("stop")):
        taken = take(ledger, datetime.now(UTC) + timedelta(minutes=1))
        assert end(ledger, taken, error=error).state == S.DAMAGED
    taken = take(ledger, datetime.now(UTC) + timedelta(minutes=1))
    assert end(ledger, taken, copy=RemoteCopy("p/key")).state == S.DELIVERED


@pytest.mark.parametrize(
    "how", [{"copy": RemoteCopy("k")}, {"error": TargetParked("x")}, {"error": TransferCancelled("x")}]
)
def test_whoever_lost_the_claim_changes_nothing_at_all(ledger: Ledger, how: dict[str, Any]) -> None:
    video_id = ledger.add()
    taken = take(ledger)
    ledger.set(video_id, lease_token="another worker's")
    before = (ledger.delivery(video_id).updated_at, ledger.target_row().failures)
    assert end(ledger, taken, **how).state is None
    row = ledger.delivery(video_id)
    assert (row.state, row.lease_token, row.updated_at) == ("in_progress", "another worker's", before[0])
    assert (ledger.target_row().failures, ledger.target_row().circuit) == (before[1], "closed")


def test_only_failures_of_the_target_count_against_it(ledger: Ledger) -> None:
    for number in range(12):
        ledger.add(b"\0\0\0\x18ftypmp42" + bytes([number]))
        error = PermanentFailure("bad") if number % 2 else TransientFailure("our disk")
        end(ledger, take(ledger), error=error, blame_target=False)
    assert (ledger.target_row().failures, ledger.target_row().circuit) == (0, "closed")


def test_it_is_told_once_that_a_target_was_paused(ledger: Ledger) -> None:
    ledger.add_different(7)
    taken = [take(ledger) for _ in range(7)]
    told = [end(ledger, one, error=TransientFailure("away")).paused_target for one in taken]
    assert told == [False] * 4 + [True] + [False] * 2
