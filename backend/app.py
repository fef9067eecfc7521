"""The application factory: services in, a Flask app with blueprints, access rules and error answers out."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

if __name__ == "__main__":
    # `cd backend; python app.py`: the whole server, prepared first and with its worker, as scripts/serve starts it.
    serve = Path(__file__).resolve().parents[1] / "scripts" / "serve"
    os.execv(serve, [str(serve)])

from apiflask import APIFlask
from flask.json.provider import DefaultJSONProvider

from backend.services import Services
from backend.web import (
    access,
    attempts,
    audit,
    auth,
    bulk,
    cameras,
    content,
    cors,
    deliveries,
    edits,
    exports,
    health,
    holds,
    listing,
    log_tail,
    media,
    media_jobs,
    metrics,
    openapi,
    pages,
    problems,
    projects,
    put,
    report,
    restores,
    resumable,
    retention,
    scrub,
    segments,
    shared_page,
    shares,
    similar,
    storage,
    stream,
    targets,
    tokens,
    tus,
    uploads,
    vectors,
    videos,
    webhooks,
)

_MODULES = (
    uploads, tus, resumable, put, projects, listing, videos, report, content, media, media_jobs, edits, deliveries,
    targets, storage, cameras, segments, exports, similar, vectors, scrub, restores, shares, shared_page, bulk, audit,
    holds, retention, auth, tokens, log_tail, stream, webhooks, health, metrics, pages,
)  # fmt: skip


class _InOrder(DefaultJSONProvider):
    """Answers keep the order in which their fields were written: people read them too."""

    sort_keys = False


def create_app(services: Services) -> APIFlask:
    """Build the app. Raises at once when a route does not say who may call it."""
    app = APIFlask(
        "holdfast",
        title="Holdfast",
        version="1",
        docs_path=None,
        spec_path=None,
        json_errors=False,
        # Flask takes None for "no static route"; only APIFlask's annotation forgets it.
        static_folder=None,  # type: ignore[arg-type]
    )
    app.json = _InOrder(app)
    app.config.update(
        SESSION_COOKIE_NAME="holdfast",
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        # Refreshed with each answer, the cookie would come back with one that was under way at sign-out.
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_SAMESITE="Strict",
    )
    hand_over(app, services)
    for module in _MODULES:
        app.register_blueprint(module.blueprint)
    openapi.describe_api(app)
    problems.install(app)
    cors.install(app)
    tus.install(app)
    resumable.install(app)
    access.install(app)
    return app


def hand_over(app: APIFlask, services: Services) -> None:
    """All of an app that is one installation's own: what it served for another one is forgotten."""
    app.extensions["holdfast"] = services
    app.config.update(
        SECRET_KEY=services.session_secret,
        SESSION_COOKIE_SECURE=services.settings.public_url.startswith("https://"),
    )
    attempts.install(app)
