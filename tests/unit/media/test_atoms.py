"""Whether the index of an MP4 file comes first."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.media.atoms import index_is_first, is_cut_off
from tests.services.media import make_video


@pytest.mark.parametrize("first", [True, False])
def test_index_is_found_before_or_behind_the_media(tmp_path: Path, first: bool) -> None:
    extra = ["-movflags", "+faststart"] if first else []
    assert index_is_first(make_video(tmp_path / "video.mp4", seconds=0.2, audio=False, extra=extra)) is first


def test_long_atoms_are_followed(tmp_path: Path) -> None:
    free = b"\0\0\0\1free" + (24).to_bytes(8) + bytes(8)
    (tmp_path / "long.mp4").write_bytes(free + b"\0\0\0\x08moov")
    assert index_is_first(tmp_path / "long.mp4")


@given(content=st.binary(max_size=100))
def test_any_content_is_survived(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.mp4"
    path.write_bytes(content)
    assert index_is_first(path) in (True, False)
    assert is_cut_off(path) in (True, False)


@pytest.mark.parametrize(("share", "cut"), [(1, False), (0.9, True), (0.5, True)])
def test_a_file_that_ends_within_its_media_was_cut_off(tmp_path: Path, share: float, cut: bool) -> None:
    extra = ["-movflags", "+faststart"]
    content = make_video(tmp_path / "whole.mp4", seconds=0.5, audio=False, extra=extra).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: round(len(content) * share)])
    assert is_cut_off(tmp_path / "cut.mp4") is cut


@pytest.mark.parametrize("tail", [b"\0\0\0\0mdat", b"\0\0\1\0free", b"\0\0\0", b"words behind the end"])
def test_what_lies_behind_the_media_is_not_missed(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(b"\0\0\0\x08moov" + b"\0\0\0\x0cmdatdata" + tail)
    assert not is_cut_off(tmp_path / "a.mp4")
