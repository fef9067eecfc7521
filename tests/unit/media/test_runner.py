"""The worker's media loop: what is due is made, what cannot be made is told, and no stop or death loses a job."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from backend.catalog import fingerprints
from backend.catalog.database import Database
from backend.catalog.videos import EVERYTHING
from backend.confine import Confinement
from backend.errors import CatalogUnavailable, DiskFull, MediaError, MediaStopped, OverLimit, ToolsMissing, Unreadable
from backend.media.work import Maker, Work
from tests.services.ledger import Ledger
from tests.services.media_site import FACTS, THUMBNAIL, MediaSite, fails, makes
from tests.services.process import find_program


class Held:
    """A maker that waits until it is let go, or told to stop."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.let_go = threading.Event()
        self.stopped = threading.Event()

    def __call__(self, work: Work) -> dict[str, Any]:
        self.began.set()
        work.tell(0.42)
        while not self.let_go.wait(0.01):
            if work.should_stop():
                self.stopped.set()
                raise MediaStopped("told to stop")
        (work.workspace / "thumbnail.jpg").write_bytes(b"x")
        return {"thumbnail": THUMBNAIL, "storyboard": None}


@pytest.fixture
def held() -> Held:
    return Held()


def test_a_new_video_is_looked_at_and_gets_everything_it_needs(site: MediaSite) -> None:
    video_id = site.ledger.add()
    assert site.ledger.video(video_id).media_state == "new"
    with site.running():
        video = site.wait_for(video_id, "ready")
        site.wait_for_job(video_id, "fingerprint", "done")
    assert site.states(video_id) == dict.fromkeys(("probe", "pictures", "preview", "fingerprint"), "done")
    assert video.duration_seconds == 60.0
    pictures = site.ledger.services.layout.pictures_of(video.relative_path)
    assert {path.name for path in pictures.iterdir()} == {"thumbnail.jpg", "preview.webp", "made.json"}


def test_a_camera_s_recording_gets_pictures_only_and_no_fingerprint_afterwards(site: MediaSite) -> None:
    camera = "123e4567-e89b-12d3-a456-426614174000"
    start, end = "2025-01-23T10:00:00Z", "2025-01-23T11:00:00Z"
    video_id = site.ledger.add(camera_id=camera, start_time=start, end_time=end)
    with site.running():
        site.wait_for(video_id, "ready")
    assert site.states(video_id) == {"probe": "done", "pictures": "done"}
    with site.ledger.database.read() as session:
        assert fingerprints.unhashed(session, 0, 100)[1] == []


def test_a_video_that_no_browser_plays_is_ready_only_with_its_playable_copy(site: MediaSite, held: Held) -> None:
    video_id = site.ledger.add()

    def browser(work: Work) -> dict[str, Any]:
        held(work)
        return makes({"file": "browser.mp4", "mime_type": "video/mp4"}, "browser.mp4")(work)

    hevc = makes(FACTS | {"browser_plays": False, "why_not": "HEVC"})
    with site.running(probe=hevc, browser=browser):
        site.wait_for_job(video_id, "pictures", "done")
        assert held.began.wait(25)
        assert site.ledger.video(video_id).media_state == "working"
        site.wait_until(lambda: site.jobs(video_id)["browser"].progress == 0.42, "its progress to be told")
        held.let_go.set()
        site.wait_for(video_id, "ready")


@pytest.mark.parametrize("kind", ["probe", "pictures"])
def test_a_file_that_nobody_can_read_is_kept_and_says_why(site: MediaSite, kind: str) -> None:
    video_id = site.ledger.add()
    makers: dict[str, Any] = {kind: fails(Unreadable("It is no video."))}
    with site.running(**makers):
        video = site.wait_for(video_id, "unplayable")
    assert video.media_reason == "It is no video."
    assert site.jobs(video_id)[kind].state == "failed"
    assert site.ledger.path(video_id).exists()


def test_a_playable_video_whose_pictures_take_too_long_is_ready_all_the_same(site: MediaSite) -> None:
    video_id = site.ledger.add()
    slow = fails(OverLimit("It took too long.", detail={"limit": "seconds"}))
    with site.running(pictures=slow):
        site.wait_for(video_id, "ready")
    job = site.jobs(video_id)["pictures"]
    assert (job.state, job.attempts, job.error) == ("failed", 2, "It took too long. Tried 2 times.")


