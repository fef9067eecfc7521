"""The copy that plays everywhere, made by the real ffmpeg from tiny videos and decoded back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.media.encoding import Size
from backend.media.rendition import MP4, Way, browser, ways
from tests.services.media import ffmpeg, ffprobe, make_audio, make_picture, make_video
from tests.services.media_work import (
    QUARTERS,
    Told,
    browser_copy_of,
    facts_about,
    frame_count,
    packets_hash,
    plain_facts,
    quarters,
    stream_of,
    work_on,
)

UPRIGHT = ["red", "green", "blue", "white"]
X264 = ["-preset", "ultrafast"]


def test_a_turned_hevc_film_comes_out_upright(tmp_path: Path) -> None:
    extra = ["-vf", QUARTERS, "-tag:v", "hvc1"]
    lying = make_video(tmp_path / "lying.mov", codec="libx265", picture="color=black", extra=extra)
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v", "rotate=90", tmp_path / "turned.mov")
    result, made = browser_copy_of(tmp_path / "turned.mov", tmp_path)
    assert (result["width"], result["height"], result["mime_type"]) == (180, 320, "video/mp4")
    assert facts_about(made).rotation == 0
    assert quarters(made, at_seconds=1) == quarters(tmp_path / "turned.mov", at_seconds=1) != UPRIGHT


def test_an_mpeg_4_avi_keeps_every_frame_and_its_sound(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.avi", extra=["-vf", QUARTERS])
    _, made = browser_copy_of(source, tmp_path)
    # ffmpeg writes an empty place before the first frame into AVI files, which is shown as that frame.
    assert frame_count(made) == pytest.approx(frame_count(source), abs=1)
    assert stream_of(made, "video")["r_frame_rate"] == stream_of(made, "video")["avg_frame_rate"] == "25/1"
    assert quarters(made, at_seconds=1) == UPRIGHT
    assert facts_about(made).has_audio


def test_interlaced_anamorphic_mpeg_2_becomes_progressive_with_square_pixels(tmp_path: Path) -> None:
    extra = ["-flags", "+ilme+ildct", "-top", "1", "-vf", "setsar=64/45", "-b:v", "2M"]
    source = make_video(tmp_path / "a.mpg", size="360x288", extra=extra)
    assert facts_about(source).interlaced
    result, made = browser_copy_of(source, tmp_path)
    assert (result["width"], result["height"]) == (512, 288)
    assert stream_of(made, "video")["field_order"] == "progressive"
    assert facts_about(made).pixel_aspect == 1.0


def test_ten_bit_h264_becomes_eight_bit(tmp_path: Path) -> None:
    extra = ["-profile:v", "high10", "-pix_fmt", "yuv420p10le"]
    _, made = browser_copy_of(make_video(tmp_path / "a.mp4", extra=extra), tmp_path)
    assert stream_of(made, "video")["profile"] == "High"


def test_full_range_colours_come_out_as_the_same_colours(tmp_path: Path) -> None:
    extra = ["-vf", QUARTERS, "-pix_fmt", "yuvj420p", "-q:v", "2"]
    _, made = browser_copy_of(
        make_video(tmp_path / "a.avi", codec="mjpeg", picture="color=black", extra=extra), tmp_path
    )
    assert quarters(made, at_seconds=1) == UPRIGHT
    assert stream_of(made, "video").get("color_range") == "tv"


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
def test_hdr_is_mapped_to_the_colours_that_every_screen_has(tmp_path: Path, transfer: str) -> None:
    extra = ["-pix_fmt", "yuv420p10le", "-x265-params", f"log-level=error:transfer={transfer}"]
    source = make_video(tmp_path / "a.mp4", codec="libx265", seconds=1, extra=extra)
    assert facts_about(source).hdr
    _, made = browser_copy_of(source, tmp_path)
    assert stream_of(made, "video")["color_transfer"] == "bt709"
    assert not facts_about(made).hdr


def test_a_varying_frame_rate_becomes_constant_and_stays_in_time(tmp_path: Path) -> None:
    # One second of red at 30 frames per second, then one of blue at 10.
    graph = "color=red:s=320x180:r=30:d=1[a];color=blue:s=320x180:r=10:d=1[b];[a][b]concat,settb=1/90000"
    source = tmp_path / "a.mp4"
    made_by = ["-c:v", "libx264", *X264, "-pix_fmt", "yuv420p", "-fps_mode", "vfr", "-video_track_timescale", "90000"]
    ffmpeg("-f", "lavfi", "-i", graph, *made_by, source)
    assert facts_about(source).variable_rate
    _, made = browser_copy_of(source, tmp_path)
    assert not facts_about(made).variable_rate
    assert quarters(made, at_seconds=0.9) == ["red"] * 4
    assert quarters(made, at_seconds=1.1) == ["blue"] * 4


def test_a_rate_over_60_becomes_60(tmp_path: Path) -> None:
    _, made = browser_copy_of(make_video(tmp_path / "a.mov", codec="mpeg4", fps=120, seconds=1), tmp_path)
    assert facts_about(made).fps == 60
    assert frame_count(made) == 60


@pytest.mark.parametrize("fps", [25, 29.97, 23.976])
def test_streams_of_a_matroska_file_that_browsers_know_are_copied_bit_by_bit(tmp_path: Path, fps: float) -> None:
    source = make_video(tmp_path / "a.mkv", fps=fps, extra=["-bf", "2"])
    _, made = browser_copy_of(source, tmp_path)
    for kind in ("video", "audio"):
        assert packets_hash(made, kind, tmp_path) == packets_hash(source, kind, tmp_path)


def test_only_the_sound_is_encoded_when_only_the_sound_does_not_play(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mkv", audio="ac3")
    _, made = browser_copy_of(source, tmp_path)
    assert packets_hash(made, "video", tmp_path) == packets_hash(source, "video", tmp_path)


def test_a_transport_stream_is_copied_without_encoding(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.ts", codec="libx264", audio="aac", extra=["-bf", "2"])
    _, made = browser_copy_of(source, tmp_path)
    assert frame_count(made) == frame_count(source) == 50
    # x264 writes its settings into the stream: veryfast looks further ahead than ultrafast.
    assert b"subme=0" in made.read_bytes()


def test_a_turned_film_is_copied_and_still_turned(tmp_path: Path) -> None:
    lying = make_video(tmp_path / "lying.mov", audio="pcm_s16le", picture="color=black", extra=["-vf", QUARTERS])
    source = tmp_path / "turned.mov"
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v", "rotate=90", source)
    result, made = browser_copy_of(source, tmp_path)
    assert packets_hash(made, "video", tmp_path) == packets_hash(source, "video", tmp_path)
    assert (result["width"], result["height"]) == (180, 320)
    assert quarters(made, at_seconds=1) == quarters(source, at_seconds=1) != UPRIGHT


def test_h264_in_avi_is_encoded_since_avi_does_not_tell_when_frames_are_shown(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.avi", codec="libx264", extra=["-bf", "2", "-vf", QUARTERS])
    _, made = browser_copy_of(source, tmp_path)
    assert packets_hash(made, "video", tmp_path) != packets_hash(source, "video", tmp_path)
    assert frame_count(made) == pytest.approx(50, abs=2)


def tone_begins_at(path: Path) -> float:
    """When the sound is first louder than silence, in seconds on the file's own clock."""
    told = path.parent / "silence.txt"
    graph = f"silencedetect=n=-40dB:d=0.1,ametadata=print:file={told}"
    ffmpeg("-i", path, "-map", "0:a:0", "-af", f"aresample=async=1:first_pts=0,{graph}", "-f", "null", "-")
    ends = re.findall(r"silence_end=([0-9.]+)", told.read_text())
    return float(ends[0]) if ends else 0.0


