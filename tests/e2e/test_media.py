"""Pictures and copies by the real program and the real ffmpeg: made soon, made once, made in spite of everything."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.catalog.models import JobState
from tests.e2e.showing import Studio
from tests.services.app import AppFactory, RunningApp
from tests.services.media import brightness, ffprobe, make_audio, make_video
from tests.services.process import find_program, living
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

MakeStudio = Callable[..., Studio]
# Two seconds of nothing, then a picture.
DARK_BEGINNING = ("-vf", "drawbox=enable='lt(t,2)':color=black:t=fill")
# So that one worker is not done with it before the test has seen it at work.
LONG = "convert webm-240"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[Studio]:
    """One installation for all tests that only look at what becomes of an upload."""
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"), hearth)
    studio = Studio(factory({"FFMPEG_THREADS": "1", "MEDIA_JOBS": "2"}))
    yield studio
    factory.close()


@pytest.fixture
def make_studio(running_app: Callable[..., RunningApp]) -> MakeStudio:
    def make(**env: str) -> Studio:
        studio = Studio(running_app({"FFMPEG_THREADS": "1", **env}, start=False))
        studio.app.release_here()
        studio.start()
        return studio

    return make


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.fixture(scope="module")
def short(films: Path) -> Path:
    return make_video(films / "short.mp4", seconds=4, fps=10, extra=DARK_BEGINNING)


@pytest.fixture(scope="module")
def large(films: Path) -> Path:
    """What takes its time to convert: enough to be met at it."""
    return make_video(films / "large.mp4", seconds=4, size="426x240", fps=10)


@pytest.fixture(scope="module")
def longer(films: Path) -> Path:
    """What takes longer: enough for its progress to be told."""
    return make_video(films / "longer.mp4", seconds=4, size="426x240")


def test_a_film_is_ready_soon_with_a_picture_that_shows_something(shared: Studio, short: Path, tmp_path: Path) -> None:
    video_id = shared.upload(short)
    video = shared.wait_for(video_id, "ready")
    assert (video["media"]["playable"], round(video["duration_seconds"])) == ("content", 4)
    thumbnail = shared.got(video_id, "thumbnail", tmp_path / "thumbnail.jpg")
    assert thumbnail.read_bytes()[:3] == b"\xff\xd8\xff"
    assert brightness(thumbnail) > 40, "the film begins black, its picture does not"
    shown = ffprobe(thumbnail)["streams"][0]
    told = video["media"]["thumbnail"]
    assert (shown["width"], shown["height"]) == (told["width"], told["height"])
    assert video["thumbnail_path"].startswith("thumbnails/project_")
    assert (shared.app.storage_path / video["thumbnail_path"]).read_bytes() == thumbnail.read_bytes()


def test_its_storyboard_names_parts_of_pictures_that_are_there(shared: Studio, short: Path, tmp_path: Path) -> None:
    video_id = shared.upload(short)
    board = shared.wait_for(video_id, "ready")["media"]["storyboard"]
    text = shared.get(video_id, "storyboard.vtt").data.decode()
    head, *cues = text.strip().split("\n\n")
    assert (head, len(cues)) == ("WEBVTT", board["count"])
    sizes = {}
    for cue in cues:
        times, place = cue.splitlines()
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3}", times)
        found = re.fullmatch(r"(storyboard/\d+\.jpg)#xywh=(\d+),(\d+),(\d+),(\d+)", place)
        assert found, place
        if found[1] not in sizes:
            stream = ffprobe(shared.got(video_id, found[1], tmp_path / found[1]))["streams"][0]
            sizes[found[1]] = stream["width"], stream["height"]
        x, y, width, height = map(int, found.groups()[1:])
        assert (width, height) == (board["tile_width"], board["tile_height"])
        assert x + width <= sizes[found[1]][0]
        assert y + height <= sizes[found[1]][1]
    assert len(sizes) == len(board["sheets"])
    assert shared.get(video_id, f"storyboard/{len(sizes)}.jpg").status == 404


def test_its_preview_moves(shared: Studio, short: Path) -> None:
    video_id = shared.upload(short)
    shared.wait_for_everything(video_id)
    answer = shared.get(video_id, "preview")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    assert (answer.data[:4], answer.data[8:12]) == (b"RIFF", b"WEBP")
    assert b"ANIM" in answer.data[:64]
    assert answer.data.count(b"ANMF") > 2
    assert shared.get(video_id, "preview", **{"If-None-Match": answer.headers["ETag"]}).status == 304


def test_what_browsers_do_not_play_gets_a_copy_that_they_do(shared: Studio, films: Path, tmp_path: Path) -> None:
    source = make_video(films / "hevc.mov", codec="libx265", seconds=1, fps=10)
    video_id = shared.upload(source)
    states = []

    def ready() -> bool:
        video = shared.video(video_id)
        states.append((video["status"], video["media"]["playable"]))
        return bool(video["status"] == "ready")

    wait_until(ready, "the copy to be made", seconds=120)
    assert set(states[:-1]) <= {("processing", None)}
    video = shared.video(video_id)
    assert video["media"]["playable"] == "browser"
    (copy,) = video["media"]["renditions"]
    assert (copy["name"], copy["mime_type"]) == ("browser.mp4", "video/mp4")
    part = shared.app.request("GET", copy["url"], headers={"Range": "bytes=4-7"})
    assert (part.status, part.data) == (206, b"ftyp")
    streams = ffprobe(shared.got(video_id, "renditions/browser.mp4", tmp_path / "browser.mp4"))["streams"]
    assert [stream["codec_name"] for stream in streams] == ["h264", "aac"]
    assert shared.get(video_id, "download").data == source.read_bytes()


def test_sound_gets_a_picture_of_its_waves(shared: Studio, films: Path, tmp_path: Path) -> None:
    video_id = shared.upload(make_audio(films / "song.mp3"))
    video = shared.wait_for_everything(video_id)
    assert video["media"]["thumbnail"]["waveform"] is True
    assert brightness(shared.got(video_id, "thumbnail", tmp_path / "waves.jpg")) > 5
    for rest in ("storyboard.vtt", "preview"):
        assert "sound only" in shared.get(video_id, rest).json()["error"]


def test_a_text_dressed_as_a_film_is_kept_and_says_that_it_cannot_be_played(shared: Studio, films: Path) -> None:
    source = films / "letter.mp4"
    source.write_text("Dear all,\nthis is no film.\n" * 50)
    video_id = shared.upload(source)
    video = shared.wait_for(video_id, "unplayable")
    assert video["media"]["reason"]
    assert str(shared.app.storage_path) not in video["media"]["reason"]
    answer = shared.get(video_id, "thumbnail")
    assert (answer.status, answer.headers["X-Holdfast-Placeholder"]) == (200, "unplayable")
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert shared.get(video_id, "download").data == source.read_bytes()


def test_copies_in_other_forms_are_made_on_request_and_go_on_request(
    shared: Studio, short: Path, tmp_path: Path
) -> None:
    video_id = shared.upload(short)
    shared.wait_for(video_id, "ready")
    jobs = [job for form in ("mp4", "webm", "hls") for job in shared.convert(video_id, form, 180, 144)]
    assert [job["parameters"] for job in jobs] == ["mp4-180", "mp4-144", "webm-180", "webm-144", "hls-180,144"]
    video = shared.wait_for_everything(video_id)
    made = {copy["name"]: copy for copy in video["media"]["renditions"]}
    assert set(made) == {"180p.mp4", "144p.mp4", "180p.webm", "144p.webm", "hls/master.m3u8"}
    for name, codec in (("144p.mp4", "h264"), ("144p.webm", "vp9")):
        stream = ffprobe(shared.got(video_id, f"renditions/{name}", tmp_path / name))["streams"][0]
        assert (stream["codec_name"], stream["height"]) == (codec, 144)
    assert _downloaded_stream(shared, video_id, tmp_path / "stream") == {180, 144}
    _, copies = shared.folders(video_id)
    for name in ("144p.mp4", "hls/master.m3u8"):
        assert shared.app.request("DELETE", f"/api/videos/{video_id}/jobs/{made[name]['job_id']}").status == 200
        assert shared.app.request("GET", made[name]["url"]).status == 404
    assert sorted(path.name for path in copies.iterdir()) == ["144p.webm", "180p.mp4", "180p.webm"]


def _downloaded_stream(studio: Studio, video_id: str, place: Path) -> set[int]:
    """Follow the playlists as a player does, file by file; the heights in which all of it is there."""
    master = studio.got(video_id, "hls/master.m3u8", place / "master.m3u8").read_text()
    heights = set()
    for playlist in (line for line in master.splitlines() if line and not line.startswith("#")):
        text = studio.got(video_id, f"hls/{playlist}", place / playlist).read_text()
        folder = Path(playlist).parent
        named = re.findall(r'URI="([^"]+)"', text) + [line for line in text.splitlines() if line and line[0] != "#"]
        for name in named:
            studio.got(video_id, f"hls/{folder / name}", place / folder / name)
        shown = ffprobe(place / playlist)
        assert float(shown["format"]["duration"]) == pytest.approx(4, abs=0.3)
        heights.add(next(stream["height"] for stream in shown["streams"] if stream["codec_type"] == "video"))
    return heights


def test_without_ffmpeg_uploads_go_on_and_all_is_taken_up_when_it_appears(
    make_studio: MakeStudio, short: Path, tmp_path: Path
) -> None:
    (tmp_path / "tools").mkdir()
    studio = make_studio(FFMPEG_FOLDER=str(tmp_path / "tools"))
    videos = [studio.upload(short), studio.upload(short)]
    for video_id in videos:
        video = studio.wait_for(video_id, "no-media-tools")
        assert "ffmpeg" in video["media"]["reason"]
        assert studio.get(video_id, "thumbnail").headers["X-Holdfast-Placeholder"] == "no-media-tools"
        assert "ffmpeg" in studio.get(video_id, "storyboard.vtt").json()["error"]
        assert studio.get(video_id, "download").data == short.read_bytes()
    for name in ("ffprobe", "ffmpeg"):
        (tmp_path / "tools" / name).symlink_to(find_program(name, package="ffmpeg"))
    for video_id in videos:
        studio.wait_for_everything(video_id)
        assert studio.get(video_id, "thumbnail").headers["Content-Type"] == "image/jpeg"


def test_a_worker_killed_at_a_job_is_followed_by_one_that_ends_it_and_nothing_is_left(
    make_studio: MakeStudio, large: Path
) -> None:
    studio = make_studio()
    video_id = studio.upload(large)
    studio.wait_for_everything(video_id)
    studio.convert(video_id, "webm", 240)
    pids = studio.hold(video_id, LONG)
    studio.kill_worker()
    wait_until(lambda: not any(living(pid) for pid in pids), "its ffmpeg to end with it")
    assert studio.runs() == []
    assert any(name.startswith("media-") for name in studio.incoming())
    assert studio.jobs(video_id)[LONG].state == JobState.RUNNING
    studio.run_leases_out()
    studio.start("worker")
    studio.wait_for_everything(video_id)
    job = studio.jobs(video_id)[LONG]
    assert (job.attempts, job.deaths) == (2, 1)
    assert studio.get(video_id, "renditions/240p.webm").status == 200
    wait_until(lambda: studio.incoming() == [], "the scratch folders to be gone")
    assert studio.runs() == []


def test_what_kills_its_worker_twice_is_set_aside_and_the_worker_lives_on(
    make_studio: MakeStudio, large: Path, short: Path
) -> None:
    studio = make_studio()
    video_id = studio.upload(large)
    studio.wait_for_everything(video_id)
    studio.convert(video_id, "webm", 240)
    for _ in range(2):
        studio.hold(video_id, LONG)
        studio.kill_worker()
        studio.run_leases_out()
        studio.start("worker")
    wait_until(lambda: studio.jobs(video_id)[LONG].state == JobState.SET_ASIDE, "the job to be set aside")
    (told,) = studio.video(video_id)["media"]["jobs"]
    assert "died 2 times" in told["error"]
    assert studio.video(video_id)["status"] == "ready"
    assert studio.log_lines("media_set_aside")
    studio.wait_for_everything(studio.upload(short))
    assert studio.jobs(video_id)[LONG].state == JobState.SET_ASIDE
    path = f"/api/videos/{video_id}/jobs/{told['id']}"
    assert studio.app.request("POST", f"{path}/retry").status == 200
    wait_until(lambda: studio.jobs(video_id)[LONG].state == JobState.RUNNING, "it to run once more")
    assert studio.app.request("DELETE", path).status == 200
    wait_until(lambda: not studio.runs(), "what was cancelled to end")
    assert studio.jobs(video_id)[LONG].state == JobState.CANCELLED
    wait_until(lambda: studio.incoming() == [], "nothing to be left of it")


def test_a_stopped_worker_ends_at_once_and_what_it_was_at_goes_on_after_the_restart(
    make_studio: MakeStudio, longer: Path
) -> None:
    studio = make_studio()
    video_id = studio.upload(longer)
    studio.wait_for_everything(video_id)
    studio.convert(video_id, "webm", 240)

    def progress() -> float:
        (job,) = studio.video(video_id)["media"]["jobs"]
        return float(job["progress"])

    before = wait_until(progress, "progress to be told")
    assert 0 < before < 1
    assert "is being made" in studio.get(video_id, "renditions/240p.webm").json()["error"]
    began = time.monotonic()
    studio.app.stop("worker")
    assert time.monotonic() - began < 15, "STOP_SECONDS is 10"
    assert studio.runs() == []
    assert studio.incoming() == []
    job = studio.jobs(video_id)[LONG]
    assert (job.state, job.attempts, job.deaths, job.error) == (JobState.WAITING, 0, 0, "")
    studio.start("worker")
    studio.wait_for_everything(video_id)
    assert studio.jobs(video_id)[LONG].deaths == 0


def test_after_the_catalog_is_lost_the_pictures_are_there_again_and_none_was_made_anew(
    make_studio: MakeStudio, short: Path, films: Path
) -> None:
    studio = make_studio()
    videos = [studio.upload(short), studio.upload(make_video(films / "old.avi", seconds=1, fps=10))]
    for video_id in videos:
        studio.wait_for_everything(video_id)
    studio.convert(videos[0], "mp4", 144)
    before = {video_id: _without_versions(studio.wait_for_everything(video_id)) for video_id in videos}
    files, made = _files(studio), len(studio.log_lines("media_made"))
    studio.app.stop()
    for path in (studio.app.storage_path / "metadata").glob("catalog.db*"):
        path.unlink()
    assert studio.app.cli("rebuild").returncode == 0
    studio.app.release_here()
    studio.start()
    for video_id in videos:
        assert _without_versions(studio.wait_for_everything(video_id)) == before[video_id]
        assert studio.get(video_id, "thumbnail").headers["Content-Type"] == "image/jpeg"
        assert all(job.attempts == 0 for job in studio.jobs(video_id).values())
    assert _files(studio) == files
    assert len(studio.log_lines("media_made")) == made


def _without_versions(video: dict[str, Any]) -> dict[str, Any]:
    """What was made, but for the numbers that a catalog gives."""
    media = {name: dict(part) if isinstance(part, dict) else part for name, part in video["media"].items()}
    for part in media.values():
        if isinstance(part, dict):
            part.pop("version", None)
    media["renditions"] = sorted(({**copy, "job_id": None} for copy in media["renditions"]), key=lambda c: c["name"])
    return media


def _files(studio: Studio) -> dict[str, tuple[int, int]]:
    """Every file that was made, with what tells it from one that was made anew."""
    places = [studio.app.storage_path / name for name in ("thumbnails", "processed")]
    found = (path for place in places for path in place.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def test_what_was_made_goes_with_the_video(make_studio: MakeStudio, short: Path, films: Path) -> None:
    studio = make_studio(TRASH_DAYS="0")
    gone, kept = studio.upload(make_video(films / "gone.avi", seconds=1, fps=10)), studio.upload(short)
    for video_id in (gone, kept):
        studio.wait_for_everything(video_id)
    pictures, copies = studio.folders(gone)
    assert sorted(path.name for path in copies.iterdir()) == ["browser.mp4"]
    assert (pictures / "thumbnail.jpg").exists()
    assert studio.app.request("DELETE", f"/api/videos/{gone}").status == 200
    studio.app.stop("worker")
    studio.start("worker")  # looks into the trash at its start, and then every minute
    wait_until(lambda: not pictures.exists() and not copies.exists(), "what was made to be gone", seconds=45)
    assert studio.get(gone, "thumbnail").status == 404
    assert studio.get(kept, "thumbnail").headers["Content-Type"] == "image/jpeg"
    shutil.rmtree(studio.folders(kept)[0])
    # Who asks for what was removed by hand has it made again.
    assert studio.get(kept, "thumbnail").headers["X-Holdfast-Placeholder"] == "processing"
