"""The door `/uploads`: draft-ietf-httpbis-resumable-upload-12 (interop version 8), and -05 (version 6).

A request says its version in Upload-Draft-Interop-Version; without one it is served as version 8, but without interim
answers (104), which the draft forbids then. What an upload was created with decides how it is told; any of the
draft's versions may continue it. An upload that ends as a video is answered like a form (201), at the creation or at
the append that completes it; an empty append with Upload-Complete: ?1 brings that answer again.

What differs in version 6, which tus-js-client ("ietf-draft-05") and iOS 18 speak:
- each answer for a living upload carries Upload-Offset: sent with every version, as 8 allows it;
- an append that is not the last one is answered 201, in version 8 with 204;
- Upload-Limit calls the remaining seconds `expires`, version 8 `max-age`;
- an upload that is gone is 404, in version 8 410; HEAD and DELETE with headers of an upload are 400;
- an append may come without Upload-Complete (its own example does): it is not the last one. tus-js-client sends one
  when a stream of unknown length ends; its Upload-Length then completes the upload.
The text of -05 wants `Upload-Complete: ?1` where an append was not the last one; its example, and every other
version, say ?0, and so do we. Where an append exceeds the length, -05 cuts it off and refuses with 400; the upload is
invalid here as in version 8.

Draft -03 (version 5), which tus-js-client can still speak, is served as version 8 without interim answers, but for the
media type of its appends: it has none.

Deliberate: an upload whose last byte came with ?0 is saved at once, since clients take offset == length for success.
"""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Flask, Response, g, request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from backend.errors import BodyTimeout
from backend.intake.checks import wait_seconds
from backend.intake.receive import Saved
from backend.intake.resumable import Append, Standing, Wish
from backend.web import digests, raw_file, resumable_headers, resumable_problems, saved_answer, schemas
from backend.web.access import Right, needs, person, services
from backend.web.addresses import absolute
from backend.web.cors import RUFH_PATH, is_below
from backend.web.interim import Interim
from backend.web.openapi import FIELDS, shaped
from backend.web.problems import spare_head
from backend.web.resumable_headers import MEDIA_TYPE, Ask, read_ask
from backend.web.tus_override import MethodOverride
from backend.web.upload_body import KEPT, NOT_PROVED, hang_up, interrupter, pieces

blueprint = APIBlueprint("resumable", __name__, tag="Resumable uploads (IETF draft)")
resumable_problems.install(blueprint)

_ONE = f"{RUFH_PATH}/<name>"
_WANT, _WAIT = "want-repr-digest", "wait"
_VERSION = {"Upload-Draft-Interop-Version": "8 or 6; without it no interim answers are sent"}
_APPEND = {
    **_VERSION,
    "Upload-Complete": "?1: the body ends the file; ?0: more follows",
    "Upload-Offset": "where these bytes go",
    "Upload-Length": "size of the whole file",
    "Content-Digest": "sha-256 or sha-512 of this request's bytes; others are dropped",
    "Repr-Digest": "sha-256 of the whole file; another one is refused",
    "Want-Repr-Digest": "sha-256=1: the final answer tells it",
}
_CREATION = {
    **{name: words for name, words in _APPEND.items() if name != "Upload-Offset"},
    "Content-Disposition": "filename* or filename: the file's name",
}


def install(app: Flask) -> None:
    """What holds for every answer of this door, also for those that never reach a view."""
    app.wsgi_app = MethodOverride(app.wsgi_app, RUFH_PATH)  # type: ignore[method-assign] # as in tus.install
    app.after_request(_complete_answer)


@blueprint.post(RUFH_PATH, strict_slashes=False)
@blueprint.doc(
    summary="IETF draft: begin an upload, with all of its bytes, the first ones, or none",
    description=(
        "Interim answers (104) tell the upload's address before its bytes are read, and then how many are durable, "
        "to clients that announce version 8 or 6 of the draft over HTTP/1.1."
    ),
    responses={
        **saved_answer.RESPONSES,
        201: "With Upload-Complete ?1: saved, the answer of a form. With ?0: begun, Location is its address",
        400: "A header that does not fit, lengths that differ, a digest that is not that of the bytes, or a cut body",
        408: "The sender stood still too long; usually the connection is closed without an answer",
        409: "The content is here already (DUPLICATES=reject)",
        413: "Larger than Upload-Limit says",
        415: "A type that is not taken, a form, or bytes with a content coding",
        422: "A field or the whole file's digest does not fit, or the file is empty",
        507: "No room on the server, or the project's quota is reached (code `quota`)",
    },
    extensions=shaped(
        saved_answer.SHAPES, query=["filename", *FIELDS], headers=_CREATION, raw="application/octet-stream",
        problem=schemas.UploadProblem,
    ),
)  # fmt: skip
@needs(Right.UPLOAD)
def create_upload() -> Response:
    return create("")


