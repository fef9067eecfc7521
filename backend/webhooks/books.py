"""The ledger of what is sent to webhooks: what ended is settled and what is next is claimed, in one transaction.

active ──many failures in a row, or Retry-After──▶ failing ──a probe is taken──▶ active
any    ──410 Gone, or a person───────────────────▶ paused  ──a person──────────▶ active
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.catalog import audit, webhooks
from backend.catalog.database import Database
from backend.catalog.models import Webhook, WebhookState
from backend.catalog.webhook_claims import FREE, WebhookClaim, bring_forward, claim, write_held
from backend.log import Level, UploadLog
from backend.outbox.backoff import delay_seconds, probe_seconds, wish_seconds
from backend.outbox.clock import instant
from backend.webhooks.post import Answer

FAILURES_TO_PAUSE = 10
# One slow receiver has so many of our threads, and no more.
AT_ONCE = 4
# Longer than a message may take, looking up the name included; nobody renews it.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Sent:
    """A claim and what came of it."""

    claim: WebhookClaim
    answer: Answer


@dataclass(frozen=True)
class Ended:
    """What the ledger says now. `state` is None when the claim was another worker's by then."""

    sent: Sent
    state: WebhookState | None
    turned: str = ""  # what this made of the webhook: "failing", "paused", "active"


@dataclass(frozen=True)
class Books:
    """`keep`: how long events are kept, and tried."""

    database: Database
    log: UploadLog
    keep: timedelta

    def turn(self, webhook_ids: Sequence[str], sent: Sequence[Sent], wanted: int) -> list[WebhookClaim]:
        """Settle what ended, all of these webhooks, then claim up to `wanted` for each.

        In one transaction: uploads wait for each commit, however little is in it.
        """
        ended: list[Ended] = []
        claims: list[WebhookClaim] = []
        with self.database.write() as session:
            found, now = webhooks.several_locked(session, webhook_ids), instant(session)
            for webhook in found.values():
                mine = [one for one in sent if one.claim.webhook_id == webhook.id]
                ended += [settle(session, webhook, one, now, self.keep) for one in mine]
                claims += claim(session, webhook, wanted, now, LEASE) if wanted else []
            for one in ended:
                if one.turned == "paused":
                    webhook = found[one.sent.claim.webhook_id]
                    audit.append(session, "webhook.stopped", webhook=webhook.id, label=webhook.label, reason="410 Gone")
        for one in ended:
            self._tell(one, found[one.sent.claim.webhook_id])
        return claims

    def _tell(self, ended: Ended, webhook: Webhook) -> None:
        claim, answer = ended.sent.claim, ended.sent.answer
        facts: dict[str, Any] = {
            "webhook": claim.webhook_id, "event": claim.event_id, "type": claim.name, "attempt": claim.attempt,
            "status": answer.status_code, "seconds": answer.seconds,
        }  # fmt: skip
        if ended.state is None:
            self.log.write("info", "webhook_lease_lost", **facts)
        elif answer.taken:
            self.log.write("info", "webhook_delivered", **facts)
        else:
            self.log.write("warning", f"webhook_{ended.state}", error=answer.error, **facts)
        if ended.turned:
            level: Level = "info" if ended.turned == "active" else "warning"
            reason = webhook.paused_reason or None
            self.log.write(level, f"webhook_{ended.turned}", webhook=webhook.id, label=webhook.label, reason=reason)


def settle(session: Any, webhook: Webhook, sent: Sent, now: datetime, keep: timedelta) -> Ended:
    """Write how an attempt ended, and what it says of its webhook, which is locked."""
    claim, answer = sent.claim, sent.answer
    values: dict[str, Any] = {
        "status_code": answer.status_code, "answered_seconds": answer.seconds, "error": answer.error,
        "updated_at": now, **FREE,
    }  # fmt: skip
    if answer.taken:
        if not write_held(session, claim, state=WebhookState.DELIVERED, **values):
            return Ended(sent, None)
        return Ended(sent, WebhookState.DELIVERED, _note_success(session, webhook, claim, now))
    too_old = claim.happened_at < now - keep and not answer.gone
    state = WebhookState.FAILED if too_old else WebhookState.PENDING
    next_at = now + timedelta(seconds=delay_seconds(claim.attempt, answer.retry_after_seconds))
    if not write_held(session, claim, state=state, next_attempt_at=next_at, **values):
        return Ended(sent, None)
    return Ended(sent, state, _note_failure(webhook, claim, answer, now))


def resume(session: Any, webhook: Webhook, now: datetime) -> None:
    """End every pause; all that waits goes now."""
    webhook.enabled, webhook.failures, webhook.paused_reason, webhook.next_probe_at = True, 0, "", None
    bring_forward(session, webhook.id, now)


def _note_success(session: Any, webhook: Webhook, claim: WebhookClaim, now: datetime) -> str:
    webhook.failures, webhook.last_success_at = 0, now
    # What was under way before the pause says nothing about it.
    if not (claim.probe and webhook.enabled and webhook.paused_reason):
        return ""
    resume(session, webhook, now)
    return "active"


def _note_failure(webhook: Webhook, claim: WebhookClaim, answer: Answer, now: datetime) -> str:
    webhook.failures += 1
    webhook.last_error, webhook.last_error_at = answer.error, now
    if not webhook.enabled:
        return ""
    if answer.gone:
        webhook.enabled, webhook.next_probe_at = False, None
        webhook.paused_reason = f"{answer.error} Resume it when that has changed."
        return "paused"
    wish = wish_seconds(answer.retry_after_seconds)
    if webhook.paused_reason:
        if claim.probe:
            turn = max(1, webhook.failures - FAILURES_TO_PAUSE + 1)
            webhook.next_probe_at = now + timedelta(seconds=max(probe_seconds(turn), wish))
        return ""
    if webhook.failures < FAILURES_TO_PAUSE and not wish:
        return ""
    many = "It asks us to wait" if wish else f"{webhook.failures} deliveries in a row failed"
    webhook.paused_reason = f"{many}. {answer.error} It is asked now and then, and goes on by itself."
    webhook.next_probe_at = now + timedelta(seconds=max(probe_seconds(1), wish))
    return "failing"
