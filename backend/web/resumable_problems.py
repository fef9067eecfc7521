"""Errors of the IETF door: RFC 9457 problems, with the draft's own types and headers.

A problem's `detail` is a text (RFC 9457), so what other doors call `detail` is `about` here; `success`, `error` and
`code` are as everywhere. Statuses that mean something else to the draft's clients are changed: 413 would make them
send the same bytes in smaller requests, 460 is tus', and version 6 knows no 410.
"""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from typing import Any

from apiflask import APIBlueprint
from flask import Response, g, json, request
from werkzeug.exceptions import HTTPException

from backend import errors
from backend.errors import HoldfastError
from backend.intake.resumable import Standing
from backend.web import digests, problems, resumable_headers
from backend.web.access import person, services
from backend.web.resumable_headers import read_ask

_TYPE = "https://iana.org/assignments/http-problem-types#"
# A final word of the resource behind the upload: nothing is gained by going on.
_FINAL = (
    errors.ExtensionNotAllowed, errors.TooLarge, errors.EmptyFile, errors.BadField, errors.DigestMismatch,
    errors.DuplicateVideo, errors.KeyReused,
)  # fmt: skip
_STATUS: dict[type[HoldfastError], int] = {errors.ChecksumMismatch: 400, errors.LengthExceeded: 400}


def install(blueprint: APIBlueprint) -> None:
    for kind in (HoldfastError, HTTPException, Exception):
        blueprint.register_error_handler(kind, _answer)


def is_of_the_draft() -> bool:
    """A PUT without Upload-Complete is a plain upload, and so are its errors."""
    return request.method != "PUT" or read_ask(request).complete is not None


def _answer(error: Exception) -> Response:
    answer = problems.answer_to(error)
    if not is_of_the_draft():
        return answer
    standing = _standing(error)
    answer.status_code = _status(error, answer.status_code)
    _set_headers(answer, error, standing)
    told = answer.get_json()
    kind, title, more = _kind(error, standing)
    problem = {
        "type": f"{_TYPE}{kind}" if kind else "about:blank",
        "title": title or HTTPStatus(answer.status_code).phrase,
        "status": answer.status_code,
        "detail": told["error"],
        "success": False,
        "error": told["error"],
        "code": told["code"],
        "about": told["detail"],
    }
    answer.data = json.dumps({**problem, **more})
    answer.content_type = "application/problem+json"
    return answer


def _standing(error: Exception) -> Standing | None:
    """How far the upload is after a request of ours for it broke off; None where there is none, or not any more."""
    upload_id = g.get("upload_id")
    # The one who took over is at work on it now.
    if upload_id is None or isinstance(error, errors.UploadBusy):
        return None
    with suppress(HoldfastError):
        return services().resumables.look(upload_id, person().caller, "rufh-8")
    return None


def _status(error: Exception, usual: int) -> int:
    if isinstance(error, errors.UploadGone) and read_ask(request).is_old:
        return 404
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), usual)


def _set_headers(answer: Response, error: Exception, standing: Standing | None) -> None:
    limit = services().settings.upload_max_size
    if standing is not None:
        resumable_headers.tell(answer, standing, limit, complete=False)
        if "location" in g:
            answer.headers["Location"] = g.location
    elif isinstance(error, _FINAL):
        answer.headers["Upload-Complete"] = "?1"
    elif answer.status_code in (400, 409, 415):
        answer.headers["Upload-Complete"] = "?0"
    if answer.status_code == 413 and standing is None:
        lifetime = services().settings.incomplete_ttl_hours * 3600
        answer.headers["Upload-Limit"] = resumable_headers.limits(limit, lifetime, is_old=read_ask(request).is_old)
    if answer.status_code == 415:
        answer.headers["Accept-Patch"] = resumable_headers.MEDIA_TYPE
    if isinstance(error, errors.UploadBusy):
        answer.headers["Retry-After"] = "1"


def _kind(error: Exception, standing: Standing | None) -> tuple[str, str, dict[str, Any]]:
    """The draft's or the digests' type of problem, its title and its own members; "" for what has none."""
    if isinstance(error, errors.OffsetMismatch):
        offsets = {"expected-offset": error.detail["expected"], "provided-offset": error.detail["provided"]}
        return "mismatching-upload-offset", "offset from request does not match offset of resource", offsets
    if isinstance(error, errors.LengthExceeded) and standing is not None and standing.is_whole:
        return "completed-upload", "upload is already completed", {}
    if isinstance(error, errors.InconsistentLength | errors.LengthExceeded):
        return "inconsistent-upload-length", "inconsistent length values for upload", {}
    if isinstance(error, digests.InvalidDigest):
        return "digest-invalid-values", "Invalid digest values", {"invalid-digests": [error.member]}
    if isinstance(error, errors.ChecksumMismatch | errors.DigestMismatch):
        return "digest-mismatching-values", "Mismatching digest values", {"mismatching-digests": _mismatching(error)}
    return "", "", {}


def _mismatching(error: errors.ChecksumMismatch | errors.DigestMismatch) -> list[dict[str, str]]:
    if isinstance(error, errors.ChecksumMismatch):
        return digests.announced(request, digests.CONTENT)
    if told := error.detail.get("announced"):
        # Perhaps by an earlier request than this one.
        return [digests.member(digests.REPR, digests.SHA256, bytes.fromhex(told))]
    return digests.announced(request, digests.REPR)
