"""What was made from videos and is gone from the disk: a look costs one stat a file, and it is begun anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backend.catalog import media, media_list
from backend.catalog.database import Database
from backend.catalog.models import JobState, MediaJob, Video
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.log import UploadLog
from backend.media.publish import is_whole
from backend.outbox.clock import instant

_PAGE = 500


@dataclass(frozen=True)
class Gone:
    """A job that is done, and not all of whose files are there."""

    video_id: str
    job_id: int
    kind: str
    parameters: str
    original_filename: str


@dataclass(frozen=True)
class Missing:
    """Only of videos whose own bytes are here, outside the trash: of others nothing can be made now.

    So a storage folder that is not mounted does not have everything made again.
    """

    database: Database
    layout: Layout
    log: UploadLog

    def look(self) -> Iterator[Gone]:
        last = 0
        while True:
            with self.database.read() as session:
                found = media_list.done_after(session, last, _PAGE)
            if not found:
                return
            last = found[-1].job.id
            for job, relative_path, name in found:
                if self._is_gone(relative_path, job):
                    yield Gone(job.video_id, job.id, job.kind, job.parameters, name)

    def begin_anew(self) -> int:
        """Begin everything anew that is gone; how many jobs wait for it now."""
        return sum(1 for _ in self.begin_each())

    def begin_each(self) -> Iterator[MediaJob]:
        for gone in self.look():
            job = self.begin(gone.video_id, gone.job_id)
            if job is not None:
                yield job

    def begin(self, video_id: str, job_id: int) -> MediaJob | None:
        """Begin this one anew, if what it made is gone; None when it is there, or the job is not done (any more)."""
        with self.database.read() as session:
            seen = _done(session.get(Video, video_id), job_id)
        if seen is None:
            return None
        video, job = seen
        # While files change places, one may be out of sight for a moment.
        with lock(self.layout, "media", video_id):
            if not self._is_gone(video.relative_path, job):
                return None
        with self.database.write() as session:
            seen = _done(media.locked(session, video_id), job_id)
            if seen is None or seen[1].finished_at != job.finished_at:
                return None
            video, job = seen
            media.begin_anew(job, instant(session))
            media.settle(video)
        self.log.write("warning", "media_missing", upload=video_id, kind=job.kind, parameters=job.parameters)
        return job

    def _is_gone(self, relative_path: str, job: MediaJob) -> bool:
        whole = is_whole(self.layout, relative_path, job)
        return not whole and self.layout.absolute(relative_path).is_file()


def _done(video: Video | None, job_id: int) -> tuple[Video, MediaJob] | None:
    if video is None or video.local_state != "present" or video.trashed_at is not None:
        return None
    jobs = (job for job in video.media_jobs if job.id == job_id and job.state == JobState.DONE)
    return next(((video, job) for job in jobs), None)
