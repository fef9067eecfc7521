"""The media job `fingerprint`: a hash for each part of a second, of real files, within its limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.catalog.fingerprints import HASH_BYTES, VERSION
from backend.errors import Unreadable
from backend.likeness.matching import Matched, Prints, match
from backend.media.fingerprint import NAME, fingerprint, interval_seconds
from tests.services.media import ffmpeg, make_audio, make_video
from tests.services.media_work import work_on
from tests.services.moving_pictures import film

_QUICK = ("-c:v", "libx264", "-preset", "ultrafast")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("film") / "original.mp4", 1, 2, seconds=6)


def prints(path: Path, made: Path) -> Prints:
    result = fingerprint(work_on(path, made))
    raw, count = (made / result["file"]).read_bytes(), result["frames"]
    return Prints.of(raw[: count * HASH_BYTES], raw[count * HASH_BYTES :], result["interval_seconds"])


def compared(copy: Path, original: Path, tmp_path: Path) -> Matched:
    return match(prints(copy, tmp_path / "of-copy"), prints(original, tmp_path / "of-original"))


def test_a_file_of_hashes_is_left_and_nothing_else(original: Path, tmp_path: Path) -> None:
    work = work_on(original, tmp_path / "made")
    result = fingerprint(work)
    frames = result["frames"]
    assert result == {
        "file": NAME, "frames": frames, "interval_seconds": 0.5, "version": VERSION, "reason": None, "keyframes": False,
    }  # fmt: skip
    assert frames in (24, 25)
    assert [path.name for path in work.workspace.iterdir()] == [NAME]
    assert (work.workspace / NAME).stat().st_size == frames * (HASH_BYTES + 1)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((*_QUICK, "-crf", "40"), id="low bitrate"),
        pytest.param(("-c:v", "mpeg4", "-q:v", "14", "-vf", "scale=160:90"), id="small MPEG-4"),
        pytest.param((*_QUICK, "-vf", "crop=iw*0.97:ih*0.97"), id="cropped a little"),
        pytest.param((*_QUICK, "-vf", "eq=brightness=0.1:contrast=1.1"), id="brighter"),
        pytest.param((*_QUICK, "-vf", "pad=iw:ih*4/3:0:(oh-ih)/2"), id="letterboxed"),
        pytest.param((*_QUICK, "-r", "5"), id="other frame rate"),
    ],
)
def test_a_copy_in_another_form_is_known_again(original: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    copy = tmp_path / "copy.mp4"
    ffmpeg("-i", original, *options, copy)
    found = compared(copy, original, tmp_path)
    assert found.share_of_this > 0.8
    assert found.share_of_other > 0.8


def test_a_clip_from_the_middle_is_found_where_it_was(original: Path, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    ffmpeg("-ss", "3.3", "-t", "5", "-i", original, *_QUICK, clip)
    found = compared(clip, original, tmp_path)
    assert found.share_of_this > 0.8
    assert found.share_of_other == pytest.approx(5 / 12, abs=0.1)
    (only,) = found.ranges
    assert only.other[0] == pytest.approx(3.3, abs=0.8)


@pytest.mark.parametrize("picture", ["testsrc2", "mandelbrot", "life=s=64x36:seed=3"])
def test_other_videos_are_not_like_it(original: Path, tmp_path: Path, picture: str) -> None:
    scaled = ("-vf", "scale=320:180") if "life" in picture else ()
    other = tmp_path / "other.mp4"
    source = picture if "life" in picture else f"{picture}=size=320x180:rate=8"
    ffmpeg("-f", "lavfi", "-i", source, *_QUICK, *scaled, "-t", "6", other)
    assert compared(other, original, tmp_path).ranges == ()
    assert compared(film(tmp_path / "film.mp4", 3, seconds=6), original, tmp_path / "again").ranges == ()


def test_black_is_like_no_other_black(tmp_path: Path) -> None:
    one, two = (make_video(tmp_path / f"{n}.mp4", picture="color=black", audio=False, seconds=4, fps=5) for n in "ab")
    assert compared(one, two, tmp_path).ranges == ()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: make_audio(path / "a.mp3"), "sound only"),
        (lambda path: make_video(path / "b.mp4", seconds=1, fps=10, audio=False), "too short"),
    ],
)
def test_what_cannot_be_compared_says_why_and_leaves_nothing(tmp_path: Path, make: Any, words: str) -> None:
    work = work_on(make(tmp_path), tmp_path / "made")
    result = fingerprint(work)
    assert words in result["reason"]
    assert result["frames"] == 0
    assert "file" not in result
    assert list(work.workspace.iterdir()) == []


def test_what_does_not_decode_is_unreadable(original: Path, tmp_path: Path) -> None:
    raw = bytearray(original.read_bytes())
    begin = raw.index(b"mdat") + 4
    end = raw.index(b"moov") - 4
    assert begin < end
    raw[begin:end] = bytes(end - begin)
    work = work_on(original, tmp_path / "made")
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(raw)
    with pytest.raises(Unreadable):
        fingerprint(replace(work, source=damaged))


@pytest.mark.parametrize(
    ("seconds", "interval"),
    [(3.0, 0.5), (600.0, 0.5), (601.0, 1.0), (4 * 3600.0, 1.0), (24 * 3600.0, 6.0), (None, 1.0)],
)
def test_frames_are_bounded_however_long_a_video_is(seconds: float | None, interval: float) -> None:
    assert interval_seconds(seconds) == interval


def test_a_finer_fingerprint_has_every_frame_of_a_coarser(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = prints(original, tmp_path / "fine")
    monkeypatch.setattr("backend.media.fingerprint.interval_seconds", lambda _: 1.0)
    coarse = prints(original, tmp_path / "coarse")
    assert np.array_equal(coarse.words[:11], fine.words[1:23:2])
