"""How long each index of vectors takes to be filled and searched, and how many of the nearest it finds."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backend.vectors.base import Matrix, Space, VectorIndex
from backend.vectors.registry import built_in_kinds
from scripts.lib.bench.measure import MEMORY_DISK, Result
from tests.services.pgvector import postgres_with_vectors

_DIMENSIONS = 384
_LIMIT = 10
_SEARCHES = 50
# 100,000 would take them half an hour: a twentieth.
_FEWER = {"pgvector": 20, "qdrant": 20}
_PAGE = 500


def vectors(count: int) -> Result:
    title = f"Indexes of vectors: {count:,} of {_DIMENSIONS} dimensions, the {_LIMIT} nearest"
    given, asked = _made_up(count + _SEARCHES)
    table = ["| index | vectors | filled at, vectors/s | search p50, ms | search p99, ms | found of the nearest |"]
    table.append("|---|---|---|---|---|---|")
    for name in [kind.name for kind in built_in_kinds() if kind.proved_here]:
        few = given[: max(1000, count // _FEWER.get(name, 1))]
        with _opened(name) as index:
            table.append(f"| {name} | {len(few):,} | {_cells(index, few, asked)} |")
            print(table[-1], flush=True)
    note = (
        "vectors are made up: points around 2,000 centres, as those of real pictures lie in heaps. Filled in pages of "
        f"{_PAGE}. Qdrant and Milvus in a folder on a memory disk, pgvector on a local PostgreSQL"
    )
    return Result(title, "", note=note, table=tuple(table))


def _cells(index: VectorIndex, given: Matrix, asked: Matrix) -> str:
    ids = [str(uuid.UUID(int=number)) for number in range(len(given))]
    began = time.perf_counter()
    for start in range(0, len(ids), _PAGE):
        index.add(ids[start : start + _PAGE], given[start : start + _PAGE])
    index.keep(len(ids))
    filled = time.perf_counter() - began
    index.search(asked[0], _LIMIT)  # which warms up
    milliseconds, found = [], 0
    for vector in asked:
        began = time.perf_counter()
        hits = index.search(vector, _LIMIT)
        milliseconds.append(1000 * (time.perf_counter() - began))
        best = np.argsort(-(given @ vector))[:_LIMIT]
        found += len({hit.id for hit in hits} & {ids[at] for at in best})
    share = 100 * found / (_LIMIT * len(asked))
    p99 = statistics.quantiles(milliseconds, n=100)[98]
    return f"{len(ids) / filled:,.0f} | {statistics.median(milliseconds):.1f} | {p99:.1f} | {share:.1f} %"


def _made_up(count: int) -> tuple[Matrix, Matrix]:
    random = np.random.default_rng(1)
    centres = random.standard_normal((2_000, _DIMENSIONS), np.float32)
    points = centres[random.integers(0, len(centres), count)]
    points += 0.6 * random.standard_normal((count, _DIMENSIONS), np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points[:-_SEARCHES], points[-_SEARCHES:]


@contextlib.contextmanager
def _opened(name: str) -> Iterator[VectorIndex]:
    kind = next(kind for kind in built_in_kinds() if kind.name == name)
    with contextlib.ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory(dir=MEMORY_DISK)))
        url = held.enter_context(postgres_with_vectors()).fresh_database() if name == "pgvector" else ""
        yield held.enter_context(kind.open(Space("bench", "bench", _DIMENSIONS, folder, url)))
