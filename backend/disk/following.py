"""The digests of a file that is still growing, a step behind its writer: the bytes are read back from the page cache.

It goes on where an earlier one stopped, in the same process or, by reading what it has not seen, in another: no
byte is hashed twice by one process, and the writer never waits. (Handing pieces over in memory was measured equally
fast and cannot catch up after a restart.)
"""

from __future__ import annotations

import os
import threading

from backend.disk.atomic import told_as
from backend.disk.digest import Digests, Hashes
from backend.errors import DiskFault, StorageError

# Worth a thread's start; below it, the end of the upload hashes what is left.
_BURST_BYTES = 4 * 1024 * 1024
_STEP_BYTES = 512 * 1024


class Frontier:
    """How far a file is hashed. `broke_off`: the request before this one did, or nothing is known of it."""

    def __init__(self) -> None:
        self.hash = Hashes()
        self.bytes = 0
        self.broke_off = True


class FollowingHasher:
    """Hashes the file of `fd` up to where `reach` says. `stop` must be called before the file is closed."""

    def __init__(self, fd: int, frontier: Frontier) -> None:
        self._fd = fd
        self._frontier = frontier
        self._reach = frontier.bytes
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._trouble: StorageError | None = None

    def reach(self, size_bytes: int) -> None:
        """The first `size_bytes` are written and stay as they are."""
        self._reach = size_bytes
        if size_bytes - self._frontier.bytes < _BURST_BYTES or (self._thread is not None and self._thread.is_alive()):
            return
        self._thread = threading.Thread(target=self._catch_up, name="follower", daemon=True)
        self._thread.start()

    def digests(self, size_bytes: int) -> Digests:
        """Those of the first `size_bytes`; waits for what is still to be hashed."""
        if self._thread is not None:
            self._thread.join()
        if self._trouble is not None:
            raise self._trouble
        self._add(self._frontier, self._reach)
        # A copy: what is beyond `reach` may come again, after a save that failed.
        rest = Frontier()
        rest.hash, rest.bytes = self._frontier.hash.copy(), self._frontier.bytes
        self._add(rest, size_bytes)
        return rest.hash.digests()

    def stop(self) -> None:
        """End the thread; safe to call twice. The frontier tells how far it came."""
        self._stopping = True
        if self._thread is not None:
            self._thread.join()

    def _catch_up(self) -> None:
        try:
            # More comes meanwhile, as a rule.
            while not self._stopping and self._frontier.bytes < self._reach:
                self._add(self._frontier, self._reach)
        except StorageError as error:
            self._trouble = error

    def _add(self, frontier: Frontier, size_bytes: int) -> None:
        buffer = memoryview(bytearray(min(_STEP_BYTES, max(0, size_bytes - frontier.bytes))))
        while frontier.bytes < size_bytes and not self._stopping:
            with told_as("reading an upload back"):
                got = os.preadv(self._fd, [buffer[: size_bytes - frontier.bytes]], frontier.bytes)
            if got == 0:
                raise DiskFault("The server's disk lost bytes of an unfinished upload. It must begin anew.")
            frontier.hash.update(buffer[:got])
            frontier.bytes += got
