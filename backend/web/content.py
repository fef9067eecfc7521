"""Files over HTTP: whole or in parts, by the kernel's own hand, and so that nothing in them can run as a page.

`serve_file` is for every route that answers with bytes which came from outside, or were made from such.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, cast

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.http import http_date
from werkzeug.wsgi import wrap_file

from backend import mime
from backend.catalog import videos
from backend.catalog.models import Video
from backend.disk.atomic import told_as_gone
from backend.web import disposition
from backend.web.access import Right, needs, person, services
from backend.web.conditional import Part, Version, is_unchanged, part_asked
from backend.web.openapi import shaped

blueprint = APIBlueprint("content", __name__, tag="Videos")

# Types that a browser shows and never runs. All else is bytes.
_INERT = mime.KNOWN | {
    "image/jpeg", "image/png", "image/webp", "text/vtt", "application/vnd.apple.mpegurl", "video/iso.segment",
}  # fmt: skip
# A sandbox without allow-scripts: nothing runs, whatever the type. It keeps its origin, or a browser that is led to
# a video by its address could not load it a second time, with the cookie, into the player that it shows (Chromium).
_POLICY = "sandbox allow-same-origin; default-src 'none'; media-src 'self'"
_STEP_BYTES = 256 * 1024
ANSWERS = {
    200: "All bytes",
    206: "The range asked for",
    304: "Unchanged",
    410: "Code `footage-only`: the file and its SHA-256 cannot be had back; `detail.footage` says on which camera of "
    "the VMS and from when to when it can be watched, with the VMS's link where there is one",
    412: "Not the version that If-Match or If-Unmodified-Since names",
    416: "The range begins behind the end",
    503: "The bytes are elsewhere and are being fetched back: ask again after Retry-After; `detail` says how far it is",
}
CONDITIONS = {
    "Range": "`bytes=0-1023`, `bytes=1024-` or `bytes=-500`; several at once are answered with all bytes",
    "If-Range": "the ETag or Last-Modified of an earlier part: all bytes come if it is not the same file any more",
    "If-None-Match": "",
    "If-Modified-Since": "",
    "If-Match": "",
    "If-Unmodified-Since": "",
}


@blueprint.get("/api/videos/<video_id>/content")
@blueprint.doc(
    summary="The bytes, for playing: ranges and conditional requests",
    responses=ANSWERS,
    extensions=shaped({}, headers=CONDITIONS),
)
@needs(Right.READ)
def content(video_id: str) -> Response:
    return _bytes_of(video_id, "inline")


@blueprint.get("/api/videos/<video_id>/download")
@blueprint.doc(
    summary="The bytes, for saving under the original name",
    responses=ANSWERS,
    extensions=shaped({}, headers=CONDITIONS),
)
@needs(Right.READ)
def download(video_id: str) -> Response:
    return _bytes_of(video_id, "attachment")


def _bytes_of(video_id: str, kind: str) -> Response:
    with services().database.read() as session:
        video = videos.get_alone(session, video_id, person().scope)
    return serve_video(video, kind)


def serve_video(video: Video, kind: str) -> Response:
    """Answer the present request with the video as it came. `kind`: inline or attachment."""
    try:
        return _file_of(video, kind)
    except FileNotFoundError:
        # Pruned since it was looked at: now it is brought back.
        return _file_of(video, kind)


def _file_of(video: Video, kind: str) -> Response:
    path, size_bytes = _place_of(video)
    kind = kind if video.mime_type in mime.KNOWN else "attachment"
    return serve_file(
        path,
        mime_type=video.mime_type,
        etag=_etag_of(video),
        modified_at=video.created_at,
        disposition=disposition.written(kind, video.original_filename or video.stored_filename),
        size_bytes=size_bytes,
    )


def _etag_of(video: Video) -> str:
    """A recorder's own file that is not hashed yet may grow: its size and time stand for its bytes."""
    if video.sha256:
        return video.sha256
    try:
        found = services().layout.absolute(video.relative_path).stat()
    except FileNotFoundError:
        return f"{video.id}-gone"
    return f"{video.id}-{found.st_size}-{found.st_mtime_ns}"


