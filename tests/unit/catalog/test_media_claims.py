"""Claims of media jobs: one worker at a time, none lost by a kill, and none that kills again and again."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from backend.catalog import media, media_claims
from backend.catalog.media import LONG, SHORT, Planned
from backend.catalog.media_claims import LEASE, JobClaim
from backend.catalog.models import MediaJob
from backend.catalog.videos import EVERYTHING
from tests.services.ledger import Ledger

PROBE = Planned(media.PROBE, SHORT, 0)
PICTURES = Planned(media.PICTURES, SHORT, 1)
CONVERT = Planned(media.CONVERT, LONG, 1, "mp4-720")
LATER = LEASE + timedelta(seconds=1)


def now() -> datetime:
    return datetime.now(UTC)


def plan(ledger: Ledger, video_id: str, *wanted: Planned, at: datetime | None = None) -> None:
    with ledger.database.write() as session:
        video = media.locked(session, video_id)
        assert video is not None
        media.plan(session, video, wanted, at or now())
        media.settle(video)


def take(ledger: Ledger, lane: str = SHORT, wanted: int = 1, at: datetime | None = None) -> list[JobClaim]:
    with ledger.database.write() as session:
        return media_claims.claim(session, lane, "w", wanted, at or now())


def bury(ledger: Ledger, at: datetime) -> list[int]:
    with ledger.database.write() as session:
        return [job.id for job in media_claims.bury(session, at)]


def job_of(ledger: Ledger, video_id: str) -> MediaJob:
    (job,) = ledger.video(video_id).media_jobs
    return job


def test_each_job_is_claimed_once_however_many_want_it(ledger: Ledger) -> None:
    for video_id in ledger.add_different(20):
        plan(ledger, video_id, PROBE)
    start = threading.Barrier(6)

    def work(number: int) -> list[int]:
        start.wait()
        got: list[int] = []
        while found := take(ledger, wanted=1 + number % 3):
            got += [claim.job_id for claim in found]
        return got

    with ThreadPoolExecutor(6) as threads:
        claimed = Counter(job_id for got in threads.map(work, range(6)) for job_id in got)
    assert sorted(claimed.values()) == [1] * 20


def test_the_urgent_come_first_and_then_those_that_have_waited_longest(ledger: Ledger) -> None:
    first, second = ledger.add_different(2)
    plan(ledger, first, PICTURES, at=now() - timedelta(hours=2))
    plan(ledger, second, PICTURES, at=now() - timedelta(hours=1))
    plan(ledger, second, PROBE)
    order = [(claim.kind, claim.video_id) for claim in take(ledger, wanted=3)]
    assert order == [("probe", second), ("pictures", first), ("pictures", second)]


def test_lanes_are_apart(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, CONVERT)
    assert take(ledger, SHORT) == []
    assert [claim.parameters for claim in take(ledger, LONG)] == ["mp4-720"]


def test_what_a_killed_worker_left_is_claimed_again_when_its_lease_is_over(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, PROBE)
    (first,) = take(ledger)
    assert take(ledger) == []
    (second,) = take(ledger, at=now() + LATER)
    assert second.token != first.token
    assert (second.attempt, job_of(ledger, video_id).deaths) == (2, 1)


def test_a_renewed_lease_keeps_its_job(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, PROBE)
    (claim,) = take(ledger)
    at = now() + LATER
    with ledger.database.write() as session:
        assert media_claims.renew(session, {claim.token: 0.5, "another": 0.1}, at) == {"another"}
    assert take(ledger, at=at) == []
    assert job_of(ledger, video_id).progress == 0.5


def test_only_the_holder_of_the_token_may_write(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, PROBE)
    (late,) = take(ledger)
    (present,) = take(ledger, at=now() + LATER)
    with ledger.database.write() as session:
        video = media.locked(session, video_id)
        assert media_claims.held(video, late) is None
        assert media_claims.held(video, present) is not None


def test_a_job_that_ends_its_worker_twice_is_set_aside_with_the_reason(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, PROBE)
    take(ledger)
    again = now() + LATER
    assert bury(ledger, again) == []
    assert take(ledger, at=again)
    at_last = again + LATER
    assert take(ledger, at=at_last) == []
    assert bury(ledger, at_last) == [job_of(ledger, video_id).id]
    job = job_of(ledger, video_id)
    assert (job.state, job.error_code, job.deaths) == ("set-aside", "worker-died", 2)
    assert "died 2 times" in job.error
    video = ledger.video(video_id)
    assert (video.media_state, video.media_reason) == ("unplayable", job.error)
    assert take(ledger, at=at_last + LATER) == []


def test_a_job_set_aside_begins_anew_when_a_person_says_so(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, PROBE)
    take(ledger)
    take(ledger, at=now() + LATER)
    bury(ledger, now() + 2 * LATER)
    ledger.services.media.retry(video_id, job_of(ledger, video_id).id, EVERYTHING, "ann")
    assert job_of(ledger, video_id).deaths == 0
    assert ledger.video(video_id).media_state == "working"
    assert take(ledger)


@pytest.mark.parametrize("where", ["pruned", "trashed"])
def test_a_job_waits_while_the_bytes_are_away(ledger: Ledger, where: str) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, PROBE)
    away = {"local_state": "pruned"} if where == "pruned" else {"trashed_at": now()}
    ledger.set_video(video_id, **away)
    assert take(ledger) == []
    ledger.set_video(video_id, local_state="present", trashed_at=None)
    assert take(ledger)


def test_a_conversion_may_fetch_a_pruned_video_back(ledger: Ledger) -> None:
    video_id = ledger.add()
    plan(ledger, video_id, CONVERT)
    ledger.set_video(video_id, local_state="pruned")
    assert take(ledger, LONG)


def test_of_two_jobs_that_end_at_once_the_video_learns_of_both(ledger: Ledger) -> None:
    """Each looks at the other's state to tell whether all is done: neither may see the other half done."""
    for video_id in ledger.add_different(6):
        plan(ledger, video_id, PROBE)
        (probe,) = take(ledger)
        end(ledger, probe, {"duration_seconds": 1.0})
        plan(ledger, video_id, PICTURES, Planned(media.BROWSER, LONG, 0))
        claims = [*take(ledger), *take(ledger, LONG)]
        together = threading.Barrier(2)

        def work(claim: JobClaim, together: threading.Barrier = together) -> None:
            together.wait()
            end(ledger, claim, {})

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(work, claims))
        assert ledger.video(video_id).media_state == "ready"


def end(ledger: Ledger, claim: JobClaim, result: dict[str, object]) -> None:
    with ledger.database.write() as session:
        video = media.locked(session, claim.video_id)
        job = media_claims.held(video, claim)
        assert video is not None
        assert job is not None
        media.finish(job, result, now())
        media.settle(video)
