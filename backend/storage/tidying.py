"""What a worker would do in time, for programs that have none beside them: a little of it with their own calls."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from backend.actor import SYSTEM, acting
from backend.catalog import library
from backend.errors import HoldfastError
from backend.services import Services

_PURGE_SECONDS = 60.0
_MOST_PURGED = 20  # so that nobody's call takes much longer for it


class Tidying:
    """For one project's engine; a worker that does the same at the same moment is no trouble.

    `knows_trash_days`: whether the settings say how long the trash is kept. Those of a server that one knows nothing of
    may say longer than the default.
    """

    def __init__(self, project_id: str, *, knows_trash_days: bool) -> None:
        self._project_id = project_id
        self._knows_trash_days = knows_trash_days
        self._purge_at = 0.0

    def run(self, services: Services) -> None:
        self._let_go_of_ended(services)
        if self._knows_trash_days and time.monotonic() >= self._purge_at:
            self._purge_at = time.monotonic() + _PURGE_SECONDS
            with acting(SYSTEM):
                services.trash.purge_due(_MOST_PURGED)

    def _let_go_of_ended(self, services: Services) -> None:
        """To the trash with what is over, as the worker does once an hour; one that fails comes again."""
        with services.database.read() as session:
            ended = library.ended(session, self._project_id, datetime.now(UTC))
        for video_id in ended:
            try:
                services.housekeeper.end(video_id)
            except (HoldfastError, FileNotFoundError) as error:
                services.log.broke("rule_failed", error, upload=video_id)
