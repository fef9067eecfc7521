"""A target that fails for everybody is paused as one, asked slowly, and resumes by itself.

closed  ──5 failures in a row──▶ open ──probe ok──▶ closed
closed  ──needs a person──▶ parked ──probe ok──▶ closed
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.catalog.models import Delivery, DeliveryState, TargetRow
from backend.errors import TargetError, TargetParked
from backend.outbox.backoff import probe_seconds

FAILURES_TO_OPEN = 5


def note_success(session: Session, target: str, now: datetime) -> None:
    """A delivery was verified: the target works."""
    row = _locked(session, target)
    row.failures = 0
    row.probes = 0
    row.last_success_at = now
    if row.circuit != "closed":
        _close(session, row, now)


def note_failure(session: Session, target: str, error: TargetError, now: datetime) -> bool:
    """Count a failure; True when it paused the target just now."""
    row = _locked(session, target)
    row.failures += 1
    row.last_error = error.message
    row.last_error_at = now
    parked = isinstance(error, TargetParked)
    if row.circuit == "parked" or not (parked or row.failures >= FAILURES_TO_OPEN):
        return False
    opened = row.circuit == "closed" or parked
    row.circuit = "parked" if parked else "open"
    row.reason = error.message
    row.next_probe_at = now + timedelta(seconds=probe_seconds(row.probes, error.retry_after_seconds))
    return opened


def claim_probe(session: Session, target: str, now: datetime) -> bool:
    """True for the one worker that should ask the paused target now; the next turn is set further off."""
    row = _locked(session, target)
    if row.circuit == "closed" or row.paused or row.next_probe_at is None or row.next_probe_at > now:
        return False
    row.probes += 1
    row.next_probe_at = now + timedelta(seconds=probe_seconds(row.probes))
    return True


def note_probe(session: Session, target: str, ok: bool, message: str, now: datetime) -> None:
    """The answer of a probe or of an operator's check."""
    row = _locked(session, target)
    if ok:
        if row.circuit != "closed":
            _close(session, row, now)
        return
    row.last_error = message
    row.last_error_at = now
    if row.circuit != "closed":
        row.reason = message


def pause(session: Session, target: str) -> None:
    """An operator's stop: nothing new is started; what moves may finish."""
    _locked(session, target).paused = True


def resume(session: Session, target: str, now: datetime) -> None:
    """An operator's go: also closes the circuit and forgets old probes."""
    row = _locked(session, target)
    row.paused = False
    row.probes = 0
    _close(session, row, now)


def _close(session: Session, row: TargetRow, now: datetime) -> None:
    row.circuit = "closed"
    row.reason = ""
    row.failures = 0
    row.next_probe_at = None
    # What waited only because the target was away goes now, not at the end of its own long backoff.
    held_up = (DeliveryState.PENDING, DeliveryState.PARKED)
    session.execute(
        update(Delivery)
        .where(Delivery.target == row.name, Delivery.state.in_(held_up), Delivery.attempts > 0)
        .values(state=DeliveryState.PENDING, next_attempt_at=now, updated_at=now)
        .execution_options(synchronize_session=False)
    )


def _locked(session: Session, target: str) -> TargetRow:
    row = session.scalar(select(TargetRow).where(TargetRow.name == target).with_for_update())
    if row is None:
        row = TargetRow(name=target, circuit="closed", paused=False, failures=0, probes=0, reason="", last_error="")
        session.add(row)
    return row
