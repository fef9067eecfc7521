"""From a file to an offer: what is sent as it is, what is brought into form, and what is refused and why."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

import backend.offers.index
from backend.confine import Confinement
from backend.disk.atomic import free_bytes
from backend.disk.layout import Layout
from backend.errors import PermanentFailure, TransferCancelled, TransientFailure, Unsupported
from backend.intake import segment_wish
from backend.offers.book import Book
from backend.offers.entries import Offer, Overlap, Rhythm
from backend.offers.index import Index, index
from backend.offers.looking import look
from backend.offers.offering import Offering
from backend.offers.preparing import room_bytes
from tests.unit.offers.boxes import with_two_descriptions
from tests.unit.offers.films import (
    PLAIN,
    REORDERED,
    START,
    Told,
    copied,
    decoded,
    film,
    instants,
    kept_film,
    near,
    times,
)

TOOLS = Confinement()
TENTH = timedelta(seconds=0.1)


@pytest.fixture
def offering(book: Book) -> Offering:
    return Offering(book, TOOLS, book.layout, reserve_bytes=0, threads=1)


def place(layout: Layout, name: str = "yard.mp4") -> Path:
    return layout.uploads / "project_p" / name


def offer(offering: Offering, told: Told, key: str = "camera:yard", *, h265: bool = False) -> Offer:
    return offering.offer(told, key, "Yard", h265=h265, should_stop=lambda: False, progress=lambda _: None)


def found(offering: Offering, made: Offer) -> Index:
    return index(TOOLS, offering.layout.absolute(made.path))


def shown_at(offering: Offering, made: Offer) -> list[datetime]:
    """The instant at which the edge device will say that each picture was taken."""
    where = found(offering, made)
    assert not where.reorders
    assert where.keyframes[0] == 0
    return [made.start_at + timedelta(microseconds=round(n * where.time_base * 1_000_000)) for n in where.shown]


def nothing_is_left(layout: Layout) -> bool:
    """But the cameras that were entered."""
    made = [path for path in layout.edge.rglob("*") if path.is_file() and path.name != "cameras.json"]
    return not made and not list(layout.incoming.iterdir())


def test_h264_that_can_be_replayed_is_offered_as_it_is(offering: Offering) -> None:
    path = kept_film(place(offering.layout))
    made = offer(offering, Told(path))
    assert (made.path, made.prepared) == ("uploads/project_p/yard.mp4", False)
    assert (made.start_at, made.end_at) == (START, START + timedelta(seconds=2))
    assert shown_at(offering, made) == [START + number * TENTH for number in range(20)]
    camera = offering.book.known("camera:yard")
    assert camera is not None
    assert (camera.token, camera.codec, camera.width, camera.height) == (made.camera_token, "H264", 96, 64)
    assert camera.frames_per_second == pytest.approx(10)


def test_the_same_file_again_is_the_same_offer(offering: Offering) -> None:
    path = kept_film(place(offering.layout, "b.mp4"), *REORDERED)
    made = offer(offering, Told(path))
    written = offering.layout.absolute(made.path).stat()
    assert offer(offering, Told(path)) == made
    assert offering.layout.absolute(made.path).stat() == written
    offering.layout.absolute(made.path).unlink()
    assert offer(offering, Told(path)) == made
    assert offering.layout.absolute(made.path).is_file()


def test_frames_out_of_order_are_put_in_order_each_at_its_own_time(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    assert index(TOOLS, path).reorders
    made = offer(offering, Told(path))
    assert made.prepared
    assert near(shown_at(offering, made), instants(path))
    assert (made.start_at, made.end_at) == (START, START + timedelta(seconds=2))
    assert list(offering.layout.incoming.iterdir()) == []


@pytest.mark.parametrize("name", ["yard.mkv", "yard.ts"])
def test_another_container_is_changed_without_touching_the_pictures(offering: Offering, name: str) -> None:
    plain = kept_film(place(offering.layout, "plain.mp4"))
    path = copied(plain, place(offering.layout, name))
    made = offer(offering, Told(path))
    assert made.prepared
    assert near(shown_at(offering, made), [START + number * TENTH for number in range(20)])
    copy = offering.layout.absolute(made.path)
    assert decoded(copy) == decoded(plain)


@pytest.mark.parametrize("name", ["late.ts", "late.mkv", "late.mp4"])
def test_a_picture_that_begins_after_its_sound_keeps_its_instant(offering: Offering, name: str) -> None:
    late = [
        *PLAIN,
        "-filter:v",
        "settb=1/1000,setpts=PTS+0.7/TB",
        "-fps_mode",
        "passthrough",
        "-c:a",
        "aac",
        "-shortest",
    ]
    path = film(place(offering.layout, name), *late, sound="sine=d=2")
    made = offer(offering, Told(path))
    assert abs(made.start_at - START - timedelta(seconds=0.7)) < timedelta(seconds=0.05)
    assert near(shown_at(offering, made), instants(path))


@pytest.mark.parametrize("options", [PLAIN, REORDERED], ids=["copied", "encoded"])
def test_an_mpeg_clock_that_runs_over_within_the_recording_changes_nothing(
    offering: Offering, options: list[str]
) -> None:
    # It has 33 bits of 90 kHz: at 95443.7 s it begins anew.
    clock = ["-output_ts_offset", "95442.7", "-muxdelay", "0", "-muxpreload", "0"]
    path = film(place(offering.layout, "over.ts"), *options, *clock)
    assert look(TOOLS, path, path.name, lambda: False).begins < 0, "as ffmpeg tells of one that runs over"
    made = offer(offering, Told(path))
    assert (made.start_at, made.end_at) == (START, START + timedelta(seconds=2))
    assert near(shown_at(offering, made), [START + number * TENTH for number in range(20)])


def test_uneven_times_stay_as_they_were(offering: Offering) -> None:
    uneven = [
        "-filter:v",
        "settb=1/1000,setpts=(N*0.05+0.001*N*N)/TB",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1:1000",
    ]
    path = film(place(offering.layout, "uneven.mkv"), *REORDERED, *uneven)
    wanted = instants(path)
    assert len({later - earlier for earlier, later in pairwise(wanted)}) > 10
    made = offer(offering, Told(path))
    assert near(shown_at(offering, made), wanted)


@pytest.mark.parametrize(
    "options",
    [
        ["-c:v", "mpeg4", "-g", "10"],
        ["-pix_fmt", "yuv444p", "-preset", "ultrafast", "-bf", "0"],
        ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-pix_fmt", "yuv420p"],
    ],
    ids=["codec", "pixels", "h265"],
)
def test_what_a_vms_does_not_decode_is_encoded_again(offering: Offering, options: list[str]) -> None:
    path = film(place(offering.layout), *options)
    made = offer(offering, Told(path))
    assert made.prepared
    assert found(offering, made).sets.codec == "H264"
    assert near(shown_at(offering, made), instants(path))


def test_a_picture_that_must_be_turned_is_turned(offering: Offering) -> None:
    plain = kept_film(place(offering.layout, "plain.mp4"))
    path = copied(plain, place(offering.layout), "-metadata:s:v:0", "rotate=90")
    made = offer(offering, Told(path))
    assert made.prepared
    assert (found(offering, made).width, found(offering, made).height) == (64, 96)


def test_what_a_cut_hides_is_not_shown(offering: Offering) -> None:
    """A file cut without encoding keeps pictures before its cut, which its edit list hides."""
    plain = kept_film(place(offering.layout, "plain.mp4"))
    path = copied(plain, place(offering.layout), before=("-ss", "0.55"))
    assert not index(TOOLS, path).whole
    made = offer(offering, Told(path))
    assert made.prepared
    assert made.start_at >= START
    assert near(shown_at(offering, made), instants(path))


@pytest.mark.parametrize("name", ["two.mp4", "two.flv"])
def test_frames_of_a_second_description_are_encoded_again(offering: Offering, name: str) -> None:
    """With the first one's parameter sets they would be garbage."""
    other = film(place(offering.layout, "other.mp4"), *PLAIN, "-x264-params", "cabac=1:ref=4:8x8dct=1")
    both = with_two_descriptions(kept_film(place(offering.layout, "two.mp4")), 10, other)
    assert not index(TOOLS, both).whole
    path = both if name == both.name else copied(both, place(offering.layout, name))
    made = offer(offering, Told(path))
    assert made.prepared
    assert found(offering, made).whole
    assert near(shown_at(offering, made), [START + number * TENTH for number in range(20)])
    assert len(times(offering.layout.absolute(made.path))) == 20, "pictures that cannot be decoded"


