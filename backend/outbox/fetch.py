"""Fetching the bytes of a video from a copy elsewhere: the best copy first, checked before they take their place."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import DeliveryState, Video
from backend.disk.atomic import free_bytes
from backend.disk.incoming import PART_SUFFIX, IncomingFile, discard_abandoned
from backend.disk.layout import Layout
from backend.disk.stored import is_good, put_in_place, size_of
from backend.errors import DiskFull, LocalDamage, NotFound, TargetError, TransientFailure
from backend.log import UploadLog
from backend.outbox.damage import note_damage
from backend.outbox.footage import only_footage
from backend.outbox.places import Places
from backend.targets.base import Expected, Readable, RemoteCopy, Verdict

# A copy that was found damaged may still be the best there is: whatever comes back is checked.
_WORTH_A_TRY = (DeliveryState.DELIVERED, DeliveryState.DAMAGED)
# Of what was verified once and waits, or could not be sent again: it may have been misread, or be mended there by now.
_LAST_RESORT = (DeliveryState.FAILED, DeliveryState.PARKED, DeliveryState.PENDING, DeliveryState.IN_PROGRESS)
# Uploads and other fetches write meanwhile: the room is looked at again each time so much more has come.
_LOOK_AT_ROOM_BYTES = 64 * 1024**2


class _OtherBytes(TransientFailure):
    """The remote gave something, and it is not what was saved."""


@dataclass(frozen=True)
class _Copy:
    owner: Video
    target: str
    source: Readable
    remote: RemoteCopy


@dataclass(frozen=True)
class Fetcher:
    """One fetch of a video at a time: the caller holds the video's lock of the family `restore`."""

    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    reserve_bytes: int = 0

    def fetch(self, video: Video, *, thorough: bool = False) -> str:
        """Put the right bytes in place and return the name of the target that gave them. Errors: see `Restorer`.

        `thorough`: wherever a verified copy ever was is asked too. A reader who waits is not made to wait for that.
        """
        copies = self._copies(video, _LAST_RESORT if thorough else ())
        if not copies:
            raise self._nowhere(video)
        self._demand_room(video, video.size_bytes)
        failures = []
        for copy in copies:
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
                return copy.target
        raise TransientFailure("The file could not be fetched back just now. " + " ".join(failures))

    def has_copies(self, video: Video) -> bool:
        return bool(self._copies(video))

    def so_far(self, video_id: str) -> int:
        """How many bytes a fetch that runs, in whichever process, has by now."""
        return size_of(self.layout.incoming / f"{_name_of(video_id)}{PART_SUFFIX}") or 0

    def _demand_room(self, video: Video, needed_bytes: int) -> None:
        free = free_bytes(self.layout.incoming)
        if free - needed_bytes < self.reserve_bytes:
            raise DiskFull(
                f"'{video.original_filename}' is kept elsewhere, and this server has no room to fetch it back: "
                f"{free} bytes are free, {needed_bytes} are needed and {self.reserve_bytes} stay in reserve. "
                "Ask an operator to free space.",
                detail={"free_bytes": free, "needed_bytes": needed_bytes, "reserve_bytes": self.reserve_bytes},
            )

    def _nowhere(self, video: Video) -> NotFound | LocalDamage:
        found = size_of(self.layout.absolute(video.relative_path))
        none = "no verified copy can be read back"
        if found is None:
            return only_footage(video, self.places) or NotFound(
                f"The bytes of '{video.original_filename}' are not here, and {none}."
            )
        how = "its bytes have changed"
        if found != video.size_bytes:
            how = f"it has {found} bytes instead of {video.size_bytes}"
        return LocalDamage(
            f"The server's own copy of '{video.original_filename}' is damaged ({how}), and {none}. "
            "Send the same file again: that repairs it.",
            detail={"video_id": video.id, "size_bytes": video.size_bytes, "found_bytes": found},
        )

    def _copies(self, video: Video, once_verified: tuple[DeliveryState, ...] = ()) -> list[_Copy]:
        """The readable ones: its own, verified ones first, then those of other videos with the same content.

        `once_verified`: states in which a copy that had been verified before is tried too, at the very end.
        """
        states = (*_WORTH_A_TRY, *once_verified)
        with self.database.read() as session:
            others = [v for v in videos.with_content(session, video.sha256, video.size_bytes) if v.id != video.id]
        worth = sorted(
            (
                (owner, delivery)
                for owner in (video, *others)
                for delivery in owner.deliveries
                if delivery.state in _WORTH_A_TRY or (delivery.state in once_verified and delivery.verified_at)
                if delivery.target in self.places.by_name
            ),
            key=lambda pair: (
                pair[1].state in once_verified,
                pair[0] is not video,
                states.index(DeliveryState(pair[1].state)),
            ),
        )
        found = ((owner, d, self.places.get(d.target).target) for owner, d in worth)
        return [
            _Copy(owner, d.target, t, RemoteCopy(d.remote_key, d.proof))
            for owner, d, t in found
            if isinstance(t, Readable)
        ]

    def _fetch_from(self, copy: _Copy, video: Video) -> None:
        name = _name_of(video.id)
        # Ours is the only restore of this video: one that lies here was left by a kill.
        discard_abandoned(self.layout.incoming / f"{name}{PART_SUFFIX}")
        file = IncomingFile(self.layout, name)
        try:
            self._receive(copy, video, file)
            if file.size_bytes != video.size_bytes or file.seal().sha256 != video.sha256:
                raise _OtherBytes("The copy that came back is not what was saved.")
            final = self.layout.absolute(video.relative_path)
            if not is_good(final, video.size_bytes, video.sha256):  # an upload may just have repaired it
                put_in_place(self.layout, file.path, final)
        finally:
            file.drop()

    def _receive(self, copy: _Copy, video: Video, file: IncomingFile) -> None:
        look_at = _LOOK_AT_ROOM_BYTES
        for piece in copy.source.read(copy.remote):
            file.write(piece)
            if file.size_bytes > video.size_bytes:
                return
            if file.size_bytes >= look_at:
                look_at += _LOOK_AT_ROOM_BYTES
                self._demand_room(video, video.size_bytes - file.size_bytes)

    def _tell_damage(self, copy: _Copy, error: TargetError) -> None:
        """Nothing stays shown as verified that has just been seen to be gone or changed, unless it may go."""
        if self.places.get(copy.target).config.ephemeral:
            return
        if isinstance(error, _OtherBytes):
            note_damage(self.database, self.layout, self.log, copy.owner, copy.target, error.message)
            return
        expected = Expected(copy.owner.size_bytes, copy.owner.sha256)
        with suppress(TargetError):
            target = self.places.get(copy.target).target
            proof = target.verify(expected, copy.remote)
            # One that lost the right to see its folder finds nothing there: that says nothing about the copy.
            if proof.verdict is not Verdict.MATCHES and target.check().ok:
                reason = proof.reason or proof.verdict
                note_damage(self.database, self.layout, self.log, copy.owner, copy.target, reason)


def _name_of(video_id: str) -> str:
    return f"restore-{video_id}"
