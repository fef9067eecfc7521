"""The thumbnail shows the video: never black or blank when the video is not, upright, in its own shape."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.media.pictures import pictures
from backend.media.storyboard import storyboard
from backend.media.thumbnail import thumbnail
from tests.services.media import ffmpeg, ffprobe, make_video, pixels
from tests.services.media_work import QUARTERS, quarters, work_on

_TEN_SECONDS = 10


def thumbnail_of(source: Path, tmp_path: Path) -> tuple[dict[str, Any], Path]:
    work = work_on(source, tmp_path / "made")
    made = pictures(work)["thumbnail"]
    picture = work.workspace / made["file"]
    (stream,) = ffprobe(picture)["streams"]
    assert (stream["codec_name"], stream["width"], stream["height"]) == ("mjpeg", made["width"], made["height"])
    return made, picture


def spread(picture: Path) -> float:
    """How different the places of a picture are: 0 for one colour."""
    shown = pixels(picture)
    mean = sum(shown) / len(shown)
    return float((sum((value - mean) ** 2 for value in shown) / len(shown)) ** 0.5)


def hidden(path: Path, when: str, colour: str = "black", **options: Any) -> Path:
    """Ten seconds of a test picture that is covered with one colour `when` (an expression of t)."""
    cover = f"drawbox=c={colour}:t=fill:enable='{when}'"
    return make_video(path, seconds=_TEN_SECONDS, audio=False, extra=["-vf", cover], **options)


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        ("lt(t,9)", (8.9, 10)),
        ("lt(t,9.8)", (9.7, 10)),
        ("gt(t,0.4)", (0, 0.5)),
        ("lt(t,3)+gt(t,3.6)", (2.9, 3.7)),
    ],
)
def test_black_is_passed_over_wherever_it_is(tmp_path: Path, when: str, shown: tuple[float, float]) -> None:
    made, picture = thumbnail_of(hidden(tmp_path / "a.mp4", when), tmp_path)
    assert spread(picture) > 30
    assert shown[0] <= made["at_seconds"] <= shown[1]


def test_one_frame_in_ten_seconds_of_black_is_found(tmp_path: Path) -> None:
    """No tile of the storyboard shows it: then every frame is looked at."""
    made, picture = thumbnail_of(hidden(tmp_path / "a.mp4", "not(between(t,4.53,4.57))"), tmp_path)
    assert spread(picture) > 30
    assert made["at_seconds"] == pytest.approx(4.55, abs=0.06)


def test_a_white_flash_is_passed_over(tmp_path: Path) -> None:
    white = hidden(tmp_path / "a.mp4", "between(t,0.5,4.6)", "white")
    made, picture = thumbnail_of(white, tmp_path)
    assert spread(picture) > 30
    assert not 0.5 <= made["at_seconds"] <= 4.6


def test_a_fade_is_passed_over(tmp_path: Path) -> None:
    faded = make_video(tmp_path / "a.mp4", seconds=10, audio=False, extra=["-vf", "fade=in:st=0:d=4,fade=out:st=6:d=4"])
    made, _ = thumbnail_of(faded, tmp_path)
    assert 3 < made["at_seconds"] < 7


def test_without_anything_to_pass_over_it_comes_from_the_first_half(tmp_path: Path) -> None:
    made, _ = thumbnail_of(make_video(tmp_path / "a.mp4", seconds=10), tmp_path)
    assert 0.9 <= made["at_seconds"] <= 5.1


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
def test_a_long_black_file_with_one_lit_second_at_its_end_shows_it(tmp_path: Path, name: str) -> None:
    """Too large for looking at every frame at once: found by way of the keyframes, or behind them."""
    dark, lit = tmp_path / "dark.ts", tmp_path / "lit.ts"
    make_video(dark, seconds=20, picture="color=black", audio=False, codec="libx264", keyframe_every=2)
    make_video(lit, seconds=0.8, audio=False, codec="libx264", keyframe_every=2)
    ffmpeg("-i", "concat:" + "|".join([str(dark)] * 5 + [str(lit)]), "-c", "copy", tmp_path / name)
    work = work_on(tmp_path / name, tmp_path / "made")
    seconds = work.known().duration_seconds
    assert seconds == pytest.approx(100.8, abs=0.5)
    found, _ = storyboard(work, seconds or 0, cheap_pixels=0)
    made = thumbnail(work, found, seconds or 0)
    assert spread(work.workspace / made["file"]) > 30


@pytest.mark.parametrize("colour", ["black", "white"])
def test_what_is_blank_all_through_is_shown_as_it_is(tmp_path: Path, colour: str) -> None:
    made, picture = thumbnail_of(make_video(tmp_path / "a.mp4", seconds=1, picture=f"color={colour}"), tmp_path)
    assert (made["width"], made["height"]) == (320, 180)
    assert spread(picture) < 3


def test_a_single_frame_is_its_own_thumbnail(tmp_path: Path) -> None:
    made, picture = thumbnail_of(make_video(tmp_path / "a.mp4", seconds=0.04, audio=False), tmp_path)
    assert made["at_seconds"] < 0.05
    assert spread(picture) > 30


@pytest.mark.parametrize(
    "name", ["a.mp4", "a.webm", "a.mkv", "a.avi", "a.mpg", "a.ts", "a.mov", "a.m4v", "hevc.mp4", "vp9.webm"]
)
def test_every_kind_of_video_has_one(tmp_path: Path, name: str) -> None:
    codec = {"hevc.mp4": "libx265", "vp9.webm": "libvpx-vp9"}.get(name, "")
    made, picture = thumbnail_of(make_video(tmp_path / name, codec=codec), tmp_path)
    assert (made["width"], made["height"]) == (320, 180)
    assert spread(picture) > 30


@pytest.mark.parametrize(
    ("turn", "corners"),
    [
        (0, "red green blue white"),
        (90, "blue red white green"),
        (180, "white blue green red"),
        (270, "green white red blue"),
    ],
)
def test_it_is_upright(tmp_path: Path, turn: int, corners: str) -> None:
    lying = make_video(tmp_path / "lying.mp4", picture="color=black", extra=["-vf", QUARTERS])
    # What ffmpeg 5 writes for this word is the turn the other way.
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v", f"rotate={-turn % 360}", tmp_path / "turned.mp4")
    made, picture = thumbnail_of(tmp_path / "turned.mp4", tmp_path)
    assert (made["width"], made["height"]) == ((180, 320) if turn in (90, 270) else (320, 180))
    assert quarters(picture) == corners.split()


@pytest.mark.parametrize(
    ("size", "filters", "shown"),
    [
        ("1280x720", "null", (640, 360)),
        ("720x1280", "null", (360, 640)),
        ("16x16", "null", (16, 16)),
        ("360x288", "setsar=16/15", (384, 288)),
        ("720x576", "setsar=64/45", (640, 360)),
        ("322x182", "null", (322, 182)),
        ("1300x16", "null", (640, 8)),
        ("4000x16", "null", (640, 2)),
        ("16x4000", "null", (2, 640)),
    ],
)
def test_it_has_the_shape_that_is_shown(tmp_path: Path, size: str, filters: str, shown: tuple[int, int]) -> None:
    made, _ = thumbnail_of(make_video(tmp_path / "a.mp4", seconds=0.4, size=size, extra=["-vf", filters]), tmp_path)
    assert (made["width"], made["height"]) == shown


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "a.avi", "a.mp4", "a.webm"])
def test_what_still_decodes_of_a_file_that_was_cut_off_is_used(tmp_path: Path, name: str) -> None:
    extra = ["-movflags", "+faststart"] if name.endswith("mp4") else []
    whole = make_video(tmp_path / f"whole-{name}", seconds=6, extra=extra).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 3])
    _, picture = thumbnail_of(tmp_path / name, tmp_path)
    assert spread(picture) > 30


def test_bytes_overwritten_in_the_middle_leave_what_is_around_them(tmp_path: Path) -> None:
    content = bytearray(make_video(tmp_path / "whole.mp4", seconds=6).read_bytes())
    middle = len(content) // 3
    content[middle : middle + 20_000] = b"\xa5" * 20_000
    (tmp_path / "a.mp4").write_bytes(content)
    _, picture = thumbnail_of(tmp_path / "a.mp4", tmp_path)
    assert spread(picture) > 30


def test_an_interlaced_video_has_no_comb_lines(tmp_path: Path) -> None:
    """Fields of different times, black and white by turns: woven together they would be lines."""
    comb = "geq=lum='if(mod(Y,2),235,16)':cb=128:cr=128,setfield=tff"
    extra = ["-flags", "+ilme+ildct", "-top", "1", "-vf", comb, "-q:v", "2"]
    video = make_video(tmp_path / "a.mpg", seconds=0.4, picture="color=black", extra=extra)
    _, picture = thumbnail_of(video, tmp_path)
    rows = pixels(picture, size="320x180")
    steps = [abs(rows[3 * 320 * y + 480] - rows[3 * 320 * (y + 1) + 480]) for y in range(179)]
    assert sorted(steps)[len(steps) // 2] < 60


@pytest.mark.parametrize("matrix", ["bt709", "smpte170m"])
def test_colours_are_those_of_the_video_however_it_stores_them(tmp_path: Path, matrix: str) -> None:
    red = ["-vf", f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p", "-colorspace", matrix]
    video = make_video(tmp_path / "a.mp4", seconds=0.2, picture="color=red", audio=False, extra=red)
    _, picture = thumbnail_of(video, tmp_path)
    assert tuple(pixels(picture, size="1x1")) == pytest.approx((254, 0, 0), abs=6)


def test_hdr_is_shown_in_the_light_of_usual_screens(tmp_path: Path) -> None:
    """As it is stored it would look dull: what is white on paper is at half of this signal's scale."""
    extra = ["-vf", "drawbox=0:0:iw/2:ih:black:fill,format=yuv420p10le", "-pix_fmt", "yuv420p10le",
             "-color_trc", "smpte2084", "-color_primaries", "bt2020", "-colorspace", "bt2020nc"]  # fmt: skip
    video = make_video(tmp_path / "a.mp4", seconds=0.5, codec="libx265", picture="color=0x949494", extra=extra)
    _, picture = thumbnail_of(video, tmp_path)
    assert pixels(picture, size="16x9")[3 * 12] > 165


def test_hdr_of_which_only_the_transfer_is_known_has_one_too(tmp_path: Path) -> None:
    extra = ["-pix_fmt", "yuv420p10le", "-color_trc", "arib-std-b67"]
    _, picture = thumbnail_of(make_video(tmp_path / "a.mp4", seconds=0.5, codec="libx265", extra=extra), tmp_path)
    assert spread(picture) > 30


@pytest.mark.parametrize("seconds", [4_294_967.0, 36_000.0, 0.001])
@pytest.mark.parametrize("length", [0.04, 4])
def test_a_length_that_is_nonsense_keeps_no_video_from_having_a_thumbnail(
    tmp_path: Path, seconds: float, length: float
) -> None:
    work = work_on(make_video(tmp_path / "a.mp4", seconds=length), tmp_path / "made")
    made = pictures(replace(work, facts=replace(work.known(), duration_seconds=seconds)))["thumbnail"]
    assert 0 <= made["at_seconds"] <= length
    assert spread(work.workspace / made["file"]) > 30
