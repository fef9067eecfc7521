"""The kinds of index that the contract of vectors is tried on, and how each is opened for a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from backend.vectors.base import IndexKind
from backend.vectors.registry import load_kind
from tests.services.postgres import PostgresServer


@dataclass(frozen=True)
class Case:
    """`url` says where its server is, when it needs one. `on_disk`: it has files of its own, which can be damaged."""

    kind: IndexKind
    url: Callable[[pytest.FixtureRequest], str] = lambda _: ""
    on_disk: bool = False
    needs_server: bool = False


def _with_vectors(request: pytest.FixtureRequest) -> str:
    server: PostgresServer = request.getfixturevalue("vector_postgres")
    return server.fresh_database()


CASES = {
    "faiss": Case(load_kind("faiss"), on_disk=True),
    "milvus": Case(load_kind("milvus"), on_disk=True),
    "numpy": Case(load_kind("numpy")),
    "pgvector": Case(load_kind("pgvector"), url=_with_vectors, needs_server=True),
    "qdrant": Case(load_kind("qdrant"), on_disk=True),
}


def every_index() -> list[object]:
    """For `pytest.fixture(params=…)`."""
    return [
        pytest.param(name, marks=pytest.mark.service) if case.needs_server else name for name, case in CASES.items()
    ]
