"""Replay, judged by GStreamer's `rtspsrc onvif-mode=true` and by ffmpeg: every frame, every time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from backend.offers.entries import Codec
from tests.contract.edge_site import (
    GOP,
    PASSWORD,
    RATE,
    SECONDS,
    START,
    USER,
    Shelf,
    film,
    pictures,
    pull,
    serving,
)

CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10
COUNT = SECONDS * RATE
FRAME = timedelta(seconds=1 / RATE)
# The second film goes on where the first one ends, the third comes after a gap.
STARTS = (START, START + timedelta(seconds=SECONDS), START + timedelta(seconds=20))
TIMES = [at + number * FRAME for at in STARTS for number in range(COUNT)]
pytestmark = pytest.mark.service  # needs GStreamer


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    return [film(folder, f"{number}.mp4", number=number) for number in range(3)]


@pytest.fixture(scope="module")
def shown(films: list[Path]) -> list[str]:
    """The hash of each picture in the line of time."""
    return [one for path in films for one in pictures(path)]


@pytest.fixture(scope="module")
def url(films: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    shelf = Shelf()
    for path, at in zip(films, STARTS, strict=True):
        shelf.put("yard", path, at)
    with serving(shelf, tmp_path_factory.mktemp("log")) as listening:
        yield f"rtsp://127.0.0.1:{listening.rtsp_port}/replay/yard"


def test_every_frame_comes_once_with_its_picture_and_its_time(tmp_path: Path, url: str, shown: list[str]) -> None:
    pulled = pull(tmp_path / "all", url)
    assert pulled.said == "end"
    assert pulled.times == TIMES
    assert pictures(pulled.stream) == shown
    first = pulled.sequences[0]
    assert pulled.sequences == [(first + number) % 65536 for number in range(len(pulled.sequences))]
    assert {one.request_number for one in pulled.frames} == {pulled.frames[0].request_number}


def test_marks_tell_keyframes_gaps_and_the_end(tmp_path: Path, url: str) -> None:
    frames = pull(tmp_path / "marks", url).frames
    assert [n for n, one in enumerate(frames) if one.flags & CLEAN] == list(range(0, 3 * COUNT, GOP))
    assert [n for n, one in enumerate(frames) if one.flags & DISCONTINUITY] == [0, 2 * COUNT]
    assert [n for n, one in enumerate(frames) if one.flags & END] == [2 * COUNT - 1, 3 * COUNT - 1]
    assert [n for n, one in enumerate(frames) if one.flags & TERMINAL] == [3 * COUNT - 1]


def test_rtp_timestamps_are_those_of_the_recording_across_a_gap(tmp_path: Path, url: str) -> None:
    frames = pull(tmp_path / "ticks", url).frames
    first = frames[0]
    for one in frames:
        ticks = round((one.at - first.at).total_seconds() * 90_000)
        assert (one.timestamp - first.timestamp) % 2**32 == ticks


def test_a_start_within_a_group_of_pictures_brings_the_keyframe_before_it(
    tmp_path: Path, url: str, shown: list[str]
) -> None:
    pulled = pull(tmp_path / "middle", url, start=STARTS[1] + 40 * FRAME)
    assert pulled.said == "end"
    assert pulled.times == TIMES[COUNT + GOP :]
    assert pictures(pulled.stream) == shown[COUNT + GOP :]


def test_a_closed_range_ends_before_its_end_and_crosses_the_gap(tmp_path: Path, url: str, shown: list[str]) -> None:
    pulled = pull(tmp_path / "closed", url, start=STARTS[1] + 60 * FRAME, stop=STARTS[2] + 30 * FRAME)
    assert pulled.said == "end"
    assert pulled.times == TIMES[COUNT + 2 * GOP : 2 * COUNT + 30]
    assert pictures(pulled.stream) == shown[COUNT + 2 * GOP : 2 * COUNT + 30]
    assert pulled.frames[-1].flags & TERMINAL
    assert not pulled.frames[-1].flags & END


def test_a_start_in_a_gap_begins_after_it(tmp_path: Path, url: str, shown: list[str]) -> None:
    pulled = pull(tmp_path / "gap", url, start=START + timedelta(seconds=15))
    assert pulled.times == TIMES[2 * COUNT :]
    assert pictures(pulled.stream) == shown[2 * COUNT :]


def test_clients_at_once_get_all_of_it_each(tmp_path: Path, url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        every = list(pool.map(lambda n: pull(tmp_path / str(n), url, start=STARTS[n % 3]), range(4)))
    assert [one.said for one in every] == ["end"] * 4
    assert [one.times for one in every] == [TIMES[n % 3 * COUNT :] for n in range(4)]


def test_a_wrong_password_gets_nothing(tmp_path: Path, url: str) -> None:
    pulled = pull(tmp_path / "wrong", url, password="guessed")
    assert "Unauthorized" in pulled.said
    assert not pulled.sequences


def test_h265_is_passed_as_it_is(tmp_path: Path) -> None:
    codec: Codec = "H265"
    path = film(tmp_path, "hevc.mp4", codec="libx265", options=["-tag:v", "hvc1"])
    shelf = Shelf()
    shelf.put("hall", path, START, codec)
    with serving(shelf, tmp_path) as listening:
        address = f"rtsp://127.0.0.1:{listening.rtsp_port}/replay/hall"
        pulled = pull(tmp_path / "pulled", address, start=START + 60 * FRAME, codec=codec)
    assert pulled.said == "end"
    assert pulled.times == TIMES[2 * GOP : COUNT]
    # With start codes and no container, ffmpeg tells by the name what it is.
    stream = pulled.stream.rename(tmp_path / "stream.h265")
    assert pictures(stream) == pictures(path)[2 * GOP :]


def test_frames_shown_in_another_order_keep_their_own_times(tmp_path: Path) -> None:
    """B-frames: sent in decoding order, each with the time it is shown at."""
    path = film(tmp_path, "b.mp4", options=["-bf", "2", "-preset", "medium"])
    shelf = Shelf()
    shelf.put("door", path, START)
    with serving(shelf, tmp_path) as listening:
        pulled = pull(tmp_path / "pulled", f"rtsp://127.0.0.1:{listening.rtsp_port}/replay/door")
    assert shelf.files["door"][0][2].reorders
    assert sorted(pulled.times) == TIMES[:COUNT]
    assert pulled.times != TIMES[:COUNT]
    assert pictures(pulled.stream) == pictures(path)


def test_a_file_that_breaks_off_is_a_gap_and_not_the_end(tmp_path: Path, films: list[Path], shown: list[str]) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(films[0].read_bytes())
    shelf = Shelf()
    shelf.put("gate", broken, STARTS[0])
    shelf.put("gate", films[1], STARTS[1])
    places = shelf.files["gate"][0][2].places
    with broken.open("r+b") as file:
        file.truncate(places[30])
    with serving(shelf, tmp_path) as listening:
        pulled = pull(tmp_path / "pulled", f"rtsp://127.0.0.1:{listening.rtsp_port}/replay/gate")
    assert pulled.times == TIMES[:30] + TIMES[COUNT : 2 * COUNT]
    assert pulled.frames[29].flags & END
    assert pulled.frames[30].flags & DISCONTINUITY
    assert "edge_unreadable" in (tmp_path / "video_uploads.log").read_text()


def test_ffmpeg_plays_it_as_a_plain_stream(url: str, shown: list[str]) -> None:
    """It knows nothing of ONVIF: it signs by digest, and is served at the recorded speed without the gaps."""
    signed = url.replace("rtsp://", f"rtsp://{USER}:{quote(PASSWORD)}@")
    with ThreadPoolExecutor(1) as beside:  # both take as long as was recorded
        decoded = beside.submit(pictures, signed, "-rtsp_transport", "tcp")
        told = packets(signed)
    assert decoded.result() == shown
    assert len(told) == 3 * COUNT
    times = [float(one["pts_time"]) for one in told[1:]]
    assert times == pytest.approx([n / RATE for n in range(1, 3 * COUNT)], abs=0.002)
    assert [n for n, one in enumerate(told) if "K" in one["flags"]] == list(range(0, 3 * COUNT, GOP))


def packets(signed: str) -> list[dict[str, str]]:
    """As ffprobe gets them."""
    entries = ["-show_entries", "packet=pts_time,flags"]
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", *entries, "-of", "json", signed]
    answer = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    found: list[dict[str, str]] = json.loads(answer)["packets"]
    return found


def test_the_description_tells_the_recorded_span(url: str) -> None:
    signed = url.replace("rtsp://", f"rtsp://{USER}:{quote(PASSWORD)}@")
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-show_entries"]
    told = subprocess.run(
        [*command, "stream=codec_name,width,height,profile", "-of", "csv=p=0", signed],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    ).stdout
    assert told.split(",")[0] == "h264"
    assert told.strip().split(",")[-2:] == ["160", "96"]
