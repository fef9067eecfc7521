"""Changing what is said of a video: also of one that is still being uploaded by a resumable door."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog.clock import certain_at
from backend.catalog.describe import describe
from backend.errors import BadField
from backend.intake.checks import Fields
from backend.intake.edit import CHANGEABLE
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import json_body
from backend.web.schemas import Edited

blueprint = APIBlueprint("edits", __name__, tag="Videos")


@blueprint.patch("/api/videos/<video_id>")
@blueprint.doc(
    summary="Change the title, description and tags of a video, or of an upload that is still under way",
    responses={200: "Changed", 202: "Noted: the upload is not saved yet, and will be saved with these words"},
    extensions=shaped(
        {200: Edited, 202: Edited},
        body={
            "title": "A day at sea",
            "description": "Second camera",
            "tags": ["sea", "sand"],
            "add_tags": ["sea"],
            "remove_tags": ["sky"],
        },
        any_of_it=True,
    ),
)
@needs(Right.EDIT)
def edit_video(video_id: str) -> Response:
    """Fields that are not sent stay as they are. An uploader changes what is its own, an operator everything.

    `tags` replaces all tags; `add_tags` and `remove_tags` change those that are there by now, whoever added them. Send
    either the one or the others.
    """
    fields = _fields(json_body())
    if services().resumables.amend(video_id, person().caller, fields):
        answer = jsonify({"success": True, "saved": False, "video": None})
        answer.status_code = 202
        return answer
    everything = person().may(Right.OPERATE)
    video = services().editor.edit(video_id, person().caller, fields, any_video=everything)
    at = certain_at(services().layout, services().database)
    return jsonify({"success": True, "saved": True, "video": describe(video, services().places.kinds, at)})


def _fields(body: object) -> Fields:
    """The body as the fields of a form."""
    if not isinstance(body, dict) or not body:
        raise BadField(f'Send what changes as JSON, such as {{"title": "A day"}}; known: {", ".join(CHANGEABLE)}.')
    for name, value in body.items():
        if name not in CHANGEABLE:
            raise BadField(f"'{name}' cannot be changed; known: {', '.join(CHANGEABLE)}.", detail={"field": str(name)})
        listed = name.endswith("tags")
        if not isinstance(value, list if listed else str) or (listed and not all(isinstance(t, str) for t in value)):
            raise BadField(f"{name} must be {'a list of texts' if listed else 'a text'}.", detail={"field": name})
    return {name: value if isinstance(value, list) else [value] for name, value in body.items()}
