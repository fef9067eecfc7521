"""Exports, frame by frame: each instant that was asked for is in the result, once, in order, and told as it is.

Every frame of the footage carries its instant; the results are decoded, and their stored packets are counted as well.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from backend.catalog.gaps import Stretch
from backend.errors import Incomplete, NothingRecorded
from backend.exports import cut as cutting
from backend.exports.chapters import chapters_of
from backend.exports.findings import CameraFindings
from backend.exports.proof import expected, prove
from backend.exports.sources import Source, describe, list_frames
from backend.exports.takes import layout, wanted
from backend.exports.wish import Recording
from tests.services.exporting import export, export_work
from tests.services.media import ffmpeg
from tests.services.stamped import (
    CAMERA,
    HEIGHT,
    WIDTH,
    Film,
    Shot,
    at,
    between,
    loudness,
    record,
    recording,
    watch,
)

SOUND = Shot(fps=25, gop=25, bframes=2, audio=True)
PLAIN = Shot()
OTHER = "22222222-2222-4222-8222-222222222222"


def segments(folder: Path, shot: Shot, extension: str, *bounds: tuple[float, float]) -> list[Recording]:
    return [
        recording(record(folder / f"{start}-{end}.{extension}", start, end, shot), start, end) for start, end in bounds
    ]


def grid_of(first: float, end: float, fps: float) -> list[float]:
    """The instants of frames from `first` up to, and without, `end`."""
    return [round(first + number / fps, 3) for number in range(round((end - first) * fps))]


def lies_right(film: Film, findings: CameraFindings) -> None:
    """Frames lie in the result as far apart as they were recorded, stretch by stretch."""
    assert film.stored == len(film.frames)
    starts = [(stretch.start - at(0)).total_seconds() for stretch in findings.stretches]
    place = 0.0
    for stretch, start in zip(findings.stretches, starts, strict=True):
        length = (stretch.end - stretch.start).total_seconds()
        for time, instant in film.frames:
            if instant is not None and start - 0.0005 <= instant < start + length - 0.0005:
                assert time == pytest.approx(place + instant - start, abs=0.003)
        place += length
    assert film.seconds == pytest.approx(place, abs=0.06)


@pytest.fixture(scope="module", params=["mp4", "ts", "mkv"])
def three(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Recording]:
    """Twelve seconds in a row, with B-frames and sound."""
    folder = tmp_path_factory.mktemp("three")
    return segments(folder, SOUND, request.param, (0, 4), (4, 8), (8, 12))


@pytest.mark.parametrize("form", ["mp4", "mkv"])
def test_a_fast_cut_begins_at_the_keyframe_before_and_tells_it(
    tmp_path: Path, three: list[Recording], form: str
) -> None:
    made, film = export(tmp_path, three[::-1], 1.5, 10.3, format=form)
    findings = made.cameras[0]
    assert (findings.encoded, findings.why_encoded, findings.gaps) == (False, "", ())
    assert findings.given is not None
    assert findings.given.start == at(1)  # a keyframe each second
    assert at(10.3) <= findings.given.end <= at(10.5)
    shown = film.instants()
    assert shown == grid_of(1, (findings.given.end - at(0)).total_seconds(), 25)
    assert film.has_sound()
    lies_right(film, findings)
    assert [used.segment_id for used in findings.sources] == [one.segment_id for one in three]
    assert made.files[0].sha256 == hashlib.sha256(made.files[0].path.read_bytes()).hexdigest()


@pytest.mark.parametrize("form", ["mp4", "mkv"])
def test_an_exact_cut_stores_no_frame_outside_and_each_inside_once(
    tmp_path: Path, three: list[Recording], form: str
) -> None:
    made, film = export(tmp_path, three, 1.52, 10.32, format=form, cut="exact")
    findings = made.cameras[0]
    assert findings.encoded
    assert film.instants() == grid_of(1.52, 10.32, 25)
    assert film.stored == 220
    assert findings.given == between(1.52, 10.32)
    lies_right(film, findings)
    assert [stream["codec_name"] for stream in film.streams[:2]] == ["h264", "aac"]
    assert loudness(made.files[0].path, 0.2, 8.5) > 0.05


def test_the_sound_is_in_step_over_joins(tmp_path: Path) -> None:
    """One second in four has a tone; it is heard there, and silence elsewhere, in both ways of cutting."""
    quiet = "volume='if(between(mod(t,4),1,2),1,0)':eval=frame"
    for extension in ("ts", "mp4"):
        shot = replace(SOUND, extra=("-af", quiet))
        recordings = segments(tmp_path, shot, extension, (0, 4), (4, 8))
        for cut in ("fast", "exact"):
            made, _ = export(tmp_path, recordings, 0, 8, cut=cut)
            path = made.files[0].path
            for start, end in ((1.1, 1.9), (5.1, 5.9)):
                assert loudness(path, start, end) > 0.05
            for start, end in ((0.1, 0.9), (2.1, 4.9), (6.1, 7.9)):
                assert loudness(path, start, end) < 0.002, (extension, cut, start)


@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_gaps_are_told_and_chapters_carry_the_clock(tmp_path: Path, cut: str) -> None:
    recordings = segments(tmp_path, PLAIN, "mp4", (0, 3), (5, 8))
    made, film = export(tmp_path, recordings, 1, 10, cut=cut)
    findings = made.cameras[0]
    assert findings.gaps == (between(3, 5), between(8, 10))
    assert findings.stretches == (between(1, 3), between(5, 8))
    assert film.instants() == grid_of(1, 3, 10) + grid_of(5, 8, 10)
    lies_right(film, findings)
    assert [(start, end) for start, end, _ in film.chapters] == [(0, 2), (2, 5)]
    assert [title for _, _, title in film.chapters] == [
        "2026-11-21T10:00:01.000Z – 2026-11-21T10:00:03.000Z",
        "2026-11-21T10:00:05.000Z – 2026-11-21T10:00:08.000Z",
    ]


@pytest.mark.parametrize("shot", [PLAIN, SOUND], ids=["plain", "sound"])
def test_with_slates_the_result_is_as_long_as_what_was_asked(tmp_path: Path, shot: Shot) -> None:
    recordings = segments(tmp_path, shot, "mp4", (1, 3), (5.4, 7))
    made, film = export(tmp_path, recordings, 0, 8.5, cut="exact", slate=True)
    assert film.seconds == pytest.approx(8.5, abs=0.05)
    assert made.cameras[0].gaps == (between(0, 1), between(3, 5.4), between(7, 8.5))
    shown = [(time, instant) for time, instant in film.frames if instant is not None]
    assert [instant for _, instant in shown] == grid_of(1, 3, shot.fps) + grid_of(5.4, 7, shot.fps)
    for time, instant in shown:
        assert time == pytest.approx(instant, abs=0.003)
    assert [title.startswith("No recording: ") for _, _, title in film.chapters] == [True, False, True, False, True]
    if shot.audio:
        assert loudness(made.files[0].path, 3.1, 5.3) < 0.002
        assert loudness(made.files[0].path, 5.6, 6.8) > 0.05


@pytest.mark.parametrize("cut", ["fast", "exact"])
@pytest.mark.parametrize(
    "bounds",
    [
        ((0, 4), (2.7, 7)),  # overlapping, with keyframes that do not meet
        ((0, 6), (1, 3), (5.5, 8)),  # one within another
        ((0, 4), (0, 4), (4, 6)),  # the same twice
        ((3.3, 6), (0, 3.5), (2, 4)),  # three at once, out of order
    ],
    ids=str,
)
@pytest.mark.parametrize("bframes", [0, 2])
def test_where_segments_overlap_no_instant_is_shown_twice(
    tmp_path: Path, cut: str, bounds: tuple[tuple[float, float], ...], bframes: int
) -> None:
    shot = replace(PLAIN, bframes=bframes)
    recordings = [recording(record(tmp_path / f"{number}.mp4", *one, shot), *one) for number, one in enumerate(bounds)]
    end = max(one[1] for one in bounds)
    made, film = export(tmp_path, recordings, 0, end, cut=cut)
    assert film.instants() == grid_of(0, end, 10)
    assert made.cameras[0].gaps == ()
    lies_right(film, made.cameras[0])


@pytest.mark.parametrize(
    ("second", "extension", "words"),
    [
        (replace(PLAIN, size=(320, 192)), "mp4", "size of the picture"),
        (replace(PLAIN, codec="libx265"), "mp4", "codec"),
        (PLAIN, "ts", "kind of file"),
        (replace(PLAIN, audio=True), "mp4", "some have none"),
        (replace(PLAIN, extra=("-profile:v", "baseline")), "mp4", "profile"),
    ],
    ids=["size", "codec", "container", "sound", "profile"],
)
def test_recordings_that_differ_are_encoded_and_the_reason_is_told(
    tmp_path: Path, second: Shot, extension: str, words: str
) -> None:
    recordings = segments(tmp_path, PLAIN, "mp4", (0, 2)) + segments(tmp_path, second, extension, (2, 4))
    made, film = export(tmp_path, recordings, 0.5, 3.5)
    assert made.cameras[0].encoded
    assert words in made.cameras[0].why_encoded
    assert film.instants() == grid_of(0.5, 3.5, 10)
    lies_right(film, made.cameras[0])
    if second.audio:
        assert loudness(made.files[0].path, 0.1, 1.4) < 0.002
        assert loudness(made.files[0].path, 1.7, 2.8) > 0.05


@pytest.mark.parametrize(
    ("shot", "extension"),
    [
        (replace(SOUND, extra=("-output_ts_offset", "1234.56")), "mp4"),
        (replace(SOUND, extra=("-output_ts_offset", "5000.7")), "ts"),
        (replace(SOUND, extra=("-output_ts_offset", "95441")), "ts"),  # its clock begins anew within it
        (replace(PLAIN, codec="libx265", bframes=2), "ts"),  # open groups of pictures
        (replace(PLAIN, codec="libx265", bframes=2), "mp4"),
        (replace(PLAIN, fps=30000 / 1001, gop=30), "mp4"),
        (replace(PLAIN, fps=1, gop=2), "mp4"),
        (replace(PLAIN, extra=("-movflags", "frag_keyframe+empty_moov")), "mp4"),
    ],
    ids=["late", "late-ts", "wrap", "hevc-ts", "hevc", "29.97", "one-a-second", "fragments"],
)
@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_whatever_a_files_own_clock_says_instants_are_right(
    tmp_path: Path, shot: Shot, extension: str, cut: str
) -> None:
    length = 4.004 if shot.gop == 30 else 4
    recordings = segments(tmp_path, shot, extension, (0, length), (length, 2 * length))
    made, film = export(tmp_path, recordings, 2 * length / 4, 7, cut=cut)
    shown, findings = film.instants(), made.cameras[0]
    assert findings.encoded == (cut == "exact"), findings.why_encoded
    assert shown[0] == pytest.approx(2, abs=0.04)
    assert shown[-1] >= 7 - 1.05 / shot.fps
    assert shown[-1] < 7 or cut == "fast"
    steps = [after - before for before, after in itertools.pairwise(shown)]
    assert steps == pytest.approx([1 / shot.fps] * len(steps), abs=0.0021)
    assert findings.gaps == ()
    assert film.stored == len(shown)


def test_frames_that_a_source_hides_never_come_into_a_result(tmp_path: Path) -> None:
    whole = record(tmp_path / "whole.mp4", 0, 6, PLAIN)
    clip = tmp_path / "clip.mp4"
    ffmpeg("-ss", "1.5", "-i", whole, "-c", "copy", clip)  # stores from second 1 on, and shows from 1.5
    for cut in ("fast", "exact"):
        made, film = export(tmp_path, [recording(clip, 1.5, 6)], 1.5, 5, cut=cut)
        assert film.instants() == grid_of(1.5, 5, 10)
        assert film.stored == 35
        assert made.cameras[0].encoded


def test_frames_keep_their_cadence(tmp_path: Path) -> None:
    skipped = (1.2, 1.3, 1.4, 2.7)
    path = record(tmp_path / "a.mp4", 0, 4, PLAIN, without=skipped)
    for cut in ("fast", "exact"):
        made, film = export(tmp_path, [recording(path, 0, 4)], 0, 4, cut=cut)
        assert film.instants() == [instant for instant in grid_of(0, 4, 10) if instant not in skipped]
        lies_right(film, made.cameras[0])
        assert made.cameras[0].gaps == ()


@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_a_hole_within_a_file_is_a_gap_and_told(tmp_path: Path, cut: str) -> None:
    path = record(tmp_path / "a.mp4", 0, 6, PLAIN, without=grid_of(2, 4, 10))
    with pytest.raises(Incomplete, match=r"a\.mp4: It has no frames that can be shown for 2 s in the middle"):
        export(tmp_path, [recording(path, 0, 6)], 0, 6, cut=cut)
    made, film = export(tmp_path, [recording(path, 0, 6)], 0, 6, cut=cut, incomplete="partial")
    assert made.cameras[0].gaps == (between(2, 4),)
    assert film.instants() == grid_of(0, 2, 10) + grid_of(4, 6, 10)
    lies_right(film, made.cameras[0])


@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_what_cannot_be_had_is_named_and_never_left_out_in_silence(tmp_path: Path, cut: str) -> None:
    good = segments(tmp_path, PLAIN, "mp4", (0, 2))[0]
    short = recording(record(tmp_path / "short.mp4", 2, 3, PLAIN), 2, 4)
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(record(tmp_path / "whole.mp4", 4, 6, PLAIN).read_bytes()[:900])
    missing = replace(recording(None, 6, 8), trouble="It is gone.", trouble_kind="missing")
    tone = tmp_path / "tone.mp4"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2", tone)
    recordings = [good, short, recording(torn, 4, 6), missing, recording(tone, 8, 10)]
    with pytest.raises(Incomplete) as told:
        export(tmp_path, recordings, 0, 10, cut=cut)
    found = [(one["kind"], one["filename"]) for one in told.value.problems]
    names = [("corrupt", "short.mp4"), ("corrupt", "tone.mp4"), ("corrupt", "torn.mp4"), ("missing", "gone.mp4")]
    assert sorted(found) == names
    made, film = export(tmp_path, recordings, 0, 10, cut=cut, incomplete="partial")
    assert film.instants() == grid_of(0, 3, 10)
    assert made.cameras[0].gaps == (between(3, 10),)
    assert {one.filename for one in made.cameras[0].problems} == {"short.mp4", "torn.mp4", "gone.mp4", "tone.mp4"}
    assert made.cameras[0].lacking == list(made.cameras[0].problems)


def test_a_row_that_was_rounded_to_whole_seconds_is_a_gap_that_is_told_and_no_damage(tmp_path: Path) -> None:
    rounded = [
        recording(record(tmp_path / f"{start}.mp4", start, start + 1.3, PLAIN), start, start + 2) for start in (0, 2)
    ]
    made, film = export(tmp_path, rounded, 0, 4, cut="exact")
    assert film.instants() == grid_of(0, 1.3, 10) + grid_of(2, 3.3, 10)
    assert (made.cameras[0].gaps, made.cameras[0].problems) == ((between(1.3, 2), between(3.3, 4)), ())


def test_what_another_recording_shows_as_well_is_told_and_no_failure(tmp_path: Path) -> None:
    good = segments(tmp_path, PLAIN, "mp4", (0, 4))[0]
    bad = replace(recording(None, 1, 3), trouble="Its bytes are not those that were saved.", trouble_kind="corrupt")
    made, film = export(tmp_path, [good, bad], 0, 4)
    assert film.instants() == grid_of(0, 4, 10)
    assert [one.kind for one in made.cameras[0].problems] == ["corrupt"]
    assert made.cameras[0].lacking == []


@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_a_time_between_two_frames_is_called_too_short_and_not_unrecorded(tmp_path: Path, cut: str) -> None:
    recorded = segments(tmp_path, PLAIN, "mp4", (0, 2))
    with pytest.raises(NothingRecorded, match="too short to hold a picture"):
        export(tmp_path, recorded, 1.05, 1.06, cut=cut)


def test_without_any_footage_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NothingRecorded):
        export(tmp_path, [], 0, 4)
    with pytest.raises(NothingRecorded):
        export(tmp_path, segments(tmp_path, PLAIN, "mp4", (0, 2)), 2, 4)
    gone = replace(recording(None, 0, 4), trouble="It is gone.", trouble_kind="missing")
    with pytest.raises(Incomplete):
        export(tmp_path, [gone], 0, 4, incomplete="partial")


@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_bytes_damaged_in_the_middle_never_shorten_a_result_in_silence(tmp_path: Path, cut: str) -> None:
    path = record(tmp_path / "a.ts", 0, 6, replace(PLAIN, size=(320, 192)))
    data = bytearray(path.read_bytes())
    packet = 188
    third = len(data) // packet // 3 * packet
    data[third : 2 * third] = bytes(third)
    path.write_bytes(data)
    with pytest.raises(Incomplete):
        export(tmp_path, [recording(path, 0, 6)], 0, 6, cut=cut)
    made, film = export(tmp_path, [recording(path, 0, 6)], 0, 6, cut=cut, incomplete="partial")
    assert made.cameras[0].gaps
    assert film.stored == len(film.frames)


def test_each_camera_has_its_own_file(tmp_path: Path) -> None:
    first = segments(tmp_path, PLAIN, "mp4", (0, 4))
    second = [replace(one, camera_id=OTHER) for one in segments(tmp_path, PLAIN, "mp4", (1, 3))]
    made, film = export(tmp_path, [*first, *second], 0, 4, camera_ids=(CAMERA, OTHER, "nothing"))
    assert [one.camera_id for one in made.files] == [CAMERA, OTHER]
    assert film.instants() == grid_of(0, 4, 10)
    assert watch(made.files[1].path).instants() == grid_of(1, 3, 10)
    assert [one.given for one in made.cameras] == [between(0, 4), between(1, 3), None]
    assert made.cameras[2].gaps == (between(0, 4),)


def test_a_grid_shows_all_cameras_on_one_line_of_time(tmp_path: Path) -> None:
    first = segments(tmp_path, PLAIN, "mp4", (0, 2), (3, 4))
    (tmp_path / "other").mkdir()
    second = [replace(one, camera_id=OTHER) for one in segments(tmp_path / "other", SOUND, "ts", (1, 4))]
    made, _ = export(tmp_path, [*first, *second], 0, 4, camera_ids=(CAMERA, OTHER), layout="grid")
    path = made.files[0].path
    label = max(16, HEIGHT // 12)
    left = watch(path, crop=f"{WIDTH}:{HEIGHT}:0:{label}")
    right = watch(path, crop=f"{WIDTH}:{HEIGHT}:{WIDTH}:{label}")
    assert left.seconds == pytest.approx(4, abs=0.05)
    for film, there, fps in ((left, ((0, 2), (3, 4)), 10), (right, ((1, 4),), 25)):
        for time, instant in film.frames:
            recorded = any(start - 0.001 <= time < end - 0.001 for start, end in there)
            assert (instant is not None) == recorded, time
            if instant is not None:
                assert abs(time - instant) <= 1 / fps + 0.002
    assert len(left.frames) == 100
    assert [one.gaps for one in made.cameras] == [(between(2, 3),), (between(0, 1),)]
    assert loudness(path, 0.1, 0.9) < 0.002
    assert loudness(path, 1.5, 3.5) > 0.05
    assert [title for _, _, title in left.chapters][1].endswith("10:00:02.000Z")
    assert OTHER in left.chapters[0][2]


def test_hundreds_of_parts_are_copied_in_one_run(tmp_path: Path) -> None:
    """ffmpeg takes no sum of a hundred terms: what tells it which packets to keep is longer than that."""
    path = record(tmp_path / "a.mp4", 0, 60, replace(PLAIN, gop=5))
    work = export_work(tmp_path / "workspace")
    found = describe(path, work)
    source = Source(recording(path, 0, 60), path, found, list_frames(path, found, work))
    [whole] = wanted([source], between(0, 60)).takes
    shown = [*source.listing.shown, whole.run.end]
    takes = [
        replace(
            whole, first=first, end=end, bounds=Stretch(source.at(first), source.at(end)), follows=first != whole.first
        )
        for first, end in itertools.pairwise(shown[::5])
    ]
    placed = layout(takes)
    cutting.copy(takes, placed, chapters_of(takes, placed), "mp4", "a.mp4", work)
    assert len(takes) == 120
    prove(work.workspace / "a.mp4", expected(takes, placed), sound=False, work=work)
    assert watch(work.workspace / "a.mp4").instants() == grid_of(0, 60, 10)
