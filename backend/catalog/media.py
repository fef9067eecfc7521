"""The rows of media jobs: planned, ended, begun anew; and what they make of a video. Claims are in `media_claims`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CursorResult, Executable, literal_column, select, update
from sqlalchemy.orm import Session

from backend.catalog.models import JobState, MediaJob, MediaState, Video

PROBE, PICTURES, PREVIEW, BROWSER, CONVERT = "probe", "pictures", "preview", "browser", "convert"
FINGERPRINT = "fingerprint"
SHORT, LONG = "short", "long"
# In the words of the index, which neither database uses for a value that it does not see.
_NOT_READY = literal_column("videos.media_state != 'ready'", Boolean)
_OPEN = (JobState.WAITING, JobState.RUNNING)
_BROKEN = (JobState.FAILED, JobState.SET_ASIDE, JobState.CANCELLED)


@dataclass(frozen=True)
class Planned:
    """A job to be: what to make, in which lane, and how urgent it is (the smaller first)."""

    kind: str
    lane: str
    urgency: int
    parameters: str = ""


def locked(session: Session, video_id: str) -> Video | None:
    """A video whose jobs are about to change: of two that end at once, the second sees what the first made of it."""
    return session.get(Video, video_id, with_for_update=True)


def unplanned(session: Session, limit: int) -> Sequence[Video]:
    """Videos that nothing is planned for yet, the oldest first; their bytes are here, and stand still: what is not
    hashed yet is perhaps still being recorded."""
    return session.scalars(
        select(Video)
        .where(
            _NOT_READY, Video.media_state == MediaState.NEW, Video.local_state == "present", Video.trashed_at.is_(None)
        )
        .where(Video.sha256 != "")
        .order_by(Video.created_at, Video.id)
        .limit(limit)
    ).all()


def any_in(session: Session, states: Sequence[MediaState]) -> bool:
    return session.scalar(select(Video.id).where(_NOT_READY, Video.media_state.in_(states)).limit(1)) is not None


def mark(session: Session, states: Sequence[MediaState], state: MediaState, reason: str, limit: int) -> int:
    """Bring videos from some states to another; how many, at most `limit`."""
    which = Video.media_state.in_(states)
    some = select(Video.id).where(_NOT_READY, which).order_by(Video.created_at).limit(limit).scalar_subquery()
    change = update(Video).where(Video.id.in_(some), which)
    return written(session, change.values(media_state=state, media_reason=reason))


def plan(session: Session, video: Video, wanted: Iterable[Planned], now: datetime) -> list[MediaJob]:
    """Rows for what is not planned yet; those that were given up begin anew. Returns all that were asked for."""
    known = {(job.kind, job.parameters): job for job in video.media_jobs}
    found = []
    for planned in wanted:
        job = known.get((planned.kind, planned.parameters))
        if job is None:
            job = _row(planned, now)
            video.media_jobs.append(job)
        elif job.state in _BROKEN:
            begin_anew(job, now)
        found.append(job)
    session.flush()
    return found


def adopt(video: Video, made: Iterable[tuple[Planned, dict[str, Any]]], now: datetime) -> None:
    """Rows for what lies on disk already, as after a rebuild of the catalog."""
    known = {(job.kind, job.parameters) for job in video.media_jobs}
    for planned, result in made:
        if (planned.kind, planned.parameters) not in known:
            job = _row(planned, now)
            finish(job, result, now)
            video.media_jobs.append(job)


def _row(planned: Planned, now: datetime) -> MediaJob:
    return MediaJob(
        kind=planned.kind,
        parameters=planned.parameters,
        lane=planned.lane,
        urgency=planned.urgency,
        next_attempt_at=now,
        created_at=now,
        updated_at=now,
    )


def begin_anew(job: MediaJob, now: datetime) -> None:
    """As if it had never been tried."""
    job.state, job.attempts, job.deaths, job.progress = JobState.WAITING, 0, 0, 0.0
    job.error, job.error_code, job.result = "", "", {}
    job.lease_token, job.lease_until, job.finished_at = None, None, None
    job.next_attempt_at = job.updated_at = now


def finish(job: MediaJob, result: dict[str, Any], now: datetime) -> None:
    _end(job, JobState.DONE, now)
    job.result, job.progress, job.error, job.error_code = result, 1.0, "", ""


def fail(job: MediaJob, code: str, words: str, now: datetime) -> None:
    _end(job, JobState.FAILED, now)
    job.error, job.error_code = words, code


def cancel(job: MediaJob, by: str, now: datetime) -> None:
    _end(job, JobState.CANCELLED, now)
    job.error, job.error_code = f"Cancelled by {by}.", "cancelled"


def set_aside(job: MediaJob, words: str, now: datetime) -> None:
    _end(job, JobState.SET_ASIDE, now)
    job.error, job.error_code = words, "worker-died"


def put_off(job: MediaJob, code: str, words: str, until: datetime, now: datetime) -> None:
    """Try it again at `until`, by itself."""
    job.state, job.lease_token, job.lease_until = JobState.WAITING, None, None
    job.next_attempt_at, job.error, job.error_code, job.updated_at = until, words, code, now


def give_back(job: MediaJob, now: datetime) -> None:
    """Its worker stops: nobody's fault, and the next one begins it anew."""
    job.attempts -= 1
    put_off(job, "", "", now, now)


