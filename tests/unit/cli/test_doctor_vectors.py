"""`doctor` and the index of vectors: silent where there is none, and plain about one that cannot be used."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.cli.conftest import CommandLine


def _told(cli: CommandLine) -> list[dict[str, Any]]:
    return [each for each in cli("doctor", "--json").json["findings"] if each["what"] == "vectors"]


def test_nothing_is_said_where_nobody_keeps_vectors(cli: CommandLine) -> None:
    cli.upload("gull.mp4")
    assert _told(cli) == []


def test_an_index_that_works_and_one_that_cannot_be_used_are_told(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.upload("gull.mp4")
    monkeypatch.setenv("VECTOR_INDEX", "faiss")
    (found,) = _told(cli)
    assert (found["state"], found["says"]) == ("well", "0 vectors in 0 namespaces; faiss has them.")
    monkeypatch.setenv("VECTOR_INDEX", "weaviate")
    (found,) = _told(cli)
    assert found["state"] == "notice"
    assert "weaviate cannot be used. VECTOR_INDEX=weaviate needs a server" in found["says"]
    assert "VECTOR_INDEX=numpy" in found["remedy"]


def test_an_unknown_kind_stops_the_start(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.upload("gull.mp4")
    monkeypatch.setenv("VECTOR_INDEX", "annoy")
    answer = cli("list")
    assert answer.code != 0
    assert "VECTOR_INDEX=annoy is unknown; known: faiss, milvus, numpy, pgvector, qdrant, weaviate" in answer.err