def _place_of(video: Video) -> tuple[Path, int | None]:
    """The file, fetched back first; for who asks for no bytes it is not fetched: then the size says enough."""
    restorer = services().restorer
    version = Version(_etag_of(video), video.created_at)
    without_bytes = request.method == "HEAD" or is_unchanged(request.headers, version)
    if without_bytes and not restorer.is_here(video) and restorer.can_come(video.id):
        return services().layout.absolute(video.relative_path), video.size_bytes
    return restorer.path_to_serve(video), None


def serve_file(
    path: Path,
    *,
    mime_type: str,
    etag: str,
    modified_at: datetime,
    disposition: str = "",
    size_bytes: int | None = None,
) -> Response:
    """Answer the present request with this file, as its range and conditions ask.

    `etag`: without quotes, and strong: a file with other bytes must have another one. `disposition`: the whole
    header (`disposition.written`), none when empty. A type that a browser could run is served as plain bytes.
    The answer may be kept but is asked for anew each time; set another Cache-Control on it where that is right.
    `size_bytes`: what a HEAD is told of a file that is not here.
    Raises `FileNotFoundError`, another `StorageError`, and HTTP's 412 and 416.
    """
    version = Version(etag, modified_at)
    if is_unchanged(request.headers, version):
        answer = Response(status=304)
    elif request.method == "HEAD":
        with told_as_gone("looking at a file"):
            answer = _announced(path.stat().st_size if size_bytes is None else size_bytes)
    else:
        answer = _sent(path, version)
    answer.headers["Content-Type"] = mime_type if mime_type in _INERT else mime.UNKNOWN
    answer.headers["ETag"] = f'"{etag}"'
    answer.headers["Last-Modified"] = http_date(version.second)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if disposition:
        answer.headers["Content-Disposition"] = disposition
    return answer


def _announced(size_bytes: int) -> Response:
    answer = Response()
    answer.headers["Content-Length"] = str(size_bytes)
    return answer


def _sent(path: Path, version: Version) -> Response:
    with told_as_gone("opening a file"):
        file = path.open("rb", buffering=0)
    try:
        size_bytes = os.fstat(file.fileno()).st_size
        part = part_asked(request.headers, version, size_bytes)
        window = _Window(file, part or Part(0, size_bytes - 1), request.environ.get("gunicorn.socket"))
    except BaseException:
        file.close()
        raise
    # gunicorn hands what its own wrapper holds to sendfile(2), from the file's position for Content-Length bytes.
    wrapped = wrap_file(request.environ, cast(IO[bytes], window), _STEP_BYTES)  # what PEP 3333 asks of a file it has
    answer = Response(wrapped, direct_passthrough=True)
    answer.headers["Content-Length"] = str(window.size_bytes)
    if part:
        answer.status_code = 206
        answer.headers["Content-Range"] = f"bytes {part.first}-{part.last}/{size_bytes}"
    return answer


class _Window:
    """A part of an open file as a file, for `wsgi.file_wrapper`: it begins at its position and ends of itself."""

    def __init__(self, file: IO[bytes], part: Part, connection: socket.socket | None) -> None:
        self._file, self._part, self._connection = file, part, connection
        self.size_bytes = part.size_bytes
        self._left = part.size_bytes
        file.seek(part.first)

    def fileno(self) -> int:
        return self._file.fileno()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        got = self._file.read(wanted) if wanted else b""
        self._left -= len(got)
        return got

    def seek(self, position: int) -> int:
        """`position` in the whole file. Python's `socket.sendfile` wants it where the reader had left before the first
        byte, as players do that look elsewhere: without it that end of a connection would be logged as a fault."""
        self._left = self._part.last + 1 - position
        return self._file.seek(position)

    def close(self) -> None:
        """Close the file. If it became shorter while it was sent, the client must not wait for the missing bytes,
        nor take the next answer's for them: gunicorn would keep the connection."""
        if not self._file.closed and self._connection is not None:
            with suppress(OSError):
                if os.fstat(self._file.fileno()).st_size <= self._part.last:
                    self._connection.shutdown(socket.SHUT_RDWR)
        self._file.close()
