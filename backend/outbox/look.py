"""Claiming verified copies for another look: which are due, one looker each, and what a look writes."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.catalog.models import Delivery, DeliveryState, TargetRow, Video
from backend.catalog.videos import GONE
from backend.outbox.clock import FARTHEST, LEASE_SECONDS, lease_end
from backend.targets.base import Expected, RemoteCopy

_LONGEST_LEASE = timedelta(seconds=2 * LEASE_SECONDS)
_NOTHING_HELD: dict[str, Any] = {"lease_token": None, "lease_until": None, "leased_by": ""}


@dataclass(frozen=True)
class Look:
    """One copy in one looker's hands. A look that dies with its worker is over when its lease runs out."""

    delivery_id: int
    token: str
    video: Video
    target: str
    expected: Expected
    copy: RemoteCopy


@dataclass(frozen=True)
class Round:
    """Which copies of a target are meant: those not looked at since `before`. `due`: not those put off for later."""

    target: str
    before: datetime
    due: bool = True


def copies_of(session: Session, meant: Round, now: datetime, most: int | None = None) -> Sequence[int]:
    """Ids of the deliveries to look at, those first that were not looked at for longest. Locks nothing."""
    query = (
        select(Delivery.id)
        .join(Video, Video.id == Delivery.video_id)
        .where(Delivery.target == meant.target, *_of(meant, now), _free(now))
        .where(Video.trashed_at.is_(None), Video.local_state.not_in(GONE))
        .order_by(Delivery.checked_at)
        .limit(most)
    )
    return session.scalars(query).all()


def count_verified(session: Session, target: str) -> int:
    found = select(func.count()).where(
        Delivery.target == target, Delivery.state == DeliveryState.DELIVERED, Delivery.checked_at.is_not(None)
    )
    return session.scalar(found) or 0


def why_left_alone(session: Session, target: str) -> str:
    """Why a target is not asked at the moment, in words; "" when it is."""
    row = session.get(TargetRow, target)
    if row is None or (row.circuit == "closed" and not row.paused):
        return ""
    if row.paused:
        return "it is paused by an operator."
    return f"it takes nothing at the moment: {row.reason}"


def take(session: Session, delivery_id: int, meant: Round, worker: str, now: datetime) -> Look | None:
    """Claim one copy; None when somebody else has it, or has looked at it, or when it is none any more."""
    token = str(uuid.uuid4())
    free = update(Delivery).where(Delivery.id == delivery_id, *_of(meant, now), _free(now))
    claimed = free.values(lease_token=token, lease_until=lease_end(now), leased_by=worker)
    returned = claimed.returning(Delivery.id).execution_options(synchronize_session=False)
    if session.scalar(returned) is None:
        return None
    delivery = session.get_one(Delivery, delivery_id)
    video = session.get_one(Video, delivery.video_id)
    if video.trashed_at is not None or video.local_state in GONE:
        let_go(session, token, delivery_id)
        return None
    expected = Expected(video.size_bytes, video.sha256)
    copy = RemoteCopy(delivery.remote_key, delivery.proof, delivery.link)
    return Look(delivery_id, token, video, delivery.target, expected, copy)


def keep(session: Session, looks: Sequence[Look], now: datetime) -> None:
    """Renew the leases of looks that take long, such as those that read a large copy back."""
    tokens = [look.token for look in looks]
    held = update(Delivery).where(Delivery.lease_token.in_(tokens), Delivery.id.in_([k.delivery_id for k in looks]))
    still = held.where(Delivery.state == DeliveryState.DELIVERED).values(lease_until=lease_end(now))
    session.execute(still.execution_options(synchronize_session=False))


def found_right(session: Session, look: Look, now: datetime) -> bool:
    """The latest proof is what is shown; the sidecar is not told, as a rebuild only means one more look."""
    return let_go(session, look.token, look.delivery_id, checked_at=now, verified_at=now)


def put_off(session: Session, look: Look, until: datetime) -> bool:
    """It could not be asked: that says nothing about the copy."""
    return let_go(session, look.token, look.delivery_id, next_attempt_at=until)


def let_go(session: Session, token: str, delivery_id: int, **values: Any) -> bool:
    """Write the claimed row and free it; False when the lease was another's by then."""
    held = update(Delivery).where(
        Delivery.id == delivery_id, Delivery.lease_token == token, Delivery.state == DeliveryState.DELIVERED
    )
    returned = held.values(**_NOTHING_HELD, **values).returning(Delivery.id)
    return session.scalar(returned.execution_options(synchronize_session=False)) is not None


def _of(meant: Round, now: datetime) -> list[ColumnElement[bool]]:
    found = [Delivery.state == DeliveryState.DELIVERED, Delivery.checked_at <= meant.before]
    if meant.due:
        found.append(_over(Delivery.next_attempt_at, now, FARTHEST))
    return found


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(Delivery.lease_until.is_(None), _over(Delivery.lease_until, now, _LONGEST_LEASE))


def _over(column: InstrumentedAttribute[Any], now: datetime, longest: timedelta) -> ColumnElement[bool]:
    """In the past, or further ahead than anybody puts it: then a clock was wrong."""
    return or_(column <= now, column > now + longest)
