"""Fetching a video's bytes back from a verified copy when the local ones are gone. Checked before it is served."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import DeliveryState, Video
from backend.catalog.videos import GONE
from backend.disk import sidecar
from backend.disk.atomic import free_bytes, fsync_folder, publish
from backend.disk.incoming import IncomingFile, discard_abandoned
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.sidecar import LocalFacts, Sidecar
from backend.errors import DiskFull, NotFound, TargetError, TransientFailure
from backend.log import UploadLog
from backend.outbox.damage import note_damage
from backend.outbox.places import Places
from backend.targets.base import Expected, Readable, RemoteCopy, Verdict

# A copy that was found damaged may still be the best there is: whatever comes back is checked.
_WORTH_A_TRY = (DeliveryState.DELIVERED, DeliveryState.DAMAGED)


class _OtherBytes(TransientFailure):
    """The remote gave something, and it is not what was saved."""


@dataclass(frozen=True)
class _Copy:
    target: str
    source: Readable
    remote: RemoteCopy


@dataclass(frozen=True)
class Restorer:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    reserve_bytes: int = 0

    def local_path(self, video: Video) -> Path:
        """The file to serve; fetched back first when it was pruned."""
        path = self.layout.absolute(video.relative_path)
        if not path.exists():
            self.restore(video.id)
        return path

    def restore(self, video_id: str) -> None:
        """Bring the bytes back, from the first verified copy that gives the right ones.

        Raises `NotFound` when no verified copy can be read, `TransientFailure` when all of them failed just now,
        `DiskFull` when there is no room for it.
        """
        # One restore at a time for a video: who waited finds the file there.
        with lock(self.layout, "restore", video_id):
            with self.database.read() as session:
                video = videos.get(session, video_id)
            if video.local_state in GONE:
                raise NotFound(f"'{video.original_filename}' was deleted, and its time in the trash is over.")
            if not self.layout.absolute(video.relative_path).exists():
                self._demand_room(video)
                self._fetch(video)
            self._record(video)

    def _demand_room(self, video: Video) -> None:
        free = free_bytes(self.layout.incoming)
        if free - video.size_bytes < self.reserve_bytes:
            raise DiskFull(
                f"'{video.original_filename}' is kept elsewhere, and this server has no room to fetch it back: "
                f"{free} bytes are free, {video.size_bytes} are needed and {self.reserve_bytes} stay in reserve. "
                "Ask an operator to free space.",
                detail={"free_bytes": free, "needed_bytes": video.size_bytes, "reserve_bytes": self.reserve_bytes},
            )

    def _fetch(self, video: Video) -> None:
        failures = []
        for copy in self._copies(video):
            try:
                self._fetch_from(copy, video)
            except TargetError as error:
                failures.append(f"{copy.target}: {error.message}")
                self.log.write("warning", "restore_failed", upload=video.id, target=copy.target, error=error.message)
                self._tell_damage(copy, video, error)
            except DiskFull as error:
                words = f"'{video.original_filename}' could not be fetched back: the server's disk is full."
                raise DiskFull(f"{words} Ask an operator to free space.", detail=error.detail) from error
            else:
                self.log.write("info", "restored", upload=video.id, name=video.original_filename, target=copy.target)
                return
        if failures:
            raise TransientFailure("The file could not be fetched back just now. " + " ".join(failures))
        raise NotFound(f"The bytes of '{video.original_filename}' are not here, and no verified copy can be read back.")

    def _copies(self, video: Video) -> list[_Copy]:
        """The readable ones, verified ones first."""
        worth = sorted(
            (d for d in video.deliveries if d.state in _WORTH_A_TRY and d.target in self.places.by_name),
            key=lambda d: _WORTH_A_TRY.index(DeliveryState(d.state)),
        )
        found = ((d, self.places.get(d.target).target) for d in worth)
        return [_Copy(d.target, t, RemoteCopy(d.remote_key, d.proof)) for d, t in found if isinstance(t, Readable)]

    def _fetch_from(self, copy: _Copy, video: Video) -> None:
        name = f"restore-{video.id}"
        # Ours is the only restore of this video: one that lies here was left by a kill.
        discard_abandoned(self.layout.incoming / f"{name}.part")
        file = IncomingFile(self.layout, name)
        try:
            for piece in copy.source.read(copy.remote):
                file.write(piece)
                if file.size_bytes > video.size_bytes:
                    break
            if file.size_bytes != video.size_bytes or file.seal() != video.sha256:
                raise _OtherBytes("The copy that came back is not what was saved.")
            final = self.layout.absolute(video.relative_path)
            with suppress(FileExistsError):  # an upload of the same content has just repaired it
                publish(file.path, final)
            fsync_folder(final.parent)
        finally:
            file.drop()

    def _tell_damage(self, copy: _Copy, video: Video, error: TargetError) -> None:
        """Nothing stays shown as verified that has just been seen to be gone or changed."""
        if isinstance(error, _OtherBytes):
            note_damage(self.database, self.layout, video, copy.target, error.message)
            return
        expected = Expected(video.size_bytes, video.sha256)
        with suppress(TargetError):
            proof = self.places.get(copy.target).target.verify(expected, copy.remote)
            if proof.verdict is not Verdict.MATCHES:
                note_damage(self.database, self.layout, video, copy.target, proof.reason or proof.verdict)

    def _record(self, video: Video) -> None:
        doc = sidecar.change(self.layout, video.relative_path, video.id, _present)
        with self.database.write() as session:
            videos.apply(videos.get(session, video.id), doc)


def _present(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"local": LocalFacts()})
