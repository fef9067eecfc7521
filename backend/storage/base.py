"""The port of every storage engine: what a place that keeps videos for Python programs must be able to do.

    from backend.storage import MemoryVideoStorage
    with MemoryVideoStorage(max_memory_mb=512) as storage:
        key = storage.store_video(Path("gate.mp4"), {"title": "Gate"}, tags=["gate"])

The same for every engine:

- What does not make sense is a `ValueError` that names the thing, the limit and the remedy; nothing was kept then.
- A key that is not there, or not any more (TTL), is `None`, `False` or `not in`, never an error.
- The caller's metadata is never changed, and what is returned is a copy.
- Lists are newest first: the metadata of each video with its `"key"`.
- Times told without a zone are local time. `stored_at` and `updated_at` are local ISO texts without a zone.
- Instances are used by several threads at once.

The shape of the metadata, and what may stand in it, is in `metadata.py`; what is checked, in `given.py`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol, Self, overload

from backend.errors import UnsupportedByEngine


class BinaryStream(Protocol):
    """What is read from: a file opened with "rb", a `BytesIO`, a response's body."""

    def read(self, size: int, /) -> bytes | None: ...


# A text is a path, as everywhere in Python; the bytes of a video are never a text.
VideoData = bytes | bytearray | memoryview | str | os.PathLike[str] | BinaryStream
Metadata = dict[str, Any]


class StorageEngine(ABC):
    """A place that keeps videos. An engine of one's own writes the abstract methods and inherits the rest."""

    name: str = "engine"  # what it is called in errors and figures

    @abstractmethod
    def store_video(
        self,
        video_data: VideoData,
        metadata: Mapping[str, Any],
        tags: Sequence[str] | None = None,
        filename: str | None = None,
        ttl_hours: float | None = None,
        *,
        key: str | None = None,
    ) -> str:
        """Keep a video and return its key.

        `video_data`: bytes, bytearray, memoryview, a path (`str` or `Path`, of a file), or a binary stream, which is
        read in pieces from where it stands to its end, and not closed. `tags` and `filename` may stand in `metadata`
        as well; what is given beside it goes first. Without any name a path's own is taken, else one made of the
        type. `ttl_hours`: None is the engine's own, 0 is for ever. `key`: under which key; what was there is
        replaced at once. An engine that chooses its keys itself refuses one with `ValueError`.
        """

    @overload
    def retrieve_video(self, key: str) -> bytes | None: ...
    @overload
    def retrieve_video(self, key: str, format: Literal["data", "bytes"]) -> bytes | None: ...
    @overload
    def retrieve_video(self, key: str, format: Literal["metadata"]) -> Metadata | None: ...
    @overload
    def retrieve_video(self, key: str, format: Literal["stream"]) -> BinaryIO | None: ...
    @overload
    def retrieve_video(self, key: str, format: str) -> Any: ...
    @abstractmethod
    def retrieve_video(self, key: str, format: str = "data") -> Any:
        """What is kept under `key`, or None.

        "data" (or "bytes"): all its bytes. "metadata": its metadata, without the key. "stream": a binary stream that
        can be read and sought; close it. It need not survive that the video is deleted meanwhile, but what it gave
        until then was right, and it never ends early without an error.
        """

    @abstractmethod
    def search_by_tags(self, tags: Sequence[str], operator: str = "OR") -> list[Metadata]:
        """Videos that have any ("OR") or each ("AND") of the tags; no tags find nothing."""

    @abstractmethod
    def search_by_timestamp_range(
        self, start_time: datetime | None = None, end_time: datetime | None = None
    ) -> list[Metadata]:
        """Videos stored from `start_time` to `end_time`, both included; None is open. See `local_time.py`."""

    @abstractmethod
    def update_metadata(self, key: str, new_metadata: Mapping[str, Any]) -> bool:
        """Merge `new_metadata` into what is there; `tags` in it replaces the tags. False: no such video.

        What the engine knows by itself (stored_at, updated_at, video_size_bytes, mime_type, filename, key) stays as
        it is, so that metadata read before may be handed back whole. The TTL goes on as before.
        """

    @abstractmethod
    def delete_video(self, key: str) -> bool:
        """Remove a video; False: there was none."""

    @abstractmethod
    def clear_all(self) -> bool:
        """Remove all videos; True when none of them is left."""

    @abstractmethod
    def list_videos(self, limit: int | None = None) -> list[Metadata]:
        """All videos, or the newest `limit`."""

    @abstractmethod
    def get_storage_stats(self) -> dict[str, Any]:
        """Figures. Every engine tells `engine`, `total_videos`, `total_size_bytes`, `total_memory_mb` (the same in
        MiB, rounded), `tag_distribution` (tag → videos), `ttl_hours` and `max_video_size_mb`."""

    @abstractmethod
    def __len__(self) -> int:
        """How many videos there are now."""

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.retrieve_video(key, "metadata") is not None

    def __bool__(self) -> bool:
        """An engine is there even when it is empty: `storage or default` must not forget it."""
        return True

    def add_video(
        self,
        path_or_stream: VideoData,
        meta: Mapping[str, Any] | None = None,
        /,
        *,
        tags: Sequence[str] | None = None,
        filename: str | None = None,
        ttl_hours: float | None = None,
        key: str | None = None,
        **more: Any,
    ) -> str:
        """`store_video` as programs that speak of metadata call it: `add_video("gate.mp4", title="Gate")`.

        Metadata is the dict, the named fields, or both (a named field goes first). Returns the key.
        """
        return self.store_video(path_or_stream, {**(meta or {}), **more}, tags, filename, ttl_hours, key=key)

    def get_video(self, key: str) -> Metadata | None:
        """The metadata of one video with its `"key"`, as lists show it, or None. Its bytes: `retrieve_video`."""
        found = self.retrieve_video(key, "metadata")
        return None if found is None else {**found, "key": key}

    def list_all_videos(self) -> list[Metadata]:
        """The old name of `list_videos`."""
        return self.list_videos()

    def add_vector(self, key: str, vector: Sequence[float], namespace: str = "default") -> bool:
        """Keep a vector for a video, in place of the one it had in this namespace. False: no such video.

        Raises `UnsupportedByEngine` where no vectors are kept.
        """
        raise self._keeps_no_vectors()

    def search_vector(self, vector: Sequence[float], *, limit: int = 10, namespace: str = "default") -> list[Metadata]:
        """The videos whose vectors are most like it, best first, each with `"key"` and `"score"`.

        Raises `UnsupportedByEngine` where no vectors are kept.
        """
        raise self._keeps_no_vectors()

    def close(self) -> None:  # noqa: B027 - most engines have nothing to let go of
        """Let go of connections and files; safe to call again. What is kept stays kept where the engine is durable."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _keeps_no_vectors(self) -> UnsupportedByEngine:
        return UnsupportedByEngine(
            f"The storage engine '{self.name}' keeps no vectors. Use one that does, such as AutoStorage."
        )