@pytest.mark.parametrize("audio", ["aac", "libmp3lame"])
def test_sound_that_begins_late_begins_as_late_in_the_copy(tmp_path: Path, audio: str) -> None:
    picture = make_video(tmp_path / "v.mkv", seconds=3, audio=False, codec="mpeg4")
    tone = make_audio(tmp_path / "a.wav", seconds=2)
    source = tmp_path / "late.mkv"
    ffmpeg("-i", picture, "-itsoffset", "1", "-i", tone, "-c:v", "copy", "-c:a", audio, source)
    _, made = browser_copy_of(source, tmp_path)
    assert tone_begins_at(made) == pytest.approx(1.0, abs=0.06)


def test_a_picture_that_begins_late_is_in_step_with_the_sound(tmp_path: Path) -> None:
    extra = ["-vf", "drawbox=enable='gte(t,1)':color=red:t=fill"]
    picture = make_video(tmp_path / "v.mkv", seconds=2, audio=False, codec="mpeg4", picture="color=blue", extra=extra)
    tone = make_audio(tmp_path / "a.wav", seconds=3)
    source = tmp_path / "late.mkv"
    ffmpeg(
        "-itsoffset", "1", "-i", picture, "-i", tone, "-c:v", "copy", "-c:a", "aac", "-map", "0", "-map", "1", source
    )
    _, made = browser_copy_of(source, tmp_path)
    assert float(stream_of(made, "video")["start_time"]) == 0
    assert quarters(made, at_seconds=1.8) == ["blue"] * 4
    assert quarters(made, at_seconds=2.2) == ["red"] * 4


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("5.1", 2), ("hexadecagonal", 2)])
def test_sound_of_any_number_of_channels_comes_out_in_at_most_two(tmp_path: Path, layout: str, channels: int) -> None:
    source = tmp_path / "a.mkv"
    sound = ["-f", "lavfi", "-i", f"sine,aformat=channel_layouts={layout}"]
    picture = ["-f", "lavfi", "-i", "testsrc2=s=320x180"]
    ffmpeg(*picture, *sound, "-t", "1", "-c:v", "mpeg4", "-c:a", "pcm_s16le", source)
    _, made = browser_copy_of(source, tmp_path)
    assert stream_of(made, "audio")["channels"] == channels


