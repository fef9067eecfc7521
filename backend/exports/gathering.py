"""The recordings that an export is cut from: at hand, whole, and kept from vanishing while it is made.

Each is another name (hard link) of its file in the export's own folder: whatever is pruned, purged or put in its place
meanwhile, these bytes stay until the folder goes. They are hashed before they are used, and looked at again afterwards.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from backend.catalog import exports, segments, videos
from backend.catalog.database import Database
from backend.catalog.export_claims import ExportClaim
from backend.catalog.gaps import Stretch
from backend.catalog.models import Video
from backend.disk.atomic import told_as, told_as_gone
from backend.disk.layout import Layout
from backend.errors import (
    DiskFault,
    HoldfastError,
    LocalDamage,
    MediaStopped,
    NotFound,
    StorageError,
    TransientFailure,
)
from backend.exports.wish import Recording, Trouble
from backend.outbox.restore import Restorer

_AT_ONCE = 2
_STEP_BYTES = 1024**2
# So often a target that holds the only copy may be away before that part is called missing.
_MOST_ATTEMPTS = 6


@dataclass(frozen=True)
class Part:
    """A segment that overlaps the asked bounds, and the video that it is."""

    camera_id: str
    bounds: Stretch
    video: Video


@dataclass(frozen=True)
class Plan:
    """`names`: of the cameras that have one."""

    parts: tuple[Part, ...]
    names: tuple[tuple[str, str], ...]
    now: datetime

    @property
    def source_bytes(self) -> int:
        return sum(part.video.size_bytes for part in self.parts)

    def is_hashed(self) -> bool:
        """Whether all of them were hashed: a file that a recorder left is taken in before it is read."""
        return all(part.video.sha256 for part in self.parts)


@dataclass(frozen=True)
class Linked:
    """A recording, and what its file was like when it was hashed."""

    recording: Recording
    state: tuple[int, int] | None


@dataclass(frozen=True)
class Gatherer:
    layout: Layout
    database: Database
    restorer: Restorer

    def plan(self, claim: ExportClaim, now: datetime) -> Plan:
        parts = []
        with self.database.read() as session:
            for camera_id in claim.camera_ids:
                for one in segments.overlapping(session, camera_id, claim.bounds, claim.scope):
                    bounds = Stretch(one.start_time, one.end_time)
                    parts.append(Part(camera_id, bounds, videos.get(session, one.video_id)))
            names = exports.names(session, claim.camera_ids)
        return Plan(tuple(parts), tuple(sorted(names.items())), now)

    def gather(
        self, claim: ExportClaim, plan: Plan, folder: Path, should_stop: Callable[[], bool], done: Callable[[int], None]
    ) -> list[Linked]:
        """Every recording, those with a trouble too. `done`: told how many are at hand.

        Raises `TransientFailure` for one that may come later, `StorageError` when our own disk fails.
        """
        found: list[Linked] = []
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="export-source") as threads:
            for linked in threads.map(lambda part: self._link(claim, part, folder, should_stop), plan.parts):
                found.append(linked)
                done(len(found))
        return [*found, *(Linked(one, None) for one in _not_over(claim, plan.now))]

    def _link(self, claim: ExportClaim, part: Part, folder: Path, should_stop: Callable[[], bool]) -> Linked:
        video = part.video
        if not video.sha256:
            words = "It is still being taken in: its bytes are not hashed yet. Ask again in a minute."
            return Linked(_recording(part, None, words, "still-recording"), None)
        place = folder / f"{video.id}{PurePosixPath(video.relative_path).suffix}"
        try:
            self._at_hand(video, place)
            if not self._is_good(video, place, should_stop):
                # Somebody has damaged it since the last scrub: repaired from a copy, if there is one.
                self.restorer.restore(video.id, read=True)
                place.unlink()
                self._at_hand(video, place)
                if not self._is_good(video, place, should_stop):
                    raise LocalDamage("Its bytes are not those that were recorded, and no copy elsewhere is right.")
        except NotFound as error:
            return Linked(_recording(part, None, error.message, "missing"), None)
        except LocalDamage as error:
            return Linked(_recording(part, None, error.message, "corrupt"), None)
        except TransientFailure as error:
            if claim.attempt < _MOST_ATTEMPTS:
                raise
            return Linked(_recording(part, None, error.message, "missing"), None)
        return Linked(_recording(part, place), state_of(place))

    def _at_hand(self, video: Video, place: Path) -> None:
        for _ in range(3):
            source = self.restorer.local_path(video)
            try:
                with told_as_gone("keeping a recording for an export"):
                    _link_or_copy(source, place)
            except FileNotFoundError:
                continue  # pruned between the two calls: it is brought back once more
            return
        raise DiskFault("A recording was removed again and again while an export was to be cut from it.")

    def _is_good(self, video: Video, place: Path, should_stop: Callable[[], bool]) -> bool:
        digest, size = hashlib.sha256(), 0
        try:
            with told_as("reading a recording"), place.open("rb", buffering=0) as file:
                while piece := file.read(_STEP_BYTES):
                    digest.update(piece)
                    size += len(piece)
                    if should_stop():
                        raise MediaStopped("It was stopped before it was done.")
        except StorageError:
            return False  # unreadable is as bad as changed
        return (size, digest.hexdigest()) == (video.size_bytes, video.sha256)


def refuse_changed(linked: Sequence[Linked]) -> None:
    """Raise `StorageError` when a recording was written to since it was hashed: a recorder has it open still."""
    for one in linked:
        path = one.recording.path
        if path is not None and one.state != state_of(path):
            raise StorageError(
                f"'{one.recording.filename}' was written to while the export was made. It is made again."
            )


def state_of(path: Path) -> tuple[int, int]:
    with told_as("looking at a recording"):
        found = path.stat()
    return found.st_size, found.st_mtime_ns


def needed_bytes(plan: Plan, layout: Layout, bounds: Stretch) -> int:
    """What it takes on the disk: what is to be fetched back, the result, and as much while it is put together."""
    away = sum(part.video.size_bytes for part in plan.parts if not _is_here(layout, part.video))
    share = 0.0
    for part in plan.parts:
        inside = part.bounds.within(bounds)
        if inside is not None:
            share += part.video.size_bytes * ((inside.end - inside.start) / (part.bounds.end - part.bounds.start))
    return away + 2 * round(share)


def troubled(error: HoldfastError) -> bool:
    """Whether it is about what is recorded, and no later attempt would find it otherwise."""
    return error.code in ("incomplete", "nothing-recorded", "unreadable")


def _is_here(layout: Layout, video: Video) -> bool:
    try:
        return layout.absolute(video.relative_path).stat().st_size == video.size_bytes
    except OSError:
        return False


def _link_or_copy(source: Path, place: Path) -> None:
    try:
        os.link(source, place)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        shutil.copyfile(source, place)


def _recording(part: Part, path: Path | None, trouble: str = "", kind: Trouble = "") -> Recording:
    video = part.video
    return Recording(
        segment_id=video.id, camera_id=part.camera_id, bounds=part.bounds, path=path,
        filename=video.original_filename, sha256=video.sha256, size_bytes=video.size_bytes,
        trouble=trouble, trouble_kind=kind,
    )  # fmt: skip


def _not_over(claim: ExportClaim, now: datetime) -> list[Recording]:
    """What of the asked time is still to come: nobody can have recorded it."""
    if claim.bounds.end <= now:
        return []
    ahead = Stretch(max(now, claim.bounds.start), claim.bounds.end)
    words = "This time is not over yet. Ask for it once more when it is."
    return [
        Recording("", camera_id, ahead, None, "(still to come)", "", 0, trouble=words, trouble_kind="still-recording")
        for camera_id in claim.camera_ids
    ]
