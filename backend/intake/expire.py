"""What becomes of resumable uploads that nobody goes on with: kept for INCOMPLETE_TTL_HOURS, then removed."""

from __future__ import annotations

from dataclasses import dataclass

from backend.catalog.database import Database
from backend.disk import partial
from backend.disk.atomic import discard, told_as
from backend.disk.layout import Layout
from backend.errors import LocalDamage
from backend.intake import words
from backend.intake.unfinished import Record, has_expired, read
from backend.intake.words import WORDS_SUFFIX
from backend.log import UploadLog


@dataclass(frozen=True)
class Expiry:
    layout: Layout
    database: Database
    log: UploadLog

    def sweep(self) -> list[str]:
        """Remove what has expired and is in nobody's hands; returns the ids. Bytes of a saved upload go at once:
        they have their name among the videos."""
        for upload_id in self._ids(WORDS_SUFFIX):
            if not partial.journal_path(self.layout, upload_id).exists():
                words.forget(self.layout, upload_id)
        return [upload_id for upload_id in self._ids(partial.JOURNAL_SUFFIX) if self._tidy(upload_id)]

    def _ids(self, suffix: str) -> list[str]:
        with told_as("listing a folder"):
            return sorted(path.stem for path in self.layout.incoming.iterdir() if path.suffix == suffix)

    def _tidy(self, upload_id: str) -> bool:
        try:
            record = read(self.layout, self.database, upload_id)
        except FileNotFoundError:
            return False  # ended since the folder was listed
        except LocalDamage as error:
            # It stays for a person to look at, and its bytes with it.
            self.log.write("error", "unreadable", upload=upload_id, error=error.message, by="sweep")
            return False
        expired = has_expired(record)
        if not expired and record.saved is None and not record.ended:
            return False
        return self._let_go(record, expired)

    def _let_go(self, record: Record, expired: bool) -> bool:
        try:
            file = partial.take(self.layout, record.id, 0)
        except FileNotFoundError:
            file = None
        else:
            if file is None:
                return False  # in somebody's hands
        if expired:
            discard(partial.journal_path(self.layout, record.id))
            words.forget(self.layout, record.id)
        if file is not None and record.ended:
            file.set_aside()  # the disk had failed when that was tried
        elif file is not None:
            file.drop()
        return expired and record.saved is None
