"""The pause of a whole target: who causes it, how it is asked, and what its end sets free."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from backend.catalog.models import DeliveryState, TargetRow
from backend.errors import TargetError, TargetParked, TransientFailure
from backend.outbox import circuit
from backend.targets.base import CheckReport
from tests.services.ledger import Ledger

# Later than whatever a test adds: on any day, not only on the day when this was written.
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
AWAY = TransientFailure("does not answer")
NEEDS_YOU = TargetParked("the key was revoked")


@contextmanager
def locked(ledger: Ledger, name: str = "memory") -> Iterator[tuple[Session, TargetRow]]:
    with ledger.database.write() as session:
        yield session, circuit.lock_target(session, name)


def fail(ledger: Ledger, times: int, error: TargetError = AWAY, now: datetime = NOW) -> list[bool]:
    with locked(ledger) as (session, row):
        return [circuit.note_failure(session, row, error, now) for _ in range(times)]


def probe(ledger: Ledger, ok: bool, at: datetime, wish_seconds: float | None = None) -> bool:
    """One turn of the probe, if it is due at that time."""
    with locked(ledger) as (session, row):
        due = circuit.claim_probe(row, at)
        if due:
            circuit.note_probe(session, row, CheckReport(ok, "what it said", {}, wish_seconds), at)
        return due


def test_five_failures_in_a_row_pause_a_target_and_four_do_not(ledger: Ledger) -> None:
    assert fail(ledger, 4) == [False] * 4
    assert ledger.target_row().circuit == "closed"
    assert fail(ledger, 1) == [True]
    assert (ledger.target_row().circuit, ledger.target_row().reason) == ("open", "does not answer")


def test_a_success_in_between_starts_the_count_again(ledger: Ledger) -> None:
    for _ in range(5):
        assert fail(ledger, 4) == [False] * 4
        with locked(ledger) as (session, row):
            circuit.note_success(session, row, NOW)
    assert ledger.target_row().circuit == "closed"


def test_a_target_that_needs_a_person_is_parked_by_the_first_failure(ledger: Ledger) -> None:
    assert fail(ledger, 1, NEEDS_YOU) == [True]
    row = ledger.target_row()
    assert (row.circuit, row.reason) == ("parked", "the key was revoked")


def test_a_paused_target_that_turns_out_to_need_a_person_is_parked(ledger: Ledger) -> None:
    fail(ledger, 5)
    assert fail(ledger, 2, NEEDS_YOU) == [True, False]
    assert ledger.target_row().circuit == "parked"
    assert fail(ledger, 9, AWAY) == [False] * 9, "trouble on the way does not undo that"
    assert ledger.target_row().circuit == "parked"


def test_a_target_that_wants_to_be_left_alone_is_asked_no_sooner_than_it_said(ledger: Ledger) -> None:
    fail(ledger, 1, TargetParked("the quota is used up", retry_after_seconds=900))
    at = NOW + timedelta(seconds=900)
    assert not probe(ledger, False, at - timedelta(seconds=1))
    assert probe(ledger, False, at, wish_seconds=900)
    assert not probe(ledger, False, at + timedelta(seconds=899))
    assert probe(ledger, True, at + timedelta(seconds=900))
    assert ledger.target_row().circuit == "closed"


def test_failures_that_come_late_do_not_put_the_next_probe_off(ledger: Ledger) -> None:
    fail(ledger, 5)
    fail(ledger, 3, now=NOW + timedelta(seconds=50))
    assert ledger.target_row().next_probe_at == NOW


def test_the_first_probe_comes_at_once_and_the_next_ones_ever_more_slowly(ledger: Ledger) -> None:
    fail(ledger, 5)
    at, waits = NOW, []
    for _ in range(14):
        assert probe(ledger, ok=False, at=at)
        due = ledger.target_row().next_probe_at
        assert due is not None
        waits.append((due - at).total_seconds())
        assert not probe(ledger, ok=True, at=due - timedelta(milliseconds=1)), "not before its turn"
        at = due
    assert 1 <= waits[0] <= 2
    assert waits[4] > waits[0] * 4
    assert all(150 <= wait <= 300 for wait in waits[-3:])


def test_a_retry_after_holds_the_first_probe_back(ledger: Ledger) -> None:
    fail(ledger, 5, TransientFailure("slow down", retry_after_seconds=120))
    assert not probe(ledger, ok=True, at=NOW + timedelta(seconds=119))
    assert probe(ledger, ok=True, at=NOW + timedelta(seconds=120))


@pytest.mark.parametrize("error", [AWAY, NEEDS_YOU])
def test_a_good_probe_ends_the_pause_and_sets_free_what_waited(ledger: Ledger, error: TargetError) -> None:
    late, parked, new = ledger.add_different(3)
    far = NOW + timedelta(minutes=14)
    ledger.set(late, attempts=9, next_attempt_at=far)
    ledger.set(parked, attempts=1, next_attempt_at=far, state=DeliveryState.PARKED)
    fail(ledger, 5, error)
    probe(ledger, ok=False, at=NOW)
    after = NOW + timedelta(minutes=1)
    assert probe(ledger, ok=True, at=after)
    assert (ledger.target_row().circuit, ledger.target_row().reason) == ("closed", "")
    assert [ledger.delivery(v).next_attempt_at for v in (late, parked)] == [after, after]
    assert ledger.states() == ["pending"] * 3
    assert ledger.delivery(new).next_attempt_at < after


def test_a_target_that_passes_its_first_probe_gives_a_file_that_always_fails_no_turn_before_the_others(
    ledger: Ledger,
) -> None:
    poisonous, parked = ledger.add_different(2)
    far = NOW + timedelta(minutes=14)
    ledger.set(poisonous, attempts=9, next_attempt_at=far)
    ledger.set(parked, attempts=1, next_attempt_at=far, state=DeliveryState.PARKED)
    fail(ledger, 5)
    assert probe(ledger, ok=True, at=NOW)
    assert ledger.target_row().circuit == "closed"
    assert ledger.delivery(poisonous).next_attempt_at == far
    assert (ledger.delivery(parked).state, ledger.delivery(parked).next_attempt_at) == ("pending", far)


def test_a_delivery_that_succeeds_while_its_target_is_paused_ends_the_pause(ledger: Ledger) -> None:
    fail(ledger, 5)
    with locked(ledger) as (session, row):
        circuit.note_success(session, row, NOW)
    assert ledger.target_row().circuit == "closed"
    assert ledger.target_row().last_success_at == NOW


def test_an_operators_pause_is_not_probed_away(ledger: Ledger) -> None:
    fail(ledger, 5)
    with locked(ledger) as (_, row):
        row.paused = True
    assert not probe(ledger, ok=True, at=NOW + timedelta(hours=1))
    assert ledger.target_row().paused


def test_an_operators_go_ends_both_pauses_and_everything_goes_now(ledger: Ledger) -> None:
    video_id = ledger.add()
    ledger.set(video_id, attempts=9, next_attempt_at=NOW + timedelta(minutes=14))
    fail(ledger, 1, NEEDS_YOU)
    with locked(ledger) as (session, row):
        row.paused = True
        circuit.resume(session, row, NOW)
    row = ledger.target_row()
    assert (row.paused, row.circuit, row.failures, row.probes) == (False, "closed", 0, 0)
    assert ledger.delivery(video_id).next_attempt_at == NOW


def test_other_targets_go_on(ledger: Ledger) -> None:
    with locked(ledger, "other") as (session, row):
        for _ in range(5):
            circuit.note_failure(session, row, AWAY, NOW)
    with locked(ledger) as (_, row):
        assert row.circuit == "closed"


def test_workers_that_start_together_make_one_row_of_a_new_target(ledger: Ledger) -> None:
    def greet(_: int) -> None:
        with ledger.database.write() as session:
            for name in ("a", "b", "c"):
                circuit.lock_target(session, name)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(greet, range(16)))
    with ledger.database.read() as session:
        assert {"a", "b", "c"} <= {row.name for row in session.query(TargetRow)}


def test_one_probe_is_made_however_many_workers_want_it(ledger: Ledger) -> None:
    fail(ledger, 5)

    def want(_: int) -> bool:
        with locked(ledger) as (_session, row):
            return circuit.claim_probe(row, NOW)

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(want, range(16))) == 1
