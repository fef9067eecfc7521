"""The table of scheduled jobs: what is in it, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from backend.catalog import media
from backend.catalog.models import Event
from backend.confine import Confinement
from backend.media.kinds import KINDS
from backend.worker.jobs import Job, jobs, make_again
from tests.services.ledger import Ledger, OpenLedger
from tests.services.media_site import FACTS

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


def table(ledger: Ledger) -> dict[str, Job]:
    return {job.name: job for job in jobs(ledger.services, ledger.dispatcher())}


def lost(ledger: Ledger) -> str:
    """A video whose playable copy is made, and gone."""
    video_id = ledger.add()
    with ledger.database.write() as session:
        video = media.locked(session, video_id)
        assert video is not None
        for kind, result in (("probe", FACTS), ("browser", {"file": "browser.mp4"})):
            (job,) = media.plan(session, video, [KINDS[kind].planned(kind)], AT)
            media.finish(job, dict(result), AT)
        media.settle(video)
    return video_id


def test_what_is_gone_is_looked_for_at_the_start_and_each_hour_by_a_worker_that_makes_media(
    open_ledger: OpenLedger,
) -> None:
    job = table(open_ledger())["make again what is gone"]
    assert (job.every_seconds, job.at_once) == (3600, True)
    assert job.first_run() <= datetime.now(UTC) + timedelta(seconds=1)
    assert "make again what is gone" not in table(open_ledger(MEDIA_JOBS="0"))


def test_what_is_gone_is_begun_anew_but_not_without_ffmpeg(ledger: Ledger, tmp_path: Path) -> None:
    video_id = lost(ledger)
    (tmp_path / "empty").mkdir()
    without = replace(ledger.services, tools=Confinement(str(tmp_path / "empty")))
    assert make_again(without) == 0
    assert ledger.video(video_id).media_state == "ready"
    assert make_again(ledger.services) == 1
    assert ledger.video(video_id).media_state == "working"


def test_events_are_forgotten_after_their_days_but_the_newest(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(EVENTS_DAYS="2")
    ledger.add_different(4)
    with ledger.database.write() as session:
        old = datetime.now(UTC) - timedelta(days=3)
        told = session.scalars(select(Event.seq).order_by(Event.seq)).all()
        session.execute(update(Event).where(Event.seq <= told[1]).values(at=old))
    job = table(ledger)["forget old events"]
    for _ in range(2):
        job.run()
        with ledger.database.read() as session:
            assert session.scalars(select(Event.seq).order_by(Event.seq)).all() == told[2:]
