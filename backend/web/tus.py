"""The door `/files/`: resumable uploads by tus 1.0.0 (tus.io/protocols/resumable-upload), with all its extensions
but trailers and unfinished concatenation.

Two answers are not errors of the protocol's own list: an empty file is 422, as no empty video is kept; and a HEAD
that we cannot serve now is 423, since clients begin anew after any other failure.
"""

from __future__ import annotations

from contextlib import suppress

from apiflask import APIBlueprint
from flask import Flask, Response, request
from werkzeug.exceptions import Forbidden, PreconditionFailed
from werkzeug.http import http_date

from backend.errors import BodyTimeout, HoldfastError, StorageError
from backend.intake.resumable import Append, Checksum, Standing
from backend.web import tus_headers
from backend.web.access import Right, needs, person, services
from backend.web.addresses import absolute
from backend.web.cors import TUS_PATH, is_below
from backend.web.openapi import shaped
from backend.web.problems import spare_head
from backend.web.tus_creation import BASE, BYTES_TYPE, PROTOCOL, VERBATIM, check_content_type, read_creation
from backend.web.tus_override import MethodOverride
from backend.web.upload_body import KEPT, NOT_PROVED, hang_up, interrupter, pieces

VERSION = "1.0.0"
EXTENSIONS = (
    "creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration", "termination",
    "concatenation",
)  # fmt: skip

blueprint = APIBlueprint("tus", __name__, tag="Resumable uploads (tus 1.0.0)")


def install(app: Flask) -> None:
    """What holds for every answer of this door, also for those that never reach a view."""
    # The override must be known before the route is chosen; this is Flask's own way to put something in between.
    app.wsgi_app = MethodOverride(app.wsgi_app, TUS_PATH)  # type: ignore[method-assign]
    app.after_request(_complete_answer)


@blueprint.before_request
def _check_version() -> None:
    if request.method != "OPTIONS" and request.headers.get("Tus-Resumable") != VERSION:
        raise PreconditionFailed(f"This address speaks tus {VERSION}: send the header Tus-Resumable: {VERSION}.")


@blueprint.post(BASE, strict_slashes=False)
@blueprint.doc(
    summary="tus: begin an upload, with its first bytes or without; or make one of finished parts",
    responses={
        201: "Begun: Location is its address, Upload-Offset how many of the bytes that came with it are kept",
        400: "A header that does not fit the protocol",
        408: "The sender stood still too long; usually the connection is closed without an answer",
        412: "Not this version of the protocol",
        413: "Larger than Tus-Max-Size",
        415: "A type that is not taken, or bytes that are not application/offset+octet-stream",
        422: "A field does not fit, the file is empty, or the finished file is refused",
        423: "A part is being written at this moment",
        460: "The bytes do not have the checksum that was announced; nothing was begun",
        507: "No room on the server, or the project's quota is reached (code `quota`)",
    },
    extensions=shaped({}, headers={
        "Tus-Resumable": VERSION,
        "Upload-Length": "size of the file; or Upload-Defer-Length",
        "Upload-Defer-Length": "1: the size is told by a later PATCH",
        "Upload-Metadata": "filename, and the fields of the upload form, each value in Base64",
        "Upload-Concat": "partial; or final; and the addresses of the parts in order",
        "Upload-Checksum": "sha1 or sha256, a space, the Base64 digest of this request's bytes",
    }, raw=BYTES_TYPE),
)  # fmt: skip
@needs(Right.UPLOAD)
def create() -> Response:
    creation = read_creation(request, person())
    resumables = services().resumables
    if creation.part_ids:
        return _created(resumables.concatenate(creation.wish, list(creation.part_ids)))
    standing = resumables.create(creation.wish)
    if not creation.has_bytes:
        return _created(standing)
    standing = _take_first_bytes(standing, creation.checksum)
    answer = _created(standing)
    answer.headers["Upload-Offset"] = str(standing.offset)
    return answer


@blueprint.route(f"{BASE}<upload_id>", methods=["HEAD"])
@blueprint.doc(summary="tus: how far an upload is")
@needs(Right.UPLOAD)
def look(upload_id: str) -> Response:
    standing = services().resumables.look(upload_id, person().caller, PROTOCOL)
    answer = _empty(200)
    # Of a concatenation the offset is told only when it is done.
    if standing.is_whole or not _is_final(standing):
        answer.headers["Upload-Offset"] = str(standing.offset)
    if standing.length is None:
        answer.headers["Upload-Defer-Length"] = "1"
    else:
        answer.headers["Upload-Length"] = str(standing.length)
    for name in VERBATIM:
        if name in standing.words:
            answer.headers[name] = standing.words[name]
    _tell_expiry(answer, standing)
    return answer


