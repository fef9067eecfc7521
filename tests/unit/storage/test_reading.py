"""Videos are read in pieces of one size, whatever the stream gives, and not beyond what is allowed."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.storage.reading import Limit, opened


class Uneven:
    """Gives pieces as long as told, then all that is asked for."""

    def __init__(self, content: bytes, steps: list[int]) -> None:
        self._content = io.BytesIO(content)
        self._steps = steps
        self.asked: list[int] = []

    def read(self, size: int, /) -> bytes:
        self.asked.append(size)
        return self._content.read(min(size, self._steps.pop() if self._steps else size))


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(1, 50), max_size=20), st.integers(1, 60))
def test_pieces_are_of_one_size_but_the_last(content: bytes, steps: list[int], piece_bytes: int) -> None:
    stream = Uneven(content, steps)
    with opened(stream, Limit(200)) as source:
        pieces = list(source.pieces(piece_bytes))
    assert b"".join(pieces) == content
    assert all(len(piece) == piece_bytes for piece in pieces[:-1])
    assert source.size_bytes == len(content)
    assert source.head == content[:piece_bytes]
    assert max(stream.asked) <= piece_bytes


@given(st.binary(min_size=1, max_size=200), st.lists(st.integers(1, 50), max_size=20), st.integers(1, 60))
def test_one_byte_beyond_the_limit_is_read_at_most(content: bytes, steps: list[int], piece_bytes: int) -> None:
    limit = len(content) - 1
    stream = Uneven(content, steps)
    with (
        pytest.raises(ValueError, match=r"exceeds maximum allowed size.*raise that_option"),
        opened(stream, Limit(limit, "that_option")) as source,
    ):
        list(source.pieces(piece_bytes))
    assert stream._content.tell() <= limit + 1


def test_bytes_are_handed_on_without_a_copy() -> None:
    content = os.urandom(5000)
    with opened(content, Limit(5000)) as source:
        assert source.whole() is content
        assert (source.size_bytes, source.head) == (5000, content[:4096])


@pytest.mark.parametrize("step", [1, 4096, 1 << 20])
def test_the_whole_knows_its_head_and_size(step: int) -> None:
    content = os.urandom(10_000)
    with opened(Uneven(content, [step] * 20_000), Limit(10_000)) as source:
        assert source.whole() == content
        assert (source.size_bytes, source.head) == (10_000, content[:4096])


def test_a_file_too_large_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(ValueError, match=r"Video size 953674.32 MB exceeds maximum allowed size of 1 MB"):
        opened(path, Limit(1 << 20)).__enter__()


def test_a_pipe_in_a_folder_does_not_make_anybody_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is no file"):
        opened(tmp_path / "pipe", Limit(10)).__enter__()


@pytest.mark.parametrize("told", ["no such file", "x" * 5000, "a\0b", "loop"])
def test_a_text_that_leads_to_no_file_is_told_what_texts_are_for(
    told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ValueError, match="A text given as video_data is read as a path") as refused:
        opened(told, Limit(10)).__enter__()
    assert len(str(refused.value)) < 500


def test_names_come_from_paths_and_files_and_are_always_readable(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9 \xc3\xa4.mp4")
    path.write_bytes(b"x")
    with opened(path, Limit(10)) as source:
        assert source.filename == "caf\ufffd ä.mp4"
    with path.open("rb") as file, opened(file, Limit(10)) as source:
        assert source.filename == "caf\ufffd ä.mp4"
    with open(os.open(path, os.O_RDONLY), "rb") as file, opened(file, Limit(10)) as source:  # noqa: PTH123 - by number
        assert source.filename is None
    with opened(io.BytesIO(b"x"), Limit(10)) as source:
        assert source.filename is None


def test_a_stream_that_gives_more_than_was_asked_for_is_refused() -> None:
    class Generous:
        def read(self, size: int, /) -> bytes:
            return bytes(size + 1)

    with (
        pytest.raises(ValueError, match="gave 11 bytes where 10 were asked for"),
        opened(Generous(), Limit(100)) as source,
    ):
        list(source.pieces(10))
