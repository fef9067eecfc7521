"""Taking a resumable upload in hand for one request, and letting go of it: nothing that came is lost on the way."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from backend.disk import partial
from backend.disk.incoming import is_abandoned
from backend.disk.journal import Journal
from backend.disk.partial import PartialFile
from backend.errors import CatalogUnavailable, NotFound, StorageError, UploadBusy
from backend.intake.frontiers import Frontiers
from backend.intake.receive import Intake
from backend.intake.recover import Recovery
from backend.intake.unfinished import Record, read

# Long enough for an append that gives way to end; a save that is under way may take longer.
_WAIT_SECONDS = 3.0
_REST_SECONDS = 0.3
_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Hands:
    """What may hold an upload, in one process."""

    intake: Intake
    recovery: Recovery
    frontiers: Frontiers = field(default_factory=Frontiers)

    def take(self, record: Record) -> PartialFile | None:
        """Hold the upload; None when it turns out to be saved. Raises `UploadBusy`, `NotFound`, `StorageError`."""
        if self._broke_off(record):
            self.recovery.sweep()
        file = self._take(record)
        if file is None:
            return None
        if file.is_published:
            file.close()
            raise CatalogUnavailable(
                f"'{record.filename}' is safe on the server's disk, but not listed yet. Ask again in a minute."
            )
        file.hash_from(self.frontiers.pop(record.id))
        return file

    def rest(self, record: Record) -> None:
        """Give a request whose line just broke a moment to note what came: its client asks at once how far it is."""
        deadline, pause = time.monotonic() + _REST_SECONDS, threading.Event()
        part = partial.part_path(self.intake.layout, record.id)
        while time.monotonic() < deadline and part.exists() and not is_abandoned(part):
            pause.wait(_LOOK_SECONDS)

    def settle(self, record: Record) -> Record:
        """What is true of an upload whose save broke off: perhaps its video is there, and wants only to be listed."""
        if not self._broke_off(record):
            return record
        try:
            self.recovery.sweep()
        except StorageError as error:
            # Its bytes are told without the last one, as before: that loses nothing.
            self.intake.log.write("warning", "not_settled", upload=record.id, error=error.message)
        return read(self.intake.layout, self.intake.database, record.id)

    def _broke_off(self, record: Record) -> bool:
        part = partial.part_path(self.intake.layout, record.id)
        return record.saving and record.saved is None and is_abandoned(part)

    def let_go(self, file: PartialFile) -> None:
        """Make durable what came, and leave the upload to the next request."""
        if file.is_closed:
            return
        try:
            file.checkpoint()
        except StorageError as error:
            self._tell("not_durable", file, error=error.message)
        if file.faulty:
            self._set_aside(file)
            return
        file.close()
        self.frontiers.keep(file.video_id, file.frontier)

    def unsave(self, file: PartialFile) -> None:
        """A save failed before the bytes got a name: nothing is to be settled before the next try."""
        try:
            file.notes.note({"saving": False})
        except StorageError as error:
            self._tell("not_noted", file, error=error.message)

    def end(self, file: PartialFile, why: str) -> None:
        """The upload cannot go on; its bytes are kept for a person to look at."""
        try:
            file.notes.note({"ended": why})
        except StorageError as error:
            # An upload without its bytes is known to have ended.
            self._tell("not_noted", file, error=error.message)
        place = file.set_aside()
        self._tell("ended", file, error=why, kept=place.name)

    def note(self, upload_id: str, **facts: object) -> None:
        """Add to what is known of an upload that this request does not hold, or no longer."""
        notes = Journal(partial.journal_path(self.intake.layout, upload_id))
        try:
            notes.note(facts)
        finally:
            notes.close()

    def _take(self, record: Record) -> PartialFile | None:
        try:
            file = partial.take(self.intake.layout, record.id, _WAIT_SECONDS)
        except FileNotFoundError:
            # Whoever held it has saved it, or thrown it away.
            try:
                if read(self.intake.layout, self.intake.database, record.id).is_whole:
                    return None
            except FileNotFoundError:
                pass
            raise NotFound(f"There is no upload {record.id} any more.") from None
        if file is None:
            raise UploadBusy(f"Another request is at work on the upload of '{record.filename}'. Ask again in a moment.")
        return file

    def _set_aside(self, file: PartialFile) -> None:
        """The disk failed on this very file: what it holds now nobody can say."""
        try:
            self.end(file, "the server's disk failed on its file.")
        except StorageError as error:
            file.close()
            self._tell("left_behind", file, error=error.message)

    def _tell(self, step: str, file: PartialFile, **more: object) -> None:
        self.intake.log.write("warning", step, upload=file.video_id, bytes=file.size_bytes, **more)