@blueprint.patch(f"{BASE}<upload_id>")
@blueprint.doc(
    summary="tus: send the next bytes of an upload; the last ones are answered when the video is saved",
    responses={
        204: "Durable: Upload-Offset is where the next bytes go. Equal to the length: saved as a video",
        400: "A header that does not fit the protocol, or a body that was cut off; what came is kept",
        408: "The sender stood still too long; usually the connection is closed without an answer",
        409: "The upload goes on at another offset, or the content is here already (DUPLICATES=reject)",
        410: "It expired, or its finished file was refused",
        412: "Not this version of the protocol",
        413: "More bytes than the upload has, or than Tus-Max-Size",
        415: "A type that is not taken, or bytes that are not application/offset+octet-stream",
        422: "The finished file does not have the digest that was announced",
        423: "Another request is writing it",
        460: "The bytes do not have the checksum that was announced; they are dropped",
        507: "No room on the server, or the project's quota is reached (code `quota`)",
    },
    extensions=shaped({}, headers={
        "Tus-Resumable": VERSION,
        "Upload-Offset": "where these bytes go",
        "Upload-Length": "size of the file, where it was deferred",
        "Upload-Checksum": "sha1 or sha256, a space, the Base64 digest of this request's bytes",
    }, raw=BYTES_TYPE),
)  # fmt: skip
@needs(Right.UPLOAD)
def append(upload_id: str) -> Response:
    check_content_type(request)
    told = request.headers.get("Upload-Length")
    length = None if told is None else tus_headers.natural("Upload-Length", told)
    offset = tus_headers.natural("Upload-Offset", request.headers.get("Upload-Offset", ""))
    checksum = tus_headers.checksum(request.headers.get("Upload-Checksum"))
    if _is_final(services().resumables.look(upload_id, person().caller, PROTOCOL)):
        raise Forbidden("This upload was made of parts; it takes no bytes of its own.")
    standing = _take_bytes(upload_id, offset, length, checksum)
    answer = _empty(204)
    answer.headers["Upload-Offset"] = str(standing.offset)
    _tell_expiry(answer, standing)
    return answer


@blueprint.delete(f"{BASE}<upload_id>")
@blueprint.doc(
    summary="tus: give an upload up; a video that was saved stays",
    responses={
        204: "Its bytes are gone",
        410: "It was gone before",
        412: "Not this version of the protocol",
        423: "Another request is writing it",
    },
    extensions=shaped({}, headers={"Tus-Resumable": VERSION}),
)
@needs(Right.UPLOAD)
def terminate(upload_id: str) -> Response:
    services().resumables.terminate(upload_id, person().caller, PROTOCOL)
    return _empty(204)


def _take_first_bytes(standing: Standing, checksum: Checksum | None) -> Standing:
    """The bytes that came with a creation. Where they fail for good, nobody knows the upload: it must not stay."""
    resumables, caller = services().resumables, person().caller
    try:
        return _take_bytes(standing.id, 0, None, checksum)
    except StorageError as error:
        # The client can go on with a PATCH, whose answer will say what is wrong if it still is.
        services().log.write("warning", "begun_only", upload=standing.id, error=error.message)
        return resumables.look(standing.id, caller, PROTOCOL)
    except BaseException:
        with suppress(HoldfastError):
            resumables.terminate(standing.id, caller, PROTOCOL)
        raise


def _take_bytes(upload_id: str, offset: int, length: int | None, checksum: Checksum | None) -> Standing:
    wanted = Append(
        offset=offset,
        interrupt=interrupter(request.environ),
        length=length,
        body_bytes=request.content_length,
        checksum=checksum,
    )
    try:
        with services().resumables.append(upload_id, person().caller, PROTOCOL, wanted) as appending:
            for piece in pieces(request, NOT_PROVED if checksum else KEPT):
                appending.write(piece)
            standing, _ = appending.finish()
            return standing
    except BodyTimeout:
        # The protocol's own advice: clients take a broken connection for a reason to resume, and a 408 for the end.
        hang_up(request.environ)
        raise


def _created(standing: Standing) -> Response:
    answer = _empty(201)
    answer.headers["Location"] = absolute(request, f"{BASE}{standing.id}", services().settings)
    _tell_expiry(answer, standing)
    return answer


def _empty(status: int) -> Response:
    answer = Response(status=status)
    answer.headers.pop("Content-Type")
    return answer


def _is_final(standing: Standing) -> bool:
    return standing.words.get("Upload-Concat", "").startswith("final")


def _tell_expiry(answer: Response, standing: Standing) -> None:
    if standing.video_id is None:
        answer.headers["Upload-Expires"] = http_date(standing.expires_at)


def _complete_answer(answer: Response) -> Response:
    if not is_below(request.path, TUS_PATH):
        return answer
    answer.headers["Tus-Resumable"] = VERSION
    if request.method == "OPTIONS" or answer.status_code == 412:
        answer.headers["Tus-Version"] = VERSION
    if request.method == "OPTIONS":
        answer.headers["Tus-Extension"] = ",".join(EXTENSIONS)
        answer.headers["Tus-Max-Size"] = str(services().settings.upload_max_size)
        answer.headers["Tus-Checksum-Algorithm"] = ",".join(tus_headers.DIGEST_BYTES)
    if answer.status_code == 460:
        answer.status = "460 Checksum Mismatch"
    if request.method == "HEAD":
        spare_head(answer)
    return answer
