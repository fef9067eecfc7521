"""A running installation that makes pictures and copies with the real ffmpeg: what people see, and what really runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import JobState, MediaJob
from backend.catalog.videos import get
from backend.disk.layout import Layout
from backend.settings import load_settings
from tests.services.app import RunningApp
from tests.services.process import children, living
from tests.services.waiting import wait_until


@dataclass
class Studio:
    app: RunningApp

    # What people do and see

    def upload(self, path: Path, **fields: str) -> str:
        """Save a file; its id."""
        form = {"video": (path.name, path.read_bytes(), "application/octet-stream"), **fields}
        answer = self.app.request("POST", "/api/upload-video", fields=form)
        assert answer.status == 201, answer.data
        return str(answer.json()["video_id"])

    def video(self, video_id: str) -> dict[str, Any]:
        answer = self.app.request("GET", f"/api/videos/{video_id}")
        assert answer.status == 200, answer.data
        shown: dict[str, Any] = answer.json()["video"]
        return shown

    def get(self, video_id: str, rest: str, **headers: str) -> Any:
        return self.app.request("GET", f"/api/videos/{video_id}/{rest}", headers=headers)

    def got(self, video_id: str, rest: str, place: Path) -> Path:
        """Download a made file whole; `place`."""
        answer = self.get(video_id, rest)
        assert answer.status == 200, (rest, answer.data)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(answer.data)
        return place

    def wait_for(self, video_id: str, status: str, seconds: float = 120) -> dict[str, Any]:
        what = f"the video to be {status}"
        return self._wait(video_id, lambda v: v["status"] == status, what, seconds)

    def wait_for_everything(self, video_id: str, seconds: float = 150) -> dict[str, Any]:
        """Until it is ready and no job is left that is not done, those too that nobody waits for."""
        shown = self._wait(
            video_id, lambda v: v["status"] == "ready" and not v["media"]["jobs"], "all to be made", seconds
        )
        wait_until(
            lambda: all(job["state"] == JobState.DONE for job in self.get(video_id, "jobs").json()["jobs"]),
            "the fingerprint to be taken",
            seconds=seconds,
        )
        return shown

    def _wait(self, video_id: str, met: Callable[[dict[str, Any]], bool], what: str, seconds: float) -> dict[str, Any]:
        last: dict[str, Any] = {}

        def asked() -> bool:
            last.update(self.video(video_id))
            return met(last)

        try:
            wait_until(asked, what, seconds=seconds)
        except AssertionError as error:
            tail = "\n".join(self.app.log_file.read_text().splitlines()[-15:])
            raise AssertionError(f"{error}; it is {last['status']}, {last['media']}\n{tail}") from None
        return last

    def convert(self, video_id: str, form: str, *heights: int) -> list[dict[str, Any]]:
        body = {"format": form, "heights": list(heights)}
        answer = self.app.request("POST", f"/api/videos/{video_id}/conversions", json=body)
        assert answer.status == 202, answer.data
        jobs: list[dict[str, Any]] = answer.json()["jobs"]
        return jobs

    # What is really there

    @contextmanager
    def ledger(self) -> Iterator[Database]:
        database = Database(load_settings(self.app.environ, None).catalog_url)
        try:
            yield database
        finally:
            database.close()

    def jobs(self, video_id: str) -> dict[str, MediaJob]:
        """Every job by its kind and parameters."""
        with self.ledger() as database, database.read() as session:
            return {f"{job.kind} {job.parameters}".strip(): job for job in get(session, video_id).media_jobs}

    def folders(self, video_id: str) -> tuple[Path, Path]:
        """Those of pictures and of copies."""
        layout, path = Layout(self.app.storage_path), self.video(video_id)["relative_path"]
        return layout.pictures_of(path), layout.renditions_of(path)

    def incoming(self) -> list[str]:
        return sorted(path.name for path in (self.app.storage_path / "incoming").iterdir())

    # Processes and time

    def start(self, *names: str) -> None:
        """Start these, or web and worker, and wait until the worker is up: one that still loads knows no end."""
        ups = self.log_lines("worker_up")
        self.app.start(*names)
        if not names or "worker" in names:
            wait_until(lambda: len(self.log_lines("worker_up")) > len(ups), "the worker to be up")

    def log_lines(self, step: str) -> list[str]:
        lines = self.app.log_file.read_text().splitlines() if self.app.log_file.exists() else []
        return [line for line in lines if line.split()[2:3] == [step]]

    def hold(self, video_id: str, job: str) -> list[int]:
        """Wait until ffmpeg is at this job, and let it stand still there; its processes, those around it too."""

        def found() -> list[int]:
            row = self.jobs(video_id).get(job)
            assert row is None or row.state != JobState.DONE, f"{job} was done before it could be held"
            pids = self.runs(f"media-{row.lease_token}") if row is not None and row.lease_token else []
            # Not while its walls are still being built.
            return pids if any(Path(_told(pid)[0]).name == "ffmpeg" for pid in pids) else []

        pids = wait_until(found, f"ffmpeg to be at {job}")
        os.killpg(os.getpgid(pids[0]), signal.SIGSTOP)
        return pids

    def halt(self) -> None:
        """Wait until ffmpeg is at work for this installation, whatever at, and let it stand still there."""

        def halted() -> bool:
            pids = self.runs()
            if not any(Path(_told(pid)[0]).name == "ffmpeg" for pid in pids):
                return False
            with suppress(ProcessLookupError):
                os.killpg(os.getpgid(pids[0]), signal.SIGSTOP)
            return any(living(pid) for pid in pids)  # it may have ended just then

        wait_until(halted, "ffmpeg to be at work")

    def runs(self, word: str = "") -> list[int]:
        """The processes of ffmpeg and ffprobe at work for this installation, with this word in what they were given."""
        word = word or str(self.app.storage_path)
        every = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        roots = [pid for pid in every if any(word in told for told in _told(pid)) and _is_media(pid)]
        return sorted({one for root in roots for one in (root, *_offspring(root))})

    def run_leases_out(self) -> None:
        """What half a minute does to the claims of a worker that is gone."""
        with self.ledger() as database, database.write() as session:
            past = datetime.now(UTC) - timedelta(seconds=1)
            running = update(MediaJob).where(MediaJob.state == JobState.RUNNING)
            session.execute(running.values(lease_until=past))

    def kill_worker(self) -> None:
        """kill -9 for the worker alone, as the kernel does when memory is short: not for what it started."""
        os.kill(self.app.process("worker").pid, signal.SIGKILL)
        wait_until(lambda: not self.app.process("worker").running, "the worker to be gone")


def _told(pid: int) -> list[str]:
    """The arguments and the working folder of a living process."""
    with suppress(OSError):
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        if arguments != [""]:
            return [*arguments, str(Path(f"/proc/{pid}/cwd").readlink())]
    return [""]


def _is_media(pid: int) -> bool:
    return any(Path(word).name in ("ffmpeg", "ffprobe") for word in _told(pid))


def _offspring(pid: int) -> Iterator[int]:
    for child in children(pid):
        yield child
        yield from _offspring(child)
