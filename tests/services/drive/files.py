"""The calls about files under /drive/v3/: make, look, list, change, delete, download."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.services.drive import query
from tests.services.drive.content import Blob
from tests.services.drive.creation import (
    Params,
    check_create,
    check_quota,
    find_item,
    find_parent,
    insufficient_permissions,
)
from tests.services.drive.fields import file_mask, list_mask, select
from tests.services.drive.model import FOLDER, Caller, Item, World, rank
from tests.services.drive.replies import FilePart, Reply, invalid, json_reply, plain_reply, refused
from tests.services.drive.resources import file_resource, may_delete, may_trash

_UNKNOWN_TYPE = "application/octet-stream"


class Files:
    def __init__(self, world: World) -> None:
        self._world = world

    def generate_ids(self, caller: Caller, params: Params) -> Reply:
        space, kind = params.text("space") or "drive", params.text("type") or "files"
        if space not in ("drive", "appDataFolder") or kind not in ("files", "shortcuts"):
            raise invalid("space" if kind == "files" else "type")
        count = params.number("count", 10, 1, 1000)
        ids = [self._world.new_id() for _ in range(count)]
        with self._world.lock:
            self._world.issued_ids.update(ids)
        return json_reply({"kind": "drive#generatedIds", "space": space, "ids": ids})

    def show(self, caller: Caller, params: Params, item: Item) -> Reply:
        mask = file_mask(params.text("fields"))
        with self._world.lock:
            resource = file_resource(self._world, caller, item)
        return json_reply(select(resource, mask))

    def make(
        self, caller: Caller, params: Params, metadata: dict[str, Any], blob: Blob | None, mime_type: str = ""
    ) -> Item:
        """The file appears here, whole or not at all."""
        world = self._world
        with world.lock:
            parent = check_create(world, caller, params, metadata, blob.size_bytes if blob else 0)
            mime_type = metadata.get("mimeType") or mime_type or _UNKNOWN_TYPE
            if blob is None and mime_type != FOLDER:
                blob = world.new_blob(b"")
            now = world.now()
            item = Item(
                id=metadata.get("id") or world.new_id(),
                name=metadata.get("name") or "Untitled",
                mime_type=mime_type,
                parent_id=parent.id,
                owner=None if parent.drive_id else caller.email,
                drive_id=parent.drive_id,
                created_at=now,
                modified_at=now,
                blob=blob,
                made_by=(caller.client_id, caller.email),
            )
            _describe(item, caller, metadata)
            return world.add(item)

    def get(self, caller: Caller, params: Params, file_id: str, byte_range: str | None) -> Reply:
        file_mask(params.text("fields"))
        with self._world.lock:
            item = find_item(self._world, caller, file_id, all_drives=params.all_drives)
        if params.text("alt") == "media":
            return _download(item, byte_range)
        return self.show(caller, params, item)

    def find(self, caller: Caller, params: Params) -> Reply:
        mask = list_mask(params.text("fields"))
        size = params.number("pageSize", 100, 1, 1000)
        asked = query.parse(params.text("q"))
        start, seal = _page_start(params)
        with self._world.lock:
            found = self._found(caller, params, asked)
            page = [file_resource(self._world, caller, item) for item in found[start : start + size]]
        more = f"{start + size}.{seal}" if start + size < len(found) else None
        answer = {"kind": "drive#fileList", "incompleteSearch": False, "files": page, "nextPageToken": more}
        return json_reply(select(answer, mask))

    def _found(self, caller: Caller, params: Params, asked: query.Query) -> list[Item]:
        world = self._world
        shared_drives = _check_corpora(params)
        own_root = world.people[caller.email].root_id
        for folder_id in asked.parents_named - {"root", own_root}:
            folder = world.items.get(folder_id)
            if folder is None or not world.sees(caller, folder) or (folder.drive_id and not shared_drives):
                raise refused(404, "notFound", "File not found: .", location="fileId")
        drive_id = params.text("driveId")
        found = [
            item
            for item in world.items.values()
            if item.parent_id
            and world.is_listed(item)
            and world.sees(caller, item)
            and (shared_drives or not item.drive_id)
            and drive_id in (None, item.drive_id)
            and asked.matches(_seen(world, caller, item, own_root))
        ]
        return sorted(found, key=lambda item: (-item.modified_at, item.id))

    def update(self, caller: Caller, params: Params, file_id: str, metadata: dict[str, Any]) -> Reply:
        world = self._world
        with world.lock:
            item = find_item(world, caller, file_id, all_drives=params.all_drives)
            self.check_change(caller, params, item, metadata)
            self._move(caller, params, item)
            item.name = metadata.get("name") or item.name
            item.mime_type = metadata.get("mimeType") or item.mime_type
            item.explicitly_trashed = metadata.get("trashed", item.explicitly_trashed)
            _describe(item, caller, metadata)
            item.modified_at = world.now()
            item.version += 1
        return self.show(caller, params, item)

    def check_change(self, caller: Caller, params: Params, item: Item, metadata: dict[str, Any]) -> None:
        world = self._world
        if "parents" in metadata:
            words = (
                "The parents field is not directly writable in update requests. Use the addParents and removeParents"
            )
            raise refused(403, "fieldNotWritable", f"{words} parameters instead.")
        if "id" in metadata and metadata["id"] != item.id:
            raise refused(403, "fieldNotWritable", "The resource body includes fields which are not directly writable.")
        if rank(world.role(caller.email, item)) < rank("writer"):
            raise insufficient_permissions()
        if metadata.get("trashed", item.explicitly_trashed) != item.explicitly_trashed:
            if not isinstance(metadata["trashed"], bool):
                raise invalid("trashed")
            if not may_trash(world, caller, item):
                raise insufficient_permissions()

    def _move(self, caller: Caller, params: Params, item: Item) -> None:
        world = self._world
        added, removed = params.text("addParents"), params.text("removeParents")
        if added is None:
            if removed and removed == item.parent_id:
                raise refused(403, "cannotRemoveLastParent", "A file must have a parent.")
            return
        parent = find_parent(world, caller, {"parents": added.split(",")}, all_drives=params.all_drives)
        if removed != item.parent_id and parent.id != item.parent_id:
            raise refused(403, "cannotAddParent", "Increasing the number of parents is not allowed")
        if rank(world.role(caller.email, parent)) < rank("writer") or item in world.parents(parent):
            raise refused(403, "insufficientParentPermissions", "Insufficient permissions for the specified parent.")
        if item.drive_id and rank(world.role(caller.email, item)) < rank("fileOrganizer"):
            raise insufficient_permissions()
        item.parent_id, item.drive_id = parent.id, parent.drive_id

    def replace(self, caller: Caller, params: Params, item_id: str, metadata: dict[str, Any], blob: Blob) -> Item:
        """New content in place of the old, together with the new metadata."""
        world = self._world
        with world.lock:
            item = find_item(world, caller, item_id, all_drives=params.all_drives)
            self.check_change(caller, params, item, metadata)
            if item.owner:
                check_quota(world, item.owner, blob.size_bytes - (item.blob.size_bytes if item.blob else 0))
            if item.blob:
                item.blob.forget()
            item.blob = blob
        self.update(caller, params, item_id, metadata)
        return item

    def delete(self, caller: Caller, params: Params, file_id: str) -> Reply:
        world = self._world
        with world.lock:
            item = find_item(world, caller, file_id, all_drives=params.all_drives)
            if not may_delete(world, caller, item):
                raise insufficient_permissions()
            world.remove(item)
        return Reply(204)


def _describe(item: Item, caller: Caller, metadata: dict[str, Any]) -> None:
    item.description = metadata.get("description", item.description)
    private = item.app_properties.setdefault(caller.client_id, {})
    for mine, given in ((private, metadata.get("appProperties")), (item.properties, metadata.get("properties"))):
        for key, value in (given or {}).items():
            if value is None:
                mine.pop(key, None)
            else:
                mine[key] = value


def _seen(world: World, caller: Caller, item: Item, own_root: str) -> query.Seen:
    parents = (item.parent_id or "", *(["root"] if item.parent_id == own_root else []))
    private = item.app_properties.get(caller.client_id, {})
    return query.Seen(item, world.is_trashed(item), parents, private)


def _check_corpora(params: Params) -> bool:
    """Whether items of shared drives are wanted."""
    wanted = params.flag("includeItemsFromAllDrives") or params.flag("includeTeamDriveItems")
    corpora = params.text("corpora") or "user"
    if corpora not in ("user", "domain", "drive", "allDrives"):
        raise invalid("corpora")
    if wanted and not params.all_drives:
        words = "The supportsAllDrives parameter must be set to true when includeItemsFromAllDrives is set to true."
        raise refused(403, "teamDrivesParameterNotSupported", words, location="supportsAllDrives")
    if (corpora == "drive") != (params.text("driveId") is not None):
        words = "The driveId parameter must be specified if and only if corpora is set to drive."
        raise refused(403, "teamDriveIdRequired", words, location="driveId")
    if corpora in ("drive", "allDrives") and not wanted:
        words = "The includeItemsFromAllDrives parameter must be set to true when corpora is set to drive or allDrives."
        raise refused(403, "teamDrivesParameterRequired", words, location="includeItemsFromAllDrives")
    return wanted


def _page_start(params: Params) -> tuple[int, str]:
    """Where the page begins, and a seal by which a page token belongs to one question only."""
    question = [params.text(name) for name in ("q", "corpora", "driveId", "orderBy")]
    seal = hashlib.sha256(repr(question).encode()).hexdigest()[:24]
    token = params.text("pageToken")
    if token is None:
        return 0, seal
    start, _, given = token.partition(".")
    if given != seal or not start.isdigit():
        raise invalid("pageToken")
    return int(start), seal


def _download(item: Item, byte_range: str | None) -> Reply:
    blob = item.blob
    if blob is None:
        words = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
        raise refused(403, "fileNotDownloadable", words, location="alt")
    span = _span(byte_range, blob.size_bytes)
    if span is None:
        return Reply(200, content_type=item.mime_type, part=FilePart(blob.path, 0, blob.size_bytes))
    start, end = span
    if start >= end:
        unsatisfied = plain_reply(416, "Request range not satisfiable")
        return Reply(416, unsatisfied.body, {"Content-Range": f"bytes */{blob.size_bytes}"}, unsatisfied.content_type)
    headers = {"Content-Range": f"bytes {start}-{end - 1}/{blob.size_bytes}"}
    return Reply(206, b"", headers, item.mime_type, FilePart(blob.path, start, end - start))


def _span(byte_range: str | None, size_bytes: int) -> tuple[int, int] | None:
    """First byte and the one behind the last; None for everything."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", byte_range or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(size_bytes - int(last), 0), size_bytes
    return int(first), min(int(last) + 1, size_bytes) if last else size_bytes
