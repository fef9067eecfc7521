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
    auth,
    deliveries,
    health,
    openapi,
    pages,
    problems,
    projects,
    targets,
    uploads,
    videos,
)


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
    app.extensions["holdfast"] = services
    app.json = _InOrder(app)
    app.config.update(
        SECRET_KEY=services.session_secret,
        SESSION_COOKIE_NAME="holdfast",
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=timedelta(days=30),
        # Refreshed with each answer, the cookie would come back with one that was under way at sign-out.
        SESSION_REFRESH_EACH_REQUEST=False,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=services.settings.public_url.startswith("https://"),
    )
    for blueprint in (uploads, projects, videos, deliveries, targets, auth, health, pages):
        app.register_blueprint(blueprint.blueprint)
    openapi.describe_api(app)
    problems.install(app)
    attempts.install(app)
    access.install(app)
    return app
