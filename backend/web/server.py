"""gunicorn's settings, from ours (`gunicorn --config python:backend.web.server`).

gthread (see connections.py): each request has a thread, a stalled one is cut by BODY_TIMEOUT_SECONDS, and a long
upload is never killed by the worker timeout (sync workers are killed in the middle of one; measured).
"""

from __future__ import annotations

import resource
import threading
from typing import Any

from backend.starting import importing

with importing():
    from backend.errors import HoldfastError
    from backend.metrics import process as metrics
    from backend.services import Services
    from backend.settings import load_settings

_MOST_FILES = 65_536
_settings = load_settings()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "backend.web.connections.Worker"
workers = _settings.web_workers
threads = _settings.web_threads
graceful_timeout = _settings.stop_seconds
# The worker's own heartbeat, not a limit on requests.
timeout = 60
keepalive = 15
# It would open a control socket in the home folder.
control_socket_disable = True
forwarded_allow_ips = ",".join(_settings.trusted_proxies)
accesslog = None
loglevel = "warning"
preload_app = False


def on_starting(_: Any) -> None:
    """An upload takes four file descriptors, and the usual soft limit is 1,024: take what we may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def post_worker_init(worker: Any) -> None:
    """Count from now on. A worker that takes the place of a killed one mends what that one left, while it serves."""
    services: Services = worker.app.callable.extensions["holdfast"]
    metrics.begin(services)
    threading.Thread(target=_sweep, args=(services,), name="sweep", daemon=True).start()


def _sweep(services: Services) -> None:
    try:
        services.recovery.sweep()
    except HoldfastError as error:
        services.log.write("error", "sweep_failed", error=error.message)
