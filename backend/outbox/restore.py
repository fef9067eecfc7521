"""Bringing a video's bytes back when the local ones are gone or damaged. Checked before they are served."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import DeliveryState, Video
from backend.catalog.videos import GONE
from backend.disk import sidecar
from backend.disk.atomic import free_bytes
from backend.disk.incoming import IncomingFile, discard_abandoned
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.sidecar import LocalFacts, Sidecar
from backend.disk.stored import is_good, put_in_place, size_of
from backend.errors import DiskFull, LocalDamage, NotFound, StorageError, TargetError, TransientFailure
from backend.log import UploadLog
from backend.outbox.damage import note_damage
from backend.outbox.heal import Healer, holders
from backend.outbox.places import Places
from backend.targets.base import Expected, Readable, RemoteCopy, Verdict

# A copy that was found damaged may still be the best there is: whatever comes back is checked.
_WORTH_A_TRY = (DeliveryState.DELIVERED, DeliveryState.DAMAGED)


class _OtherBytes(TransientFailure):
    """The remote gave something, and it is not what was saved."""


@dataclass(frozen=True)
class _Copy:
    owner: Video
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
        """The file to serve; brought back first when it was pruned, or when its size tells that it was damaged."""
        path = self.layout.absolute(video.relative_path)
        if size_of(path) != video.size_bytes:
            self.restore(video.id)
        return path

    def restore(self, video_id: str, *, read: bool = False) -> bool:
        """Bring the bytes back, from another video here or the first verified copy that gives the right ones.

        True when they were here all the time: by size, and by SHA-256 too with `read`. Raises `NotFound` when
        no verified copy can be read, `LocalDamage` when moreover what is here is damaged, `TransientFailure` when
        all copies failed just now, `DiskFull` when there is no room for it.
        """
        # One restore at a time for a video: who waited finds the file there.
        with lock(self.layout, "restore", video_id):
            with self.database.read() as session:
                video = videos.get(session, video_id)
            if video.local_state in GONE:
                raise NotFound(f"'{video.original_filename}' was deleted, and its time in the trash is over.")
            path = self.layout.absolute(video.relative_path)
            was_here = size_of(path) == video.size_bytes and (not read or self._is_good(path, video))
            if not was_here and not self._take_from_twin(video):
                self._demand_room(video)
                self._fetch(video)
            self._record(video)
        if not was_here or read:
            healer = Healer(self.layout, self.database, self.log, path, video.size_bytes, video.sha256)
            healer.heal(video.id, known_only=True)
        return was_here

    def _is_good(self, path: Path, video: Video) -> bool:
        return is_good(path, video.size_bytes, video.sha256)

    def _take_from_twin(self, video: Video) -> bool:
        """Share the bytes of another video with the same content, when they are still good."""
        final = self.layout.absolute(video.relative_path)
        for twin in holders(self.database, video.sha256, video.size_bytes):
            place = self.layout.absolute(twin.relative_path)
            if twin.id == video.id or not self._is_good(place, video):
                continue
            try:
                put_in_place(self.layout, place, final)
            except StorageError as error:
                self.log.write("error", "restore_failed", upload=video.id, source=twin.id, error=error.message)
                return False
            self.log.write("info", "restored", upload=video.id, name=video.original_filename, source=twin.id)
            return True
        return False

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
                self._tell_damage(copy, error)
            except DiskFull as error:
                words = f"'{video.original_filename}' could not be fetched back: the server's disk is full."
                raise DiskFull(f"{words} Ask an operator to free space.", detail=error.detail) from error
            else:
                self.log.write("info", "restored", upload=video.id, name=video.original_filename, target=copy.target)
                return
        if failures:
            raise TransientFailure("The file could not be fetched back just now. " + " ".join(failures))
        raise self._nowhere(video)

    def _nowhere(self, video: Video) -> NotFound | LocalDamage:
        found = size_of(self.layout.absolute(video.relative_path))
        none = "no verified copy can be read back"
        if found is None:
            return NotFound(f"The bytes of '{video.original_filename}' are not here, and {none}.")
        how = "its bytes have changed"
        if found != video.size_bytes:
            how = f"it has {found} bytes instead of {video.size_bytes}"
        return LocalDamage(
            f"The server's own copy of '{video.original_filename}' is damaged ({how}), and {none}. "
            "Send the same file again: that repairs it.",
            detail={"video_id": video.id, "size_bytes": video.size_bytes, "found_bytes": found},
        )

    def _copies(self, video: Video) -> list[_Copy]:
        """The readable ones: its own, verified ones first, then those of other videos with the same content."""
        with self.database.read() as session:
            others = [v for v in videos.with_content(session, video.sha256, video.size_bytes) if v.id != video.id]
        worth = sorted(
            (
                (owner, delivery)
                for owner in (video, *others)
                for delivery in owner.deliveries
                if delivery.state in _WORTH_A_TRY and delivery.target in self.places.by_name
            ),
            key=lambda pair: (pair[0] is not video, _WORTH_A_TRY.index(DeliveryState(pair[1].state))),
        )
        found = ((owner, d, self.places.get(d.target).target) for owner, d in worth)
        return [
            _Copy(owner, d.target, t, RemoteCopy(d.remote_key, d.proof))
            for owner, d, t in found
            if isinstance(t, Readable)
        ]

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
            if not self._is_good(final, video):  # an upload of the same content may just have repaired it
                put_in_place(self.layout, file.path, final)
        finally:
            file.drop()

    def _tell_damage(self, copy: _Copy, error: TargetError) -> None:
        """Nothing stays shown as verified that has just been seen to be gone or changed."""
        if isinstance(error, _OtherBytes):
            note_damage(self.database, self.layout, copy.owner, copy.target, error.message)
            return
        expected = Expected(copy.owner.size_bytes, copy.owner.sha256)
        with suppress(TargetError):
            proof = self.places.get(copy.target).target.verify(expected, copy.remote)
            if proof.verdict is not Verdict.MATCHES:
                note_damage(self.database, self.layout, copy.owner, copy.target, proof.reason or proof.verdict)

    def _record(self, video: Video) -> None:
        doc = sidecar.change(self.layout, video.relative_path, video.id, _present)
        with self.database.write() as session:
            videos.apply(videos.get(session, video.id), doc)


def _present(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"local": LocalFacts()})
