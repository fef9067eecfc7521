"""Queries about webhooks: one, all of them, what was sent to each; and their plain JSON, never with a secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.catalog import events
from backend.catalog.models import Base, Webhook, WebhookDelivery, WebhookState
from backend.catalog.types import iso
from backend.errors import NotFound
from backend.events import Happened, Place, as_json

_TABLE = Base.metadata.tables[WebhookDelivery.__tablename__]
_INSERTS = {
    "sqlite": sqlite.insert(_TABLE).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TABLE).on_conflict_do_nothing(),
}


@dataclass(frozen=True)
class DeliveryPage:
    deliveries: Sequence[WebhookDelivery]
    next_cursor: str | None


def every(session: Session) -> Sequence[Webhook]:
    """The oldest first."""
    return session.scalars(select(Webhook).order_by(Webhook.created_at, Webhook.id)).all()


def locked(session: Session, webhook_id: str) -> Webhook | None:
    """The webhook, kept from others until the transaction ends: take it before any of its deliveries is written."""
    return session.scalar(select(Webhook).where(Webhook.id == webhook_id).with_for_update())


def several_locked(session: Session, ids: Sequence[str]) -> dict[str, Webhook]:
    """Those of these that there are, as `locked`, by their ids; in one order, so that none waits in a circle."""
    query = select(Webhook).where(Webhook.id.in_(ids)).order_by(Webhook.id).with_for_update()
    return {webhook.id: webhook for webhook in session.scalars(query)}


def lock_all(session: Session) -> None:
    """As `locked`, for who writes deliveries of all webhooks: one order for all, so that none waits in a circle."""
    session.execute(select(Webhook.id).order_by(Webhook.id).with_for_update())


def get(session: Session, webhook_id: str, *, lock: bool = False) -> Webhook:
    """One webhook, or `NotFound`. `lock`: as `locked`."""
    found = locked(session, webhook_id) if lock else session.get(Webhook, webhook_id)
    if found is None:
        raise NotFound(f"There is no webhook {webhook_id}.")
    return found


def delivery(session: Session, webhook_id: str, delivery_id: int) -> WebhookDelivery:
    """One delivery of this webhook, or `NotFound`."""
    found = session.get(WebhookDelivery, delivery_id)
    if found is None or found.webhook_id != webhook_id:
        raise NotFound(f"This webhook has no delivery {delivery_id}, or it is not kept any more.")
    return found


def delivery_of(session: Session, webhook_id: str, event_id: str) -> WebhookDelivery:
    """The delivery of one event to one webhook; there is one."""
    mine = WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.event_id == event_id
    return session.scalars(select(WebhookDelivery).where(*mine)).one()


def deliveries(
    session: Session, webhook_id: str, limit: int, before: int | None = None, state: str = ""
) -> DeliveryPage:
    """What was and will be sent to one webhook, newest first. `before`: the id of the last one seen."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    if state:
        query = query.where(WebhookDelivery.state == state)
    found = session.scalars(query.order_by(WebhookDelivery.id.desc()).limit(limit + 1)).all()
    return DeliveryPage(found[:limit], str(found[limit - 1].id) if len(found) > limit else None)


def counts(session: Session, webhook_id: str = "") -> dict[str, dict[str, int]]:
    """How many deliveries each webhook has (or this one) by state, but for those that were taken: these are many."""
    told = (WebhookState.PENDING, WebhookState.IN_PROGRESS, WebhookState.FAILED)
    query = select(WebhookDelivery.webhook_id, WebhookDelivery.state, func.count())
    query = query.where(WebhookDelivery.state.in_(told))
    if webhook_id:
        # Not by the index of the log: all that was ever sent would be read.
        query = query.where(func.coalesce(WebhookDelivery.webhook_id, "") == webhook_id)
    found: dict[str, dict[str, int]] = {}
    for webhook, state, count in session.execute(query.group_by(WebhookDelivery.webhook_id, WebhookDelivery.state)):
        found.setdefault(webhook, {})[state] = count
    return found


def given_up(session: Session, but: str) -> int:
    """How many deliveries are not tried any more, without those of the name `but`."""
    failed = (WebhookDelivery.state == WebhookState.FAILED, WebhookDelivery.name != but)
    return session.scalar(select(func.count()).select_from(WebhookDelivery).where(*failed)) or 0


