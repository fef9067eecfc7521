"""One change to many videos: each by itself, by the very use cases of the single routes, and told one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import videos
from backend.catalog.models import DeliveryState
from backend.errors import BadField, Forbidden, HoldfastError
from backend.intake import tags
from backend.intake.checks import Fields
from backend.web.access import Person, Right, needs, person, roles_with, services
from backend.web.openapi import shaped
from backend.web.queries import json_body
from backend.web.schemas import BulkResults

blueprint = APIBlueprint("bulk", __name__, tag="Videos")

MOST = 500
_CAN_BE_SENT = (DeliveryState.PENDING, DeliveryState.PARKED, DeliveryState.FAILED, DeliveryState.DAMAGED)

Values = dict[str, Any]
Act = Callable[[str, Person, Values], object]


@dataclass(frozen=True)
class _Action:
    """`fields`: names with what reads them; `required`: those that must be there."""

    act: Act
    right: Right
    fields: Mapping[str, Callable[[str, object], Any]]
    required: tuple[str, ...] = ()


@blueprint.post("/api/videos/bulk")
@blueprint.doc(
    summary="One change to up to 500 videos, each by itself",
    responses={
        200: "What became of each, in the order asked; `success` is true when all went well",
        422: "An action that there is not, too many videos, or fields that do not belong to it: nothing was changed",
    },
    extensions=shaped(
        {200: BulkResults},
        body={
            "action": "trash",
            "ids": ["6f0e7a0e-2f0c-4d53-9d0a-6f6c64666173"],
            "tags": ["sea", "sand"],
            tags.ADD: ["sea"],
            tags.REMOVE: ["sky"],
            "reason": "Evidence in case 4711",
            "until": "2027-01-31T12:00:00Z",
            "target": "nas",
        },
        required=("action", "ids"),
    ),
)
@needs(Right.EDIT)
def bulk() -> Response:
    """`action` and what goes with it:

    - `trash` and `restore-from-trash` (an operator)
    - `tag` with `add_tags`, `remove_tags`, or `tags` to replace them all (an uploader its own videos, an operator all)
    - `hold` with `reason` and, if it shall end by itself, `until`; `release`: all holds of each (an operator)
    - `retry`: every copy that failed, waits or was found damaged; with `target` only the one there (an operator)

    A video that cannot be changed has its own `error` and `code`, as its single route would answer; the others are
    changed all the same. An id that is given twice is changed once.
    """
    action, ids, values = _read(json_body())
    who = person()
    if not who.may(action.right):
        raise Forbidden(
            f"Your role '{who.role}' may not do this; it takes one of: {', '.join(roles_with(action.right))}.",
            detail={"role": who.role, "needs": action.right},
        )
    results = [_one(action, video_id, who, values) for video_id in ids]
    return jsonify({"success": all(result["ok"] for result in results), "results": results})


def _one(action: _Action, video_id: str, who: Person, values: Values) -> dict[str, Any]:
    error = code = None
    try:
        action.act(video_id, who, values)
    except HoldfastError as refusal:
        error, code = refusal.message, refusal.code
    except Exception as broke:  # noqa: BLE001 - what became of the others must be told all the same
        services().log.broke("bulk_broke", broke, upload=video_id)
        error, code = "The server made a mistake and wrote it to its log.", "internal"
    return {"id": video_id, "ok": error is None, "error": error, "code": code}


def _trash(video_id: str, who: Person, _: Values) -> object:
    return services().trash.throw_away(video_id, who.name, who.scope)


def _restore(video_id: str, who: Person, _: Values) -> None:
    services().trash.take_out(video_id, who.name, who.scope)


def _tag(video_id: str, who: Person, values: Values) -> object:
    fields: Fields = values
    return services().editor.edit(video_id, who.caller, fields, any_video=who.may(Right.OPERATE))


def _hold(video_id: str, who: Person, values: Values) -> object:
    return services().holder.hold(video_id, values["reason"], values.get("until"), who.scope)


def _release(video_id: str, who: Person, _: Values) -> None:
    for hold in services().holder.of(video_id, who.scope):
        services().holder.release(video_id, hold.id, who.scope)


def _retry(video_id: str, who: Person, values: Values) -> None:
    if "target" in values:
        services().desk.retry(video_id, values["target"], who.scope)
        return
    with services().database.read() as session:
        deliveries = videos.get(session, video_id, who.scope).deliveries
        names = [d.target for d in deliveries if d.state in _CAN_BE_SENT and d.target in services().places.by_name]
    for name in names:
        services().desk.retry(video_id, name, who.scope)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadField(f"{name} must be a text.", detail={"field": name})
    return value


def _texts(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise BadField(f"{name} must be a list of texts.", detail={"field": name})
    return value


def _instant(name: str, value: object) -> datetime | None:
    """null: no end."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(_text(name, value))
    except ValueError:
        raise BadField(
            f"{name} is not an ISO 8601 time such as 2026-01-31T12:00:00Z.", detail={"field": name}
        ) from None
    if at.tzinfo is None:
        raise BadField(f"{name} has no time zone; add Z or an offset such as +01:00.", detail={"field": name})
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadField(f"{name} is not between the years 1 and 9999.", detail={"field": name}) from None


ACTIONS = {
    "trash": _Action(_trash, Right.OPERATE, {}),
    "restore-from-trash": _Action(_restore, Right.OPERATE, {}),
    "tag": _Action(_tag, Right.EDIT, {"tags": _texts, tags.ADD: _texts, tags.REMOVE: _texts}),
    "hold": _Action(_hold, Right.OPERATE, {"reason": _text, "until": _instant}, ("reason",)),
    "release": _Action(_release, Right.OPERATE, {}),
    "retry": _Action(_retry, Right.OPERATE, {"target": _text}),
}


def _read(body: object) -> tuple[_Action, list[str], Values]:
    """The action, its videos and its fields; nothing is changed unless all of it makes sense."""
    if not isinstance(body, dict):
        raise BadField('Send JSON such as {"action": "trash", "ids": ["…"]}.')
    name = body.get("action")
    if not isinstance(name, str) or name not in ACTIONS:
        raise BadField(f"There is no action {name!r:.80}; known: {', '.join(ACTIONS)}.", detail={"field": "action"})
    action, ids = ACTIONS[name], _texts("ids", body.get("ids"))
    if not 1 <= len(ids) <= MOST:
        raise BadField(f"ids must name 1 to {MOST} videos; {len(ids)} came.", detail={"field": "ids"})
    given = {field: value for field, value in body.items() if field not in ("action", "ids")}
    for field in given.keys() - action.fields.keys():
        known = ", ".join(action.fields) or "none"
        raise BadField(f"'{field}' does not belong to {name}; its fields: {known}.", detail={"field": str(field)})
    for field in action.required:
        if field not in given:
            raise BadField(f"{name} needs '{field}'.", detail={"field": field})
    if name == "tag" and not given:
        raise BadField(f"tag needs one of: {', '.join(action.fields)}.", detail={"field": "tags"})
    return (
        action,
        list(dict.fromkeys(ids)),
        {field: action.fields[field](field, value) for field, value in given.items()},
    )
