"""How far each unfinished upload was hashed by this process, so that its next request need not begin again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from backend.disk.following import Frontier

_MOST = 1024


class Frontiers:
    """The latest thousand; an upload that fell out is read again from its file. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Frontier] = OrderedDict()
        self._changing = threading.Lock()

    def pop(self, upload_id: str) -> Frontier:
        """The frontier of an upload, for one request alone; a new one when none is known."""
        with self._changing:
            return self._kept.pop(upload_id, None) or Frontier()

    def keep(self, upload_id: str, frontier: Frontier) -> None:
        with self._changing:
            self._kept[upload_id] = frontier
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
