"""Weaviate: a server at VECTOR_INDEX_URL, such as http://127.0.0.1:8080.

Not proved here: no server of it could be had where this was written, only that its absence is told in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from backend.errors import VectorIndexFailed
from backend.vectors.base import Hit, IndexKind, Matrix, Space, VectorIndex, told_in_words
from backend.vectors.place_file import PlaceFile

_GRPC_PORT = 50051
_TIMEOUT_SECONDS = 5


class WeaviateIndex(VectorIndex):
    def __init__(self, space: Space) -> None:
        super().__init__(space)
        if not space.url:
            raise VectorIndexFailed("VECTOR_INDEX=weaviate needs a server: set VECTOR_INDEX_URL.")
        self._place = PlaceFile(space.folder / f"{space.name}.place")
        with told_in_words("Weaviate, for the index of vectors, does not answer"):
            self._client = _connected(space.url, space.key)
        try:
            with told_in_words("Weaviate, for the index of vectors, cannot be used"):
                self._collection = self._made_collection()
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
            return int(self._collection.aggregate.over_all(total_count=True).total_count or 0)

    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        from weaviate.classes.data import DataObject

        # An object that is there already would be refused: the ids are those of videos, and are kept as they are.
        self._drop(ids)
        rows: list[Any] = [
            DataObject(properties={}, uuid=id_, vector=unit.tolist()) for id_, unit in zip(ids, units, strict=True)
        ]
        answer = self._collection.data.insert_many(rows)
        if answer.has_errors:
            first = next(iter(answer.errors.values()))
            raise VectorIndexFailed(f"Weaviate did not take a vector ({first.message}).")

    def _drop(self, ids: Sequence[str]) -> None:
        from weaviate.classes.query import Filter

        self._collection.data.delete_many(where=Filter.by_id().contains_any(list(ids)))

    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]:
        from weaviate.classes.query import MetadataQuery

        found = self._collection.query.near_vector(
            unit.tolist(), limit=limit, return_metadata=MetadataQuery(distance=True)
        )
        return [Hit(str(each.uuid), 1 - float(each.metadata.distance)) for each in found.objects]

    def _empty(self) -> None:
        # First: a place must not stand for what is gone.
        self._place.write(0)
        self._client.collections.delete(self._name)
        self._collection = self._made_collection()

    @property
    def _name(self) -> str:
        return self.space.name.capitalize()

    def _made_collection(self) -> Any:
        from weaviate.classes.config import Configure, VectorDistances

        if self._client.collections.exists(self._name):
            return self._client.collections.get(self._name)
        graph = Configure.VectorIndex.hnsw(distance_metric=VectorDistances.COSINE)
        return self._client.collections.create(
            self._name, vector_config=Configure.Vectors.self_provided(vector_index_config=graph)
        )


def _connected(url: str, key: str) -> Any:
    import weaviate
    from weaviate.classes.init import AdditionalConfig, Auth, Timeout

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"VECTOR_INDEX_URL={url} must look like http://127.0.0.1:8080")
    secure = parts.scheme == "https"
    return weaviate.connect_to_custom(
        http_host=parts.hostname, http_port=parts.port or (443 if secure else 80), http_secure=secure,
        grpc_host=parts.hostname, grpc_port=_GRPC_PORT, grpc_secure=secure,
        auth_credentials=Auth.api_key(key) if key else None,
        additional_config=AdditionalConfig(timeout=Timeout(init=_TIMEOUT_SECONDS)),
    )  # fmt: skip


KIND = IndexKind("weaviate", WeaviateIndex, exact=False, proved_here=False, shared=True, needs=("weaviate-client",))
