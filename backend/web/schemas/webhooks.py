"""Webhooks and what was sent to them."""

from __future__ import annotations

from typing import Any

from backend.web.schemas.base import Shape


class Webhook(Shape):
    id: str
    label: str
    url: str
    events: list[str]
    project_id: str | None
    enabled: bool
    state: str
    reason: str | None
    created_at: str
    created_by: str
    waiting: int
    failed: int
    next_probe_at: str | None
    last_success_at: str | None
    last_error_at: str | None
    last_error: str | None


class OneWebhook(Shape):
    success: bool
    webhook: Webhook


class NewWebhook(OneWebhook):
    secret: str


class WebhookList(Shape):
    success: bool
    count: int
    webhooks: list[Webhook]
    event_names: list[str]


class WebhookDelivery(Shape):
    id: int
    webhook_id: str
    event_id: str
    type: str
    state: str
    attempts: int
    next_attempt_at: str | None
    status_code: int | None
    answered_seconds: float | None
    error: str | None
    created_at: str
    updated_at: str
    payload: dict[str, Any]


class OneWebhookDelivery(Shape):
    success: bool
    delivery: WebhookDelivery


class WebhookDeliveryPage(Shape):
    success: bool
    count: int
    deliveries: list[WebhookDelivery]
    next_cursor: str | None
