"""Which files Chromium, Firefox and Safari all play as they are; for every other one there are words why not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.media.playable import why_not
from tests.services.media_work import plain_facts

MP4, WEBM, MKV = "video/mp4", "video/webm", "video/x-matroska"


@pytest.mark.parametrize(
    ("media_type", "facts"),
    [
        (MP4, {}),
        ("video/quicktime", {}),
        ("video/x-m4v", {"profile": "Main"}),
        (MP4, {"profile": "Constrained Baseline", "pixel_format": "yuvj420p"}),
        (MP4, {"audio_codec": ""}),
        (MP4, {"audio_codec": "mp3"}),
        (WEBM, {"container": "matroska", "video_codec": "vp8", "audio_codec": "vorbis", "profile": "0"}),
        (WEBM, {"container": "matroska", "video_codec": "vp9", "audio_codec": "opus", "profile": "Profile 0"}),
        (WEBM, {"container": "matroska", "video_codec": "vp9", "audio_codec": ""}),
        ("audio/webm", {"container": "matroska", "video_codec": "", "audio_codec": "opus"}),
        ("audio/mpeg", {"container": "mp3", "video_codec": "", "audio_codec": "mp3"}),
        ("audio/mp4", {"video_codec": ""}),
        ("audio/wav", {"container": "wav", "video_codec": "", "audio_codec": "pcm_s16le"}),
        ("audio/wav", {"container": "wav", "video_codec": "", "audio_codec": "pcm_u8"}),
        ("audio/flac", {"container": "flac", "video_codec": "", "audio_codec": "flac"}),
        ("audio/ogg", {"container": "ogg", "video_codec": "", "audio_codec": "vorbis"}),
    ],
)
def test_plays_as_it_is(media_type: str, facts: dict[str, Any]) -> None:
    assert why_not(plain_facts(**facts), media_type) == ""


@pytest.mark.parametrize(
    ("media_type", "facts", "words"),
    [
        (MP4, {"video_codec": "hevc"}, "Its video is HEVC"),
        (MP4, {"video_codec": "mpeg4"}, "Its video is MPEG-4 part 2"),
        (MP4, {"video_codec": "av1"}, "Its video is AV1"),
        (MP4, {"video_codec": "vp9"}, "Its video is VP9, which not every browser plays in this kind of file"),
        ("video/quicktime", {"video_codec": "prores"}, "Its video is ProRes"),
        (MP4, {"bits_per_sample": 10, "pixel_format": "yuv420p10le", "profile": "High 10"}, "10 bits"),
        (MP4, {"pixel_format": "yuv422p", "profile": "High 4:2:2"}, "stored as yuv422p"),
        (MP4, {"pixel_format": "yuv444p", "profile": "High 4:4:4 Predictive"}, "stored as yuv444p"),
        (MP4, {"profile": "Extended"}, "profile Extended"),
        (MP4, {"interlaced": True}, "interlaced"),
        (MP4, {"variable_rate": True}, "frame rate varies"),
        (MP4, {"audio_codec": "ac3"}, "Its sound is AC-3"),
        (MP4, {"audio_codec": "opus"}, "Its sound is Opus"),
        ("video/quicktime", {"audio_codec": "pcm_s16le"}, "Its sound is uncompressed"),
        (WEBM, {"container": "matroska", "video_codec": "av1", "audio_codec": "opus"}, "Its video is AV1"),
        (MKV, {"container": "matroska"}, "a Matroska file"),
        (MKV, {"container": "matroska", "video_codec": "vp9", "audio_codec": "opus"}, "a Matroska file"),
        ("video/x-msvideo", {"container": "avi", "video_codec": "mpeg4", "audio_codec": "mp3"}, "an AVI file"),
        ("video/mp2t", {"container": "mpegts"}, "an MPEG transport stream"),
        ("video/mpeg", {"container": "mpeg", "video_codec": "mpeg2video"}, "an MPEG program stream"),
        ("audio/wav", {"container": "wav", "video_codec": "", "audio_codec": "pcm_s24le"}, "uncompressed"),
        ("audio/mp4", {"video_codec": "", "audio_codec": "alac"}, "Apple Lossless"),
        ("video/ogg", {"container": "ogg", "video_codec": "theora"}, "kind ogg"),
    ],
)
def test_does_not_play_and_says_why(media_type: str, facts: dict[str, Any], words: str) -> None:
    assert words in why_not(plain_facts(**facts), media_type)


names = st.sampled_from(["", "mov", "matroska", "avi", "h264", "vp9", "mp3", "aac", "yuv420p", "odd"]) | st.text()


@given(
    container=names, video=names, audio=names, pixel_format=names, profile=names, kind=names,
    bits=st.none() | st.integers(), variable=st.booleans(), interlaced=st.booleans(),
)  # fmt: skip
def test_there_is_a_verdict_on_anything_as_one_sentence(
    container: str, video: str, audio: str, pixel_format: str, profile: str, kind: str, bits: int | None,
    variable: bool, interlaced: bool,
) -> None:  # fmt: skip
    facts = plain_facts(
        container=container, video_codec=video, audio_codec=audio, pixel_format=pixel_format, profile=profile,
        bits_per_sample=bits, variable_rate=variable, interlaced=interlaced,
    )  # fmt: skip
    words = why_not(facts, kind)
    assert words == "" or words.endswith(".")
    if not words and video:
        assert (video, pixel_format) in {(codec, "yuv420p") for codec in ("h264", "vp8", "vp9")}
        assert not variable
        assert not interlaced
