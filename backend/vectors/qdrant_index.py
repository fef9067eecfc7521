"""Qdrant: a server, or, where no address is given, the client's own mode that keeps everything in a folder.

The folder belongs to one process at a time, and compares all vectors one by one; it is meant for trying it out.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex, told_in_words
from backend.vectors.place_file import PlaceFile

_TIMEOUT_SECONDS = 10


class QdrantIndex(VectorIndex):
    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._place = PlaceFile(space.folder / f"{space.name}.place")
        with told_in_words("Qdrant, for the index of vectors, cannot be used"):
            from qdrant_client import QdrantClient, models

            self._models = models
            self._client = (
                QdrantClient(
                    url=space.url, api_key=space.key or None, timeout=_TIMEOUT_SECONDS, check_compatibility=False
                )
                if space.url
                else _in_folder(space.folder / f"{space.name}.qdrant")
            )
        try:
            with told_in_words("Qdrant, for the index of vectors, cannot be used"):
                self._make_collection()
        except BaseException:
            self.close()
            raise

    @property
    def place(self) -> int:
        return self._place.read()

    def keep(self, place: int) -> None:
        with self._at("be kept"):
            self._place.write(place)

    def close(self) -> None:
        with self._lock:
            self._client.close()

    def __len__(self) -> int:
        with self._at("be counted"):
            return int(self._client.count(self.space.name, exact=True).count)

    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        batch = self._models.Batch(ids=list(ids), vectors=units.tolist())
        self._client.upsert(self.space.name, batch, wait=True)

    def _drop(self, ids: Sequence[str]) -> None:
        points: Any = self._models.PointIdsList(points=list(ids))
        self._client.delete(self.space.name, points, wait=True)

    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]:
        found = self._client.query_points(self.space.name, query=unit.tolist(), limit=limit)
        return [Hit(str(point.id), float(point.score)) for point in found.points]

    def _empty(self) -> None:
        # First: a place must not stand for what is gone.
        self._place.write(0)
        self._client.delete_collection(self.space.name)
        self._make_collection()

    def _make_collection(self) -> None:
        if not self._client.collection_exists(self.space.name):
            self._client.create_collection(
                self.space.name,
                vectors_config=self._models.VectorParams(
                    size=self.space.dimensions, distance=self._models.Distance.COSINE
                ),
            )


def _in_folder(folder: Path) -> Any:
    """What is damaged goes, and is made anew. Of a folder that another process is at work in, it says so."""
    from qdrant_client import QdrantClient

    try:
        return QdrantClient(path=str(folder))
    except (ValueError, LookupError, TypeError, sqlite3.Error):
        shutil.rmtree(folder)
        return QdrantClient(path=str(folder))


KIND = IndexKind("qdrant", QdrantIndex, exact=False, proved_here=True, shared=True, needs=("qdrant-client",))
