"""Every tile shows the picture of its own time, right way up, whatever the file is like."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from backend.media.facts import Facts
from backend.media.pictures import pictures
from backend.media.skipping import keyframes
from backend.media.storyboard import storyboard
from backend.media.work import Work
from tests.services.media import ffmpeg, make_video, pixels
from tests.services.media_work import QUARTERS, work_on

# Grey that grows from black to white within so many seconds: a tile's light tells its time.
_RAMP_SECONDS = 60


def ramp(path: Path, *, seconds: float = _RAMP_SECONDS, keyframe_every: float = 1, codec: str = "") -> Path:
    extra = ["-vf", light(), "-sc_threshold", "0", "-bf", "3" if path.suffix in (".mp4", ".mkv", ".ts") else "0"]
    return make_video(path, seconds=seconds, size="64x36", fps=10, picture="color=black", codec=codec,
                      keyframe_every=keyframe_every, audio=False, extra=extra)  # fmt: skip


def light(from_seconds: int = 0) -> str:
    return f"geq=lum=16+219*(T+{from_seconds})/{_RAMP_SECONDS}:cb=128:cr=128,format=yuv420p"


class Board:
    """What `pictures` made of a file, tile by tile."""

    def __init__(self, work: Work, made: dict[str, object]) -> None:
        self.facts: Facts = work.known()
        self.made = made
        self.interval = float(str(made["interval_seconds"]))
        self.count, self.width, self.height, self.columns, self.rows = (
            int(str(made[key])) for key in ("count", "tile_width", "tile_height", "columns", "rows")
        )
        size = f"{self.columns * self.width}x{self.rows * self.height}"
        sheets = made["sheets"]
        assert isinstance(sheets, list)
        self._sheets = [pixels(work.workspace / sheet, size=size) for sheet in sheets]
        assert {path.name for path in work.workspace.iterdir()} - {"thumbnail.jpg"} == set(sheets)

    def at(self, number: int, across: float = 0.5, down: float = 0.5) -> tuple[int, int, int]:
        """The colour of one place in one tile."""
        sheet, cell = divmod(number, self.columns * self.rows)
        row, column = divmod(cell, self.columns)
        x, y = int((column + across) * self.width), int((row + down) * self.height)
        start = 3 * (y * self.columns * self.width + x)
        red, green, blue = self._sheets[sheet][start : start + 3]
        return red, green, blue

    def time(self, number: int) -> float:
        return self.at(number)[1] / 255 * _RAMP_SECONDS


def board_of(source: Path, tmp_path: Path) -> Board:
    work = work_on(source, tmp_path / "made")
    made = pictures(work)["storyboard"]
    assert made is not None
    return Board(work, made)


def board_by_keyframes(source: Path, tmp_path: Path) -> Board:
    """As for a file so large that decoding all of it is no choice to begin with."""
    work = work_on(source, tmp_path / "made")
    found, made = storyboard(work, work.known().duration_seconds or 0, cheap_pixels=0)
    assert made
    return Board(work, found.as_json(work.known()))


def assert_every_tile_is_of_its_time(board: Board) -> None:
    for number in range(board.count):
        middle = (number + 0.5) * board.interval
        assert board.time(number) == pytest.approx(middle, abs=board.interval + 0.5), f"tile {number}"
    assert all(before <= after for before, after in pairwise(map(board.time, range(board.count))))


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv", "a.avi", "a.mpg", "a.ts", "hevc.mp4", "vp9.webm"])
def test_tiles_are_of_their_time_in_every_kind_of_file(tmp_path: Path, name: str) -> None:
    codec = {"hevc.mp4": "libx265", "vp9.webm": "libvpx-vp9"}.get(name, "")
    board = board_of(ramp(tmp_path / name, seconds=20, codec=codec), tmp_path)
    assert (board.count, board.width, board.height) == (24, 64, 36)
    assert_every_tile_is_of_its_time(board)


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.mkv", "a.avi", "a.mpg", "a.ts", "hevc.mp4", "vp9.webm"])
def test_keyframes_alone_give_the_same(tmp_path: Path, name: str) -> None:
    codec = {"hevc.mp4": "libx265", "vp9.webm": "libvpx-vp9"}.get(name, "")
    board = board_by_keyframes(ramp(tmp_path / name, seconds=20, codec=codec, keyframe_every=0.5), tmp_path)
    assert board.count == 24
    assert_every_tile_is_of_its_time(board)


def test_keyframes_further_apart_give_fewer_tiles_and_no_wrong_one(tmp_path: Path) -> None:
    board = board_by_keyframes(ramp(tmp_path / "a.mp4", keyframe_every=1.8), tmp_path)
    assert 30 <= board.count < 60
    assert board.interval >= 1.8
    assert_every_tile_is_of_its_time(board)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_one_keyframe_in_a_minute_still_gives_right_tiles(tmp_path: Path, name: str) -> None:
    board = board_by_keyframes(ramp(tmp_path / name, keyframe_every=60), tmp_path)
    assert board.count == 60
    assert_every_tile_is_of_its_time(board)


def test_keyframes_that_stop_half_way_still_give_right_tiles(tmp_path: Path) -> None:
    dense, sparse = ramp(tmp_path / "1.ts", seconds=30, keyframe_every=0.5), tmp_path / "2.ts"
    extra = ["-vf", light(30), "-sc_threshold", "0"]
    make_video(sparse, seconds=30, size="64x36", fps=10, picture="color=black", codec="mpeg2video",
               keyframe_every=30, audio=False, extra=extra)  # fmt: skip
    ffmpeg("-i", f"concat:{dense}|{sparse}", "-c", "copy", tmp_path / "both.mkv")
    assert_every_tile_is_of_its_time(board_by_keyframes(tmp_path / "both.mkv", tmp_path))


def test_a_clip_of_six_seconds_has_twelve_tiles(tmp_path: Path) -> None:
    board = board_of(ramp(tmp_path / "a.mp4", seconds=6, keyframe_every=6), tmp_path)
    assert board.count == 12
    assert_every_tile_is_of_its_time(board)


def test_an_hour_is_made_from_keyframes_on_two_sheets(tmp_path: Path) -> None:
    clip = ramp(tmp_path / "clip.mp4", seconds=20, keyframe_every=2)
    ffmpeg("-stream_loop", "179", "-i", clip, "-c", "copy", tmp_path / "hour.mp4")
    board = board_of(tmp_path / "hour.mp4", tmp_path)
    assert board.facts.duration_seconds == pytest.approx(3600, abs=1)
    assert (board.count, len(board._sheets)) == (200, 2)
    assert board.interval == pytest.approx(18, abs=0.01)
    assert keyframes(board.facts, board.interval) != keyframes(board.facts, 1), "read the fastest way"
    for number in range(board.count):
        late = ((number + 0.5) * board.interval - board.time(number)) % 20
        assert late < 6 or late > 16, f"tile {number} is of a frame further away than two keyframes"


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_avi_tells_no_times_of_showing_and_still_gives_right_tiles(tmp_path: Path, codec: str) -> None:
    extra = ["-vf", light(), "-sc_threshold", "0", "-bf", "2"]
    video = make_video(tmp_path / "a.avi", seconds=20, size="64x36", fps=10, picture="color=black", codec=codec,
                       keyframe_every=0.5, audio=False, extra=extra)  # fmt: skip
    assert_every_tile_is_of_its_time(board_by_keyframes(video, tmp_path))


def test_a_single_frame_is_one_tile(tmp_path: Path) -> None:
    board = board_of(make_video(tmp_path / "a.mp4", seconds=0.04, audio=False), tmp_path)
    assert board.count == 1


@pytest.mark.parametrize(
    ("turn", "corners"),
    [
        (0, "red lime blue white"),
        (90, "blue red white lime"),
        (180, "white blue lime red"),
        (270, "lime white red blue"),
    ],
)
def test_tiles_are_upright(tmp_path: Path, turn: int, corners: str) -> None:
    lying = make_video(tmp_path / "lying.mp4", picture="color=black", extra=["-vf", QUARTERS])
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v", f"rotate={-turn % 360}", tmp_path / "turned.mp4")
    board = board_of(tmp_path / "turned.mp4", tmp_path)
    assert (board.width, board.height) == ((108, 192) if turn in (90, 270) else (192, 108))
    places = [(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.8)]
    for (across, down), colour in zip(places, corners.split(), strict=True):
        wanted = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}[colour]
        assert board.at(board.count - 1, across, down) == pytest.approx(wanted, abs=30)


@pytest.mark.parametrize(
    ("size", "filters", "tile"),
    [
        ("16x16", "null", (16, 16)),
        ("180x320", "null", (108, 192)),
        ("360x288", "setsar=64/45", (192, 108)),
        ("322x182", "null", (192, 108)),
        ("1280x16", "null", (192, 2)),
        ("16x1280", "null", (2, 192)),
    ],
)
def test_tiles_have_the_shape_that_is_shown(tmp_path: Path, size: str, filters: str, tile: tuple[int, int]) -> None:
    board = board_of(make_video(tmp_path / "a.mp4", seconds=1, size=size, extra=["-vf", filters]), tmp_path)
    assert abs(board.width - tile[0]) <= 2
    assert abs(board.height - tile[1]) <= 2


@pytest.mark.parametrize("by_keyframes", [False, True])
def test_a_file_that_was_cut_off_has_tiles_of_what_is_in_it_only(tmp_path: Path, by_keyframes: bool) -> None:
    whole = ramp(tmp_path / "whole.mp4", keyframe_every=0.5)
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "+faststart", tmp_path / "fast.mp4")
    content = (tmp_path / "fast.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: round(len(content) * 0.6)])
    make = board_by_keyframes if by_keyframes else board_of
    board = make(tmp_path / "cut.mp4", tmp_path)
    assert 15 < board.count < 50
    assert_every_tile_is_of_its_time(board)


def test_a_picture_that_begins_after_the_sound_keeps_its_times(tmp_path: Path) -> None:
    shown = ramp(tmp_path / "shown.mp4", seconds=20)
    ffmpeg("-itsoffset", "5", "-i", shown, "-f", "lavfi", "-i", "sine", "-t", "25", "-map", "0", "-map", "1",
           "-c:v", "copy", tmp_path / "late.mkv")  # fmt: skip
    board = board_of(tmp_path / "late.mkv", tmp_path)
    for number in range(board.count):
        wanted = max(0.0, (number + 0.5) * board.interval - 5)
        assert board.time(number) == pytest.approx(wanted, abs=board.interval + 0.5)


def test_a_size_that_changes_on_the_way_keeps_every_tile(tmp_path: Path) -> None:
    small = ramp(tmp_path / "1.ts", seconds=20)
    large = tmp_path / "2.ts"
    make_video(large, seconds=20, size="128x96", fps=10, picture="color=black", audio=False, extra=["-vf", light(20)])
    ffmpeg("-i", f"concat:{small}|{large}", "-c", "copy", tmp_path / "both.ts")
    assert_every_tile_is_of_its_time(board_of(tmp_path / "both.ts", tmp_path))


def test_sheets_of_absent_tiles_are_not_kept(tmp_path: Path) -> None:
    clip = ramp(tmp_path / "clip.mp4", seconds=20, keyframe_every=2)
    ffmpeg("-stream_loop", "179", "-i", clip, "-c", "copy", "-movflags", "+faststart", tmp_path / "hour.mp4")
    content = (tmp_path / "hour.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: round(len(content) * 0.4)])
    board = board_of(tmp_path / "cut.mp4", tmp_path)
    assert board.count < 100
    assert len(board._sheets) == 1
