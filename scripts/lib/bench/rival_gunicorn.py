"""gunicorn's settings for the rivals: Holdfast's own, but for what its workers do when they start."""

from __future__ import annotations

# Every setting it has now or gets later, so that both always run under the same.
from backend.web.server import *  # noqa: F403

del post_worker_init  # noqa: F821  # came with the line above
