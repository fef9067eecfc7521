"""Times in the ledger: one clock for all workers, and a clock that was wrong for a while holds nothing up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog.models import DeliveryState
from backend.outbox import circuit, clock
from backend.outbox.circuit import lock_target
from backend.outbox.claim import claim
from backend.outbox.clock import LEASE_SECONDS
from tests.services.ledger import Ledger

TEN_YEARS = timedelta(days=3652)


def mend(ledger: Ledger) -> datetime:
    with ledger.database.write() as session:
        now = clock.instant(session)
        clock.mend(session, ["memory"], now)
        return now


def claimed(ledger: Ledger, at: datetime) -> list[str]:
    with ledger.database.write() as session:
        return [c.video_id for c in claim(session, lock_target(session, "memory"), "w", 9, at, 9)]


def test_now_is_an_aware_instant(ledger: Ledger) -> None:
    with ledger.database.read() as session:
        now = clock.instant(session)
        assert clock.instant(session) > now, "it goes on within a transaction"
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60


@pytest.mark.parametrize("state", [DeliveryState.PENDING, DeliveryState.DAMAGED])
def test_what_was_dated_ten_years_ahead_goes_once_the_clock_is_right(ledger: Ledger, state: str) -> None:
    video_id = ledger.add()
    ledger.set(video_id, state=state, next_attempt_at=datetime.now(UTC) + TEN_YEARS)
    assert claimed(ledger, mend(ledger)) == [video_id]


def test_what_was_claimed_ten_years_ahead_is_taken_over(ledger: Ledger) -> None:
    video_id = ledger.add()
    assert claimed(ledger, datetime.now(UTC)) == [video_id]
    ahead = datetime.now(UTC) + TEN_YEARS
    ledger.set(video_id, lease_until=ahead, next_attempt_at=ahead)
    now = mend(ledger)
    assert claimed(ledger, now) == [], "a living holder gets the time to renew it"
    assert claimed(ledger, now + timedelta(seconds=LEASE_SECONDS + 1)) == [video_id]


def test_a_probe_that_was_set_ten_years_ahead_is_made(ledger: Ledger) -> None:
    claimed(ledger, datetime.now(UTC))
    ledger.set_target(circuit="open", next_probe_at=datetime.now(UTC) + TEN_YEARS)
    now = mend(ledger)
    with ledger.database.write() as session:
        assert circuit.claim_probe(lock_target(session, "memory"), now)


def test_what_waits_as_it_should_is_left_alone(ledger: Ledger) -> None:
    video_id = ledger.add()
    far = datetime.now(UTC) + timedelta(hours=24)
    ledger.set(video_id, next_attempt_at=far)
    mend(ledger)
    assert ledger.delivery(video_id).next_attempt_at == far


def test_a_clock_that_jumps_ahead_makes_nobody_send_twice(ledger: Ledger) -> None:
    """Another worker takes over, and the first one can write nothing more: see test_claim."""
    ledger.add()
    assert len(claimed(ledger, datetime.now(UTC))) == 1
    assert len(claimed(ledger, datetime.now(UTC) + TEN_YEARS)) == 1
