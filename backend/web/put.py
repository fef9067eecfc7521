"""`PUT /uploads/{name}`: the body is the file, so `curl -T FILE -H "Authorization: Bearer …" URL/uploads/` uploads it.

In one piece: a PUT that breaks off leaves nothing. With the header Upload-Complete it creates a resumable upload of
the IETF draft instead, as POST /uploads does (see resumable.py).
"""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, request

from backend.intake.checks import wait_seconds
from backend.intake.receive import Saved, Upload
from backend.web import digests, raw_file, resumable, resumable_problems, saved_answer
from backend.web.access import Right, needs, person, services
from backend.web.cors import RUFH_PATH
from backend.web.openapi import FIELDS, shaped
from backend.web.upload_body import NOTHING_SAVED, pieces

blueprint = APIBlueprint("put", __name__, tag="Upload")
resumable_problems.install(blueprint)


@blueprint.put(f"{RUFH_PATH}/<name>")
@blueprint.doc(
    summary="Upload one video as the body of a PUT: curl -T FILE",
    description=(
        "In one piece: one that breaks off leaves nothing. With the header Upload-Complete it begins a resumable "
        "upload instead, and is answered as POST /uploads is."
    ),
    responses={
        **saved_answer.RESPONSES,
        400: "The body was cut off, or a header does not fit",
        408: "The sender stood still too long",
        409: "The content is here already (DUPLICATES=reject)",
        413: "Larger than UPLOAD_MAX_SIZE",
        415: "A type that is not taken, a form, or bytes with a content coding",
        422: "A field, the digest or the Idempotency-Key does not fit, or the file is empty",
        507: "No room on the server, or the project's quota is reached (code `quota`)",
    },
    extensions=shaped(
        saved_answer.SHAPES,
        query=["filename", *FIELDS],
        headers={
            "Idempotency-Key": "the same key makes a retry answer with the video that was saved first",
            "Content-Disposition": "filename* or filename: the file's name, instead of the one in the address",
            "Repr-Digest": "sha-256 of the file; another one is refused",
            "Want-Repr-Digest": "sha-256=1: the answer tells it",
        },
        raw="application/octet-stream",
    ),
)
@needs(Right.UPLOAD)
def put_file(name: str) -> Response:
    # What came through the router has lost bytes that are no UTF-8.
    name = raw_file.name_in_address(request)
    if resumable_problems.is_of_the_draft():
        return resumable.create(name)
    saved, seconds = _receive(name)
    answer = saved_answer.saved_answer(saved, seconds)
    if digests.wants_sha256(request):
        answer.headers[digests.REPR] = digests.repr_digest(saved_answer.sha256_of(saved))
    return answer


def _receive(name: str) -> tuple[Saved, float]:
    """Take the body and save it; whatever goes wrong, nothing stays of it."""
    intake, caller = services().intake, person().caller
    upload: Upload | None = None
    try:
        key = saved_answer.idempotency_key()
        file = raw_file.described(request, name, is_whole=True)
        seconds = wait_seconds({"wait": [file.wait]}, services().settings.upload_wait_seconds)
        project_id = None if intake.may_replay(caller.id, key) else file.facts.project_id
        upload = intake.open(file.filename, caller, "put", request.content_length, project_id)
        for piece in pieces(request, NOTHING_SAVED):
            intake.write(upload, piece)
        return intake.save(upload, file.facts, key), seconds
    except BaseException as error:
        if upload is None:
            intake.turned_away(caller, error, "put")
        else:
            intake.abandon(upload, error)
        raise
