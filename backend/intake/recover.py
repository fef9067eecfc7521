"""The sweep at start-up and every hour: what a crash left is finished, adopted or put away; losses are told.

An unacknowledged upload ends absent or listed whole. Nothing that was ever published is deleted here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from backend.catalog import saves, videos
from backend.catalog.database import Database
from backend.disk.atomic import discard, fsync_folder, publish, told_as
from backend.disk.digest import sha256_of
from backend.disk.incoming import PART_SUFFIX, is_abandoned
from backend.disk.layout import SIDECAR_SUFFIX, Layout
from backend.disk.locks import lock
from backend.disk.sidecar import Sidecar, read_sidecar
from backend.errors import LocalDamage
from backend.log import UploadLog

_STALE_TEMPORARY_SECONDS = 3600.0


@dataclass
class Swept:
    """What one sweep did and found. Names are relative paths."""

    adopted: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # rows whose file is not there
    unknown: list[str] = field(default_factory=list)  # files without row and without a sidecar that fits


@dataclass(frozen=True)
class Recovery:
    layout: Layout
    database: Database
    log: UploadLog

    def sweep(self) -> Swept:
        """Compare disk and catalog, project by project, and mend what a crash left. One sweep at a time."""
        with lock(self.layout, "sweep", "all"):
            return self._sweep()

    def _sweep(self) -> Swept:
        found = Swept()
        for folder in _folders(self.layout.uploads):
            self._sweep_folder(folder, found)
        self._sweep_incoming(found)
        for step in ("adopted", "discarded", "quarantined", "missing", "unknown"):
            for name in getattr(found, step):
                self.log.write("warning", step, upload=_id_in(name), file=name, by="sweep")
        return found

    def rebuild(self) -> tuple[int, list[str]]:
        """Bring every sidecar's video into the catalog. Returns how many changed it, and what could not be read."""
        changed, problems = 0, []
        for folder in _folders(self.layout.uploads):
            for name in sorted(n for n in os.listdir(folder) if n.endswith(SIDECAR_SUFFIX)):
                try:
                    changed += saves.adopt(self.database, read_sidecar(folder / name))
                except LocalDamage as error:
                    problems.append(error.message)
        return changed, problems

    def _sweep_folder(self, folder: Path, found: Swept) -> None:
        prefix = f"{self.layout.uploads.name}/{folder.name}/"
        with self.database.read() as session:
            rows = videos.places_below(session, prefix)
        names = set(os.listdir(folder))
        media = {n for n in names if not n.endswith(SIDECAR_SUFFIX)}
        for name in sorted(names - media):
            stem = name.removesuffix(SIDECAR_SUFFIX)
            if prefix + stem not in rows:
                self._adopt(folder, stem, stem in media, found)
        found.missing += [
            path for path, state in rows.items() if state == "present" and path.removeprefix(prefix) not in media
        ]
        found.unknown += [
            prefix + n for n in sorted(media) if prefix + n not in rows and n + SIDECAR_SUFFIX not in names
        ]

    def _adopt(self, folder: Path, name: str, has_bytes: bool, found: Swept) -> None:
        relative = f"{self.layout.uploads.name}/{folder.name}/{name}"
        try:
            doc = read_sidecar(folder / f"{name}{SIDECAR_SUFFIX}")
        except LocalDamage:
            found.unknown.append(relative + SIDECAR_SUFFIX)
            return
        if doc.local.state == "present":
            part = self.layout.incoming / f"{doc.video.id}{PART_SUFFIX}"
            if part.exists() and not is_abandoned(part):
                return  # an upload is being saved this very moment
            if not has_bytes and not self._finish(part, doc):
                self._without_bytes(doc, relative, found)
                return
            if not _holds(folder / name, doc):
                found.unknown.append(relative)
                return
        if saves.adopt(self.database, doc):
            found.adopted.append(relative)

    def _finish(self, part: Path, doc: Sidecar) -> bool:
        """A crash came between sidecar and link: the bytes are whole in incoming, so publish them now."""
        if not part.exists() or not _holds(part, doc):
            return False
        final = self.layout.absolute(doc.video.relative_path)
        publish(part, final)
        fsync_folder(final.parent)
        return True

    def _without_bytes(self, doc: Sidecar, relative: str, found: Swept) -> None:
        if any(d.state == "delivered" for d in doc.deliveries):
            # A verified copy exists elsewhere: list it, and say that the local file is gone.
            saves.adopt(self.database, doc)
            found.missing.append(relative)
            return
        place = self.layout.sidecar_of(relative)
        with told_as("setting a sidecar aside"):
            os.rename(place, self.layout.quarantine / place.name)
        found.quarantined.append(relative + SIDECAR_SUFFIX)

    def _sweep_incoming(self, found: Swept) -> None:
        """Form uploads cannot be resumed: what no process writes any more was never acknowledged."""
        for path in sorted(self.layout.incoming.iterdir()):
            if path.suffix == PART_SUFFIX and is_abandoned(path):
                discard(path)
                found.discarded.append(path.name)
            elif path.suffix == ".tmp" and time.time() - path.stat().st_mtime > _STALE_TEMPORARY_SECONDS:
                discard(path)


def _folders(root: Path) -> Iterator[Path]:
    with told_as("listing a folder"):
        yield from sorted(p for p in root.iterdir() if p.is_dir())


def _holds(path: Path, doc: Sidecar) -> bool:
    """True when the file holds exactly the bytes that the sidecar names."""
    return path.stat().st_size == doc.video.size_bytes and sha256_of(path) == doc.video.sha256


def _id_in(name: str) -> str | None:
    return name.removesuffix(PART_SUFFIX) if name.endswith(PART_SUFFIX) else None
