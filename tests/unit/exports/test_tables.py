"""The index of a plain mp4 tells the frames that ffprobe finds by reading all of it; any other is left to ffprobe."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backend.exports import tables
from backend.exports.boxes import Odd
from backend.exports.listing import Listing
from backend.exports.sources import describe, list_frames, list_packets
from tests.services.exporting import Told, export_work
from tests.services.media import ffmpeg
from tests.services.stamped import Shot, record

# Keyframes each second, B-frames that others need, and sound.
SHOT = Shot(fps=25, gop=25, bframes=3, audio=True)
COPY = ("-c", "copy")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(tmp_path_factory.mktemp("clip") / "clip.mp4", 0, 4, SHOT)


def by_index(path: Path, folder: Path) -> Listing:
    found = describe(path, export_work(folder))
    return tables.frames_of(path, found.picture, round(found.picture.frame_seconds / found.picture.time_base))


def by_packets(path: Path, folder: Path) -> Listing:
    work = export_work(folder)
    return list_packets(path, describe(path, work), work)


def same(one: Listing, other: Listing) -> bool:
    return (list(one.pts), list(one.keys), one.hidden, one.tick, one.told_interval, one.untimed) == (
        list(other.pts), list(other.keys), other.hidden, other.tick, other.told_interval, other.untimed,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ()),
        ((), ("-movflags", "+faststart")),
        (("-ss", "2"), ()),  # a keyframe: nothing of what is stored is hidden
        ((), ("-t", "2.33")),
        ((), ("-output_ts_offset", "1234.56")),
        ((), ("-output_ts_offset", "0.0333")),
        ((), ("-use_editlist", "0")),
        ((), ("-avoid_negative_ts", "1")),
        ((), ("-video_track_timescale", "90000")),
        ((), ("-movie_timescale", "1")),
        ((), ("-movie_timescale", "90000")),
        ((), ("-metadata:s:v", "rotate=90")),
        ((), ("-map", "0:a", "-map", "0:v")),
        ((), ("-an", "-bsf:v", "noise=drop=between(n\\,30\\,44)")),
        ((), ("-bsf:v", "setts=pts=PTS:dts=DTS-1000")),
        (("-stream_loop", "2"), ()),
    ],
    ids=str,
)
def test_the_index_tells_what_ffprobe_tells_of_all_packets(
    tmp_path: Path, clip: Path, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    path = tmp_path / "a.mp4"
    ffmpeg(*before, "-i", clip, *COPY, *after, path)
    found = by_index(path, tmp_path / "work")
    assert same(found, by_packets(path, tmp_path / "work"))
    assert found.pts


@pytest.mark.parametrize(
    ("shot", "extension", "without"),
    [
        (Shot(), "mov", ()),
        (Shot(), "mp4", (1.2, 1.3, 1.9)),
        (Shot(gop=1), "mp4", ()),
        (replace(SHOT, fps=30000 / 1001), "mp4", ()),
        (Shot(fps=1, gop=2), "mp4", ()),
        (Shot(codec="libx265", bframes=2), "mp4", ()),
    ],
    ids=["mov", "uneven", "all-keyframes", "29.97", "one-a-second", "hevc"],
)
def test_whatever_was_recorded_plainly(tmp_path: Path, shot: Shot, extension: str, without: tuple[float, ...]) -> None:
    path = record(tmp_path / f"a.{extension}", 0, 3, shot, without=without)
    assert same(by_index(path, tmp_path / "work"), by_packets(path, tmp_path / "work"))


def test_one_whose_boxes_are_told_in_64_bits(tmp_path: Path, clip: Path) -> None:
    path = tmp_path / "a.mp4"
    content = clip.read_bytes()
    at = content.index(b"mdat") - 12  # ffmpeg leaves eight bytes free before it, for this
    assert content[at : at + 8] == b"\0\0\0\x08free"
    length = struct.unpack_from(">I", content, at + 8)[0]
    path.write_bytes(content[:at] + struct.pack(">I4sQ", 1, b"mdat", length + 8) + content[at + 16 :])
    assert same(by_index(path, tmp_path / "work"), by_packets(clip, tmp_path / "work"))
    # Chunks beyond four gigabytes are told in 64 bits as well.
    content = path.read_bytes()
    path.write_bytes(_with_co64(content))
    assert same(by_index(path, tmp_path / "work"), by_packets(path, tmp_path / "work"))


def _with_co64(content: bytes) -> bytes:
    """Every `stco` as `co64`; the index stands last, so that nothing else moves."""
    index = content.index(b"moov") - 4
    return content[:index] + _widened(content[index:])


def _widened(boxes: bytes) -> bytes:
    made, at = b"", 0
    while at < len(boxes):
        length, kind = struct.unpack_from(">I4s", boxes, at)
        inside = boxes[at + 8 : at + length]
        if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            inside = _widened(inside)
        elif kind == b"stco":
            kind, each = b"co64", struct.unpack(f">{len(inside) // 4 - 2}I", inside[8:])
            inside = inside[:8] + struct.pack(f">{len(each)}Q", *each)
        made += struct.pack(">I4s", 8 + len(inside), kind) + inside
        at += length
    return made


def fragments(clip: Path, path: Path) -> None:
    ffmpeg("-i", clip, *COPY, "-movflags", "frag_keyframe+empty_moov", path)


def hides(clip: Path, path: Path) -> None:
    ffmpeg("-ss", "1.5", "-i", clip, *COPY, path)


def shown_before_decoded(clip: Path, path: Path) -> None:
    ffmpeg("-i", clip, *COPY, "-movflags", "negative_cts_offsets", path)


def cut_off(clip: Path, path: Path) -> None:
    ffmpeg("-i", clip, *COPY, "-movflags", "+faststart", path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


def open_groups(_clip: Path, path: Path) -> None:
    # Behind the codec's own options: the last ones hold.
    record(path, 0, 3, Shot(bframes=2, extra=("-x264-params", "open-gop=1:keyint=10:min-keyint=10:bframes=2")))


def of_another_codec(_clip: Path, path: Path) -> None:
    record(path, 0, 2, Shot(codec="mpeg4"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (fragments, "in fragments"),
        (hides, "does not show"),
        (shown_before_decoded, "when each frame is shown"),
        (cut_off, "cut off"),
        (open_groups, "keyframe may be none"),
        (of_another_codec, "mp4v"),
    ],
)
def test_what_is_not_plain_is_listed_by_ffprobe_and_that_is_told(
    tmp_path: Path, clip: Path, make: Callable[[Path, Path], None], words: str
) -> None:
    path, told = tmp_path / "a.mp4", Told()
    make(clip, path)
    with pytest.raises(Odd, match=words):
        by_index(path, tmp_path / "work")
    work = export_work(tmp_path / "work", told)
    found = list_frames(path, describe(path, work), work)
    assert same(found, by_packets(path, tmp_path / "work"))
    assert [words in phase for _, phase in told.steps] == [True]


# Each a place within a box, what is put there, and what is said of it.
LIES = {
    "keyframe": (b"stss", 20, 30, "may be none"),
    "no first keyframe": (b"stss", 16, 2, "which frames are keyframes"),
    "beyond its end": (b"stco", 16, 2**31, "not in it"),
    "before its media": (b"stco", 16, 4, "not in it"),
    "too long": (b"stsz", 20, 2**30, "not in it"),
    "empty frame": (b"stsz", 20, 0, "empty frames"),
    "fewer frames": (b"stsz", 16, 99, "not as long as it says"),
    "more times": (b"stts", 16, 101, "time of each frame"),
    "no time": (b"stts", 20, 0, "time of each frame"),
    "many times": (b"stts", 12, 9, "not as long as it says"),
    "endless chunk": (b"stsc", 20, 2**31, "unusually many|more than it tells"),
    "another kind": (b"stsc", 24, 2, "changes its kind"),
    "late": (b"ctts", 20, 2**30, "when each frame is shown"),
    "edit that hides": (b"elst", 20, 4096, "does not show"),
    "short edit": (b"elst", 16, 900, "does not show"),
    "still": (b"elst", 24, 0, "edits are not plain"),
    "elsewhere": (b"dref", 24, 0, "lies elsewhere"),
}


@pytest.mark.parametrize("lie", LIES)
def test_an_index_that_lies_is_not_believed(tmp_path: Path, clip: Path, lie: str) -> None:
    name, place, number, words = LIES[lie]
    content = bytearray(clip.read_bytes())
    at = content.index(name, content.index(b"moov")) - 4  # the picture's own: its track is the first one
    struct.pack_into(">I", content, at + place, number)
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    picture = describe(clip, export_work(tmp_path / "work")).picture
    with pytest.raises(Odd, match=words):
        tables.frames_of(path, picture, 1)


def test_bytes_behind_the_end_and_a_short_index_are_not_guessed_at(tmp_path: Path, clip: Path) -> None:
    picture = describe(clip, export_work(tmp_path / "work")).picture
    path, content = tmp_path / "a.mp4", clip.read_bytes()
    for changed, words in ((content + b"more", "behind its end"), (b"", "no index"), (content[:-9], "cut off")):
        path.write_bytes(changed)
        with pytest.raises(Odd, match=words):
            tables.frames_of(path, picture, 1)
    with pytest.raises(Odd, match="how many frames"):
        tables.frames_of(clip, replace(picture, told_frames=99), 1)
