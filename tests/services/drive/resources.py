"""Items as the API shows them to a caller."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.services.drive.fields import Resource
from tests.services.drive.model import Caller, Item, World, rank


def file_resource(world: World, caller: Caller, item: Item) -> Resource:
    """Everything about a file that we can tell; what costs something is computed only when selected."""
    trashed = world.is_trashed(item)
    resource: dict[str, object] = {
        "kind": "drive#file",
        "id": item.id,
        "name": item.name,
        "mimeType": item.mime_type,
        "description": item.description,
        "parents": [item.parent_id] if item.parent_id else None,
        "trashed": trashed,
        "explicitlyTrashed": item.explicitly_trashed,
        "starred": False,
        "version": str(item.version),
        "createdTime": timestamp(item.created_at),
        "modifiedTime": timestamp(item.modified_at),
        "webViewLink": item.link,
        "spaces": ["drive"],
        "appProperties": item.app_properties.get(caller.client_id) or None,
        "properties": item.properties or None,
        "capabilities": lambda: capabilities(world, caller, item),
    }
    if item.drive_id:
        resource |= {"driveId": item.drive_id, "teamDriveId": item.drive_id}
    if item.owner:
        owner = {"kind": "drive#user", "emailAddress": item.owner, "displayName": item.owner.split("@")[0]}
        resource |= {"owners": [owner], "ownedByMe": item.owner == caller.email}
    return resource | _content(world, item)


def _content(world: World, item: Item) -> dict[str, object]:
    blob = item.blob
    if blob is None:
        return {}
    resource: dict[str, object] = {
        "size": str(blob.size_bytes),
        "quotaBytesUsed": str(blob.size_bytes),
        "originalFilename": item.name,
        "md5Checksum": lambda: blob.digest("md5"),
        "sha1Checksum": lambda: blob.digest("sha1"),
        "webContentLink": f"https://drive.google.com/uc?id={item.id}&export=download",
    }
    if not world.leaves_out_sha256:
        resource["sha256Checksum"] = lambda: blob.digest("sha256")
    return resource


def capabilities(world: World, caller: Caller, item: Item) -> dict[str, bool]:
    writes = caller.may_write
    role = rank(world.role(caller.email, item))
    return {
        "canAddChildren": writes and item.is_folder and role >= rank("writer"),
        "canListChildren": item.is_folder,
        **_of_children(item, role),
        "canDownload": not item.is_folder,
        "canEdit": writes and role >= rank("writer"),
        "canRename": writes and role >= rank("writer"),
        "canTrash": writes and may_trash(world, caller, item),
        "canDelete": writes and may_delete(world, caller, item),
    }


def _of_children(item: Item, role: int) -> dict[str, bool]:
    """Told of items in shared drives only."""
    needed = {"canTrashChildren": "fileOrganizer", "canDeleteChildren": "organizer"} if item.drive_id else {}
    return {name: item.is_folder and role >= rank(least) for name, least in needed.items()}


def may_trash(world: World, caller: Caller, item: Item) -> bool:
    """In a shared drive managers and content managers; elsewhere the owner. Nobody trashes a root."""
    needed = "fileOrganizer" if item.drive_id else "owner"
    return item.parent_id is not None and rank(world.role(caller.email, item)) >= rank(needed)


def may_delete(world: World, caller: Caller, item: Item) -> bool:
    """For ever: in a shared drive only managers; elsewhere the owner."""
    needed = "organizer" if item.drive_id else "owner"
    return item.parent_id is not None and rank(world.role(caller.email, item)) >= rank(needed)


def timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
