"""The ledger's clock: one for all nodes, and what a wrong clock has put off is brought forward."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.catalog.models import Delivery, DeliveryState, TargetRow
from backend.catalog.types import Instant
from backend.outbox.backoff import LONGEST_WISH_SECONDS

LEASE_SECONDS = 30.0
_LEASE = timedelta(seconds=LEASE_SECONDS)
# Nothing is ever put off further than this on purpose.
FARTHEST = timedelta(seconds=LONGEST_WISH_SECONDS + 3600)
_TIMED = (DeliveryState.PENDING, DeliveryState.DAMAGED, DeliveryState.IN_PROGRESS, DeliveryState.DELETING)


def instant(session: Session) -> datetime:
    """Now, by the database's clock where it has one: leases of several nodes must not hang on each node's own."""
    if session.get_bind().dialect.name == "postgresql":
        return session.scalars(select(func.clock_timestamp(type_=Instant()))).one()
    return datetime.now(UTC)


def lease_end(now: datetime) -> datetime:
    return now + _LEASE


def mend(session: Session, targets: Sequence[str], now: datetime) -> None:
    """After a clock was set back: what it had dated into the far future is due again."""
    ours = update(Delivery).where(Delivery.target.in_(targets)).execution_options(synchronize_session=False)
    put_off = ours.where(Delivery.state.in_(_TIMED), Delivery.next_attempt_at > now + FARTHEST)
    session.execute(put_off.values(next_attempt_at=now))
    # A living holder renews its lease every second, so one that is far too long has no living holder.
    held = ours.where(Delivery.state == DeliveryState.IN_PROGRESS, Delivery.lease_until > now + 2 * _LEASE)
    session.execute(held.values(lease_until=now + _LEASE))
    looked_at = ours.where(Delivery.state == DeliveryState.DELIVERED, Delivery.checked_at > now + FARTHEST)
    session.execute(looked_at.values(checked_at=now))
    session.execute(update(TargetRow).where(TargetRow.next_probe_at > now + FARTHEST).values(next_probe_at=now))
