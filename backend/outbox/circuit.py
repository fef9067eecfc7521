"""A target that fails for everybody is paused as one, asked slowly, and resumes by itself.

closed ──5 failures in a row──▶ open   ──probe ok──▶ closed
closed ──needs a person───────▶ parked ──probe ok──▶ closed

The first probe follows at once and tells whose fault it is: when the target passes it, some file is to blame,
and the pause is over before anybody else noticed. Each function wants the target's row locked (`lock_target`).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from backend.catalog.models import Delivery, DeliveryState, TargetRow
from backend.errors import TargetError, TargetParked
from backend.outbox.backoff import probe_seconds, wish_seconds

FAILURES_TO_OPEN = 5


def lock_target(session: Session, target: str) -> TargetRow:
    """The target's row, made when missing, locked until the transaction ends.

    Whoever also writes deliveries takes this lock first: one order for all, so that none waits in a circle.
    """
    locked = select(TargetRow).where(TargetRow.name == target).with_for_update()
    row = session.scalar(locked)
    if row is None:
        # Another worker may be making it at this moment.
        with suppress(IntegrityError), session.begin_nested():
            session.add(TargetRow(name=target))
        row = session.scalars(locked).one()
    return row


def note_success(session: Session, row: TargetRow, now: datetime) -> None:
    """A delivery was verified: the target works."""
    row.failures = 0
    row.last_success_at = now
    if row.circuit != "closed":
        close(session, row, now)


def note_failure(row: TargetRow, error: TargetError, now: datetime) -> bool:
    """Count a failure that is the target's; True when it paused the target just now."""
    row.failures += 1
    row.last_error = error.message
    row.last_error_at = now
    kind = "parked" if isinstance(error, TargetParked) else "open"
    if row.circuit in (kind, "parked") or (kind == "open" and row.failures < FAILURES_TO_OPEN):
        return False
    row.circuit = kind
    row.reason = error.message
    row.next_probe_at = now + timedelta(seconds=wish_seconds(error.retry_after_seconds))
    return True


def claim_probe(row: TargetRow, now: datetime) -> bool:
    """True for the one worker that should ask the paused target now; the next turn is set further off."""
    if row.circuit == "closed" or row.paused or row.next_probe_at is None or row.next_probe_at > now:
        return False
    row.probes += 1
    row.next_probe_at = now + timedelta(seconds=probe_seconds(row.probes))
    return True


def note_probe(session: Session, row: TargetRow, ok: bool, message: str, now: datetime) -> None:
    """The answer of a probe or of an operator's check."""
    if ok:
        if row.circuit != "closed":
            close(session, row, now)
        return
    row.last_error = message
    row.last_error_at = now
    if row.circuit != "closed":
        row.reason = message


def ask_soon(row: TargetRow, now: datetime) -> None:
    """Somebody changed something: a paused target is asked at once, not at the end of its long pause."""
    if row.circuit != "closed":
        row.next_probe_at = now


def resume(session: Session, row: TargetRow, now: datetime) -> None:
    """An operator's go: ends both kinds of pause, and all that waits goes now."""
    row.paused = False
    row.probes = max(row.probes, 2)
    close(session, row, now)


def close(session: Session, row: TargetRow, now: datetime) -> None:
    """End the pause. What waited only because the target was away goes now, not at the end of its own long backoff.

    A target that passed its very first probe was never away: then each file keeps its own turn, or one that
    always fails would come first again and again.
    """
    was_away = row.probes > 1
    row.circuit = "closed"
    row.reason = ""
    row.failures = 0
    row.probes = 0
    row.next_probe_at = None
    waiting = update(Delivery).where(Delivery.target == row.name).execution_options(synchronize_session=False)
    parked = waiting.where(Delivery.state == DeliveryState.PARKED)
    session.execute(parked.values(state=DeliveryState.PENDING, updated_at=now))
    if was_away:
        late = waiting.where(Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DAMAGED)))
        late = late.where(Delivery.next_attempt_at > now)
        session.execute(late.values(next_attempt_at=now, updated_at=now))
