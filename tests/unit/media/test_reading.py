"""Whatever ffprobe prints, facts come out that can be stored, or none."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.media.facts import Facts
from backend.media.ffprobe_json import read
from backend.media.reading import facts_of, recorded_at, rotation_of
from backend.media.timing import Pace

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def facts_from(found: object) -> Facts:
    printed = read(json.dumps(found).encode())
    return facts_of(printed, pace=Pace(25.0, variable=False), duration_seconds=printed.container.duration,
                    faststart=None, media_type="video/mp4", now=NOW)  # fmt: skip


def video(**fields: Any) -> dict[str, Any]:
    return {"codec_type": "video", "codec_name": "h264", "width": 320, "height": 180, **fields}


def texts_in(stored: dict[str, Any]) -> list[str]:
    return [each for each in stored.values() if isinstance(each, str)]


def of_video(**fields: Any) -> Facts:
    return facts_from({"format": {"format_name": "mov,mp4"}, "streams": [video(**fields)]})


odd = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(
    ["nan", "inf", "-1", "1e999", "0/0", "1/0", "25/1", "9" * 400, "\x00\x1b[31m", "\ud800", "h264", "video", "audio"]
)  # fmt: skip
stream_keys = st.sampled_from([
    "codec_type", "codec_name", "profile", "width", "height", "pix_fmt", "field_order", "color_transfer", "duration",
    "sample_aspect_ratio", "r_frame_rate", "avg_frame_rate", "bits_per_raw_sample", "channels", "sample_rate",
    "disposition", "tags", "side_data_list",
])  # fmt: skip
anything = st.recursive(odd, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner))
streams = st.dictionaries(stream_keys, anything).map(lambda fields: {"codec_type": "video", **fields})


@given(
    container=st.dictionaries(st.sampled_from(["format_name", "duration", "bit_rate", "tags"]), anything) | anything,
    found=st.lists(streams | anything, max_size=3) | anything,
)
def test_anything_printed_becomes_facts_that_make_sense(container: object, found: object) -> None:
    facts = facts_from({"format": container, "streams": found})
    stored = json.dumps(facts.as_json(), allow_nan=False)
    assert Facts.from_json(json.loads(stored)) == facts
    assert facts.duration_seconds is None or 0 < facts.duration_seconds < math.inf
    assert all(size is None or 1 <= size <= 65_535 * 20 for size in (facts.width, facts.height))
    assert facts.rotation in (0, 90, 180, 270)
    assert not [each for each in texts_in(facts.as_json()) if any(category(letter) in ("Cc", "Cs") for letter in each)]


@given(printed=st.binary(max_size=60))
def test_what_is_no_json_holds_nothing(printed: bytes) -> None:
    found = read(printed)
    assert found.video is None
    assert found.audio is None


def test_deeply_nested_json_holds_nothing() -> None:
    assert read(b"[" * 100_000).video is None


def test_a_cover_is_no_video_wherever_it_stands() -> None:
    cover = video(codec_name="mjpeg", width=500, height=500, disposition={"attached_pic": 1})
    assert not facts_from({"streams": [cover, {"codec_type": "audio", "codec_name": "mp3"}]}).has_video
    assert facts_from({"streams": [cover, video()]}).width == 320


@pytest.mark.parametrize(
    ("fields", "rotation", "size"),
    [
        ({}, 0, (320, 180)),
        ({"side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]}, 90, (180, 320)),
        ({"side_data_list": [{"side_data_type": "Display Matrix", "rotation": 90}]}, 270, (180, 320)),
        ({"side_data_list": [{"rotation": "180"}]}, 180, (320, 180)),
        ({"tags": {"rotate": "90"}}, 90, (180, 320)),
        ({"tags": {"ROTATE": "-90"}}, 270, (180, 320)),
        ({"side_data_list": [{"rotation": -90}], "tags": {"rotate": "180"}}, 90, (180, 320)),
        ({"side_data_list": [{"rotation": "sideways"}]}, 0, (320, 180)),
        ({"sample_aspect_ratio": "4:3"}, 0, (427, 180)),
        ({"sample_aspect_ratio": "4:3", "side_data_list": [{"rotation": -90}]}, 90, (180, 427)),
        ({"sample_aspect_ratio": "0:1"}, 0, (320, 180)),
        ({"sample_aspect_ratio": "1:1000000"}, 0, (320, 180)),
    ],
)
def test_size_is_the_one_shown(fields: dict[str, Any], rotation: int, size: tuple[int, int]) -> None:
    facts = of_video(**fields)
    assert (facts.rotation, (facts.width, facts.height)) == (rotation, size)
    assert (facts.coded_width, facts.coded_height) == (320, 180)


def test_a_rotate_tag_that_neither_ffmpeg_nor_browsers_heed_is_only_a_word() -> None:
    printed = read(json.dumps({"streams": [video(tags={"ROTATE": "90"})]}).encode())
    assert printed.video is not None
    assert rotation_of(printed.video, is_mp4=False) == 0


@pytest.mark.parametrize(
    ("pix_fmt", "raw", "bits"),
    [("yuv420p", None, 8), ("yuvj420p", "8", 8), ("yuv420p10le", "10", 10), ("yuv422p12be", None, 12),
     ("p010le", None, 10), ("gray10le", None, 10), ("gbrap12le", None, 12), ("rgb48le", None, 16), ("", None, None)],
)  # fmt: skip
def test_bit_depth_is_that_of_one_component(pix_fmt: str, raw: str | None, bits: int | None) -> None:
    assert of_video(pix_fmt=pix_fmt, bits_per_raw_sample=raw).bits_per_sample == bits


@pytest.mark.parametrize(("transfer", "hdr"), [("smpte2084", True), ("arib-std-b67", True), ("bt709", False)])
def test_hdr_is_told_by_its_transfer(transfer: str, hdr: bool) -> None:
    assert of_video(color_transfer=transfer).hdr is hdr


@pytest.mark.parametrize(("order", "interlaced"), [("tt", True), ("bt", True), ("progressive", False), ("", False)])
def test_interlacing_is_told_by_the_order_of_fields(order: str, interlaced: bool) -> None:
    assert of_video(field_order=order).interlaced is interlaced


@pytest.mark.parametrize(
    ("tags", "at"),
    [
        ({"creation_time": "2024-03-05T10:20:30.000000Z"}, "2024-03-05T10:20:30+00:00"),
        ({"creation_time": "2024-03-05T08:20:30Z", "com.apple.quicktime.creationdate": "2024-03-05T10:20:30+0200"},
         "2024-03-05T10:20:30+02:00"),
        ({"date": "2023-07-01"}, "2023-07-01T00:00:00+00:00"),
        ({"date": "2023"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "1904-01-01T00:00:00Z"}, None),
        ({"creation_time": "2087-01-01T00:00:00Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z", "date": "2023-07-01 12:00:00"}, "2023-07-01T12:00:00+00:00"),
        ({"creation_time": "yesterday"}, None),
        ({"creation_time": "0001-01-01T00:00:00+14:00"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_recording_time_is_told_with_its_zone_and_nonsense_is_not(tags: dict[str, str], at: str | None) -> None:
    found = recorded_at(read(json.dumps({"format": {"tags": tags}}).encode()), NOW)
    assert (found.isoformat() if found else None) == at


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    ahead = (NOW + timedelta(hours=14)).isoformat()
    assert recorded_at(read(json.dumps({"format": {"tags": {"creation_time": ahead}}}).encode()), NOW) is not None


@pytest.mark.parametrize(
    ("tags", "camera"),
    [
        ({"com.apple.quicktime.make": "Apple", "com.apple.quicktime.model": "iPhone 15"}, "Apple iPhone 15"),
        ({"make": "Canon", "model": "Canon EOS R5"}, "Canon EOS R5"),
        ({"com.android.manufacturer": "Google", "com.android.model": "Pixel 8"}, "Google Pixel 8"),
        ({"model": "\x1b[31mRed\x00\n Camera "}, "[31mRed Camera"),
        ({}, ""),
    ],
)
def test_camera_is_told_once_and_on_one_line(tags: dict[str, str], camera: str) -> None:
    assert facts_from({"format": {"tags": tags}, "streams": [video()]}).camera == camera


@pytest.mark.parametrize(
    ("streams", "silent"),
    [
        ([video()], True),
        ([video(), {"codec_type": "data"}], True),
        ([video(), {"codec_type": "audio", "codec_name": "aac"}], False),
        # A recorder's own kind of sound, which ffmpeg does not know.
        ([video(), {"codec_type": "audio"}], False),
    ],
)
def test_silent_is_what_has_no_track_of_sound_of_whatever_kind(streams: list[Any], silent: bool) -> None:
    assert facts_from({"format": {}, "streams": streams}).silent is silent


@pytest.mark.parametrize(
    ("streams", "count"),
    [
        ([video(), {"codec_type": "audio"}, {"codec_type": "audio"}], 0),
        ([video(), video() | {"disposition": {"attached_pic": 1}}], 0),
        ([video(), video()], 1),
        ([video(), {"codec_type": "data"}, {"codec_type": "subtitle"}, {}], 3),
        ([{"codec_type": "data"}], 1),
    ],
)
def test_tracks_beside_the_picture_its_sound_and_its_cover_are_counted(streams: list[Any], count: int) -> None:
    listing = {"format_name": "mov,mp4,m4a,3gp,3g2,mj2"}
    assert facts_from({"format": listing, "streams": streams}).further_tracks == count


@pytest.mark.parametrize("name", ["mpeg", "flv", "dhav", ""])
def test_a_file_without_a_list_of_its_tracks_may_have_more_than_the_probe_saw(name: str) -> None:
    assert facts_from({"format": {"format_name": name}, "streams": [video()]}).further_tracks is None
