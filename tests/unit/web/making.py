"""A video with its media, as a worker leaves it: rows and files, without ffmpeg."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from backend.catalog import media, videos
from backend.catalog.models import MediaJob, Video
from backend.disk.layout import Layout
from backend.media.kinds import KINDS
from tests.services.media_site import FACTS
from tests.unit.web.conftest import VIDEO, Site

AT = datetime(2026, 1, 31, 12, 0, 0, 123000, tzinfo=UTC)
JPEG, WEBP, MP4 = b"\xff\xd8\xff thumbnail", b"RIFF webp", b"\x00\x00\x00\x18ftypisom" + bytes(range(200))
STORYBOARD = {
    "sheets": ["storyboard-0.jpg", "storyboard-1.jpg"], "columns": 2, "rows": 2, "tile_width": 160, "tile_height": 90,
    "interval_seconds": 10.0, "count": 6,
}  # fmt: skip
PICTURES = {
    "thumbnail": {"file": "thumbnail.jpg", "width": 64, "height": 36, "at_seconds": 1.0},
    "storyboard": STORYBOARD,
}
PREVIEW = {"file": "preview.webp", "width": 64, "height": 36, "seconds": 3.0}
BROWSER = {"file": "browser.mp4", "mime_type": "video/mp4", "width": 64, "height": 36, "size_bytes": len(MP4)}
HLS = {"file": "hls/master.m3u8", "heights": [720], "mime_type": "application/vnd.apple.mpegurl", "size_bytes": 40}
STREAM = {
    "hls/master.m3u8": b"#EXTM3U\n720p/index.m3u8\n",
    "hls/720p/index.m3u8": b"#EXTM3U\nsegment-0.m4s\n",
    "hls/720p/init.mp4": MP4,
    "hls/720p/segment-0.m4s": b"segment",
    "hls/notes.txt": b"not to be served",
}


@dataclass
class Shown:
    """One saved video of a site, its rows and its files."""

    site: Site
    id: str

    @property
    def layout(self) -> Layout:
        return self.site.services.layout

    @property
    def row(self) -> Video:
        with self.site.services.database.read() as session:
            return videos.get(session, self.id)

    def folder(self, kind: str) -> Path:
        return KINDS[kind].folder(self.layout, self.row.relative_path)

    def make(
        self, kind: str, result: Mapping[str, Any], files: Mapping[str, bytes] | None = None, parameters: str = ""
    ) -> MediaJob:
        """As the worker does when a job is done: its files, then its row."""
        folder = self.folder(kind)
        for name, content in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return self.plan(kind, parameters, result=result)

    def plan(self, kind: str, parameters: str = "", result: Mapping[str, Any] | None = None) -> MediaJob:
        with self.site.services.database.write() as session:
            video = media.locked(session, self.id)
            assert video is not None
            (job,) = media.plan(session, video, [KINDS[kind].planned(kind, parameters)], AT)
            if result is not None:
                media.finish(job, dict(result), AT + timedelta(seconds=job.id))
            media.settle(video)
        return job

    def end(self, job: MediaJob, code: str, words: str) -> None:
        """It failed for good."""
        with self.site.services.database.write() as session:
            video = media.locked(session, self.id)
            row = session.get(MediaJob, job.id)
            assert video is not None
            assert row is not None
            media.fail(row, code, words, AT)
            media.settle(video)

    def job(self, job_id: int) -> MediaJob | None:
        with self.site.services.database.read() as session:
            return session.scalar(select(MediaJob).where(MediaJob.id == job_id))

    def set(self, **values: Any) -> None:
        """Write the video's row behind everybody's back."""
        with self.site.services.database.write() as session:
            session.execute(update(Video).where(Video.id == self.id).values(**values))

    def path(self, rest: str) -> str:
        return f"/api/videos/{self.id}/{rest}"


def upload(site: Site, name: str = "holiday.mp4", role: str = "uploader", **fields: str) -> Shown:
    saved = site.upload(name, VIDEO, "/api/upload-video", role, None, **fields)
    return Shown(site, saved.get_json()["video_id"])


def ready(site: Site, **facts: Any) -> Shown:
    """A video whose facts and pictures are made."""
    shown = upload(site)
    shown.make("probe", FACTS | facts)
    shown.make(
        "pictures", PICTURES, {"thumbnail.jpg": JPEG, "storyboard-0.jpg": b"sheet 0", "storyboard-1.jpg": b"sheet 1"}
    )
    shown.make("preview", PREVIEW, {"preview.webp": WEBP})
    return shown


def with_copies(site: Site) -> Shown:
    """The same with a playable copy, a conversion and a stream."""
    shown = ready(site, browser_plays=False)
    shown.make("browser", BROWSER, {"browser.mp4": MP4})
    shown.make("convert", BROWSER | {"file": "480p.mp4"}, {"480p.mp4": MP4 + b"480"}, "mp4-480")
    shown.make("convert", HLS, STREAM, "hls-720")
    return shown