def test_a_file_that_was_cut_off_is_ready_and_tells_it(site: MediaSite) -> None:
    video_id = site.ledger.add()
    words = "The file was cut off: only about 6 s of 60 s are in it."
    with site.running(probe=makes(FACTS | {"trouble": words})):
        assert site.wait_for(video_id, "ready").media_reason == words


@pytest.mark.parametrize("trouble", [MediaError("ffmpeg breaks down over it (SIGSEGV)."), Unreadable("No waves.")])
def test_sound_that_plays_is_ready_whatever_becomes_of_its_picture(site: MediaSite, trouble: MediaError) -> None:
    video_id = site.ledger.add()
    sound = makes(FACTS | {"video_codec": "", "width": None, "height": None})
    with site.running(probe=sound, pictures=fails(trouble)):
        site.wait_for(video_id, "ready")
    assert site.states(video_id) == {"probe": "done", "pictures": "failed"}


def test_a_copy_that_cannot_be_made_leaves_the_video_unplayable_with_the_reason(site: MediaSite) -> None:
    video_id = site.ledger.add()
    hevc = makes(FACTS | {"browser_plays": False, "why_not": "HEVC"})
    with site.running(probe=hevc, browser=fails(Unreadable("Only 2 s of 60 s could be decoded."))):
        video = site.wait_for(video_id, "unplayable")
    assert video.media_reason == "Only 2 s of 60 s could be decoded."


def test_a_fault_of_ours_is_told_and_tried_again(site: MediaSite) -> None:
    video_id = site.ledger.add()
    tried: list[int] = []

    def clumsy(work: Work) -> dict[str, Any]:
        tried.append(1)
        if len(tried) == 1:
            raise KeyError("oops")
        return FACTS

    with site.running(probe=clumsy):
        site.wait_for(video_id, "ready")
    assert len(tried) == 2
    assert site.ledger.log_lines("media_broke")


def test_a_damaged_file_is_not_blamed_but_fetched_back(ledger: Ledger, site: MediaSite) -> None:
    """Unreadable may mean that our own copy is not what was saved; a verified copy then gives the right bytes."""
    video_id = ledger.add()
    with ledger.worker():
        ledger.wait_for("delivered", 1)
    good = ledger.path(video_id).read_bytes()
    ledger.path(video_id).write_bytes(bytes(len(good)))

    def probe(work: Work) -> dict[str, Any]:
        if work.source.read_bytes() != good:
            raise Unreadable("Only zeros.")
        return FACTS

    with site.running(probe=probe):
        site.wait_for(video_id, "ready")
    assert ledger.path(video_id).read_bytes() == good


def test_a_worker_that_stops_gives_its_jobs_back_at_once(site: MediaSite, held: Held) -> None:
    video_id = site.ledger.add()
    with site.running(pictures=held):
        assert held.began.wait(25)
    assert held.stopped.is_set()
    job = site.jobs(video_id)["pictures"]
    assert (job.state, job.attempts, job.deaths, job.lease_token) == ("waiting", 0, 0, None)
    with site.running():
        site.wait_for(video_id, "ready")


def test_nothing_is_left_in_incoming(site: MediaSite) -> None:
    incoming = site.ledger.services.layout.incoming
    left = incoming / "media-of-a-worker-that-died"
    left.mkdir()
    (left / "half.jpg").write_bytes(b"x")
    video_id = site.ledger.add()
    with site.running():
        site.wait_for(video_id, "ready")
        site.wait_for_job(video_id, "preview", "done")
    assert list(incoming.iterdir()) == []


def test_a_short_job_does_not_wait_for_a_long_one(site: MediaSite, held: Held) -> None:
    first = site.ledger.add()
    with site.running(preview=held):
        assert held.began.wait(25)
        second = site.ledger.add(name="b.mp4", content=b"\x00\x00\x00\x18ftypmp42" + b"b" * 99)
        site.wait_for(second, "ready")
        assert site.jobs(first)["preview"].state == "running"
        held.let_go.set()


