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

from backend.catalog import events
from backend.catalog.models import Delivery, DeliveryState, TargetRow
from backend.errors import TargetError, TargetParked
from backend.events import TARGET_PARKED, TARGET_RESUMED
from backend.outbox.backoff import probe_seconds, wish_seconds
from backend.targets.base import CheckReport

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


def note_failure(session: Session, row: TargetRow, error: TargetError, now: datetime) -> bool:
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
    _tell_parked(session, row)
    return True


def claim_probe(row: TargetRow, now: datetime) -> bool:
    """True for the one worker that should ask the paused target now; the next turn is set further off."""
    if row.circuit == "closed" or row.paused or row.next_probe_at is None or row.next_probe_at > now:
        return False
    row.probes += 1
    row.next_probe_at = now + timedelta(seconds=probe_seconds(row.probes))
    return True


def note_probe(session: Session, row: TargetRow, report: CheckReport, now: datetime, *, by_hand: bool = False) -> None:
    """The answer of a probe, or (`by_hand`) of an operator's check: who mended it wants to see what waits go now."""
    if report.ok:
        if row.circuit != "closed":
            row.probes = max(row.probes, 2) if by_hand else row.probes
            close(session, row, now)
        return
    row.last_error = report.message
    row.last_error_at = now
    if by_hand and row.circuit == "closed":
        # Somebody has just seen that it does not work: it must not be shown as well until a video has failed there.
        row.circuit = "parked" if report.needs_person else "open"
        row.next_probe_at = now + timedelta(seconds=probe_seconds(1))
        row.reason = report.message
        _tell_parked(session, row)
    if row.circuit != "closed":
        row.reason = report.message
        # A used-up quota lasts for hours; each probe writes there.
        asked_for = now + timedelta(seconds=wish_seconds(report.retry_after_seconds))
        row.next_probe_at = max(row.next_probe_at or now, asked_for)


def ask_soon(row: TargetRow, now: datetime) -> None:
    """Somebody changed something: a paused target is asked at once, not at the end of its long pause."""
    if row.circuit != "closed":
        row.next_probe_at = now


def pause(session: Session, row: TargetRow) -> None:
    """An operator's stop."""
    if not row.paused:
        row.paused = True
        _tell_parked(session, row)


def resume(session: Session, row: TargetRow, now: datetime) -> None:
    """An operator's go: ends both kinds of pause, and all that waits goes now."""
    was_paused, row.paused = row.paused, False
    row.probes = max(row.probes, 2)
    if was_paused and row.circuit == "closed":
        events.append(session, TARGET_RESUMED, target=row.name)
    close(session, row, now)


def close(session: Session, row: TargetRow, now: datetime) -> None:
    """End the pause. What waited only because the target was away goes now, not at the end of its own long backoff.

    A target that passed its very first probe was never away: then each file keeps its own turn, or one that
    always fails would come first again and again.
    """
    was_away = row.probes > 1
    if row.circuit != "closed" and not row.paused:
        events.append(session, TARGET_RESUMED, target=row.name)
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


def _tell_parked(session: Session, row: TargetRow) -> None:
    """Nothing is sent there for now, for whichever reason: in the words of `GET /api/targets`."""
    state = "paused" if row.paused else {"open": "degraded", "parked": "parked"}[row.circuit]
    events.append(session, TARGET_PARKED, target=row.name, state=state, reason=row.reason)
