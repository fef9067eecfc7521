"""What faiss alone must mind: what was taken out of its graph, and when its file is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from backend.vectors.base import Space
from backend.vectors.faiss_index import FaissIndex

DIMENSIONS = 8


@pytest.fixture
def space(tmp_path: Path) -> Space:
    return Space("test", "scenes", DIMENSIONS, tmp_path)


def points(count: int, seed: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)


def test_what_was_replaced_and_removed_takes_no_room_for_ever(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.vectors.faiss_index._MOST_DEAD", 10)
    ids = [str(number) for number in range(60)]
    with FaissIndex(space) as index:
        for seed in range(6):
            index.add(ids, points(60, seed))
            assert index._graph.ntotal <= 180
        index.remove(ids[:55])
        assert (len(index), index._graph.ntotal <= 20) == (5, True)
        for number in range(55, 60):
            assert index.search(points(60, 5)[number], 1)[0].id == str(number)


def test_in_the_graph_the_dead_are_not_found(space: Space, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.vectors.faiss_index._FEW", 0)
    ids, vectors = [str(number) for number in range(300)], points(300)
    with FaissIndex(space) as index:
        index.add(ids, vectors)
        index.remove(ids[:100])
        found = [hit.id for number in range(300) for hit in index.search(vectors[number], 3)]
        assert not set(found) & set(ids[:100])
        selves = sum(index.search(vectors[number], 1)[0].id == ids[number] for number in range(100, 300))
        assert selves >= 195


def test_the_file_is_written_when_enough_is_new_and_at_the_end(space: Space) -> None:
    index = FaissIndex(space)
    index.add([str(number) for number in range(100)], points(100))
    index.keep(100)
    path = space.folder / f"{space.name}.faiss"
    first = path.read_bytes()
    index.add(["new"], points(1, 2))
    index.keep(101)
    assert path.read_bytes() == first
    assert index.place == 101
    with FaissIndex(space) as other:
        assert (other.place, len(other)) == (100, 100)
    index.close()
    with FaissIndex(space) as again:
        assert (again.place, len(again)) == (101, 101)
        assert again.search(points(1, 2)[0], 1)[0].id == "new"
