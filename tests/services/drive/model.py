"""Who and what there is: people, shared drives, files and folders; and who may do what with them.

An item is a file or a folder. A root is the folder at the top of a My Drive or of a shared drive; the id of a shared
drive is also that of its root. A caller is a person (or service account) acting through an OAuth client.
"""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.services.drive.content import Blob

FOLDER = "application/vnd.google-apps.folder"
ROLES = ("reader", "commenter", "writer", "fileOrganizer", "organizer", "owner")

SCOPE = "https://www.googleapis.com/auth/drive"
SCOPE_FILE = f"{SCOPE}.file"
SCOPE_READ = f"{SCOPE}.readonly"
SCOPE_READ_METADATA = f"{SCOPE}.metadata.readonly"


def rank(role: str | None) -> int:
    """A higher role may do all that a lower one may; 0 is nobody."""
    return 0 if role is None else ROLES.index(role) + 1


@dataclass
class Person:
    email: str
    quota_bytes: int | None
    root_id: str
    is_service_account: bool = False


@dataclass(frozen=True)
class Caller:
    email: str
    client_id: str
    scopes: frozenset[str]

    @property
    def sees_only_its_own(self) -> bool:
        return not self.scopes & {SCOPE, SCOPE_READ, SCOPE_READ_METADATA}

    @property
    def may_write(self) -> bool:
        return bool(self.scopes & {SCOPE, SCOPE_FILE})


@dataclass
class Item:
    id: str
    name: str
    mime_type: str
    parent_id: str | None
    owner: str | None
    drive_id: str | None
    created_at: float
    modified_at: float
    blob: Blob | None = None
    explicitly_trashed: bool = False
    made_by: tuple[str, str] | None = None
    shared_with: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    app_properties: dict[str, dict[str, str]] = field(default_factory=dict)
    description: str | None = None
    version: int = 1

    @property
    def is_folder(self) -> bool:
        return self.mime_type == FOLDER

    @property
    def link(self) -> str:
        if self.is_folder:
            return f"https://drive.google.com/drive/folders/{self.id}"
        return f"https://drive.google.com/file/d/{self.id}/view?usp=drivesdk"


class World:
    """All of it. Whoever reads or changes more than one thing holds `lock`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.people: dict[str, Person] = {}
        self.drives: dict[str, str] = {}
        self.members: dict[str, dict[str, str]] = {}
        self.items: dict[str, Item] = {}
        self.issued_ids: set[str] = set()
        self.used_ids: set[str] = set()
        self.clock_offset_seconds = 0.0
        self.service_accounts_own_folders = False
        self.leaves_out_sha256 = False
        self.listing_lag_seconds = 0.0
        self.frozen_listing: set[str] | None = None

    def now(self) -> float:
        return time.time() + self.clock_offset_seconds

    def new_id(self) -> str:
        """As long as the real ones: 33 characters that begin with a 1."""
        return "1" + base64.urlsafe_b64encode(secrets.token_bytes(24)).decode()

    def new_path(self) -> Path:
        return self.folder / secrets.token_hex(16)

    def new_blob(self, content: bytes) -> Blob:
        path = self.new_path()
        path.write_bytes(content)
        return Blob(path)

    def add_person(self, email: str, quota_bytes: int | None, *, is_service_account: bool = False) -> Person:
        with self.lock:
            if email not in self.people:
                root = self._add_root("My Drive", owner=email, drive_id=None, item_id=self.new_id())
                self.people[email] = Person(email, quota_bytes, root.id, is_service_account)
            return self.people[email]

    def add_drive(self, name: str, members: dict[str, str]) -> str:
        with self.lock:
            drive_id = "0A" + secrets.token_urlsafe(12) + "PVA"
            self.drives[drive_id] = name
            self.members[drive_id] = dict(members)
            return self._add_root("Drive", owner=None, drive_id=drive_id, item_id=drive_id).id

    def _add_root(self, name: str, *, owner: str | None, drive_id: str | None, item_id: str) -> Item:
        now = self.now()
        return self.add(Item(item_id, name, FOLDER, None, owner, drive_id, now, now))

    def add(self, item: Item) -> Item:
        self.items[item.id] = item
        self.used_ids.add(item.id)
        return item

    def parents(self, item: Item) -> Iterator[Item]:
        """The item itself, its folder, and so on up to the root."""
        above: Item | None = item
        while above:
            yield above
            above = self.items.get(above.parent_id) if above.parent_id else None

    def children(self, folder_id: str) -> list[Item]:
        return [item for item in self.items.values() if item.parent_id == folder_id]

    def is_trashed(self, item: Item) -> bool:
        return any(above.explicitly_trashed for above in self.parents(item))

    def path(self, item: Item) -> str:
        """Names from below the root down."""
        names = [above.name for above in self.parents(item) if above.parent_id]
        return "/".join(reversed(names))

    def role(self, email: str, item: Item) -> str | None:
        """The highest role that somebody has on an item, inherited ones included."""
        roles: list[str | None] = [None]
        for above in self.parents(item):
            roles.append(above.shared_with.get(email))
            if above.owner == email:
                roles.append("owner" if above is item else "writer")
            if above.drive_id and above.parent_id is None:
                roles.append(self.members[above.drive_id].get(email))
        return max(roles, key=rank)

    def sees(self, caller: Caller, item: Item) -> bool:
        if caller.sees_only_its_own and item.made_by != (caller.client_id, caller.email):
            return False
        return self.role(caller.email, item) is not None

    def is_listed(self, item: Item) -> bool:
        """Whether files.list knows of it already."""
        if self.frozen_listing is not None:
            return item.id in self.frozen_listing
        return item.created_at + self.listing_lag_seconds <= self.now()

    def usage_bytes(self, email: str, *, trashed_only: bool = False) -> int:
        return sum(
            item.blob.size_bytes
            for item in self.items.values()
            if item.blob and item.owner == email and (not trashed_only or self.is_trashed(item))
        )

    def remove(self, item: Item) -> None:
        """For ever, with all that is in it."""
        for child in self.children(item.id):
            self.remove(child)
        if item.blob:
            item.blob.forget()
        self.items.pop(item.id, None)
