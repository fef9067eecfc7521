"""A sound's picture is its waveform."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import Unreadable
from backend.media.pictures import pictures
from tests.services.media import ffmpeg, ffprobe, make_audio, make_picture, pixels
from tests.services.media_work import work_on

_WAVE, _GROUND = (15, 118, 110), (238, 243, 243)


def waveform_of(source: Path, tmp_path: Path) -> bytes:
    """Its pixels."""
    work = work_on(source, tmp_path / "made")
    made = pictures(work)
    assert made["storyboard"] is None
    assert made["thumbnail"] == {
        "file": "thumbnail.jpg", "width": 640, "height": 360, "at_seconds": None, "waveform": True,
    }  # fmt: skip
    assert [path.name for path in work.workspace.iterdir()] == ["thumbnail.jpg"]
    (stream,) = ffprobe(work.workspace / "thumbnail.jpg")["streams"]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("mjpeg", 640, 360)
    return pixels(work.workspace / "thumbnail.jpg", size="640x360")


def at(shown: bytes, x: int, y: int) -> tuple[int, ...]:
    """The colour at a place in tens of pixels."""
    start = 3 * (10 * y * 640 + 10 * x)
    return tuple(shown[start : start + 3])


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a.m4a", "a.flac"])
def test_every_kind_of_sound_has_one_in_the_pages_colours(tmp_path: Path, name: str) -> None:
    shown = waveform_of(make_audio(tmp_path / name), tmp_path)
    assert at(shown, 32, 18) == pytest.approx(_WAVE, abs=24)
    for corner in ((1, 1), (62, 1), (1, 34), (62, 34)):
        assert at(shown, *corner) == pytest.approx(_GROUND, abs=8)


def test_loud_and_silent_parts_are_told_apart(tmp_path: Path) -> None:
    half = make_audio(tmp_path / "a.wav", seconds=4, extra=["-af", "volume='if(lt(t,2),6,0)':eval=frame"])
    shown = waveform_of(half, tmp_path)
    assert at(shown, 16, 14) == pytest.approx(_WAVE, abs=24)
    assert at(shown, 48, 14) == pytest.approx(_GROUND, abs=8)
    assert at(shown, 48, 18) != pytest.approx(_GROUND, abs=40), "silence is a line"


def test_a_cover_does_not_stand_for_the_sound(tmp_path: Path) -> None:
    song, cover = make_audio(tmp_path / "song.mp3"), make_picture(tmp_path / "cover.jpg", picture="color=red")
    ffmpeg("-i", song, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", tmp_path / "both.mp3")
    assert at(waveform_of(tmp_path / "both.mp3", tmp_path), 1, 1) == pytest.approx(_GROUND, abs=8)


def test_an_hour_of_sound_stays_within_the_memory(tmp_path: Path) -> None:
    clip = make_audio(tmp_path / "clip.mp3", seconds=30)
    ffmpeg("-stream_loop", "119", "-i", clip, "-c", "copy", tmp_path / "hour.mp3")
    assert at(waveform_of(tmp_path / "hour.mp3", tmp_path), 32, 18) == pytest.approx(_WAVE, abs=24)


def test_sound_that_does_not_decode_is_unreadable(tmp_path: Path) -> None:
    content = make_audio(tmp_path / "a.flac").read_bytes()
    work = work_on(tmp_path / "a.flac", tmp_path / "made")
    (tmp_path / "a.flac").write_bytes(content[:42] + bytes(50_000))
    with pytest.raises(Unreadable):
        pictures(work)
