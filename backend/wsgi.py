"""The only module-level app: what gunicorn loads, in each worker after fork."""

from __future__ import annotations

from backend.starting import importing

with importing():
    from backend.app import create_app
    from backend.services import build_services
    from backend.settings import load_settings

app = create_app(build_services(load_settings()))
