"""The index of one namespace, kept up to date with the catalog, which is the truth.

It reads the rows that are new since it last looked; a row that was replaced is a new one. Rows that went leave no trace
in the catalog: the index learns of them when it finds them, and lets go of them then. One that has fewer vectors than
it says it read is damaged, or was another's: it is made anew.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from backend.catalog import vectors
from backend.catalog.database import Database
from backend.catalog.vectors import Extent, Row
from backend.disk.atomic import make_folder
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.errors import CatalogDamaged, DiskFault, DiskFull, VectorIndexFailed
from backend.likeness.given_vector import Values
from backend.log import UploadLog
from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex

_PAGE = 500
# A namespace that is larger is not held in this process's memory.
MOST_BYTES_IN_MEMORY = 1 << 30
# No search waits longer for what is new; another index answers until this one has it.
PATIENCE_SECONDS = 2.0
# One that failed may take its time to fail again: others do not wait for that at each search.
_REST_SECONDS = 30.0


class StillReading(VectorIndexFailed):
    """It is well, and has not read everything yet."""


@dataclass
class Follower:
    """One for each namespace and kind of index, in each process; threads take turns while it reads.

    `space` has the dimensions that the catalog says by then. Whatever fails in the index is a `VectorIndexFailed`.
    """

    database: Database
    layout: Layout
    log: UploadLog
    kind: IndexKind
    space: Space
    most_bytes_in_memory: int = MOST_BYTES_IN_MEMORY
    patience_seconds: float = PATIENCE_SECONDS
    clock: Callable[[], float] = time.monotonic
    _index: VectorIndex | None = None
    _failure: VectorIndexFailed | None = None
    _rests_until: float = 0.0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def search(self, vector: Values, limit: int) -> tuple[list[Hit], bool]:
        """The nearest, of those too that may not be told; and whether there are no more than these."""
        with self._watched():
            index = self._up_to_date(len(vector), self.patience_seconds)
            hits = index.search(vector, limit)
            if len(hits) < limit and self._mended(index, self.patience_seconds):
                hits = index.search(vector, limit)
            return hits, len(hits) < limit and len(hits) >= len(index)

    def let_go(self, ids: Collection[str]) -> None:
        """Take out of the index what is in the catalog no more."""
        with self._watched(), self._turn():
            # Looked up in our turn: what came back meanwhile is read in a later one, and must not go out after that.
            with self.database.read() as session:
                gone = set(ids) - vectors.those_here(session, self.space.namespace, ids)
            if self._index is not None and gone:
                self._index.remove(sorted(gone))

    def examine(self, dimensions: int) -> int:
        """Bring it up to date and look whether it is whole; how many vectors it has."""
        with self._watched():
            index = self._up_to_date(dimensions, math.inf)
            self._mended(index, math.inf)
            return len(index)

    def close(self) -> None:
        with self._lock:
            index, self._index = self._index, None
            if index is not None:
                index.close()

    def _up_to_date(self, dimensions: int, patience_seconds: float) -> VectorIndex:
        with self._lock:
            index = self._index
            if index is None or index.space.dimensions != dimensions:
                self.close()
                with self._turn():
                    index = self._opened(dimensions)
            if index.place != self._extent().last:
                with self._turn():
                    self._read_on(index, patience_seconds)
            return index

    def _opened(self, dimensions: int) -> VectorIndex:
        make_folder(self.space.folder)
        index = self._index = self.kind.open(replace(self.space, dimensions=dimensions))
        if index.place > self._extent().last:
            # The last rows went meanwhile, or it followed a catalog that was lost: rows may have its numbers again.
            index.clear()
        self._clear_if_damaged(index)
        return index

    def _read_on(self, index: VectorIndex, patience_seconds: float) -> None:
        end = self.clock() + patience_seconds
        # In our turn, or we might fall behind what another process has read meanwhile.
        extent = self._extent()
        place = index.place
        while extent.dimensions == index.space.dimensions and (page := self._page(place, extent.last)):
            self._refuse_too_much(len(index) + len(page), index.space.dimensions)
            index.add([row.video_id for row in page], _matrix(page))
            place = page[-1].seq
            if self.clock() > end and place < extent.last:
                index.keep(place)
                raise StillReading(
                    f"The index of vectors '{self.kind.name}' is being filled from the catalog: {len(index):,} so far."
                )
        # Lower than it was when the last rows went: whatever comes has larger numbers still.
        index.keep(extent.last)

    def _mended(self, index: VectorIndex, patience_seconds: float) -> bool:
        """Whether it was damaged; it is made anew then."""
        with self._turn():
            damaged = self._clear_if_damaged(index)
            if damaged:
                self._read_on(index, patience_seconds)
            return damaged

    def _clear_if_damaged(self, index: VectorIndex) -> bool:
        with self.database.read() as session:
            there = vectors.count(session, self.space.namespace, index.place)
        has = len(index)
        if has >= there:
            return False
        self.log.write(
            "warning", "vector_index_made_anew", kind=self.kind.name, namespace=self.space.namespace, had=has, of=there
        )
        index.clear()
        return True

    def _extent(self) -> Extent:
        with self.database.read() as session:
            return vectors.extent(session, self.space.namespace)

    def _page(self, place: int, last: int) -> list[Row]:
        with self.database.read() as session:
            return vectors.after(session, self.space.namespace, place, last, _PAGE)

    def _refuse_too_much(self, count: int, dimensions: int) -> None:
        if not self.kind.shared and 4 * count * dimensions > self.most_bytes_in_memory:
            raise VectorIndexFailed(
                f"The namespace '{self.space.namespace}' has more vectors than are held in memory "
                f"({self.most_bytes_in_memory >> 20} MiB). An index outside of this process would hold them."
            )

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """One that failed rests for a while, and is opened anew then. It is told once: when it fails, and when not."""
        failure = self._failure
        if failure is not None and self.clock() < self._rests_until:
            raise VectorIndexFailed(failure.message)
        try:
            yield
        except StillReading:
            raise
        except VectorIndexFailed as error:
            self._rest(error, failure)
            raise
        except (DiskFull, DiskFault) as error:
            if isinstance(error, CatalogDamaged):
                raise
            # Its folder, or the lock of its turn: the catalog is read without either.
            why = "the disk is full" if isinstance(error, DiskFull) else "the disk does not let us"
            told = VectorIndexFailed(f"The index of vectors '{self.kind.name}' cannot use its folder: {why}.")
            self._rest(told, failure)
            raise told from error
        if failure is not None:
            self._failure = None
            self.log.write("info", "vector_index_is_back", kind=self.kind.name, namespace=self.space.namespace)

    def _rest(self, error: VectorIndexFailed, failure: VectorIndexFailed | None) -> None:
        self._failure, self._rests_until = error, self.clock() + _REST_SECONDS
        if failure is None or failure.message != error.message:
            self.log.broke("vector_index_failed", error, kind=self.kind.name, namespace=self.space.namespace)
        self.close()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone with the index: among threads, and where processes share it, among those of this machine."""
        with ExitStack() as held:
            held.enter_context(self._lock)
            if self.kind.shared:
                held.enter_context(lock(self.layout, "vectors", self.space.namespace))
            yield


def _matrix(page: list[Row]) -> Matrix:
    return np.frombuffer(b"".join(row.values for row in page), "<f4").reshape(len(page), -1)
