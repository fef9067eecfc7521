"""The media side of one installation without processes: runners in threads of the test, makers as a test wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from backend.catalog.database import Database
from backend.catalog.models import MediaJob, Video
from backend.confine import Confinement
from backend.media.making import Workshop
from backend.media.planner import Planner
from backend.media.runner import MediaRunner
from backend.media.work import Allowance, Maker, Work
from tests.services.ledger import Ledger
from tests.services.waiting import wait_until

FACTS: dict[str, Any] = {
    "container": "mov", "duration_seconds": 60.0, "bit_rate": 1000, "video_codec": "h264", "audio_codec": "aac",
    "width": 1280, "height": 720, "coded_width": 1280, "coded_height": 720, "pixel_aspect": 1.0, "rotation": 0,
    "fps": 25.0, "variable_rate": False, "pixel_format": "yuv420p", "bits_per_sample": 8, "profile": "High",
    "interlaced": False, "hdr": False, "channels": 2, "sample_rate": 48000, "recorded_at": None, "camera": "",
    "faststart": True, "browser_plays": True, "why_not": "",
}  # fmt: skip


def makes(result: dict[str, Any], *names: str) -> Maker:
    """A maker that leaves small files with these names, and this result."""

    def make(work: Work) -> dict[str, Any]:
        for name in names:
            place = work.workspace / name
            place.parent.mkdir(exist_ok=True)
            place.write_text(f"{name} of {work.source.name}")
        return result

    return make


def fails(error: Exception) -> Maker:
    def make(work: Work) -> dict[str, Any]:
        raise error

    return make


THUMBNAIL = {"file": "thumbnail.jpg", "width": 64, "height": 36, "at_seconds": 1.0}
QUICK: dict[str, Maker] = {
    "probe": makes(FACTS),
    "pictures": makes({"thumbnail": THUMBNAIL, "storyboard": None}, "thumbnail.jpg"),
    "preview": makes({"file": "preview.webp", "width": 64, "height": 36, "seconds": 1.0}, "preview.webp"),
    "browser": makes({"file": "browser.mp4", "mime_type": "video/mp4", "size_bytes": 9}, "browser.mp4"),
    "fingerprint": makes({"frames": 0, "version": 1, "reason": "made up"}),
    "convert": makes({"file": "720p.mp4", "mime_type": "video/mp4", "size_bytes": 9}, "720p.mp4"),
}


@dataclass
class MediaSite:
    ledger: Ledger
    tools: Confinement = field(default_factory=Confinement)

    def workshop(self, **makers: Maker) -> Workshop:
        s = self.ledger.services
        return Workshop(
            layout=s.layout,
            database=s.database,
            restorer=s.restorer,
            tools=self.tools,
            allowance=Allowance(threads=1, memory_bytes=2**31, longest_seconds=600),
            log=s.log,
            reserve_bytes=0,
            makers={**QUICK, **makers},
        )

    def planner(self) -> Planner:
        return Planner(self.ledger.database, self.ledger.services.layout)

    def runner(self, database: Database | None = None, jobs: int = 1, **makers: Maker) -> MediaRunner:
        """Not started. A database of its own makes it a worker of its own."""
        database = database or self.ledger.database
        planner = Planner(database, self.ledger.services.layout)
        workshop = replace(self.workshop(**makers), database=database)
        return MediaRunner(
            database, planner, workshop, self.ledger.services.log, "node", jobs, look_for_tools_seconds=0.1
        )

    @contextmanager
    def running(self, jobs: int = 1, **makers: Maker) -> Iterator[MediaRunner]:
        """A worker's media thread, stopped in order at the end."""
        database = Database(self.ledger.services.settings.catalog_url)
        runner = self.runner(database, jobs, **makers)
        runner.start()
        try:
            yield runner
        finally:
            runner.finish()
            database.close()

    def jobs(self, video_id: str) -> dict[str, MediaJob]:
        return {f"{job.kind} {job.parameters}".strip(): job for job in self.ledger.video(video_id).media_jobs}

    def states(self, video_id: str) -> Mapping[str, str]:
        return {name: job.state for name, job in self.jobs(video_id).items()}

    def wait_for(self, video_id: str, state: str) -> Video:
        self.wait_until(lambda: self.ledger.video(video_id).media_state == state, f"the video to be {state}")
        return self.ledger.video(video_id)

    def wait_for_job(self, video_id: str, name: str, state: str) -> MediaJob:
        self.wait_until(lambda: self.states(video_id).get(name) == state, f"{name} to be {state}")
        return self.jobs(video_id)[name]

    @staticmethod
    def wait_until(condition: Callable[[], bool], what: str) -> None:
        # Less than a lease, which would hide a loss.
        wait_until(condition, what, seconds=25)
