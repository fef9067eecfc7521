"""Good bytes for every video that should hold them, and what failed for want of them is sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import exists, or_, select, update

from backend.catalog import damages, scrubs
from backend.catalog.database import Database
from backend.catalog.models import LOCAL_FAILURES, Delivery, DeliveryState, Video
from backend.disk.layout import Layout
from backend.disk.stored import is_good, put_in_place
from backend.errors import StorageError
from backend.log import UploadLog
from backend.outbox.clock import instant
from backend.outbox.mended import LocalDamages
from backend.outbox.record import record_delivery

_HELD_UP = (DeliveryState.FAILED, DeliveryState.PENDING)


@dataclass(frozen=True)
class Holder:
    """A video that should have these bytes here on disk."""

    id: str
    original_filename: str
    relative_path: str


@dataclass(frozen=True)
class Healer:
    """Knows one content: `good` is a durable file that holds it, checked by the caller."""

    layout: Layout
    database: Database
    log: UploadLog
    good: Path
    size_bytes: int
    sha256: str
    _seen: dict[tuple[int, int], bool] = field(default_factory=dict)  # by inode: each is read once

    def heal(self, by: str, *, known_only: bool) -> None:
        """Mend the videos of this content whose file is bad; `known_only`: those that the ledger knows to be.

        Never raises `StorageError`: who calls has good bytes already and does not depend on it.
        """
        try:
            well = [h for h in holders(self.database, self.sha256, self.size_bytes, known_only) if self._mend(h, by)]
            well = [h for h in well if self._settle(h, by)]
            send_again(self.database, self.layout, self.log, well)
        except StorageError as error:
            self.log.write("error", "not_repaired", upload=by, error=error.message)

    def _mend(self, holder: Holder, by: str) -> bool:
        """True when its file is good now."""
        place = self.layout.absolute(holder.relative_path)
        if self._is_good(place):
            return True
        try:
            put_in_place(self.layout, self.good, place)
        except StorageError as error:
            told = {"upload": holder.id, "name": holder.original_filename}
            self.log.write("error", "not_repaired", **told, error=error.message)
            return False
        self.log.write("warning", "repaired", upload=holder.id, name=holder.original_filename, by=by)
        return True

    def _settle(self, holder: Holder, by: str) -> bool:
        """What is known against its file is over, if the disk gives it back right."""
        with self.database.read() as session:
            video = scrubs.one(session, holder.id)
        damage = LocalDamages(self.layout, self.database, self.log)
        return video is not None and damage.settle_file(video, f"good bytes came with {by}")

    def _is_good(self, place: Path) -> bool:
        try:
            status = place.stat()
            if place.samefile(self.good):
                return True
        except OSError:
            return False
        inode = (status.st_dev, status.st_ino)
        if inode not in self._seen:
            self._seen[inode] = is_good(place, self.size_bytes, self.sha256)
        return self._seen[inode]


def holders(database: Database, sha256: str, size_bytes: int, known_only: bool = False) -> list[Holder]:
    """The videos that should have these bytes here, the oldest first; `known_only`: whose file is known to be bad.

    None for what is not hashed yet.
    """
    if not sha256:
        return []
    query = select(Video.id, Video.original_filename, Video.relative_path).where(
        Video.sha256 == sha256, Video.size_bytes == size_bytes, Video.local_state == "present"
    )
    if known_only:
        held_up = exists().where(Delivery.video_id == Video.id, Delivery.error_code.in_(LOCAL_FAILURES))
        query = query.where(or_(held_up, damages.has_bad_file()))
    with database.read() as session:
        return [Holder(*row) for row in session.execute(query.order_by(Video.created_at, Video.id))]


def send_again(database: Database, layout: Layout, log: UploadLog, well: Sequence[Holder]) -> None:
    """Queue what was not sent because the file here was bad, now that it is good."""
    by_id = {holder.id: holder for holder in well}
    if not by_id:
        return
    held_up = update(Delivery).where(
        Delivery.video_id.in_(by_id), Delivery.state.in_(_HELD_UP), Delivery.error_code.in_(LOCAL_FAILURES)
    )
    with database.write() as session:
        now = instant(session)
        again = held_up.values(
            state=DeliveryState.PENDING, attempts=0, next_attempt_at=now, error="", error_code="", updated_at=now
        )
        returned = again.returning(Delivery.video_id, Delivery.target)
        found = [tuple(row) for row in session.execute(returned.execution_options(synchronize_session=False))]
    for video_id, target in found:
        log.write("info", "sent_again", upload=video_id, target=target)
        try:
            record_delivery(database, layout, by_id[video_id].relative_path, video_id, target)
        except FileNotFoundError:
            log.write("error", "sidecar_missing", upload=video_id, target=target)
