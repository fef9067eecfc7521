"""Segments that are after something: through every input of an export, no other file is read and nothing is let out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from backend.confine import Chapter, Chapters, Confinement, Follower, Following, Inputs, Limits, Picture
from backend.errors import MediaError, MediaStopped
from backend.exports.making import make
from tests.services.exporting import Told, export, export_work, wish
from tests.services.hostile_media import Lure, lures, make_siblings, put_siblings
from tests.services.media import brightness, ffmpeg, ffprobe, make_video, still_running
from tests.services.process import find_program
from tests.services.sampling import sample
from tests.services.stamped import between, record, recording

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(seconds=20, cpu_seconds=10, memory_bytes=512 * 1024**2, output_bytes=16 * 1024**2)
_OPENED = re.compile(r'\b(?:open|openat|openat2|creat)\((?:AT_FDCWD, )?"([^"]*)"')
_LISTS = [
    lure for lure in lures() if lure.kind in ("ffconcat", "concat-without-head", "hls", "hls-master", "m3u", "dash")
]
_JOIN = ["-i", "SOURCE_LIST", "-map", "0:v", "-c", "copy", "out.mkv"]

pytestmark = pytest.mark.service


@pytest.fixture(params=[True, False], ids=["bubblewrap", "plain"])
def tools(request: pytest.FixtureRequest) -> Confinement:
    return Confinement(bubblewrap=request.param)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_siblings(tmp_path_factory.mktemp("secrets"))


@pytest.fixture
def place(tmp_path: Path, secrets: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    (tmp_path / "workspace").mkdir()
    put_siblings(folder, secrets)
    return folder


def join(tools: Confinement, workspace: Path, *paths: Path) -> Path | None:
    """The files in a row, copied; None when nothing came of it."""
    files = Following(tuple(Follower(path, duration_us=1_000_000) for path in paths))
    try:
        tools.ffmpeg(_JOIN, inputs={"SOURCE_LIST": files}, workspace=workspace, limits=LIMITS)
    except MediaError:
        return None
    return workspace / "out.mkv"


@pytest.mark.parametrize("lure", sample(_LISTS, 30), ids=str)
def test_a_list_dressed_as_a_segment_opens_nothing_in_a_row(tools: Confinement, place: Path, lure: Lure) -> None:
    source, workspace = lure.write(place, port=9), place.parent / "workspace"
    dark = make_video(place / "dark.mp4", seconds=1, codec="libx264", picture="color=black", audio=False)
    for order in ((source,), (dark, source), (source, dark)):
        made = join(tools, workspace, *order)
        if made is not None and ffprobe(made)["streams"]:
            ffmpeg("-i", made, "-update", "1", workspace / "last.png")
            assert brightness(workspace / "last.png") < 60
            assert float(ffprobe(made)["format"].get("duration", 0)) < 1.2
    assert still_running(place.parent) == []


def test_the_same_row_does_show_the_other_file_without_the_doors_lists(place: Path) -> None:
    """So that the test above proves something."""
    source = Lure("ffconcat", "sibling", "mp4").write(place, port=9)
    (place / "list").write_text(f"ffconcat version 1.0\nfile {source.name}\n")
    ffmpeg("-f", "concat", "-i", place / "list", "-frames:v", "1", place / "shown.png")
    assert brightness(place / "shown.png") > 200


@pytest.mark.parametrize("cut", ["fast", "exact"])
def test_a_playlist_among_segments_is_a_problem_by_name(tmp_path: Path, secrets: Path, cut: str) -> None:
    put_siblings(tmp_path, secrets)
    good = recording(record(tmp_path / "good.mp4", 0, 2), 0, 2)
    for kind in ("ffconcat", "hls"):
        for address in ("sibling", "absolute", "itself"):
            lure = Lure(kind, address, "mp4").write(tmp_path, port=9)
            made, film = export(tmp_path, [good, recording(lure, 2, 3)], 0, 3, cut=cut, incomplete="partial")
            assert [(one.kind, one.filename) for one in made.cameras[0].problems] == [("corrupt", "upload.mp4")]
            assert len(film.instants()) == len(film.frames) == 20


def test_no_call_of_the_kernel_opens_another_file(tmp_path: Path, secrets: Path) -> None:
    """Each list in a row with a good file, without bubblewrap, under strace."""
    good = make_video(tmp_path / "good.mp4", seconds=1, codec="libx264", audio=False)
    written = []
    for lure in _LISTS:
        folder = tmp_path / str(lure)
        folder.mkdir()
        put_siblings(folder, secrets)
        written.append(lure.write(folder, port=9))
    (tmp_path / "workspace").mkdir()
    script = (
        "import sys; from pathlib import Path; from backend.confine import *; from backend.errors import MediaError\n"
        "tools, good, room = Confinement(bubblewrap=False), Path(sys.argv[1]), Path(sys.argv[2])\n"
        "for name in sys.argv[3:]:\n"
        "    row = Following((Follower(good), Follower(Path(name)), Follower(good)))\n"
        "    try:\n"
        f"        tools.ffmpeg({_JOIN!r}, inputs={{'SOURCE_LIST': row}}, workspace=room,"
        " limits=Limits(20, 10, 2**29, 2**24))\n"
        "    except MediaError:\n        pass\n"
    )
    trace = tmp_path / "trace"
    calls = "trace=open,openat,openat2,creat,connect,execve"
    command = [find_program("strace", package="strace"), "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", calls,
               "-o", str(trace), sys.executable, "-c", script, str(good), str(tmp_path / "workspace")]  # fmt: skip
    subprocess.run([*command, *map(str, written)], check=True, cwd=ROOT, timeout=200)
    lines = trace.read_text(errors="replace").splitlines()
    opened = {name for line in lines for name in _OPENED.findall(line)}
    assert sum('/ffmpeg"' in line and "execve" in line for line in lines) > len(_LISTS)
    assert any(name.endswith("video1.mp4") for name in opened)  # the trace does show what is opened
    assert [name for name in opened if "secret" in name or name.startswith(("http", "tcp"))] == []
    assert [line for line in lines if "connect(" in line and "AF_INET" in line] == []


@pytest.mark.parametrize("name", ["a'b.mp4", "file x\nfile y.mp4", "100%d.mp4", "#a=b;c.mp4", "-y.mp4", "é—中.mp4"])
def test_a_name_in_a_row_is_never_more_than_a_name(tools: Confinement, place: Path, name: str) -> None:
    workspace = place.parent / "workspace"
    first, second = (make_video(place / f"{number}.mp4", seconds=1, codec="libx264", audio=False) for number in "12")
    named = first.rename(place / name)
    made = join(tools, workspace, named, second)
    assert made is not None
    assert float(ffprobe(made)["format"]["duration"]) == pytest.approx(2, abs=0.1)


def test_chapters_and_pictures_are_taken_as_they_are(tools: Confinement, place: Path) -> None:
    titles = ["a=b;c#d\\e\nf", "[CHAPTER]", ";FFMETADATA1", "file '/etc/passwd'", "–"]
    chapters = Chapters(tuple(Chapter(number, number + 1, title) for number, title in enumerate(titles)))
    light = Picture(64, 48, bytes([230]) * 64 * 48)
    arguments = ["-i", "SOURCE_PICTURE", "-i", "SOURCE_CHAPTERS", "-map", "0:v", "-map_chapters", "1", "out.mkv"]
    workspace = place.parent / "workspace"
    inputs: Inputs = {"SOURCE_PICTURE": light, "SOURCE_CHAPTERS": chapters}
    tools.ffmpeg(arguments, inputs=inputs, workspace=workspace, limits=LIMITS)
    told = ffprobe(workspace / "out.mkv")
    assert [one["tags"]["title"] for one in told["chapters"]] == titles
    ffmpeg("-i", workspace / "out.mkv", "-update", "1", workspace / "shown.png")
    assert brightness(workspace / "shown.png") > 200


@pytest.mark.parametrize(
    "arguments",
    [
        ["-i", "SOURCE_OTHER", "a.mkv"],
        ["-f", "concat", "-i", "SOURCE_LIST", "a.mkv"],
        ["-safe", "0", "-i", "SOURCE_LIST", "a.mkv"],
        ["-i", "SOURCE_LIST", "SOURCE_LIST"],
        ["-i", "SOURCE_LIST", "-metadata", "SOURCE_LIST", "a.mkv"],
    ],
    ids=" ".join,
)
def test_a_mistake_in_the_program_is_refused(tools: Confinement, place: Path, arguments: list[str]) -> None:
    inputs = {"SOURCE_LIST": Following((Follower(place / "a.mp4"),))}
    with pytest.raises(ValueError, match=r"."):
        tools.ffmpeg(arguments, inputs=inputs, workspace=place.parent / "workspace", limits=LIMITS)


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing"])
def test_what_is_no_plain_file_is_not_waited_for(tools: Confinement, place: Path, kind: str) -> None:
    path = place / "a.mp4"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    assert join(tools, place.parent / "workspace", path) is None


@pytest.mark.parametrize(("cut", "times"), [("fast", 1), ("fast", 5), ("exact", 12)])
def test_it_stops_when_it_is_told_to_and_leaves_nothing_running(tmp_path: Path, cut: str, times: int) -> None:
    recordings = [recording(record(tmp_path / f"{start}.mp4", start, start + 2), start, start + 2) for start in (0, 2)]
    looks = threading.Semaphore(times)

    def should_stop() -> bool:
        return not looks.acquire(blocking=False)

    with pytest.raises(MediaStopped):
        make(wish(between(0, 4), cut=cut), recordings, export_work(tmp_path / "workspace", should_stop=should_stop))
    assert still_running(tmp_path) == []


@pytest.mark.parametrize("chosen", [{"cut": "fast"}, {"cut": "exact", "slate": True}], ids=str)
def test_progress_only_grows_and_says_what_is_done(tmp_path: Path, chosen: dict[str, object]) -> None:
    recordings = [recording(record(tmp_path / f"{start}.mp4", start, start + 2), start, start + 2) for start in (0, 3)]
    told = Told()
    make(wish(between(0, 5), **chosen), recordings, export_work(tmp_path / "workspace", told))
    done = [share for share, _ in told.steps]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 1)
    assert all(phase for _, phase in told.steps)
