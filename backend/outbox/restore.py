"""Bringing a video's bytes back when the local ones are gone or damaged. Checked before they are served."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from backend.catalog import audit, news, restores, videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.catalog.videos import GONE
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.disk.locks import lock, try_lock
from backend.disk.sidecar import LocalFacts, Sidecar
from backend.disk.sizes import in_units
from backend.disk.stored import is_good, put_in_place, size_of
from backend.errors import HoldfastError, LocalDamage, NotFound, Restoring, StorageError
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.outbox.fetch import Fetcher
from backend.outbox.footage import only_footage
from backend.outbox.heal import Healer, holders
from backend.outbox.mended import LocalDamages
from backend.outbox.places import Places
from backend.outbox.shared import Shared

# What somebody who asks in vain is told to wait before asking again.
_SOONEST_SECONDS, _LATEST_SECONDS = 2, 30
# A fetch that is younger was perhaps not begun in earnest yet.
_CUT_OFF_AFTER = timedelta(seconds=30)


@dataclass(frozen=True)
class Restorer:
    """`wait_seconds`: how long a reader at the other end of a connection is kept waiting without a byte."""

    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    reserve_bytes: int = 0
    node: str = ""
    wait_seconds: float = 15.0
    shared: Shared = field(default_factory=Shared)

    def local_path(self, video: Video) -> Path:
        """The file; brought back first when it was pruned, or is known to be damaged, however long that takes."""
        if not self.is_here(video):
            self.restore(video.id)
        return self.layout.absolute(video.relative_path)

    def path_to_serve(self, video: Video) -> Path:
        """As `local_path`, for who is waited for: raises `Restoring` when it takes too long, and the fetch goes on."""
        if not self.is_here(video):
            running = self.shared.join(video.id, lambda: self.restore(video.id))
            if not self.shared.wait(running, self.wait_seconds):
                raise self._not_yet(video, running.since)
        return self.layout.absolute(video.relative_path)

    def begin(self, video: Video) -> None:
        """Have it fetched back in the background, if it is not here."""
        if not self.is_here(video):
            self.shared.join(video.id, lambda: self.restore(video.id))

    def is_here(self, video: Video) -> bool:
        """By its size, and nothing is known against its bytes."""
        size_bytes = size_of(self.layout.absolute(video.relative_path))
        if not video.sha256:
            # A recorder's own file that is not hashed yet may still grow.
            return bool(size_bytes)
        right_size = size_bytes == video.size_bytes
        return right_size and self._damages.why_bad(video.id) is None

    def can_come(self, video_id: str) -> bool:
        """Whether there is a copy elsewhere that is worth a try."""
        with self.database.read() as session:
            video = videos.get(session, video_id)
        return video.local_state not in GONE and self._fetcher.has_copies(video)

    def refuse_footage(self, video_id: str) -> None:
        """Raise `FootageOnly` where the file is gone for good, and only a VMS has what is to be seen in it."""
        with self.database.read() as session:
            video = videos.get(session, video_id)
        refusal = only_footage(video, self.places)
        if refusal is None or self.is_here(video) or self._fetcher.has_copies(video):
            return
        if not holders(self.database, video.sha256, video.size_bytes):
            raise refusal

    def progress(self, video: Video) -> dict[str, Any]:
        """How far it is, in whichever process: state here | running | failed | away."""
        with self.database.read() as session:
            row = restores.get(session, video.id)
        begun = row is not None and row.ended_at is None
        # One that a kill cut off is not under way, though it will be begun again.
        runs = self.shared.runs(video.id) or (begun and not self._nobody_is_at(video.id))
        failed = row is not None and row.ended_at is not None
        state = "running" if runs else "here" if self.is_here(video) else "failed" if failed else "away"
        return {
            "state": state,
            "bytes_done": min(self._fetcher.so_far(video.id), video.size_bytes) if runs else None,
            "bytes_total": video.size_bytes,
            "started_at": iso(row.started_at) if row and runs else None,
            "error": row.error if row and state == "failed" else None,
        }

    def restore(self, video_id: str, *, read: bool = False) -> bool:
        """Bring the bytes back, from another video here or the first verified copy that gives the right ones.

        True when they were here all the time: by size, and by SHA-256 too with `read`, which also asks where a
        verified copy was once. Raises `NotFound` when
        no verified copy can be read (`FootageOnly` when a VMS has what is to be seen in it),
        `LocalDamage` when moreover what is here is damaged, `TransientFailure` when
        all copies failed just now, `DiskFull` when there is no room for it.
        """
        # One restore at a time for a video: who waited finds the file there.
        with lock(self.layout, "restore", video_id):
            with self.database.read() as session:
                video = videos.get(session, video_id)
            if video.local_state in GONE:
                raise NotFound(f"'{video.original_filename}' was deleted, and its time in the trash is over.")
            if not video.sha256:
                if not self.is_here(video):
                    raise NotFound(f"'{video.original_filename}' is gone, and was never hashed nor copied.")
                return True
            path = self.layout.absolute(video.relative_path)
            was_here = self._is_good(path, video) if read else self.is_here(video)
            source = "" if was_here else self._bring(video, thorough=read)
            self._record(video, source)
            if not self._damages.settle_file(video, source or "it reads right again, twice"):
                raise LocalDamage(
                    f"'{video.original_filename}' was brought back, and the disk does not give it back as it was "
                    "written. An operator must look at the disk.",
                    detail={"video_id": video.id},
                )
        if not was_here or read:
            healer = Healer(self.layout, self.database, self.log, path, video.size_bytes, video.sha256)
            healer.heal(video.id, known_only=True)
        return was_here

    def go_on(self) -> int:
        """Begin again what a kill cut off on this node; how many came back."""
        with self.database.read() as session:
            before = instant(session) - _CUT_OFF_AFTER
            left = restores.unfinished(session, self.node, before)
        return sum(self._go_on_with(video_id) for video_id in left)

    def _go_on_with(self, video_id: str) -> bool:
        if not self._nobody_is_at(video_id) or self.shared.runs(video_id):
            return False
        try:
            self.restore(video_id)
        except HoldfastError as error:
            self.log.write("warning", "restore_failed", upload=video_id, error=error.message)
            self._note_failure(video_id, error)
            return False
        return True

    def _nobody_is_at(self, video_id: str) -> bool:
        with try_lock(self.layout, "restore", video_id) as free:
            return free

    @property
    def _damages(self) -> LocalDamages:
        return LocalDamages(self.layout, self.database, self.log)

    @property
    def _fetcher(self) -> Fetcher:
        return Fetcher(self.layout, self.database, self.places, self.log, self.reserve_bytes)

    def _is_good(self, path: Path, video: Video) -> bool:
        return is_good(path, video.size_bytes, video.sha256)

    def _bring(self, video: Video, *, thorough: bool) -> str:
        """Good bytes are in place when this returns: where they came from."""
        if twin := self._take_from_twin(video):
            return f"taken from video {twin}"
        with self.database.write() as session:
            restores.begin(session, video.id, self.node, instant(session))
        try:
            target = self._fetcher.fetch(video, thorough=thorough)
        except HoldfastError as error:
            self._note_failure(video.id, error)
            raise
        self.log.write("info", "restored", upload=video.id, name=video.original_filename, target=target)
        return f"fetched back from {target}"

    def _take_from_twin(self, video: Video) -> str:
        """Share the bytes of another video with the same content, when they are still good; its id."""
        final = self.layout.absolute(video.relative_path)
        for twin in holders(self.database, video.sha256, video.size_bytes):
            place = self.layout.absolute(twin.relative_path)
            # Another name of the very same bytes is no second copy of them.
            if twin.id == video.id or _same_file(place, final) or not self._is_good(place, video):
                continue
            try:
                put_in_place(self.layout, place, final)
            except StorageError as error:
                self.log.write("error", "restore_failed", upload=video.id, source=twin.id, error=error.message)
                return ""
            self.log.write("info", "restored", upload=video.id, name=video.original_filename, source=twin.id)
            return twin.id
        return ""

    def _note_failure(self, video_id: str, error: HoldfastError) -> None:
        with self.database.write() as session:
            restores.fail(session, video_id, error.message, instant(session))

    def _record(self, video: Video, source: str) -> None:
        try:
            doc = sidecar.change(self.layout, video.relative_path, video.id, _present)
        except (FileNotFoundError, LocalDamage):
            # The scrub writes it again from the row, which must then say that the bytes are here.
            doc = None
            self.log.write("error", "sidecar_missing", upload=video.id, name=video.original_filename)
        with self.database.write() as session:
            row = videos.get(session, video.id)
            was = news.before(row)
            if doc is not None:
                videos.apply(row, doc)
            else:
                row.local_state, row.pruned_at = "present", None
            news.tell(session, was, row)
            restores.forget(session, video.id)
            if video.local_state != "present":
                audit.append(session, "video.restored", video_id=row.id, project_id=row.project_id, source=source)

    def _not_yet(self, video: Video, since: float) -> Restoring:
        done, total = min(self._fetcher.so_far(video.id), video.size_bytes), video.size_bytes
        seconds = (time.monotonic() - since) * (total - done) / done if done else 5.0
        wait_seconds = round(min(max(seconds, _SOONEST_SECONDS), _LATEST_SECONDS))
        return Restoring(
            f"'{video.original_filename}' is kept elsewhere and is being fetched back: {in_units(done)} of "
            f"{in_units(total)} so far. Ask again in {wait_seconds} seconds.",
            detail={
                "video_id": video.id,
                "bytes_done": done,
                "bytes_total": total,
                "retry_after_seconds": wait_seconds,
            },
        )


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _present(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"local": LocalFacts()})
