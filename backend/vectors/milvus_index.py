"""Milvus: a server, or, where no address is given, Milvus Lite, which keeps everything in a folder.

The folder belongs to one process at a time.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

from backend.errors import VectorIndexFailed
from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex, told_in_words
from backend.vectors.place_file import PlaceFile

_TIMEOUT_SECONDS = 10
_MOST_ASKED = 16_384  # its own limit
_ID_LENGTH = 64


class MilvusIndex(VectorIndex):
    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._place = PlaceFile(space.folder / f"{space.name}.place")
        self._address = space.url or str(space.folder / f"{space.name}.db")
        self._connect()
        try:
            self._prepare()
        except VectorIndexFailed:
            self.close()
            if space.url:
                raise
            # The folder is this process's own, as it could be opened, and it is damaged: it is made anew.
            shutil.rmtree(self._address)
            self._connect()
            self._prepare()

    @property
    def place(self) -> int:
        return self._place.read()

    def keep(self, place: int) -> None:
        with self._at("be kept"):
            self._place.write(place)

    def close(self) -> None:
        with self._lock:
            self._client.close()
            if not self.space.url:
                # Milvus Lite serves from a thread of this process, which would write the folder again at its end.
                from milvus_lite.server_manager import server_manager_instance

                server_manager_instance.release_server(self._address)

    def __len__(self) -> int:
        with self._at("be counted"):
            (row,) = self._client.query(self.space.name, filter="", output_fields=["count(*)"])
            return int(row["count(*)"])

    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        rows = [{"id": id_, "vector": unit.tolist()} for id_, unit in zip(ids, units, strict=True)]
        self._client.upsert(self.space.name, rows)

    def _drop(self, ids: Sequence[str]) -> None:
        self._client.delete(self.space.name, ids=list(ids))

    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]:
        (found,) = self._client.search(self.space.name, data=[unit.tolist()], limit=min(limit, _MOST_ASKED))
        return [Hit(str(hit["id"]), float(hit["distance"])) for hit in found]

    def _empty(self) -> None:
        # First: a place must not stand for what is gone.
        self._place.write(0)
        self._client.drop_collection(self.space.name)
        self._make_collection()

    def _connect(self) -> None:
        with told_in_words("Milvus, for the index of vectors, cannot be used"):
            from pymilvus import MilvusClient

            self._client: Any = MilvusClient(self._address, token=self.space.key, timeout=_TIMEOUT_SECONDS)

    def _prepare(self) -> None:
        with told_in_words("Milvus, for the index of vectors, cannot be used"):
            self._make_collection()

    def _make_collection(self) -> None:
        from pymilvus import DataType

        if self._client.has_collection(self.space.name):
            self._client.load_collection(self.space.name)
            return
        schema = self._client.create_schema(auto_id=False)
        schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=_ID_LENGTH)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=self.space.dimensions)
        way = self._client.prepare_index_params()
        way.add_index(field_name="vector", index_type="AUTOINDEX", metric_type="COSINE")
        self._client.create_collection(self.space.name, schema=schema, index_params=way, consistency_level="Strong")


KIND = IndexKind("milvus", MilvusIndex, exact=False, proved_here=True, shared=True, needs=("pymilvus", "milvus-lite"))
