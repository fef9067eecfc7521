"""The emulator as tests use it: what stands in it, what reached it, and how to make it misbehave."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from types import TracebackType
from typing import Any, Self

from tests.services.drive.faults import Fault, LoseSession, RevokeToken
from tests.services.drive.files import Files
from tests.services.drive.model import FOLDER, SCOPE, Item, Person, World
from tests.services.drive.plan import Faults
from tests.services.drive.replies import Refused, Reply
from tests.services.drive.routes import Routes, kind_of
from tests.services.drive.tokens import Tokens
from tests.services.drive.uploads import Session, Uploads
from tests.services.drive.wire import Call, HttpServer, Request
from tests.services.scratch import scratch_folder


@dataclass(frozen=True)
class Seen:
    """A file or folder as it lies there; `path` has the names from below the root down, joined by "/"."""

    item: Item
    path: str
    trashed: bool

    @property
    def id(self) -> str:
        return self.item.id

    @property
    def name(self) -> str:
        return self.item.name

    @property
    def parents(self) -> list[str]:
        return [self.item.parent_id] if self.item.parent_id else []

    @property
    def owner(self) -> str | None:
        return self.item.owner

    @property
    def drive_id(self) -> str | None:
        return self.item.drive_id

    @property
    def link(self) -> str:
        return self.item.link

    @property
    def size_bytes(self) -> int:
        return self.item.blob.size_bytes if self.item.blob else 0

    @property
    def content(self) -> bytes:
        return self.item.blob.content if self.item.blob else b""

    @property
    def md5(self) -> str:
        return self.item.blob.digest("md5") if self.item.blob else ""

    @property
    def app_properties(self) -> dict[str, str]:
        """Those of all OAuth clients together."""
        return {key: value for own in self.item.app_properties.values() for key, value in own.items()}


class DriveServer:
    """Google Drive on a free port of 127.0.0.1, until the `with` block ends. All of it may be used from any thread."""

    def __init__(self, port: int = 0) -> None:
        self._folder = scratch_folder("drive")
        self.world = World(self._folder)
        self.faults = Faults()
        self.requests: list[Request] = []
        self.crashes: list[str] = []
        self._lock = threading.Lock()
        self._http = HttpServer(port, self._answer, self.crashes)
        self.port: int = self._http.server_address[1]
        self.root_url = f"http://127.0.0.1:{self.port}/"
        self.tokens = Tokens(self.world, self.root_url)
        self._files = Files(self.world)
        self.uploads = Uploads(self.world, self._files, self.root_url)
        self._routes = Routes(self.world, self.tokens, self._files, self.uploads)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self.crashes:
            raise AssertionError("the emulator itself failed:\n" + "\n".join(self.crashes))

    def close(self) -> None:
        self.faults.clear()
        self._http.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # Who is there

    def service_account(self, email: str, *, delegated: bool = False) -> dict[str, str]:
        """A service account and its key, as the console hands it out. `delegated`: it may act for any person."""
        self.world.add_person(email, 0, is_service_account=True)
        return self.tokens.service_account(email, delegated=delegated)

    def person(self, email: str, quota_bytes: int | None = 15 * 2**30) -> Person:
        """A person with a My Drive, who signs in from now on when consent is asked for."""
        self.tokens.signed_in = email
        return self.world.add_person(email, quota_bytes)

    def authorised_user(self, email: str, scopes: Iterable[str] = (SCOPE,)) -> dict[str, str]:
        return self.tokens.authorised_user(email, list(scopes))

    def client_secrets(self) -> dict[str, Any]:
        return self.tokens.client_secrets()

    def shared_drive(self, name: str, members: dict[str, str]) -> str:
        return self.world.add_drive(name, members)

    def folder(
        self,
        name: str,
        owner: str | None = None,
        parent: str | None = None,
        shared_with: dict[str, str] | None = None,
    ) -> str:
        """In `parent`, or at the top of the owner's My Drive."""
        world = self.world
        with world.lock:
            above = world.items[parent] if parent else world.items[world.people[owner or ""].root_id]
            now = world.now()
            owned_by = None if above.drive_id else owner or above.owner
            item = Item(world.new_id(), name, FOLDER, above.id, owned_by, above.drive_id, now, now)
            item.shared_with = dict(shared_with or {})
            return world.add(item).id

    # What lies there

    def live_files(self, parent: str | None = None) -> list[Seen]:
        """Files that are not in the trash; with `parent`, those anywhere below it."""
        return [seen for seen in self._all(parent) if not seen.trashed and not seen.item.is_folder]

    def live_folders(self, parent: str | None = None) -> list[Seen]:
        """Folders that are not in the trash, roots left out."""
        return [seen for seen in self._all(parent) if not seen.trashed and seen.item.is_folder and seen.item.parent_id]

    def file(self, file_id: str) -> Seen | None:
        """One item, trashed or not."""
        return next((seen for seen in self._all(None) if seen.id == file_id), None)

    def _all(self, parent: str | None) -> list[Seen]:
        world = self.world
        with world.lock:
            return [
                Seen(item, world.path(item), world.is_trashed(item))
                for item in world.items.values()
                if parent is None or any(above.id == parent for above in world.parents(item) if above is not item)
            ]

    # What others do to it meanwhile

    def trash(self, file_id: str) -> None:
        with self.world.lock:
            self.world.items[file_id].explicitly_trashed = True

    def untrash(self, file_id: str) -> None:
        with self.world.lock:
            self.world.items[file_id].explicitly_trashed = False

    def remove(self, file_id: str) -> None:
        """For ever, with all that is in it."""
        with self.world.lock:
            self.world.remove(self.world.items[file_id])

    def replace_content(self, file_id: str, content: bytes) -> None:
        with self.world.lock:
            item = self.world.items[file_id]
            if item.blob:
                item.blob.forget()
            item.blob = self.world.new_blob(content)
            item.modified_at = self.world.now()

    def share(self, file_id: str, email: str, role: str | None) -> None:
        """Give somebody a role on an item of a My Drive, or with None take it away."""
        with self.world.lock:
            shared_with = self.world.items[file_id].shared_with
            shared_with.pop(email, None)
            if role:
                shared_with[email] = role

    def set_member(self, drive_id: str, email: str, role: str | None) -> None:
        with self.world.lock:
            members = self.world.members[drive_id]
            members.pop(email, None)
            if role:
                members[email] = role

    # What reached it

    def upload_bytes(self) -> int:
        """Bytes of bodies that session PUTs brought, stored or not."""
        return sum(request.body_bytes for request in self.requests if request.kind == "session")

    def open_sessions(self) -> list[Session]:
        return [session for session in list(self.uploads.sessions.values()) if session.open]

    # How it misbehaves, beside `faults`

    def expire_sessions(self, status: int = 404) -> None:
        """Every session that there is answers so from now on."""
        for session in list(self.uploads.sessions.values()):
            session.gone_status = status

    def expire_tokens(self) -> None:
        self.tokens.expire()

    def revoke(self, email: str) -> None:
        """Refresh tokens of a person, or the service account itself, are no longer any good."""
        self.tokens.revoke(email)

    @property
    def clock_offset_seconds(self) -> float:
        return self.world.clock_offset_seconds

    @clock_offset_seconds.setter
    def clock_offset_seconds(self, seconds: float) -> None:
        self.world.clock_offset_seconds = seconds

    def freeze_listing(self) -> None:
        """What is made from now on does not show in files.list until `thaw_listing`."""
        with self.world.lock:
            self.world.frozen_listing = set(self.world.items)

    def thaw_listing(self) -> None:
        self.world.frozen_listing = None

    def pause(self) -> None:
        """Refuse connections, and break those that are open."""
        self._http.close()

    def resume(self) -> None:
        self._http = HttpServer(self.port, self._answer, self.crashes)

    def _answer(self, call: Call) -> Reply:
        request = call.request
        if request.method == "HEAD":
            return Reply(404, headers={"Date": formatdate(self.world.now(), usegmt=True)})
        request.kind = kind_of(request)
        with self._lock:
            self.requests.append(request)
        fault = self.faults.take(request)
        try:
            reply = fault.before(call) if fault else None
            self._break(call, fault)
            if reply is None:
                reply = self._routes.answer(call, fault)
                call.body.drain()
                reply = fault.after(call, reply) if fault else reply
        except Refused as refusal:
            reply = refusal.reply
        return reply

    def _break(self, call: Call, fault: Fault | None) -> None:
        """Faults that need more than the request."""
        if isinstance(fault, RevokeToken) and (header := call.header("Authorization")):
            self.tokens.expire(header)
        if isinstance(fault, LoseSession) and (session := self.uploads.sessions.get(call.request.query["upload_id"])):
            session.gone_status = fault.status
