"""Whichever index is chosen, searches find what the catalog says: after a new start, and after the index was lost."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from click.testing import CliRunner

from backend.cli.main import root
from backend.likeness.vectors import Answer
from backend.storage import AutoStorage
from backend.vectors.base import Matrix
from tests.contract.vector_indexes import CASES, Case, every_index
from tests.services.scratch import memory_disk

COUNT, DIMENSIONS = 12, 16

Open = Callable[[], AutoStorage]


@pytest.fixture(params=every_index())
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def url(case: Case, request: pytest.FixtureRequest) -> str:
    return case.url(request)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=memory_disk()) as made:
        yield Path(made)


@pytest.fixture
def start(case: Case, url: str, folder: Path) -> Iterator[Open]:
    """Opens the installation anew, as another start of a program does."""
    opened: list[AutoStorage] = []

    def anew() -> AutoStorage:
        if opened:
            opened[-1].close()
        opened.append(AutoStorage(folder, min_free_bytes=0, vector_index=case.kind.name, vector_index_url=url))
        return opened[-1]

    yield anew
    for storage in opened:
        storage.close()


@pytest.fixture
def vectors() -> Matrix:
    return np.random.default_rng(3).standard_normal((COUNT, DIMENSIONS)).astype(np.float32)


@pytest.fixture
def keys(start: Open, vectors: Matrix) -> list[str]:
    storage = start()
    found = [storage.store_video(b"video %d" % number, {}) for number in range(COUNT)]
    for key, vector in zip(found, vectors, strict=True):
        assert storage.add_vector(key, vector.tolist())
    return found


def answer(storage: AutoStorage, vector: Matrix, limit: int = COUNT) -> Answer:
    return storage._opening.services().vectors.search("default", vector, limit, storage._scope)


def test_after_a_new_start_all_are_found_by_the_index_that_was_chosen(
    case: Case, start: Open, keys: list[str], vectors: Matrix
) -> None:
    for _ in range(2):
        storage = start()
        for number in (0, COUNT - 1):
            found = answer(storage, vectors[number])
            assert (found.index, found.reason) == (case.kind.name, "")
            assert found.results[0].video_id == keys[number]
            assert {hit.video_id for hit in found.results} == set(keys)


def test_what_changed_while_it_was_not_open_is_seen(start: Open, keys: list[str], vectors: Matrix) -> None:
    storage = start()
    answer(storage, vectors[0])
    storage.add_vector(keys[0], (-vectors[0]).tolist())
    storage.delete_video(keys[1])
    storage = start()
    found = answer(storage, vectors[0])
    assert found.results[-1].video_id == keys[0]
    assert {hit.video_id for hit in found.results} == {keys[0], *keys[2:]}
    assert found.reason == ""


@pytest.mark.parametrize("damage", ["deleted", "cut off", "overwritten"])
def test_an_index_whose_files_are_damaged_is_made_anew(
    case: Case, start: Open, keys: list[str], vectors: Matrix, folder: Path, damage: str
) -> None:
    if not case.on_disk:
        return
    storage = start()
    answer(storage, vectors[0])
    storage.close()
    files = [
        path for path in (folder / "metadata" / "vectors").rglob("*") if path.is_file() and path.suffix != ".place"
    ]
    assert files
    for path in files:
        if damage == "deleted":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if damage == "cut off" else b"\xff" * 5000)
    found = answer(start(), vectors[2])
    assert {hit.video_id for hit in found.results} == set(keys)
    assert found.results[0].video_id == keys[2]
    assert (found.index, found.reason) == (case.kind.name, "")


def test_an_index_that_followed_a_lost_catalog_is_made_anew(
    case: Case, start: Open, keys: list[str], vectors: Matrix, folder: Path
) -> None:
    storage = start()
    answer(storage, vectors[0])
    storage.close()
    for path in (folder / "metadata").glob("catalog.db*"):
        path.unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STORAGE_PATH", str(folder))
        patch.setenv("LOG_DIR", str(folder / "logs"))
        patch.setenv("VECTOR_INDEX", case.kind.name)
        answered = CliRunner().invoke(root, ["rebuild"])
    assert answered.exit_code == 0, answered.output
    storage = start()
    for key, vector in zip(keys[:3], vectors[::-1], strict=False):
        storage.add_vector(key, vector.tolist())
    found = answer(storage, vectors[-2])
    assert found.results[0].video_id == keys[1]
    assert {hit.video_id for hit in found.results} == set(keys[:3])
    assert found.reason == ""


def test_a_table_that_lost_its_rows_or_is_gone_is_made_anew(
    case: Case, start: Open, keys: list[str], vectors: Matrix, url: str
) -> None:
    if not case.needs_server:
        return
    storage = start()
    answer(storage, vectors[0])
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in ("TRUNCATE", "DROP TABLE"):
            for (table,) in connection.execute("SELECT tablename FROM pg_tables WHERE tablename LIKE 'holdfast%'"):
                connection.execute(f"{statement} {table}".encode())
            found = answer(storage, vectors[2])
            assert {hit.video_id for hit in found.results} == set(keys)
            storage = start()
            found = answer(storage, vectors[2])
            assert (found.results[0].video_id, found.reason) == (keys[2], "")
