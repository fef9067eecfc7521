"""Taking in many files: each is told as it happens, a bar moves on a terminal, and one failure stops no other."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from backend.catalog import videos
from backend.catalog.models import Video
from backend.cli.terminal import console, on_terminal, safe, say, show_json_lines, show_line
from backend.errors import CatalogUnavailable, DiskFault, HoldfastError, Refused
from backend.intake.receipt import receipt
from backend.intake.receive import Saved
from backend.services import Services

# After these every other file would fail alike, or worse.
_HOPELESS = (DiskFault, CatalogUnavailable)


@dataclass
class Batch:
    """Collects and tells. `advance` moves the bar by so many bytes."""

    services: Services
    as_json: bool
    advance: Callable[[int], None] = lambda _: None
    counts: Counter[str] = field(default_factory=Counter)
    answers: list[dict[str, Any]] = field(default_factory=list)
    hopeless: bool = False

    def take(self, path: Path, work: Callable[[], Saved]) -> None:
        """Do the work for one file and tell how it went; raises nothing that concerns this file alone."""
        try:
            saved = work()
        except HoldfastError as error:
            self.failed(path, error)
            return
        with self.services.database.read() as session:
            video = videos.get(session, saved.video_id)
        self._count("saved", _saved_json(path, video) | {"receipt": receipt(self.services.signer, video)})
        if not self.as_json:
            _tell_saved(path, video)

    def skipped(self, path: Path, reason: str) -> None:
        self._count("skipped", {"file": str(path), "status": "skipped", "reason": reason})
        if self.as_json:
            return
        if on_terminal():
            say(f"skipped: {path}: {reason}")
        else:
            show_line(["skipped", "", "", str(path), reason])

    def failed(self, path: Path, error: HoldfastError) -> None:
        self.hopeless = isinstance(error, _HOPELESS)
        self._count("refused" if isinstance(error, Refused) else "failed", _failed_json(path, error))
        say(f"failed: {path}: {error.message}", err=True)

    def end(self, left: int) -> int:
        """Sum up; returns the exit code. `left` files were not tried."""
        if self.as_json:
            show_json_lines(self.answers)
        failed = self.counts["failed"] + self.counts["refused"]
        say(f"{self.counts['saved']} saved, {self.counts['skipped']} skipped, {failed} failed.", err=True)
        if left:
            say(f"{left} were not tried: the server's own disk or database does not work.", err=True)
        if self.counts["failed"] or left:
            return 1
        return 3 if self.counts["refused"] else 0

    def _count(self, what: str, answer: dict[str, Any]) -> None:
        self.counts[what] += 1
        if self.as_json:
            self.answers.append(answer)


@contextmanager
def bar(total_bytes: int, *, as_json: bool) -> Iterator[Callable[[str, int], None]]:
    """A function `(name, step_bytes)` that moves a progress bar; without a terminal it shows nothing."""
    on_stdout = on_terminal() and not as_json
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console(err=not on_stdout),
        transient=True,
        # What goes to stdout must stay there when the bar is on stderr.
        redirect_stdout=on_stdout,
        disable=not (on_stdout or sys.stderr.isatty()),
    )
    with progress:
        task = progress.add_task("", total=total_bytes)
        yield lambda name, step: progress.update(task, description=_cut(safe(name)), advance=step)


def _cut(name: str) -> str:
    return name if len(name) <= 32 else f"{name[:15]}…{name[-16:]}"


def _saved_json(path: Path, video: Video) -> dict[str, Any]:
    return {
        "file": str(path),
        "status": "saved",
        "video_id": video.id,
        "sha256": video.sha256,
        "size_bytes": video.size_bytes,
        "stored_filename": video.stored_filename,
        "project_id": video.project_id,
        "duplicate_of": video.duplicate_of,
        "targets": [d.target for d in video.deliveries],
    }


def _failed_json(path: Path, error: HoldfastError) -> dict[str, Any]:
    return {"file": str(path), "status": "failed", "reason": error.message, "code": error.code}


def _tell_saved(path: Path, video: Video) -> None:
    if not on_terminal():
        show_line(["saved", video.id, f"sha256:{video.sha256}", str(path)])
        return
    same = f" (same content as {video.duplicate_of}: the bytes are shared)" if video.duplicate_of else ""
    say(f"saved: {path}{same}", f"  id {video.id}", f"  sha256:{video.sha256}")