@blueprint.get(_ONE)
@blueprint.doc(
    summary="IETF draft: how far an upload is; usually asked by HEAD",
    description="Ends a request that is still sending bytes for this upload, so that the offset stays as told.",
    responses={
        204: "Upload-Offset is where the next bytes go; Upload-Complete: ?1, it is saved as a video",
        410: "It expired, was refused or given up",
        423: "Another request is saving it, or it cannot be told now (HEAD is never answered with 5xx): ask again",
    },
    extensions=shaped({}, headers=_VERSION, problem=schemas.UploadProblem),
)
@needs(Right.UPLOAD)
def look(name: str) -> Response:
    """HEAD is the usual way to ask."""
    _refuse_in_version_6("Upload-Offset", "Upload-Complete", "Upload-Length")
    standing = services().resumables.look(name, person().caller, read_ask(request).protocol, interrupting=True)
    answer = _empty(204)
    _tell(answer, standing, complete=standing.is_whole)
    if standing.length is not None:
        answer.headers["Upload-Length"] = str(standing.length)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.patch(_ONE)
@blueprint.doc(
    summary="IETF draft: send the next bytes of an upload; the last ones are answered when the video is saved",
    responses={
        **saved_answer.RESPONSES,
        201: "Upload-Complete ?1: saved, the answer of a form, also where it was told before. Version 6: as 204 too",
        204: "Durable, and more is to follow",
        400: "A header or digest that does not fit, lengths that differ, or a cut body; what came of it stays",
        408: "The sender stood still too long; usually the connection is closed without an answer",
        409: "The upload goes on at another offset, or the content is here already (DUPLICATES=reject)",
        410: "It expired, was refused or given up",
        413: "Larger than Upload-Limit says",
        415: "Not application/partial-upload, or a type of file that is not taken",
        422: "The whole file's digest does not fit",
        423: "Another request is at work on this upload, or took it over",
        507: "No room on the server, or the project's quota is reached (code `quota`)",
    },
    extensions=shaped(
        saved_answer.SHAPES, query=["wait"], headers=_APPEND, raw=MEDIA_TYPE, problem=schemas.UploadProblem
    ),
)
@needs(Right.UPLOAD)
def append(name: str) -> Response:
    ask = read_ask(request)
    if ask.needs_type and request.mimetype != MEDIA_TYPE:
        raise UnsupportedMediaType(f"The next bytes of an upload are sent as Content-Type: {MEDIA_TYPE}.")
    if ask.offset is None:
        raise BadRequest("Upload-Offset is missing, or no whole number: say where these bytes go.")
    if ask.complete is None and not ask.is_old:
        raise BadRequest("Upload-Complete is missing: ?1 with the last bytes, ?0 when more will follow.")
    with Interim(request.environ, ask.version) as interim:
        wanted = _wanted(ask, ask.offset, interim)
        g.upload_id = name
        standing, saved = _take(name, ask, wanted)
    # Every byte is there: saved, and complete, though the client did not say so.
    if ask.complete or standing.is_whole:
        return _done(standing, saved)
    return _not_yet(standing, _empty(201 if ask.is_old else 204))


@blueprint.delete(_ONE)
@blueprint.doc(
    summary="IETF draft: give an upload up; a video that was saved stays",
    responses={204: "Its bytes are gone", 410: "It was gone before", 423: "Another request is saving it"},
    extensions=shaped({}, headers=_VERSION, problem=schemas.UploadProblem),
)
@needs(Right.UPLOAD)
def cancel(name: str) -> Response:
    _refuse_in_version_6("Upload-Offset", "Upload-Complete")
    services().resumables.terminate(name, person().caller, read_ask(request).protocol)
    return _empty(204)


