"""The moving preview: moments spread over the video, small, upright, and not black when the video is not."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from backend.errors import Unreadable
from backend.media.preview import MOST_BYTES, choices, preview, spread
from tests.services.media import ffmpeg, make_video
from tests.services.media_work import QUARTERS, nearest_colour, quarters, work_on


def previewed(source: Path, tmp_path: Path) -> tuple[dict[str, Any], list[Image.Image]]:
    """The result, and every frame as RGB; what holds for all of them is checked on the way."""
    work = work_on(source, tmp_path / "made")
    result = preview(work)
    assert [path.name for path in work.workspace.iterdir()] == ["preview.webp"] == [result["file"]]
    made = work.workspace / "preview.webp"
    assert made.stat().st_size <= MOST_BYTES
    with Image.open(made) as picture:
        assert picture.format == "WEBP"
        assert picture.size == (result["width"], result["height"])
        # Frames that are all alike come out as one still picture.
        assert picture.info["loop"] == 0 or len(list(ImageSequence.Iterator(picture))) == 1
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(picture)]
    return result, frames


def colours(frame: Image.Image) -> list[str]:
    """Of the four quarters, row by row."""
    width, height = frame.size
    places = [(x, y) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [nearest_colour(frame.crop((x, y, x + 1, y + 1)).tobytes()) for x, y in places]


def test_a_short_clip_is_its_own_preview(tmp_path: Path) -> None:
    result, frames = previewed(make_video(tmp_path / "a.mp4", seconds=2), tmp_path)
    assert (result["width"], result["height"]) == (320, 180)
    assert result["seconds"] == pytest.approx(2, abs=0.1)
    assert len(frames) == pytest.approx(20, abs=1)


def test_moments_come_from_all_over_a_longer_video(tmp_path: Path) -> None:
    # A new colour every five seconds of twenty.
    graph = ",".join(
        f"drawbox=enable='between(t,{5 * n},{5 * n + 5})':color={colour}:t=fill"
        for n, colour in enumerate(("red", "lime", "blue", "white"))
    )
    source = make_video(tmp_path / "a.mp4", seconds=20, fps=8, audio=False, extra=["-vf", graph], keyframe_every=4)
    result, frames = previewed(source, tmp_path)
    assert result["seconds"] == 4.0
    seen = [colours(frame)[0] for frame in frames]
    assert list(dict.fromkeys(seen)) == ["red", "green", "blue", "white"]


def test_a_turned_film_with_odd_pixels_is_shown_as_players_show_it(tmp_path: Path) -> None:
    extra = ["-vf", f"{QUARTERS},setsar=2"]
    lying = make_video(tmp_path / "lying.mov", size="160x160", picture="color=black", extra=extra)
    source = tmp_path / "turned.mov"
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v", "rotate=90", source)
    result, frames = previewed(source, tmp_path)
    assert (result["width"], result["height"]) == (160, 320)
    assert colours(frames[0]) == quarters(source, at_seconds=1) != ["red", "green", "blue", "white"]


def test_noise_is_made_worse_until_it_is_small_enough(tmp_path: Path) -> None:
    noise = ["-vf", "geq=random(1)*255:128:128", "-crf", "1"]
    source = make_video(tmp_path / "a.mp4", seconds=6, fps=8, audio=False, picture="color=gray", extra=noise)
    _, frames = previewed(source, tmp_path)
    assert len(frames) > 30


def test_a_video_that_is_black_where_it_is_looked_at_first_is_looked_at_elsewhere(tmp_path: Path) -> None:
    first = [begin for begin, _ in spread(20, 0.5)]
    black = "+".join(f"between(t,{begin - 0.3},{begin + 1.2})" for begin in first)
    extra = ["-vf", f"drawbox=enable='{black}':color=black:t=fill"]
    source = make_video(tmp_path / "a.mp4", seconds=20, fps=8, audio=False, picture="color=red", extra=extra)
    _, frames = previewed(source, tmp_path)
    assert {colours(frame)[0] for frame in frames} == {"red"}


def test_a_video_that_is_all_black_has_a_black_preview(tmp_path: Path) -> None:
    result, frames = previewed(make_video(tmp_path / "a.mp4", seconds=7, fps=8, picture="color=black"), tmp_path)
    assert result["seconds"] > 0
    assert max(max(frame.tobytes()) for frame in frames) < 16


def test_a_file_cut_short_is_previewed_by_what_is_there(tmp_path: Path) -> None:
    extra = ["-movflags", "+faststart"]
    whole = make_video(tmp_path / "whole.mp4", seconds=20, fps=8, audio=False, extra=extra)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    _, frames = previewed(cut, tmp_path)
    assert len(frames) > 8


def test_a_file_without_any_picture_left_is_unreadable(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", extra=["-movflags", "+faststart"])
    head = whole.read_bytes().find(b"mdat") + 4
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:head] + b"\0" * (whole.stat().st_size - head))
    work = work_on(cut, tmp_path / "made")
    with pytest.raises(Unreadable):
        preview(work)
    assert not (work.workspace / "preview.webp").exists()


@given(seconds=st.floats(6.01, 360_000), phase=st.sampled_from([0.0, 0.5]))
def test_moments_lie_apart_and_away_from_both_ends(seconds: float, phase: float) -> None:
    moments = spread(seconds, phase)
    assert moments[0][0] >= 0.05 * seconds - 0.001
    assert sum(moments[-1]) <= 0.95 * seconds + 0.001
    assert all(later[0] >= sum(before) for before, later in pairwise(moments))


def test_a_video_of_unknown_length_is_previewed_from_its_beginning() -> None:
    assert list(choices(None)) == [[(0.0, 4.0)]]
    assert list(choices(3.5)) == [[(0.0, 3.5)]]
    assert [len(moments) for moments in choices(60)] == [5, 5, 1]
