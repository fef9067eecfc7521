"""CORS for the two resumable doors: pages of other sites may upload there with a token of their own, never by cookie.

`Access-Control-Allow-Origin: *` never goes with credentials. Preflights carry no token, so they are answered before
anybody is asked who they are. In AUTH_MODE=open there is none of this: every page the person opens could upload.
"""

from __future__ import annotations

from flask import Flask, Response, request

from backend.web.access import CSRF_HEADER, services

TUS_PATH, RUFH_PATH = "/files", "/uploads"
_DAY_SECONDS = 24 * 60 * 60
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_TO_US = (
    "Authorization", "Content-Type", "Content-Disposition", "Content-Digest", "Repr-Digest", "Want-Repr-Digest",
    "Want-Content-Digest", "Idempotency-Key", CSRF_HEADER, "X-HTTP-Method-Override", "X-Request-ID",
    "X-Requested-With",
    "Tus-Resumable", "Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Offset", "Upload-Checksum",
    "Upload-Concat",
    "Upload-Complete", "Upload-Incomplete", "Upload-Draft-Interop-Version",
)  # fmt: skip
_FROM_US = (
    "Location", "Content-Location", "Retry-After", "Content-Digest", "Repr-Digest", "Idempotency-Replayed",
    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm",
    "Upload-Offset", "Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Concat", "Upload-Expires",
    "Upload-Complete", "Upload-Incomplete", "Upload-Limit", "Upload-Draft-Interop-Version",
)  # fmt: skip


def is_below(path: str, door: str) -> bool:
    return path == door or path.startswith(f"{door}/")


def install(app: Flask) -> None:
    """To be called before the guard of `access` is set up: a preflight is answered ahead of it."""
    app.before_request(_preflight)
    app.after_request(_allow)


def _preflight() -> Response | None:
    if request.method != "OPTIONS" or not _is_shared():
        return None
    return Response(status=200)


def _allow(answer: Response) -> Response:
    if not _is_shared():
        return answer
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Access-Control-Expose-Headers"] = ", ".join(_FROM_US)
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = ", ".join(_METHODS)
        answer.headers["Access-Control-Allow-Headers"] = ", ".join(_TO_US)
        answer.headers["Access-Control-Max-Age"] = str(_DAY_SECONDS)
    return answer


def _is_shared() -> bool:
    is_door = is_below(request.path, TUS_PATH) or is_below(request.path, RUFH_PATH)
    return is_door and services().settings.auth_mode != "open"
