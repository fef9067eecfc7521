"""One commit for all who wait: SQLite has one writer at a time, and each commit is an fsync.

Uploads that come while a commit is on its way wait for it anyway. The first of them then commits for all of them:
each is answered only after its own rows are durable, and eight at once cost one fsync and not eight in a row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from backend.errors import CatalogUnavailable, StorageError

Work = Callable[[Connection], None]


@dataclass
class _Waiting:
    work: Work
    done: bool = False
    error: Exception | None = None


class Together:
    """Runs the works of this process's threads in shared transactions. `begin` opens one that ends in a commit."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._changed = threading.Condition()
        self._queue: list[_Waiting] = []
        self._led = False

    @property
    def waiting(self) -> int:
        """How many wait for the next commit."""
        return len(self._queue)

    def run(self, work: Work) -> None:
        """Returns when what `work` wrote is durable; raises what it, or the commit, raised."""
        mine = _Waiting(work)
        with self._changed:
            self._queue.append(mine)
            self._changed.wait_for(lambda: mine.done or not self._led)
            if not mine.done:
                self._led = True
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error

    def _lead(self) -> None:
        with self._changed:
            group, self._queue = self._queue, []
        try:
            self._commit(group)
        except BaseException:
            for waiting in group:
                waiting.error = waiting.error or CatalogUnavailable("The database was interrupted. Try again.")
            raise
        finally:
            with self._changed:
                self._led = False
                for waiting in group:
                    waiting.done = True
                self._changed.notify_all()

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            with self._begin() as connection:
                for waiting in group:
                    waiting.work(connection)
        except StorageError as error:
            for waiting in group:
                waiting.error = error
        except DBAPIError as error:
            if len(group) == 1:
                group[0].error = error
                return
            # One of them meets a row that is there already, for instance; the others must not suffer for it.
            for waiting in group:
                self._commit([waiting])
