"""Promises of backend/targets/drive/chunks.py."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend.errors import PermanentFailure
from backend.targets.base import Source
from backend.targets.drive.chunks import Chunk, Digests, Media
from backend.targets.local_file import LocalFile

_CHUNK = 256 * 1024
_CONTENT = hashlib.shake_256(b"film").digest(3 * _CHUNK + 17)
MakeSource = Callable[[bytes], Source]


@pytest.fixture
def make_source(tmp_path: Path) -> MakeSource:
    def make(content: bytes) -> Source:
        path = tmp_path / f"{len(content)}.mp4"
        path.write_bytes(content)
        return Source(path, len(content), hashlib.sha256(content).hexdigest(), "video/mp4", "film.mp4", "id")

    return make


def _ignore(_done_bytes: int) -> None:
    return


def test_a_chunk_gives_the_same_bytes_however_often_it_is_sent(make_source: MakeSource) -> None:
    with LocalFile(make_source(_CONTENT)) as local:
        chunk = Chunk(local, 5, _CHUNK + 1, _ignore)
        wanted = _CONTENT[5 : 5 + _CHUNK + 1]
        assert len(chunk) == len(wanted)
        for _ in range(3):
            assert b"".join(bytes(piece) for piece in chunk) == wanted


def test_a_chunk_that_was_left_in_the_middle_begins_anew(make_source: MakeSource) -> None:
    with LocalFile(make_source(_CONTENT)) as local:
        chunk = Chunk(local, 0, len(_CONTENT), _ignore)
        first = bytes(next(iter(chunk)))
        assert _CONTENT.startswith(first)
        assert b"".join(bytes(piece) for piece in chunk) == _CONTENT


def test_a_chunk_tells_where_it_stands_from_its_own_offset_on(make_source: MakeSource) -> None:
    told: list[int] = []
    with LocalFile(make_source(_CONTENT)) as local:
        for _ in Chunk(local, _CHUNK, 2 * _CHUNK, told.append):
            pass
    assert told[0] == _CHUNK
    assert told[-1] == 3 * _CHUNK
    assert max(b - a for a, b in itertools.pairwise(told)) <= _CHUNK


@pytest.mark.parametrize("size_bytes", [1, _CHUNK, _CHUNK + 1, 3 * _CHUNK, len(_CONTENT)])
def test_the_chunks_together_are_the_file_and_the_md5_is_of_all_of_it(make_source: MakeSource, size_bytes: int) -> None:
    content = _CONTENT[:size_bytes]
    with LocalFile(make_source(content)) as local, Digests(local) as digests:
        media = Media(local, digests, _CHUNK, _ignore)
        offsets = range(0, size_bytes, _CHUNK)
        sent = b"".join(bytes(piece) for at in offsets for piece in media.getbytes(at, _CHUNK))
        assert sent == content
        assert digests.finish() == hashlib.md5(content).hexdigest()


def test_a_resumed_upload_that_begins_at_its_last_chunk_is_hashed_from_the_first_byte(make_source: MakeSource) -> None:
    with LocalFile(make_source(_CONTENT)) as local, Digests(local) as digests:
        media = Media(local, digests, _CHUNK, _ignore)
        assert len(media.getbytes(3 * _CHUNK, _CHUNK)) == 17
        assert digests.finish() == hashlib.md5(_CONTENT).hexdigest()


@pytest.mark.parametrize("at_byte", [0, _CHUNK, 2 * _CHUNK, len(_CONTENT) - 1])
@pytest.mark.parametrize("chunk_bytes", [_CHUNK, 2 * _CHUNK, 4 * _CHUNK])
def test_a_damaged_file_never_hands_out_its_last_chunk(make_source: MakeSource, at_byte: int, chunk_bytes: int) -> None:
    source = make_source(_CONTENT)
    source.path.write_bytes(_CONTENT[:at_byte] + bytes([_CONTENT[at_byte] ^ 1]) + _CONTENT[at_byte + 1 :])
    with LocalFile(source) as local, Digests(local) as digests:
        media = Media(local, digests, chunk_bytes, _ignore)
        *others, last = range(0, len(_CONTENT), chunk_bytes)
        for offset in others:
            media.getbytes(offset, chunk_bytes)
        with pytest.raises(PermanentFailure, match="not what was saved"):
            media.getbytes(last, chunk_bytes)


def test_a_file_that_is_cut_while_it_is_sent_never_hands_out_its_last_chunk(make_source: MakeSource) -> None:
    source = make_source(_CONTENT)
    with LocalFile(source) as local, Digests(local) as digests:
        media = Media(local, digests, _CHUNK, _ignore)
        media.getbytes(0, _CHUNK)
        source.path.write_bytes(_CONTENT[: 2 * _CHUNK])
        with pytest.raises(PermanentFailure):
            media.getbytes(3 * _CHUNK, _CHUNK)


def test_the_state_is_stored_before_each_chunk_is_handed_out(make_source: MakeSource) -> None:
    seen: list[str] = []
    with LocalFile(make_source(_CONTENT)) as local, Digests(local) as digests:
        media = Media(local, digests, _CHUNK, lambda _: seen.append("byte"))
        media.before_bytes = lambda: seen.append("stored")
        for _ in media.getbytes(0, _CHUNK):
            pass
    assert seen[:2] == ["stored", "byte"]


def test_an_end_that_does_not_wait_leaves_no_thread_behind(make_source: MakeSource) -> None:
    source = make_source(_CONTENT)
    with LocalFile(source) as local:
        with Digests(local) as digests:
            digests.start(len(_CONTENT))
        assert digests._last is not None
        assert digests._last.done()


def test_googles_client_is_given_no_stream_that_it_would_not_rewind(make_source: MakeSource) -> None:
    source = replace(make_source(_CONTENT), mime_type="video/webm")
    with LocalFile(source) as local, Digests(local) as digests:
        media = Media(local, digests, _CHUNK, _ignore)
        assert (media.has_stream(), media.resumable(), media.size()) == (False, True, len(_CONTENT))
        assert (media.chunksize(), media.mimetype()) == (_CHUNK, "video/webm")
