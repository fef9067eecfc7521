"""A request's body, piece by piece, for every upload door; a cut one is never taken for a whole one.

gunicorn and Werkzeug both pass the end of a cut body as a normal end of file, so what came is compared with
Content-Length. 1 MiB at a time: smaller reads from gunicorn are several times slower (measured).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from flask import Request
from werkzeug.exceptions import UnsupportedMediaType

from backend.errors import BodyTimeout, IncompleteBody, UploadBusy
from backend.web.connections import BadFraming
from backend.web.straight_body import straighten

NOTHING_SAVED = "Nothing was saved. Send it again."
KEPT = "What came is kept; ask for the offset and go on from there."
NOT_PROVED = "Without its end these bytes have no checksum, and do not count. Send them again."
_STEP_BYTES = 1024 * 1024
_INTERRUPTED = "holdfast.interrupted"


def pieces(request: Request, remedy: str = KEPT) -> Iterator[bytes]:
    """The body in steps of at most 1 MiB. `remedy` says what a client whose body did not come whole may do.

    Raises `IncompleteBody`, `BodyTimeout`, or `UploadBusy` after `interrupter` was used.
    """
    straighten(request.environ)
    declared, received = request.content_length, 0
    while piece := _read_step(request, remedy):
        received += len(piece)
        yield piece
        # The kernel still hands over what a fast client goes on to send, so an end of file alone would not do.
        if received != declared and (busy := _interrupted(request)):
            raise busy
    if declared is not None and received != declared:
        raise _interrupted(request) or IncompleteBody(
            f"The upload was cut off: {declared} bytes were declared, {received} arrived. {remedy}",
            detail={"declared_bytes": declared, "received_bytes": received},
        )


def refuse_content_coding(request: Request) -> None:
    """The file is kept as it comes, so it must come as it is."""
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise UnsupportedMediaType(f"The file is kept as it comes: send it without Content-Encoding ({coding}).")


def interrupter(environ: dict[str, Any]) -> Callable[[], None]:
    """What another thread calls to end the receiving of this request; its answer can still be sent."""

    def interrupt() -> None:
        environ[_INTERRUPTED] = True
        connection = environ.get("gunicorn.socket")
        if isinstance(connection, socket.socket):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)

    return interrupt


def _read_step(request: Request, remedy: str) -> bytes:
    try:
        return request.stream.read(_STEP_BYTES)
    except TimeoutError as error:
        raise BodyTimeout(f"The upload stood still for too long and was cut off. {remedy}") from error
    except BadFraming as error:
        raise _interrupted(request) or IncompleteBody(f"The upload's chunks do not fit together. {remedy}") from error
    except OSError as error:
        raise _interrupted(request) or IncompleteBody(f"The connection broke during the upload. {remedy}") from error


def _interrupted(request: Request) -> UploadBusy | None:
    if _INTERRUPTED not in request.environ:
        return None
    return UploadBusy("A newer request for this upload has ended this one. Ask for the offset.")


def hang_up(environ: dict[str, Any]) -> None:
    """End the connection at once, without an answer."""
    connection = environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