def create(name_in_address: str) -> Response:
    """A creation, with its first bytes, all of them, or none."""
    ask = read_ask(request)
    if ask.complete is None:
        raise BadRequest(
            "Upload-Complete is missing: ?1 when the body is the whole file, ?0 when more will follow. "
            f"Without it, send a form to /api/upload-video, or PUT the file to {RUFH_PATH}/NAME."
        )
    file = raw_file.described(request, name_in_address)
    words = {_WAIT: file.wait, _WANT: "1" if digests.wants_sha256(request) else ""}
    with Interim(request.environ, ask.version) as interim:
        wanted = _wanted(ask, 0, interim)
        standing = services().resumables.create(
            Wish(ask.protocol, person().caller, file.filename, file.fields, wanted.length, words=words)
        )
        g.upload_id, g.location, saved = standing.id, _location(standing.id), None
        interim.created(g.location, resumable_headers.limits_of(standing, services().settings.upload_max_size))
        if ask.has_body:
            standing, saved = _take(standing.id, ask, wanted)
    is_done = ask.complete or standing.is_whole
    return _done(standing, saved) if is_done else _not_yet(standing, _empty(201))


def _wanted(ask: Ask, offset: int, interim: Interim) -> Append:
    """What this request wants to add; whatever it says wrongly is refused before anything is done."""
    return Append(
        offset=offset,
        interrupt=interrupter(request.environ),
        length=ask.whole_length(offset),
        body_bytes=ask.body_bytes,
        checksum=digests.of_body(request),
        sha256=digests.of_file(request),
        told=interim.reached,
    )


def _take(upload_id: str, ask: Ask, wanted: Append) -> tuple[Standing, Saved | None]:
    """Receive this request's bytes. What came stays when it breaks off."""
    try:
        with services().resumables.append(upload_id, person().caller, ask.protocol, wanted) as appending:
            for piece in pieces(request, NOT_PROVED if wanted.checksum else KEPT):
                appending.write(piece)
            return appending.finish(is_last=bool(ask.complete))
    except BodyTimeout:
        # Clients take a broken connection for a reason to resume, and a 408 for the end.
        hang_up(request.environ)
        raise


def _not_yet(standing: Standing, answer: Response) -> Response:
    answer.headers["Location"] = _location(standing.id)
    _tell(answer, standing, complete=False)
    return answer


def _done(standing: Standing, saved: Saved | None) -> Response:
    """The form's answer. `saved` None: it was told before, and is told again."""
    waits = request.args.getlist(_WAIT) or [standing.words.get(_WAIT, "")]
    seconds = wait_seconds({_WAIT: waits}, services().settings.upload_wait_seconds)
    if saved is None:
        saved, seconds = Saved(standing.video_id or standing.id, replayed=True), 0
    answer = saved_answer.saved_answer(saved, seconds)
    answer.headers["Location"] = _location(standing.id)
    _tell(answer, standing, complete=True)
    if standing.words.get(_WANT) or digests.wants_sha256(request):
        answer.headers[digests.REPR] = digests.repr_digest(saved_answer.sha256_of(saved))
    return answer


def _location(upload_id: str) -> str:
    return absolute(request, f"{RUFH_PATH}/{upload_id}", services().settings)


def _tell(answer: Response, standing: Standing, *, complete: bool) -> None:
    resumable_headers.tell(answer, standing, services().settings.upload_max_size, complete=complete)


def _empty(status: int) -> Response:
    answer = Response(status=status)
    answer.headers.pop("Content-Type", None)
    return answer


def _refuse_in_version_6(*names: str) -> None:
    sent = [name for name in names if name in request.headers]
    if sent and read_ask(request).is_old:
        raise BadRequest(f"{request.method} takes no {' and no '.join(sent)} (interop version 6).")


def _complete_answer(answer: Response) -> Response:
    if not is_below(request.path, RUFH_PATH):
        return answer
    if request.method == "OPTIONS":
        settings = services().settings
        lifetime = settings.incomplete_ttl_hours * 3600
        answer.headers["Upload-Limit"] = resumable_headers.limits(
            settings.upload_max_size, lifetime, is_old=read_ask(request).is_old
        )
        answer.headers["Accept-Patch"] = MEDIA_TYPE
    if request.method == "HEAD":
        spare_head(answer)
    return answer
