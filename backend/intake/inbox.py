"""The watched folder (INBOX_PATH): a file that has stopped growing is taken in as by every other door.

A file is ready when it was the same at two looks, INBOX_SETTLE_SECONDS apart, and no process has it open for writing.
A folder in the inbox names the project. What was taken in goes to `.done/`, or is removed (INBOX_AFTER); what is
refused goes to `.refused/`, with a .txt that says why.

The journal is the catalog itself: each file is saved under a key made of its place, inode, size and time, and so a
crash between the save and the move finds the video again instead of making a second one, also after a rebuild.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from backend.actor import Actor, acting
from backend.catalog import lookup
from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.disk.locks import try_lock
from backend.disk.stored import is_good
from backend.errors import Conflict, HoldfastError, Refused
from backend.intake.checks import read_facts
from backend.intake.local_file import UNFINISHED, Way, digest_of, take_in
from backend.intake.receive import Caller, Intake
from backend.intake.writers import has_writer

DOOR = "inbox"
_CALLER = Caller(DOOR, DOOR)
_ACTOR = Actor(DOOR, "Inbox")
DONE, REFUSED = ".done", ".refused"
_MOST_COPIES = 10_000


@dataclass(frozen=True)
class Shape:
    """What tells a file from the one that it was or will be."""

    inode: int
    size_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Shape:
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class Seen:
    """A file as it was when it was first seen in this shape, and what became of it."""

    shape: Shape
    since_seconds: float
    is_saved: bool = False
    told: str = ""  # the trouble that the log knows of


@dataclass
class Inbox:
    """One watched folder. `look` is called again and again; what it remembers between looks may be lost."""

    intake: Intake
    folder: Path
    settle_seconds: float
    after: str
    clock: Callable[[], float] = time.monotonic
    _seen: dict[Path, Seen] = field(default_factory=dict)
    _unreadable: dict[Path, str] = field(default_factory=dict)

    def look(self) -> int:
        """Take in what is ready; how many files were. One worker of a node at a time."""
        with try_lock(self.intake.layout, "inbox", "all") as ours, acting(_ACTOR):
            return self._look() if ours else 0

    def _look(self) -> int:
        count, before, self._seen = 0, self._seen, {}
        for path in self._files():
            try:
                shape = Shape.of(path.lstat())
            except OSError:
                continue  # gone since the folder was listed
            seen = before.get(path)
            if seen is None or seen.shape != shape:
                self._seen[path] = Seen(shape, self.clock())
                continue
            self._seen[path] = seen
            if self.clock() - seen.since_seconds >= self.settle_seconds and not has_writer(path):
                count += self._settle(path, seen)
        return count

    def _files(self) -> Iterator[Path]:
        """Regular files, by name; nothing hidden, no links, nothing that calls itself unfinished."""
        before, self._unreadable = self._unreadable, {}
        yield from self._below(self.folder)
        for folder, words in self._unreadable.items():
            if before.get(folder) != words:
                self.intake.log.write("warning", "inbox_waits", name=str(folder), error=words)

    def _below(self, folder: Path) -> Iterator[Path]:
        try:
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            self._unreadable[folder] = f"This folder of the inbox cannot be read: {error.strerror}."
            return
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(UNFINISHED):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)

    def _settle(self, path: Path, seen: Seen) -> bool:
        """Take one file in and put it away; True when that is done."""
        try:
            if not seen.is_saved:
                self._take_in(path, seen.shape)
                self._seen[path] = seen = replace(seen, is_saved=True)
            self._put_away(path, seen.shape)
        except Conflict as error:
            # It changed while it was read: it has not stopped growing yet.
            self._seen.pop(path, None)
            self._tell_once(path, error.message)
            return False
        except Refused as error:
            return self._refuse(path, error)
        except (HoldfastError, OSError) as error:
            # The disk, the database, or the inbox itself: tried again at the next look.
            self._tell_once(path, error.message if isinstance(error, HoldfastError) else str(error.strerror or error))
            return False
        self._seen.pop(path, None)
        return True

    def _take_in(self, path: Path, shape: Shape) -> None:
        inside = path.relative_to(self.folder)
        key = _key(inside, shape)
        with self.intake.database.read() as session:
            # Keys of forms are forgotten after some days; the video itself remembers its own.
            saved = lookup.saved_with_key(session, _CALLER.id, key, shape.size_bytes)
        if saved is not None:
            digest = digest_of(path)
            if digest == saved.sha256 and self._still_has(saved):
                return
            # The very same size and time, and yet something else; or what was saved went bad before the file here did.
            key += f":{digest[:32]}"
        project = inside.parts[0] if len(inside.parts) > 1 else ""
        facts = read_facts({"project_id": [project], "source": [DOOR]}, datetime.now(UTC))
        modified_at = datetime.fromtimestamp(shape.modified_ns / 1e9, UTC)
        facts = replace(facts, metadata={"inbox_path": str(inside), "modified_at": iso(modified_at)})
        take_in(self.intake, path, facts, Way(_CALLER, DOOR, key=key), lambda _: None)

    def _still_has(self, saved: Video) -> bool:
        """The file here may be the last good one: it goes only when the bytes that were saved are as they were.
        What was pruned or purged since then went on purpose."""
        place = self.intake.layout.absolute(saved.relative_path)
        return saved.local_state != "present" or is_good(place, saved.size_bytes, saved.sha256)

    def _put_away(self, path: Path, shape: Shape) -> None:
        """Out of the inbox; removed only while it still is what was saved."""
        place = self._move(path, DONE)
        if Shape.of(place.lstat()) != shape or has_writer(place):
            # Somebody wrote once more. Those bytes are not saved: back with it, if its name is still free.
            if not path.exists():
                place.rename(path)
            raise Conflict(f"'{path.name}' was changed after it was saved; it is taken in again.")
        if self.after == "delete":
            place.unlink()

    def _refuse(self, path: Path, error: Refused) -> bool:
        try:
            words = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ} {error.message}\n"
            place = self._free_place(path, REFUSED)
            place.with_name(f"{place.name}.txt").write_text(words, encoding="utf-8", errors="backslashreplace")
            path.rename(place)
        except OSError as trouble:
            self._tell_once(path, f"{error.message} It cannot be moved: {trouble.strerror}.")
            return False
        self._seen.pop(path, None)
        self.intake.log.write("warning", "inbox_refused", name=path.name, error=error.message)
        return True

    def _move(self, path: Path, folder: str) -> Path:
        place = self._free_place(path, folder)
        path.rename(place)
        return place

    def _free_place(self, path: Path, folder: str) -> Path:
        """Where a file goes: the same path below `folder`, under a name that nothing has there."""
        wanted = self.folder / folder / path.relative_to(self.folder)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_COPIES):
            place = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}") if number > 1 else wanted
            if not place.exists() and not place.is_symlink():
                return place
        raise OSError(0, "no free name was found in it", str(wanted.parent))

    def _tell_once(self, path: Path, words: str) -> None:
        """Looks come every few seconds; the log hears of a trouble when it is new."""
        seen = self._seen.get(path, Seen(Shape(0, 0, 0), self.clock()))
        if seen.told != words:
            self.intake.log.write("warning", "inbox_waits", name=path.name, error=words)
        if path in self._seen:
            self._seen[path] = replace(seen, told=words)


def _key(inside: Path, shape: Shape) -> str:
    told = f"{inside}\0{shape.inode}\0{shape.size_bytes}\0{shape.modified_ns}"
    return f"inbox:{hashlib.sha256(os.fsencode(told)).hexdigest()}"