def test_h265_is_sent_as_it_is_where_it_is_wanted_and_the_camera_stays_with_it(offering: Offering) -> None:
    parameters = ["-x265-params", "log-level=error:keyint=10:bframes=0"]
    hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *parameters]
    path = film(place(offering.layout, "a.mp4"), *hevc)
    made = offer(offering, Told(path), h265=True)
    assert (made.prepared, found(offering, made).sets.codec) == (False, "H265")
    later = Told(kept_film(place(offering.layout, "b.mp4")), "b2", "b.mp4", start_at=START + timedelta(seconds=5))
    second = offer(offering, later)
    assert (second.prepared, found(offering, second).sets.codec) == (True, "H265")
    assert near(shown_at(offering, second), instants(later.path, START + timedelta(seconds=5)))


def test_sound_alone_is_refused(offering: Offering) -> None:
    sound = film(place(offering.layout, "voice.m4a"), "-c:a", "aac", picture="", sound="sine=d=1")
    with pytest.raises(Unsupported, match=r"yard\.mp4 holds no picture.*another target"):
        offer(offering, Told(sound))
    assert nothing_is_left(offering.layout)


def test_without_a_capture_time_it_is_refused_and_told_what_to_do(offering: Offering) -> None:
    path = film(place(offering.layout), *PLAIN, "-metadata", "date=2024-03-05")
    with pytest.raises(Unsupported, match=r"yard\.mp4 has no capture time.*creation_time=") as refusal:
        offer(offering, Told(path, start_at=None))
    assert "with camera_id, start_time and end_time, or" in str(refusal.value), "the fields as a form has them"
    assert {"camera_id", "start_time", "end_time"} <= set(segment_wish.FIELDS)
    assert nothing_is_left(offering.layout)


