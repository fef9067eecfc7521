"""Damage here is told when it is found, and called repaired only when the disk itself gave the right bytes back."""

from __future__ import annotations

from dataclasses import dataclass

from backend.catalog import damages, scrubs
from backend.catalog.database import Database
from backend.catalog.models import FILE, Video
from backend.disk.layout import Layout
from backend.disk.reread import read_again
from backend.log import UploadLog
from backend.outbox.clock import instant


@dataclass(frozen=True)
class LocalDamages:
    """What the catalog knows against files and sidecars of this server."""

    layout: Layout
    database: Database
    log: UploadLog

    def why_bad(self, video_id: str) -> str | None:
        """Why the file is known to be bad; None when nothing is known against it."""
        with self.database.look() as connection:
            return damages.why_bad(connection, video_id)

    def announce(self, video: Video, part: str, kind: str, reason: str) -> bool:
        """Tell what was found; True when it is new. Only then the audit gets a line; the log hears it each time."""
        with self.database.write() as session:
            is_new = damages.note(session, video, part, kind, reason, instant(session))
        step = "local_damage" if is_new else "still_damaged"
        told = {"upload": video.id, "name": video.original_filename, "part": part, "kind": kind, "error": reason}
        self.log.write("error", step, **told)
        return is_new

    def settle_file(self, video: Video, how: str) -> bool:
        """Who has put good bytes in place says so here; False when they do not read right from the disk even now."""
        if self.why_bad(video.id) is None:
            return True
        reading = read_again(self.layout.absolute(video.relative_path), video.size_bytes, video.sha256)
        if reading.harm is not None:
            self.announce(video, FILE, reading.harm, reading.words)
            return False
        self.settle(video, FILE, how)
        return True

    def settle(self, video: Video, part: str, how: str) -> None:
        """It was read from the disk just now and is right: the damage is over, and written down so."""
        with self.database.write() as session:
            now = instant(session)
            if part == FILE:
                scrubs.found_right(session, [video.id], now)
            was_known = damages.settle(session, video, part, how)
        if was_known:
            self.log.write("warning", "mended", upload=video.id, name=video.original_filename, part=part, how=how)
