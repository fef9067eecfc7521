"""The index that is always there: all vectors in memory, each compared at each search. Exact.

A vector takes 4 bytes for each dimension; a search adds a few MiB, however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex

# One block stays in the processor's cache while it is compared, and growing never copies the others.
_BLOCK_BYTES = 4 << 20


class NumpyIndex(VectorIndex):
    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._block_rows = max(16, _BLOCK_BYTES // (4 * space.dimensions))
        self._blocks: list[Matrix] = []
        self._ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._place = 0

    @property
    def place(self) -> int:
        return self._place

    def keep(self, place: int) -> None:
        self._place = place

    def __len__(self) -> int:
        return len(self._ids)

    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        for id_, unit in zip(ids, units, strict=True):
            row = self._row_of.get(id_)
            if row is None:
                row = len(self._ids)
                if row == len(self._blocks) * self._block_rows:
                    self._blocks.append(np.empty((self._block_rows, self.space.dimensions), np.float32))
                self._ids.append(id_)
                self._row_of[id_] = row
            self._at_row(row)[:] = unit

    def _drop(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            row = self._row_of.pop(id_, None)
            if row is None:
                continue
            # The last one takes its row: there are never gaps.
            last = self._ids.pop()
            if last != id_:
                self._at_row(row)[:] = self._at_row(len(self._ids))
                self._ids[row] = last
                self._row_of[last] = row
        del self._blocks[-(-len(self._ids) // self._block_rows) :]

    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]:
        rows, scores = np.empty(0, np.int64), np.empty(0, np.float32)
        for number, block in enumerate(self._blocks):
            begin = number * self._block_rows
            found = block[: len(self._ids) - begin] @ unit
            rows = np.concatenate([rows, np.arange(begin, begin + len(found))])
            scores = np.concatenate([scores, found])
            if len(scores) > limit:
                best = np.argpartition(scores, -limit)[-limit:]
                rows, scores = rows[best], scores[best]
        order = np.argsort(-scores, kind="stable")
        return [Hit(self._ids[rows[at]], float(np.clip(scores[at], -1, 1))) for at in order]

    def _empty(self) -> None:
        self._blocks, self._ids, self._row_of, self._place = [], [], {}, 0

    def _at_row(self, row: int) -> Matrix:
        found: Matrix = self._blocks[row // self._block_rows][row % self._block_rows]
        return found


KIND = IndexKind("numpy", NumpyIndex, exact=True, proved_here=True)