def _end(job: MediaJob, state: JobState, now: datetime) -> None:
    job.state, job.lease_token, job.lease_until = state, None, None
    job.finished_at = job.updated_at = now


def facts_of(video: Video) -> dict[str, Any] | None:
    """What the probe found; None while it has not."""
    probes = (job for job in video.media_jobs if job.kind == PROBE and job.state == JobState.DONE)
    return next((job.result for job in probes), None)


def settle(video: Video) -> None:
    """Bring the video's own columns to what its jobs tell, and forget conversions that a later one has replaced."""
    _forget_replaced(video)
    jobs = {job.kind: job for job in video.media_jobs if job.kind != CONVERT}
    video.media_state, video.media_reason = _state(jobs)
    if (facts := facts_of(video)) is not None:
        video.duration_seconds = facts["duration_seconds"]
        if video.media_state == MediaState.READY:
            # It plays as far as it goes, and people shall know that it goes no further.
            video.media_reason = facts.get("trouble", "")


def _forget_replaced(video: Video) -> None:
    """Streams of other heights lie in the same folder, so there is one at a time."""
    done = [job for job in video.media_jobs if job.kind == CONVERT and job.state == JobState.DONE]
    latest = {job.result["file"]: job for job in sorted(done, key=lambda job: job.finished_at or job.updated_at)}
    for job in done:
        if latest[job.result["file"]] is not job:
            video.media_jobs.remove(job)


def _state(jobs: Mapping[str, MediaJob]) -> tuple[MediaState, str]:
    """How far a video is, and why it cannot be played. Its preview, fingerprint and conversions do not count."""
    for kind in (PROBE, PICTURES, BROWSER):
        job = jobs.get(kind)
        if job is None:
            continue
        if job.state in _OPEN:
            return MediaState.WORKING, ""
        if job.state in _BROKEN and _is_in_the_way(job, jobs):
            return MediaState.UNPLAYABLE, job.error
    return (MediaState.READY, "") if PROBE in jobs else (MediaState.NEW, "")


def _is_in_the_way(job: MediaJob, jobs: Mapping[str, MediaJob]) -> bool:
    """Whether the video cannot be played for it: sound needs no picture, and one whose pictures took too long may well
    be played."""
    if job.kind != PICTURES:
        return True
    probe = jobs.get(PROBE)
    is_seen = probe is not None and bool(probe.result.get("video_codec"))
    return is_seen and job.error_code == "unreadable" and BROWSER not in jobs


def written(session: Session, statement: Executable) -> int:
    """Run a change of many rows at once; how many it met."""
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount
