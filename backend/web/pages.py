"""The page shell, its static files and the API document, under a strict Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, request, send_file
from werkzeug.security import safe_join

from backend.errors import NotFound
from backend.web.access import Right, needs
from backend.web.edition import MEDIA_TYPES, Editions, is_hidden

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
_EDITIONS = Editions(FRONTEND)
_STATIC = "/static/"
_FOR_EVER = "public, max-age=31536000, immutable"
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


@blueprint.get("/")
@blueprint.get("/library")
@blueprint.get("/cameras")
@blueprint.get("/operations")
@needs(Right.PUBLIC)
def index() -> Response:
    return _page("index.html")


@blueprint.get("/docs")
@needs(Right.PUBLIC)
def docs() -> Response:
    return _page("docs/index.html")


@blueprint.get("/openapi.json")
@needs(Right.READ)
def openapi() -> Response:
    return jsonify(cast(APIFlask, current_app).spec)


@blueprint.get("/static/<path:name>")
@needs(Right.PUBLIC)
def static_file(name: str) -> Response:
    return _file(name)


@blueprint.get("/static/edition-<edition>/<path:name>")
@needs(Right.PUBLIC)
def edition_file(edition: str, name: str) -> Response:
    """A file under the name of its edition; of another edition than asked for, it is not to be kept.

    A tab that was opened before an update may still load a part that it had not needed, and servers of one team are
    updated one after the other.
    """
    answer = _file(name)
    if _EDITIONS.is_of(edition, name):
        answer.headers["Cache-Control"] = _FOR_EVER
    return answer


def static_address() -> str:
    """Where the files of the present edition are: the beginning of their addresses."""
    return f"{_STATIC}edition-{_EDITIONS.now().name}/"


def _file(name: str) -> Response:
    place = safe_join(str(FRONTEND), name)
    media_type = MEDIA_TYPES.get(Path(name).suffix)
    hidden = any(is_hidden(part) for part in Path(name).parts)
    if place is None or media_type is None or hidden or not Path(place).is_file():
        raise NotFound(f"There is no file {_STATIC}{name}.")
    answer = send_file(place, mimetype=media_type, conditional=True, max_age=0)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; sandbox"
    return _hardened(answer)


def _page(name: str) -> Response:
    written = _written(FRONTEND / name, static_address())
    answer = Response(written.body, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = written.policy
    answer.set_etag(written.etag)
    answer.make_conditional(request)
    return _hardened(answer)


def _hardened(answer: Response) -> Response:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@dataclass(frozen=True)
class _Written:
    body: bytes
    policy: str
    etag: str


@lru_cache(maxsize=8)
def _written(page: Path, address: str) -> _Written:
    """A page that names its files as those of an edition; it is one of them, so its change is a new edition."""
    body = page.read_bytes().replace(f'"{_STATIC}'.encode(), f'"{address}'.encode())
    return _Written(body, _policy(body), hashlib.sha256(body).hexdigest()[:32])


def _policy(body: bytes) -> str:
    """Scripts from us only, and the one inline import map by its hash (CSP level 3)."""
    found = _IMPORT_MAP.search(body)
    allowed = ["'self'"]
    if found:
        allowed.append(f"'sha256-{base64.b64encode(hashlib.sha256(found.group(1)).digest()).decode()}'")
    return (
        f"default-src 'none'; script-src {' '.join(allowed)}; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