def wants(webhook: Webhook, happened: Happened) -> bool:
    """Whether it is told of this. What is about no project goes to those only that listen to all of them."""
    by_name = not webhook.events or happened.name in webhook.events
    return by_name and webhook.project_id in ("", happened.project_id)


def hand_over(session: Session, webhook: Webhook, limit: int, now: datetime) -> int:
    """Make deliveries of up to `limit` events behind the webhook's place, and move that on; how many events those were.

    `webhook` is locked. Both happen in one transaction, so an event is handed over once, whoever is killed.
    """
    news = events.after(session, Place(webhook.xid, webhook.seq), limit)
    if not news:
        return 0
    add(session, webhook, [one for one in news if wants(webhook, one)], now)
    last = news[-1].place
    assert last is not None, "what is read from the stream has its place"
    webhook.xid, webhook.seq = last
    return len(news)


def add(session: Session, webhook: Webhook, happened: Sequence[Happened], now: datetime, **fields: Any) -> None:
    """A delivery for each; one that has it already is left as it is. `fields`: what is not as for a new one."""
    rows = [
        {
            "webhook_id": webhook.id, "event_id": one.id, "name": one.name, "payload": as_json(one),
            "next_attempt_at": now, "created_at": one.at, "updated_at": now, **fields,
        }
        for one in happened
    ]  # fmt: skip
    if rows:
        session.execute(_INSERTS[session.get_bind().dialect.name], rows)


def give_up(session: Session, before: datetime, now: datetime) -> int:
    """What waits since then with nobody trying it (a webhook that is paused) is `failed`; how many."""
    waiting = update(WebhookDelivery).where(
        WebhookDelivery.state == WebhookState.PENDING,
        WebhookDelivery.created_at < before,
        WebhookDelivery.updated_at < before,
    )
    words = "It waited for longer than events are kept."
    told = func.coalesce(func.nullif(WebhookDelivery.error, ""), words)
    done = waiting.values(state=WebhookState.FAILED, error=told, updated_at=now)
    return len(session.execute(done.returning(WebhookDelivery.id)).all())


def prune(session: Session, before: datetime) -> int:
    """Forget what ended before; how many."""
    ended = delete(WebhookDelivery).where(
        WebhookDelivery.state.in_((WebhookState.DELIVERED, WebhookState.FAILED)),
        # Says little more, but finds them by the index of what waits.
        WebhookDelivery.next_attempt_at < before,
        WebhookDelivery.updated_at < before,
    )
    return len(session.execute(ended.returning(WebhookDelivery.id)).all())


def state_of(webhook: Webhook) -> str:
    """`active`; `failing`: only asked now and then, until it answers; `paused`: until a person resumes it."""
    if not webhook.enabled:
        return "paused"
    return "failing" if webhook.paused_reason else "active"


def describe_webhook(webhook: Webhook, by_state: dict[str, int]) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "label": webhook.label,
        "url": webhook.url,
        "events": webhook.events,
        "project_id": webhook.project_id or None,
        "enabled": webhook.enabled,
        "state": state_of(webhook),
        "reason": webhook.paused_reason or None,
        "created_at": iso(webhook.created_at),
        "created_by": webhook.created_by,
        "waiting": by_state.get(WebhookState.PENDING, 0) + by_state.get(WebhookState.IN_PROGRESS, 0),
        "failed": by_state.get(WebhookState.FAILED, 0),
        "next_probe_at": iso(webhook.next_probe_at),
        "last_success_at": iso(webhook.last_success_at),
        "last_error_at": iso(webhook.last_error_at),
        "last_error": webhook.last_error or None,
    }


def describe_delivery(one: WebhookDelivery) -> dict[str, Any]:
    waits = one.state == WebhookState.PENDING
    return {
        "id": one.id,
        "webhook_id": one.webhook_id,
        "event_id": one.event_id,
        "type": one.name,
        "state": one.state,
        "attempts": one.attempts,
        "next_attempt_at": iso(one.next_attempt_at) if waits else None,
        "status_code": one.status_code,
        "answered_seconds": one.answered_seconds,
        "error": one.error or None,
        "created_at": iso(one.created_at),
        "updated_at": iso(one.updated_at),
        "payload": one.payload,
    }
