"""Files with damage, lies and odd beginnings: what can be had is made, and nothing is called made that is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import Unreadable
from backend.media.rendition import browser
from tests.services.media import ffmpeg, ffprobe, make_video
from tests.services.media_work import browser_copy_of, facts_about, frame_count, stream_of, work_on


def without_share(whole: Path, share: float) -> Path:
    """A copy of an mp4 with a part of its media, from near the beginning on, made nought."""
    data = bytearray(whole.read_bytes())
    media = data.find(b"mdat") + 4
    length = len(data) - media
    first, last = media + length // 30, media + length // 30 + int(length * share)
    data[first:last] = bytes(last - first)
    damaged = whole.parent / "damaged.mp4"
    damaged.write_bytes(data)
    return damaged


def test_what_can_be_decoded_around_damage_is_kept_in_time(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", seconds=3, codec="libx265", extra=["-movflags", "+faststart"])
    browser_copy_of(without_share(whole, 0.25), tmp_path)


def test_a_film_of_which_most_frames_cannot_be_decoded_is_not_called_made(tmp_path: Path) -> None:
    extra = ["-movflags", "+faststart"]
    whole = make_video(tmp_path / "a.mp4", seconds=3, codec="libx265", audio=False, extra=extra)
    with pytest.raises(Unreadable):
        browser(work_on(without_share(whole, 0.7), tmp_path / "made"))


def test_what_a_cut_left_before_the_beginning_is_not_carried_along(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4", seconds=3, keyframe_every=3)
    source = tmp_path / "cut.mov"
    ffmpeg("-ss", "1.2", "-i", whole, "-c:v", "copy", "-c:a", "pcm_s16le", source)
    assert stream_of(source, "video")["nb_frames"] == "75"
    _, made = browser_copy_of(source, tmp_path)
    assert frame_count(made) == pytest.approx(45, abs=2)
    assert stream_of(made, "video")["nb_frames"] == str(frame_count(made))


def test_a_recording_that_begins_between_keyframes_shows_something_from_the_first_second(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.ts", codec="libx264", audio="aac", seconds=3).read_bytes()
    source = tmp_path / "late.ts"
    source.write_bytes(whole[len(whole) // 188 // 3 * 188 :])
    _, made = browser_copy_of(source, tmp_path)
    assert float(stream_of(made, "video")["start_time"]) == 0


def test_declared_sound_that_never_comes_does_not_keep_the_picture_from_being_made(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.ts", codec="libx264", audio="aac").read_bytes()
    packets = [whole[at : at + 188] for at in range(0, len(whole), 188)]
    source = tmp_path / "silent.ts"
    # ffmpeg gives 0x101 to the second stream.
    source.write_bytes(b"".join(p for p in packets if (p[1] & 0x1F) << 8 | p[2] != 0x101))
    assert facts_about(source).has_audio
    _, made = browser_copy_of(source, tmp_path)
    assert [stream["codec_type"] for stream in ffprobe(made)["streams"]] == ["video"]


@pytest.mark.parametrize(("jump_seconds", "known_seconds"), [(50, 52), (5000, 4)])
def test_joined_recordings_whose_clock_jumps_are_as_long_as_their_frames(
    tmp_path: Path, jump_seconds: int, known_seconds: int
) -> None:
    """A length that is absurd for so few bytes is not believed; another may be, and the copy is right all the same."""
    first = make_video(tmp_path / "first.ts", codec="libx264", audio="aac")
    ffmpeg("-i", first, "-c", "copy", "-output_ts_offset", str(jump_seconds), tmp_path / "second.ts")
    source = tmp_path / "joined.ts"
    source.write_bytes(first.read_bytes() + (tmp_path / "second.ts").read_bytes())
    work = work_on(source, tmp_path / "made")
    assert float(ffprobe(source)["format"]["duration"]) > jump_seconds - 2
    assert work.known().duration_seconds == pytest.approx(known_seconds, abs=0.2)
    browser(work)
    assert facts_about(work.workspace / "browser.mp4").duration_seconds == pytest.approx(4, abs=0.2)


def test_damage_met_while_copying_leads_to_encoding_what_can_be_decoded(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.ts", codec="libx264", audio="aac", seconds=3, keyframe_every=0.4)
    broken = bytearray(whole.read_bytes())
    middle = len(broken) // 2 // 188 * 188
    # Forty packets of the stream are lost, as on a bad line.
    del broken[middle : middle + 40 * 188]
    source = tmp_path / "broken.ts"
    source.write_bytes(broken)
    work = work_on(source, tmp_path / "made")
    browser(work)
    made = work.workspace / "browser.mp4"
    ffmpeg("-xerror", "-err_detect", "explode", "-i", made, "-f", "null", "-")
    assert facts_about(made).duration_seconds == pytest.approx(3, abs=0.2)
    assert b"subme=0" not in made.read_bytes()


def test_damaged_sound_is_encoded_so_that_no_browser_stops_at_it(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mov", codec="libx265", extra=["-movflags", "+faststart"])
    data = bytearray(whole.read_bytes())
    for place in range(data.find(b"mdat") + 100, len(data), 100):
        data[place] ^= 0x55
    source = tmp_path / "broken.mov"
    source.write_bytes(data)
    work = work_on(source, tmp_path / "made")
    browser(work)
    ffmpeg("-xerror", "-err_detect", "explode", "-i", work.workspace / "browser.mp4", "-f", "null", "-")


def test_a_file_of_which_most_is_missing_is_not_called_made(tmp_path: Path) -> None:
    whole = make_video(tmp_path / "a.mp4", seconds=6, codec="libx265", extra=["-movflags", "+faststart"])
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 3])
    with pytest.raises(Unreadable, match=r"Only \d s of 6 s of the (picture|file) could be decoded"):
        browser(work_on(cut, tmp_path / "made"))
