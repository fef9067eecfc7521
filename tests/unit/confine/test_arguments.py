"""Arguments: the lists stand before every input, and whatever would reach another file is a mistake in the program."""

from __future__ import annotations

import ffmpeg
import pytest

from backend.confine import SOURCE
from backend.confine.allowed import DEMUXERS
from backend.confine.arguments import for_ffmpeg, for_ffprobe

LISTS = ["-format_whitelist", DEMUXERS, "-protocol_whitelist", "file", "-i", "file:/data/a.mp4"]


def test_the_lists_stand_before_every_input() -> None:
    given = ["-ss", "1", "-i", SOURCE, "-ss", "2", "-i", SOURCE, "-map", "0:v", "-map", "1:v", "a.jpg"]
    expected = ["-ss", "1", *LISTS, "-ss", "2", *LISTS, "-map", "0:v", "-map", "1:v", "a.jpg"]
    assert for_ffmpeg(given, "/data/a.mp4") == expected
    assert for_ffprobe(["-show_format", "-i", SOURCE], "/data/a.mp4") == ["-show_format", *LISTS]


def test_what_ffmpeg_python_writes_is_taken() -> None:
    read = ffmpeg.input(SOURCE, ss=1.5, skip_frame="nokey", threads=2)
    picture = read.video.filter("scale", 320, -2).filter("select", "gt(scene,0.1)").output(
        "hls/%v/a.m3u8", vframes=1, f="hls", hls_segment_filename="hls/%v/%03d.ts", metadata="title=a: b"
    )  # fmt: skip
    arguments = picture.global_args("-shortest").overwrite_output().compile()[1:]
    assert for_ffmpeg(arguments, "/data/a.mp4")[-2:] == ["-shortest", "-y"]


@pytest.mark.parametrize(
    "arguments",
    [
        # Another input.
        ["-i", "/etc/passwd", "a.jpg"],
        ["-i", "other.mp4", "a.jpg"],
        ["-i", f"file:{SOURCE}", "a.jpg"],
        ["-i", SOURCE, "-i", "http://127.0.0.1/", "a.jpg"],
        ["-f", "lavfi", "-i", SOURCE, "a.jpg"],
        ["-f", "concat", "-i", SOURCE, "a.jpg"],
        ["-f", "mp4", "-i", SOURCE, "a.jpg"],
        ["-i", SOURCE, "-vf", "movie=other.mp4", "a.jpg"],
        ["-i", SOURCE, "-filter:a:0", "amovie=other.mp4", "a.mp3"],
        ["-i", SOURCE, "-filter_complex", "[0:v]scale=1:1[a];movie=x [b];[a][b]overlay", "a.jpg"],
        ["-i", SOURCE, "-lavfi", "subtitles=x.srt", "a.jpg"],
        ["-i", SOURCE, "-filter_complex_script", "x", "a.jpg"],
        ["-i", SOURCE, "-/filter_complex", "x", "a.jpg"],
        ["-i", SOURCE, "-attach", "x", "a.mkv"],
        ["-i", SOURCE, "-map_metadata", "/etc/passwd", "a.mp4"],
        # The lists undone.
        ["-protocol_whitelist", "file,http", "-i", SOURCE, "a.jpg"],
        ["-format_whitelist", "concat", "-i", SOURCE, "a.jpg"],
        ["-enable_drefs", "1", "-i", SOURCE, "a.jpg"],
        # Output elsewhere.
        ["-i", SOURCE, "/tmp/a.jpg"],
        ["-i", SOURCE, "../a.jpg"],
        ["-i", SOURCE, "a/../../a.jpg"],
        ["-i", SOURCE, "file:a.jpg"],
        ["-i", SOURCE, "udp://127.0.0.1:1"],
        ["-i", SOURCE, "-"],
        ["-i", SOURCE, "-f", "mp4", "-"],
        ["-i", SOURCE, "pipe:1"],
        ["-i", SOURCE, "-f", "tee", "a.jpg"],
        ["-i", SOURCE, "-f", "rtp", "a.jpg"],
        ["-i", SOURCE, "-hls_segment_filename", "/tmp/%03d.ts", "a.m3u8"],
        ["-i", SOURCE, "-hls_segment_filename", "hls/../../%03d.ts", "a.m3u8"],
        ["-i", SOURCE, "-hls_key_info_file", "k", "a.m3u8"],
        ["-i", SOURCE, "-passlogfile", "/tmp/a", "a.mp4"],
        ["-i", SOURCE, "-vf", "metadata=print:file=/tmp/x", "a.jpg"],
        ["-i", SOURCE, "-progress", "x", "a.jpg"],
        ["-i", SOURCE, "-report", "a.jpg"],
        ["-dump_attachment:t:0", "x", "-i", SOURCE, "a.jpg"],
        ["-i", SOURCE, SOURCE],
        # Nothing to do, or cut off.
        ["-i", SOURCE],
        ["a.jpg"],
        ["-i", SOURCE, "a.jpg", "-c"],
        ["-i", SOURCE, "a\0.jpg"],
        [],
    ],
    ids=" ".join,
)
def test_a_mistake_in_the_program_is_refused(arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        for_ffmpeg(arguments, "/data/a.mp4")


@pytest.mark.parametrize(
    "arguments",
    [
        ["-show_format"],
        ["-show_format", SOURCE],
        ["-i", SOURCE, "-i", SOURCE],
        ["-i", "/etc/passwd"],
        ["-f", "lavfi", "-i", SOURCE],
        ["-o", "a.json", "-i", SOURCE],
        ["-show_entries", "format=/x", "/x", "-i", SOURCE],
    ],
    ids=" ".join,
)
def test_ffprobe_reads_one_input_and_writes_nothing(arguments: list[str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        for_ffprobe(arguments, "/data/a.mp4")
