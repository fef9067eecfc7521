"""What a visitor with a share link sees: a plain page without script, the video, its picture, the file if allowed.

No cookie and no token counts here, only the signed address. A visit is counted once: the page hands its player a word
that says so; whoever asks for the bytes without one is a visit of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps

from apiflask import APIBlueprint
from flask import Response, render_template, request

from backend import mime
from backend.actor import Actor, act_as
from backend.catalog.describe_media import describe_media, made
from backend.catalog.media import BROWSER, PICTURES
from backend.catalog.models import MediaState, Video
from backend.catalog.types import iso
from backend.disk.layout import split_extension
from backend.disk.sizes import in_units
from backend.errors import AccessError, FootageOnly, Forbidden, HoldfastError, NotFound, Refused
from backend.sharing.desk import Shared
from backend.web import disposition
from backend.web.access import Right, client_address, needs, services
from backend.web.attempts import link_attempts
from backend.web.content import serve_video
from backend.web.made_files import pictures, renditions, serve_made
from backend.web.pages import static_address
from backend.web.problems import RETRY_SOON, status_of

blueprint = APIBlueprint("shared_page", __name__, enable_openapi=False, template_folder="templates")

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADINGS = {
    403: "This video is for watching",
    404: "There is nothing at this address",
    410: "This link is over",
    429: "Please wait a moment",
}
_NOT_NOW = "This video cannot be shown just now. Please try again in a few minutes."
_FROM_THE_START = re.compile(r"\s*bytes\s*=\s*0+-")
_BEHIND_A_LINK = ".,;:!?)]>'\"”’"
_BEING_MADE = "This video is being prepared for browsers. Please come back in a few minutes."
_NEVER = "This kind of file cannot be played in a browser."
_FOOTAGE = "This recording is kept in a video management system now and cannot be shown here. Ask whoever shared it."

View = Callable[[str], Response]


def _kindly(view: View) -> View:
    """Tell whoever came by a link in a page of words, not in JSON, why there is nothing to see."""

    @wraps(view)
    def told(address: str) -> Response:
        try:
            answer = view(address)
        except HoldfastError as error:
            answer = _nothing(status_of(error), error.message if isinstance(error, Refused | AccessError) else _NOT_NOW)
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.headers["X-Robots-Tag"] = "noindex, nofollow"
        return answer

    return told


@blueprint.get("/s/<address>", strict_slashes=False)
@needs(Right.PUBLIC)
@_kindly
def page(address: str) -> Response:
    shared = _shared(address)
    if request.method != "HEAD":
        services().shares.note_visit(shared)
    video, share = shared.video, shared.share
    plays, job = _plays(video), made(video, BROWSER)
    size = job.result if job is not None and plays == "browser" else describe_media(video)["facts"] or {}
    return _html(
        "shared_video.html",
        200,
        title=_printable(video.title or video.original_filename),
        here=f"/s/{services().shares.key.address_of(share.id)}",
        visit=services().shares.key.visit(share.id, datetime.now(UTC)),
        plays=plays,
        why_not=_why_not(video),
        has_picture=_has_picture(video),
        width=size.get("width"),
        height=size.get("height"),
        length=_length(video.duration_seconds),
        until=f"{share.expires_at:%-d %B %Y, %H:%M} UTC",
        until_iso=iso(share.expires_at),
        may_download=share.may_download and not _is_footage(video),
        size=in_units(video.size_bytes),
    )


@blueprint.get("/s/<address>/content")
@needs(Right.PUBLIC)
@_kindly
def content(address: str) -> Response:
    shared = _shared(address)
    video, plays = shared.video, _plays(shared.video)
    if plays is None:
        raise NotFound(_why_not(video))
    _count_unless_counted(shared)
    job = made(video, BROWSER)
    if plays == "content" or job is None:
        return _sent(shared, lambda: serve_video(video, "inline"))
    name = disposition.written("inline", f"{split_extension(video.original_filename)[0]} {job.result['file']}")
    kind = "audio/mp4" if job.result.get("mime_type") == "audio/mp4" else "video/mp4"
    return _sent(shared, lambda: serve_made(renditions(video), job.result["file"], kind, job, written=name))


@blueprint.get("/s/<address>/download")
@needs(Right.PUBLIC)
@_kindly
def download(address: str) -> Response:
    shared = _shared(address)
    if not shared.share.may_download:
        raise Forbidden("Whoever shared this video lets you watch it, and not download it.")
    if _is_footage(shared.video):
        raise NotFound(_FOOTAGE)
    _count_unless_counted(shared)
    return _sent(shared, lambda: serve_video(shared.video, "attachment"))


@blueprint.get("/s/<address>/thumbnail")
@needs(Right.PUBLIC)
@_kindly
def thumbnail(address: str) -> Response:
    shared = _shared(address)
    video = shared.video
    job = made(video, PICTURES)
    found = job.result.get("thumbnail") if job is not None else None
    if job is None or not found:
        raise NotFound("There is no picture of this video.")
    return _sent(shared, lambda: serve_made(pictures(video), found["file"], "image/jpeg", job))


def _shared(address: str) -> Shared:
    """The video behind the address; whoever tries one after the other is stopped for a while."""
    # What a letter or a chat put behind the link.
    address = address.rstrip(_BEHIND_A_LINK)
    brake = link_attempts()
    brake.refuse_guessers(client_address())
    if services().shares.key.id_in(address) is None:
        brake.count(client_address())
    shared = services().shares.look(address)
    act_as(Actor(f"share:{shared.share.id}", "visitor of a share link", client_address()))
    return shared


def _count_unless_counted(shared: Shared) -> None:
    known = services().shares.key.is_visit(shared.share.id, request.args.get("visit", ""), datetime.now(UTC))
    asked = request.headers.get("Range", "")
    # A player that seeks is still the same visit.
    if not known and request.method != "HEAD" and (not asked or _FROM_THE_START.match(asked)):
        services().shares.note_visit(shared)


def _plays(video: Video) -> str | None:
    """What a browser is given, "content" or "browser"; a file that nobody has looked at yet, as it came."""
    told = describe_media(video)
    if told["playable"] != "browser" and _is_footage(video):
        return None
    if told["playable"] is not None or told["facts"] is not None:
        return str(told["playable"]) if told["playable"] else None
    may_play = video.mime_type in mime.KNOWN and video.media_state != MediaState.UNPLAYABLE
    return "content" if may_play else None


def _why_not(video: Video) -> str:
    if _is_footage(video):
        return _FOOTAGE
    return _BEING_MADE if video.media_state in (MediaState.NEW, MediaState.WORKING) else _NEVER


def _is_footage(video: Video) -> bool:
    """Whether its file is gone for good, and only a VMS has what is to be seen in it."""
    if video.local_state == "present":
        return False
    try:
        services().restorer.refuse_footage(video.id)
    except FootageOnly:
        return True
    return False


def _has_picture(video: Video) -> bool:
    job = made(video, PICTURES)
    return job is not None and bool(job.result.get("thumbnail"))


def _sent(shared: Shared, serve: Callable[[], Response]) -> Response:
    """The bytes. Of our own troubles with disks and copies a stranger is told nothing; our log is."""
    try:
        return serve()
    except HoldfastError as error:
        services().log.write("warning", "not_shown", upload=shared.video.id, share=shared.share.id, error=error.message)
        return _nothing(503, _NOT_NOW)


def _nothing(status: int, words: str) -> Response:
    answer = _html("shared_nothing.html", status, heading=_HEADINGS.get(status, "Not now"), words=_printable(words))
    if status in RETRY_SOON:
        answer.headers["Retry-After"] = RETRY_SOON[status]
    return answer


def _html(template: str, status: int, **values: object) -> Response:
    answer = Response(
        render_template(template, static=static_address(), **values), status, content_type="text/html; charset=utf-8"
    )
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _printable(text: str) -> str:
    """A name from a folder whose bytes were no UTF-8 can be sent to nobody as it is."""
    return text.encode("utf-8", "replace").decode()


def _length(seconds: float | None) -> str:
    if not seconds:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
