"""The page shell, its static files and the API document, under a strict Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import cast

from apiflask import APIBlueprint, APIFlask
from flask import Response, current_app, jsonify, send_file
from werkzeug.security import safe_join

from backend.errors import NotFound
from backend.web.access import Right, needs

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
_SERVED = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".map": "application/json",
    ".woff2": "font/woff2",
}
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
    place = safe_join(str(FRONTEND), name)
    media_type = _SERVED.get(Path(name).suffix)
    hidden = any(part.startswith(".") or part == "node_modules" for part in Path(name).parts)
    if place is None or media_type is None or hidden or not Path(place).is_file():
        raise NotFound(f"There is no file /static/{name}.")
    answer = send_file(place, mimetype=media_type, conditional=True, max_age=0)
    answer.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'self'; sandbox"
    return _hardened(answer)


def _page(name: str) -> Response:
    answer = send_file(FRONTEND / name, mimetype="text/html", conditional=True, max_age=0)
    answer.headers["Content-Security-Policy"] = _policy(FRONTEND / name)
    return _hardened(answer)


def _hardened(answer: Response) -> Response:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@cache
def _policy(page: Path) -> str:
    """Scripts from us only, and the one inline import map by its hash (CSP level 3)."""
    found = _IMPORT_MAP.search(page.read_bytes())
    allowed = ["'self'"]
    if found:
        allowed.append(f"'sha256-{base64.b64encode(hashlib.sha256(found.group(1)).digest()).decode()}'")
    return (
        f"default-src 'none'; script-src {' '.join(allowed)}; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
