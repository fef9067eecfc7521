"""Videos without a fingerprint get one in the end: a few at a time, behind everything else, and nothing twice."""

from __future__ import annotations

import pytest

from backend.catalog import fingerprints, media
from backend.catalog.fingerprints import VERSION
from backend.catalog.media import FINGERPRINT, PROBE
from backend.catalog.models import MediaJob
from backend.likeness.catch_up import CatchUp
from backend.media.kinds import KINDS, LATER, missed_fingerprint
from backend.outbox.clock import instant
from tests.services.media_site import FACTS
from tests.unit.likeness.conftest import Shelf, scene


@pytest.fixture
def catch_up(shelf: Shelf) -> CatchUp:
    return CatchUp(shelf.ledger.database, shelf.finder, lambda _: shelf.folder, missed_fingerprint)


def probed(shelf: Shelf, name: str, **facts: object) -> str:
    """A video of before there were fingerprints."""
    video_id = shelf.video(name)
    done(shelf, video_id, PROBE, FACTS | facts)
    return video_id


def done(shelf: Shelf, video_id: str, kind: str, result: dict[str, object]) -> None:
    with shelf.ledger.database.write() as session:
        video = media.locked(session, video_id)
        assert video is not None
        (job,) = media.plan(session, video, [KINDS[kind].planned(kind)], instant(session))
        media.finish(job, result, instant(session))


def job(shelf: Shelf, video_id: str) -> MediaJob | None:
    return next((job for job in shelf.ledger.video(video_id).media_jobs if job.kind == FINGERPRINT), None)


def test_an_older_video_gets_its_job_behind_all_others_and_one_without_pictures_none(
    shelf: Shelf, catch_up: CatchUp
) -> None:
    film, sound = probed(shelf, "film.mp4"), probed(shelf, "sound.mp4", video_codec="")
    unprobed = shelf.video("new.mp4")
    assert catch_up.run() == 1
    planned = job(shelf, film)
    assert planned is not None
    assert (planned.state, planned.urgency) == ("waiting", LATER)
    assert job(shelf, sound) is None
    assert job(shelf, unprobed) is None


def test_while_some_wait_no_more_are_planned(shelf: Shelf, catch_up: CatchUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.likeness.catch_up._PROBES_AT_ONCE", 1)
    first, second = probed(shelf, "1.mp4"), probed(shelf, "2.mp4")
    assert catch_up.run() == 1
    assert catch_up.run() == 0
    assert job(shelf, second) is None
    done(shelf, first, FINGERPRINT, {"frames": 0, "version": VERSION, "reason": "too short"})
    assert catch_up.run() == 1
    assert job(shelf, second) is not None


def test_what_lies_made_on_disk_is_taken_without_making_it_again(shelf: Shelf, catch_up: CatchUp) -> None:
    earlier = shelf.saved(scene(1))
    adopted = probed(shelf, "adopted.mp4")
    done(shelf, adopted, FINGERPRINT, shelf.made("adopted", scene(1)))
    assert catch_up.run() == 1
    assert list(shelf.alike(adopted)) == [earlier]
    found = job(shelf, adopted)
    assert found is not None
    assert found.state == "done"
    assert catch_up.run() == 0


@pytest.mark.parametrize("change", [{"version": VERSION - 1}, {"file": "gone.bin"}])
def test_an_older_way_of_hashing_or_a_lost_file_is_made_anew(
    shelf: Shelf, catch_up: CatchUp, change: dict[str, object]
) -> None:
    video_id = probed(shelf, "old.mp4")
    done(shelf, video_id, FINGERPRINT, shelf.made("old", scene(1)) | change)
    assert catch_up.run() == 1
    found = job(shelf, video_id)
    assert found is not None
    assert found.state == "waiting"


def test_what_failed_is_left_to_people_and_the_walk_rests_at_the_end(shelf: Shelf, catch_up: CatchUp) -> None:
    video_id = probed(shelf, "broken.mp4")
    done(shelf, video_id, FINGERPRINT, {})
    with shelf.ledger.database.write() as session:
        row = session.get(MediaJob, job(shelf, video_id).id)  # type: ignore[union-attr] # it was just made
        assert row is not None
        media.fail(row, "unreadable", "It is damaged.", instant(session))
    assert catch_up.run() == 0
    later = probed(shelf, "later.mp4")
    assert catch_up.run() == 0, "looked through a moment ago"
    assert job(shelf, later) is None
    with shelf.ledger.database.read() as session:
        assert not fingerprints.is_there(session, video_id)
