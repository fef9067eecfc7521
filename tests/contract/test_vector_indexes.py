"""What every index of vectors promises: who is nearest, what was replaced or removed, and errors in words."""

from __future__ import annotations

import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.errors import VectorIndexFailed
from backend.vectors.base import Matrix, Space, VectorIndex, unit_rows
from backend.vectors.registry import built_in_kinds, load_kind
from tests.contract.vector_indexes import CASES, Case, every_index
from tests.services.process import free_port
from tests.services.scratch import memory_disk

DIMENSIONS = 24
RECALL = 0.95

Open = Callable[[], VectorIndex]


@pytest.fixture(params=every_index())
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def space(case: Case, request: pytest.FixtureRequest) -> Iterator[Space]:
    # In memory: what is tried here is no durability, and one of them makes each vector durable by itself.
    with tempfile.TemporaryDirectory(dir=memory_disk()) as folder:
        yield Space(str(uuid.uuid4()), "scenes", DIMENSIONS, Path(folder), case.url(request))


@pytest.fixture
def reopen(case: Case, space: Space) -> Iterator[Open]:
    """Opens it; what was open before is closed first, as at a new start of the program."""
    opened: list[VectorIndex] = []

    def open_anew() -> VectorIndex:
        if opened:
            opened[-1].close()
        opened.append(case.kind.open(space))
        return opened[-1]

    yield open_anew
    for index in opened:
        index.close()


@pytest.fixture
def index(reopen: Open) -> VectorIndex:
    return reopen()


def points(count: int, seed: int = 1, dimensions: int = DIMENSIONS) -> Matrix:
    return np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)


def names(count: int, first: int = 0) -> list[str]:
    """Ids are those of videos."""
    return [str(uuid.UUID(int=number)) for number in range(first, first + count)]


def nearest(ids: list[str], vectors: Matrix, asked: Matrix, limit: int) -> dict[str, float]:
    """By comparing each, in 64 bits."""
    scores = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)) @ (asked / np.linalg.norm(asked))
    order = np.argsort(-scores)[:limit]
    return {ids[at]: float(scores[at]) for at in order}


def test_a_new_index_is_empty(index: VectorIndex) -> None:
    assert (len(index), index.place) == (0, 0)
    assert index.search(points(1)[0], 5) == []


def test_the_nearest_are_found_with_their_cosines_the_nearest_first(case: Case, index: VectorIndex) -> None:
    ids, vectors = names(1200), points(1200) * 7
    index.add(ids, vectors)
    assert len(index) == 1200
    found = expected = 0
    for asked in points(20, seed=2):
        hits = index.search(asked, 10)
        best = nearest(ids, vectors, asked, 10)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        told = nearest(ids, vectors, asked, 1200)
        assert all(hit.score == pytest.approx(told[hit.id], abs=2e-3 if not case.kind.exact else 1e-5) for hit in hits)
        found, expected = found + len(best.keys() & {hit.id for hit in hits}), expected + len(best)
    assert found / expected >= (1 if case.kind.exact else RECALL)


def test_a_vector_finds_itself_and_its_opposite_comes_last(index: VectorIndex) -> None:
    vectors = points(30)
    index.add(names(30), vectors)
    hits = index.search(-3 * vectors[4], 30)
    assert len(hits) == 30
    assert hits[-1].id == names(30)[4]
    assert hits[-1].score == pytest.approx(-1, abs=1e-3)
    assert index.search(0.01 * vectors[4], 1)[0].score == pytest.approx(1, abs=1e-3)


def test_more_than_there_are_brings_all(index: VectorIndex) -> None:
    index.add(names(3), points(3))
    assert {hit.id for hit in index.search(points(1)[0], 100)} == set(names(3))


def test_a_vector_is_replaced(index: VectorIndex) -> None:
    ids, vectors = names(50), points(50)
    index.add(ids, vectors)
    index.add(ids[:2], vectors[1::-1])
    assert len(index) == 50
    assert index.search(vectors[0], 1)[0].id == ids[1]
    assert index.search(vectors[1], 1)[0].id == ids[0]


def test_of_an_id_that_comes_twice_the_last_vector_counts(index: VectorIndex) -> None:
    first, second = points(2)
    index.add(names(1) * 2, [first, second])
    assert len(index) == 1
    assert index.search(second, 1)[0].score == pytest.approx(1, abs=1e-3)


def test_what_is_removed_is_not_found_and_unknown_ids_are_fine(index: VectorIndex) -> None:
    ids, vectors = names(50), points(50)
    index.add(ids, vectors)
    index.remove([*ids[:10], *names(3, first=900)])
    assert len(index) == 40
    assert {hit.id for hit in index.search(vectors[0], 50)} == set(ids[10:])
    index.add(ids[:1], vectors[:1])
    assert index.search(vectors[0], 1)[0].id == ids[0]


