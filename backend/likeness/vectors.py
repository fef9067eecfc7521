"""Vectors that callers keep about videos: kept in the catalog, and searched by an index beside it.

What is answered comes from the catalog: which videos may be seen, and how near each is. The index only says where to
look, so a damaged one, or one that is behind, may overlook something and never tells a wrong thing. When the index that
is wished for cannot be used, the one that is always there answers in its place, and every answer says so.
"""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from backend.catalog import vectors, videos
from backend.catalog.database import Database
from backend.catalog.vectors import Row
from backend.catalog.videos import GONE, Scope
from backend.disk.atomic import discard
from backend.disk.layout import Layout
from backend.errors import BadField, Forbidden, NotFound, VectorIndexFailed
from backend.likeness.given_vector import Values, read_limit, read_namespace, read_vector
from backend.likeness.vector_index import MOST_BYTES_IN_MEMORY, PATIENCE_SECONDS, Follower
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.settings import Settings
from backend.vectors.base import IndexKind, Space, unit_rows
from backend.vectors.registry import DEFAULT, load_kind

# An index is asked for more than is wanted, as not everybody may see everything; and again for more, up to this.
_MORE = 4
_LEAST_ASKED = 40
_MOST_ASKED = 2_000
_PAGE = 500
# No namespace is called so: what is opened when nobody keeps vectors yet.
_NOBODY_S = ""
# What answers when no index can.
CATALOG = "catalog"


class Found(NamedTuple):
    video_id: str
    score: float


@dataclass(frozen=True)
class Answer:
    """`index`: the kind that answered. `reason`: why it is not the one that is wished for, "" when it is."""

    index: str
    reason: str
    results: list[Found]

    @property
    def fell_back(self) -> bool:
        return bool(self.reason)


@dataclass(frozen=True)
class Where:
    """Where indexes are, and whose: see `Space`."""

    owner: str
    url: str = ""
    key: str = ""


@dataclass
class VectorDesk:
    """One per process. `kind`: the index that is wished for."""

    database: Database
    layout: Layout
    log: UploadLog
    kind: IndexKind
    where: Where
    most_bytes_in_memory: int = MOST_BYTES_IN_MEMORY
    _followers: dict[tuple[str, str], Follower] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, video_id: str, namespace: object, vector: object, scope: Scope, only_of: str | None = None) -> int:
        """Keep a vector for a video; how many dimensions it has. `only_of`: whose videos alone may be changed."""
        name, values = read_namespace(namespace), read_vector(vector)
        with self.database.write() as session:
            _refuse_others(session, video_id, scope, only_of)
            vectors.put(session, name, video_id, values.tobytes(), instant(session))
        return len(values)

    def remove(self, video_id: str, namespace: object, scope: Scope, only_of: str | None = None) -> bool:
        """False: the video had none in this namespace."""
        name = read_namespace(namespace)
        with self.database.write() as session:
            _refuse_others(session, video_id, scope, only_of)
            return vectors.remove(session, name, video_id)

    def search(self, namespace: object, vector: object, limit: object, scope: Scope) -> Answer:
        """The videos whose vectors are nearest, the nearest first: of those that may be seen in this scope and are
        neither in the trash nor expired."""
        asked = _Asked(read_namespace(namespace), read_vector(vector), read_limit(limit), scope)
        with self.database.read() as session:
            dimensions = vectors.extent(session, asked.namespace).dimensions
        if dimensions is None:
            return Answer(self.kind.name, "", [])
        if dimensions != len(asked.vector):
            raise BadField(
                f"The vectors of the namespace '{asked.namespace}' have {dimensions} dimensions each; the one to "
                f"search for has {len(asked.vector)}.",
                detail={"field": "vector", "dimensions": dimensions},
            )
        return self._answer(asked)

    def examine(self) -> str:
        """Bring the index of every namespace up to date; why the one that is wished for cannot be used, or ""."""
        with self.database.read() as session:
            dimensions = {name: vectors.extent(session, name).dimensions for name in vectors.namespaces(session)}
        try:
            for name, there in (dimensions or {_NOBODY_S: 1}).items():
                self._follower(self.kind, name).examine(there or 1)
        except VectorIndexFailed as error:
            return error.message
        return ""

    def begin_anew(self) -> None:
        """Forget how far indexes have read: the catalog is another one now, and its rows have other numbers."""
        self.close()
        # Places, and what is one file. Folders are an SDK's own, which may be at work in them; without place they are
        # written anew from the first row.
        for path in self.layout.vectors.glob("*/*"):
            if path.is_file():
                discard(path)

    def close(self) -> None:
        with self._lock:
            followers = list(self._followers.values())
            self._followers.clear()
        for follower in followers:
            follower.close()

    def _answer(self, asked: _Asked) -> Answer:
        """By the index that is wished for, else by the one that is always there, else by the catalog itself."""
        reason = ""
        for kind in dict.fromkeys((self.kind, load_kind(DEFAULT))):
            follower = self._follower(kind, asked.namespace)
            try:
                found = self._by_index(follower, asked)
            except VectorIndexFailed as error:
                reason = reason or error.message
            else:
                return Answer(kind.name, reason, found)
        return Answer(CATALOG, reason, self._by_catalog(asked))

    def _by_index(self, follower: Follower, asked: _Asked) -> list[Found]:
        ask_for = min(max(_LEAST_ASKED, asked.limit * _MORE), _MOST_ASKED)
        while True:
            hits, are_all = follower.search(asked.vector, ask_for)
            found = self._told(follower, asked, [hit.id for hit in hits])
            if len(found) >= asked.limit or are_all:
                return found[: asked.limit]
            if ask_for == _MOST_ASKED:
                # The nearest are nearly all of videos that may not be told.
                return self._by_catalog(asked)
            ask_for = min(ask_for * _MORE, _MOST_ASKED)

    def _told(self, follower: Follower, asked: _Asked, ids: list[str]) -> list[Found]:
        """Of what the index found, what may be seen, with scores from the catalog."""
        rows: list[Row] = []
        gone: set[str] = set()
        for start in range(0, len(ids), _PAGE):
            some = ids[start : start + _PAGE]
            with self.database.read() as session:
                seen = vectors.those_seen(session, asked.namespace, some, asked.scope, instant(session))
                if unseen := set(some) - {row.video_id for row in seen}:
                    gone |= unseen - vectors.those_here(session, asked.namespace, unseen)
            rows += seen
        if gone:
            follower.let_go(gone)
        return sorted(_scored(rows, asked.vector), key=_best_first)

    def _by_catalog(self, asked: _Asked) -> list[Found]:
        """Each vector that may be seen is compared, page by page."""
        best: list[Found] = []
        seq = 0
        while True:
            with self.database.read() as session:
                page = vectors.seen_after(session, asked.namespace, seq, _PAGE, asked.scope, instant(session))
            if not page:
                return best
            best = heapq.nsmallest(asked.limit, [*best, *_scored(page, asked.vector)], key=_best_first)
            seq = page[-1].seq

    def _follower(self, kind: IndexKind, namespace: str) -> Follower:
        with self._lock:
            found = self._followers.get((kind.name, namespace))
            if found is None:
                space = Space(
                    self.where.owner, namespace, 0, self.layout.vectors / kind.name, self.where.url, self.where.key
                )
                # Somebody has to answer in the end.
                patience = math.inf if kind.name == DEFAULT else PATIENCE_SECONDS
                found = Follower(self.database, self.layout, self.log, kind, space, self.most_bytes_in_memory, patience)
                self._followers[kind.name, namespace] = found
            return found


