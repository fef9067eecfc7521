"""A verified copy in one's hands while its target is asked about it: the lease lasts as long as that takes."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState
from backend.outbox import look
from backend.outbox.clock import LEASE_SECONDS, instant, lease_end
from backend.targets.base import RemoteCopy

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Taken:
    """One copy as it was when it was taken. Who dies with it is found out when its lease runs out."""

    delivery_id: int
    token: str
    copy: RemoteCopy


@dataclass(frozen=True)
class Hands:
    """`beat_seconds`: how often the lease is renewed while the target is asked."""

    database: Database
    beat_seconds: float = LEASE_SECONDS / 3

    def take(self, delivery_id: int) -> Taken | None:
        """None when somebody else has it, or when it is no verified copy any more."""
        token, who = str(uuid.uuid4()), f"lock:{os.getpid()}"
        with self.database.write() as session:
            now = instant(session)
            free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)
            claimed = update(Delivery).where(
                Delivery.id == delivery_id, Delivery.state == DeliveryState.DELIVERED, free
            )
            taken = claimed.values(lease_token=token, lease_until=lease_end(now), leased_by=who).returning(Delivery.id)
            if session.scalar(taken.execution_options(synchronize_session=False)) is None:
                return None
            return Taken(delivery_id, token, copy_of(session.get_one(Delivery, delivery_id)))

    def ask(self, taken: Taken | None, question: Callable[[], Answer]) -> Answer:
        """The target's answer, however long it takes: its patience is longer than a lease. Raises what it raises."""
        if taken is None:
            return question()
        with ThreadPoolExecutor(1, thread_name_prefix="ask") as pool:
            answer = pool.submit(question)
            while not wait((answer,), timeout=self.beat_seconds).done:
                with self.database.write() as session:
                    _renew(session, taken)
            return answer.result()

    def put_back(self, taken: Taken, **values: Any) -> bool:
        """Write the copy's row and free it; False, and nothing is written, when somebody else took it meanwhile."""
        with self.database.write() as session:
            return put_back(session, taken, **values)


def put_back(session: Session, taken: Taken, **values: Any) -> bool:
    return look.let_go(session, taken.token, taken.delivery_id, **values)


def copy_of(row: Delivery) -> RemoteCopy:
    return RemoteCopy(row.remote_key, dict(row.proof), row.link)


def _renew(session: Session, taken: Taken) -> None:
    held = update(Delivery).where(Delivery.id == taken.delivery_id, Delivery.lease_token == taken.token)
    longer = held.where(Delivery.state == DeliveryState.DELIVERED).values(lease_until=lease_end(instant(session)))
    session.execute(longer.execution_options(synchronize_session=False))
