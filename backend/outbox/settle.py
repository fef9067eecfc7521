"""How an attempt ends in the ledger: delivered, later, parked, failed, skipped, or given back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.catalog import events
from backend.catalog.models import LOCAL_FAILURES, DeliveryState, TargetRow
from backend.errors import PastRetention, PermanentFailure, TargetError, TargetParked, TransferCancelled, Unsupported
from backend.events import VIDEO_DELIVERED, VIDEO_REPAIRED
from backend.outbox import circuit
from backend.outbox.backoff import delay_seconds
from backend.outbox.claim import Claim, write_held
from backend.outbox.deliver import Outcome
from backend.targets.base import RemoteCopy

_FREE: dict[str, Any] = {"lease_token": None, "lease_until": None, "leased_by": "", "bytes_per_second": None}


@dataclass(frozen=True)
class Ended:
    """What the ledger says of an attempt now. `state` is None when the claim was another worker's by then."""

    outcome: Outcome
    state: DeliveryState | None
    paused_target: bool = False


def settle(session: Session, row: TargetRow, outcome: Outcome, now: datetime) -> Ended:
    """Write an outcome, and what it says about its target; `row` is the target's, locked."""
    if outcome.copy is not None:
        return _delivered(session, row, outcome, outcome.copy, now)
    assert outcome.error is not None
    if isinstance(outcome.error, TransferCancelled):
        return _given_back(session, outcome, now)
    return _ended_badly(session, row, outcome, outcome.error, now)


def _delivered(session: Session, row: TargetRow, outcome: Outcome, copy: RemoteCopy, now: datetime) -> Ended:
    held = write_held(
        session,
        outcome.claim,
        state=DeliveryState.DELIVERED,
        remote_key=copy.key,
        proof=dict(copy.proof),
        link=copy.link,
        resume={},
        bytes_sent=outcome.claim.size_bytes,
        error="",
        error_code="",
        verified_at=now,
        checked_at=now,
        updated_at=now,
        **_FREE,
    )
    if held:
        _tell(session, outcome.claim, copy)
        circuit.note_success(session, row, now)
    return Ended(outcome, DeliveryState.DELIVERED if held else None)


def _tell(session: Session, claim: Claim, copy: RemoteCopy) -> None:
    name, more = VIDEO_DELIVERED, {}
    if claim.was_damaged:
        name, more = VIDEO_REPAIRED, {"where": claim.target, "how": "sent again"}
    events.append_of(session, name, claim.video_id, target=claim.target, link=copy.link or None, **more)


def _ended_badly(session: Session, row: TargetRow, outcome: Outcome, error: TargetError, now: datetime) -> Ended:
    claim, state = outcome.claim, _state_after(error, outcome.claim, outcome.place.config.required)
    wait = delay_seconds(claim.attempt, error.retry_after_seconds)
    held = write_held(
        session,
        claim,
        state=state,
        next_attempt_at=now + timedelta(seconds=wait),
        error=error.message,
        error_code=_code_of(error),
        updated_at=now,
        **_FREE,
    )
    if not held:
        return Ended(outcome, None)
    return Ended(outcome, state, outcome.blame_target and circuit.note_failure(session, row, error, now))


def _given_back(session: Session, outcome: Outcome, now: datetime) -> Ended:
    """We stopped it ourselves: the next worker goes on where it was, at once, and no attempt is counted."""
    claim, state = outcome.claim, _waiting_as(outcome.claim)
    attempts = claim.attempt - 1
    held = write_held(session, claim, state=state, attempts=attempts, next_attempt_at=now, updated_at=now, **_FREE)
    return Ended(outcome, state if held else None)


def _state_after(error: TargetError, claim: Claim, required: bool) -> DeliveryState:
    if isinstance(error, TargetParked):
        return DeliveryState.PARKED
    if isinstance(error, PastRetention) and claim.was_verified:
        # It was there. When its time is over, nothing could be mended; before that, part of it may be there still.
        return DeliveryState.DELETED if error.has_ended else DeliveryState.FAILED
    if isinstance(error, Unsupported):
        return DeliveryState.FAILED if required else DeliveryState.SKIPPED
    if isinstance(error, PermanentFailure):
        return DeliveryState.FAILED
    return _waiting_as(claim)


def _code_of(error: TargetError) -> str:
    """The reason, when it was our own file that failed: nobody then blames the target."""
    reason = str(error.detail.get("reason", ""))
    return reason if reason in LOCAL_FAILURES else error.code


def _waiting_as(claim: Claim) -> DeliveryState:
    return DeliveryState.DAMAGED if claim.was_damaged else DeliveryState.PENDING
