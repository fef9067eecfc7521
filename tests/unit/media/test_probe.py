"""What the probe tells of real files, made here by ffmpeg."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.errors import Unreadable
from backend.media.facts import Facts
from backend.media.probe import probe
from backend.media.work import Allowance, Work
from tests.services.media import ffmpeg, make_audio, make_picture, make_video
from tests.services.media_work import facts_about


@pytest.mark.parametrize(
    ("name", "codec", "container", "video", "audio", "plays"),
    [
        ("a.mp4", "", "mov", "h264", "aac", True),
        ("a.mov", "", "mov", "h264", "aac", True),
        ("a.m4v", "", "mov", "h264", "aac", True),
        ("a.webm", "", "matroska", "vp8", "vorbis", True),
        ("b.webm", "libvpx-vp9", "matroska", "vp9", "vorbis", True),
        ("b.mp4", "libx265", "mov", "hevc", "aac", False),
        ("a.mkv", "", "matroska", "h264", "aac", False),
        ("a.avi", "", "avi", "mpeg4", "mp3", False),
        ("a.mpg", "", "mpeg", "mpeg2video", "mp2", False),
        ("a.ts", "", "mpegts", "mpeg2video", "mp2", False),
    ],
)
def test_video_of_every_kind(
    tmp_path: Path, name: str, codec: str, container: str, video: str, audio: str, plays: bool
) -> None:
    facts = facts_about(make_video(tmp_path / name, codec=codec))
    assert (facts.container, facts.video_codec, facts.audio_codec) == (container, video, audio)
    assert (facts.width, facts.height, facts.rotation, facts.pixel_aspect) == (320, 180, 0, 1.0)
    assert facts.duration_seconds == pytest.approx(2, abs=0.15)
    assert facts.fps == pytest.approx(25, abs=0.5)
    assert not facts.variable_rate
    assert (facts.bits_per_sample, facts.pixel_format, facts.hdr) == (8, "yuv420p", False)
    assert facts.browser_plays is plays
    assert bool(facts.why_not) is not plays


@pytest.mark.parametrize(
    ("name", "container", "codec"),
    [("a.mp3", "mp3", "mp3"), ("a.wav", "wav", "pcm_s16le"), ("a.m4a", "mov", "aac"), ("a.flac", "flac", "flac")],
)
def test_sound_of_every_kind(tmp_path: Path, name: str, container: str, codec: str) -> None:
    facts = facts_about(make_audio(tmp_path / name))
    assert (facts.container, facts.audio_codec, facts.has_video) == (container, codec, False)
    assert (facts.width, facts.fps) == (None, None)
    assert facts.duration_seconds == pytest.approx(2, abs=0.1)
    assert (facts.channels, facts.sample_rate) == (1, 44_100)
    assert facts.browser_plays, facts.why_not


@pytest.mark.parametrize(("turn", "size"), [(90, (180, 320)), (180, (320, 180)), (270, (180, 320))])
def test_a_turned_video_has_the_size_that_is_shown(tmp_path: Path, turn: int, size: tuple[int, int]) -> None:
    lying = make_video(tmp_path / "lying.mp4", seconds=0.5)
    # What ffmpeg 5 writes for this word is the turn the other way; browsers and our facts go by what is written.
    ffmpeg("-i", lying, "-c", "copy", "-metadata:s:v", f"rotate={360 - turn}", tmp_path / "turned.mp4")
    facts = facts_about(tmp_path / "turned.mp4")
    assert (facts.rotation, (facts.width, facts.height)) == (turn, size)
    assert facts.browser_plays


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mpg"])
def test_odd_pixels_are_counted_as_they_are_shown(tmp_path: Path, name: str) -> None:
    facts = facts_about(make_video(tmp_path / name, size="360x288", extra=["-vf", "setsar=16/15"], seconds=0.5))
    assert (facts.coded_width, facts.coded_height) == (360, 288)
    assert facts.width == pytest.approx(384, abs=1)
    assert facts.height == 288


@pytest.mark.parametrize(
    ("picture", "varies"),
    [
        # One frame in three is dropped for two seconds, then none: a phone in the dark.
        (["-vf", "select='gt(t,2)+gt(mod(n,3),0)'", "-fps_mode", "vfr"], True),
        (["-vf", "select='lt(t,1)+gt(t,2.5)'", "-fps_mode", "vfr"], False),
        (["-r", "30000/1001"], False),
    ],
)
def test_a_rate_that_varies_is_told_from_a_single_pause(tmp_path: Path, picture: Sequence[str], varies: bool) -> None:
    facts = facts_about(make_video(tmp_path / "a.mp4", seconds=4, extra=picture, audio=False))
    assert facts.variable_rate is varies
    assert facts.browser_plays is not varies


def test_an_interlaced_video_is_no_variable_one(tmp_path: Path) -> None:
    extra = ["-flags", "+ilme+ildct", "-vf", "setfield=tff", "-top", "1"]
    facts = facts_about(make_video(tmp_path / "a.mpg", extra=extra))
    assert (facts.interlaced, facts.variable_rate) == (True, False)


def test_ten_bits_and_hdr_are_told(tmp_path: Path) -> None:
    extra = ["-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084", "-color_primaries", "bt2020"]
    facts = facts_about(make_video(tmp_path / "a.mp4", codec="libx265", seconds=0.5, extra=extra))
    assert (facts.bits_per_sample, facts.hdr, facts.browser_plays) == (10, True, False)


@pytest.mark.parametrize("name", ["live.webm", "live.mkv", "live.flac"])
def test_a_live_recording_that_does_not_tell_its_length_is_measured(tmp_path: Path, name: str) -> None:
    make = make_audio if name.endswith("flac") else make_video
    whole = make(tmp_path / f"whole-{name}", seconds=3)
    with (tmp_path / name).open("wb") as pipe:
        # To a pipe nothing can be written in after the fact.
        pipe.write(_through_a_pipe(whole))
    assert facts_about(tmp_path / name).duration_seconds == pytest.approx(3, abs=0.15)


def _through_a_pipe(whole: Path) -> bytes:
    made = whole.with_suffix(".pipe")
    muxer = {".webm": "webm", ".mkv": "matroska", ".flac": "flac"}[whole.suffix]
    ffmpeg("-i", whole, "-c", "copy", "-f", muxer, "-seekable", "0", f"file:{made}")
    return made.read_bytes()


def test_recording_time_and_camera_come_from_the_file(tmp_path: Path) -> None:
    tags = ["-metadata", "creation_time=2024-03-05T10:20:30Z", "-metadata", "make=Maker", "-metadata", "model=One",
            "-movflags", "use_metadata_tags"]  # fmt: skip
    facts = facts_about(make_video(tmp_path / "a.mov", seconds=0.5, extra=tags))
    assert facts.recorded_at == datetime(2024, 3, 5, 10, 20, 30, tzinfo=UTC)
    assert facts.camera == "Maker One"


def test_a_song_with_a_cover_is_a_song(tmp_path: Path) -> None:
    song, cover = make_audio(tmp_path / "song.mp3"), make_picture(tmp_path / "cover.jpg")
    ffmpeg("-i", song, "-i", cover, "-map", "0", "-map", "1", "-c", "copy", tmp_path / "both.mp3")
    facts = facts_about(tmp_path / "both.mp3")
    assert (facts.has_video, facts.audio_codec, facts.browser_plays) == (False, "mp3", True)


@pytest.mark.parametrize("index_first", [True, False])
def test_faststart_is_told_of_mp4_only(tmp_path: Path, index_first: bool) -> None:
    extra = ["-movflags", "+faststart"] if index_first else []
    assert facts_about(make_video(tmp_path / "a.mp4", seconds=0.5, extra=extra)).faststart is index_first
    assert facts_about(make_video(tmp_path / "a.avi", seconds=0.5)).faststart is None


def test_a_type_is_judged_by_content_and_not_by_name(tmp_path: Path) -> None:
    """A Matroska file called .webm is served as Matroska, and that is what a browser is asked to play."""
    make_video(tmp_path / "a.mkv", seconds=0.5).rename(tmp_path / "a.webm")
    assert "Matroska" in facts_about(tmp_path / "a.webm").why_not


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\0" * 10_000, bytes(range(256)) * 100])
def test_what_is_no_media_is_unreadable_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    work = Work(tmp_path / "a.mp4", tmp_path, Confinement(), Allowance(1, 2**30, 60), "", None, print, lambda: False)
    with pytest.raises(Unreadable) as told:
        probe(work)
    assert told.value.message.endswith(".")
    assert str(tmp_path) not in told.value.message


def refusal_of(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(Unreadable) as told:
        facts_about(path)
    return told.value.message


@pytest.mark.parametrize(
    "content",
    [b"<!doctype html><p>Sign in", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\x91\xe7" * 999],
)
def test_what_only_has_the_name_of_a_video_is_told_to_be_none(tmp_path: Path, content: bytes) -> None:
    assert refusal_of(tmp_path / "a.mp4", content) == "This is not a video or sound file, whatever its name says."


def test_zeros_and_a_missing_index_are_called_what_they_are(tmp_path: Path) -> None:
    assert "nothing but zeros" in refusal_of(tmp_path / "a.mp4", bytes(10_000))
    whole = make_video(tmp_path / "whole.mp4", seconds=0.5).read_bytes()
    assert "index is missing" in refusal_of(tmp_path / "b.mp4", whole[: len(whole) // 2])


def test_subtitles_alone_are_neither_video_nor_sound(tmp_path: Path) -> None:
    (tmp_path / "words.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    ffmpeg("-i", tmp_path / "words.srt", tmp_path / "words.mkv")
    with pytest.raises(Unreadable, match="neither video nor sound"):
        facts_about(tmp_path / "words.mkv")


@pytest.mark.parametrize("name", ["cut.ts", "cut.avi", "cut.mkv", "cut.mp4"])
def test_what_was_cut_off_still_tells_what_it_is(tmp_path: Path, name: str) -> None:
    extra = ["-movflags", "+faststart"] if name.endswith("mp4") else []
    whole = make_video(tmp_path / f"whole-{name}", seconds=4, extra=extra).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    facts = facts_about(tmp_path / name)
    assert (facts.width, facts.height, facts.has_audio) == (320, 180, True)


def minute_cut_off(tmp_path: Path, share: float) -> Facts:
    extra = ["-movflags", "+faststart"]
    whole = make_video(tmp_path / "whole.mp4", seconds=60, size="64x36", fps=10, extra=extra).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: round(len(whole) * share)])
    return facts_about(tmp_path / "cut.mp4")


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_what_was_cut_off_tells_how_much_is_left(tmp_path: Path, share: float) -> None:
    facts = minute_cut_off(tmp_path, share)
    assert facts.duration_seconds == pytest.approx(60, abs=0.2)
    told = re.fullmatch(r"The file was cut off: only about ([\d.]+) s of 60 s are in it\.", facts.trouble)
    assert told
    assert float(told[1]) == pytest.approx(60 * share, abs=4)


def test_a_whole_file_has_no_trouble(tmp_path: Path) -> None:
    assert minute_cut_off(tmp_path, 1).trouble == ""


def test_a_header_that_claims_a_hundred_days_is_not_believed(tmp_path: Path) -> None:
    content = bytearray(make_video(tmp_path / "a.mp4", seconds=4).read_bytes())
    place = content.index(b"mvhd") + 20
    content[place : place + 4] = b"\xff\xff\xff\xfe"
    (tmp_path / "a.mp4").write_bytes(content)
    assert facts_about(tmp_path / "a.mp4").duration_seconds == pytest.approx(4, abs=0.1)


def test_hours_between_two_joined_recordings_are_no_part_of_the_length(tmp_path: Path) -> None:
    first = make_video(tmp_path / "1.ts", seconds=4, codec="libx264")
    ffmpeg("-itsoffset", "36000", "-i", first, "-c", "copy", "-copyts", tmp_path / "2.ts")
    (tmp_path / "both.ts").write_bytes(first.read_bytes() + (tmp_path / "2.ts").read_bytes())
    assert facts_about(tmp_path / "both.ts").duration_seconds == pytest.approx(8, abs=0.3)
