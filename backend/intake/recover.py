"""The sweep at start-up and every hour: what a crash left is finished, adopted or put away; losses are told.

An unacknowledged upload ends absent or listed whole. Nothing that was ever published is deleted here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from backend.actor import SYSTEM, acting
from backend.catalog import audit, saves, videos
from backend.catalog.database import Database
from backend.disk.atomic import TEMPORARY_SUFFIX, fsync_folder, publish, told_as
from backend.disk.digest import sha256_of
from backend.disk.incoming import PART_SUFFIX, discard_abandoned, is_abandoned
from backend.disk.layout import SIDECAR_SUFFIX, Layout
from backend.disk.locks import lock
from backend.disk.partial import JOURNAL_SUFFIX
from backend.disk.sidecar import Sidecar, change, read_sidecar
from backend.errors import DiskFault, LocalDamage, StorageError
from backend.intake import quota
from backend.intake.expire import Expiry
from backend.log import UploadLog


@dataclass
class Swept:
    """What one sweep did and found. Names are relative paths."""

    adopted: list[str] = field(default_factory=list)
    discarded: list[str] = field(default_factory=list)
    expired: list[str] = field(default_factory=list)  # resumable uploads that nobody went on with
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
        # Whoever's request set it off: what a crash left is nobody's doing.
        with lock(self.layout, "sweep", "all"), acting(SYSTEM):
            return self._sweep()

    def _sweep(self) -> Swept:
        found = Swept()
        # Listed first: what publishes and dies while the folders are walked must wait for the next sweep, which lists
        # it; without its bytes in incoming/, a retry would not know of it and make a second video.
        left = [path for path in _unfinished(self.layout) if is_abandoned(path)]
        for folder in self.layout.kept_folders():
            self._sweep_folder(folder, found)
        self._sweep_incoming(left, found)
        for step in ("adopted", "discarded", "expired", "quarantined", "missing", "unknown"):
            for name in getattr(found, step):
                self.log.write("warning", step, upload=_id_in(name), file=name, by="sweep")
        return found

    def rebuild(self) -> tuple[int, list[str]]:
        """Bring every sidecar's video into the catalog. Returns how many changed it, and what could not be read.

        A video whose bytes are not there as its sidecar says is left to the sweep: it was perhaps never saved.
        """
        changed, problems = 0, []
        for folder in self.layout.kept_folders():
            for name in sorted(n for n in os.listdir(folder) if n.endswith(SIDECAR_SUFFIX)):
                try:
                    doc = self._read(folder, name.removesuffix(SIDECAR_SUFFIX))
                    if _is_as_told(folder / name.removesuffix(SIDECAR_SUFFIX), doc):
                        changed += saves.adopt(self.database, doc)
                except (LocalDamage, DiskFault) as error:
                    problems.append(error.message)
                except FileNotFoundError:
                    continue  # taken back by its upload since the folder was listed
        if changed:
            with self.database.write() as session:
                audit.append(session, "catalog.rebuilt", videos=changed)
        return changed, problems

    def _sweep_folder(self, folder: Path, found: Swept) -> None:
        prefix = f"{folder.parent.name}/{folder.name}/"
        with self.database.read() as session:
            rows = videos.places_below(session, prefix)
        names = set(os.listdir(folder))
        for name in sorted(n for n in names if n.endswith(SIDECAR_SUFFIX)):
            if prefix + name.removesuffix(SIDECAR_SUFFIX) not in rows:
                self._try_adopt(folder, name.removesuffix(SIDECAR_SUFFIX), found)
        # Uploads go on meanwhile: what the two lists seem to say is looked at again before it is told.
        for name in sorted(n for n in names if not n.endswith(SIDECAR_SUFFIX) and prefix + n not in rows):
            if (folder / name).exists() and not (folder / f"{name}{SIDECAR_SUFFIX}").exists():
                found.unknown.append(prefix + name)
        gone = [path for path, state in rows.items() if state == "present" and path.removeprefix(prefix) not in names]
        found.missing += [path for path in gone if not self.layout.absolute(path).exists()]

    def _try_adopt(self, folder: Path, name: str, found: Swept) -> None:
        """One file that cannot be understood must not keep the server from starting."""
        relative = f"{folder.parent.name}/{folder.name}/{name}"
        try:
            self._adopt(folder, name, relative, found)
        except FileNotFoundError:
            return  # taken back by its upload since the folder was listed
        except (LocalDamage, DiskFault) as error:
            self.log.write("error", "unreadable", file=relative, error=error.message, by="sweep")
            found.unknown.append(relative)
        except StorageError:
            raise
        except Exception as error:
            self.log.broke("adopt_broke", error, file=relative)
            found.unknown.append(relative)

    def _adopt(self, folder: Path, name: str, relative: str, found: Swept) -> None:
        doc = self._read(folder, name)
        part = self.layout.incoming / f"{doc.video.id}{PART_SUFFIX}"
        crashed = is_abandoned(part)
        if part.exists() and not crashed:
            return  # an upload is being saved this very moment
        # Its name in incoming goes only after its row is there: what is true from here on stays true.
        if saves.knows(self.database, doc):
            return
        if doc.local.state == "present":
            if not (folder / name).exists():
                if not crashed or not _holds(part, doc):
                    self._without_bytes(doc, relative, found)
                    return
                doc = self._finish(part, doc)
            elif not _holds(folder / name, doc, read=crashed):
                found.unknown.append(relative)
                return
        if saves.adopt(self.database, doc, found=True, is_news=crashed):
            found.adopted.append(relative)

    def _read(self, folder: Path, name: str) -> Sidecar:
        """The sidecar of a file. What it says of its place must be true: it could name any file of this machine."""
        doc = read_sidecar(folder / f"{name}{SIDECAR_SUFFIX}")
        if self.layout.absolute(doc.video.relative_path) != folder / name:
            raise LocalDamage(f"The sidecar {name}{SIDECAR_SUFFIX} belongs to another file.")
        return doc

    def _finish(self, part: Path, doc: Sidecar) -> Sidecar:
        """A crash came between sidecar and link: the bytes are whole in incoming, so publish them now."""
        final = self.layout.absolute(doc.video.relative_path)
        # The sidecar may have announced bytes shared with an older video; these are its own.
        doc = change(self.layout, doc.video.relative_path, doc.video.id, _with_own_bytes)
        publish(part, final)
        fsync_folder(final.parent)
        return doc

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

    def _sweep_incoming(self, left: list[Path], found: Swept) -> None:
        """Resumable uploads wait for their sender. Of the others, what no process writes any more was never
        acknowledged, or is published."""
        found.expired += Expiry(self.layout, self.database, self.log).sweep()
        for path in left:
            # Looked for again under its lock: an upload is begun with its bytes, and then gets its journal.
            if discard_abandoned(path, path.with_suffix(JOURNAL_SUFFIX)) and path.suffix == PART_SUFFIX:
                found.discarded.append(path.name)
        quota.tidy(self.layout)


def has_abandoned(layout: Layout) -> bool:
    """True when a crash, or a database that failed, left an upload that no sweep has looked at yet."""
    return any(path.suffix == PART_SUFFIX and is_abandoned(path) for path in _unfinished(layout))


def _unfinished(layout: Layout) -> list[Path]:
    """Uploads that cannot be resumed, and small files that are being written."""
    with told_as("listing a folder"):
        names = {path.name for path in layout.incoming.iterdir()}
    return [
        layout.incoming / name
        for name in sorted(names)
        if name.endswith((PART_SUFFIX, TEMPORARY_SUFFIX)) and f"{Path(name).stem}{JOURNAL_SUFFIX}" not in names
    ]


def _is_as_told(path: Path, doc: Sidecar) -> bool:
    """True when the bytes are here as the sidecar says, or are not meant to be."""
    return doc.local.state != "present" or (path.exists() and _holds(path, doc, read=False))


def _holds(path: Path, doc: Sidecar, *, read: bool = True) -> bool:
    """True when the file has the size that the sidecar names, and, with `read`, exactly the bytes.

    A whole library whose catalog was lost is listed by sizes, in seconds: its bytes were checked when they were
    saved. What a crash left is read.
    """
    with told_as("looking at a file"):
        size_bytes = path.stat().st_size
    if not doc.video.sha256:
        # A recorder's own file, linked and not hashed yet: it may have grown, and its size is taken with its digest.
        return size_bytes > 0
    return size_bytes == doc.video.size_bytes and (not read or sha256_of(path) == doc.video.sha256)


def _with_own_bytes(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"video": doc.video.model_copy(update={"bytes_id": doc.video.id})})


def _id_in(name: str) -> str | None:
    return name.removesuffix(PART_SUFFIX) if name.endswith(PART_SUFFIX) else None
