"""How an attempt ends: delivered, later, parked, failed, skipped, or given back. One short transaction each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.catalog.models import DeliveryState
from backend.errors import PermanentFailure, TargetError, TargetParked, Unsupported
from backend.outbox import circuit
from backend.outbox.backoff import delay_seconds
from backend.outbox.claim import Claim, write_held
from backend.outbox.clock import instant
from backend.targets.base import RemoteCopy

_FREE: dict[str, Any] = {"lease_token": None, "lease_until": None, "leased_by": "", "bytes_per_second": None}


@dataclass(frozen=True)
class Ended:
    """The delivery's new state, and whether this failure paused its whole target."""

    state: DeliveryState
    paused_target: bool = False


def delivered(session: Session, claim: Claim, copy: RemoteCopy) -> bool:
    """The copy was read back and equals ours. False: the claim is another worker's now."""
    row, now = circuit.lock_target(session, claim.target), instant(session)
    held = write_held(
        session,
        claim,
        state=DeliveryState.DELIVERED,
        remote_key=copy.key,
        proof=dict(copy.proof),
        resume={},
        bytes_sent=claim.size_bytes,
        error="",
        error_code="",
        verified_at=now,
        updated_at=now,
        **_FREE,
    )
    if held:
        circuit.note_success(session, row, now)
    return held


def ended_badly(
    session: Session, claim: Claim, error: TargetError, required: bool, *, blame_target: bool
) -> Ended | None:
    """Write what `error` means for the delivery, and for its target if that is to blame.

    Returns None when the claim is another worker's now.
    """
    row, now = circuit.lock_target(session, claim.target), instant(session)
    state = _state_after(error, claim, required)
    wait = delay_seconds(claim.attempt, error.retry_after_seconds)
    held = write_held(
        session,
        claim,
        state=state,
        next_attempt_at=now + timedelta(seconds=wait),
        error=error.message,
        error_code=error.code,
        updated_at=now,
        **_FREE,
    )
    if not held:
        return None
    about_this_file = isinstance(error, PermanentFailure | Unsupported)
    counts = blame_target and not about_this_file
    return Ended(state, counts and circuit.note_failure(row, error, now))


def given_back(session: Session, claim: Claim) -> bool:
    """We stopped it ourselves: the next worker goes on where it was, at once, and no attempt is counted."""
    now = instant(session)
    return write_held(
        session,
        claim,
        state=_waiting_as(claim),
        attempts=claim.attempt - 1,
        next_attempt_at=now,
        updated_at=now,
        **_FREE,
    )


def _state_after(error: TargetError, claim: Claim, required: bool) -> DeliveryState:
    if isinstance(error, TargetParked):
        return DeliveryState.PARKED
    if isinstance(error, Unsupported):
        return DeliveryState.FAILED if required else DeliveryState.SKIPPED
    if isinstance(error, PermanentFailure):
        return DeliveryState.FAILED
    return _waiting_as(claim)


def _waiting_as(claim: Claim) -> DeliveryState:
    return DeliveryState.DAMAGED if claim.was_damaged else DeliveryState.PENDING
