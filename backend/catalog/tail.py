"""The end of the stream of events, for all who listen in this process: read once for all of them.

One thread reads what is new, about once a second and at once when this process itself made it, and keeps the latest
for everybody. A listener has nothing but its place: one who is slow or comes back after a while reads from the table
until it has caught up. So none makes another wait, and none costs more memory than another.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Sequence

from backend import events
from backend.catalog import events as stream
from backend.catalog.database import Database
from backend.errors import Crowded, StorageError
from backend.events import Happened, Place

_MOST_KEPT = 1000
_PAGE = 200


class Tail:
    """Begins with the first listener and ends with the last. Thread-safe."""

    def __init__(self, database: Database, most_listeners: int, poll_seconds: float = 1.0) -> None:
        self.database = database
        self._most_listeners = most_listeners
        self._poll_seconds = poll_seconds
        self._changed = threading.Condition()
        self._listeners = 0
        self._thread: threading.Thread | None = None
        self._woken = threading.Event()
        # All that lies behind `_floor` and not behind `_head` is kept; None: nothing was read yet.
        self._kept: deque[tuple[Place, Happened]] = deque()
        self._floor: Place | None = None
        self._head: Place | None = None

    def join(self) -> None:
        """Count one listener more; `leave` must follow. Raises `Crowded`."""
        with self._changed:
            if self._listeners >= self._most_listeners:
                raise Crowded(
                    f"{self._listeners} listeners follow this server process already, and each holds one of its "
                    "threads. Try again in a moment, share one listener, or ask an operator for more WEB_THREADS."
                )
            self._listeners += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
                self._thread.start()

    def leave(self) -> None:
        with self._changed:
            self._listeners -= 1
        self._woken.set()

    def after(
        self, place: Place, seconds: float, names: Collection[str] = (), projects: Collection[str] | None = None
    ) -> tuple[Sequence[Happened], Place]:
        """What follows `place`, as `events.after`, and the place to go on from. Waits so long for news, if need be."""
        with self._changed:
            if self._head is None or (self._is_kept(place) and place >= self._head):
                self._changed.wait(seconds)
            if self._head is None:
                return [], place
            head = self._head
            if self._is_kept(place):
                new = [one for at, one in self._kept if at > place]
                return [one for one in new if _is_wanted(one, names, projects)], max(place, head)
        with self.database.look() as connection:
            page = stream.after(connection, place, _PAGE, names, projects)
        if len(page) < _PAGE:
            # Whatever was to be read up to there when we asked has been read, or is not wanted.
            return page, max(place, head, *(one.place for one in page if one.place))
        return page, page[-1].place or place

    def _is_kept(self, place: Place) -> bool:
        return self._floor is not None and place >= self._floor

    def _run(self) -> None:
        with events.signal(events.ANY).connected_to(self._wake):
            while self._is_wanted():
                try:
                    full = self._read()
                except StorageError:
                    # The database is away for a while. Nothing is lost: it is read when it is back.
                    full = False
                if not full:
                    self._woken.wait(self._poll_seconds)
                self._woken.clear()

    def _wake(self, _: Happened) -> None:
        self._woken.set()

    def _is_wanted(self) -> bool:
        with self._changed:
            if self._listeners:
                return True
            self._kept.clear()
            self._floor = self._head = self._thread = None
            return False

    def _read(self) -> bool:
        """Take in what is new; True when there may be more of it."""
        with self.database.look() as connection:
            head = self._head
            page = stream.after(connection, head, _PAGE) if head is not None else []
            last = page[-1].place if page else head or stream.newest(connection)
        with self._changed:
            self._kept.extend((one.place, one) for one in page if one.place)
            self._head = last
            if self._floor is None:
                self._floor = last
            while len(self._kept) > _MOST_KEPT:
                self._floor, _ = self._kept.popleft()
            if page or head is None:
                self._changed.notify_all()
        return len(page) == _PAGE


def _is_wanted(one: Happened, names: Collection[str], projects: Collection[str] | None) -> bool:
    return (not names or one.name in names) and (projects is None or one.project_id in projects)