def test_a_film_without_sound_has_none_afterwards(tmp_path: Path) -> None:
    _, made = browser_copy_of(make_video(tmp_path / "a.avi", audio=False), tmp_path)
    assert not facts_about(made).has_audio


def test_odd_sizes_lose_a_line_and_are_not_stretched(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.avi", size="177x99", codec="ffv1", extra=["-vf", f"{QUARTERS},format=yuv444p"])
    result, made = browser_copy_of(source, tmp_path)
    assert (result["width"], result["height"]) == (176, 98)
    assert quarters(made, at_seconds=1) == UPRIGHT


def test_a_cover_picture_is_not_taken_for_the_film(tmp_path: Path) -> None:
    cover = make_picture(tmp_path / "cover.png", size="64x64")
    film = make_video(tmp_path / "film.mkv", codec="mpeg4")
    source = tmp_path / "a.mp4"
    told = ["-disposition:v:0", "attached_pic", "-disposition:v:1", "default"]
    ffmpeg("-i", cover, "-i", film, "-map", "0", "-map", "1", "-c", "copy", *told, source)
    result, made = browser_copy_of(source, tmp_path)
    assert (result["width"], result["height"]) == (320, 180)
    assert frame_count(made) == 50


def test_a_song_with_a_cover_becomes_sound_only(tmp_path: Path) -> None:
    cover = make_picture(tmp_path / "cover.png", size="64x64")
    song = make_audio(tmp_path / "song.wav")
    source = tmp_path / "a.m4a"
    told = ["-disposition:v:0", "attached_pic"]
    ffmpeg("-i", cover, "-i", song, "-map", "0", "-map", "1", "-c:v", "copy", "-c:a", "alac", *told, source)
    result, made = browser_copy_of(source, tmp_path)
    assert result == {
        "file": "browser.m4a",
        "mime_type": "audio/mp4",
        "width": None,
        "height": None,
        "size_bytes": made.stat().st_size,
    }
    assert [stream["codec_type"] for stream in ffprobe(made)["streams"]] == ["audio"]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_places_and_words_are_left_behind_and_the_time_is_kept(tmp_path: Path, codec: str) -> None:
    told = ["location=+48.2082+016.3738/", "title=At home", "creation_time=2024-05-06T07:08:09Z"]
    extra = [word for each in told for word in ("-metadata", each)]
    source = make_video(tmp_path / "a.mov", codec=codec, audio="pcm_s16le", extra=extra)
    assert b"+48.2082" in source.read_bytes()
    _, made = browser_copy_of(source, tmp_path)
    assert b"+48.2082" not in made.read_bytes()
    assert b"At home" not in made.read_bytes()
    assert ffprobe(made)["format"]["tags"]["creation_time"].startswith("2024-05-06T07:08:09")


def test_subtitles_chapters_and_data_are_left_behind(tmp_path: Path) -> None:
    words = tmp_path / "a.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=1\ntitle=One\n")
    film = make_video(tmp_path / "film.mkv")
    source = tmp_path / "a.mkv"
    ffmpeg(
        "-i", film, "-i", words, "-i", chapters, "-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", source
    )
    _, made = browser_copy_of(source, tmp_path)
    assert [stream["codec_type"] for stream in ffprobe(made)["streams"]] == ["video", "audio"]
    assert not ffprobe(made)["chapters"]


def test_a_player_finds_a_keyframe_every_two_seconds(tmp_path: Path) -> None:
    _, made = browser_copy_of(make_video(tmp_path / "a.avi", seconds=5, audio=False, picture="color=gray"), tmp_path)
    told = tmp_path / "keyframes.txt"
    ffmpeg("-skip_frame", "nokey", "-i", made, "-fps_mode", "passthrough", "-f", "framecrc", told)
    lines = [line.split(",") for line in told.read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == 3


def test_progress_is_told_from_nothing_to_all(tmp_path: Path) -> None:
    told = Told()
    browser(work_on(make_video(tmp_path / "a.avi"), tmp_path / "made", tell=told))
    assert told.progress == sorted(told.progress)
    assert told.progress[-1] == pytest.approx(1, abs=0.05)


def test_another_height_is_never_a_copy() -> None:
    found = list(ways(plain_facts(), MP4, Size(1280, 720), copy_any_size=False))
    assert found == [Way(copy_picture=False, copy_sound=True)]


def test_what_fails_in_tone_mapping_is_converted_plainly() -> None:
    found = list(ways(plain_facts(hdr=True), MP4, Size(1920, 1080), copy_any_size=True))
    assert [way.tone_map for way in found] == [True, False]
