"""The one translation of errors to HTTP: `{"success": false, "error", "code", "detail"}`."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from backend import errors
from backend.errors import AccessError, HoldfastError
from backend.web.access import client_address, services

# The first class in an error's own order that stands here decides.
_STATUS: dict[type[HoldfastError], int] = {
    errors.ExtensionNotAllowed: 415,
    errors.TooLarge: 413,
    errors.QuotaReached: 507,
    errors.EmptyFile: 422,
    errors.BadField: 422,
    errors.IncompleteBody: 400,
    errors.BodyTimeout: 408,
    errors.DigestMismatch: 422,
    errors.DuplicateVideo: 409,
    errors.KeyReused: 422,
    errors.ChecksumMismatch: 460,
    errors.InconsistentLength: 400,
    errors.LengthExceeded: 413,
    errors.OffsetMismatch: 409,
    errors.UploadBusy: 423,
    errors.Crowded: 503,
    errors.UploadGone: 410,
    errors.ShareGone: 410,
    errors.ExportGone: 410,
    errors.FootageOnly: 410,
    errors.Conflict: 409,
    errors.NotFound: 404,
    errors.Refused: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooManyAttempts: 429,
    errors.DiskFull: 507,
    errors.OutOfHandles: 503,
    errors.CatalogUnavailable: 503,
    errors.Restoring: 503,
    errors.StorageError: 500,
    errors.TargetError: 502,
    errors.HoldfastError: 500,
}
RETRY_SOON = {423: "1", 503: "10", 507: "60", 429: "30"}


def status_of(error: HoldfastError) -> int:
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def spare_head(answer: Response) -> None:
    """A HEAD of a resumable door: no body, never from a cache, and 423 where it cannot be answered now.

    tus-js-client 4.3.1 takes a 5xx or 429 for the end of an upload and begins anew from zero; 423 makes it try again.
    """
    if answer.status_code >= 500 or answer.status_code == 429:
        answer.status_code = 423
        answer.headers.setdefault("Retry-After", RETRY_SOON[503])
    answer.headers["Cache-Control"] = "no-store"
    # Not only for looks: with X-HTTP-Method-Override the client would wait for the body that Content-Length promises.
    answer.set_data(b"")
    answer.headers.pop("Content-Type", None)


def install(app: Flask) -> None:
    for kind in (HoldfastError, HTTPException, Exception):
        app.register_error_handler(kind, answer_to)


def answer_to(error: Exception) -> Response:
    if isinstance(error, HoldfastError):
        return _answer(error)
    return _answer_http(error) if isinstance(error, HTTPException) else _answer_unplanned(error)


def _answer(error: HoldfastError) -> Response:
    if isinstance(error, AccessError):
        services().log.write("info", "denied", path=_path(), address=client_address(), error=error.code)
    answer = _problem(status_of(error), error.message, error.code, error.detail)
    if isinstance(error, errors.Restoring) and request.headers.get("Sec-Fetch-Mode") == "navigate":
        # Somebody opened the address itself: the browser asks again, and then the file comes.
        answer.headers["Refresh"] = answer.headers["Retry-After"]
    return answer


def _answer_http(error: HTTPException) -> Response:
    """Flask's own refusals: unknown path, wrong method, too large a body."""
    status = error.code or 500
    words = {
        404: f"There is nothing at {request.path}.",
        405: f"{request.method} is not possible at {request.path}.",
        413: "The request is larger than this address takes.",
    }
    answer = _problem(
        status, words.get(status, error.description or error.name), error.name.lower().replace(" ", "-"), {}
    )
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            answer.headers[name] = value
    return answer


def _answer_unplanned(error: Exception) -> Response:
    services().log.broke("request_broke", error, path=_path(), method=request.method)
    return _problem(500, "The server made a mistake and wrote it to its log. Nothing was acknowledged.", "internal", {})


def _path() -> str:
    """For our log: whoever has the address of a share link may see its video."""
    return "/s/…" if request.path.startswith("/s/") else request.path


def _problem(status: int, words: str, code: str, detail: dict[str, Any]) -> Response:
    answer = jsonify({"success": False, "error": words, "code": code, "detail": detail})
    answer.status_code = status
    if status in RETRY_SOON:
        answer.headers["Retry-After"] = str(detail.get("retry_after_seconds") or RETRY_SOON[status])
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