def test_two_workers_make_each_thing_once(site: MediaSite) -> None:
    made: list[str] = []

    def pictures(work: Work) -> dict[str, Any]:
        made.append(work.source.name)
        return makes({"thumbnail": THUMBNAIL, "storyboard": None}, "thumbnail.jpg")(work)

    ids = site.ledger.add_different(12)
    with site.running(pictures=pictures, jobs=2), site.running(pictures=pictures, jobs=2):
        for video_id in ids:
            site.wait_for(video_id, "ready")
    assert len(made) == len(set(made)) == 12


def test_a_cancelled_job_is_stopped(site: MediaSite, held: Held) -> None:
    video_id = site.ledger.add()
    with site.running(preview=held):
        assert held.began.wait(25)
        job = site.jobs(video_id)["preview"]
        site.ledger.services.media.cancel(video_id, job.id, EVERYTHING, "ann")
        assert held.stopped.wait(25)
    assert site.jobs(video_id)["preview"].state == "cancelled"
    assert site.ledger.video(video_id).media_state == "ready"


def test_what_is_made_of_a_video_that_was_purged_meanwhile_goes_with_it(site: MediaSite, held: Held) -> None:
    video_id = site.ledger.add()
    video = site.ledger.video(video_id)
    with site.running(pictures=held):
        assert held.began.wait(25)
        site.ledger.remover.remove(video, "purged", lambda _: True)
        held.let_go.set()
        site.wait_until(lambda: bool(site.ledger.log_lines("media_made")[1:]), "the job to end")
    assert not site.ledger.services.layout.pictures_of(video.relative_path).exists()


def test_pictures_stay_with_a_pruned_video_and_go_with_a_purged_one(site: MediaSite) -> None:
    video_id = site.ledger.add()
    with site.running():
        site.wait_for(video_id, "ready")
        site.wait_for_job(video_id, "preview", "done")
    video = site.ledger.video(video_id)
    pictures = site.ledger.services.layout.pictures_of(video.relative_path)
    site.ledger.remover.remove(video, "pruned", lambda _: True)
    assert (pictures / "thumbnail.jpg").exists()
    site.ledger.remover.remove(video, "purged", lambda _: True)
    assert not pictures.exists()