def test_the_files_own_time_is_taken_when_nobody_told_another(offering: Offering) -> None:
    own = [*PLAIN, "-metadata", "creation_time=2023-07-01T12:30:45Z"]
    path = film(place(offering.layout), *own)
    made = offer(offering, Told(path, start_at=None))
    assert made.start_at == datetime(2023, 7, 1, 12, 30, 45, tzinfo=UTC)
    other = offer(offering, Told(path, "b2"), "camera:hall")
    assert other.start_at == START


@pytest.mark.parametrize("told", [1.6, 2.0, 9.0, 0.5])
def test_each_frame_is_offered_whatever_end_was_told(offering: Offering, told: float) -> None:
    path = kept_film(place(offering.layout))
    made = offer(offering, Told(path, end_at=START + timedelta(seconds=told)))
    assert made.end_at == START + timedelta(seconds=2)
    claim = offering.book.claimed(made.video_id)
    assert claim is not None
    assert claim.rhythm == Rhythm(0.1)


def test_a_claim_from_before_its_rhythm_was_noted_is_offered_anew(offering: Offering) -> None:
    path = kept_film(place(offering.layout))
    made = offer(offering, Told(path))
    page = next((offering.layout.edge / "videos").rglob("*.json"))
    told = json.loads(page.read_text())
    del told["rhythm"]
    page.write_text(json.dumps(told))
    claim = offering.book.claimed(made.video_id)
    assert claim is not None
    assert claim.rhythm is None
    assert offer(offering, Told(path)) == made
    noted = offering.book.claimed(made.video_id)
    assert noted is not None
    assert noted.rhythm == Rhythm(0.1)


