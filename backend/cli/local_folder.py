"""A folder to import: every regular file below it, what is passed over and why, and the taking in of the rest."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path

from backend import mime
from backend.catalog import lookup
from backend.catalog.describe import status_of
from backend.catalog.models import DeliveryState, Video
from backend.catalog.types import iso
from backend.cli.batch import Batch
from backend.disk.stored import is_good
from backend.errors import ExtensionNotAllowed, Refused
from backend.intake.checks import Facts, check_extension
from backend.intake.local_file import UNFINISHED, Advance, Way, digest_of, head_of, take_in
from backend.intake.old_names import OldName, read_old_name
from backend.intake.receipt import IMPORT
from backend.intake.receive import Caller, Saved
from backend.services import Services


@dataclass(frozen=True)
class Found:
    """One entry. `passed_over` says why it is none of ours; `unreadable` why it could not be looked at."""

    path: Path
    size_bytes: int = 0
    modified_seconds: float = 0.0
    passed_over: str = ""
    unreadable: str = ""


@dataclass(frozen=True)
class OldNames:
    """Whether dates and labels are read from names, and in which time zone; None: this machine's."""

    read: bool = True
    zone: tzinfo | None = None

    def of(self, path: Path, now: datetime) -> OldName | None:
        return read_old_name(path.name, self.zone, now) if self.read else None


@dataclass
class FolderImport:
    """One run over a folder. `sizes` are those of the project's videos: other files need no look at their content."""

    services: Services
    folder: Path
    facts: Facts
    caller: Caller
    batch: Batch
    names: OldNames = OldNames()
    _sizes: set[int] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        with self.services.database.read() as session:
            self._sizes = lookup.sizes(session, self.facts.project_id)

    def take(self, found: Found, advance: Advance) -> None:
        """Take one entry in, or say why not."""
        if found.unreadable:
            self.batch.failed(found.path, Refused(f"'{found.path}' {found.unreadable}."))
            return
        try:
            reason = found.passed_over or self._other_type(found) or self._here_already(found)
        except Refused as error:
            self.batch.failed(found.path, error)
            return
        if reason:
            self.batch.skipped(found.path, reason)
            advance(found.size_bytes)
        else:
            self.batch.take(found.path, partial(self._take_in, found, advance))

    def _take_in(self, found: Found, advance: Advance) -> Saved:
        now = datetime.now(UTC)
        told = self.names.of(found.path, now)
        metadata = {
            "imported_path": str(found.path.relative_to(self.folder)),
            "modified_at": iso(datetime.fromtimestamp(found.modified_seconds, UTC)),
        }
        # Last: the receipt tells by it when the file really came.
        metadata |= self.facts.metadata | {"imported_at": iso(now)}
        facts = replace(self.facts, metadata=metadata)
        if told is not None:
            facts = replace(facts, saved_at=told.saved_at, content_type=facts.content_type or told.label)
        way = Way(self.caller, IMPORT, told.filename if told else "")
        saved = take_in(self.services.intake, found.path, facts, way, advance)
        self._sizes.add(found.size_bytes)
        return saved

    def _other_type(self, found: Found) -> str:
        try:
            named = check_extension(found.path.name, self.services.settings.allowed_extensions)
        except ExtensionNotAllowed as error:
            return f"of a type that is not taken ({error.detail['extension']})"
        if not named and mime.by_content(head_of(found.path, mime.HEAD_BYTES)) is None:
            return "neither its name nor its content says that it is a video"
        return ""

    def _here_already(self, found: Found) -> str:
        if found.size_bytes not in self._sizes:
            return ""
        sha256 = digest_of(found.path)
        with self.services.database.read() as session:
            holders = lookup.holding(session, self.facts.project_id, sha256, found.size_bytes)
        older = next(filter(self._still_has_it, holders), None)
        if older is None:
            return ""
        place = " in the trash" if status_of(older) == "trashed" else ""
        return f"its content is here already{place}, as '{older.original_filename}' ({older.id})"

    def _still_has_it(self, video: Video) -> bool:
        """Whoever reads "here already" may delete the original, so a row alone is no reason to say it."""
        if video.local_state == "present":
            return is_good(self.services.layout.absolute(video.relative_path), video.size_bytes, video.sha256)
        return any(delivery.state == DeliveryState.DELIVERED for delivery in video.deliveries)


def files_below(folder: Path, never: Path) -> Iterator[Found]:
    """Depth first, by name. Links are not followed, and `never` (the server's own storage) is not entered."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Found(folder, unreadable=f"cannot be read: {error.strerror}")
        return
    for entry in entries:
        yield from _look(entry, never)


def is_within(folder: Path, root: Path) -> bool:
    """True when `folder` is `root` or below it, whatever the links on the way."""
    return root.exists() and any(parent.samefile(root) for parent in (folder.resolve(), *folder.resolve().parents))


def _look(entry: os.DirEntry[str], never: Path) -> Iterator[Found]:
    path = Path(entry.path)
    if entry.name.startswith("."):
        yield Found(path, passed_over="hidden")
        return
    if entry.name.lower().endswith(UNFINISHED):
        yield Found(path, passed_over="unfinished, by its name")
        return
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        yield Found(path, unreadable=f"cannot be read: {error.strerror}")
        return
    if stat.S_ISDIR(status.st_mode):
        if never.exists() and os.path.samestat(status, never.stat()):
            yield Found(path, passed_over="the storage of this server itself")
        else:
            yield from files_below(path, never)
    elif stat.S_ISLNK(status.st_mode):
        yield Found(path, passed_over="a link; links are not followed")
    elif stat.S_ISREG(status.st_mode):
        yield Found(path, status.st_size, status.st_mtime)
    else:
        yield Found(path, passed_over="neither a file nor a folder")
