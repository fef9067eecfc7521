"""Webhooks over HTTP, for admins: make, change, end, test, and what was sent to each."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog.models import WebhookDelivery, WebhookState
from backend.catalog.webhooks import describe_delivery
from backend.errors import BadField, NotFound
from backend.events import NAMES, WEBHOOK_TEST
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import (
    Done,
    NewWebhook,
    OneWebhook,
    OneWebhookDelivery,
    WebhookDeliveryPage,
    WebhookList,
)
from backend.webhooks.desk import WebhookDesk

blueprint = APIBlueprint("webhooks", __name__, tag="Webhooks")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 200
_FIELDS: dict[str, type] = {"url": str, "label": str, "events": list, "project_id": str}
_TOLD_NAMES = tuple(name for name in NAMES if name != WEBHOOK_TEST)
_BODY: dict[str, object] = {
    "url": "https://example.org/hooks/video",
    "label": "archive",
    "events": ["video_added"],
    "project_id": "",
}
_HOW = (
    "Each message is a POST with JSON as in `GET /api/events`, signed by the public convention Standard Webhooks: "
    "`webhook-id` (the event's id, the same at each attempt), `webhook-timestamp` and `webhook-signature`. It is sent "
    "until the receiver answers 2xx, so it may come more than once, and in another order than it happened."
)


@blueprint.get("/api/webhooks")
@blueprint.doc(
    summary="All webhooks, the oldest first, and the names of the events there are",
    responses={200: "Without their secrets"},
    extensions=shaped({200: WebhookList}),
)
@needs(Right.ADMIN)
def all_webhooks() -> Response:
    found = _desk().every()
    return jsonify({"success": True, "count": len(found), "webhooks": found, "event_names": _TOLD_NAMES})


@blueprint.post("/api/webhooks")
@blueprint.doc(
    summary="Make a webhook: an address that is told of what happens from now on",
    description=f"{_HOW} `events` empty or missing: all of them; `project_id` empty: all projects. "
    "Any host may be named. The `secret` is told in this answer only.",
    responses={201: "The webhook, and its secret", 409: "There are as many as there may be"},
    extensions=shaped({201: NewWebhook}, body=_BODY, required=["url"]),
)
@needs(Right.ADMIN)
def create() -> tuple[Response, int]:
    wish = _wish(_FIELDS)
    if "url" not in wish:
        raise BadField("url is missing: the address that is to be told.", detail={"field": "url"})
    desk = _desk()
    made = desk.create(
        wish["url"],
        label=wish.get("label", ""),
        names=wish.get("events", []),
        project_id=wish.get("project_id", ""),
    )
    return jsonify({"success": True, "webhook": desk.one(made.webhook.id), "secret": made.secret}), 201


@blueprint.get("/api/webhooks/<webhook_id>")
@blueprint.doc(
    summary="One webhook",
    description="`state`: `active`; `failing`: nobody there took what was sent, so it is asked now and then, and goes "
    "on by itself; `paused`: by a person, or because it answered 410 Gone.",
    responses={200: "Without its secret"},
    extensions=shaped({200: OneWebhook}),
)
@needs(Right.ADMIN)
def one(webhook_id: str) -> Response:
    return _shown(_desk(), webhook_id)


@blueprint.patch("/api/webhooks/<webhook_id>")
@blueprint.doc(
    summary="Change, pause or resume a webhook",
    description="`enabled` false pauses it, true ends any pause and sends at once what waits. Of what happened during "
    "a pause it is told afterwards, as far back as events are kept (EVENTS_DAYS).",
    responses={200: "The webhook as it is after that"},
    extensions=shaped({200: OneWebhook}, body={**_BODY, "enabled": True}, any_of_it=True),
)
@needs(Right.ADMIN)
def change(webhook_id: str) -> Response:
    wish, desk = _wish({**_FIELDS, "enabled": bool}), _desk()
    if not wish:
        raise BadField(f"Say what to change: {', '.join([*_FIELDS, 'enabled'])}.")
    desk.change(webhook_id, wish)
    return _shown(desk, webhook_id)


@blueprint.delete("/api/webhooks/<webhook_id>")
@blueprint.doc(
    summary="Delete a webhook, and what waits for it",
    responses={200: "It is told nothing more"},
    extensions=shaped({200: Done}),
)
@needs(Right.ADMIN)
def delete(webhook_id: str) -> Response:
    _desk().delete(webhook_id)
    return jsonify({"success": True})


@blueprint.post("/api/webhooks/<webhook_id>/secret")
@blueprint.doc(
    summary="Make a new secret for a webhook; for a day messages are signed with the old one too",
    responses={200: "The secret, which is told in this answer only"},
    extensions=shaped({200: NewWebhook}),
)
@needs(Right.ADMIN)
def new_secret(webhook_id: str) -> Response:
    desk = _desk()
    made = desk.new_secret(webhook_id)
    return jsonify({"success": True, "webhook": desk.one(webhook_id), "secret": made.secret})


@blueprint.post("/api/webhooks/<webhook_id>/test")
@blueprint.doc(
    summary="Send one message of the type webhook_test now, and wait for the answer",
    description="Also to one that is paused. It is not sent again by itself.",
    responses={200: "How it ended: `delivery.state` is `delivered` or `failed`, and `error` says why"},
    extensions=shaped({200: OneWebhookDelivery}),
)
@needs(Right.ADMIN)
def test(webhook_id: str) -> Response:
    return _sent(_desk().test(webhook_id))


@blueprint.get("/api/webhooks/<webhook_id>/deliveries")
@blueprint.doc(
    summary="What was and will be sent to one webhook, newest first",
    description="`state`: pending, in_progress, delivered or failed. What has ended is kept for EVENTS_DAYS.",
    responses={200: "One page"},
    extensions=shaped({200: WebhookDeliveryPage}, query=["limit", "cursor", "state"]),
)
@needs(Right.ADMIN)
def deliveries(webhook_id: str) -> Response:
    limit, cursor = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE), queries.one("cursor")
    state = queries.choice("state", [str(state) for state in WebhookState])
    before = _number(cursor)
    if cursor and before is None:
        raise BadField("cursor is not one that a page gave.", detail={"field": "cursor"})
    page = _desk().deliveries(webhook_id, limit, before, state)
    shown = [describe_delivery(one) for one in page.deliveries]
    return jsonify({"success": True, "count": len(shown), "deliveries": shown, "next_cursor": page.next_cursor})


@blueprint.post("/api/webhooks/<webhook_id>/deliveries/<delivery_id>/retry")
@blueprint.doc(
    summary="Send one again now, with the same id; also one that was taken",
    responses={200: "The delivery, waiting", 409: "It is being sent, or the webhook is paused"},
    extensions=shaped({200: OneWebhookDelivery}),
)
@needs(Right.ADMIN)
def retry(webhook_id: str, delivery_id: str) -> Response:
    number = _number(delivery_id)
    if number is None:
        raise NotFound(f"This webhook has no delivery {delivery_id}.")
    return _sent(_desk().retry(webhook_id, number))


def _desk() -> WebhookDesk:
    person().check_everything("the webhooks, which tell of all of them")
    return services().webhooks


def _shown(desk: WebhookDesk, webhook_id: str) -> Response:
    return jsonify({"success": True, "webhook": desk.one(webhook_id)})


def _sent(delivery: WebhookDelivery) -> Response:
    return jsonify({"success": True, "delivery": describe_delivery(delivery)})


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return int(text)


def _wish(fields: dict[str, type]) -> dict[str, Any]:
    body = queries.json_body()
    if not isinstance(body, dict):
        raise BadField('Send JSON such as {"url": "https://example.org/hooks/video", "label": "archive"}.')
    for name, value in body.items():
        if name not in fields:
            raise BadField(f"'{name}' is unknown; known: {', '.join(fields)}.", detail={"field": str(name)})
        texts = fields[name] is not list or (isinstance(value, list) and all(isinstance(one, str) for one in value))
        if type(value) is not fields[name] or not texts:
            kind = {list: "a list of texts", str: "a text", bool: "true or false"}[fields[name]]
            raise BadField(f"{name} must be {kind}.", detail={"field": name})
    return body