def test_cleared_it_is_as_new(index: VectorIndex) -> None:
    index.add(names(20), points(20))
    index.keep(20)
    index.clear()
    assert (len(index), index.place) == (0, 0)
    assert index.search(points(1)[0], 5) == []
    index.add(names(1), points(1))
    assert len(index) == 1


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_what_has_no_direction_is_refused_and_nothing_is_taken(index: VectorIndex, wrong: float) -> None:
    bad = points(3)
    bad[1, 5] = wrong
    for vectors in (bad, np.zeros((3, DIMENSIONS)), points(3, dimensions=DIMENSIONS + 1)):
        with pytest.raises(ValueError, match=r"dimensions|direction"):
            index.add(names(3), vectors)
        with pytest.raises(ValueError, match=r"dimensions|direction"):
            index.search(vectors[1], 1)
    with pytest.raises(ValueError, match="one vector for each id"):
        index.add(names(2), points(3))
    with pytest.raises(ValueError, match="at least 1"):
        index.search(points(1)[0], 0)
    assert len(index) == 0


def test_very_large_and_very_small_vectors_have_a_direction(index: VectorIndex) -> None:
    direction = points(1)[0]
    index.add(names(2), [direction * np.float32(1e37), direction * np.float32(-1e-37)])
    assert [hit.score for hit in index.search(direction, 2)] == pytest.approx([1, -1], abs=1e-3)


def test_its_place_never_stands_for_more_than_it_has_after_a_new_start(index: VectorIndex, reopen: Open) -> None:
    index.add(names(30), points(30))
    index.keep(30)
    assert index.place == 30
    again = reopen()
    assert again.place in (0, 30)
    assert again.place == 0 or len(again) == 30


def test_eight_threads_add_remove_and_search_at_once(index: VectorIndex) -> None:
    vectors = points(400)

    def work(number: int) -> None:
        mine, at = names(50, first=50 * number), slice(50 * number, 50 * number + 50)
        for start in range(0, 50, 10):
            index.add(mine[start : start + 10], vectors[at][start : start + 10])
            hits = index.search(vectors[at][start], 3)
            assert hits[0].id == mine[start]
        index.remove(mine[:5])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert len(index) == 8 * 45


def test_two_spaces_know_nothing_of_each_other(case: Case, index: VectorIndex, space: Space) -> None:
    index.add(names(5), points(5))
    for other in (
        replace(space, namespace="faces"),
        replace(space, owner="another"),
        replace(space, dimensions=DIMENSIONS + 1),
    ):
        with case.kind.open(other) as elsewhere:
            assert len(elsewhere) == 0
            elsewhere.add(names(1), points(1, dimensions=other.dimensions))
            elsewhere.clear()
    assert len(index) == 5


@pytest.mark.parametrize(
    ("kind", "module", "package"),
    [
        ("faiss", "faiss", "faiss-cpu"),
        ("milvus", "pymilvus", "pymilvus milvus-lite"),
        ("pgvector", "psycopg", "pgvector"),
        ("qdrant", "qdrant_client", "qdrant-client"),
        ("weaviate", "weaviate", "weaviate-client"),
    ],
)
def test_what_is_not_installed_is_told_with_what_to_do(
    kind: str, module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(VectorIndexFailed, match=f"'{kind}' needs what is not installed here.*pip install {package}$"):
        load_kind(kind).open(Space("test", "scenes", DIMENSIONS, tmp_path, "http://127.0.0.1:9"))


@pytest.mark.parametrize(("kind", "scheme"), [("pgvector", "postgresql"), ("qdrant", "http"), ("weaviate", "http")])
def test_a_server_that_is_away_is_told_in_words(kind: str, scheme: str, tmp_path: Path) -> None:
    away = f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(VectorIndexFailed, match=r"for the index of vectors, (does not answer|cannot be used) \("):
        load_kind(kind).open(Space("test", "scenes", DIMENSIONS, tmp_path, away))


@pytest.mark.parametrize("kind", ["pgvector", "weaviate"])
def test_an_index_that_needs_a_server_asks_for_its_address(kind: str, tmp_path: Path) -> None:
    with pytest.raises(VectorIndexFailed, match=r"set VECTOR_INDEX_URL"):
        load_kind(kind).open(Space("test", "scenes", DIMENSIONS, tmp_path))


def test_every_kind_that_is_said_to_be_proved_is_tried_here() -> None:
    assert {kind.name for kind in built_in_kinds() if kind.proved_here} == set(CASES)


def test_rows_are_given_the_length_one() -> None:
    assert np.linalg.norm(unit_rows(points(10) * 1e30, DIMENSIONS), axis=1) == pytest.approx(np.ones(10), abs=1e-6)
