"""HLS streams: their playlists to the letter of RFC 8216, and what a player gets from them."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from backend.errors import Unreadable
from backend.media import hls
from backend.media.conversion import convert
from backend.media.encoding import Size
from backend.media.hls import Segment, Variant
from tests.services.media import ffmpeg, make_video
from tests.services.media_work import QUARTERS, frame_count, quarters, stream_of, work_on

HEIGHTS = [180, 144]


def streamed(tmp_path: Path, source: Path, parameters: str = "hls-180,144") -> tuple[dict[str, Any], Path]:
    work = work_on(source, tmp_path / "made", parameters)
    result = convert(work)
    assert [path.name for path in work.workspace.iterdir()] == ["hls"]
    return result, work.workspace / "hls"


@pytest.fixture(scope="module")
def long_one(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """Fourteen seconds, so that there are three segments."""
    folder = tmp_path_factory.mktemp("long")
    source = make_video(folder / "a.mp4", seconds=14, fps=12, extra=["-vf", QUARTERS])
    return streamed(folder, source)


def tags(playlist: Path) -> list[str]:
    """Its lines; every one is known, and begins as RFC 8216 wants it."""
    text = playlist.read_bytes().decode("ascii")
    assert text.startswith("#EXTM3U\n")
    assert text.endswith("\n")
    lines = text.splitlines()
    assert all(re.fullmatch(r"#EXT[A-Z0-9-]+(?::.+)?|[\w.-]+(?:/[\w.-]+)*", line) for line in lines)
    return lines


def segments_of(playlist: Path) -> list[tuple[str, float]]:
    """Names and durations; each name stands right behind its duration."""
    lines, found = tags(playlist), []
    for before, line in pairwise(lines):
        if not line.startswith("#"):
            assert before.startswith("#EXTINF:")
            found.append((line, float(before[len("#EXTINF:") :].rstrip(","))))
    return found


def test_the_master_names_each_height_once_with_what_a_player_chooses_by(
    long_one: tuple[dict[str, Any], Path],
) -> None:
    result, folder = long_one
    assert (result["file"], result["heights"]) == ("hls/master.m3u8", HEIGHTS)
    assert result["mime_type"] == "application/vnd.apple.mpegurl"
    lines = tags(folder / "master.m3u8")
    assert lines[1:3] == ["#EXT-X-VERSION:6", "#EXT-X-INDEPENDENT-SEGMENTS"]
    variants = list(zip(lines[3::2], lines[4::2], strict=True))
    assert [name for _, name in variants] == ["180p/index.m3u8", "144p/index.m3u8"]
    for (line, _), resolution in zip(variants, ("320x180", "256x144"), strict=True):
        assert line.startswith("#EXT-X-STREAM-INF:BANDWIDTH=")
        assert f"RESOLUTION={resolution},FRAME-RATE=12.000," in line
        assert re.search(r'CODECS="avc1\.6400[0-9a-f]{2},mp4a\.40\.2"$', line)


def test_the_bandwidth_is_that_of_the_greatest_segment(long_one: tuple[dict[str, Any], Path]) -> None:
    _, folder = long_one
    for line, name in zip(*[iter(tags(folder / "master.m3u8")[3:])] * 2, strict=True):
        (told,) = map(int, re.findall(r"[:,]BANDWIDTH=(\d+)", line))
        playlist = folder / name
        rates = [(playlist.parent / n).stat().st_size * 8 / seconds for n, seconds in segments_of(playlist)]
        assert max(rates) <= told <= max(rates) + 1


def test_each_playlist_is_whole_and_names_every_segment_by_a_relative_name(
    long_one: tuple[dict[str, Any], Path],
) -> None:
    result, folder = long_one
    for height in HEIGHTS:
        playlist = folder / f"{height}p" / "index.m3u8"
        lines = tags(playlist)
        assert "#EXT-X-PLAYLIST-TYPE:VOD" in lines
        assert "#EXT-X-INDEPENDENT-SEGMENTS" in lines
        assert lines[-1] == "#EXT-X-ENDLIST"
        named = [name for name, _ in segments_of(playlist)]
        assert sorted(named) == sorted(path.name for path in playlist.parent.glob("*.ts"))
        (target,) = [int(line.partition(":")[2]) for line in lines if line.startswith("#EXT-X-TARGETDURATION")]
        assert max(round(seconds) for _, seconds in segments_of(playlist)) <= target
    every = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    assert result["size_bytes"] == sum(every)


def test_all_heights_are_cut_at_the_same_instants_every_six_seconds(long_one: tuple[dict[str, Any], Path]) -> None:
    _, folder = long_one
    first, second = ([s for _, s in segments_of(folder / f"{h}p" / "index.m3u8")] for h in HEIGHTS)
    assert first == second
    assert first[:2] == [6.0, 6.0]
    assert sum(first) == pytest.approx(14, abs=0.1)


def test_every_segment_decodes_by_itself_from_its_first_frame(long_one: tuple[dict[str, Any], Path]) -> None:
    _, folder = long_one
    for height in HEIGHTS:
        for name, seconds in segments_of(folder / f"{height}p" / "index.m3u8"):
            segment = folder / f"{height}p" / name
            ffmpeg("-xerror", "-err_detect", "explode", "-i", segment, "-f", "null", "-")
            assert frame_count(segment) == round(seconds * 12)


def test_a_player_gets_every_frame_upright_at_each_height(long_one: tuple[dict[str, Any], Path]) -> None:
    _, folder = long_one
    for number, height in enumerate(HEIGHTS):
        played = folder.parent / f"{height}.mkv"
        ffmpeg("-i", folder / "master.m3u8", "-map", f"0:v:{number}", "-map", f"0:a:{number}", "-c", "copy", played)
        assert frame_count(played) == 14 * 12
        assert stream_of(played, "video")["height"] == height
        assert quarters(played, at_seconds=7) == ["red", "green", "blue", "white"]
        assert stream_of(played, "audio")["codec_name"] == "aac"


def test_a_film_without_sound_streams_too(tmp_path: Path) -> None:
    _, folder = streamed(tmp_path, make_video(tmp_path / "a.mp4", audio=False), "hls-144")
    assert 'CODECS="avc1.6400' in (folder / "master.m3u8").read_text()
    assert "mp4a" not in (folder / "master.m3u8").read_text()
    assert frame_count(folder / "144p" / "00000.ts") == 50


def test_a_picture_that_ends_before_its_sound_is_no_damage(tmp_path: Path) -> None:
    picture = make_video(tmp_path / "v.mp4", audio=False)
    source = tmp_path / "a.mp4"
    ffmpeg("-i", picture, "-f", "lavfi", "-i", "sine=d=5", "-c:v", "copy", "-c:a", "aac", source)
    _, folder = streamed(tmp_path, source, "hls-144")
    assert frame_count(folder / "144p" / "00000.ts") == 50


def test_heights_stay_aligned_at_broadcast_rates(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", seconds=13, fps=29.97, size="160x160", picture="mandelbrot", audio=False)
    streamed(tmp_path, source, "hls-160,150,144")
    one, *others = [path.read_text() for path in sorted((tmp_path / "made" / "hls").glob("*p/index.m3u8"))]
    assert all(other == one for other in others)


def test_bandwidths_are_rounded_up_and_the_peak_is_not_the_average() -> None:
    variant = Variant(
        Size(320, 180), Fraction(25), "avc1.64000d", (Segment("0.ts", 6.0, 1000), Segment("1.ts", 3.0, 1000))
    )
    assert (variant.peak_bits, variant.average_bits) == (2667, 1778)
    assert "BANDWIDTH=2667,AVERAGE-BANDWIDTH=1778,RESOLUTION=320x180" in hls.master([variant])


def test_a_stream_of_which_most_is_missing_is_not_called_made(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", seconds=6, extra=["-movflags", "+faststart"])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    with pytest.raises(Unreadable, match=r"Only \d s of 6 s of the picture"):
        streamed(tmp_path, cut, "hls-180,144")


PLAYLIST = "#EXTM3U\n#EXTINF:6.0,\n00000.ts\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#EXTM3U\n#EXT-X-ENDLIST\n",
        PLAYLIST.replace("#EXT-X-ENDLIST\n", ""),
        PLAYLIST.replace("00000", "00001"),
        PLAYLIST.replace("6.0", "0"),
        PLAYLIST.replace("#EXTINF:6.0,\n", ""),
    ],
)
def test_a_playlist_that_is_not_whole_is_not_called_made(tmp_path: Path, text: str) -> None:
    (tmp_path / "00000.ts").write_bytes(b"G")
    playlist = tmp_path / "index.m3u8"
    playlist.write_text(PLAYLIST)
    assert hls.read_playlist(playlist) == (Segment("00000.ts", 6.0, 1),)
    playlist.write_text(text)
    with pytest.raises(Unreadable, match="not written whole"):
        hls.read_playlist(playlist)


def test_an_empty_segment_is_not_called_made(tmp_path: Path) -> None:
    (tmp_path / "00000.ts").touch()
    (tmp_path / "index.m3u8").write_text(PLAYLIST)
    with pytest.raises(Unreadable, match="not written whole"):
        hls.read_playlist(tmp_path / "index.m3u8")