@dataclass(frozen=True)
class _Asked:
    namespace: str
    vector: Values
    limit: int
    scope: Scope


def open_desk(settings: Settings, layout: Layout, database: Database, log: UploadLog, owner: str) -> VectorDesk:
    """By the settings. It opens no index: the first search does. `owner`: see `Space`."""
    where = Where(owner, settings.vector_index_url, settings.vector_index_key.get_secret_value())
    if not where.url and settings.vector_index == "pgvector" and not database.is_sqlite:
        where = Where(owner, settings.catalog_url)
    return VectorDesk(database, layout, log, load_kind(settings.vector_index), where)


def _refuse_others(session: Any, video_id: str, scope: Scope, only_of: str | None) -> None:
    video = videos.get_alone(session, video_id, scope)
    if video.local_state in GONE:
        raise NotFound(f"The bytes of '{video.original_filename}' were removed at the end of the trash.")
    if only_of is not None and video.uploaded_by_id != only_of:
        raise Forbidden(
            f"'{video.original_filename}' was uploaded by {video.uploaded_by or 'somebody else'}; you may keep vectors "
            "only for what you uploaded. Ask an operator.",
            detail={"video_id": video.id},
        )


def _scored(rows: Sequence[Row], vector: Values) -> Iterator[Found]:
    """How near each is, by what the catalog says now."""
    if not rows:
        return
    # All have as many dimensions as the vector, unless the namespace was emptied and begun anew this very moment.
    rows = [row for row in rows if len(row.values) == 4 * len(vector)]
    units = unit_rows([np.frombuffer(row.values, "<f4") for row in [*rows, Row(0, "", vector.tobytes())]], len(vector))
    scores = np.clip(units[:-1] @ units[-1], -1, 1)
    for row, score in zip(rows, scores, strict=True):
        yield Found(row.video_id, float(score))


def _best_first(found: Found) -> tuple[float, str]:
    return -found.score, found.video_id
