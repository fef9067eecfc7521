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
    errors.EmptyFile: 422,
    errors.BadField: 422,
    errors.IncompleteBody: 400,
    errors.BodyTimeout: 408,
    errors.DigestMismatch: 422,
    errors.DuplicateVideo: 409,
    errors.KeyReused: 422,
    errors.Conflict: 409,
    errors.NotFound: 404,
    errors.Refused: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooManyAttempts: 429,
    errors.DiskFull: 507,
    errors.OutOfHandles: 503,
    errors.CatalogUnavailable: 503,
    errors.StorageError: 500,
    errors.TargetError: 502,
    errors.HoldfastError: 500,
}
_RETRY_SOON = {503: "10", 507: "60", 429: "30"}


def status_of(error: HoldfastError) -> int:
    return next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)


def install(app: Flask) -> None:
    app.register_error_handler(HoldfastError, _answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unplanned)


def _answer(error: HoldfastError) -> Response:
    if isinstance(error, AccessError):
        services().log.write("info", "denied", path=request.path, address=client_address(), error=error.code)
    return _problem(status_of(error), error.message, error.code, error.detail)


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
    services().log.broke("request_broke", error, path=request.path, method=request.method)
    return _problem(500, "The server made a mistake and wrote it to its log. Nothing was acknowledged.", "internal", {})


def _problem(status: int, words: str, code: str, detail: dict[str, Any]) -> Response:
    answer = jsonify({"success": False, "error": words, "code": code, "detail": detail})
    answer.status_code = status
    if status in _RETRY_SOON:
        answer.headers["Retry-After"] = _RETRY_SOON[status]
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
