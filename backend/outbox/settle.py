"""How an attempt ends: delivered, later, parked, failed, skipped, or given back. One short transaction each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.catalog.models import DeliveryState
from backend.errors import PermanentFailure, TargetError, TargetParked, TransferCancelled, Unsupported
from backend.outbox import circuit
from backend.outbox.backoff import delay_seconds
from backend.outbox.claim import Claim, write_held
from backend.targets.base import RemoteCopy

_FREE: dict[str, Any] = {"lease_token": None, "lease_until": None, "leased_by": "", "bytes_per_second": None}


def delivered(session: Session, claim: Claim, copy: RemoteCopy) -> bool:
    """The copy was read back and equals ours. False: the claim is another worker's now."""
    now = datetime.now(UTC)
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
        circuit.note_success(session, claim.target, now)
    return held


def ended_badly(
    session: Session, claim: Claim, error: TargetError, required: bool, *, blame_target: bool
) -> DeliveryState | None:
    """Write what `error` means for the delivery, and for its target if that is to blame.

    Returns the new state; None when the claim is another worker's now.
    """
    if isinstance(error, TransferCancelled):
        return given_back(session, claim)
    now = datetime.now(UTC)
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
    if blame_target and not isinstance(error, PermanentFailure | Unsupported):
        circuit.note_failure(session, claim.target, error, now)
    return state


def given_back(session: Session, claim: Claim) -> DeliveryState | None:
    """The worker stops: the delivery waits for the next one and goes on where it was."""
    now = datetime.now(UTC)
    state = DeliveryState.DAMAGED if claim.was_damaged else DeliveryState.PENDING
    held = write_held(session, claim, state=state, next_attempt_at=now, updated_at=now, **_FREE)
    return state if held else None


def _state_after(error: TargetError, claim: Claim, required: bool) -> DeliveryState:
    if isinstance(error, TargetParked):
        return DeliveryState.PARKED
    if isinstance(error, Unsupported):
        return DeliveryState.FAILED if required else DeliveryState.SKIPPED
    if isinstance(error, PermanentFailure):
        return DeliveryState.FAILED
    return DeliveryState.DAMAGED if claim.was_damaged else DeliveryState.PENDING