def test_an_overlap_leaves_nothing_prepared(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    first = offer(offering, Told(path))
    second = Told(path, "b2", "second.mp4", start_at=START + timedelta(seconds=1))
    with pytest.raises(Overlap, match=r"second\.mp4.*yard\.mp4"):
        offer(offering, second)
    assert [one.name for one in offering.book.pages.prepared.iterdir()] == ["0a1b.mp4"]
    assert offering.book.offers(first.camera_token) == [first]
    assert offering.book.claimed("b2") is None


def test_a_file_that_is_none_is_refused_and_nothing_stays(offering: Offering) -> None:
    path = place(offering.layout)
    path.parent.mkdir()
    path.write_bytes(b"no film at all" * 1000)
    with pytest.raises(Unsupported, match=r"yard\.mp4 cannot be offered"):
        offer(offering, Told(path))
    assert nothing_is_left(offering.layout)


def test_a_file_that_is_gone_is_tried_again(offering: Offering) -> None:
    with pytest.raises(TransientFailure, match="No such file"):
        offer(offering, Told(place(offering.layout)))


def test_a_nearly_full_disk_is_told_before_anything_is_made(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    with pytest.raises(TransientFailure, match=r"disk is nearly full.*MIN_FREE_BYTES"):
        offer(replace(offering, reserve_bytes=2**62), Told(path))
    assert nothing_is_left(offering.layout)


@pytest.mark.parametrize("name", ["yard.mp4", "yard.mkv"])
def test_a_disk_that_is_slow_now_is_no_reason_to_refuse_it_for_ever(
    offering: Offering, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = copied(kept_film(place(offering.layout, "plain.mp4")), place(offering.layout, name))
    monkeypatch.setattr(backend.offers.index, "_SECONDS", 0.001)
    with pytest.raises(TransientFailure, match=r"yard\.mp4 cannot be offered.*gives it too slowly"):
        offer(offering, Told(path))
    assert nothing_is_left(offering.layout)


def test_two_preparations_at_once_do_not_count_on_the_same_room(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    needs = room_bytes(path.stat().st_size)
    # Room for one, and so much that others take meanwhile.
    one_alone = replace(offering, reserve_bytes=free_bytes(offering.layout.incoming) - needs - needs // 2)
    refused: list[str] = []

    def while_it_is_prepared(_: float) -> None:
        if not refused:
            with pytest.raises(TransientFailure, match="promised to other preparations") as caught:
                offer(one_alone, Told(path, "b2"), "camera:hall")
            refused.append(caught.value.message)

    one_alone.offer(
        Told(path), "camera:yard", "Yard", h265=False, should_stop=lambda: False, progress=while_it_is_prepared
    )  # fmt: skip
    assert refused
    offer(one_alone, Told(path, "b2"), "camera:hall")


def test_a_copy_that_rotted_is_made_anew(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    made = offer(offering, Told(path))
    copy = offering.layout.absolute(made.path)
    whole = copy.read_bytes()
    for rotten in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        copy.write_bytes(rotten)
        again = offer(offering, Told(path))
        assert copy.stat().st_size == again.size_bytes
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == again.sha256


def test_frames_that_are_not_cut_as_the_file_says_are_not_sent_as_they_are(offering: Offering) -> None:
    """Start codes in an MP4, for one: the VMS's every attempt would fail."""
    path = kept_film(place(offering.layout))
    with path.open("r+b") as file:
        file.seek(index(TOOLS, path).places[13])
        file.write(b"\xff\xff")
    assert index(TOOLS, path).whole
    assert offer(offering, Told(path)).prepared


def test_one_that_takes_too_long_never_will_be_taken(offering: Offering) -> None:
    path = film(place(offering.layout), *REORDERED, picture="testsrc2=s=1280x720:r=25:d=4")
    with pytest.raises(PermanentFailure, match="cannot be prepared"):
        offer(replace(offering, longest_seconds=0.05), Told(path))
    assert nothing_is_left(offering.layout)


def test_a_stop_ends_it_at_once_and_nothing_stays(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    with pytest.raises(TransferCancelled):
        offering.offer(Told(path), "camera:yard", "Yard", h265=False, should_stop=lambda: True, progress=lambda _: None)
    assert nothing_is_left(offering.layout)


def test_progress_rises_to_the_whole(offering: Offering) -> None:
    path = kept_film(place(offering.layout), *REORDERED)
    told: list[float] = []
    offering.offer(Told(path), "camera:yard", "Yard", h265=False, should_stop=lambda: False, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_file_outside_the_storage_folder_is_copied(offering: Offering, tmp_path: Path) -> None:
    made = offer(offering, Told(film(tmp_path / "elsewhere.mp4")))
    assert made.prepared
    assert near(shown_at(offering, made), [START + number * TENTH for number in range(20)])
