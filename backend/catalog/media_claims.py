"""Claiming media jobs: a lease with a token. One that ends its worker again and again is set aside."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, update
from sqlalchemy.orm import Session

from backend.catalog import media, news
from backend.catalog.models import JobState, MediaJob, Video

LEASE = timedelta(seconds=30)
# A job that ends its worker is given one more chance: the first time, something else may have been to blame.
MOST_DEATHS = 2

Columns = TypeVarTuple("Columns")


@dataclass(frozen=True)
class JobClaim:
    """One job in one worker's hands. Every later write names the token."""

    job_id: int
    token: str
    video_id: str
    kind: str
    parameters: str
    lane: str
    attempt: int
    relative_path: str
    size_bytes: int
    original_filename: str
    facts: dict[str, Any] | None


def any_due(session: Session, lane: str, now: datetime) -> bool:
    """Whether a claim would find something. Locks nothing, so that an idle worker disturbs nobody."""
    return any(session.scalar(_in_turn(select(MediaJob.id), lane, due).limit(1)) is not None for due in _due(now))


def claim(session: Session, lane: str, worker: str, wanted: int, now: datetime) -> list[JobClaim]:
    """Take up to `wanted` jobs of a lane, the most urgent first and then those that have waited longest."""
    found: list[Row[MediaJob, Video]] = []
    for due in _due(now):
        query = _in_turn(select(MediaJob, Video), lane, due).limit(wanted)
        found += session.execute(query.with_for_update(skip_locked=True, of=MediaJob)).all()
    found.sort(key=lambda pair: (pair[0].urgency, pair[0].next_attempt_at, pair[0].id))
    return [_take(job, video, worker, now) for job, video in found[:wanted]]


def any_to_bury(session: Session, now: datetime) -> bool:
    return session.scalar(_suspects(now).limit(1)) is not None


def bury(session: Session, now: datetime) -> list[MediaJob]:
    """Set aside what has ended its worker too often; returns those."""
    buried = []
    for video_id in session.scalars(_suspects(now).distinct()).all():
        video = media.locked(session, video_id)
        was = video.media_state if video else ""
        for job in video.media_jobs if video else []:
            if job.lease_until and job.lease_until <= now and job.deaths >= MOST_DEATHS - 1:
                job.deaths += 1
                media.set_aside(job, _died(job.deaths), now)
                buried.append(job)
        if video:
            media.settle(video)
            news.tell_media(session, was, video)
    return buried


def renew(session: Session, progress: Mapping[str, float], now: datetime) -> set[str]:
    """Prolong the leases of these tokens and write how far they are; the tokens that are ours no more."""
    lost = set()
    for token, done in progress.items():
        change = update(MediaJob).where(MediaJob.lease_token == token, MediaJob.state == JobState.RUNNING)
        if not media.written(session, change.values(lease_until=now + LEASE, progress=done, updated_at=now)):
            lost.add(token)
    return lost


def held(video: Video | None, claim: JobClaim) -> MediaJob | None:
    """The job among those of its video, locked, if the claim still holds: nobody else has it, nor was it cancelled."""
    jobs = video.media_jobs if video else []
    ours = (job for job in jobs if job.lease_token == claim.token and job.state == JobState.RUNNING)
    return next(ours, None)


def _in_turn(query: Select[*Columns], lane: str, due: ColumnElement[bool]) -> Select[*Columns]:
    in_order = (MediaJob.urgency, MediaJob.next_attempt_at, MediaJob.id)
    return query.join(Video, Video.id == MediaJob.video_id).where(MediaJob.lane == lane, due).order_by(*in_order)


def _due(now: datetime) -> list[ColumnElement[bool]]:
    """What makes a job claimable, for each kind of waiting. Only a conversion fetches a pruned video back."""
    here = or_(Video.local_state == "present", and_(MediaJob.kind == media.CONVERT, Video.local_state == "pruned"))
    readable = and_(here, Video.trashed_at.is_(None))
    return [
        and_(MediaJob.state == JobState.WAITING, MediaJob.next_attempt_at <= now, readable),
        and_(_left_behind(now), MediaJob.deaths < MOST_DEATHS - 1, readable),
    ]


def _suspects(now: datetime) -> Select[str]:
    return select(MediaJob.video_id).where(_left_behind(now), MediaJob.deaths >= MOST_DEATHS - 1)


def _left_behind(now: datetime) -> ColumnElement[bool]:
    """By a worker that was killed."""
    return and_(MediaJob.state == JobState.RUNNING, MediaJob.lease_until <= now)


def _died(times: int) -> str:
    return (
        f"The worker died {times} times while it was at this, so it is set aside. The video itself is safe."
        " Look into the log before you retry it."
    )


def _take(job: MediaJob, video: Video, worker: str, now: datetime) -> JobClaim:
    job.deaths += job.state == JobState.RUNNING
    job.state, job.leased_by = JobState.RUNNING, worker
    job.lease_token, job.lease_until = str(uuid.uuid4()), now + LEASE
    job.attempts += 1
    job.progress, job.updated_at = 0.0, now
    return JobClaim(
        job_id=job.id,
        token=job.lease_token,
        video_id=video.id,
        kind=job.kind,
        parameters=job.parameters,
        lane=job.lane,
        attempt=job.attempts,
        relative_path=video.relative_path,
        size_bytes=video.size_bytes,
        original_filename=video.original_filename,
        facts=media.facts_of(video),
    )
