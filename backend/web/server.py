"""gunicorn's settings, from ours (`gunicorn --config python:backend.web.server`).

gthread: each request has a thread, a stalled one is cut by BODY_TIMEOUT_SECONDS, and a long upload is never
killed by the worker timeout (sync workers are killed in the middle of one; measured).
"""

from __future__ import annotations

from backend.settings import load_settings

_settings = load_settings()

bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.web_workers
threads = _settings.web_threads
graceful_timeout = _settings.stop_seconds
# The worker's own heartbeat, not a limit on requests.
timeout = 60
keepalive = 15
# It would open a control socket in the home folder.
control_socket_disable = True
forwarded_allow_ips = ",".join(_settings.trusted_proxies) or "127.0.0.1"
accesslog = None
loglevel = "warning"
preload_app = False
