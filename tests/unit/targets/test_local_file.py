"""Promises of backend/targets/local_file.py."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import PermanentFailure
from backend.targets.base import Source
from backend.targets.local_file import LocalFile

_CONTENT = hashlib.shake_256(b"local").digest(3_000_000)


def _source(path: Path, size_bytes: int = len(_CONTENT)) -> Source:
    return Source(path, size_bytes, hashlib.sha256(_CONTENT).hexdigest(), "video/mp4", "clip.mp4", "id")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("local") / "clip.mp4"
    made.write_bytes(_CONTENT)
    return made


@given(st.integers(0, len(_CONTENT)), st.integers(0, 700_000), st.integers(5_000, 300_000))
def test_any_stretch_is_read_exactly(path: Path, offset: int, length: int, piece_bytes: int) -> None:
    length = min(length, len(_CONTENT) - offset)
    with LocalFile(_source(path)) as local:
        pieces = [bytes(piece) for piece in local.pieces(offset, length, piece_bytes)]

    assert b"".join(pieces) == _CONTENT[offset : offset + length]
    assert all(len(piece) <= piece_bytes for piece in pieces)


def test_a_stretch_is_hashed_by_all_algorithms_at_once(path: Path) -> None:
    with LocalFile(_source(path)) as local:
        md5, sha256 = local.digests(10, 1_000_000, "md5", "sha256")

    part = _CONTENT[10:1_000_010]
    assert md5 == hashlib.md5(part, usedforsecurity=False).digest()
    assert sha256 == hashlib.sha256(part).digest()


@pytest.mark.parametrize("size_bytes", [len(_CONTENT) - 1, len(_CONTENT) + 1])
def test_a_file_of_another_size_is_damage(path: Path, size_bytes: int) -> None:
    with pytest.raises(PermanentFailure, match="not what was saved") as failure:
        LocalFile(_source(path, size_bytes))

    assert failure.value.detail == {"reason": "local-damage", "video_id": "id"}


def test_a_file_that_shrinks_while_it_is_read_is_damage(tmp_path: Path) -> None:
    shrinking = tmp_path / "clip.mp4"
    shrinking.write_bytes(_CONTENT)
    with LocalFile(_source(shrinking)) as local:
        shrinking.write_bytes(_CONTENT[:1000])
        with pytest.raises(PermanentFailure, match="ends at byte 1000"):
            list(local.pieces(0, len(_CONTENT)))


@pytest.mark.parametrize("kind", ["missing", "a folder", "a link"])
def test_what_is_no_file_is_damage_and_its_path_is_not_told(tmp_path: Path, path: Path, kind: str) -> None:
    there = tmp_path / "clip.mp4"
    if kind == "a folder":
        there.mkdir()
    if kind == "a link":
        there.symlink_to(path)

    with pytest.raises(PermanentFailure) as failure:
        LocalFile(_source(there))

    assert str(tmp_path) not in failure.value.message
