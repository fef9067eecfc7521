"""Which streams are copied as they are, and which only seem fit for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.media.copying import is_whole, may_copy_picture, may_copy_sound
from tests.services.media import make_video
from tests.services.media_work import plain_facts, work_on


@pytest.mark.parametrize(
    "changed",
    [
        {"container": "avi"},
        {"video_codec": "hevc"},
        {"profile": "High 10"},
        {"pixel_format": "yuv422p"},
        {"pixel_aspect": 1.42},
        {"variable_rate": True},
        {"interlaced": True},
        {"hdr": True},
    ],
)
def test_a_picture_that_does_not_play_everywhere_is_never_copied(changed: dict[str, Any]) -> None:
    assert may_copy_picture(plain_facts(), "h264", turned=False)
    assert not may_copy_picture(plain_facts(**changed), "h264", turned=False)


def test_a_turned_picture_is_copied_into_mp4_which_tells_the_turning_and_not_into_webm() -> None:
    vp9 = {"container": "matroska", "video_codec": "vp9", "profile": "Profile 0"}
    assert may_copy_picture(plain_facts(rotation=90), "h264", turned=True)
    assert may_copy_picture(plain_facts(**vp9), "vp9", turned=False)
    assert not may_copy_picture(plain_facts(**vp9, rotation=90), "vp9", turned=False)


@pytest.mark.parametrize("changed", [{"audio_codec": "ac3"}, {"channels": 6}, {"channels": None}, {"container": "avi"}])
def test_sound_that_does_not_play_everywhere_is_never_copied(changed: dict[str, Any]) -> None:
    assert may_copy_sound(plain_facts(), "aac")
    assert not may_copy_sound(plain_facts(**changed), "aac")


@pytest.mark.parametrize("kind", ["picture", "sound"])
def test_damage_within_the_data_of_a_stream_is_found_though_its_file_is_in_order(tmp_path: Path, kind: str) -> None:
    extra = ["-movflags", "+faststart", "-vf", "noise=alls=20"]
    whole = make_video(tmp_path / "whole.mov", audio="aac" if kind == "sound" else False, extra=extra)
    asked = {"picture": kind == "picture", "sound": kind == "sound"}
    assert is_whole(work_on(whole, tmp_path / "one"), **asked, share=(0, 1))
    data = bytearray(whole.read_bytes())
    # Most of mdat is the picture, the sound is in small pieces all over it.
    for place in range(data.find(b"mdat") + 100, len(data), 500):
        data[place] ^= 0xFF
    broken = tmp_path / "broken.mov"
    broken.write_bytes(data)
    assert not is_whole(work_on(broken, tmp_path / "two"), **asked, share=(0, 1))
