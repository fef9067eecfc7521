"""Which folder a copy lies in, made once however often and by however many it is asked for.

Drive allows two folders of one name, so a folder is an id: noted for all workers before it is made. Should the
note be lost, the folder is found again by a mark that only this program sees.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.targets.base import Notes
from backend.targets.drive.client import Client
from backend.targets.drive.failures import Answer, DriveProblem
from backend.targets.drive.files import IdStock, RemoteFile, find, make_folder, search
from backend.targets.memory_notes import MemoryNotes

# How long a folder is trusted to be still there. A copy that goes into the trash with it is found by its verifying.
_TRUSTED_SECONDS = 300.0
_STAMP = re.compile(r"(\d{4})(\d{2})(\d{2})_")
_MARK = "holdfast_folder"
_ROOT = "root"


def parts_of(key: str, layout: str) -> tuple[list[str], str]:
    """Folders and name of a copy. The month and day are those in the stored name: the same at every attempt."""
    *folders, name = key.split("/")
    stamp = _STAMP.match(name)
    year, month, day = stamp.groups() if stamp else ("undated", "", "")
    dated = "-".join(filter(None, (year, month)))
    if layout == "flat":
        return [], name
    if layout == "project/month":
        return [*folders, dated], name
    if layout == "project/day":
        return [*folders, "-".join(filter(None, (dated, day)))], name
    return folders, name


@dataclass(frozen=True)
class Folder:
    """A folder that was there a moment ago. `drive_id` is empty outside shared drives."""

    id: str
    drive_id: str
    seen_at: float
    name: str = ""


class Folders:
    """The target's own folder and what lies below it. Shared by threads."""

    def __init__(self, folder_id: str, folder_name: str, ids: IdStock) -> None:
        self.notes: Notes = MemoryNotes()
        self._folder_id = folder_id
        self._folder_name = folder_name
        self._ids = ids
        self._seen: dict[str, Folder] = {}
        self._real_name = ""

    @property
    def shown(self) -> str:
        """What people call the target's folder; its id until Drive has told the name."""
        return self._real_name or self._folder_id or self._folder_name

    def forget(self) -> None:
        """Something was not where it should be: look at every folder again."""
        self._seen.clear()

    def root(self, client: Client) -> Folder:
        """The folder that is configured, or the one that we made for want of it."""
        if not self._folder_id:
            return self._inside(client, Folder(_ROOT, "", 0.0), self._folder_name)
        known = self._trusted(_ROOT)
        if known is None:
            known = self._remember(_ROOT, self._configured(client))
        return known

    def _configured(self, client: Client) -> RemoteFile:
        found = find(client, self._folder_id)
        if found is None:
            raise DriveProblem(Answer("no-folder", 404))
        # Google calls the top of every shared drive “Drive”, which would tell nobody which one.
        self._real_name = "" if found.id == found.drive_id and found.name == "Drive" else found.name
        for wrong, reason in (
            (found.trashed, "folder-trashed"),
            (not found.is_folder, "not-a-folder"),
            (not found.may_add, "folder-closed"),
        ):
            if wrong:
                raise DriveProblem(Answer(reason))
        return found

    def below(self, client: Client, names: list[str]) -> Folder:
        """The folder that is reached from the root by these names; what is missing is made."""
        folder = self.root(client)
        for name in names:
            folder = self._inside(client, folder, name)
        return folder

    def _inside(self, client: Client, parent: Folder, name: str) -> Folder:
        mark = hashlib.sha256(f"{parent.id}\x00{name}".encode("utf-8", "surrogatepass")).hexdigest()
        known = self._trusted(mark)
        if known is None:
            known = self._remember(mark, self._found_or_made(client, parent, name, mark))
        return known

    def _found_or_made(self, client: Client, parent: Folder, name: str, mark: str) -> RemoteFile:
        noted = self.notes.get(mark)
        if noted is None:
            marked = [item for item in search(client, {_MARK: mark}, parent.drive_id) if item.is_folder]
            noted = self.notes.put(mark, marked[0].id if marked else self._ids.take(client))
        for _ in range(3):
            found = find(client, noted)
            if found is None:
                # Also when it will not: a request that was sent twice may have been heard the first time.
                make_folder(client, noted, name, parent.id, {_MARK: mark})
                found = find(client, noted)
            if found is not None and found.is_folder and not found.trashed:
                return found
            # In the trash, deleted for ever, or an id that Drive no longer takes.
            noted = self.notes.put(mark, self._ids.take(client), instead_of=noted)
        raise DriveProblem(Answer("changing"))

    def _trusted(self, mark: str) -> Folder | None:
        known = self._seen.get(mark)
        return known if known and time.monotonic() - known.seen_at < _TRUSTED_SECONDS else None

    def _remember(self, mark: str, found: RemoteFile) -> Folder:
        folder = Folder(found.id, found.drive_id, time.monotonic(), found.name)
        self._seen[mark] = folder
        return folder


def marks_of(key: str, video_id: str = "") -> Mapping[str, Any]:
    """What a copy carries so that it is found again when the ledger is lost. Only this program sees it."""
    marks = {"holdfast_key": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()}
    return marks | {"holdfast_video": video_id} if video_id else marks
