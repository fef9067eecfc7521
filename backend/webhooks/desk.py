"""Making, changing and ending webhooks, and looking at what was sent: for admins, from the page and the command line.

Any host may be named, also one within the own network: those who make webhooks run the server. What such a host
answers is never shown, only its status.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

from backend.actor import actor
from backend.catalog import audit, events, webhooks
from backend.catalog.database import Database
from backend.catalog.models import Webhook, WebhookDelivery, WebhookState
from backend.errors import BadField, Conflict
from backend.events import NAMES, WEBHOOK_TEST, Happened, as_json
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.webhooks import books, signature
from backend.webhooks.courier import MOST_WEBHOOKS
from backend.webhooks.post import Answer, send

_LONGEST_URL = 2000
_LONGEST_LABEL = 200
_SCHEMES = ("http", "https")
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,63}")
_BY_PERSON = "Paused by {who}. Resume it, and it is told of what happened meanwhile, as far back as events are kept."


@dataclass(frozen=True)
class Made:
    """A webhook with its secret, which is told this once."""

    webhook: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True)
class WebhookDesk:
    """`server_secret`: what the webhooks' secrets are sealed with."""

    database: Database
    log: UploadLog
    server_secret: str = field(repr=False)

    def create(self, url: str, *, label: str = "", names: Sequence[str] = (), project_id: str = "") -> Made:
        """A webhook that is told of what happens from now on. `names` empty: of everything."""
        wish = _checked({"url": url, "label": label, "events": list(names), "project_id": project_id})
        secret = signature.new_secret()
        with self.database.write() as session:
            if len(webhooks.every(session)) >= MOST_WEBHOOKS:
                raise Conflict(f"There are {MOST_WEBHOOKS} webhooks, and there may not be more. Delete one first.")
            place = events.newest(session)
            webhook = Webhook(
                id=str(uuid.uuid4()), secret=signature.seal(secret, self.server_secret), created_by=actor().name,
                created_at=instant(session), xid=place.xid, seq=place.seq, enabled=True, failures=0,
                paused_reason="", next_probe_at=None, last_success_at=None, last_error_at=None, last_error="", **wish,
            )  # fmt: skip
            session.add(webhook)
            audit.append(session, "webhook.created", **_told(webhook))
        self._say("webhook_created", webhook)
        return Made(webhook, secret)

    def every(self) -> list[dict[str, Any]]:
        """All of them, the oldest first, as JSON."""
        with self.database.read() as session:
            counts = webhooks.counts(session)
            return [webhooks.describe_webhook(one, counts.get(one.id, {})) for one in webhooks.every(session)]

    def one(self, webhook_id: str) -> dict[str, Any]:
        with self.database.read() as session:
            counts = webhooks.counts(session, webhook_id)
            return webhooks.describe_webhook(webhooks.get(session, webhook_id), counts.get(webhook_id, {}))

    def change(self, webhook_id: str, wish: dict[str, Any]) -> None:
        """`wish`: any of url, label, events, project_id; `enabled` false pauses it, true resumes it."""
        fields = _checked({name: value for name, value in wish.items() if name != "enabled"})
        enabled, told = wish.get("enabled"), ""
        with self.database.write() as session:
            webhook = webhooks.get(session, webhook_id, lock=True)
            changed = [name for name, value in fields.items() if getattr(webhook, name) != value]
            for name in changed:
                setattr(webhook, name, fields[name])
            if enabled is False and webhook.enabled:
                webhook.enabled, webhook.next_probe_at, told = False, None, "webhook.paused"
                webhook.paused_reason = _BY_PERSON.format(who=actor().name)
            elif enabled is True and (not webhook.enabled or webhook.paused_reason):
                books.resume(session, webhook, instant(session))
                told = "webhook.resumed"
            if changed:
                audit.append(session, "webhook.changed", changed=changed, **_told(webhook))
            if told:
                audit.append(session, told, **_told(webhook))
        if changed or told:
            self._say(told.replace(".", "_") or "webhook_changed", webhook)

    def delete(self, webhook_id: str) -> None:
        """It is told nothing more; what waited for it goes too."""
        with self.database.write() as session:
            webhook = webhooks.get(session, webhook_id, lock=True)
            session.delete(webhook)
            audit.append(session, "webhook.deleted", **_told(webhook))
        self._say("webhook_deleted", webhook)

    def new_secret(self, webhook_id: str) -> Made:
        """Another secret, good at once: what is sent from now on, be it for the second time, is signed with it; for a
        day with the one before too."""
        secret = signature.new_secret()
        with self.database.write() as session:
            webhook = webhooks.get(session, webhook_id, lock=True)
            webhook.secret = signature.renewed(webhook.secret, secret, self.server_secret, instant(session))
            audit.append(session, "webhook.secret_renewed", **_told(webhook))
        self._say("webhook_secret_renewed", webhook)
        return Made(webhook, secret)

    def test(self, webhook_id: str) -> WebhookDelivery:
        """Send one message now, also while it is paused, and wait for the answer. It is not tried again."""
        with self.database.read() as session:
            webhook = webhooks.get(session, webhook_id)
        at = datetime.now(UTC)
        data = {"webhook_id": webhook.id, "label": webhook.label, "asked_by": actor().name}
        happened = Happened(str(uuid.uuid4()), WEBHOOK_TEST, at, data=data)
        secret = signature.unseal(webhook.secret, self.server_secret)
        if secret is None:
            answer = Answer(error="Its secret cannot be read: the server's own has changed. Make a new secret.")
        else:
            old = signature.unseal_old(webhook.secret, self.server_secret, at)
            answer = send(webhook.url, secret, happened.id, as_json(happened), old)
        with self.database.write() as session:
            webhook = webhooks.get(session, webhook_id, lock=True)
            state = WebhookState.DELIVERED if answer.taken else WebhookState.FAILED
            webhooks.add(
                session, webhook, [happened], instant(session), state=state, attempts=1, error=answer.error,
                status_code=answer.status_code, answered_seconds=answer.seconds,
            )  # fmt: skip
            sent = webhooks.delivery_of(session, webhook_id, happened.id)
            audit.append(session, "webhook.tested", ok=answer.taken, **_told(webhook))
        self.log.write("info", "webhook_tested", webhook=webhook_id, ok=answer.taken, status=answer.status_code)
        return sent

    def deliveries(
        self, webhook_id: str, limit: int, before: int | None = None, state: str = ""
    ) -> webhooks.DeliveryPage:
        """What was and will be sent to one webhook, newest first."""
        with self.database.read() as session:
            webhooks.get(session, webhook_id)
            return webhooks.deliveries(session, webhook_id, limit, before, state)

    def retry(self, webhook_id: str, delivery_id: int) -> WebhookDelivery:
        """Send one again now, with the same id; one that was taken too."""
        with self.database.write() as session:
            webhook = webhooks.get(session, webhook_id, lock=True)
            sent = webhooks.delivery(session, webhook_id, delivery_id)
            if not webhook.enabled:
                raise Conflict("This webhook is paused. Resume it first: what waits is sent then.")
            if sent.state == WebhookState.IN_PROGRESS:
                raise Conflict("It is being sent at this moment.")
            sent.state, sent.next_attempt_at, sent.updated_at = WebhookState.PENDING, instant(session), instant(session)
            audit.append(session, "webhook.retried", event=sent.event_id, **_told(webhook))
        self._say("webhook_retried", webhook)
        return sent

    def _say(self, step: str, webhook: Webhook) -> None:
        self.log.write("info", step, user=actor().name, **_told(webhook))


