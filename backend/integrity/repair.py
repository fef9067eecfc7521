"""What was found wrong is told, mended from a good copy, or kept saying until it can be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from backend.catalog import damages, scrubs
from backend.catalog.database import Database
from backend.catalog.models import FILE, SIDECAR, Video
from backend.disk.layout import Layout
from backend.disk.reread import inode_of
from backend.errors import HoldfastError, LocalDamage, NotFound
from backend.integrity.examine import Fault
from backend.integrity.sidecars import Ill, Sidecars
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.outbox.heal import holders
from backend.outbox.mended import LocalDamages
from backend.outbox.restore import Restorer

# What no copy can mend is said again each day: somebody may have brought one.
_HOPELESS_SECONDS = 24 * 3600.0
_REMEDY = "Send the same file again if anybody has it: that repairs it."


@dataclass(frozen=True)
class Mended:
    """How it ended: `repaired`, or why not. `no_copy`: good bytes are nowhere to be had."""

    fault: Fault
    repaired: bool
    words: str = ""
    no_copy: bool = False


@dataclass(frozen=True)
class Mender:
    layout: Layout
    database: Database
    restorer: Restorer
    log: UploadLog

    def mend(self, video: Video, fault: Fault) -> Mended:
        """Tell it, then repair it. Whatever comes in between leaves it told."""
        for name in self._names(video, fault):
            self._damages.announce(name, fault.part, fault.kind, fault.words)
        try:
            return self._sidecar(video, fault) if fault.part == SIDECAR else self._file(video, fault)
        except HoldfastError as error:
            return self._later(video, fault, error)

    def settle(self, video: Video, part: str) -> bool:
        """It reads right now though it is known to be damaged: the disk must say so once more before it is over."""
        how = "it reads right again, twice"
        if part == FILE:
            return self._damages.settle_file(video, how)
        if Sidecars(self.layout, self.database).look(video) is None:
            self._damages.settle(video, part, how)
            return True
        return False

    @property
    def _damages(self) -> LocalDamages:
        return LocalDamages(self.layout, self.database, self.log)

    def _names(self, video: Video, fault: Fault) -> list[Video]:
        """The video, and those whose files are other names of the same damaged bytes."""
        if fault.part != FILE or fault.links < 2:
            return [video]
        found = [video]
        for holder in holders(self.database, video.sha256, video.size_bytes):
            if holder.id != video.id and inode_of(self.layout.absolute(holder.relative_path)) == fault.inode:
                with self.database.read() as session:
                    other = scrubs.one(session, holder.id)
                found += [other] if other is not None else []
        return found

    def _file(self, video: Video, fault: Fault) -> Mended:
        # It reads the file once more, takes good bytes from where they are, and says so to the catalog itself. Other
        # names of the damaged bytes are mended with it.
        self.restorer.restore(video.id, read=True)
        return Mended(fault, repaired=True)

    def _sidecar(self, video: Video, fault: Fault) -> Mended:
        sidecars = Sidecars(self.layout, self.database)
        sidecars.write_again(video, Ill(fault.kind, fault.words))
        if ill := sidecars.look(video):
            raise LocalDamage(ill.words)
        self._damages.settle(video, SIDECAR, "written again from the catalog")
        return Mended(fault, repaired=True)

    def _later(self, video: Video, fault: Fault, error: HoldfastError) -> Mended:
        with self.database.write() as session:
            row, now = damages.get(session, video.id, fault.part), instant(session)
            no_copy = fault.part == FILE and (
                isinstance(error, NotFound | LocalDamage) or damages.has_no_copy(session, video)
            )
            words = _words(fault, error, no_copy)
            attempts = row.attempts + 1 if row is not None else 1
            wait = timedelta(seconds=_HOPELESS_SECONDS if no_copy else delay_seconds(attempts))
            damages.put_off(session, video.id, fault.part, now + wait, words, no_copy=no_copy)
        self.log.write("error", "not_repaired", upload=video.id, name=video.original_filename, error=words)
        return Mended(replace(fault, words=words), repaired=False, words=words, no_copy=no_copy)


def _words(fault: Fault, error: HoldfastError, no_copy: bool) -> str:
    if not no_copy:
        return f"{fault.words} It is not repaired yet: {error.message}"
    return f"{fault.words} No good copy of it is known anywhere. {_REMEDY}"
