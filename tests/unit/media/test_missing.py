"""What is gone from the disk is found and begun anew, only where it can be made, and never twice."""

from __future__ import annotations

import shutil

from sqlalchemy import update

from backend.catalog.models import Video
from backend.media.kinds import KINDS
from backend.media.missing import Missing
from tests.services.media_site import FACTS, MediaSite, makes


def missing(site: MediaSite) -> Missing:
    return site.ledger.services.missing


def made(site: MediaSite, count: int = 1) -> list[str]:
    ids = site.ledger.add_different(count)
    with site.running(probe=makes(FACTS | {"browser_plays": False})):
        for video_id in ids:
            site.wait_for(video_id, "ready")
            site.wait_for_job(video_id, "fingerprint", "done")
    return ids


def lose(site: MediaSite, video_id: str, kind: str) -> None:
    shutil.rmtree(KINDS[kind].folder(site.ledger.services.layout, site.ledger.video(video_id).relative_path))


def test_what_is_there_is_left_alone(site: MediaSite) -> None:
    (video_id,) = made(site)
    assert (list(missing(site).look()), missing(site).begin_anew()) == ([], 0)
    assert missing(site).begin(video_id, site.jobs(video_id)["browser"].id) is None
    assert set(site.states(video_id).values()) == {"done"}


def test_pictures_and_copies_that_are_gone_come_back_and_meanwhile_the_video_is_not_ready(site: MediaSite) -> None:
    first, whole, last = made(site, 3)
    lose(site, first, "pictures")
    lose(site, last, "browser")
    found = {(gone.video_id, gone.kind) for gone in missing(site).look()}
    assert found == {(first, "pictures"), (first, "preview"), (last, "browser")}
    assert missing(site).begin_anew() == 3
    assert missing(site).begin_anew() == 0, "what waits is not begun twice"
    assert [site.ledger.video(one).media_state for one in (first, whole, last)] == ["working", "ready", "working"]
    with site.running():
        for one in (first, last):
            site.wait_for(one, "ready")
        site.wait_for_job(first, "preview", "done")
    assert list(missing(site).look()) == []


def test_of_what_cannot_be_read_now_nothing_is_begun(site: MediaSite) -> None:
    trashed, pruned, unmounted = made(site, 3)
    for video_id in (trashed, pruned, unmounted):
        lose(site, video_id, "browser")
    with site.ledger.database.write() as session:
        session.execute(update(Video).where(Video.id == pruned).values(local_state="pruned"))
        session.execute(update(Video).where(Video.id == trashed).values(trashed_at=Video.created_at))
    site.ledger.path(unmounted).unlink()
    assert missing(site).begin_anew() == 0
    for video_id in (trashed, pruned, unmounted):
        assert missing(site).begin(video_id, site.jobs(video_id)["browser"].id) is None
        assert site.states(video_id)["browser"] == "done"
    assert missing(site).begin("no-such-video", 1) is None
