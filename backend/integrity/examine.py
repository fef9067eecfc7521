"""One video under the glass: its file and its sidecar, each accusation made twice before it is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from backend.catalog import scrubs
from backend.catalog.database import Database
from backend.catalog.models import FILE, SIDECAR, Video
from backend.disk.layout import Layout
from backend.disk.reread import Harm, Reading, inode_of, read_again
from backend.errors import DiskFault
from backend.integrity.sidecars import Ill, Sidecars
from backend.log import UploadLog

_SAMPLES = 20


@dataclass(frozen=True)
class Fault:
    """What is wrong with one part of a video."""

    part: str
    kind: Harm
    words: str
    inode: tuple[int, int] | None = None
    links: int = 0


@dataclass(frozen=True)
class Found:
    faults: tuple[Fault, ...]
    read_bytes: int = 0
    sha1: str = ""  # where it was not known yet


@dataclass(frozen=True)
class Examiner:
    """For one run: bytes that several videos share by hard link are read once in it."""

    layout: Layout
    database: Database
    log: UploadLog
    # The SHA-1 of files of several names that were read right.
    _right: dict[tuple[int, int], str] = field(default_factory=dict)

    def examine(self, video: Video, pace: Callable[[int], None]) -> Found:
        """What is wrong now, if anything. Raises `StorageError` and what `pace` raises."""
        reading = self._read(video, pace) if video.local_state == "present" else Reading(None)
        ill = self._look_at_sidecar(video)
        if reading.harm is Harm.MISSING and ill is not None and ill.harm is Harm.MISSING:
            self._demand_disk(video)
        faults = []
        if reading.harm is not None:
            faults.append(Fault(FILE, reading.harm, reading.words, reading.inode, reading.links))
        if ill is not None:
            faults.append(Fault(SIDECAR, ill.harm, ill.words))
        if faults and self._has_changed(video):
            # Pruned or purged while it was looked at: that is no damage.
            return Found((), reading.read_bytes)
        return Found(tuple(faults), reading.read_bytes, "" if faults else reading.sha1)

    def _read(self, video: Video, pace: Callable[[int], None]) -> Reading:
        """A reading that accuses is made again, and one that then acquits, too."""
        path = self.layout.absolute(video.relative_path)
        inode = inode_of(path)
        if inode is not None and inode in self._right:
            return Reading(None, sha1=self._right[inode])
        first = read_again(path, video.size_bytes, video.sha256, pace, want_sha1=not video.sha1)
        if first.harm is None:
            if first.inode is not None and first.links > 1:
                self._right[first.inode] = first.sha1 or video.sha1
            return first
        second = read_again(path, video.size_bytes, video.sha256, pace)
        if second.harm is not None:
            return second
        third = read_again(path, video.size_bytes, video.sha256, pace)
        if third.harm is None:
            told = {"upload": video.id, "name": video.original_filename, "error": first.words}
            self.log.write("warning", "unsteady_read", **told)
        return third

    def _look_at_sidecar(self, video: Video) -> Ill | None:
        sidecars = Sidecars(self.layout, self.database)
        return sidecars.look(video) and sidecars.look(video)

    def _has_changed(self, video: Video) -> bool:
        with self.database.read() as session:
            now = scrubs.one(session, video.id)
        return now is None or now.local_state != video.local_state

    def _demand_disk(self, video: Video) -> None:
        """When nothing at all is here the disk itself must be away: that says nothing about any file."""
        with self.database.read() as session:
            others = [p for p in scrubs.samples(session, video.node, _SAMPLES) if p != video.relative_path]
        if not any(self.layout.absolute(place).exists() for place in others):
            raise DiskFault(
                f"Neither '{video.original_filename}' nor any other file that was looked for is in "
                f"{self.layout.uploads}: is the disk of the uploads mounted? Nothing was called damaged."
            )
