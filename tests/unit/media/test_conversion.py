"""Conversions on request: how they are spelled, which are refused and why, and what comes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import BadField
from backend.media.conversion import FORMATS, MOST_HEIGHTS, Plan, convert, parse, spell, split
from tests.services.media import make_video
from tests.services.media_work import (
    QUARTERS,
    facts_about,
    frame_count,
    packets_hash,
    plain_facts,
    quarters,
    stream_of,
    work_on,
)

even_heights = st.integers(72, 540).map(lambda half: 2 * half)


@given(format_=st.sampled_from(FORMATS), heights=st.lists(even_heights, min_size=1, max_size=6))
def test_one_wish_has_one_spelling_and_is_understood_again(format_: str, heights: list[int]) -> None:
    jobs = split(format_, heights)
    assert split(format_, list(reversed(heights)) + heights) == jobs
    assert all(len(job) <= 64 for job in jobs)
    plans = [parse(job, plain_facts()) for job in jobs]
    assert [spell(plan.format, plan.heights) for plan in plans] == jobs
    assert [height for plan in plans for height in plan.heights] == sorted(set(heights), reverse=True)


def test_files_are_a_job_each_and_a_stream_is_one() -> None:
    assert split("mp4", [480, 720, 480]) == ["mp4-720", "mp4-480"]
    assert split("webm", [480]) == ["webm-480"]
    assert split("hls", [480, 1080, 720]) == ["hls-1080,720,480"]
    assert parse("hls-480,1080", plain_facts()) == Plan("hls", (1080, 480))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ("avi-720", "no conversion to 'avi'; the formats are mp4, webm, hls"),
        ("mp4-721", "even number of lines from 144 to 1080, not 721"),
        ("mp4-100", "from 144 to 1080, not 100"),
        ("mp4-5000", "from 144 to 1080, not 5000"),
        ("mp4-1440", r"has 1080 lines; more than it has \(1440\)"),
        ("mp4-720,480", "has one height"),
        ("hls-1080,900,720,540,480,360,240", f"At most {MOST_HEIGHTS} heights"),
        ("mp4", "a format and heights, such as mp4-720"),
        ("mp4-", "a format and heights"),
        ("hls-720,,480", "a format and heights"),
        ("mp4-720\n", "a format and heights"),
        ("mp4--720", "from 144 to 1080, not -720"),
        ("mp4-٧٢٠", "a format and heights"),
        ("", "a format and heights"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(parameters: str, words: str) -> None:
    with pytest.raises(BadField, match=words) as refused:
        parse(parameters, plain_facts())
    assert refused.value.detail["formats"] == ["mp4", "webm", "hls"]


@given(parameters=st.text(max_size=80))
def test_nonsense_is_refused_and_never_crashes(parameters: str) -> None:
    with pytest.raises(BadField):
        parse(parameters, plain_facts())


def test_sound_alone_is_refused_in_words() -> None:
    with pytest.raises(BadField, match="no picture"):
        parse("mp4-720", plain_facts(video_codec="", width=None, height=None))


def test_mp4_of_a_height_is_as_high_as_its_name_says(tmp_path: Path) -> None:
    work = work_on(make_video(tmp_path / "a.mp4", extra=["-vf", QUARTERS]), tmp_path / "made", "mp4-144")
    result = convert(work)
    made = work.workspace / "144p.mp4"
    assert result == {
        "file": "144p.mp4",
        "mime_type": "video/mp4",
        "width": 256,
        "height": 144,
        "size_bytes": made.stat().st_size,
    }
    assert facts_about(made).browser_plays
    assert facts_about(made).height == 144
    assert frame_count(made) == 50
    assert quarters(made, at_seconds=1) == ["red", "green", "blue", "white"]


def test_webm_is_vp9_and_opus_and_as_long_as_its_source(tmp_path: Path) -> None:
    work = work_on(make_video(tmp_path / "a.mov", extra=["-vf", QUARTERS]), tmp_path / "made", "webm-144")
    result = convert(work)
    made = work.workspace / "144p.webm"
    assert (result["file"], result["mime_type"]) == ("144p.webm", "video/webm")
    picture, sound = stream_of(made, "video"), stream_of(made, "audio")
    assert (picture["codec_name"], picture["pix_fmt"], sound["codec_name"]) == ("vp9", "yuv420p", "opus")
    assert (picture["width"], picture["height"]) == (result["width"], result["height"]) == (256, 144)
    assert facts_about(made).browser_plays
    assert frame_count(made) == 50
    assert quarters(made, at_seconds=1) == ["red", "green", "blue", "white"]


def test_the_index_of_a_webm_stands_before_its_media(tmp_path: Path) -> None:
    work = work_on(make_video(tmp_path / "a.mov"), tmp_path / "made", "webm-144")
    convert(work)
    made = (work.workspace / "144p.webm").read_bytes()
    # The ids of Cues and of Cluster (RFC 9559, 5.1).
    assert 0 < made.find(b"\x1c\x53\xbb\x6b", 60) < made.find(b"\x1f\x43\xb6\x75")


def test_at_its_own_height_a_film_in_the_right_codec_is_copied(tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mkv", extra=["-bf", "2"])
    work = work_on(source, tmp_path / "made", "mp4-180")
    convert(work)
    made = work.workspace / "180p.mp4"
    assert packets_hash(made, "video", tmp_path) == packets_hash(source, "video", tmp_path)


def test_a_standing_picture_is_as_high_as_was_asked(tmp_path: Path) -> None:
    work = work_on(make_video(tmp_path / "a.mp4", size="180x320"), tmp_path / "made", "mp4-160")
    result = convert(work)
    assert (result["width"], result["height"]) == (90, 160)
