"""What people ask of media jobs: a conversion, another try, an end to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.catalog import audit, media, news, videos
from backend.catalog.database import Database
from backend.catalog.media import CONVERT
from backend.catalog.models import JobState, MediaJob, Video
from backend.catalog.videos import GONE, Scope
from backend.disk.layout import Layout
from backend.errors import BadField, Conflict, NotFound
from backend.log import UploadLog
from backend.media import conversion, room
from backend.media.facts import Facts
from backend.media.kinds import planned_conversion
from backend.media.publish import is_whole, remove
from backend.outbox.clock import instant

_UNDER_WAY = (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True)
class MediaDesk:
    database: Database
    layout: Layout
    log: UploadLog
    default_format: str

    def convert(self, video_id: str, scope: Scope, by: str, form: str | None, heights: Sequence[int]) -> list[MediaJob]:
        """Queue conversions; those that are made or queued already are left as they are.

        `form`: mp4, webm or hls; None: VIDEO_OUTPUT_FORMAT. Raises `BadField`; `Conflict` before the video was looked
        at, or when it cannot be read. A video has one HLS stream: another one takes its place.
        """
        most = conversion.MOST_HEIGHTS
        if not 1 <= len(heights) <= most:
            words = f"Name 1 to {most} heights, such as [720]; {len(heights)} were named."
            raise BadField(words, detail={"field": "heights"})
        with self.database.write() as session:
            video = _of(media.locked(session, video_id), video_id, scope)
            if video.trashed_at is not None:
                raise Conflict("This video is in the trash: take it out first.", detail={"status": "trashed"})
            found = media.facts_of(video)
            if found is None:
                raise Conflict(_not_yet(video), detail={"status": video.media_state})
            facts = Facts.from_json(found)
            wanted = conversion.split(form or self.default_format, heights)
            for parameters in wanted:
                conversion.parse(parameters, facts)
            jobs = media.plan(session, video, map(planned_conversion, wanted), instant(session))
            audit.append_about(session, video, "media.asked", wanted=wanted)
        for job in jobs:
            self.log.write("info", "conversion_asked", upload=video_id, parameters=job.parameters, by=by)
        return jobs

    def jobs(self, video_id: str, scope: Scope) -> list[MediaJob]:
        """Every job of a video, the oldest first."""
        with self.database.read() as session:
            return list(videos.get(session, video_id, scope).media_jobs)

    def retry(self, video_id: str, job_id: int, scope: Scope, by: str) -> MediaJob:
        """Begin a job anew that failed, was set aside or cancelled; one that waits for its next try is due at once.

        So is one that is done, if what it made is not on the disk any more.
        """
        with self.database.write() as session:
            video = _of(media.locked(session, video_id), video_id, scope)
            job = _job(video, job_id)
            done = job.state == JobState.DONE and is_whole(self.layout, video.relative_path, job)
            if job.state == JobState.RUNNING or done:
                raise Conflict(f"Job {job_id} is {job.state}: there is nothing to retry.", detail={"state": job.state})
            media.begin_anew(job, instant(session))
            media.settle(video)
            audit.append_about(session, video, "media.retried", kind=job.kind, parameters=job.parameters)
        self.log.write("info", "media_retried", upload=video_id, kind=job.kind, parameters=job.parameters, by=by)
        return job

    def cancel(self, video_id: str, job_id: int, scope: Scope, by: str) -> MediaJob:
        """End a job that waits or runs. Of a conversion that is made, its files go, and its row."""
        with self.database.write() as session:
            video = _of(media.locked(session, video_id), video_id, scope)
            job = _job(video, job_id)
            if job.state not in _UNDER_WAY and job.kind != CONVERT:
                # Without its row nobody could retry it, and the video would stay as it left it.
                raise Conflict(
                    f"Job {job_id} is {job.state}, so there is nothing to cancel, and it belongs to the video: only"
                    " conversions go.",
                    detail={"state": job.state},
                )
            if job.state in _UNDER_WAY:
                was = video.media_state
                media.cancel(job, by, instant(session))
                media.settle(video)
                news.tell_media(session, was, video)
            else:
                session.delete(job)
            audit.append_about(session, video, "media.cancelled", kind=job.kind, parameters=job.parameters)
        if job.state == JobState.DONE:
            # After the row: what nobody knows of any more is made anew in the same place, or goes with the video.
            remove(self.layout, video.relative_path, video_id, job)
            room.note(self.layout, self.database, video_id, video.relative_path)
        self.log.write("info", "media_cancelled", upload=video_id, kind=job.kind, parameters=job.parameters, by=by)
        return job


def _of(video: Video | None, video_id: str, scope: Scope) -> Video:
    if video is None or not scope.allows(video.project_id) or video.local_state in GONE:
        raise NotFound(f"There is no video {video_id}.")
    return video


def _job(video: Video, job_id: int) -> MediaJob:
    for job in video.media_jobs:
        if job.id == job_id:
            return job
    raise NotFound(f"There is no job {job_id} of video {video.id}.")


def _not_yet(video: Video) -> str:
    if video.media_reason:
        return f"This video cannot be converted: {video.media_reason}"
    return "This video was not looked at yet, so nothing is known of its size. Try again in a moment."
