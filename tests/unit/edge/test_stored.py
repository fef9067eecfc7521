"""Frames of stored files, found by ffprobe and read without it."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.edge import stored
from backend.edge.footage import Frame
from backend.errors import MediaError, Unreadable
from backend.offers.entries import Codec
from backend.offers.index import index
from backend.offers.nal import kind

START = datetime(2024, 1, 1, tzinfo=UTC)
TOOLS = Confinement()


def film(path: Path, *options: str) -> Path:
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=10:d=3", "-pix_fmt", "yuv420p"]
    subprocess.run([*command, "-preset", "ultrafast", "-g", "10", *options, str(path)], check=True, timeout=60)
    return path


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("stored") / "a.mp4")


def test_frames_are_those_that_an_annex_b_copy_has(plain: Path) -> None:
    command = ["ffmpeg", "-v", "error", "-i", str(plain), "-c", "copy", "-f", "h264", "-"]
    copy = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    units = [unit for one in _frames(plain, START) for unit in one.units]
    # Where the parameter sets stand among a keyframe's units is free.
    assert _pictures(units) == _pictures(re.split(b"\0\0\0?\1", copy)[1:])


def _pictures(units: list[bytes]) -> list[bytes]:
    return [one for one in units if kind("H264", one) not in (7, 8)]


def _frames(path: Path, since: datetime) -> list[Frame]:
    return list(stored.frames(path, index(TOOLS, path), START, since))


@pytest.mark.parametrize(("seconds", "first"), [(-5, 0), (0, 0), (0.99, 0), (1, 10), (1.55, 10), (2.0, 20), (99, 20)])
def test_reading_begins_at_the_keyframe_at_or_before(plain: Path, seconds: float, first: int) -> None:
    found = _frames(plain, START + timedelta(seconds=seconds))
    assert [one.at for one in found] == [START + timedelta(seconds=number / 10) for number in range(first, 30)]
    assert found[0].is_keyframe
    assert [kind("H264", unit) for unit in found[0].units][:2] == [7, 8]


def test_a_fragmented_file_is_read_as_well(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", "-movflags", "frag_keyframe+empty_moov")
    assert [one.at for one in _frames(path, START)] == [START + timedelta(seconds=n / 10) for n in range(30)]


def test_sound_beside_the_picture_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=10:d=3", "-f", "lavfi"]
    subprocess.run([*command, "-i", "sine=d=3", "-pix_fmt", "yuv420p", str(path)], check=True, timeout=60)
    assert len(_frames(path, START)) == 30


def test_a_keyframe_that_brings_one_kind_of_parameter_sets_gets_the_others(tmp_path: Path, plain: Path) -> None:
    """A picture's parameters are of no use without the sequence's, which stands in the file's description alone."""
    found = index(TOOLS, plain)
    sps, pps = found.sets.units
    second = found.keyframes[1]
    path = tmp_path / "a.mp4"
    path.write_bytes(plain.read_bytes())
    for brought, sent in (((pps,), [7, 8]), ((sps,), [7, 8]), ((), [7, 8])):
        units = (*brought, *_pictures(list(_frames(plain, START)[second].units)))
        sample = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
        path.write_bytes(plain.read_bytes() + sample)
        found.places[second], found.sizes[second] = plain.stat().st_size, len(sample)
        frame = list(stored.frames(path, found, START, START))[second]
        assert [kind("H264", unit) for unit in frame.units][:2] == sent
        assert _pictures(list(frame.units)) == list(units[len(brought) :])


@pytest.mark.parametrize(
    ("options", "codec", "wanted"),
    [
        (["-bsf:v", "h264_metadata=aud=insert"], "H264", [9, 7, 8]),
        (["-c:v", "libx265", "-x265-params", "log-level=error", "-bsf:v", "hevc_metadata=aud=insert"], "H265",
         [35, 32, 33, 34]),
    ],
)  # fmt: skip
def test_a_keyframe_still_begins_with_its_delimiter(
    tmp_path: Path, options: list[str], codec: Codec, wanted: list[int]
) -> None:
    found = _frames(film(tmp_path / "a.mp4", *options), START)
    assert [kind(codec, unit) for unit in found[0].units][: len(wanted)] == wanted
    assert kind(codec, found[1].units[0]) == wanted[0]


@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.avi"])
def test_another_container_is_unreadable_here(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unreadable, match="MP4"):
        index(TOOLS, film(tmp_path / name))


def test_another_codec_is_unreadable_here(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"H\.264"):
        index(TOOLS, film(tmp_path / "a.mp4", "-c:v", "mpeg4"))


def test_a_file_that_changed_since_is_told(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    found = index(TOOLS, path)
    with path.open("r+b") as file:
        file.truncate(found.places[15] + 3)
    frames = stored.frames(path, found, START, START)
    read = [next(frames) for _ in range(15)]
    assert len(read) == 15
    with pytest.raises(Unreadable, match="within a frame"):
        next(frames)
    path.unlink()
    with pytest.raises(MediaError, match="cannot be opened"):
        next(stored.frames(path, found, START, START))
