"""Claiming deliveries to webhooks: a lease with a token, so that any number of workers may run, and be killed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from backend.catalog import events, webhooks
from backend.catalog.models import Webhook, WebhookDelivery, WebhookState
from backend.events import BEGINNING, Place

_D = WebhookDelivery
# One that takes nothing has no more than so many rows: what is asked of the others stays quick.
MOST_WAITING = 1000
FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}


@dataclass(frozen=True)
class WebhookClaim:
    """One delivery in one worker's hands. `sealed`: the webhook's secret as it is kept; `probe`: sent to a webhook
    that is paused as one, to see whether it answers again."""

    delivery_id: int
    token: str
    webhook_id: str
    event_id: str
    name: str
    url: str = field(repr=False)
    sealed: str = field(repr=False)
    payload: dict[str, Any] = field(repr=False)
    attempt: int
    happened_at: datetime
    probe: bool


@dataclass(frozen=True)
class Work:
    """Which webhooks have something to do: `news` to be handed over, for which there is room; `due` to be sent."""

    news: tuple[str, ...]
    due: tuple[str, ...]


def look(session: Session, now: datetime) -> Work:
    """A look that locks nothing, so that an idle worker disturbs nobody. It reads what waits, never what has ended."""
    last = events.newest(session)
    first_at = func.min(_D.next_attempt_at)
    waiting = {
        webhook_id: (count, at)
        for webhook_id, count, at in session.execute(
            select(_D.webhook_id, func.count(), first_at).where(_pending()).group_by(_D.webhook_id)
        )
    }
    left = set(session.scalars(select(_D.webhook_id).where(*_left(now)).distinct()))
    news, due = [], []
    for webhook in session.scalars(select(Webhook).where(Webhook.enabled).order_by(Webhook.id)):
        count, at = waiting.get(webhook.id, (0, None))
        if Place(webhook.xid, webhook.seq) < last and count < MOST_WAITING:
            news.append(webhook.id)
        if webhook.paused_reason:
            is_due = _is_asked(webhook, now) and (count > 0 or webhook.id in left)
        else:
            is_due = webhook.id in left or (at is not None and at <= now)
        if is_due:
            due.append(webhook.id)
    return Work(tuple(news), tuple(due))


def catch_up(session: Session, webhook: Webhook, most: int, now: datetime) -> int:
    """Hand up to `most` events to a webhook that is locked; how many went. What was forgotten before is noted in it."""
    place, first = Place(webhook.xid, webhook.seq), events.oldest(session)
    # The newest event is always kept: who listens all the time has a place that is.
    has_missed = first is not None and place != BEGINNING and place < first
    limit = min(most, room(session, webhook.id))
    count = webhooks.hand_over(session, webhook, limit, now) if limit > 0 else 0
    if has_missed and count > 0:
        webhook.last_error_at = now
        webhook.last_error = "It stood still for longer than events are kept: the oldest of them were not sent."
    return count


def room(session: Session, webhook_id: str) -> int:
    """How many more deliveries may wait for a webhook: the rest waits in the stream, which is kept anyway."""
    waiting = select(_D.id).where(_pending(), _of(webhook_id)).limit(MOST_WAITING).subquery()
    return MOST_WAITING - (session.scalar(select(func.count()).select_from(waiting)) or 0)


def claim(session: Session, webhook: Webhook, most: int, now: datetime, lease: timedelta) -> list[WebhookClaim]:
    """Take what has waited longest, so that at most `most` are under way, by whichever worker; one when it is paused.

    `webhook` is locked: two workers cannot both find the last free place.
    """
    if not webhook.enabled:
        return []
    probe = bool(webhook.paused_reason)
    if probe and not _is_asked(webhook, now):
        return []
    running = select(func.count()).where(_D.state == WebhookState.IN_PROGRESS, _of(webhook.id), _D.lease_until > now)
    free = (1 if probe else most) - (session.scalar(running) or 0)
    if free < 1:
        return []
    # Which of them waits longest changes with each attempt: one that is never taken keeps no other from being asked.
    waits = (_pending(),) if probe else (_pending(), _D.next_attempt_at <= now)
    found: list[WebhookDelivery] = []
    for due in (_left(now), waits):
        query = select(_D).where(*due, _of(webhook.id)).order_by(_D.next_attempt_at, _D.id).limit(free - len(found))
        found += session.scalars(query.with_for_update(skip_locked=True))
    taken = (_take(session, webhook, one, now, lease, probe) for one in found)
    return [one for one in taken if one is not None]


def write_held(session: Session, claim: WebhookClaim, **values: Any) -> bool:
    """Write the claimed row, if the claim still holds; False when another worker has it now, or it is gone."""
    held = update(_D).where(
        _D.id == claim.delivery_id, _D.state == WebhookState.IN_PROGRESS, _D.lease_token == claim.token
    )
    held = held.values(**values).execution_options(synchronize_session=False)
    return bool(session.execute(held.returning(_D.id)).all())


def bring_forward(session: Session, webhook_id: str, now: datetime) -> None:
    """What waits only because nobody answered goes now, not at the end of its own long wait."""
    late = update(_D).where(_pending(), _D.next_attempt_at > now, _of(webhook_id))
    session.execute(late.values(next_attempt_at=now).execution_options(synchronize_session=False))


def mend(session: Session, now: datetime, farthest: timedelta, lease: timedelta) -> None:
    """After a clock was set back: what it had dated into the far future is due again."""
    alone = {"synchronize_session": False}
    far = update(_D).where(_pending(), _D.next_attempt_at > now + farthest).values(next_attempt_at=now)
    held = update(_D).where(_D.state == WebhookState.IN_PROGRESS, _D.lease_until > now + 2 * lease)
    probed = update(Webhook).where(Webhook.next_probe_at > now + farthest).values(next_probe_at=now)
    for statement in (far, held.values(lease_until=now), probed):
        session.execute(statement.execution_options(**alone))


def _pending() -> ColumnElement[bool]:
    return _D.state == WebhookState.PENDING


def _left(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Left behind by a worker that was killed."""
    return (_D.state == WebhookState.IN_PROGRESS, _D.lease_until <= now)


def _of(webhook_id: str) -> ColumnElement[bool]:
    """Of this webhook, found by the index of what waits: by that of the log, all that was ever sent would be read."""
    return func.coalesce(_D.webhook_id, "") == webhook_id


def _is_asked(webhook: Webhook, now: datetime) -> bool:
    """Whether the turn of one that is paused as one has come."""
    return webhook.next_probe_at is not None and webhook.next_probe_at <= now


def _take(
    session: Session, webhook: Webhook, one: WebhookDelivery, now: datetime, lease: timedelta, probe: bool
) -> WebhookClaim | None:
    token, attempt = str(uuid.uuid4()), one.attempts + 1
    seen = update(_D).where(
        _D.id == one.id, _D.state == one.state, _D.lease_token.is_not_distinct_from(one.lease_token)
    )
    values = {"state": WebhookState.IN_PROGRESS, "lease_token": token, "lease_until": now + lease, "attempts": attempt}
    taken = seen.values(**values, updated_at=now).execution_options(synchronize_session=False)
    if not session.execute(taken.returning(_D.id)).all():
        return None
    return WebhookClaim(
        delivery_id=one.id, token=token, webhook_id=webhook.id, event_id=one.event_id, name=one.name, url=webhook.url,
        sealed=webhook.secret, payload=one.payload, attempt=attempt, happened_at=one.created_at, probe=probe,
    )  # fmt: skip
