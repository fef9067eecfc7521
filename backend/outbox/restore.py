"""Fetching a video's bytes back from a verified copy when the local ones were pruned. Checked before it is served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import DeliveryState, Video
from backend.disk import sidecar
from backend.disk.atomic import fsync_folder, publish
from backend.disk.incoming import IncomingFile
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.sidecar import LocalFacts, Sidecar
from backend.errors import NotFound, TargetError, TransientFailure
from backend.log import UploadLog
from backend.outbox.places import Place, Places
from backend.targets.base import Readable, RemoteCopy


@dataclass(frozen=True)
class _Copy:
    target: str
    remote: RemoteCopy


@dataclass(frozen=True)
class Restorer:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog

    def local_path(self, video: Video) -> Path:
        """The file to serve; fetched back first when it was pruned."""
        path = self.layout.absolute(video.relative_path)
        if not path.exists():
            self.restore(video.id)
        return path

    def restore(self, video_id: str) -> None:
        """Bring the bytes back, from the first verified copy that gives the right ones.

        Raises `NotFound` when no verified copy can be read, `TransientFailure` when all of them failed just now.
        """
        with self.database.read() as session:
            video = videos.get(session, video_id)
        # One restore at a time for a video: who waited finds the file there.
        with lock(self.layout, "restore", video_id):
            if not self.layout.absolute(video.relative_path).exists():
                self._fetch(video)
        self._record(video)

    def _fetch(self, video: Video) -> None:
        failures = []
        for copy in self._copies(video):
            try:
                self._fetch_from(copy, video)
            except TargetError as error:
                failures.append(f"{copy.target}: {error.message}")
                self.log.write("warning", "restore_failed", upload=video.id, target=copy.target, error=error.message)
            else:
                self.log.write("info", "restored", upload=video.id, name=video.original_filename, target=copy.target)
                return
        if failures:
            raise TransientFailure("The file could not be fetched back just now. " + " ".join(failures))
        raise NotFound(f"The bytes of '{video.original_filename}' are not here, and no verified copy can be read back.")

    def _copies(self, video: Video) -> list[_Copy]:
        found = [d for d in video.deliveries if d.state == DeliveryState.DELIVERED and d.target in self.places.by_name]
        return [
            _Copy(d.target, RemoteCopy(d.remote_key, d.proof)) for d in found if _readable(self.places.get(d.target))
        ]

    def _fetch_from(self, copy: _Copy, video: Video) -> None:
        target = self.places.get(copy.target).target
        assert isinstance(target, Readable)
        file = IncomingFile(self.layout, f"restore-{video.id}")
        try:
            for piece in target.read(copy.remote):
                file.write(piece)
            if file.size_bytes != video.size_bytes or file.seal() != video.sha256:
                raise TransientFailure("the copy that came back is not what was saved")
            final = self.layout.absolute(video.relative_path)
            publish(file.path, final)
            fsync_folder(final.parent)
        finally:
            file.drop()

    def _record(self, video: Video) -> None:
        doc = sidecar.change(self.layout, video.relative_path, video.id, _present)
        with self.database.write() as session:
            row = videos.get(session, video.id)
            row.local_state, row.pruned_at = "present", None
            row.updated_at, row.revision = datetime.now(UTC), doc.revision


def _present(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"local": LocalFacts()})


def _readable(place: Place) -> bool:
    return isinstance(place.target, Readable)
