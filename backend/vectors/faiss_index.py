"""Faiss in this process: nearly always the nearest, in a fraction of numpy's time, and kept in a file.

A graph (HNSW) of all vectors. Faiss takes nothing out of one, so what was removed or replaced stays in it, marked,
until half of it is of that kind; then it is made anew. Few vectors, or many wanted ones, are compared one by one.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex, told_in_words

_NEIGHBOURS = 32
_EF_BUILDING = 100
_EF_SEARCHING = 128
# Fewer are compared one by one: that is as quick, and exact.
_FEW = 5_000
_MOST_DEAD = 1_000
# Written again when a twentieth is new: the rest is read from the catalog after a start.
_SHARE_UNSAVED = 20
_MAGIC = b"holdfast-faiss-1"
_HEADER = struct.Struct("<16s32sQ")


class FaissIndex(VectorIndex):
    def __init__(self, space: Space) -> None:
        super().__init__(space)
        import faiss

        self._faiss: Any = faiss  # its types know half of it
        self._path = space.folder / f"{space.name}.faiss"
        self._begin_anew()
        with told_in_words("The index's file could not be read"):
            self._load()

    @property
    def place(self) -> int:
        return self._place

    def keep(self, place: int) -> None:
        with self._at("be kept"):
            self._place = place
            if self._unsaved * _SHARE_UNSAVED > len(self._row_of):
                self._save()

    def close(self) -> None:
        with self._at("be kept"):
            if self._unsaved:
                self._save()

    def __len__(self) -> int:
        return len(self._row_of)

    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        self._drop(ids)
        first = len(self._ids)
        self._graph.add(units)
        self._ids += ids
        self._row_of.update({id_: first + number for number, id_ in enumerate(ids)})
        self._unsaved += len(ids)

    def _drop(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            row = self._row_of.pop(id_, None)
            if row is not None:
                self._dead.add(row)
                self._unsaved += 1
        if len(self._dead) > max(_MOST_DEAD, len(self._row_of)):
            self._make_anew()

    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]:
        count = min(limit, len(self._row_of))
        if not count:
            return []
        searched, options = self._graph, self._faiss.SearchParametersHNSW(efSearch=max(_EF_SEARCHING, 2 * count))
        if len(self._row_of) <= max(_FEW, 4 * count):
            searched, options = self._faiss.downcast_index(self._graph.storage), self._faiss.SearchParameters()
        dead = np.fromiter(self._dead, np.int64, len(self._dead))
        # Faiss keeps no hold of them: they must live as long as the search.
        batch = self._faiss.IDSelectorBatch(dead)
        living = self._faiss.IDSelectorNot(batch)
        if len(dead):
            options.sel = living
        scores, rows = searched.search(unit[np.newaxis], count, params=options)
        return [
            Hit(self._ids[row], float(np.clip(score, -1, 1)))
            for row, score in zip(rows[0], scores[0], strict=True)
            if row >= 0
        ]

    def _empty(self) -> None:
        self._begin_anew()
        self._path.unlink(missing_ok=True)

    def _begin_anew(self) -> None:
        self._graph = self._new_graph()
        self._ids: list[str] = []  # by row; of a dead row it means nothing
        self._row_of: dict[str, int] = {}
        self._dead: set[int] = set()
        self._place = 0
        self._unsaved = 0

    def _new_graph(self) -> Any:
        graph = self._faiss.IndexHNSWFlat(self.space.dimensions, _NEIGHBOURS, self._faiss.METRIC_INNER_PRODUCT)
        graph.hnsw.efConstruction = _EF_BUILDING
        return graph

    def _make_anew(self) -> None:
        ids, rows = list(self._row_of), np.fromiter(self._row_of.values(), np.int64)
        units = self._graph.reconstruct_batch(rows) if len(rows) else None
        self._graph, self._ids, self._dead = self._new_graph(), ids, set()
        self._row_of = {id_: row for row, id_ in enumerate(ids)}
        if units is not None:
            self._graph.add(units)
        self._unsaved = max(self._unsaved, 1)

    def _save(self) -> None:
        """In one file, so that ids, graph and place belong together; a digest, as faiss trusts what it reads."""
        told = json.dumps({"place": self._place, "ids": self._ids, "dead": sorted(self._dead)}).encode()
        graph = memoryview(self._faiss.serialize_index(self._graph))
        digest = hashlib.sha256(told)
        digest.update(graph)
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        with temporary.open("wb") as file:
            file.write(_HEADER.pack(_MAGIC, digest.digest(), len(told)))
            file.write(told)
            file.write(graph)
        temporary.replace(self._path)
        self._unsaved = 0

    def _load(self) -> None:
        """What cannot be read, or is not whole, is not there: it is made anew."""
        raw = _whole(self._path)
        if raw is None:
            return
        told, graph = raw
        facts = json.loads(told)
        self._graph = self._faiss.deserialize_index(np.frombuffer(graph, np.uint8))
        self._ids, self._dead, self._place = facts["ids"], set(facts["dead"]), facts["place"]
        self._row_of = {id_: row for row, id_ in enumerate(self._ids) if row not in self._dead}


def _whole(path: Path) -> tuple[bytes, bytes] | None:
    """The facts and the graph in the file, if it is as it was written."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) < _HEADER.size:
        return None
    magic, digest, length = _HEADER.unpack_from(raw)
    body = memoryview(raw)[_HEADER.size :]
    if magic != _MAGIC or hashlib.sha256(body).digest() != digest:
        return None
    return bytes(body[:length]), bytes(body[length:])


KIND = IndexKind("faiss", FaissIndex, exact=False, proved_here=True, needs=("faiss-cpu",))
