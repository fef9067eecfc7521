"""Digests of what passes by and of what lies on disk."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.disk.digest import Hashes, StreamHasher, sha256_of
from backend.errors import DiskFault


@given(st.lists(st.integers(0, 900_000), max_size=8))
def test_stream_gives_the_digest_of_its_bytes_in_order(sizes: list[int]) -> None:
    sha256, sha1, stream = hashlib.sha256(), hashlib.sha1(usedforsecurity=False), StreamHasher()
    for number, size in enumerate(sizes):
        piece = bytes([number]) * size
        sha256.update(piece)
        sha1.update(piece)
        stream.update(piece)
    assert stream.finish() == (sha256.hexdigest(), sha1.hexdigest())


def test_the_sha1_of_a_long_stream_is_left_out_and_its_sha256_is_not() -> None:
    short, long = Hashes(10), Hashes(10)
    short.update(b"0123456789")
    long.update(b"0123456789")
    copied = long.copy()
    for hashes in (long, copied):
        hashes.update(b"a")
        assert hashes.digests() == (hashlib.sha256(b"0123456789a").hexdigest(), "")
    assert short.digests().sha1 == hashlib.sha1(b"0123456789", usedforsecurity=False).hexdigest()


def test_helper_thread_ends_with_the_stream() -> None:
    before = threading.active_count()
    for end in (StreamHasher.finish, StreamHasher.stop):
        stream = StreamHasher()
        for _ in range(10):
            stream.update(bytes(1_000_000))
        assert threading.active_count() == before + 1
        end(stream)
        stream.stop()
        assert threading.active_count() == before


def test_file_is_hashed_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(content)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_file_that_cannot_be_read_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(DiskFault):
        sha256_of(tmp_path)
