"""The port of every index of vectors: take, let go, and tell which are nearest to one, by cosine similarity.

An index is made for one `Space`: one namespace, whose vectors all have the same number of dimensions. What it holds is
a copy that can be made anew from where the truth is. For that it keeps one number, its `place`: how far it has read.

The same for every index: what cannot be (another dimension, NaN, a vector without direction) is a `ValueError` before
anything is touched, and whatever fails inside, be it a vendor's SDK or a server that is away, is a `VectorIndexFailed`
in words. Instances are used by several threads at once.
"""

from __future__ import annotations

import hashlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.errors import VectorIndexFailed

Matrix = NDArray[np.float32]
# Vectors that are handed to an SDK or a server at once.
BATCH = 500


class Hit(NamedTuple):
    """`score` is the cosine of the angle between both vectors: 1 is the same direction, -1 the opposite one."""

    id: str
    score: float


@dataclass(frozen=True)
class Space:
    """What an index is made for. `owner` tells installations apart that share a server; `folder` exists."""

    owner: str
    namespace: str
    dimensions: int
    folder: Path
    url: str = field(default="", repr=False)  # may hold a password
    key: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """For files, tables and collections: lower-case letters and digits, and no other space has the same."""
        told = f"{self.owner}\0{self.namespace}\0{self.dimensions}"
        return f"holdfast{hashlib.sha256(told.encode()).hexdigest()[:24]}"


class VectorIndex(ABC):
    """An index of one's own writes the methods with an underscore, `__len__` and the place, and inherits the rest."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._lock = threading.RLock()

    def add(self, ids: Sequence[str], vectors: ArrayLike) -> None:
        """Take vectors, one row for each id, in place of those that these ids had."""
        units = unit_rows(vectors, self.space.dimensions)
        if len(units) != len(ids):
            raise ValueError(f"{len(ids)} ids came with {len(units)} vectors. Give one vector for each id.")
        # Of an id that is given twice the last one counts.
        last = {id_: row for row, id_ in enumerate(ids)}
        if len(last) != len(ids):
            ids, units = list(last), np.ascontiguousarray(units[list(last.values())])
        with self._at("take vectors"):
            for start in range(0, len(ids), BATCH):
                self._put(ids[start : start + BATCH], units[start : start + BATCH])

    def remove(self, ids: Sequence[str]) -> None:
        """Let go of these; an id that is not there is fine."""
        with self._at("let go of vectors"):
            for start in range(0, len(ids), BATCH):
                self._drop(ids[start : start + BATCH])

    def search(self, vector: ArrayLike, limit: int) -> list[Hit]:
        """The `limit` nearest, the nearest first."""
        if limit < 1:
            raise ValueError("limit must be at least 1.")
        unit = unit_rows(np.asarray(vector, np.float64)[np.newaxis], self.space.dimensions)[0]
        with self._at("be searched"):
            return self._nearest(unit, limit)

    def clear(self) -> None:
        """Begin anew: no vectors, place 0."""
        with self._at("be emptied"):
            self._empty()

    @property
    @abstractmethod
    def place(self) -> int:
        """The number that was handed to `keep` last, 0 for a new index. It never stands for more than is here."""

    @abstractmethod
    def keep(self, place: int) -> None:
        """What came until now is to outlive this process, with this number; an index in memory notes the number."""

    @abstractmethod
    def __len__(self) -> int:
        """How many vectors there are."""

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of connections and files; safe to call again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def _put(self, ids: Sequence[str], units: Matrix) -> None:
        """Take rows of length 1, at most BATCH, no id twice."""

    @abstractmethod
    def _drop(self, ids: Sequence[str]) -> None: ...

    @abstractmethod
    def _nearest(self, unit: Matrix, limit: int) -> list[Hit]: ...

    @abstractmethod
    def _empty(self) -> None: ...

    @contextmanager
    def _at(self, what: str) -> Iterator[None]:
        """One thread at a time, as few SDKs say what they allow; their errors are told in words."""
        with self._lock, told_in_words(f"The index of vectors could not {what}"):
            yield


@dataclass(frozen=True)
class IndexKind:
    """A kind of index, as settings name it. `make` makes one or finds it again; it may import what is not there.

    `exact`: it finds the very nearest, not nearly all of them. `shared`: several processes use the same one.
    `proved_here`: the project's own tests run it for real. `needs`: what pip has to install for it.
    """

    name: str
    make: Callable[[Space], VectorIndex]
    exact: bool
    proved_here: bool
    shared: bool = False
    needs: tuple[str, ...] = ()

    def open(self, space: Space) -> VectorIndex:
        """Raises `VectorIndexFailed`, which says what to do where something is not installed."""
        try:
            with told_in_words(f"The index of vectors '{self.name}' cannot be opened"):
                return self.make(space)
        except VectorIndexFailed as error:
            if not isinstance(error.__cause__, ImportError):
                raise
            packages = " ".join(self.needs)
            raise VectorIndexFailed(
                f"The index of vectors '{self.name}' needs what is not installed here. "
                f"Run: .venv/bin/python -m pip install {packages}"
            ) from error


@contextmanager
def told_in_words(what: str) -> Iterator[None]:
    """Whatever an SDK raises is a `VectorIndexFailed` that begins with `what`."""
    try:
        yield
    except VectorIndexFailed:
        raise
    except Exception as error:
        raise VectorIndexFailed(f"{what} ({_short(error)}).") from error


def _short(error: Exception) -> str:
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:200]}" if words else type(error).__name__


def unit_rows(vectors: ArrayLike, dimensions: int) -> Matrix:
    """Rows of length 1. `ValueError` for what has no direction, or another number of dimensions."""
    wide = np.asarray(vectors, np.float64)
    if wide.ndim != 2 or (len(wide) and wide.shape[1] != dimensions):
        raise ValueError(f"These vectors do not have {dimensions} dimensions each.")
    # The largest part first: the squares of very large or small ones would be infinite, or nothing.
    largest = np.max(np.abs(wide), axis=1, keepdims=True, initial=0)
    if not np.all(np.isfinite(largest)) or not np.all(largest > 0):
        raise ValueError("A vector has a part that is no number, or is zero in all of them: it has no direction.")
    scaled = wide / largest
    return np.ascontiguousarray(scaled / np.linalg.norm(scaled, axis=1, keepdims=True), np.float32)
