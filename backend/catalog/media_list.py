"""The media jobs of all videos, for those who look after the server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from backend.catalog.describe_media import describe_job
from backend.catalog.models import JobState, MediaJob, Video
from backend.catalog.videos import EVERYTHING, GONE, Scope

NOT_DONE = tuple(state for state in JobState if state != JobState.DONE)


def listed(session: Session, states: Sequence[str], scope: Scope = EVERYTHING, limit: int = 200) -> list[MediaJob]:
    """Jobs in these states with their videos, the latest change first. Videos in the trash count, removed ones not."""
    found: list[MediaJob] = []
    for state in states:
        # One by one, each is read from the end of its index, however many there are.
        query = select(MediaJob).join(MediaJob.video).options(contains_eager(MediaJob.video))
        query = query.where(MediaJob.state == state, Video.local_state.not_in(GONE), *scope.condition())
        found += session.scalars(query.order_by(MediaJob.updated_at.desc(), MediaJob.id.desc()).limit(limit))
    return sorted(found, key=lambda job: (job.updated_at, job.id), reverse=True)[:limit]


class Done(NamedTuple):
    job: MediaJob
    relative_path: str
    original_filename: str


def done_after(session: Session, job_id: int, limit: int) -> Sequence[Done]:
    """The next jobs that are done, by their ids, of videos that are here and not in the trash."""
    query = select(MediaJob, Video.relative_path, Video.original_filename).join(MediaJob.video)
    query = query.where(MediaJob.id > job_id, MediaJob.state == JobState.DONE)
    query = query.where(Video.local_state == "present", Video.trashed_at.is_(None))
    return [Done(*row) for row in session.execute(query.order_by(MediaJob.id).limit(limit))]


def describe_listed(job: MediaJob) -> dict[str, Any]:
    video = job.video
    return {"video_id": video.id, "filename": video.original_filename, "title": video.title} | describe_job(job)