def _told(webhook: Webhook) -> dict[str, Any]:
    """For the log and the audit: the host alone, as an address may hold a secret of its receiver."""
    return {"webhook": webhook.id, "label": webhook.label, "host": parse_url(webhook.url).host}


def _checked(wish: dict[str, Any]) -> dict[str, Any]:
    """The fields, in the form that is kept. Raises `BadField` for what makes no sense."""
    fields = dict(wish)
    if "url" in fields:
        fields["url"] = _address(fields["url"])
    if "label" in fields:
        fields["label"] = fields["label"].strip()
        if len(fields["label"]) > _LONGEST_LABEL or not fields["label"].isprintable():
            raise _bad("label", f"must be one line of at most {_LONGEST_LABEL} characters")
    if "events" in fields:
        unknown = [name for name in fields["events"] if name not in NAMES or name == WEBHOOK_TEST]
        if unknown:
            known = ", ".join(name for name in NAMES if name != WEBHOOK_TEST)
            raise _bad("events", f"names '{unknown[0]}', which is unknown; known: {known}")
        fields["events"] = list(dict.fromkeys(fields["events"]))
    if "project_id" in fields:
        fields["project_id"] = fields["project_id"].strip()
        if len(fields["project_id"]) > _LONGEST_LABEL or not fields["project_id"].isprintable():
            raise _bad("project_id", f"must be one line of at most {_LONGEST_LABEL} characters")
    return fields


def _address(given: str) -> str:
    url = given.strip()
    # Spaces, line breaks and letters beyond ASCII have no place in an address: %20, xn--….
    if not 1 <= len(url) <= _LONGEST_URL or any(not "!" <= c <= "~" for c in url):
        raise _bad("url", f"must be an address of at most {_LONGEST_URL} ASCII characters, without spaces")
    try:
        place = parse_url(url)
    except LocationParseError:
        raise _bad("url", "is not an address such as https://example.org/hooks/video") from None
    if place.scheme not in _SCHEMES or not place.host:
        raise _bad("url", "must begin with https:// or http:// and name a host")
    if place.auth is not None:
        raise _bad("url", "must not hold a name or password: each message is signed, the receiver checks that instead")
    if not _is_host(place.host):
        raise _bad("url", "names a host that is none: a name such as example.org, or an IP address")
    if place.port == 0 or place.fragment is not None:
        raise _bad("url", "must have no #fragment, and a port from 1 to 65535")
    return url


def _is_host(host: str) -> bool:
    """What no host is called, as 256.0.0.1 or a|b, is refused here, where its maker hears of it."""
    try:
        if host.startswith("["):
            return bool(ip_address(host[1:-1].replace("%25", "%", 1)))
        labels = host.removesuffix(".").split(".")
        return bool(ip_address(host)) if labels[-1].isdigit() else all(map(_LABEL.fullmatch, labels))
    except ValueError:
        return False


def _bad(name: str, problem: str) -> BadField:
    return BadField(f"{name} {problem}.", detail={"field": name})
