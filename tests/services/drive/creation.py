"""What a new file or a change must satisfy, checked before a byte is taken and again when the file is made."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.services.drive.model import FOLDER, Caller, Item, World, rank
from tests.services.drive.replies import Refused, file_not_found, invalid, refused

_WRITABLE_NAMES = """
    appProperties contentHints contentRestrictions copyRequiresWriterPermission createdTime description
    folderColorRgb id mimeType modifiedTime name originalFilename parents properties starred trashed viewedByMeTime
    writersCanShare kind
"""
_WRITABLE = frozenset(_WRITABLE_NAMES.split())
_MOST_PROPERTIES = 30
_PROPERTY_BYTES = 124
_LARGEST_FILE_BYTES = 5 * 2**40


@dataclass(frozen=True)
class Params:
    """The query of a call."""

    query: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        return self.query.get(name) or None

    def flag(self, name: str) -> bool:
        value = self.query.get(name, "false").lower()
        if value not in ("true", "false"):
            raise invalid(name, f"Invalid boolean value: '{value}'.")
        return value == "true"

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.query.get(name, str(default))
        if not re.fullmatch(r"\d+", value) or not least <= int(value) <= most:
            words = f"Invalid value '{value}'. Values must be within the range: [{least}, {most}]"
            raise refused(400, "invalidParameter", words, location=name)
        return int(value)

    @property
    def all_drives(self) -> bool:
        return self.flag("supportsAllDrives") or self.flag("supportsTeamDrives")


def parse_metadata(body: bytes) -> dict[str, Any]:
    try:
        metadata = json.loads(body or b"{}")
    except ValueError:
        raise refused(400, "parseError", "Parse Error") from None
    if not isinstance(metadata, dict):
        raise refused(400, "parseError", "Parse Error")
    if not_writable := set(metadata) - _WRITABLE:
        words = f"The resource body includes fields which are not directly writable. ({', '.join(not_writable)})"
        raise refused(403, "fieldNotWritable", words)
    for which in ("appProperties", "properties"):
        _check_properties(metadata.get(which) or {}, which)
    return metadata


def _check_properties(properties: object, which: str) -> None:
    if not isinstance(properties, dict) or len(properties) > _MOST_PROPERTIES:
        raise invalid(which, "The maximum number of properties has been exceeded.")
    for key, value in properties.items():
        if value is not None and (
            not isinstance(value, str) or len(key.encode()) + len(value.encode()) > _PROPERTY_BYTES
        ):
            raise invalid(which, "Property key and value are limited to 124 bytes in total.")


def find_item(world: World, caller: Caller, file_id: str, *, all_drives: bool) -> Item:
    """The item that the caller means and may see."""
    own_root = world.people[caller.email].root_id
    item = world.items.get(own_root if file_id == "root" else file_id)
    if item is None or not world.sees(caller, item) or (item.drive_id and not all_drives):
        raise file_not_found(file_id)
    return item


def find_parent(world: World, caller: Caller, metadata: dict[str, Any], *, all_drives: bool) -> Item:
    """The folder that a new file goes to; without one, the caller's own root."""
    parents = metadata.get("parents") or ["root"]
    if not isinstance(parents, list) or len(parents) != 1:
        raise invalid("parents", "A file can only have one parent folder.")
    own_root = world.people[caller.email].root_id
    if parents[0] in ("root", own_root):
        return world.items[own_root]
    parent = find_item(world, caller, str(parents[0]), all_drives=all_drives)
    if not parent.is_folder:
        raise refused(403, "parentNotAFolder", "The specified parent is not a folder.", location="parent")
    return parent


def check_create(world: World, caller: Caller, params: Params, metadata: dict[str, Any], size_bytes: int) -> Item:
    """Everything that can stand against making this file now; returns its parent."""
    check_id(world, metadata.get("id"))
    parent = find_parent(world, caller, metadata, all_drives=params.all_drives)
    if rank(world.role(caller.email, parent)) < rank("writer"):
        raise refused(403, "insufficientParentPermissions", "Insufficient permissions for the specified parent.")
    if parent.drive_id is None:
        is_folder = metadata.get("mimeType") == FOLDER
        check_quota(world, caller.email, size_bytes, is_folder=is_folder)
    return parent


def check_id(world: World, file_id: object) -> None:
    if file_id is None:
        return
    if file_id in world.used_ids:
        raise refused(
            409, "fileIdInUse", "A file already exists with the provided ID.", location="file.id", kind="other"
        )
    if not isinstance(file_id, str) or file_id not in world.issued_ids:
        raise refused(400, "invalid", "The provided file ID is not usable.", location="file.id", kind="other")


def check_quota(world: World, email: str, size_bytes: int, *, is_folder: bool = False) -> None:
    """Whether somebody may own so many bytes more."""
    owner = world.people[email]
    if owner.is_service_account and not (is_folder and world.service_accounts_own_folders):
        words = (
            "Service Accounts do not have storage quota. Leverage shared drives "
            "(https://developers.google.com/workspace/drive/api/guides/about-shareddrives), or use OAuth delegation "
            "(http://support.google.com/a/answer/7281227) instead."
        )
        raise refused(403, "storageQuotaExceeded", words)
    if size_bytes > _LARGEST_FILE_BYTES:
        raise refused(413, "uploadTooLarge", "The upload is too large.")
    if owner.quota_bytes is not None and world.usage_bytes(email) + size_bytes > owner.quota_bytes:
        raise quota_exceeded()


def quota_exceeded() -> Refused:
    return refused(403, "storageQuotaExceeded", "The user's Drive storage quota has been exceeded.")


def insufficient_permissions() -> Refused:
    words = "The user does not have sufficient permissions for this file."
    return refused(403, "insufficientFilePermissions", words)