def test_missing_programs_are_told_and_all_is_taken_up_when_they_appear(ledger: Ledger, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    site = MediaSite(ledger, Confinement(str(programs)))
    video_id = ledger.add()
    with site.running():
        video = site.wait_for(video_id, "no-media-tools")
        assert "ffmpeg" in video.media_reason
        later = ledger.add(name="b.mp4", content=b"\x00\x00\x00\x18ftypmp42" + b"b" * 99)
        site.wait_for(later, "no-media-tools")
        for name in ("ffmpeg", "ffprobe"):
            (programs / name).symlink_to(find_program(name, package="ffmpeg"))
        for waiting in (video_id, later):
            video = site.wait_for(waiting, "ready")
            assert video.media_reason == ""
    assert len(ledger.log_lines("media_tools_missing")) == 1


def test_an_ffmpeg_built_without_a_part_is_told_and_holds_up_nothing(site: MediaSite) -> None:
    """It is not missing: a job that waited for it to appear would be claimed again and again."""
    calls: list[Work] = []

    def pictures(work: Work) -> dict[str, Any]:
        calls.append(work)
        raise ToolsMissing("This machine's ffmpeg was built without mjpeg.")

    videos = [site.ledger.add(), site.ledger.add()]
    with site.running(pictures=pictures):
        for video_id in videos:
            site.wait_for_job(video_id, "preview", "done")
    jobs = [site.jobs(video_id)["pictures"] for video_id in videos]
    assert all("mjpeg" in job.error and job.next_attempt_at > job.updated_at for job in jobs)
    assert len(calls) == sum(job.attempts for job in jobs)


def test_after_the_catalog_is_lost_even_without_ffmpeg_what_was_made_is_found(ledger: Ledger, tmp_path: Path) -> None:
    video_id = ledger.add()
    site = MediaSite(ledger)
    with site.running():
        site.wait_for(video_id, "ready")
        site.wait_for_job(video_id, "preview", "done")
    ledger.forget_catalog()
    ledger.services.recovery.rebuild()
    nowhere = tmp_path / "programs"
    nowhere.mkdir()
    with MediaSite(ledger, Confinement(str(nowhere))).running():
        site.wait_for(video_id, "ready")


def test_a_catalog_that_is_away_for_a_while_loses_no_outcome(site: MediaSite, held: Held) -> None:
    video_id = site.ledger.add()
    with site.running(pictures=held) as runner:
        assert held.began.wait(25)
        away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
        here, runner.database = runner.database, away
        held.let_go.set()
        site.wait_until(lambda: bool(site.ledger.log_lines("media_turn_failed")), "the runner to notice")
        runner.database = here
        site.wait_for(video_id, "ready")


def test_the_same_trouble_is_told_once(site: MediaSite, held: Held) -> None:
    """A full disk, or a database that is away, must not fill the log."""
    video_id = site.ledger.add()
    with site.running(pictures=held) as runner:
        assert held.began.wait(25)
        turns: list[float] = []

        class Away:
            def read(self) -> Any:
                turns.append(1)
                raise DiskFull("The disk is full.")

            write = read

        here, runner.database = runner.database, cast("Database", Away())
        site.wait_until(lambda: len(turns) > 2, "several turns to fail")
        runner.database = here
        held.let_go.set()
        site.wait_for(video_id, "ready")
    assert len(site.ledger.log_lines("media_turn_failed")) == 1


def test_want_of_room_is_told_with_the_figures(site: MediaSite) -> None:
    video_id = site.ledger.add()
    runner = site.runner()
    runner.workshop = replace(runner.workshop, reserve_bytes=2**60)
    runner.start()
    try:
        site.wait_until(lambda: bool(site.jobs(video_id).get("probe") and site.jobs(video_id)["probe"].error), "it")
    finally:
        runner.finish()
    job = site.jobs(video_id)["probe"]
    assert (job.state, job.error_code) == ("waiting", "disk-full")
    assert "MIN_FREE_BYTES" in job.error


def test_after_the_catalog_is_lost_nothing_is_made_again(site: MediaSite) -> None:
    video_id = site.ledger.add()
    with site.running():
        site.wait_for(video_id, "ready")
        site.wait_until(lambda: set(site.states(video_id).values()) == {"done"}, "everything to be made")
    before = {name: job.result for name, job in site.jobs(video_id).items()}
    site.ledger.forget_catalog()
    site.ledger.services.recovery.rebuild()
    assert site.ledger.video(video_id).media_jobs == []
    never: Maker = fails(AssertionError("made again"))
    with site.running(probe=never, pictures=never, preview=never):
        site.wait_for(video_id, "ready")
    assert {name: job.result for name, job in site.jobs(video_id).items()} == before


def test_after_the_catalog_is_lost_what_is_not_whole_on_disk_is_made_again(site: MediaSite) -> None:
    video_id = site.ledger.add()
    with site.running():
        site.wait_for(video_id, "ready")
        site.wait_for_job(video_id, "preview", "done")
    pictures = site.ledger.services.layout.pictures_of(site.ledger.video(video_id).relative_path)
    (pictures / "thumbnail.jpg").unlink()
    site.ledger.forget_catalog()
    site.ledger.services.recovery.rebuild()
    with site.running(probe=fails(AssertionError("made again"))):
        site.wait_for(video_id, "ready")
    assert (pictures / "thumbnail.jpg").exists()


def test_what_belongs_to_a_job_afterwards_is_part_of_it_and_tried_again(site: MediaSite) -> None:
    video_id = site.ledger.add()
    seen: list[tuple[str, str]] = []

    def afterwards(video_id: str, made: Path, result: dict[str, Any], should_stop: Any) -> None:
        seen.append((video_id, site.states(video_id)["fingerprint"]))
        assert (made / result["file"]).read_text()
        if len(seen) == 1:
            raise CatalogUnavailable("The database does not answer.")

    runner = site.runner(fingerprint=makes({"file": "fingerprint.bin", "frames": 3}, "fingerprint.bin"))
    runner.workshop = replace(runner.workshop, afterwards={"fingerprint": afterwards})
    runner.start()
    try:
        site.wait_for_job(video_id, "fingerprint", "done")
    finally:
        runner.finish()
    assert seen == [(video_id, "running")] * 2
    assert site.ledger.video(video_id).media_state == "ready"
