"""Uploads that are after something: no other file is shown, no connection made, no limit outlived.

What is not in bubblewrap is forked, not executed, and under strace: `tools` sees to it that nothing else is opened.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.confine import SOURCE, Confinement, Limits
from backend.errors import MediaError, OverLimit, Unreadable
from tests.contract.making_media import make
from tests.contract.traced_media import TracedMedia
from tests.services.hostile_media import (
    Lure,
    deeply_nested,
    elsewhere,
    endless_samples,
    enormous_picture,
    far_apart,
    linked_segment,
    lures,
    make_siblings,
    many_boxes,
    put_siblings,
)
from tests.services.media import brightness, ffmpeg, make_picture, make_video, still_running
from tests.services.sampling import sample

MIB = 1024**2
LIMITS = Limits(seconds=20, cpu_seconds=10, memory_bytes=256 * MIB, output_bytes=16 * MIB)
_WHITE = 200

pytestmark = pytest.mark.service  # some minutes on a busy machine


_WALLED = Confinement()


@pytest.fixture
def plain(traced: TracedMedia, tmp_path: Path) -> Iterator[Confinement]:
    """Without bubblewrap. Nothing but the upload may be opened, and what is in the workspace."""
    with traced.door() as tools:
        yield tools
    own = (f"{tmp_path}/place/upload.", f"{tmp_path}/workspace/")
    others = [name for name in traced.opened() if not name.startswith(own)]
    assert [name for name in others if "/" in name or "secret" in name] == []


@pytest.fixture(params=["bubblewrap", "plain"])
def tools(request: pytest.FixtureRequest) -> Confinement:
    if request.param == "bubblewrap":
        return _WALLED
    forked: Confinement = request.getfixturevalue("plain")
    return forked


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_siblings(tmp_path_factory.mktemp("secrets"))


@pytest.fixture
def place(tmp_path: Path, secrets: Path) -> Path:
    """A folder with the secrets in it, for the upload; beside it, an empty workspace."""
    folder = tmp_path / "place"
    folder.mkdir()
    (tmp_path / "workspace").mkdir()
    put_siblings(folder, secrets)
    return folder


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Whoever connects is in its backlog."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def port(listener: socket.socket) -> int:
    number: int = listener.getsockname()[1]
    return number


def nobody_connected(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def attempts(tools: Confinement, source: Path, workspace: Path) -> list[bytes | str | MediaError]:
    """Reading it and making a picture of it; what came of each."""
    picture = ["-i", SOURCE, "-frames:v", "1", "-update", "1", "picture.png"]
    runs: list[Callable[[], bytes | str]] = [
        lambda: tools.ffprobe(["-show_format", "-show_streams", "-i", SOURCE], source=source, limits=LIMITS),
        lambda: tools.ffmpeg(picture, source=source, workspace=workspace, limits=LIMITS),
    ]
    found: list[bytes | str | MediaError] = []
    for run in runs:
        try:
            found.append(run())
        except MediaError as error:
            found.append(error)
    return found


@pytest.mark.parametrize("lure", lures(), ids=str)
def test_a_list_dressed_as_a_video_opens_nothing(
    plain: Confinement, place: Path, listener: socket.socket, lure: Lure
) -> None:
    _opens_nothing(plain, place, listener, lure)


@pytest.mark.parametrize("lure", sample(lures(), 20), ids=str)
def test_nor_does_it_in_bubblewrap(place: Path, listener: socket.socket, lure: Lure) -> None:
    _opens_nothing(_WALLED, place, listener, lure)


def _opens_nothing(tools: Confinement, place: Path, listener: socket.socket, lure: Lure) -> None:
    source, workspace = lure.write(place, port=port(listener)), place.parent / "workspace"
    before = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    for outcome in attempts(tools, source, workspace):
        assert isinstance(outcome, Unreadable), outcome
        assert str(place) not in outcome.message
    assert list(workspace.iterdir()) == []
    assert {path.name: path.stat().st_mtime_ns for path in place.iterdir()} == before
    assert nobody_connected(listener)
    assert still_running(place.parent) == []


@pytest.mark.parametrize("kind", ["ffconcat", "hls"])
def test_the_same_lists_do_show_another_file_without_the_door(place: Path, kind: str) -> None:
    """So that the test above proves something: it is not that ffmpeg would not."""
    source = Lure(kind, "sibling", "mp4").write(place, port=1)
    unsafe = ["-allowed_extensions", "ALL"] if kind == "hls" else []
    ffmpeg("-protocol_whitelist", "file", *unsafe, "-i", source, "-frames:v", "1", place / "shown.png")
    assert brightness(place / "shown.png") > _WHITE


@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
def test_a_movie_whose_picture_lies_in_another_file_does_not_show_it(
    tools: Confinement, place: Path, absolute: bool
) -> None:
    source, workspace = elsewhere(place, absolute=absolute), place.parent / "workspace"
    ffmpeg("-enable_drefs", "1", "-use_absolute_path", "1", "-i", source, "-frames:v", "1", place / "shown.png")
    assert brightness(place / "shown.png") > _WHITE
    attempts(tools, source, workspace)
    for picture in workspace.iterdir():
        assert brightness(picture) < _WHITE


def test_a_matroska_file_that_goes_on_elsewhere_ends_with_itself(tools: Confinement, place: Path) -> None:
    source, workspace = linked_segment(place / "upload.mkv"), place.parent / "workspace"
    make_video(place / "sibling.mkv", seconds=5, picture="color=white", audio=False)
    told, said = attempts(tools, source, workspace)
    assert isinstance(told, bytes)
    assert isinstance(said, str)
    assert b"duration=0.5" in told
    assert [path.name for path in workspace.iterdir()] == ["picture.png"]  # and nothing that was attached
    assert brightness(workspace / "picture.png") < _WHITE


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    for extension in ("mp4", "mkv", "avi", "ts"):
        make_video(folder / f"a.{extension}", seconds=0.4, size="64x48", fps=10)
    return folder


@pytest.mark.parametrize("extension", ["mp4", "mkv", "avi", "ts"])
def test_a_file_cut_anywhere_ends_as_a_result_or_in_words(
    tools: Confinement, place: Path, healthy: Path, extension: str
) -> None:
    whole = (healthy / f"a.{extension}").read_bytes()
    for cut in (1, 4, 8, 31, 48, 200, 1000, len(whole) // 2, len(whole) - 700, len(whole) - 1):
        source = place / f"upload.{extension}"
        source.write_bytes(whole[:cut])
        for outcome in attempts(tools, source, place.parent / "workspace"):
            assert isinstance(outcome, bytes | str | Unreadable), (cut, outcome)


@pytest.mark.parametrize("extension", ["mp4", "mkv", "ts", "mp3"])
@pytest.mark.parametrize("content", [b"", b"\0" * 5000, b"hello, world\n" * 300, bytes(range(256)) * 40])
def test_what_is_no_video_is_said_to_be_none(plain: Confinement, place: Path, extension: str, content: bytes) -> None:
    source = place / f"upload.{extension}"
    source.write_bytes(content)
    told, made = attempts(plain, source, place.parent / "workspace")
    assert isinstance(made, Unreadable)
    assert "file" not in made.message or "/" not in made.message
    assert isinstance(told, Unreadable)


@pytest.mark.parametrize("build", [deeply_nested, many_boxes, endless_samples])
def test_a_monstrous_index_ends_in_words(tools: Confinement, place: Path, build: Callable[[Path], Path]) -> None:
    source = build(place / "upload.mp4")
    began = time.monotonic()
    told, made = attempts(tools, source, place.parent / "workspace")
    assert isinstance(made, Unreadable | OverLimit) or isinstance(told, bytes)
    assert time.monotonic() - began < 2 * LIMITS.seconds + 10


def test_a_claim_of_enormous_size_meets_the_limit_of_memory(tools: Confinement, place: Path) -> None:
    source = enormous_picture(place / "upload.mov")
    told, made = attempts(tools, source, place.parent / "workspace")
    assert isinstance(made, OverLimit), (told, made)
    assert made.detail["limit"] == "memory"


def test_a_decode_without_end_meets_a_limit(tools: Confinement, place: Path) -> None:
    source, workspace = far_apart(place / "upload.mkv"), place.parent / "workspace"
    limits = Limits(seconds=3, cpu_seconds=1, memory_bytes=256 * MIB, output_bytes=4 * MIB)
    with pytest.raises(OverLimit):
        tools.ffmpeg(["-i", SOURCE, "-vf", "fps=100", "-f", "null", "-"],
                     source=source, workspace=workspace, limits=limits)  # fmt: skip
    with pytest.raises(OverLimit):
        tools.ffmpeg(["-i", SOURCE, "-vf", "fps=100", "%d.jpg"], source=source, workspace=workspace, limits=limits)
    assert still_running(place.parent) == []


@pytest.mark.parametrize(
    "build",
    [
        lambda folder: Lure("ffconcat", "sibling", "mp4").write(folder, port=9),
        lambda folder: Lure("hls", "absolute", "ts").write(folder, port=9),
        lambda folder: elsewhere(folder, absolute=True),
        lambda folder: linked_segment(folder / "upload.mkv"),
        lambda folder: deeply_nested(folder / "upload.mp4"),
        lambda folder: many_boxes(folder / "upload.mp4"),
        lambda folder: endless_samples(folder / "upload.mp4"),
        lambda folder: enormous_picture(folder / "upload.mov"),
        lambda folder: far_apart(folder / "upload.mkv"),
        lambda folder: make_picture(folder / "upload.png").rename(folder / "upload.mp4"),
    ],
    ids=["ffconcat", "hls", "elsewhere", "linked", "nested", "boxes", "samples", "enormous", "far-apart", "picture"],
)
def test_whatever_is_made_from_them_is_made_or_refused_in_words(
    plain: Confinement, place: Path, build: Callable[[Path], Path]
) -> None:
    source, workspace = build(place), place.parent / "workspace"
    before = source.read_bytes()
    began = time.monotonic()
    made = make(plain, source, workspace)
    assert made
    for kind, outcome in made.items():
        if isinstance(outcome, MediaError):
            assert outcome.message.endswith((".", ")", "?")) or outcome.message.startswith("ffmpeg says"), outcome
            assert str(place) not in outcome.message
        assert kind != "probe" or isinstance(outcome, dict | MediaError)
    for picture in workspace.rglob("*.jpg"):
        assert brightness(picture) < _WHITE
    assert source.read_bytes() == before
    assert still_running(place.parent) == []
    assert time.monotonic() - began < 200
