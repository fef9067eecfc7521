"""Types by content, from what ffmpeg really writes and from the formats' signatures."""

from __future__ import annotations

import pytest

from backend import mime


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"\x00\x00\x00\x1cftypM4A ", "audio/mp4"),
        (b"\x00\x00\x00\x1cftypM4V ", "video/x-m4v"),
        (b"\x00\x00\x00\x08wide\x00", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x01\x42\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x01\x42\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x01\xba\x44", "video/mpeg"),
        (b"fLaC\x00\x00", "audio/flac"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        ((b"\x47" + bytes(187)) * 3, "video/mp2t"),
        (b"<html><script>", None),
        (b"", None),
    ],
)
def test_type_is_told_by_content(head: bytes, expected: str | None) -> None:
    assert mime.by_content(head) == expected


def test_extension_decides_only_where_content_does_not() -> None:
    assert mime.media_type(b"\x00\x00\x00\x18ftypisom", "avi") == "video/mp4"
    assert mime.media_type(b"????", "avi") == "video/x-msvideo"
    assert mime.media_type(b"????", "xyz") == mime.UNKNOWN


def test_every_type_by_content_has_an_extension() -> None:
    for kind in ("video/mp4", "video/webm", "video/x-matroska", "audio/flac", "video/mp2t"):
        assert mime.extension_for(kind)
    assert mime.extension_for("text/html") is None
